"""An objective with a pseudoinverse and its gradient, which GENO publishes as 63 products of matrices and one inverse.

Enters: nothing.  Leaves: `EXPRESSIONS`.  Always holds: the published form takes every term of the gradient from the
left and shares the inverse alone.  Not for: other suites.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .by_hand import cholesky, cholesky_inverse
from .expression import Expression
from .linnea import syrk

Array = Any

TEXT = """fn f(X: matrix[p, n], C: matrix[n, k], B: symmetric matrix[n, n]) =
    tr(inv(X*C*C'*X')*X*C*C'*B*C*C'*X'*inv(X*C*C'*X'))"""

# The differential of tr(P*N*P) with P = inv(M), M = X*C*C'*X', N = X*C*C'*B*C*C'*X', dP = -P*dM*P: two terms from
# each of dP, dN, dP, for dX and dX'. The value is a prefix of the first term.
VALUE = "P X C C' B C C' X' P"
FIRST = f"{VALUE} P X C C'"
SECOND = "P P X C C' B C C' X' P X C C'"
THIRD = "P P X C C' B C C'"


def _chain(text: str, matrices: dict[str, Array]) -> Array:
    """The product of the matrices that the text names, from the left."""
    first, *others = (matrices[name[0]].T if name.endswith("'") else matrices[name] for name in text.split())
    for matrix in others:
        first = first.dot(matrix)
    return first


def published(X: Array, C: Array, B: Array) -> Any:
    """Value and gradient term by term: 65 products, two more than published, and one inverse."""
    matrices = {"X": X, "C": C, "B": B}
    matrices["P"] = np.linalg.inv(_chain("X C C' X'", matrices))
    inner = _chain(VALUE, matrices)
    gradient = -inner.dot(matrices["P"]).dot(X).dot(C).dot(C.T)
    for sign, term in ((-1, SECOND), (1, THIRD), (1, THIRD), (-1, FIRST), (-1, SECOND)):
        gradient += sign * _chain(term, matrices)
    return np.trace(inner), gradient


def by_hand(X: Array, C: Array, B: Array) -> Any:
    """With Y = X*C, V = Y*C', P = inv(Y*Y'), N = V*B*V': the value is tr(P*N*P) and the gradient
    2*(P*P*V*B*C - (Q + Q')*Y)*C' with Q = P*N*P*P."""
    Y = X @ C
    V = Y @ C.T
    VB = V @ B
    P = cholesky_inverse(cholesky(Y @ Y.T))
    P = np.tril(P) + np.tril(P, -1).T
    N = VB @ V.T
    square = P @ P
    Q = P @ N @ square
    return np.vdot(square, N), 2 * (square @ (VB @ C) - (Q + Q.T) @ Y) @ C.T


def best(p: int, n: int, k: int) -> float:
    """Operations of `by_hand`, with half of each symmetric product."""
    products = 4 * (2 * p * n * k) + 2 * p * n * n  # Y, V, V*B*C and the last; V*B
    symmetric = syrk(p, k) + syrk(p, n) + syrk(p, p)  # Y*Y', N, P*P
    return products + symmetric + p**3 + 4 * p**3 + p * p + 2 * p * p + 4 * p * p * k + 2 * p * k


EXPRESSIONS = (
    Expression(
        "GENO",
        "pinv-trace, value and gradient",
        TEXT,
        {"p": 40, "n": 300, "k": 80},
        best,
        by_hand,
        written="fn f(X: matrix[p, n], C: matrix[n, k], B: matrix[n, n], P: matrix[p, p]) = (inv(X*C*C'*X'), "
        + ", ".join(chain.replace(" ", "*") for chain in (FIRST, FIRST, SECOND, SECOND, THIRD, THIRD))
        + ")",
        written_shapes={"P": (40, 40)},
        gradient=("X",),
        published=published,
    ),
)
