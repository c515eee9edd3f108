"""The operations of a formula that is evaluated as it is written: operator by operator, from left to right.

Enters: a formula and its names.  Leaves: three times the number of floating-point operations, a polynomial in the
sizes. Always holds: the conventions are those of `kernel/cost.py` (a product 2mnk, an inverse 2n^3, a factorization by
LU 2n^3/3, by Cholesky n^3/3, an elementwise operation or function 1 per element); a name is computed once.  Not for:
plans.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...grammar import syntax
from ..language.elaborate import Condition, Elaborator, Identity, Value
from ..language.operators import operate
from ..language.sizes import Sizes
from ..tensor.dims import Dim, volume
from ..tensor.expr import Expr
from .steps import Shown

# Operations per element of the argument.
REDUCTIONS = {
    **dict.fromkeys(("sum", "mean", "prod", "max", "min", "norm1", "norminf", "cumsum"), 1),
    **dict.fromkeys(("norm2", "normfro", "inner", "logsumexp"), 2),
    **dict.fromkeys(("softmax", "logsoftmax", "var"), 3),
}
# Thirds of the cube of the size.
CUBES = {"inv": 6, "adj": 6, "det": 2, "logdet": 2, "logabsdet": 2, "chol": 1}
FREE = {"eye", "ones", "zeros", "diag", "triu", "tril", "vec", "unvec", "transpose"}
# What iterates has no number of operations that is agreed upon.
ITERATIVE = {"pinv", "expm", "logm", "sqrtm", "eigvals", "svdvals", "eigmax", "eigmin", "normnuc"}


class Uncounted(Exception):
    """A function for which there is no convention, or index notation."""


def count(shown: Iterable[Shown], names: Mapping[str, Value], sizes: Iterable[str]) -> Dim:
    """Three times the operations of some formulas.  Raises Uncounted."""
    counter = Counter(names, {name: Dim.of(name) for name in sizes})
    for formula in shown:
        if formula.indices or formula.where:
            raise Uncounted
        counter.value(formula.body)
    return counter.thirds


class Counter(Elaborator):
    """An elaborator that counts the operations of what it elaborates."""

    def __init__(self, names: Mapping[str, Value], sizes: Mapping[str, Dim]) -> None:
        super().__init__(None, {}, Sizes(), dict(names), dict(sizes))
        self.thirds = Dim.of(0)

    def _visit(self, node: syntax.Node, values: Mapping[int, Value]) -> Value:
        if isinstance(node, syntax.Chain):
            return self._chain(node, values)
        value = super()._visit(node, values)
        if isinstance(node, syntax.Negate) and not isinstance(node.operand, syntax.Number):
            self.thirds += 3 * elements(value)
        elif isinstance(node, syntax.Call):
            self.thirds += call_thirds(node.name, value, [values[id(a)] for a in node.arguments if id(a) in values])
        return value

    def _chain(self, node: syntax.Chain, values: Mapping[int, Value]) -> Value:
        left, total = node.operands[0], values[id(node.operands[0])]
        for operator, operand in zip(node.operators, node.operands[1:], strict=True):
            left = syntax.Chain(node.span, (left, operand), (operator,))
            result = operate(self, left, total, values[id(operand)])
            self.thirds += operator_thirds(operator, total, values[id(operand)], result, operand)
            total = result
        return total


def elements(value: Value) -> Dim:
    """The number of elements; 0 for an identity without size."""
    if isinstance(value, Identity):
        return Dim.of(0)
    return volume(value.indicator.shape if isinstance(value, Condition) else value.shape)


def operator_thirds(operator: str, left: Value, right: Value, result: Value, place: syntax.Node) -> Dim:
    """Three times the operations of one operator."""
    whole = 3 * elements(result)
    if not isinstance(left, Expr) or not isinstance(right, Expr):
        return whole
    match operator:
        case "*" if left.order and right.order:
            shared = left.shape[-1] if left.order > 1 or right.order == 1 else Dim.of(1)
            outer = shared == Dim.of(1)
            return whole if outer else 2 * whole * shared
        case ":":
            return 6 * elements(left if left.order >= right.order else right)
        case "/" if right.order == 2:
            return solve_thirds(right, volume(left.shape[:-1]))
        case "\\":
            return solve_thirds(left, volume(right.shape[1:]))
        case "^" if left.order == 2:
            n = left.shape[0]
            text = place.operand if isinstance(place, syntax.Negate) else place
            power = int(text.text) if isinstance(text, syntax.Number) and text.text.isdigit() else 1
            return 6 * n * n * n * (max(power - 1, 0) + isinstance(place, syntax.Negate))
    return whole


def solve_thirds(matrix: Expr, columns: Dim) -> Dim:
    """Three times the operations of a solution by LU."""
    n = matrix.shape[0]
    return 2 * n * n * n + 6 * n * n * columns


def call_thirds(function: str, value: Value, arguments: list[Value]) -> Dim:
    """Three times the operations of one call.  Raises Uncounted."""
    if function in FREE:
        return Dim.of(0)
    first = arguments[0] if arguments else None
    if not isinstance(first, Expr):
        return 3 * elements(value)
    if function in ITERATIVE or (function == "norm2" and first.order == 2):
        raise Uncounted
    if function in CUBES and first.order == 2:
        n = first.shape[0]
        return CUBES[function] * n * n * n
    if function == "tr":
        return 3 * first.shape[0]
    if function in REDUCTIONS and not (function in ("max", "min") and first.order == 0):
        return 3 * REDUCTIONS[function] * elements(first)
    return 3 * elements(value)
