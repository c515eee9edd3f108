"""The generated pages by their names.

Enters: nothing.  Leaves: for each page a function that writes its Markdown.  Always holds: a page says what the sources
say now.  Not for: pages that somebody wrote.
"""

from __future__ import annotations

from collections.abc import Callable

from . import functions, gallery, grammar, rules

GENERATED: dict[str, Callable[[], str]] = {
    "functions": functions.page,
    "gallery": gallery.page,
    "grammar": grammar.page,
    "rules": rules.page,
}
