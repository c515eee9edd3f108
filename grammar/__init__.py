"""The language of matgrad: texts in, syntax trees or errors out.

Enters: `Source` values.  Leaves: the nodes of `syntax.py`, by `parse_program`, `parse_expression` and `parse_rules`.
Always holds: nothing here knows shapes, types or built-in functions.  Not for: meaning, which is the compiler's.
"""

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
from .parse import parse_expression, parse_program, parse_rules
from .source import Source, read_source, text_source
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
