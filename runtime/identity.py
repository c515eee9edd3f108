"""What the code that matgrad makes depends on, besides the text that it is made from.

Enters: nothing.  Leaves: `plans` and `code`, texts to be put into names of entries in the store.  Always holds: they
differ where another version of matgrad, of the packages that make code, of Python, or another CPU might give another
plan, or other code.  Not for: the store.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_HERE = Path(__file__).parent
_PLANNING = ("grammar", "compiler", "runtime")  # the folders whose files shape a plan
_SHAPING = (  # the files of this folder that shape the code of a given kernel text
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
    "tiles",
    "words",
)


@cache
def plans() -> str:
    """For what leads from a text to a kernel: all files of the package, and the versions of everything else."""
    files = sorted(found for name in _PLANNING for found in _below(_HERE.parent / name))
    return _digest([str(_HERE), files, _versions()])


@cache
def code() -> str:
    """For the object code of a kernel's text or of a routine: the files that shape it, versions, and the CPU."""
    import llvmlite.binding as llvm

    # These files of the package stand for its version: in a checkout they change without it.
    files = [(path.name, *_state(path)) for path in shaping()]
    cpu = llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    return _digest([files, _versions(), cpu])


def shaping() -> list[Path]:
    """The files that shape the code of a given kernel text."""
    kernel = _HERE.parent / "compiler" / "kernel"
    folders = _HERE / "library", kernel / "routines"
    files = [path for folder in folders for path in sorted(folder.glob("*.py"))]
    return [*(_HERE / f"{name}.py" for name in _SHAPING), kernel / "scalars.py", *files]


def _below(folder: Path | str) -> Iterator[tuple[str, int, int]]:
    """Path, length and time of the files that are read when a plan is made."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith((".py", ".rules", ".lark")):
                status = entry.stat()
                yield entry.path, status.st_size, status.st_mtime_ns
            elif entry.name != "__pycache__" and entry.is_dir():
                yield from _below(entry.path)


def _state(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


@cache
def _versions() -> list[str]:
    import numpy

    # What `importlib.metadata` says takes 12 ms to find out; these files contain the versions.
    found = [sys.version, sys.platform, numpy.__version__]
    for package, name in (("numba", "_version.py"), ("llvmlite", "_version.py"), ("scipy", "version.py")):
        spec = importlib.util.find_spec(package)
        for folder in (spec and spec.submodule_search_locations) or ():
            found += [folder, (Path(folder) / name).read_text(encoding="utf-8")]
    return found


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()
