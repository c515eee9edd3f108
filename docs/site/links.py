"""Links of the repository on the site: pages, generated pages, listings of other files, images.

Enters: Markdown whose relative links lead to files and folders of the repository, as they do on a code host.  Leaves:
Markdown whose links lead to pages of the site.  Always holds: code is left alone; a link to something that does not
exist stays as it is, and Sphinx refuses it.  Not for: links to other sites.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
IMAGES = "images"
# Where the site has a page made from a place in the repository, links to the place lead to the page.
STANDS_FOR = {
    "compiler/language/functions": "functions",
    "grammar/matgrad.lark": "grammar",
    "compiler/rules": "rules",
    "examples/gallery": "gallery",
}
FRONT = ROOT / "README.md"
NAVIGATION = ROOT / "docs" / "README.md"
CODE = re.compile(r"(^(```+|~~~+).*?^\2$|(`+)[^\n].*?\3)", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)")
LANGUAGES = {".py": "python", ".mg": "matgrad", ".toml": "toml", ".md": "markdown", ".json": "json", ".lark": "text"}


def pages() -> dict[str, Path]:
    """The pages that are files of the repository, by their names on the site."""
    found = {path.stem: path for path in sorted((ROOT / "docs").glob("*.md")) if path != NAVIGATION}
    return {**found, "editors": ROOT / "editors" / "README.md", "contributing": ROOT / "CONTRIBUTING.md"}


def outside_code(text: str, change: Callable[[str], str]) -> str:
    """The text with everything changed that is no code."""
    parts, last = [], 0
    for found in CODE.finditer(text):
        parts += [change(text[last : found.start()]), found.group()]
        last = found.end()
    return "".join([*parts, change(text[last:])])


def links(text: str) -> Iterator[tuple[str, str]]:
    """The label and target of each link outside code."""
    found: list[tuple[str, str]] = []

    def collect(part: str) -> str:
        found.extend((m[2], m[3]) for m in LINK.finditer(part))
        return part

    outside_code(text, collect)
    yield from found


def is_external(target: str) -> bool:
    """Whether a target has a scheme, as https: and mailto: are."""
    return bool(re.match(r"[a-z][a-z0-9+.-]*:", target))


def place(target: str, path: Path) -> tuple[Path, str]:
    """The file or folder that a relative target in the file `path` leads to, and the part behind `#`."""
    name, _, anchor = target.partition("#")
    return (path if not name else (path.parent / name).resolve()), anchor


def for_site(text: str, path: Path, wanted: set[Path]) -> str:
    """The text of a file of the repository with links for the site; `wanted` gets what needs a listing."""
    by_path = {found: name for name, found in pages().items()} | {FRONT: "index", NAVIGATION: "index"}
    by_path |= {ROOT / place: name for place, name in STANDS_FOR.items()}

    def replaced(found: re.Match[str]) -> str:
        mark, label, target = found.groups()
        if is_external(target) or target.startswith("#"):
            return found.group()
        to, anchor = place(target, path)
        anchor = f"#{anchor}" if anchor else ""
        if to in by_path:
            return f"{mark}[{label}](/{by_path[to]}.md{anchor})"
        if not to.exists() or not to.is_relative_to(ROOT):
            return found.group()
        if mark:
            return f"![{label}](/{IMAGES}/{to.name})"
        wanted.add(to)
        return f"[{label}](/{listing(to)}.md)"

    return outside_code(text, lambda part: LINK.sub(replaced, part))


def images() -> set[Path]:
    """The images that pages show."""
    found = set()
    for path in [FRONT, *pages().values()]:
        for part in LINK.finditer(path.read_text(encoding="utf-8")):
            if part[1] and not is_external(part[3]):
                found.add(place(part[3], path)[0])
    return found


def listing(path: Path) -> str:
    """The name of the page that shows a file or folder."""
    return f"files/{path.relative_to(ROOT).as_posix()}"


def listings(wanted: set[Path]) -> dict[str, str]:
    """The pages that show files, and folders with the files in them; they are in no menu."""
    found: dict[str, str] = {}
    while missing := [path for path in wanted if listing(path) not in found]:
        for path in missing:
            if path.suffix == ".md":
                text = for_site(path.read_text(encoding="utf-8"), path, wanted)
            else:
                text = _folder(path) if path.is_dir() else _file(path)
            found[listing(path)] = f"---\norphan: true\n---\n\n{text}"
    return found


def _file(path: Path, title: str = "#") -> str:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".csv":
        text = "".join(text.splitlines(keepends=True)[:5]) + "...\n"
    return f"{title} `{path.relative_to(ROOT)}`\n\n````{LANGUAGES.get(path.suffix, 'text')}\n{text.strip()}\n````\n"


def _folder(path: Path) -> str:
    shown = [p for p in sorted(path.iterdir()) if p.is_file() and p.suffix in (".mg", ".toml")]
    names = [p.name + "/" * p.is_dir() for p in sorted(path.iterdir()) if not p.name.startswith(("_", "."))]
    listed = "".join(f"- `{name}`\n" for name in names)
    return f"# `{path.relative_to(ROOT)}`\n\n{listed}\n" + "\n".join(_file(p, "##") for p in shown)
