"""The floating-point operations of a program, by the usual conventions.

Enters: a program.  Leaves: polynomials in its sizes.  Always holds: checks and copies are free.  Not for: what plans
are compared by (`plan/price.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

from ..tensor.dims import Dim, volume
from .program import Loop, Program, Require, Routine
from .routines.signature import FREE
from .routines.table import ROUTINES
from .scalars import SCALARS


@dataclass(frozen=True, slots=True)
class Cost:
    """A number of floating-point operations, as a polynomial in the sizes; `thirds` is three times that."""

    thirds: Dim

    def evaluate(self, **sizes: int) -> float:
        """The number for these sizes.  Raises KeyError for a name that is missing."""
        total = self.thirds.evaluate(sizes)
        return total // 3 if total % 3 == 0 else total / 3

    def __str__(self) -> str:
        return polynomial_text(self.thirds, 3)


def polynomial_text(dim: Dim, divisor: int = 1) -> str:
    """`dim / divisor` as one writes it: `1/3*n^3 + 2*m*n^2 + n`."""
    text = ""
    for monomial, coefficient in dim.terms:
        whole, rest = divmod(abs(coefficient), divisor)
        number = str(whole) if rest == 0 else f"{abs(coefficient)}/{divisor}"
        factors = [
            (atom if isinstance(atom, str) else f"{atom[0]}({atom[1]}, {atom[2]})") + (f"^{power}" if power > 1 else "")
            for atom, power in monomial
        ]
        if number != "1" or not factors:
            factors.insert(0, number)
        sign = "-" if coefficient < 0 else "+"
        text += f" {sign} " if text else ("-" if sign == "-" else "")
        text += "*".join(factors)
    return text or "0"


def routine_cost(step: Routine) -> Dim:
    """Three times the operations of one call."""
    signature = ROUTINES[step.name]
    sizes = signature.sizes(step)
    return signature.thirds(*(sizes[letter] for letter in signature.letters))


def loop_cost(loop: Loop) -> Dim:
    """Three times the operations of a loop.

    An operation counts once per point of the labels that it depends on (the kernel takes it out of the inner loops),
    a reduction one addition (or maximum) per reduced element, a powers with a small integer exponent one.
    """
    total = FREE
    depths: list[int] = []
    for op in loop.ops:
        used = [max(loop.loads[r.index].labels, default=-1) + 1 for r in op.operands if r.kind == "load"]
        used += [depths[r.index] for r in op.operands if r.kind == "op"]
        used += [r.index + 1 for r in op.operands if r.kind == "label"]
        depths.append(max(used, default=0))
        total = total + volume(loop.extents[: depths[-1]]) * (3 * SCALARS[op.function].flops)
    for store in loop.stores:
        if store.reduce is not None or store.accumulate:
            total = total + 3 * volume(loop.extents)
    return total


def cost(program: Program) -> Cost:
    """The floating-point operations of a program by the usual conventions, without checks and copies."""
    total = FREE
    for step in program.flat():
        if isinstance(step, Loop):
            total = total + loop_cost(step)
        elif isinstance(step, Routine):
            total = total + routine_cost(step)
        else:
            assert isinstance(step, Require)
    return Cost(total)
