"""Colours of terminal sessions.

Enters: text with commands behind `$ `.  Leaves: tokens.  Not for: `.mg` files (`matgrad/highlight.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pygments.lexer import Lexer
from pygments.lexers.shell import BashLexer
from pygments.token import Generic


class ConsoleLexer(Lexer):  # type: ignore[misc]  # Pygments has no types
    """Terminal sessions: Pygments' own takes a line that begins with a bracket for a prompt."""

    name = "console"

    def get_tokens_unprocessed(self, text: str) -> Iterator[tuple[int, Any, str]]:
        """Offset, token and characters."""
        offset = 0
        for line in text.splitlines(keepends=True):
            if line.startswith("$ "):
                yield offset, Generic.Prompt, "$ "
                for at, token, characters in BashLexer().get_tokens_unprocessed(line[2:]):
                    yield offset + 2 + at, token, characters
            else:
                yield offset, Generic.Output, line
            offset += len(line)
