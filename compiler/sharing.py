"""Which parts of an expression are bound to names when it is printed.

Enters: expressions.  Leaves: the set of parts.  Always holds: empty for what prints in a few lines anyway; otherwise the
texts that remain are together linear in the size of the graph, and no text is nested deep.
Not for: common subexpressions of programs (the planner).
"""

from __future__ import annotations

from collections.abc import Sequence

from .expr import Constant, Expr, Size, Structure, Symbol, topological

# An expression whose text is longer than this has its repeated parts bound to names.
LONGEST = 240
# Parts shorter than this are repeated.
SHORTEST = 12
# Parts that reach deeper than this are bound to names too: the parser limits nesting.
DEEPEST = 60


def shared(roots: Sequence[Expr]) -> frozenset[Expr]:
    """The parts to bind."""
    order = topological(*roots)
    uses: dict[Expr, int] = {}
    for current in order:
        if not isinstance(current, Symbol):
            for operand in current.operands:
                uses[operand] = uses.get(operand, 0) + 1
    for bind in (False, True):
        found: set[Expr] = set()
        length: dict[Expr, int] = {}
        depth: dict[Expr, int] = {}
        for current in order:
            if isinstance(current, Symbol | Constant | Size | Structure):
                length[current], depth[current] = _leaf_length(current), 0
                continue
            length[current] = 3 + sum(length[o] + 3 for o in current.operands)
            depth[current] = 1 + max((depth[o] for o in current.operands), default=0)
            repeated = bind and uses.get(current, 0) > 1 and length[current] > SHORTEST
            if current not in roots and (repeated or depth[current] > DEEPEST):
                found.add(current)
                length[current], depth[current] = 2, 0
        if sum(length[root] for root in roots) <= LONGEST:
            break
    return frozenset(found)


def _leaf_length(leaf: Expr) -> int:
    return len(leaf.name) if isinstance(leaf, Symbol | Constant) else 6
