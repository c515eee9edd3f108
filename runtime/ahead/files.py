"""Files that appear whole or not at all.

Enters: names and contents.  Leaves: files in a folder.  Always holds: nothing in the folder changes before all
contents are complete; each file then gets its name in one step; nothing temporary stays.  Not for: what is in the
files.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...grammar import errors


@contextmanager
def workplace(folder: Path) -> Iterator[Path]:
    """A new folder inside `folder` (made if it is missing), which is removed again.  Raises mg.FileError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=folder, prefix=".matgrad-"))
    except OSError as error:
        raise errors.FileError(f"cannot write to {folder}", found=error.strerror or str(error)) from None
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def publish(place: Path, folder: Path, names: list[str]) -> list[Path]:
    """Moves complete files (by their names relative to both folders) to where they belong.  Raises mg.FileError."""
    try:
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            os.chmod(place / name, 0o755 if name.endswith(".so") else 0o644)
        for name in names:
            os.replace(place / name, folder / name)
    except OSError as error:
        raise errors.FileError(f"cannot write to {folder}", found=error.strerror or str(error)) from None
    return [folder / name for name in names]


def write_texts(place: Path, texts: dict[str, str]) -> None:
    """Writes texts by their names.  Raises mg.FileError."""
    for name, text in texts.items():
        write_bytes(place / name, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Writes a file, and the folder that it is in.  Raises mg.FileError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise errors.FileError(f"cannot write to {path.parent.parent}", found=error.strerror or str(error)) from None
