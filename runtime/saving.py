"""What a plan saves: the operations of the formulas as they are written, and of the kernel program.

Enters: a function, variables and sizes.  Leaves: a `Saving`, which writes itself.  Always holds: the formulas are those
of the derivation; the program is the one that is planned for the sizes.  Not for: planning.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..compiler.calculus.derivation import Derivation
from ..compiler.explain.counting import Uncounted, count
from ..compiler.explain.graphs import Graph, of_formulas, of_program
from ..compiler.explain.layout import RESULTS
from ..compiler.explain.shared import Shared, memory, shared_steps
from ..compiler.explain.steps import Derived, Shown, Step
from ..compiler.explain.words import text
from ..compiler.kernel.cost import Cost, cost
from ..compiler.kernel.program import Program
from ..compiler.language.elaborate import Value
from ..compiler.plan.atoms import NoRoutine
from ..compiler.plan.choices import WORK, Form, Report
from ..compiler.plan.guess import Guess
from ..compiler.plan.pipeline import program_of, tasks_of, tasks_of_form
from ..compiler.plan.structure import structured
from ..compiler.printing import printer
from ..compiler.tensor.dims import Dim
from ..compiler.tensor.expr import Expr
from ..compiler.tensor.sparse import carried
from ..grammar import errors, syntax
from .compilation import Compilation
from .verification.sampling import size_names

if TYPE_CHECKING:
    from .function import Function

USUAL = 100  # the size that is taken where none is given
STORED = {"nnz": 10 * USUAL, "pairs": 55 * USUAL}  # of a sparse matrix: ten elements in each row, and pairs of them


@dataclass(frozen=True)
class Entry:
    """One line: what is computed, its operations, and whether it is a rule's line (before and after it)."""

    what: str
    operations: Cost | None
    before: Cost | None = None


@dataclass(frozen=True)
class Taken:
    """A form that the planner's search took: what it replaced by what, and the program before and after."""

    what: tuple[tuple[str, str], ...]
    before: Cost
    after: Cost


@dataclass(frozen=True)
class Searched:
    """The planner's search of other forms: how many it judged, how much of its budget was left, and what it took."""

    judged: int
    budget: int
    left: int
    taken: tuple[Taken, ...]


@dataclass(frozen=True)
class Saving:
    """The account of a derivative: operations by formula and by plan, the forms that the planner took, what the results
    (by their `labels`) share, the program, and the graphs of the formulas (where these are counted) and of the program.
    """

    sizes: dict[str, int]
    rules: tuple[Entry, ...]
    formulas: tuple[Entry, ...]
    plans: tuple[Entry, ...]
    searched: Searched
    shared: tuple[Shared, ...]
    memory: Dim
    labels: tuple[str, ...]
    program: Program
    before: Graph | None
    after: Graph


def saving(function: Function, operation: str, derived: Derived, sizes: Mapping[str, int]) -> Saving:
    """The account of the derivative of a function by the variables of its derivation; of a gradient, with the value.

    Raises mg.ArgumentError for an unknown size, mg.Error for a function that has no kernel.
    """
    definition = function.definition()
    plain = size_names(definition)
    stored = {n for p in carried(definition.parameters) for d in p.shape for n in d.names} - set(plain)
    names = [*plain, *sorted(stored)]
    for name in sizes:
        if name not in names:
            close = errors.suggest(name, names)
            raise errors.ArgumentError(
                f"there is no size {name}",
                found=f"the sizes are {', '.join(names)}",
                hint=f"did you mean {close}?" if close else "",
            )
    chosen = {name: sizes.get(name, USUAL) for name in plain}
    variables = [name for name, _ in derived.directions]
    counter = Formulas(derived, plain)
    if operation == "grad":
        value, gradient = function, function.grad(*variables)
        whole = function.value_and_grad(*variables)
        joint = planned(whole, chosen)
        plans = [
            Entry("the value, planned alone", cost(planned(value, chosen))),
            Entry("the gradient, planned alone", cost(planned(gradient, chosen))),
            Entry("both, planned together", cost(joint)),
        ]
        formulas = [
            Entry("the value, as written", counter.value()),
            Entry("the gradient, as written", counter.derivative()),
        ]
    else:
        left = derived.steps[-1].left
        arguments = left.arguments if isinstance(left, syntax.Call) else ()
        direction = [a.id for a in arguments[2:] if isinstance(a, syntax.Name)]
        whole = function._with((Derivation(operation, (variables[0],), *direction),))
        joint = planned(whole, chosen)
        plans = [Entry("the derivative, planned", cost(joint))]
        formulas = [Entry("the derivative, as written", counter.derivative())]
    labels = counter.labels(operation == "grad")
    used = memory(joint).names.union(*(entry.operations.thirds.names for entry in plans if entry.operations))
    chosen_stored = {name: sizes.get(name, STORED[name.partition("_")[0]]) for name in sorted(stored & used)}
    return Saving(
        chosen | chosen_stored,
        tuple(counter.rules()),
        tuple(formulas),
        tuple(plans),
        searched(whole, chosen),
        tuple(shared_steps(joint)),
        memory(joint),
        labels,
        joint,
        counter.graph(operation == "grad"),
        of_program(joint, labels),
    )


def searched(function: Function, sizes: Mapping[str, int]) -> Searched:
    """What the planner's search of forms did."""
    definition, guess, report = function.definition(), Guess(sizes), Report()
    parameters = carried(definition.parameters)
    tasks_of(definition.results, parameters, guess, report=report)
    forms = [Form(tuple(structured(definition.results))), *(form for _, form in report.taken)]
    costs = [cost(program_of(tasks_of_form(f, parameters, guess), guess, ())) for f in forms if report.taken]
    taken = [
        Taken(tuple((formula(old), formula(new)) for old, new in change[:1]), before, after)
        for (change, _), before, after in zip(report.taken, costs, costs[1:], strict=False)
    ]
    return Searched(report.judged, WORK, report.left, tuple(taken))


def formula(expression: Expr) -> str:
    """An expression in the language, on one line."""
    return " ".join(printer.text(expression).split())


def planned(function: Function, sizes: Mapping[str, int]) -> Program:
    """The kernel program for the sizes."""
    try:
        return Compilation(function.definition()).program(sizes)
    except NoRoutine as missing:
        raise errors.Error(
            "this function has no kernel of its own", found=f"{missing} is evaluated by NumPy and SciPy"
        ) from None


class Formulas:
    """Counts the operations of the lines of a derivation."""

    def __init__(self, derived: Derived, sizes: Sequence[str]) -> None:
        self._derived, self._sizes = derived, sizes
        self._names: dict[str, Value] = {
            item.name.id: item.expression for item in derived.objects if isinstance(item.name, syntax.Name)
        }
        self._shown = {
            item.name.id: item.shown
            for item in derived.objects
            if item.shown is not None and isinstance(item.name, syntax.Name)
        }

    def value(self) -> Cost | None:
        """Of the function as it is written."""
        return self._cost(self._derived.sections[0].steps[0])

    def derivative(self) -> Cost | None:
        """Of the derivatives as they are written at the end, with the names of the function."""
        total: Cost | None = Cost(Dim.of(0))
        for step in self._results():
            one = self._cost(step)
            total = None if total is None or one is None else Cost(total.thirds + one.thirds)
        return total

    def rules(self) -> list[Entry]:
        """Of the lines before and after each rule that rewrote a value."""
        found = []
        for section in self._derived.sections:
            if section.title not in ("The function", *RESULTS):
                continue
            for before, after in itertools.pairwise(section.steps):
                names = [reason.name for reason in after.reasons if reason.name not in ("names", "notation")]
                if names:
                    found.append(Entry(", ".join(names), self._cost(after), self._cost(before)))
        return found

    def labels(self, with_value: bool) -> tuple[str, ...]:
        """The names of the results: `f`, `grad(f, A)`."""
        first = [self._derived.sections[0].steps[0]] if with_value else []
        return tuple(text(step.left) for step in (*first, *self._results()))

    def graph(self, with_value: bool) -> Graph | None:
        """The operations of the formulas; None where these are not counted."""
        first = [self._derived.sections[0].steps[0]] if with_value else []
        parts = [(text(s.left), self._used(s.shown), s.shown) for s in (*first, *self._results())]
        if any(shown.indices or shown.where for _, _, shown in parts):
            return None
        try:
            return of_formulas(parts, self._names, self._sizes)
        except (Uncounted, errors.Error):
            return None

    def _results(self) -> list[Step]:
        """The last line of each derivative, with the names of the function."""
        ends = [
            [step for step in section.steps if not any(r.name == "names" for r in step.reasons)][-1]
            for section in self._derived.sections
            if section.title in RESULTS
        ]
        return ends[-len(self._derived.results) :]  # a Hessian has a gradient before it

    def _cost(self, step: Step) -> Cost | None:
        try:
            used = [shown for _, shown in self._used(step.shown)]
            return Cost(count([*used, step.shown], self._names, self._sizes))
        except (Uncounted, errors.Error):
            return None

    def _used(self, shown: Shown) -> list[tuple[str, Shown]]:
        """The names that a formula uses, directly or by others, with their definitions, operands first."""
        wanted: set[str] = set()
        work = [shown]
        while work:
            for node in syntax.postorder(work.pop().body):
                if isinstance(node, syntax.Name) and node.id in self._shown and node.id not in wanted:
                    wanted.add(node.id)
                    work.append(self._shown[node.id])
        return [(name, definition) for name, definition in self._shown.items() if name in wanted]
