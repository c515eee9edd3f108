"""How much is kept on disk, and removing it.

Enters: nothing.  Leaves: counts.  Always holds: only files that `store.py` made are touched; files that other processes
remove meanwhile are no errors.  Not for: finding entries (`store.py`).
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from . import store


class Kept(NamedTuple):
    """The folder (None where nothing can be kept), how many files of how many bytes are in it, and the most there may
    be."""

    folder: Path | None
    files: int
    size: int
    largest: int


def kept() -> Kept:
    """What is kept now."""
    return _each(remove=False)


def clear() -> Kept:
    """Removes it, and says what was removed; running processes go on with the code that they have loaded."""
    return _each(remove=True)


def _each(remove: bool) -> Kept:
    files = size = 0
    with store.place() as place:
        if place is None:
            return Kept(None, 0, 0, store.largest())
        for file in place.files():
            if remove:
                try:
                    place.unlink(file.name)
                except OSError:
                    continue
            files, size = files + 1, size + file.length
        return Kept(place.path, files, size, store.largest())
