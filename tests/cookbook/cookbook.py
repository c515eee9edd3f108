"""The lines of `cookbook.txt`: what they say, random data for them, and how matgrad's derivative compares."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

import matgrad as mg
from matgrad.compiler.tensor.evaluate import evaluate
from matgrad.compiler.tensor.expr import Symbol

HERE = Path(__file__).parent
DOCUMENT = HERE.parents[1] / "docs" / "cookbook.md"
SIZES = {"m": 5, "n": 3, "p": 4, "q": 2}


@dataclass(frozen=True)
class Line:
    """One formula of the book.  `variable` is empty where the expression itself is compared."""

    section: str
    number: str
    text: str
    types: str
    variable: str
    expected: str
    note: str

    @property
    def supported(self) -> bool:
        """Whether there is something to check."""
        return not self.note.startswith("unsupported")

    def function(self) -> mg.Function:
        """The function that is differentiated, or the expression."""
        return mg.function(f"{self.text} where {self.types}")

    def derivative(self) -> mg.Function:
        """What matgrad gives for the left side of the book's formula."""
        function = self.function()
        if not self.variable:
            return function
        scalar = not function.definition().results[0].order
        return function.grad(self.variable) if scalar else function.jac(self.variable)

    def right_side(self) -> mg.Function:
        """The book's right side."""
        return mg.function(f"{self.expected} where {self.types}")


def read() -> list[Line]:
    """All lines of the file."""
    lines, section = [], ""
    for text in (HERE / "cookbook.txt").read_text(encoding="utf-8").splitlines():
        if text.startswith("# 2"):
            section = text.removeprefix("# ")
        if text and not text.startswith("#"):
            number, source, variable, expected, note = (part.strip() for part in text.split("|"))
            expression, _, types = source.partition(" where ")
            lines.append(Line(section, number, expression, types, variable.removeprefix("-"), expected, note))
    return lines


def array(symbol: Symbol, rng: np.random.Generator) -> np.ndarray:
    """Random data with the attributes of a symbol."""
    made = rng.normal(size=tuple(d.evaluate(SIZES) for d in symbol.shape))
    if "symmetric" in symbol.attributes:
        made = made + made.T
    if "diagonal" in symbol.attributes:
        made = np.diag(np.diag(made))
    return made


def data(line: Line) -> dict[str, np.ndarray]:
    """Random data at which both sides exist (log(det(X)) needs a positive determinant)."""
    definitions = [line.function().definition(), line.right_side().definition(), line.derivative().definition()]
    symbols = {p.name: p for d in definitions for p in d.parameters}
    for seed in range(50):
        rng = np.random.default_rng(seed)
        arrays = {name: array(s, rng) for name, s in symbols.items()}
        try:
            for definition in definitions:
                evaluate(definition.results[0], arrays, SIZES)
        except mg.DomainError:
            continue
        return arrays
    raise AssertionError(f"no data for {line.number}")


def identical(line: Line) -> bool:
    """Whether matgrad's form and the book's are the same expression."""
    return line.derivative().definition().results[0] is line.right_side().definition().results[0]


def plain(text: str) -> str:
    """The text in Markdown, where a star would begin an emphasis."""
    return text.replace("*", r"\*")


def document() -> str:
    """The page `docs/cookbook.md`."""
    lines = read()
    supported = [line for line in lines if line.supported]
    same = [line for line in supported if identical(line)]
    errata = [line for line in lines if "erratum" in line.note]
    out = [
        "# The Matrix Cookbook",
        "",
        (
            "The formulas of sections 2.1 to 2.8 of the Matrix Cookbook (K. B. Petersen and M. S. Pedersen, version of "
            "November 15, 2012), as matgrad derives them."
        ),
        "",
        (
            f"{len(lines)} lines: {len(supported)} checked, {len(lines) - len(supported)} unsupported. Each is "
            "compared in value with the book's right side and with finite differences. "
            f"In {len(same)} of them matgrad's expression is the very same as the book's after simplification (`=`); "
            "in the others it has another form of the same value (`≈`)."
        ),
        "",
        "Errata of the book that this check found:",
        "",
    ]
    out += [f"- ({line.number}) {line.note.partition('erratum: ')[2]}." for line in errata]
    section = ""
    for line in lines:
        if line.section != section:
            section = line.section
            out += [
                "",
                f"## {section}",
                "",
                "| | expression | by | matgrad's derivative | | note |",
                "|---|---|---|---|---|---|",
            ]
        if line.supported:
            printed = str(line.derivative())
            if printed.startswith("fn "):  # what names sizes is printed with its types
                printed = printed.partition(") = ")[2]
            printed = printed.replace("{\n    ", "{ ").replace("\n}", " }").replace("\n    ", "; ")
            cells = [line.text, line.variable, printed]
            code = [f"`{' '.join(c.split())}`".replace("|", "\\|") if c else "" for c in cells]
            out.append(f"| {line.number} | {' | '.join(code)} | {'=' if line in same else '≈'} | {plain(line.note)} |")
        else:
            out.append(f"| {line.number} | | | | | {plain(line.note)} |")
    return "\n".join(out) + "\n"
