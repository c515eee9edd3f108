"""What to tell about a token that cannot stand where it does.

Enters: lark's `UnexpectedToken`.  Leaves: a `SyntaxError` in the words of the language.  Not for: errors that the lexer
or the tree builder find.
"""

from __future__ import annotations

from lark import UnexpectedToken

from .errors import SyntaxError
from .lexer import span_of
from .source import Source


def diagnose(source: Source, start: str, unexpected: UnexpectedToken) -> SyntaxError:
    """The error for an unexpected token of a text read as the rule `start`."""
    token = unexpected.token
    return SyntaxError(f"unexpected `{token}`" if token else "unexpected end of the text", span=span_of(token))
