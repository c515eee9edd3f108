"""The gallery: objectives with their formulas, gradients, derivations, plans, and times.

Enters: the objectives, and benchmarks/results/gallery.json.  Leaves: the page.  Always holds: everything but the times
is computed when the page is made.  Not for: timing.
"""

from __future__ import annotations

import contextlib
import html
import re
from itertools import groupby
from pathlib import Path
from typing import Any

from click.testing import CliRunner

import matgrad as mg
from benchmarks import report
from matgrad.cli.group import cli
from matgrad.compiler.calculus.rulebook import rulebook
from matgrad.compiler.explain.pages import STYLE, html_part
from matgrad.runtime.saving import Saving, saving

from . import rules
from .links import IMAGES
from .markdown import block, folded, table
from .objectives import OBJECTIVES, Entry

INTRODUCTION = """\
# Gallery

{count} objectives. Each has its formula, in the numerically stable form that matgrad gives it, the gradient as it is
printed and as a formula, the derivation with the rule of each step, and the plan of the kernel that computes value and
gradient together. The sources are in the folders `examples` and `examples/gallery`; `matgrad explain FILE --wrt NAME`
and `matgrad explain FILE --wrt NAME --plan` show the same in the terminal.

*Operations* are floating-point operations of value and gradient at the sizes given: of the formulas as written,
evaluated from left to right, and of the plan. *Time* is that of one call of the bound kernel,
`f.value_and_grad("w").bind(...)(w)`, on random data in float64: {origin} `python -m benchmarks.gallery` measures it.

{summary}
"""

RULE = re.compile(r'<span class="rule">([^<]*)</span>')


def page(pictures: Path) -> str:
    """The page; the pictures of the plans go into the folder."""
    results = report.load("gallery")
    times = {row["objective"]: row["best"] for row in results["rows"]}
    entries = [Shown(entry) for entry in OBJECTIVES]
    rows = [[f"[{s.entry.title}](#{anchor(s.entry.title)})", *s.figures(times)] for s in entries]
    columns = ("objective", "sizes", "operations, as written>", "planned>", "time, µs>")
    parts = [
        INTRODUCTION.format(count=len(entries), origin=origin(results["machine"]), summary=table(columns, rows)),
        f"<style>{STYLE}</style>\n",
    ]
    for section, group in groupby(entries, key=lambda s: s.entry.section):
        parts.append(f"## {section}\n")
        parts += [shown.text(pictures) for shown in group]
    return "\n".join(parts)


def origin(machine: dict[str, Any]) -> str:
    """Where and when the times were measured."""
    blas = f", OpenBLAS for {machine['blas']}" if "blas" in machine else ""
    return f"one thread, {machine['cpu']}{blas}, {machine['date']}, matgrad {machine['versions']['matgrad']}."


def anchor(title: str) -> str:
    """The anchor of a heading."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


class Shown:
    """What the page says of one objective."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.function = entry.function()
        self.gradient: mg.Function = self.function.grad(entry.by)
        self.derivation = self.function.explain(entry.by)
        self.account: Saving | None = None
        with contextlib.suppress(mg.Error):  # some functions of matrices are evaluated by SciPy: then there is no plan
            self.account = saving(self.function, "grad", self.derivation.derived, entry.sizes)

    def figures(self, times: dict[str, float]) -> list[str]:
        """Sizes, operations as written and planned, microseconds."""
        sizes = ", ".join(
            f"{name}\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{size}" for name, size in self.entry.sizes.items()
        )
        written = planned = "-"
        if self.account is not None:
            counts = [entry.operations for entry in self.account.formulas]
            known = [float(count.evaluate(**self.entry.sizes)) for count in counts if count is not None]
            written = f"{sum(known):,.0f}" if len(known) == len(counts) else "-"
            planned = f"{float(self.function.value_and_grad(self.entry.by).cost(**self.entry.sizes)):,.0f}"
        return [sizes, written, planned, report.microseconds(times.get(self.entry.name))]

    def text(self, pictures: Path) -> str:
        """The part of the page."""
        name, comment = self.entry.by, self.entry.comment()
        derivation = re.sub(r"<style>.*?</style>\n", "", html_part(self.derivation.derived, True), flags=re.DOTALL)
        parts = [
            f"### {self.entry.title}\n",
            f"{comment}\n" if comment.rstrip(".") != self.entry.title else "",
            block(self.entry.source(), "matgrad"),
            f"$$f = {self.function.latex()}$$\n",
            f"$$\\nabla_{{{name}}} f = {self.gradient.latex()}$$\n",
            block(f"grad(f, {name}) = {short(self.gradient)}", "matgrad"),
            folded("Derivation", RULE.sub(linked, derivation)),
        ]
        if self.account is not None:
            picture = pictures / f"plan-{self.entry.name}.svg"
            plan = f"<pre>{html.escape(self.plan(picture))}</pre>"
            parts.append(
                folded("Plan", f"{plan}\n\n![{self.entry.title}, as written and as planned]({IMAGES}/{picture.name})")
            )
        return "\n".join(parts)

    def plan(self, picture: Path) -> str:
        """What `matgrad explain --plan --svg` prints, without the derivative at its beginning; draws the picture."""
        entry = self.entry
        options = [part for name, size in entry.sizes.items() for part in ("--size", f"{name}={size}")]
        command = [
            "explain",
            str(entry.path),
            "--fn",
            entry.name,
            "--wrt",
            entry.by,
            "--plan",
            "--svg",
            str(picture),
            *options,
        ]
        done = CliRunner().invoke(cli, command, catch_exceptions=False)
        assert not done.exit_code, done.output
        _, title, rest = done.output.partition("\nOperations")
        return (title + rest).strip()


def linked(found: re.Match[str]) -> str:
    """The name of a rule, with a link to its line if it is in a rule file."""
    book, label = rulebook(), html.unescape(found[1])
    known = (
        label in book.rules or label in book.laws or label.removeprefix("d ") in {key[0] for key in book.differentials}
    )
    return f'<a class="rule" href="rules.html#{rules.anchor(label)}">{found[1]}</a>' if known else found[0]


def short(function: mg.Function) -> str:
    """The expression of a function."""
    return re.sub(r"^fn \w+\(.*?\) = (?=\S)", "", function.text(), flags=re.DOTALL)
