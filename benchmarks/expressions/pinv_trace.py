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
    """With S = C*C', V = X*S, P = inv(V*X'), N = V*B*V': the value is tr(P*N*P) and the gradient
    2*(P*P*V*B - (Q + Q')*X)*S with Q = P*N*P*P; S is formed where it is smaller than C."""
    small = C.shape[0] < C.shape[1]
    if small:
        S = C @ C.T
        V = X @ S
        M = V @ X.T
    else:
        Y = X @ C
        V = Y @ C.T
        M = Y @ Y.T
    VB = V @ B
    P = cholesky_inverse(cholesky(M))
    P = np.tril(P) + np.tril(P, -1).T
    N = VB @ V.T
    square = P @ P
    Q = P @ N @ square
    Q += Q.T
    inner = square @ VB @ S - Q @ V if small else (square @ (VB @ C) - Q @ Y) @ C.T
    inner *= 2
    return np.vdot(square, N), inner


def best(p: int, n: int, k: int) -> float:
    """Operations of `by_hand`, with half of each symmetric product."""
    # Y = X*C, V = Y*C', M = Y*Y', V*B*C, square*(.) - Q*Y, (.)*C'
    thin = 4 * (2 * p * n * k) + syrk(p, k) + 4 * p * p * k + p * k
    # S = C*C', V = X*S, M = V*X', square*(V*B) - Q*X, (.)*S
    wide = syrk(n, k) + 2 * (2 * p * n * n) + syrk(p, n) + 4 * p * p * n + p * n
    # V*B, N = V*B*V', inv(M), square = P*P, P*N, P*N*square, Q + Q', tr(square*N), factor 2
    common = 2 * p * n * n + syrk(p, n) + p**3 + syrk(p, p) + 4 * p**3 + p * p + 2 * p * p + p * n
    return common + min(thin, wide)


def _expression(name: str, sizes: dict[str, int]) -> Expression:
    products = ", ".join(chain.replace(" ", "*") for chain in (FIRST, FIRST, SECOND, SECOND, THIRD, THIRD))
    return Expression(
        "GENO",
        name,
        TEXT,
        sizes,
        best,
        by_hand,
        written="fn f(X: matrix[p, n], C: matrix[n, k], B: matrix[n, n], P: matrix[p, p]) ="
        f" (inv(X*C*C'*X'), {products})",
        written_shapes={"P": (sizes["p"], sizes["p"])},
        gradient=("X",),
        published=published,
    )


# The published sizes are (300, 40, 80) without saying which is which; M is invertible for these two orders.
EXPRESSIONS = (
    _expression("pinv-trace with gradient, C 80 x 300", {"p": 40, "n": 80, "k": 300}),
    _expression("pinv-trace with gradient, C 300 x 80", {"p": 40, "n": 300, "k": 80}),
)
