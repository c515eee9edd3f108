"""What is made from files of the package, and kept where Python keeps its bytecode: the parser's tables, parsed rules.

Enters: a name.  Leaves: the file for it, for this version of Python.  Always holds: it lies in a folder into which only
those can write who can write code that Python would run (the files are pickles): beside the bytecode, else in the
user's cache.  Not for: kernels (`runtime/store.py`).
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def file(name: str) -> Path | None:
    """The file that is kept under a name; None where there is no folder for it."""
    tag = sys.implementation.cache_tag
    if tag is not None and not sys.dont_write_bytecode:
        folder = Path(importlib.util.cache_from_source(__file__)).parent
        if os.access(folder, os.R_OK | os.W_OK | os.X_OK) or (folder / f"{name}.{tag}").exists():
            return folder / f"{name}.{tag}"
    users = _users()
    return users / f"{name}.{tag}" if users is not None else None


def made(name: str, sources: bytes, make: Callable[[], Any]) -> Any:
    """What `make` returns, kept for as long as its sources stay as they are."""
    digest = hashlib.sha256(sources).digest()
    place = file(name)
    if place is not None:
        with contextlib.suppress(Exception):  # missing, of an earlier version, or damaged: made anew
            content = place.read_bytes()
            if content[: len(digest)] == digest:
                return pickle.loads(content[len(digest) :])
    result = make()
    if place is not None:
        temporary = place.with_name(f"{place.name}.{os.getpid()}")
        with contextlib.suppress(OSError):  # a full disk, a folder that cannot be written to
            try:
                temporary.write_bytes(digest + pickle.dumps(result, 5))
                temporary.replace(place)
            finally:
                temporary.unlink(missing_ok=True)
    return result


def _users() -> Path | None:
    """The user's cache, if nobody else can write to it."""
    from platformdirs import user_cache_path

    folder = user_cache_path("matgrad")
    if not folder.is_absolute():
        return None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
    except OSError:
        return None
    if hasattr(os, "getuid") and (status.st_uid != os.getuid() or status.st_mode & 0o022):
        return None
    return folder
