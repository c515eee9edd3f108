"""Several divisions by one square root made one: by its reciprocal, which they are multiplied by.

Enters: a `Loop`.  Leaves: a `Loop`.  Always holds: a quotient has one rounding more; a square root and its reciprocal
are neither too large nor too small to be exact to their last place, so that nothing else changes.  Not for: other
denominators, whose reciprocals may overflow where the quotients do not.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from .program import Loop, Op, Ref


def with_reciprocals(loop: Loop) -> Loop:
    """The loop with one division by each square root."""
    dividers = Counter(op.operands[1] for op in loop.ops if op.function == "div")
    roots = {Ref("op", k) for k, op in enumerate(loop.ops) if op.function == "sqrt"}
    shared = {ref for ref in roots if dividers[ref] > 1}
    if not shared:
        return loop
    ops: list[Op] = []
    moved: dict[Ref, Ref] = {}
    reciprocals: dict[Ref, Ref] = {}
    for k, op in enumerate(loop.ops):
        old = Ref("op", k)
        operands = tuple(moved.get(ref, ref) for ref in op.operands)
        if op.function == "div" and op.operands[1] in shared:
            op = Op("mul", (operands[0], reciprocals[op.operands[1]]))
        else:
            op = Op(op.function, operands)
        moved[old] = Ref("op", len(ops))
        ops.append(op)
        if old in shared:
            reciprocals[old] = Ref("op", len(ops))
            ops.append(Op("reciprocal", (moved[old],)))
    stores = tuple(replace(store, value=moved.get(store.value, store.value)) for store in loop.stores)
    return Loop(loop.extents, loop.loads, tuple(ops), stores)
