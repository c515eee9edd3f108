"""Where a sparse matrix may stand: as a factor of a product with dense ones, and nowhere else.

Enters: an operation and its operands.  Leaves: nothing, or a TypeError at the operand.  Always holds: what passes here
is computed without making the matrix dense (`plan/sparse.py` refuses what only shows in derivatives).
"""

from __future__ import annotations

from typing import NoReturn

from ...grammar import errors, syntax
from ..tensor.expr import Expr
from ..tensor.sparse import sparse_valued
from .elaborate import Elaborator, Value

# Functions of a sparse matrix: sums, and what only asks for its shape.  Derivatives look at their arguments themselves.
FUNCTIONS = frozenset({"sum", "mean", "transpose", "rows", "numel", "grad", "jac", "hess", "hvp", "jvp", "vjp"})


def check_operator(scope: Elaborator, node: syntax.Chain, left: Value, right: Value) -> None:
    """Refuses an operator that would need a sparse operand dense; `node` is the Chain of just these two."""
    operator = node.operators[0]
    for value, other, place in ((left, right, node.operands[0]), (right, left, node.operands[1])):
        if not isinstance(value, Expr) or sparse_valued(value) is None or operator == "*":
            continue
        scalar = isinstance(other, Expr) and not other.order
        divides = operator in ("/", "./") and value is right
        if not (scalar and operator in (".*", "/", "./") and not divides):
            refuse(scope, node, value, place)


def check_call(scope: Elaborator, node: syntax.Call, values: list[Value]) -> None:
    """Refuses a function of a sparse matrix that would need it dense."""
    if node.name not in FUNCTIONS:
        for value, place in zip(values, node.arguments, strict=False):
            if isinstance(value, Expr) and sparse_valued(value) is not None:
                refuse(scope, node, value, place)


def refuse(scope: Elaborator, node: syntax.Node, value: Expr, place: syntax.Node) -> NoReturn:
    """Raises a TypeError: a sparse matrix stands where only a dense one can."""
    symbol = sparse_valued(value)
    assert symbol is not None
    name = symbol.name
    scope.fail(
        f"{scope.text(node)} needs {scope.text(place)} as a dense matrix",
        place,
        found=f"{name} is sparse: it can be multiplied by dense ones ({name}*v, {name}'*v, {name}'*diag(w)*{name})",
        hint=f"declare {name} without sparse to compute with its elements",
        kind=errors.TypeError,
    )
