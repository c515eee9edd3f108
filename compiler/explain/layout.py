"""A derivation as lines of text with styles: what terminals show, with colour or without.

Enters: a derivation, a width, and whether to fold.  Leaves: lines of (style, text) pieces.  Always holds: what is
folded is counted in a line of its own; nothing else is left out.  Not for: formulas in LaTeX, Markdown and HTML.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from ..printing.printer import type_of
from ..printing.unparse import type_text
from .glossary import functions_in
from .notes import Notes
from .steps import Derived, Named, Reason, Step
from .words import text

Piece = tuple[str, str]
Line = list[Piece]

WIDTH = 100
RESULTS = ("The gradient", "The derivative", "The adjoint", "The directional derivative")  # sections that end with one
MOST_STEPS = 12  # of a section, before the middle ones are folded
KEPT = 5  # steps that are shown before and after the folded ones
MOST_LINES = 8  # of one expression
MOST_NAMES = 6  # that one expression binds
WIDEST = 44  # of a value beside which reasons stand
NARROWEST = 36  # column of reasons
GAP = 3  # between a value and its reasons


def plain(derived: Derived, width: int = WIDTH, fold: bool = True) -> str:
    """The derivation as plain text."""
    return "\n".join("".join(piece for _, piece in line).rstrip() for line in lines(derived, width, fold))


def lines(derived: Derived, width: int = WIDTH, fold: bool = True) -> Iterator[Line]:
    """The derivation.  The styles are `title name value result sign rule text reference fold`."""
    yield from flowed([("title", derived.title)], width)
    yield []
    yield from objects(derived.objects, width)
    notes = Notes(derived.steps)
    margin = max(len(text(step.head)) for step in derived.steps)
    values = [len(text(step.shown.body)) for step in derived.steps]
    column = margin + 3 + max((v for v in values if v <= WIDEST), default=0) + GAP
    layout = _Steps(margin, column, width, fold, notes)
    for section in derived.sections:
        yield []
        yield from layout.section(section.steps, section.title in RESULTS)
    functions = functions_in(derived.steps)
    if functions:
        yield []
    for usage, meaning in functions:
        yield from flowed([("name", usage), ("text", f": {meaning}")], width)
    if notes.references:
        yield []
        for number, reference in enumerate(notes.references, 1):
            yield from flowed([("reference", f"[{number}] {reference}")], width)


def results(derived: Derived) -> Iterator[Line]:
    """The title, the function as it is written, and its derivatives."""
    yield [("title", derived.title)]
    yield []
    ends = [derived.sections[0].steps[0]]
    ends += [s.steps[-1] for s in derived.sections if s.title in RESULTS]
    margin = max(len(text(step.head)) for step in ends)
    for step in ends:
        yield [("name", "  " + text(step.head).ljust(margin)), ("sign", " = "), ("value", text(step.shown.body))]


def objects(found: Iterable[Named], width: int) -> Iterator[Line]:
    """The parameters, names and results with their types; what has a definition on a line of its own."""
    line: Line = []
    used = 0
    for item in found:
        name, declared = text(item.name), type_text(type_of(item.expression))
        defined = item.shown is not None or bool(item.remark)
        length = len(name) + 2 + len(declared)
        if line and (defined or used + 5 + length > width):
            yield line
            line = []
        if item.shown is not None:
            meaning = [("name", name), ("sign", " = "), ("value", text(item.shown.body)), ("text", f": {declared}")]
            yield from ([("text", "  "), *piece] for piece in flowed(meaning, width - 2))
            for binding in item.shown.where:
                yield [("text", "      where "), ("value", text(binding))]
        elif defined:
            yield [("text", "  "), ("name", name), ("text", f": {declared} with {item.remark}")]
        else:
            line = [*line, ("text", "   ")] if line else [("text", "  ")]
            line += [("name", name), ("text", f": {declared}")]
            used = sum(len(piece) for _, piece in line)
    if line:
        yield line


class _Steps:
    """Lays out steps: left sides end at `margin`, reasons begin at `column`."""

    def __init__(self, margin: int, column: int, width: int, fold: bool, notes: Notes) -> None:
        self._margin, self._column, self._width, self._fold, self._notes = margin, column, width, fold, notes

    def section(self, steps: tuple[Step, ...], ends: bool) -> Iterator[Line]:
        """The steps of a section; one that ends with a derivative has it in a style of its own."""
        folded = len(steps) - 2 * KEPT if self._fold and len(steps) > MOST_STEPS else 0
        last = ""
        for position, step in enumerate(steps):
            left = text(step.head)
            if not KEPT <= position < KEPT + folded:
                style = "result" if ends and step is steps[-1] else "value"
                yield from self._step(step, "" if left == last else left, style)
                last = left
            elif position == KEPT:
                yield [("fold", " " * (self._margin + 3) + folded_text(folded, "steps"))]

    def _step(self, step: Step, left: str, style: str) -> Iterator[Line]:
        start = self._margin + 3
        values = wrapped(text(step.shown.body), self._width - start, self._fold)
        alone = len(values) == 1 and not step.shown.where
        beside = alone and start + len(values[0]) + GAP <= self._column <= self._width - NARROWEST
        column = self._column if beside else start + 4
        reasons = [line for reason in step.reasons for line in self._reason(reason, self._width - column)]
        for position, value in enumerate(values):
            head: Line = [("name", left.ljust(self._margin)), ("sign", " = ")]
            line = [*(head if not position else [("sign", " " * start)]), (style, value)]
            if beside and reasons:
                line += [("text", " " * (column - start - len(value))), *reasons.pop(0)]
            yield line
        kept = step.shown.where[: MOST_NAMES if self._fold else None]
        for binding in kept:
            for position, piece in enumerate(wrapped(text(binding), self._width - start - 6, self._fold)):
                yield [("text", " " * start + ("      " if position else "where ")), ("value", piece)]
        if len(kept) < len(step.shown.where):
            yield [("fold", " " * start + folded_text(len(step.shown.where) - len(kept), "more names"))]
        for rest in reasons:
            yield [("text", " " * column), *rest]

    def _reason(self, reason: Reason, width: int) -> Iterator[Line]:
        """The name of the rule, and where it is new its text, the remark, and the number of the reference."""
        pieces: Line = [("rule", reason.name)]
        remark = f" ({reason.remark})" if reason.remark else ""
        if self._notes.first(reason):
            rest = reason.text.removeprefix(reason.name)
            pieces.append(("text", f"{': ' if rest == reason.text else ''}{rest}{remark}"))
            number = self._notes.number(reason)
            pieces += [("reference", f" [{number}]")] if number else []
        elif remark:
            pieces += [("text", remark)]
        yield from flowed(pieces, width)


def flowed(pieces: Line, width: int) -> Iterator[Line]:
    """The pieces in lines of at most this width, broken at spaces."""
    line: Line = []
    used = 0
    for style, piece in pieces:
        for position, word in enumerate(piece.split(" ")):
            space = " " if position else ""
            if line and space and used + 1 + len(word) > width:
                yield line
                line, used, space = [("text", "  ")], 2, ""
            line.append((style, space + word))
            used += len(space) + len(word)
    yield line


def folded_text(count: int, what: str) -> str:
    """What stands in the place of something that is folded."""
    return f"... {count} {what} folded: --all, or fold=False, shows them ..."


def wrapped(value: str, width: int, fold: bool) -> list[str]:
    """The value in lines of at most this width, where it has spaces; a very long one folded."""
    found = textwrap.wrap(value, max(width, 20), break_long_words=False, break_on_hyphens=False) or [""]
    if fold and len(found) > MOST_LINES:
        return [*found[: MOST_LINES - 1], folded_text(len(found) - MOST_LINES + 1, "more lines")]
    return found
