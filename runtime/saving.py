"""What a plan saves: the operations of the formulas as they are written, and of the kernel program.

Enters: a function, variables and sizes.  Leaves: a `Saving`, which writes itself.  Always holds: the formulas are those
of the derivation; the program is the one that is planned for the sizes.  Not for: planning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..compiler.explain.counting import Uncounted, count
from ..compiler.explain.shared import Shared, memory, shared_steps
from ..compiler.explain.steps import Derived, Shown, Step
from ..compiler.kernel.program import Program
from ..compiler.kernel.routines import Cost, cost
from ..compiler.language.elaborate import Value
from ..compiler.plan.atoms import NoRoutine
from ..compiler.tensor.dims import Dim
from ..grammar import errors, syntax
from .compilation import Compilation
from .verification.sampling import size_names

if TYPE_CHECKING:
    from .function import Function

USUAL = 100  # the size that is taken where none is given


@dataclass(frozen=True)
class Entry:
    """One line: what is computed, its operations, and whether it is a rule's line (before and after it)."""

    what: str
    operations: Cost | None
    before: Cost | None = None


@dataclass(frozen=True)
class Saving:
    """The account of a derivative: operations by formula and by plan, what the results share, and the program."""

    sizes: dict[str, int]
    rules: tuple[Entry, ...]
    formulas: tuple[Entry, ...]
    plans: tuple[Entry, ...]
    shared: tuple[Shared, ...]
    memory: Dim
    program: Program


def saving(function: Function, operation: str, derived: Derived, sizes: Mapping[str, int]) -> Saving:
    """The account of the derivative of a function by the variables of its derivation; of a gradient, with the value.

    Raises mg.ArgumentError for an unknown size, mg.Error for a function that has no kernel.
    """
    definition = function.definition()
    names = size_names(definition)
    for name in sizes:
        if name not in names:
            close = errors.suggest(name, names)
            raise errors.ArgumentError(
                f"there is no size {name}",
                found=f"the sizes are {', '.join(names)}",
                hint=f"did you mean {close}?" if close else "",
            )
    chosen = {name: sizes.get(name, USUAL) for name in names}
    variables = [name for name, _ in derived.directions]
    counter = Formulas(derived, names)
    if operation == "grad":
        value, gradient = function, function.grad(*variables)
        joint = planned(function.value_and_grad(*variables), chosen)
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
        joint = planned(getattr(function, operation)(variables[0]), chosen)
        plans = [Entry("the derivative, planned", cost(joint))]
        formulas = [Entry("the derivative, as written", counter.derivative())]
    return Saving(
        chosen, tuple(counter.rules()), tuple(formulas), tuple(plans), tuple(shared_steps(joint)), memory(joint), joint
    )


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
        for section in self._derived.sections:
            if section.title in ("The gradient", "The derivative"):
                named = [s for s in section.steps if not any(r.name == "names" for r in s.reasons)]
                one = self._cost(named[-1])
                total = None if total is None or one is None else Cost(total.thirds + one.thirds)
        return total

    def rules(self) -> list[Entry]:
        """Of the lines before and after each rule that rewrote a value."""
        found = []
        for section in self._derived.sections:
            for before, after in zip(section.steps, section.steps[1:], strict=False):
                if (
                    section.title in ("The function", "The gradient", "The derivative")
                    and after.reasons[0].name != "names"
                ):
                    names = ", ".join(reason.name for reason in after.reasons)
                    found.append(Entry(names, self._cost(after), self._cost(before)))
        return found

    def _cost(self, step: Step) -> Cost | None:
        try:
            return Cost(count([*self._used(step.shown), step.shown], self._names, self._sizes))
        except (Uncounted, errors.Error):
            return None

    def _used(self, shown: Shown) -> list[Shown]:
        """The definitions of the names that a formula uses, directly or by others."""
        wanted, work = {}, [shown]
        while work:
            for node in syntax.postorder(work.pop().body):
                if isinstance(node, syntax.Name) and node.id in self._shown and node.id not in wanted:
                    wanted[node.id] = self._shown[node.id]
                    work.append(self._shown[node.id])
        return list(wanted.values())
