"""The documents of the repository, and their fenced blocks.

Enters: the Markdown files, read when this is imported.  Leaves: `DOCUMENTS`, `blocks`, and what headings are linked by.
Not for: the site that is made of them (test_site.py).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from .source_tree import ROOT

DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "editors/README.md", "examples/data/README.md")),
    ROOT / "examples" / "package" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)


class Block(NamedTuple):
    """A fenced block: its document, the line of its first line of text, its language, its text."""

    path: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}"


def read(path: Path) -> list[Block]:
    """The blocks of a document."""
    text = path.read_text(encoding="utf-8")
    return [Block(path, text[: m.start(2)].count("\n") + 1, m[1], m[2]) for m in FENCE.finditer(text)]


BLOCKS = [block for path in DOCUMENTS for block in read(path)]


def blocks(*languages: str) -> list[Block]:
    """The blocks of these languages in all documents."""
    return [block for block in BLOCKS if block.language in languages]


def anchors(path: Path) -> set[str]:
    """What the headings of a document are linked by, as code hosts and the site make it."""
    text = FENCE.sub("", path.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(text)}
