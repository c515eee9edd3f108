"""F'*S*F with S symmetric, at less than the price of two products.

Enters: a contraction and the cost of its best order.  Leaves: its `Use`, or None where that order is cheaper.  Always
holds: S is not a diagonal matrix and not an inverse.  Not for: F'*inv(S)*F and F'*diag(w)*F (`component.py`).

If S is definite, S = L*L' and the result is (L'*F)'*(L'*F): a factorization, a triangular product and half a product.
Else S = T + T', T lower triangular with half of the diagonal, and the result is F'*(T*F) + (T*F)'*F: a triangular
product and syr2k.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..tensor import algebra
from ..tensor.contraction import contract, symmetric
from ..tensor.expr import Atom, Contract, Expr, structure
from ..tensor.properties import has
from .build import Builder, Use
from .cells import product_cell
from .guess import Guess
from .identities import layers
from .order import CALL, GEMM, LOOP, PASS, SOLVE
from .tasks import ZERO, BodyBuilder, Cells, Place, Product, Read, Window, number, plain, through


@dataclass(frozen=True, slots=True)
class _Form:
    """F'*S*F, F with its axis that meets S first."""

    matrix: Expr
    outer: Expr


def congruence(builder: Builder, expression: Contract, limit: float) -> Use | None:
    """The use of the contraction, if there is a way that costs less than `limit`."""
    form = _form(expression)
    if form is None:
        return None
    m, n = (builder.guess(size) for size in form.outer.shape)
    rooted, split = _costs(form, m, n, form.matrix in builder.factored)
    # The limit has the cost of F if that is a product.
    alone = len(expression.factors) == 3 and min(rooted, split) < limit
    if not alone and expression not in builder.congruences:
        return None
    return builder.use(_rooted(form)) if rooted <= split else _split(builder, expression, form)


def pays(expression: Contract, guess: Guess) -> bool:
    """Whether the contraction is F'*S*F, with less operations than a product and half a product take that nothing else
    wants."""
    form = _form(expression)
    if form is None:
        return False
    m, n = (guess(size) for size in form.outer.shape)
    return min(_costs(form, m, n, known=True)) < 2 * CALL + GEMM * m * n * (2 * m + n)


def _costs(form: _Form, m: float, n: float, known: bool) -> tuple[float, float]:
    """The costs by a Cholesky factor (which may be known) and by a triangle."""
    triangular = CALL + GEMM * m * m * n + PASS * m * n
    rooted = triangular + GEMM * m * n * n + CALL + (0.0 if known else SOLVE * m**3 / 3 + CALL + PASS * m * m)
    split = triangular + 2 * GEMM * m * n * n + CALL + 3 * LOOP * m * n
    return (rooted if has(form.matrix, "posdef") else math.inf), split


def _form(expression: Contract) -> _Form | None:
    if expression.order != 2 or len(expression.factors) < 3 or not symmetric(expression):
        return None
    for outer, matrix in layers(expression):
        if matrix is None or isinstance(matrix, Contract) or not symmetric(matrix) or has(matrix, "diagonal"):
            continue
        if not isinstance(matrix, Atom) or matrix.function != "inv":
            return _Form(matrix, outer)
    return None


def _rooted(form: _Form) -> Expr:
    root = algebra.atom("chol", (form.matrix,), form.matrix.shape)
    m, n = form.outer.shape
    factors = [(form.outer, (2, 0)), (form.outer, (3, 1)), (root, (2, 4)), (root, (3, 4))]
    return contract(factors, (0, 1), {0: n, 1: n, 2: m, 3: m, 4: m})


def _split(builder: Builder, expression: Expr, form: _Form) -> Use:
    m, n = form.outer.shape
    matrix = builder.use(form.matrix)
    outer = builder.use(form.outer)
    i, j, k = plain(0), plain(1), plain(2)
    # syr2k wants both operands stored the same way.
    straight = through(outer.read((i, j))).place[0].label == 0
    row, column = (0, 1) if straight else (1, 0)
    shape = (m, n) if straight else (n, m)

    def stored(at: Place) -> Place:
        return at if straight else at[::-1]

    # T*F: labels row, column as it is stored, and the one that is summed.
    extents = (*shape, m)
    r, c = plain(row), plain(column)
    below = structure("tril", form.matrix.shape, ZERO)
    body = BodyBuilder()
    placed = [(form.matrix, (r, k)), (below, (r, k)), (form.outer, (k, c))]
    loop = body.finish(product_cell(builder.cell, body, placed))
    windows = (
        Window(through(matrix.read((r, k))), ((row,), (2,)), extents),
        Window(through(outer.read((k, c))), ((2,), (column,)), extents),
    )
    lower = builder.task(Product("trmm_lower", extents, 2, windows, ((row,), (column,)), loop))
    body = BodyBuilder()
    diagonal = body.op("mul", number(0.5), body.read(matrix.read((r, r))))
    own = body.op("mul", diagonal, body.read(through(outer.read((r, c)))))
    half = body.op("sub", body.read(Read(lower, (i, j))), own)
    product = builder.task(Cells(shape, 2, body.finish(half)))
    body = BodyBuilder()
    first, second = through(outer.read((k, i))), Read(product, stored((k, i)))
    pairs = [
        body.op("mul", body.read(first), body.read(Read(product, stored((k, j))))),
        body.op("mul", body.read(through(outer.read((k, j)))), body.read(second)),
    ]
    loop = body.finish(body.op("add", *pairs))
    extents = (n, n, m)
    windows = (Window(first, ((0,), (2,)), extents), Window(second, ((0,), (2,)), extents))
    return builder.define(expression, builder.task(Product("syr2k", extents, 2, windows, ((0,), (1,)), loop)))
