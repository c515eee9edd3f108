"""The language of matgrad: texts in, syntax trees or errors out.

Enters: `Source` values.  Leaves: the nodes of `syntax.py`, by `parse_program`, `parse_expression` and `parse_rules`.
Always holds: nothing here knows shapes, types or built-in functions; the parser and the syntax tree are imported when
one of their names is first used.  Not for: meaning, which is the compiler's.
"""

import importlib
from typing import TYPE_CHECKING, Any

from .errors import (
    ArgumentError,
    DomainError,
    Error,
    FileError,
    NameError,  # noqa: A004
    ShapeError,
    SyntaxError,  # noqa: A004
    TypeError,  # noqa: A004
    suggest,
)
from .source import Source, read_source, text_source

if TYPE_CHECKING:
    from .parse import parse_expression, parse_program, parse_rules
    from .syntax import Span

__all__ = [
    "ArgumentError",
    "DomainError",
    "Error",
    "FileError",
    "NameError",
    "ShapeError",
    "Source",
    "Span",
    "SyntaxError",
    "TypeError",
    "parse_expression",
    "parse_program",
    "parse_rules",
    "read_source",
    "suggest",
    "text_source",
]

_MODULES = dict.fromkeys(["parse_expression", "parse_program", "parse_rules"], ".parse") | {"Span": ".syntax"}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_MODULES[name], __name__), name)
    globals()[name] = value
    return value
