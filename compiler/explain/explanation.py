"""A derivation that writes itself: as text, Markdown, LaTeX and HTML, and in notebooks.

Enters: a derivation and a format.  Leaves: texts.  Not for: colours (the command line).
"""

from __future__ import annotations

from ...grammar.errors import ArgumentError
from .layout import WIDTH, plain
from .steps import Derived, Step

FORMATS = ("text", "markdown", "latex", "html")


class Explanation:
    """How a derivative comes about.  `print` writes it in its format; notebooks show it as HTML."""

    def __init__(self, derived: Derived, format: str = "text", fold: bool = True) -> None:
        if format not in FORMATS:
            raise ArgumentError(f"there is no format {format}", hint=f"the formats are {', '.join(FORMATS)}")
        self.derived, self.format, self.fold = derived, format, fold

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps in order; each holds its expression, what is written, and the reasons."""
        return self.derived.steps

    def text(self, width: int = WIDTH) -> str:
        """Plain text in lines of this width."""
        return plain(self.derived, width, self.fold)

    def __str__(self) -> str:
        return self.text()
