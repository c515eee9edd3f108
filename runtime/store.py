"""What is kept on disk: object code, and plans that lead to it, so that each is made once per computer.

Enters: names of entries and their bytes.  Leaves: the bytes, in this and in later processes.  Always holds: an entry is
found only under the name that it was put under, and whole; entries appear whole or not at all, whatever other processes
do; what is damaged counts as missing and is removed; entries are read only if they, and the folder, belong to this user
and nobody else can write to them; the folder stays below a size, what was not used for the longest time goes first.
Not for: errors: where nothing can be kept (a read-only home, a full disk), everything is made anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

LARGEST = 256_000_000  # bytes, unless MATGRAD_CACHE_SIZE says otherwise
SUFFIX = ".entry"
NEW = ".new-"  # how names of files begin that are being written
_MAGIC = b"matgrad 2\n"
_ABANDONED = 3600.0  # seconds after which nobody writes to such a file any more
_FRESH = 86_400.0  # seconds for which the time of the last use is exact enough
_BLOCK = 4096  # bytes: files take whole blocks of a disk, which counts where entries are small and many
_UNCHECKED = 64  # entries that a process adds, at least, before it looks again what others have added
_LEAN = 0.8  # the part of the size that is left after entries were removed

_POSIX = os.name == "posix"
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_FOLDER = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_DIRECTORY", 0)
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def get(name: str) -> bytes | None:
    """What was put under a name, or None."""
    for folder in _folders():
        with _opened(folder) as place:
            if place is None:
                continue
            content = _read(place, file_name(name))
            if content is None:
                return None
            found = _decode(name, content)
            if found is None:
                with contextlib.suppress(OSError):
                    place.unlink(file_name(name))
            return found
    return None


def put(name: str, content: bytes) -> None:
    """Keeps bytes under a name."""
    limit = largest()
    data = _MAGIC + _digest(name, content) + content
    if _on_disk(len(data)) > limit:
        return
    for folder in _folders():
        with _opened(folder) as place:
            if place is not None:
                with contextlib.suppress(OSError):
                    _write(place, file_name(name), data)
                    _room.shrink(place, _on_disk(len(data)), limit)
                return


def largest() -> int:
    """The size below which the folder is kept: `MATGRAD_CACHE_SIZE` (bytes, or with k, M, G), 0 for no entries."""
    text = os.environ.get("MATGRAD_CACHE_SIZE", "").strip()
    found = re.fullmatch(r"(\d+)\s*([kKmMgG]?)[bB]?", text)
    return int(found[1]) * {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}[found[2].lower()] if found else LARGEST


def file_name(name: str) -> str:
    """The file of an entry, in the folder."""
    return hashlib.sha256(name.encode()).hexdigest()[:40] + SUFFIX


def folder() -> Path | None:
    """The folder that is in use, or None."""
    for candidate in _folders():
        with _opened(candidate) as place:
            if place is not None:
                return candidate
    return None


class File(NamedTuple):
    """A file of the store: when it was last used, its length on the disk, its name."""

    used: float
    length: int
    name: str


class Place:
    """An open folder, so that what was checked is what is used, even if somebody puts another one in its place."""

    def __init__(self, path: Path, descriptor: int | None) -> None:
        self.path, self.descriptor = path, descriptor

    def at(self, name: str) -> str:
        """The path for functions that get `dir_fd`."""
        return name if self.descriptor is not None else str(self.path / name)

    def unlink(self, name: str) -> None:
        """Removes a file.  Raises OSError."""
        os.unlink(self.at(name), dir_fd=self.descriptor)

    def files(self) -> list[File]:
        """The files of the store in the folder.  Raises OSError."""
        found = []
        with os.scandir(self.descriptor if self.descriptor is not None else self.path) as entries:
            for entry in entries:
                # The endings of earlier versions count too: nobody else would remove them.
                if entry.name.endswith((SUFFIX, ".kernel")) or entry.name.startswith(NEW):
                    with contextlib.suppress(OSError):  # gone meanwhile
                        status = entry.stat(follow_symlinks=False)
                        found.append(File(status.st_mtime, _on_disk(status.st_size), entry.name))
        return found


@contextlib.contextmanager
def place() -> Iterator[Place | None]:
    """The folder that is in use, open; None if there is none."""
    found = folder()
    if found is None:
        yield None
        return
    with _opened(found) as opened:
        yield opened


def _folders() -> Iterator[Path]:
    """Where entries may be, best first: the user's cache, a folder below the one for temporary files."""
    from platformdirs import user_cache_path

    if not largest():
        return
    path = user_cache_path("matgrad") / "kernels"
    if path.is_absolute():
        yield path
    import tempfile  # takes longer than all of the rest

    with contextlib.suppress(OSError):
        user = getattr(os, "getuid", lambda: os.environ.get("USERNAME", "user"))()
        yield Path(tempfile.gettempdir()) / f"matgrad-{user}"


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Place | None]:
    """The folder, made if it is missing, if it can be used and nobody else can put files into it."""
    descriptor = None
    try:
        if _POSIX:
            try:
                descriptor = os.open(path, _FOLDER)
            except FileNotFoundError:
                _make(path)
                descriptor = os.open(path, _FOLDER)
        else:
            _make(path)
        status = os.stat(descriptor) if descriptor is not None else path.lstat()
        usable = stat.S_ISDIR(status.st_mode) and _is_ours(status) and os.access(path, os.R_OK | os.W_OK | os.X_OK)
    except OSError:
        usable = False
    try:
        yield Place(path, descriptor) if usable else None
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.mkdir(mode=0o700, exist_ok=True)


def _is_ours(status: os.stat_result) -> bool:
    """Whether a file or folder belongs to this user, and nobody else can write to it."""
    return not _POSIX or (status.st_uid == os.geteuid() and not status.st_mode & 0o022)


def _read(place: Place, name: str) -> bytes | None:
    """The content of a file, if it is one of ours.  Notes that it was used."""
    try:
        descriptor = os.open(place.at(name), _READ, dir_fd=place.descriptor)
    except OSError:
        return None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or not _is_ours(status):
            return None
        content = b""
        while block := os.read(descriptor, status.st_size + 1 - len(content) or 1):
            content += block
        now = time.time()
        if _POSIX and abs(now - status.st_mtime) > _FRESH:
            os.utime(descriptor, (now, now))
        return content
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _write(place: Place, name: str, data: bytes) -> None:
    """Writes a file, which is complete before it gets its name.  Raises OSError."""
    temporary = NEW + os.urandom(8).hex()
    descriptor = os.open(place.at(temporary), _WRITE, 0o600, dir_fd=place.descriptor)
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
        os.replace(place.at(temporary), place.at(name), src_dir_fd=place.descriptor, dst_dir_fd=place.descriptor)
    except OSError:
        with contextlib.suppress(OSError):
            place.unlink(temporary)
        raise


def _digest(name: str, content: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\0" + content).digest()


def _decode(name: str, data: bytes) -> bytes | None:
    start = len(_MAGIC)
    digest, content = data[start : start + 32], data[start + 32 :]
    return content if data[:start] == _MAGIC and digest == _digest(name, content) else None


def _on_disk(length: int) -> int:
    return -(-length // _BLOCK) * _BLOCK


class _Room:
    """Keeps the folder below its size."""

    def __init__(self) -> None:
        self.size = 0  # when last looked at, and what this process has added since
        self.unchecked = 0  # entries that may be added before the folder is looked at again

    def shrink(self, place: Place, added: int, limit: int) -> None:
        """Called after so many bytes were added; removes what was not used for the longest time.  Raises OSError."""
        self.size += added
        self.unchecked -= 1
        if self.size <= limit and self.unchecked >= 0:
            return
        now, kept = time.time(), []
        for file in place.files():
            if file.name.startswith(NEW) and now - file.used > _ABANDONED:
                with contextlib.suppress(OSError):
                    place.unlink(file.name)
            else:
                kept.append(file)
        # To look at a folder of many entries takes long, so it is done the less often.
        self.unchecked, self.size = max(_UNCHECKED, len(kept) // 16), sum(file.length for file in kept)
        if self.size > limit:
            for file in sorted(kept):
                if self.size <= _LEAN * limit:
                    break
                if not file.name.startswith(NEW):
                    with contextlib.suppress(OSError):
                        place.unlink(file.name)
                self.size -= file.length


_room = _Room()
