"""Sphinx reads this: what the site is built with."""

from __future__ import annotations

from pathlib import Path

from docs.site import mathematics
from docs.site.highlighting import ConsoleLexer
from matgrad.highlight import MatgradLexer

project = "matgrad"
html_title = "matgrad"
copyright = "the matgrad developers"  # noqa: A001 - Sphinx's name

extensions = ["myst_parser", mathematics.__name__]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4  # anchors of headings as code hosts make them

html_theme = "furo"
html_static_path = [str(Path(__file__).parent / "static")]
html_css_files = ["matgrad.css"]
html_copy_source = False
html_show_sphinx = False
smartquotes = False  # a transpose is no apostrophe
html_math_renderer = "mathml"
html_theme_options: dict[str, list[str]] = {"top_of_page_buttons": []}
pygments_style = "friendly"
pygments_dark_style = "native"


def setup(app) -> None:  # type: ignore[no-untyped-def]
    """Highlighting of the language."""
    app.add_lexer("console", ConsoleLexer)
    for name in ("matgrad", "rules"):
        app.add_lexer(name, MatgradLexer)
