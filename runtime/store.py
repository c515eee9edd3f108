"""Object code kept on disk, so that each kernel is compiled once per computer.

Enters: the text that something was compiled from, and the object code.  Leaves: the object code, in this and in
later processes.  Always holds: an entry is found only for the same text, the same versions of everything that shaped
the code, and the same CPU; entries appear whole or not at all, whatever other processes do; what is damaged counts as
missing; code is read only from a folder that nobody else can write to.  Not for: errors: where nothing can be kept
(a read-only home, a full disk), everything is compiled anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

_MAGIC = b"matgrad kernel 1\n"
_SHAPING = (
    "arithmetic",
    "blas",
    "elementary",
    "entry_code",
    "entry_words",
    "expressions",
    "fortran",
    "intrinsics",
    "lowering",
    "native",
    "sections",
    "special",
    "words",
)


class Entry(NamedTuple):
    """An object file, and the names of what it needs from elsewhere."""

    code: bytes
    needed: tuple[str, ...]


def get(text: str) -> Entry | None:
    """What was kept for a text, or None."""
    folder = _folder()
    if folder is None:
        return None
    path = folder / _name(text)
    try:
        content = path.read_bytes()
    except OSError:
        return None
    entry = _decode(content)
    if entry is None:
        with contextlib.suppress(OSError):
            path.unlink()
    return entry


def put(text: str, entry: Entry) -> None:
    """Keeps the code for a text."""
    folder = _folder()
    if folder is None:
        return
    # A file is complete before it gets its name.
    with contextlib.suppress(OSError):
        descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=".new-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(_encode(entry))
            os.replace(temporary, folder / _name(text))
        except OSError:
            os.unlink(temporary)
            raise


def _encode(entry: Entry) -> bytes:
    needed = json.dumps(entry.needed).encode()
    content = len(needed).to_bytes(8, "little") + needed + entry.code
    return _MAGIC + hashlib.sha256(content).digest() + content


def _decode(data: bytes) -> Entry | None:
    start = len(_MAGIC)
    digest, content = data[start : start + 32], data[start + 32 :]
    if data[:start] != _MAGIC or hashlib.sha256(content).digest() != digest:
        return None
    length = int.from_bytes(content[:8], "little")
    return Entry(content[8 + length :], tuple(json.loads(content[8 : 8 + length])))


def _name(text: str) -> str:
    return hashlib.sha256(f"{_stamp()}\n{text}".encode()).hexdigest() + ".kernel"


@cache
def _stamp() -> str:
    """Everything besides the text that the code depends on."""
    from importlib.metadata import version

    import llvmlite.binding as llvm
    import numpy

    here = Path(__file__).parent
    # These files of the package stand for its version: in a checkout they change without it.
    paths = [here / f"{name}.py" for name in _SHAPING] + sorted(here.glob("library/*.py"))
    files = [(path.name, status.st_size, status.st_mtime_ns) for path in paths if (status := path.stat())]
    versions = {name: version(name) for name in ("numba", "llvmlite", "scipy")}
    versions |= {"numpy": numpy.__version__, "python": sys.version, "platform": platform.platform()}
    return json.dumps([files, versions, llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()])


@cache
def _folder() -> Path | None:
    """The folder of the entries: the user's cache, else one below the folder for temporary files, else none."""
    from platformdirs import user_cache_path

    user = getattr(os, "getuid", lambda: os.environ.get("USERNAME", "user"))()
    for folder in (user_cache_path("matgrad") / "kernels", Path(tempfile.gettempdir()) / f"matgrad-{user}"):
        if folder.is_absolute() and _is_private(folder):
            return folder
    return None


def _is_private(folder: Path) -> bool:
    """Whether the folder can be used and nobody else can put code into it (made if it is missing)."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.lstat()
    except OSError:
        return False
    if hasattr(os, "getuid") and (status.st_uid != os.getuid() or status.st_mode & 0o022):
        return False
    return os.access(folder, os.R_OK | os.W_OK | os.X_OK) and not folder.is_symlink()
