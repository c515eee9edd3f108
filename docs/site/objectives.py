"""The objectives of the gallery.

Enters: gallery.toml and the `.mg` files that it names.  Leaves: `OBJECTIVES`.  Always holds: each file of
examples/gallery is in it.  Not for: showing them (gallery.py), timing them (benchmarks/gallery.py).
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

import matgrad as mg

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "examples" / "gallery"


@dataclass(frozen=True)
class Entry:
    """A function of the gallery, the parameter it is differentiated by, and the sizes for plan and timing."""

    name: str
    title: str
    section: str
    path: Path
    by: str
    sizes: dict[str, int]

    def function(self) -> mg.Function:
        """The function."""
        return mg.load(self.path)[self.name]

    def source(self) -> str:
        """The text of the function, without comments."""
        text = re.sub(r"^#.*\n", "", self.path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        return next(
            part for part in re.split(r"^(?=fn )", text, flags=re.MULTILINE) if part.startswith(f"fn {self.name}(")
        )

    def comment(self) -> str:
        """What the file says of it: the comment at its beginning, as Markdown."""
        lines = self.path.read_text(encoding="utf-8").splitlines()
        first = next(k for k, line in enumerate(lines) if not line.startswith("#"))
        return " ".join(line.removeprefix("#").strip() for line in lines[:first]).replace("*", r"\*")


def read() -> list[Entry]:
    """The objectives in the order of the gallery."""
    table = tomllib.loads((Path(__file__).parent / "gallery.toml").read_text(encoding="utf-8"))
    found = []
    for section, objectives in table.items():
        for name, facts in objectives.items():
            path = ROOT / facts.get("file", f"examples/gallery/{name}.mg")
            found.append(Entry(name, facts["title"], section, path, facts["by"], facts["sizes"]))
    missing = set(FOLDER.glob("*.mg")) - {entry.path for entry in found}
    assert not missing, f"docs/site/gallery.toml lacks {sorted(missing)}"
    return found


OBJECTIVES = read()
