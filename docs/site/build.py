"""From the repository to the site: collect the pages, generate the others, run Sphinx.

Enters: a folder.  Leaves: in it `source/` (what Sphinx reads) and `html/` (the site), and Sphinx's exit status.  Always
holds: both are made anew; a link that leads nowhere is a warning, and a warning makes the status nonzero.  Not for:
what stands on a page.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from . import links, navigation
from .generated import GENERATED

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
BUILD = ROOT / "build" / "docs"


def build(folder: Path) -> int:
    """Build the site below the folder."""
    from sphinx.cmd.build import build_main

    source, html = folder / "source", folder / "html"
    for old in (source, html):
        shutil.rmtree(old, ignore_errors=True)
    stage(source)
    options = ["-b", "html", "-c", str(Path(__file__).parent), "--fail-on-warning", "--keep-going", "--fresh-env"]
    return build_main([*options, "--quiet", "-d", str(folder / "doctrees"), str(source), str(html)])


def stage(source: Path) -> None:
    """Write what Sphinx reads: the pages with links that hold on the site, generated pages, and listings of files."""
    pictures = source / links.IMAGES
    pictures.mkdir(parents=True)
    pages = {**links.pages(), **{name: ROOT / "docs" / f"{name}.md" for name in GENERATED}}
    texts = {name: path.read_text(encoding="utf-8") for name, path in links.pages().items()}
    texts |= {name: make(pictures) for name, make in GENERATED.items()}
    wanted: set[Path] = set()
    for name, text in texts.items():
        write(source, name, links.for_site(text, pages[name], wanted))
    write(source, "index", navigation.index(links.for_site(navigation.front(), links.FRONT, wanted)))
    for name, text in links.listings(wanted).items():
        write(source, name, text)
    for path in links.images():
        shutil.copy(path, pictures / path.name)


def write(source: Path, name: str, text: str) -> None:
    """Write a page."""
    path = source / f"{name}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
