"""A derivation in LaTeX, Markdown and HTML.

Enters: a derivation.  Leaves: texts.  Always holds: the LaTeX needs amsmath and amssymb alone; the HTML needs no script
and no other file; what is folded is counted (in HTML it opens).  Not for: terminals (`layout.py`).
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence

from ...grammar import syntax
from ...grammar.syntax import Node
from ..printing.notation import size
from ..printing.printer import type_of
from ..printing.unparse import type_text
from . import words
from .glossary import functions_in
from .layout import KEPT, MOST_STEPS, folded_text
from .mathml import lines, mathml
from .notes import Notes
from .steps import Derived, Named, Reason, Step

LONG = 70  # characters of a sum that is broken at its terms
BESIDE = 60  # characters of a formula beside which the reasons stand in HTML
ESCAPES = {"\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "_": r"\_", "^": r"\textasciicircum{}",
           "~": r"\textasciitilde{}", "#": r"\#", "$": r"\$", "%": r"\%", "&": r"\&",
           "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}"}  # fmt: skip
STYLE = """
.matgrad { font-family: system-ui, sans-serif; line-height: 1.4; overflow-x: auto; }
.matgrad table { border-collapse: collapse; margin: 0; }
.matgrad tr, .matgrad td { background: none !important; border: none; }
.matgrad td { padding: 0.25em 0.6em 0.25em 0; vertical-align: baseline; text-align: left !important; }
.matgrad td.left { text-align: right !important; white-space: nowrap; }
.matgrad .why { font-size: 85%; padding-left: 1.5em; max-width: 40em; }
.matgrad code { padding: 0; background: none; }
.matgrad tr.first td { padding-top: 0.9em; }
.matgrad .rule { font-weight: 600; }
.matgrad .reference, .matgrad .types { font-size: 85%; opacity: 0.75; }
"""


# ---- LaTeX


def latex(derived: Derived, fold: bool) -> str:
    """The derivation as a piece of a LaTeX document that loads amsmath."""
    notes = Notes(derived.steps)
    parts = [rf"\noindent\textbf{{{escaped(derived.title)}}}", "", latex_types(derived.objects)]
    parts += [r"\begin{align*}", aligned(derived, fold), r"\end{align*}"]
    rules = {r.name: r for step in derived.steps for r in step.reasons}
    items = [rf"\item \textsf{{{escaped(r.name)}}}: {typewriter(r)}{mark(notes, r)}" for r in rules.values()]
    functions = functions_in(derived.steps)
    items += [rf"\item \texttt{{{escaped(usage)}}}: {escaped(meaning)}" for usage, meaning in functions]
    items += [rf"\item[{{[{n}]}}] {escaped(reference)}" for n, reference in enumerate(notes.references, 1)]
    return "\n".join([*parts, r"\begin{itemize}", *items, r"\end{itemize}"])


def latex_types(objects: Sequence[Named]) -> str:
    """The objects with their spaces, and what the names stand for."""
    found = []
    for item in objects:
        sizes = r" \times ".join(words.latex(size(dim)) for dim in item.expression.shape)
        space = rf"\mathbb{{R}}^{{{sizes}}}" if sizes else r"\mathbb{R}"
        meaning = f" = {words.latex(item.shown.body)}" if item.shown is not None else ""
        note = rf" (\texttt{{{escaped(item.remark)}}})" if item.remark else ""
        found.append(rf"${words.latex(item.name)}{meaning} \in {space}${note}")
    return ",\n".join(found) + "."


def latex_formula(derived: Derived, fold: bool) -> str:
    """The steps as one formula, for notebooks."""
    return "$\\displaystyle\n\\begin{aligned}\n" + aligned(derived, fold) + "\n\\end{aligned}$"


def aligned(derived: Derived, fold: bool) -> str:
    """The lines of an `align` environment."""
    lines: list[str] = []
    for section in derived.sections:
        last = ""
        for item in folded(section.steps, fold):
            if isinstance(item, list):
                lines.append(rf"& \quad \text{{{escaped(folded_text(len(item), 'steps'))}}}")
                continue
            left = words.latex(item.head)
            rows = [" {}" + row if k else row for k, row in enumerate(broken(item.shown.body))]
            rows = [("" if left == last else left) + " &= " + rows[0], *(r"& \qquad" + row for row in rows[1:])]
            names = ",~".join(rf"\textsf{{{escaped(r.name)}}}" for r in item.reasons)
            lines += [*rows[:-1], rows[-1] + (rf" && \text{{{names}}}" if names else "")]
            lines += [rf"& \quad \text{{where }} {words.latex(binding)}" for binding in item.shown.where]
            last = left
    return " \\\\\n".join(lines)


def broken(node: Node) -> list[str]:
    """The LaTeX of a node, a long sum broken before each term."""
    if not isinstance(node, syntax.Chain) or node.operators[0] not in "+-" or len(words.text(node)) <= LONG:
        return [words.latex(node)]
    terms = [words.latex(operand) for operand in node.operands]
    return [terms[0], *(f" {sign} {term}" for sign, term in zip(node.operators, terms[1:], strict=True))]


def escaped(text: str) -> str:
    """Plain text for LaTeX."""
    return "".join(ESCAPES.get(character, character) for character in text)


def typewriter(reason: Reason) -> str:
    """The text of a rule, and the remark."""
    remark = f" ({escaped(reason.remark)})" if reason.remark else ""
    return rf"\texttt{{{escaped(reason.text)}}}{remark}"


def mark(notes: Notes, reason: Reason) -> str:
    """The number of the reference in brackets."""
    number = notes.number(reason)
    return f" [{number}]" if number else ""


# ---- Markdown


def markdown(derived: Derived, fold: bool) -> str:
    """The derivation in Markdown, with formulas between dollars."""
    notes = Notes(derived.steps)
    lines = [f"**{derived.title.replace('*', chr(92) + '*')}**", ""]
    lines += [f"{', '.join(f'`{line}`' for line in types(derived.objects))}"]
    for section in derived.sections:
        lines += ["", f"*{section.title}*", ""]
        for item in folded(section.steps, fold):
            if isinstance(item, list):
                lines.append(f"- {folded_text(len(item), 'steps')}")
                continue
            lines.append(f"- ${words.latex(item.head)} = {words.latex(item.shown.body)}$")
            lines += [f"  where ${words.latex(binding)}$" for binding in item.shown.where]
            lines += [f"  <br>{markdown_reason(reason, notes)}" for reason in item.reasons]
    functions = functions_in(derived.steps)
    if functions:
        lines += ["", *(f"`{usage}`: {meaning}  " for usage, meaning in functions)]
    if notes.references:
        lines += ["", *(f"[{n}] {reference}  " for n, reference in enumerate(notes.references, 1))]
    return "\n".join(lines)


def markdown_reason(reason: Reason, notes: Notes) -> str:
    """The name of a rule, and where it is new its text."""
    remark = f" ({reason.remark})" if reason.remark else ""
    if not notes.first(reason):
        return f"**{reason.name}**{remark}"
    return f"**{reason.name}**: `{reason.text}`{remark}{mark(notes, reason)}"


def types(objects: Sequence[Named]) -> Iterator[str]:
    """Each object with its type and definition."""
    for item in objects:
        name, declared = words.text(item.name), type_text(type_of(item.expression))
        if item.shown is not None:
            name = f"{name} = {words.text(item.shown.body)}"
        yield f"{name}: {declared}" + (f" with {item.remark}" if item.remark else "")


def folded(steps: Sequence[Step], fold: bool) -> list[Step | list[Step]]:
    """The steps, those in the middle of a long section as one list."""
    if not fold or len(steps) <= MOST_STEPS:
        return list(steps)
    return [*steps[:KEPT], list(steps[KEPT:-KEPT]), *steps[-KEPT:]]


# ---- HTML


def html_page(derived: Derived) -> str:
    """A whole HTML document."""
    head = f'<meta charset="utf-8"><title>{html.escape(derived.title)}</title>'
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>{head}</head>\n<body>\n{html_part(derived, True)}\n</body>\n</html>'
    )


def html_part(derived: Derived, fold: bool) -> str:
    """The derivation as a piece of HTML; what is folded opens by a click."""
    notes = Notes(derived.steps)
    defined = [item.shown is not None or bool(item.remark) for item in derived.objects]
    declared = ""
    for line, now, before in zip(types(derived.objects), defined, [False, *defined[:-1]], strict=True):
        declared += ("<br>" if declared and (now or before) else " &emsp; " if declared else "") + (
            f"<code>{html.escape(line)}</code>"
        )
    parts = [
        f"<style>{STYLE}</style>",
        f"<p><b>{html.escape(derived.title)}</b></p>",
        f'<p class="types">{declared}</p>',
    ]
    table: list[str] = []
    for section in derived.sections:
        first, last = True, ""
        for item in folded(section.steps, fold):
            if isinstance(item, list):
                rows = "".join(html_step(step, "", False, notes) for step in item)
                inner = f"<details><summary>{len(item)} steps are folded here</summary><table>{rows}</table></details>"
                table.append(f'<tr><td></td><td colspan="2">{inner}</td></tr>')
                continue
            left = words.text(item.head)
            table.append(html_step(item, "" if left == last else mathml(item.head), first, notes))
            first, last = False, left
    parts.append(f"<table>{''.join(table)}</table>")
    functions = functions_in(derived.steps)
    if functions:
        told = "<br>".join(f"<code>{html.escape(usage)}</code>: {html.escape(text)}" for usage, text in functions)
        parts.append(f'<p class="types">{told}</p>')
    if notes.references:
        listed = "<br>".join(f"[{n}] {html.escape(r)}" for n, r in enumerate(notes.references, 1))
        parts.append(f'<p class="reference">{listed}</p>')
    return '<div class="matgrad">\n' + "\n".join(parts) + "\n</div>"


def html_step(step: Step, left: str, first: bool, notes: Notes) -> str:
    """A row of the table: left side, right side, reasons."""
    found = lines(step.shown.body, LONG)
    value = f'<math displaystyle="true"><mo>=</mo>{found[0]}</math>'
    value += "".join(f'<br><math displaystyle="true"><mspace width="2em"/>{line}</math>' for line in found[1:])
    value += "".join(f'<br>where <math displaystyle="true">{mathml(b)}</math>' for b in step.shown.where)
    why = "<br>".join(html_reason(reason, notes) for reason in step.reasons)
    start = ' class="first"' if first else ""
    head = f"<math>{left}</math>" if left else ""
    if max(len(words.text(node)) for node in (step.shown.body, *step.shown.where)) > BESIDE:
        cells = f'<td colspan="2">{value}<div class="why">{why}</div></td>'
    else:
        cells = f'<td>{value}</td><td class="why">{why}</td>'
    return f'<tr{start}><td class="left">{head}</td>{cells}</tr>\n'


def html_reason(reason: Reason, notes: Notes) -> str:
    """The name of a rule, and where it is new its text."""
    shown = f'<span class="rule">{html.escape(reason.name)}</span>'
    remark = f" ({html.escape(reason.remark)})" if reason.remark else ""
    if notes.first(reason):
        shown += f": <code>{html.escape(reason.text)}</code>"
        remark += mark(notes, reason)
    return shown + remark
