"""Which parts of an expression are bound to names when it is printed.

Enters: expressions.  Leaves: sets of parts.  Always holds: with the repeated parts bound, the texts that remain are
together linear in the size of the graph, and none is nested deep.
Not for: common subexpressions of programs (the planner).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..tensor.expr import Constant, Expr, Size, Structure, Symbol, topological

# An expression whose text is longer than this has its repeated parts bound to names.
LONGEST = 240
# Parts shorter than this are repeated.
SHORTEST = 12
# Parts that reach deeper than this are bound to names too: the parser limits nesting.
DEEPEST = 60


def deep(roots: Sequence[Expr]) -> tuple[frozenset[Expr], int]:
    """The parts to bind so that no text is nested deep; and about how long the text is then, which may be
    astronomical."""
    return _bound(roots, {})


def repeated(roots: Sequence[Expr]) -> frozenset[Expr]:
    """The parts to bind so that no text is nested deep, and none stands twice."""
    uses: dict[Expr, int] = {}
    for current in topological(*roots):
        for operand in () if isinstance(current, Symbol) else current.operands:
            uses[operand] = uses.get(operand, 0) + 1
    return _bound(roots, uses)[0]


def _bound(roots: Sequence[Expr], uses: Mapping[Expr, int]) -> tuple[frozenset[Expr], int]:
    bound: set[Expr] = set()
    length: dict[Expr, int] = {}
    depth: dict[Expr, int] = {}
    total = 0
    for current in topological(*roots):
        if isinstance(current, Symbol | Constant | Size | Structure):
            length[current], depth[current] = _leaf_length(current), 0
            continue
        length[current] = 3 + sum(length[o] + 3 for o in current.operands)
        depth[current] = 1 + max((depth[o] for o in current.operands), default=0)
        again = uses.get(current, 0) > 1 and length[current] > SHORTEST
        if current not in roots and (again or depth[current] > DEEPEST):
            bound.add(current)
            total += length[current]
            length[current], depth[current] = 2, 0
    return frozenset(bound), total + sum(length[root] for root in roots)


def _leaf_length(leaf: Expr) -> int:
    return len(leaf.name) if isinstance(leaf, Symbol | Constant) else 6
