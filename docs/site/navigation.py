"""The first page of the site, and its menu.

Enters: README.md and docs/README.md, whose sections and links are the menu.  Leaves: the page `index`.  Always holds:
the menu of the site and the list on a code host are the same text.  Not for: what stands on the pages.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from . import links

SECTION = re.compile(r"^## (.+)$", re.MULTILINE)


def front() -> str:
    """README.md, which is the first page."""
    return links.FRONT.read_text(encoding="utf-8")


def menu() -> dict[str, list[str]]:
    """The names of the pages by section."""
    text = links.for_site(links.NAVIGATION.read_text(encoding="utf-8"), links.NAVIGATION, set())
    _, *parts = SECTION.split(text)
    found = {}
    for title, part in zip(parts[::2], parts[1::2], strict=True):
        found[title] = [PurePosixPath(target).stem for _, target in links.links(part) if not links.is_external(target)]
    return found


def index(front: str) -> str:
    """The first page: the text, and the menu, which is shown beside every page."""
    trees = [
        "\n".join(["```{toctree}", ":hidden:", f":caption: {title}", "", *names, "```"])
        for title, names in menu().items()
    ]
    return "\n\n".join([front, *trees]) + "\n"
