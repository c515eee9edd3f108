"""How much object code is kept on disk, and removing it.

Enters: nothing.  Leaves: counts.  Always holds: only files that `store.py` made are touched; files that other processes
remove meanwhile are no errors.  Not for: finding entries (`store.py`).
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from . import store


class Kept(NamedTuple):
    """The folder (None where nothing can be kept), and how many files of how many bytes are in it."""

    folder: Path | None
    files: int
    size: int


def kept() -> Kept:
    """What is kept now."""
    return _each(remove=False)


def clear() -> Kept:
    """Removes it, and says what was removed; running processes go on with the code that they have loaded."""
    return _each(remove=True)


def _each(remove: bool) -> Kept:
    folder = store._folder()
    files = size = 0
    if folder is not None:
        for path in [*folder.glob("*.kernel"), *folder.glob(".new-*")]:
            try:
                length = path.stat().st_size
                if remove:
                    path.unlink()
            except OSError:
                continue
            files, size = files + 1, size + length
    return Kept(folder, files, size)
