"""Pieces of Markdown for generated pages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def code(text: str) -> str:
    """The text as code in a line; also in a table, where a bar would end the cell."""
    fence = "``" if "`" in text else "`"
    return f"{fence}{text}{fence}".replace("|", r"\|") if text else ""


def declared(text: str) -> str:
    """Types as code, of which none is broken in the middle."""
    return code(re.sub(r"(?<=:) |(?<=[\w,]) (?=[^ ]*\])", "\N{NO-BREAK SPACE}", text))


def block(text: str, language: str) -> str:
    """The text as a block of code."""
    return f"```{language}\n{text.rstrip()}\n```\n"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; a column whose title ends in `>` is aligned to the right."""
    titles = [title.removesuffix(">") for title in columns]
    lines = [titles, ["---:" if title.endswith(">") else "---" for title in columns], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def folded(summary: str, text: str) -> str:
    """Text that opens by a click."""
    return f"<details><summary>{summary}</summary>\n\n{text.strip()}\n\n</details>\n"
