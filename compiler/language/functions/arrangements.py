"""Functions that arrange elements: diagonals, triangles, vec, Kronecker and other products, constant matrices.

Enters: values.  Leaves: contractions with structural constants, so that their derivatives need no table.
"""

from __future__ import annotations

from ....grammar import syntax
from ...calculus.differentiate import triangle
from ...tensor import algebra
from ...tensor.dims import Dim, extreme
from ...tensor.expr import Expr, structure
from ..elaborate import Elaborator, Value
from ..misfits import turned
from ..operators import expanded, operate, transposed
from ..sizes import size_of
from ..wording import describe
from .table import ONE, define, define_raw, fail_at, need_matrix

THREE = Dim.of(3)


@define("diag(A)")
def _diag(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    array = values[0]
    if array.order == 1:
        return algebra.diagonal(array)
    if array.order != 2:
        fail_at(scope, node, 0, array, "diag takes a vector or a matrix")
    if array.shape[0] == ONE != array.shape[1]:
        fail_at(scope, node, 0, array, "diag does not take a row", f"write diag({turned(scope, node.arguments[0])})")
    rows, columns = array.shape
    if rows.name in scope.sizes.open or columns.name in scope.sizes.open:
        scope.same(rows, columns)
    if rows == columns:
        return algebra.diagonal(array)
    size = extreme("min", rows, columns)
    from ..indexing import selection

    left, right = (selection(Dim.of(0), size, total) for total in (rows, columns))
    return algebra.contract([(array, (0, 1)), (left, (2, 0)), (right, (2, 1))], (2,), {0: rows, 1: columns, 2: size})


@define("tril(A, k)", 1)
@define("triu(A, k)", 1)
def _triangle(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    matrix = values[0]
    need_matrix(scope, node, matrix)
    offset = 0
    if len(values) == 2:
        value = algebra.number_value(values[1])
        if value is None or value.denominator != 1 or values[1].order:
            scope.fail(f"the diagonal of {node.name} is a whole number", node.arguments[1])
        offset = int(value)
    rows, columns = matrix.shape
    if node.name == "tril":
        mask, at = triangle(rows, columns, offset), (0, 1)
    else:
        mask, at = triangle(columns, rows, -offset), (1, 0)
    return algebra.contract([(matrix, (0, 1)), (mask, at)], (0, 1), {0: rows, 1: columns})


def pair(rows: Dim, columns: Dim) -> Expr:
    """The constant (m, n, m*n) that gives the elements of a matrix their places in its vec."""
    return structure("pair", (rows, columns, rows * columns))


@define("vec(A)")
def _vec(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    if values[0].order == 1:
        return values[0]
    need_matrix(scope, node, values[0])
    rows, columns = values[0].shape
    places = pair(rows, columns)
    return algebra.contract([(values[0], (0, 1)), (places, (0, 1, 2))], (2,), dict(enumerate(places.shape)))


@define_raw("unvec(x, m, n)")
def _unvec(scope: Elaborator, node: syntax.Call, values: list[Value]) -> Expr:
    vector = scope.expression(values[0], node.arguments[0])
    rows, columns = (_size(scope, size) for size in node.arguments[1:])
    if vector.order != 1 or not scope.same(vector.shape[0], rows * columns):
        fail_at(scope, node, 0, vector, f"unvec to matrix[{rows}, {columns}] needs a vector[{rows * columns}]")
    places = pair(rows, columns)
    sizes = dict(enumerate((rows, columns, vector.shape[0])))
    return algebra.contract([(vector, (2,)), (places, (0, 1, 2))], (0, 1), sizes)


@define("kron(A, B)")
def _kron(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    a, b = values
    for position, value in enumerate(values):
        if value.order > 2:
            fail_at(scope, node, position, value, "kron is of matrices and vectors")
    if not a.order or not b.order:
        return algebra.product(a, b) if not a.order else algebra.product(b, a)
    if a.order == b.order == 1:
        places = pair(b.shape[0], a.shape[0])
        return algebra.contract([(a, (1,)), (b, (0,)), (places, (0, 1, 2))], (2,), dict(enumerate(places.shape)))
    a, b = (x if x.order == 2 else algebra.broadcast(x, (0,), (*x.shape, ONE)) for x in (a, b))
    down, across = pair(b.shape[0], a.shape[0]), pair(b.shape[1], a.shape[1])
    sizes = dict(enumerate((*down.shape, *across.shape)))
    return algebra.contract([(a, (1, 4)), (b, (0, 3)), (down, (0, 1, 2)), (across, (3, 4, 5))], (2, 5), sizes)


@define("cross(x, y)")
def _cross(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    for position, value in enumerate(values):
        if value.order != 1 or not scope.same(value.shape[0], THREE):
            fail_at(scope, node, position, value, "cross is of two vectors of 3 elements")
    symbol = structure("cross", (THREE, THREE, THREE))
    return algebra.contract(
        [(symbol, (0, 1, 2)), (values[0], (1,)), (values[1], (2,))], (0,), dict.fromkeys(range(3), THREE)
    )


@define_raw("transpose(A)")
def _transpose(scope: Elaborator, node: syntax.Call, values: list[Value]) -> Value:
    return transposed(scope, syntax.Transpose(node.span, node.arguments[0]), values[0])


@define_raw("inner(A, B)")
def _inner(scope: Elaborator, node: syntax.Call, values: list[Value]) -> Expr:
    operands = [v for v in values if isinstance(v, Expr)]
    if len(operands) == 2 and operands[0].order != operands[1].order:
        a, b = (
            f"{scope.text(place)} is {describe(v.shape)}" for place, v in zip(node.arguments, operands, strict=True)
        )
        scope.fail("inner is of two arrays of one shape", node, found=f"{a}, {b}")
    if len(operands) == 2:
        return algebra.sum_over(algebra.hadamard(*expanded(scope, node, *operands)))
    product = operate(scope, syntax.Chain(node.span, node.arguments, (".*",)), *values)
    return algebra.sum_over(scope.expression(product, node))


@define("outer(x, y)")
def _outer(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    for position, value in enumerate(values):
        if value.order != 1:
            fail_at(scope, node, position, value, "outer is of two vectors")
    return algebra.outer(*values)


@define_raw("eye(n)")
def _eye(scope: Elaborator, node: syntax.Call, values: list[Value]) -> Expr:
    return algebra.delta(_size(scope, node.arguments[0]))


def _size(scope: Elaborator, place: syntax.Node) -> Dim:
    """The size that an argument is; noted where it might be negative."""
    size = size_of(scope, place)
    if not scope.sizes.not_negative(size, f"{scope.text(place)} is a size, and negative"):
        scope.fail("a size is at least 0", place, found=f"{scope.text(place)} is {size}")
    return size


@define_raw("ones(m, n, p, q)", 1)
@define_raw("zeros(m, n, p, q)", 1)
def _filled(scope: Elaborator, node: syntax.Call, values: list[Value]) -> Expr:
    shape = tuple(_size(scope, size) for size in node.arguments)
    return algebra.ones(shape) if node.name == "ones" else algebra.zero(shape)
