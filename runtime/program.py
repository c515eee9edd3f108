"""Texts of the language, read: the functions of a file or of a text.

Enters: files and texts.  Leaves: `Program` and `Function`s.  Always holds: a text that was read before, by any process,
is not parsed again.  Not for: what a function can do (`function.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..grammar import errors
from ..grammar.source import Source, read_source, text_source
from .function import Function
from .written import Text


class Program:
    """The functions of a `.mg` file: `prog.ridge`, `prog["ridge"]`, or iterate over them."""

    def __init__(self, source: Source) -> None:
        text = Text(source, "program")
        self._source = source
        self._functions = {name: Function.of(w) for name, w in text.functions.items() if name is not None}
        text.keep()

    def __getitem__(self, name: str) -> Function:
        if name not in self._functions:
            close = errors.suggest(name, self._functions)
            raise errors.ArgumentError(
                f"there is no function {name}",
                found=f"the functions are {', '.join(self._functions)}",
                hint=f"did you mean {close}?" if close else "",
            )
        return self._functions[name]

    def __getattr__(self, name: str) -> Function:
        if name.startswith("_") or name not in self._functions:
            raise AttributeError(f"there is no function {name}")
        return self._functions[name]

    def __iter__(self) -> Iterator[Function]:
        return iter(self._functions.values())

    def __contains__(self, name: object) -> bool:
        return name in self._functions or any(f is name for f in self)

    def __reduce__(self) -> tuple[Any, ...]:
        return Program, (self._source,)

    def __repr__(self) -> str:
        return f"<matgrad program of {', '.join(self._functions) or 'no functions'}>"

    def __len__(self) -> int:
        return len(self._functions)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._functions]

    def __str__(self) -> str:
        return "\n\n".join(str(f) for f in self)


def load(path: Any) -> Program:
    """The functions of a `.mg` file.  Raises `mg.FileError` (also an OSError) for a file that cannot be read."""
    return Program(read_source(path))


def loads(text: str) -> Program:
    """The functions of a text in the language."""
    return Program(text_source(text))


def function(text: str) -> Function:
    """The function that a text defines: one `fn`, or a bare expression, whose parameters are its free names in the
    order of first appearance."""
    return function_of(text_source(text))


def function_of(source: Source) -> Function:
    """The function that a source defines, as `function` does."""
    text = Text(source, "expression")
    (written,) = text.functions.values()
    made = Function.of(written)
    text.keep()
    return made
