"""Errors as values: what is wrong, where, what was found, what would fit, and a hint.

Enters: the parts of a message.  Leaves: `Error` and its subclasses, which every part of matgrad raises and which users
catch as `mg.Error`.  Always holds: messages are laid out here and nowhere else.  Not for: deciding what is wrong.

Some classes bear the name of a builtin on purpose: users write `mg.SyntaxError`.  Inside the package they are written
with their module, `errors.SyntaxError`, so that no builtin is hidden.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .source import Source
    from .syntax import Span

_WIDTH = 100  # columns of a source line that are shown


class Error(Exception):
    """Base of all errors of matgrad.

    Args:
        title: what is wrong, in one line, without a full stop.
        source, span: where it stands in a text; None for errors of a call.
        found: what stands there (one or several lines).
        needed: what would fit there.
        hint: what to write instead.
    """

    def __init__(
        self,
        title: str,
        *,
        source: Source | None = None,
        span: Span | None = None,
        found: str = "",
        needed: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(title)
        self.title = title
        self.source = source
        self.span = span
        self.found = found
        self.needed = needed
        self.hint = hint

    @property
    def line(self) -> int | None:
        """Line of the place, counted from 1; None for an error without a place."""
        return self.source.position(self.span.start)[0] if self.source and self.span else None

    @property
    def column(self) -> int | None:
        """Column of the place in characters, counted from 1; None for an error without a place."""
        return self.source.position(self.span.start)[1] if self.source and self.span else None

    def __str__(self) -> str:
        lines = []
        if self.source and self.span:
            lines.append(f"{_printable(self.source.name)}:{self.line}:{self.column}: error: {self.title}")
            lines.extend(_excerpt(self.source, self.span))
        else:
            lines.append(f"error: {self.title}")
        for label, note in (("", self.found), ("needed: ", self.needed), ("hint: ", self.hint)):
            lines.extend(f"  {label}{line}" for line in note.splitlines())
        return "\n".join(lines)

    def _render_traceback_(self) -> list[str]:
        """What notebooks show: where the user's code called, and the error; not what matgrad called from there on."""
        import sysconfig
        import traceback
        from pathlib import Path

        root = Path(__file__).resolve().parents[1]
        others = [root / layer for layer in ("grammar", "compiler", "runtime", "matgrad")]
        others += [Path(sysconfig.get_path(kind)) for kind in ("stdlib", "platlib", "purelib")]
        places = [(Path(frame.filename), frame) for frame in traceback.extract_tb(self.__traceback__)]
        users = [frame for path, frame in places if not any(folder in path.parents for folder in others)]
        calls = "".join(traceback.format_list(users)).splitlines()
        return [*calls, f"{type(self).__name__}: {self}"]


class SyntaxError(Error):  # noqa: A001
    """The text is not in the language."""


class NameError(Error):  # noqa: A001
    """A name that is not bound, is bound twice, or is reserved."""


class ShapeError(Error):
    """Shapes that do not fit, or cannot be found out."""


class TypeError(Error, builtins.TypeError):  # noqa: A001
    """A value of a kind that has no meaning here."""


class ArgumentError(Error):
    """A call with too few, too many, or unknown arguments."""


class DomainError(Error):
    """A value outside of what an operation is defined for."""


class FileError(Error, OSError):
    """A file that is missing or cannot be read."""


def suggest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate whose spelling is closest to `name`, or None if none is close."""
    import difflib  # here and below: most processes raise no errors

    known = sorted(set(candidates))
    folded = {candidate.casefold(): candidate for candidate in reversed(known)}
    if name.casefold() in folded:
        return folded[name.casefold()]
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.66)
    return close[0] if close else None


def _excerpt(source: Source, span: Span) -> list[str]:
    """The line where the span starts, without its indentation, and carets under the part of it that is meant."""
    start, end = source.line_span(span.start)
    left = span.start
    right = max(min(span.end, end), left + 1)
    indent = len(source.text[start:end]) - len(source.text[start:end].lstrip(" \t"))
    first = start = min(start + indent, left)
    last = end
    if end - start > _WIDTH:
        first = max(start, min(left - _WIDTH // 3, end - _WIDTH))
        last = min(end, first + _WIDTH)
    text = source.text[first:last]
    before = source.text[first : min(left, last)]
    marked = source.text[left : min(right, last)]
    head, tail = "…" if first > start else "", "…" if last < end else ""
    pad = " " * len(head) + "".join("\t" if char == "\t" else " " * _columns(char) for char in before)
    pad += " " * max(left - end, 0)
    carets = "^" * max(sum(_columns(char) for char in marked), 1)
    if not text.strip():
        return []
    return [f"    {head}{_printable(text)}{tail}".rstrip(), f"    {pad}{carets}"]


def _columns(char: str) -> int:
    """The width of a character in a terminal."""
    import unicodedata

    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _printable(text: str) -> str:
    """The text with a box in place of each control character, which would garble a terminal."""
    return "".join(char if char.isprintable() or char in " \t" else "\N{REPLACEMENT CHARACTER}" for char in text)
