"""The site builds without a warning, and stands by itself: no dead link, nothing from elsewhere, formulas as MathML."""

from __future__ import annotations

import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from docs.site.generated import GENERATED
from docs.site.objectives import OBJECTIVES
from docs.site.terminal import PICTURE, picture

from .source_tree import ROOT


class Page(HTMLParser):
    """What a page links to, loads, and can be linked at."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.loaded: set[str] = set()
        self.ids: set[str] = set()
        self.elements: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        for name, value in attrs:
            if name == "id" and value:
                self.ids.add(value)
            elif name == "href" and tag == "a" and value:
                self.links.add(value)
            elif value and (name == "src" or (name == "href" and tag == "link")):
                self.loaded.add(value)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Page]:
    """The pages of the site, built anew."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "docs.site", "-o", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {path: Page(path.read_text(encoding="utf-8")) for path in (folder / "html").rglob("*.html")}


def test_every_page_is_there(site: dict[Path, Page]) -> None:
    names = {path.stem for path in site}
    assert names >= {
        *GENERATED,
        *(path.stem for path in (ROOT / "docs").glob("*.md") if path.stem != "README"),
        "index",
    }


def test_no_dead_link(site: dict[Path, Page]) -> None:
    dead = []
    for path, page in site.items():
        for link in page.links | page.loaded:
            parts = urlsplit(link)
            if parts.scheme in ("https", "mailto", "data"):
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            anchor = unquote(parts.fragment)
            if not target.exists() or (anchor and target in site and anchor not in site[target].ids):
                dead.append(f"{path.name}: {link}")
    assert dead == []


def test_nothing_is_loaded_from_elsewhere(site: dict[Path, Page]) -> None:
    assert [link for page in site.values() for link in page.loaded if urlsplit(link).scheme not in ("", "data")] == []


def test_formulas_and_colours(site: dict[Path, Page]) -> None:
    pages = {path.stem: (path, page) for path, page in site.items()}
    path, gallery = pages["gallery"]
    assert gallery.elements.count("math") > 10 * len(OBJECTIVES)
    assert gallery.elements.count("details") >= 2 * len(OBJECTIVES) - 1
    text = path.read_text(encoding="utf-8")
    assert '<span class="kd">fn</span>' in text  # the lexer of the language
    assert "$$" not in text
    assert len(OBJECTIVES) >= 25


def test_the_picture_of_the_terminal_is_current(rewrite: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    made = picture()
    if rewrite:
        PICTURE.write_text(made, encoding="utf-8")
    assert PICTURE.read_text(encoding="utf-8") == made
