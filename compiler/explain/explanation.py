"""A derivation that writes itself: as text, Markdown, LaTeX and HTML, and in notebooks.

Enters: a derivation and a format.  Leaves: texts.  Not for: colours (the command line).
"""

from __future__ import annotations

from collections.abc import Container

from ...grammar.errors import ArgumentError, suggest
from . import pages
from .layout import WIDTH, plain
from .steps import Derived, Step

FORMATS = ("text", "markdown", "latex", "html")


class Explanation:
    """How a derivative comes about.  `print` writes it in its format; notebooks show it as HTML."""

    def __init__(self, derived: Derived, format: str = "text", fold: bool = True) -> None:  # noqa: A002
        if format not in FORMATS:
            close = suggest(format, FORMATS)
            raise ArgumentError(
                f"there is no format {format!r}",
                found=f"the formats are {', '.join(FORMATS)}",
                hint=f"did you mean {close}?" if close else "",
            )
        self.derived, self.format, self.fold = derived, format, fold

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps in order; each holds its expression, what is written, and the reasons."""
        return self.derived.steps

    def text(self, width: int = WIDTH) -> str:
        """Plain text in lines of this width."""
        return plain(self.derived, width, self.fold)

    def markdown(self) -> str:
        """Markdown with formulas in LaTeX between dollars."""
        return pages.markdown(self.derived, self.fold)

    def latex(self) -> str:
        """A piece of a LaTeX document; it needs amsmath and amssymb."""
        return pages.latex(self.derived, self.fold)

    def html(self) -> str:
        """An HTML document with formulas in MathML; it needs no scripts."""
        return pages.html_page(self.derived)

    def __str__(self) -> str:
        written: str = getattr(self, self.format)()
        return written

    def __repr__(self) -> str:
        return f"<{self.derived.title}, {len(self.steps)} steps>"

    def _repr_mimebundle_(self, include: Container[str] | None = None, exclude: Container[str] = ()) -> dict[str, str]:
        """All forms at once, for notebooks and what they are converted to."""
        forms = {
            "text/plain": self.text,
            "text/html": self._repr_html_,
            "text/latex": self._repr_latex_,
            "text/markdown": self._repr_markdown_,
        }
        wanted = [mime for mime in forms if mime not in (exclude or ()) and (not include or mime in include)]
        return {mime: forms[mime]() for mime in wanted}

    def _repr_html_(self) -> str:
        return pages.html_part(self.derived, self.fold)

    def _repr_markdown_(self) -> str:
        return self.markdown()

    def _repr_latex_(self) -> str:
        return pages.latex_formula(self.derived, self.fold)
