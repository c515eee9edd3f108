"""Steps from what the passes recorded: a line for each rule that changes what is written.

Enters: expressions and differentials.  Leaves: steps with one left side.  Always holds: two steps that follow one
another do not read alike; no reason is lost, those of a line that reads like the one before go to the next.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ...grammar.syntax import Node
from ..calculus.simplify import Step as Fired
from ..calculus.simplify import simplify
from ..printing.unparse import unparse
from ..tensor.expr import Expr
from .differential import Differential
from .reasons import by_rule
from .steps import Reason, Shown, Step
from .typeset import Typesetter, substitute


class Lines:
    """Makes the steps of one derivation."""

    def __init__(self, typesetter: Typesetter) -> None:
        self._typesetter = typesetter

    def simplified(self, left: Node, start: Expr, reasons: tuple[Reason, ...]) -> list[Step]:
        """The steps from an expression, which holds for the given reasons, to its simplified form."""
        fired: list[Fired] = []
        stop = simplify(start, fired.append)
        steps = [Step(left, self._typesetter.shown(start), start, reasons)]
        current = start
        waiting: dict[Reason, None] = {}
        for rule in fired:
            waiting[by_rule(rule.rule)] = None
            current = substitute(current, {rule.before: rule.after})
            if self._add(steps, current, waiting):
                waiting = {}
        if not self._add(steps, stop, waiting):
            last = steps.pop()
            steps.append(Step(left, last.shown, stop, last.reasons))
        return without_repeats(steps)

    def differential(self, left: Node, differential: Differential) -> list[Step]:
        """The lines of a differential."""
        steps: list[Step] = []
        waiting: dict[Reason, None] = {}
        for line, reasons in differential.lines():
            waiting |= dict.fromkeys(reasons)
            if not steps:
                steps.append(Step(left, self._typesetter.shown(line), line, by_name(reasons)))
                waiting = {}
            elif self._add(steps, line, waiting):
                waiting = {}
        return steps

    def _add(self, steps: list[Step], expression: Expr, reasons: dict[Reason, None]) -> bool:
        if expression is steps[-1].expression:
            return False
        shown = self._typesetter.shown(expression)
        if reads_alike(shown, steps[-1].shown):
            return False
        steps.append(Step(steps[-1].left, shown, expression, by_name(reasons)))
        return True


def by_name(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """The reasons, each rule once: with the remarks of all its uses, or with none where one use has none."""
    found: dict[str, Reason] = {}
    for reason in reasons:
        before = found.setdefault(reason.name, reason)
        if before.remark != reason.remark:
            parts = [part for r in (before, reason) for part in r.remark.split(", ") if part]
            found[reason.name] = replace(before, remark=", ".join(dict.fromkeys(parts)))
    return tuple(found.values())


def without_repeats(steps: list[Step]) -> list[Step]:
    """The steps, of those in a row that were made by the same rules the last one."""

    def names(step: Step) -> list[str]:
        return [reason.name for reason in step.reasons]

    pairs = zip(steps, [*steps[1:], None], strict=True)
    return [step for step, after in pairs if not step.reasons or after is None or names(step) != names(after)]


def same_letters(a: Shown, b: Shown) -> bool:
    """Whether two shown sides differ in order and brackets alone."""
    first, second = (sorted("".join(unparse(n) for n in (s.body, *s.where))) for s in (a, b))
    return [c for c in first if c not in " ()"] == [c for c in second if c not in " ()"]


def reads_alike(a: Shown, b: Shown) -> bool:
    """Whether two shown sides are the same text."""
    first, second = ([unparse(node) for node in (shown.body, *shown.where)] for shown in (a, b))
    return first == second and a.indices == b.indices
