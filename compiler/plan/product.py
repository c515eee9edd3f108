"""The product of two arrays: which routine or loop computes it.

Enters: two factors with labels.  Leaves: a task.  Always holds: a loop where elements are multiplied or whole arrays
are summed up, so that it can be fused; BLAS where a matrix is multiplied.  Not for: the order of products (`order.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..tensor.contraction import symmetric
from ..tensor.dims import Dim
from ..tensor.expr import Atom, Contract, Expr, Structure
from ..tensor.properties import has
from .build import Builder, Use
from .cells import product_cell
from .expand import expanded
from .tasks import BodyBuilder, Cells, Product, Read, Shape, Window, plain, through

Operand = tuple[Expr, list[int]]  # an expression and the label of each of its axes


def multiply(
    builder: Builder, expression: Expr, outputs: Sequence[int], sizes: Mapping[int, Dim], left: Operand, right: Operand,
    solve: int | None,
) -> Use:  # fmt: skip
    """The contraction of two operands; the labels that are not outputs are summed.

    `solve` tells which operand is an inverse that is applied by solving a system.
    """
    kept = set(outputs)
    if solve is not None:
        from .atoms import solved

        inverse, other = (left, right) if solve == 0 else (right, left)
        assert isinstance(inverse[0], Atom)
        return solved(builder, expression, outputs, inverse[0], inverse[1], other)
    summed = [label for label in dict.fromkeys([*left[1], *right[1]]) if label not in kept]
    order = [*outputs, *summed]
    extents = tuple(sizes[label] for label in order)
    local = {label: k for k, label in enumerate(order)}
    operands = [(e, [local[label] for label in labels]) for e, labels in (left, right)]
    body = BodyBuilder()
    result = product_cell(builder.cell, body, [(e, tuple(plain(k) for k in labels)) for e, labels in operands])
    finished = body.finish(result)
    count = len(outputs)
    shared = [k for k in operands[0][1] if k in operands[1][1]]
    inner = [k for k in shared if k >= count]
    rows = [k for k in operands[0][1] if k not in shared]
    columns = [k for k in operands[1][1] if k not in shared]
    if not inner or len(inner) < len(shared) or not (rows or columns):
        return builder.define(expression, builder.task(Cells(extents, count, finished, "sum")))
    if not rows:
        operands.reverse()
        rows, columns = columns, rows
    a, b = operands
    reads = [through(builder.use(e).read(tuple(plain(k) for k in labels))) for e, labels in (a, b)]
    body = BodyBuilder()
    loop = body.finish(body.op("mul", *[body.read(read) for read in reads]))
    m, k, n = tuple(rows), tuple(inner), tuple(columns)
    routine, inputs, groups = _routine(a, b, reads, m, k, n, extents)
    if routine.startswith("cumsum"):
        loop = finished  # the triangle is a comparison of indices, which nobody stores
    if routine == "gemm" and _is_symmetric(expression):
        routine = "gemmt"
    return builder.define(expression, builder.task(Product(routine, extents, count, inputs, groups, loop)))


def _is_symmetric(expression: Expr) -> bool:
    """Whether a matrix is symmetric, also where that shows only when it is multiplied out."""
    if symmetric(expression) or not isinstance(expression, Contract) or expression.order != 2:
        return symmetric(expression)
    return expression.shape[0] == expression.shape[1] and symmetric(expanded(expression))


Groups = tuple[tuple[int, ...], ...]


def _routine(
    a: Operand,
    b: Operand,
    reads: list[Read],
    m: tuple[int, ...],
    k: tuple[int, ...],
    n: tuple[int, ...],
    extents: Shape,
) -> tuple[str, tuple[Window, ...], Groups]:
    """The BLAS routine for rows m, inner labels k and columns n."""
    left, right = reads
    running = _running_sum(a, m, k)
    if running:
        return running, (Window(right, (k, n) if n else (k,), extents),), (m, n) if n else (m,)
    running = _running_sum(b, n, k)
    if running:
        return running, (Window(left, (k, m), extents),), (n, m)
    triangle = _triangle(a, m, k)
    if triangle:
        side = (k, n) if n else (k,)
        return f"trmm_{triangle}", (Window(left, (m, k), extents), Window(right, side, extents)), (m, n) if n else (m,)
    if not n:
        name = "symv" if has(a[0], "symmetric") else "gemv"
        return name, (Window(left, (m, k), extents), Window(right, (k,), extents)), (m,)
    if len(m) == len(n) and left.task is right.task and [extents[x] for x in m] == [extents[y] for y in n]:
        swapped = {x: plain(y) for x, y in zip(m, n, strict=True)} | {x: plain(x) for x in k}
        if left.at(swapped) == right:
            return "syrk", (Window(left, (m, k), extents),), (m, n)
    triangle = _triangle(b, n, k)
    if triangle:  # C = A T is C' = T' A'
        return f"trmm_{triangle}", (Window(right, (n, k), extents), Window(left, (k, m), extents)), (n, m)
    return "gemm", (Window(left, (m, k), extents), Window(right, (k, n), extents)), (m, n)


def _triangle(operand: Operand, rows: tuple[int, ...], columns: tuple[int, ...]) -> str:
    """`lower` or `upper` if the operand is such a square matrix with these rows."""
    expression, labels = operand
    if len(labels) != 2 or expression.shape[0] != expression.shape[1]:
        return ""
    straight = labels == [*rows, *columns]
    for name, other in (("lower", "upper"), ("upper", "lower")):
        if has(expression, name):
            return name if straight else other
    return ""


def _running_sum(operand: Operand, rows: tuple[int, ...], columns: tuple[int, ...]) -> str:
    """The routine that multiplies by a triangle of ones, which is never made."""
    expression, labels = operand
    if not isinstance(expression, Structure) or expression.kind != "tril" or expression.shape[0] != expression.shape[1]:
        return ""
    if expression.parameters[0].value != 0 or len(rows) != 1 or len(columns) != 1:
        return ""
    return "cumsum" if labels == [*rows, *columns] else "cumsum_reversed"
