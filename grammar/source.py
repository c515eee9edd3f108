"""Source texts: where the characters come from, and where in it an offset stands.

Enters: a file name or a string.  Leaves: `Source`, the value every span refers to.  Always holds: the text has no byte
order mark, and offsets, lines and columns count characters; a line ends at LF, CR LF or CR.  Not for: the meaning of
the text.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from .errors import FileError, TypeError  # noqa: A004

_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class Source:
    """A named text: `name` is the path of a file, or `<string>`."""

    name: str
    text: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", self.text.removeprefix("\ufeff"))

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of a character offset, both counted from 1."""
        start, _ = self.line_span(offset)
        return 1 + sum(1 for _ in _LINE_END.finditer(self.text, 0, start)), offset - start + 1

    def line_span(self, offset: int) -> tuple[int, int]:
        """Start and end (without its line end) of the line that contains a character offset."""
        start = max(self.text.rfind("\n", 0, offset), self.text.rfind("\r", 0, offset)) + 1
        end = _LINE_END.search(self.text, start)
        return start, end.start() if end else len(self.text)


def text_source(text: str) -> Source:
    """A source for a text that comes from no file.  Raises mg.TypeError for what is no text."""
    if not isinstance(text, str):
        raise TypeError(
            "a text in the language is needed",
            found=f"it is given {type(text).__name__}",
            hint="mg.load reads a file" if isinstance(text, os.PathLike) else "",
        )
    return Source("<string>", text)


def read_source(path: str | os.PathLike[str]) -> Source:
    """Read a UTF-8 file.

    Raises:
        TypeError: this is no path (mg.TypeError).
        FileError: the file is missing, unreadable, or not UTF-8 text.
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError("the path of a file is needed", found=f"it is given {type(path).__name__}")
    name = os.fspath(path)
    try:
        data = Path(name).read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise FileError(f"cannot read {name}: {reason}") from error
    try:
        return Source(name, data.decode("utf-8"))
    except UnicodeDecodeError as error:
        found = f"byte {error.start + 1} of the file is 0x{data[error.start]:02x}"
        raise FileError(f"{name} is not UTF-8 text", found=found, hint="save the file as UTF-8") from error
