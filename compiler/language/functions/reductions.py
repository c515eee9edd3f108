"""Reductions of arrays, of everything or along an axis of a matrix.

Enters: values, and the literal axis 1 (down the columns) or 2 (along the rows).  Leaves: contractions and `Reduce`
nodes.  Always holds: what is reduced down the columns is a row `matrix[1, n]`, along the rows a vector.
"""

from __future__ import annotations

from ....grammar import syntax
from ...tensor import algebra
from ...tensor.dims import Dim
from ...tensor.expr import Expr, structure
from ..elaborate import Elaborator, Value
from .elementwise import elementwise
from .table import ONE, define, fail_at


def _axis(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> tuple[int, ...] | None:
    """The axes to reduce: all, or the one that the second argument names; None when it is not 1 or 2."""
    matrix = values[0]
    if len(values) == 1:
        return tuple(range(matrix.order))
    place = node.arguments[1]
    if not isinstance(place, syntax.Number) or place.text not in ("1", "2"):
        return None
    if matrix.order != 2:
        fail_at(scope, node, 0, matrix, f"{node.name} along an axis needs a matrix")
    return (int(place.text) - 1,)


def _along(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> tuple[int, ...]:
    axes = _axis(scope, node, values)
    if axes is None:
        scope.fail("the axis is 1 (down the columns) or 2 (along the rows)", node.arguments[1])
    return axes


def _as_row(reduced: Expr, axes: tuple[int, ...], original: Expr) -> Expr:
    if axes == (0,) and original.order == 2:
        return algebra.broadcast(reduced, (1,), (ONE, original.shape[1]))
    return reduced


@define("sum(X, axis)", 1)
def _sum(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    axes = _along(scope, node, values)
    return _as_row(algebra.sum_over(values[0], axes), axes, values[0])


@define("logsumexp(X, axis)", 1)
def reduction(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    """`max`, `min`, `logsumexp` or `prod` of everything, or along an axis."""
    axes = _along(scope, node, values)
    if node.name in ("max", "min") and any(values[0].shape[axis].value == 0 for axis in axes):
        fail_at(scope, node, 0, values[0], f"{node.name} of nothing")
    return _as_row(algebra.reduce_(node.name, values[0], axes), axes, values[0])


@define("prod(X, axis)", 1)
def _prod(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    axes = _along(scope, node, values)
    return _as_row(algebra.reduce_("prod", values[0], axes), axes, values[0])


@define("prodothers(x)")
def _prod_others(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    if not values[0].order:
        fail_at(scope, node, 0, values[0], "prodothers is of an array")
    return algebra.atom("prodothers", values, values[0].shape)


@define("cumsum(X, axis)", 1)
def _cumsum(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    array = values[0]
    if len(values) == 1 and array.order != 1:
        hint = f"write cumsum({scope.text(node.arguments[0])}, 1) for sums down the columns" if array.order == 2 else ""
        fail_at(scope, node, 0, array, "cumsum is of a vector, or of a matrix along an axis", hint)
    (axis,) = _along(scope, node, values)
    size = array.shape[axis]
    steps = structure("tril", (size, size), Dim.of(0))
    labels = list(range(array.order))
    outputs = [array.order if k == axis else k for k in labels]
    sizes = dict(enumerate(array.shape)) | {array.order: size}
    return algebra.contract([(array, tuple(labels)), (steps, (array.order, axis))], outputs, sizes)


@define("max(a, b)", 1)
@define("min(a, b)", 1)
def _extreme(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Value:
    literal = len(node.arguments) == 2 and isinstance(node.arguments[1], syntax.Number)
    if len(values) == 1 or (values[0].order == 2 and literal and _axis(scope, node, values)):
        return reduction(scope, node, values)
    return elementwise(scope, node, values)


@define("numel(x)")
def _numel(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    total = ONE
    for size in values[0].shape:
        total = total * size
    return algebra.size_scalar(total)


@define("rows(A)")
def _rows(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    if not values[0].order:
        fail_at(scope, node, 0, values[0], "a scalar has no rows")
    return algebra.size_scalar(values[0].shape[0])
