"""The generated pages by their names.

Enters: the folder for pictures.  Leaves: for each page a function that writes its Markdown.  Always holds: a page says
what the sources say now.  Not for: pages that somebody wrote.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from . import functions, gallery, grammar, rules

GENERATED: dict[str, Callable[[Path], str]] = {
    "functions": functions.page,
    "gallery": gallery.page,
    "grammar": grammar.page,
    "rules": rules.page,
}
