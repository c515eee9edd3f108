"""What the LAMP suite adds to LAAB: solves by structure, chains with a thin middle, parts of products.

Enters: nothing.  Leaves: `EXPRESSIONS`.  Always holds: a solve has as many right-hand sides as unknowns.  Not for:
other suites.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .by_hand import cholesky, cholesky_solve, lower_solve, solve, symmetric_times
from .expression import Expression

Array = Any
N = {"n": 1000}
M = "matrix[n, n]"


def _lamp(name: str, parameters: str, text: str, best: Any, by_hand: Any) -> Expression:
    return Expression("LAMP", name, f"fn f({parameters}) = {text}", N, best, by_hand)


EXPRESSIONS = (
    # LU, 2/3 n^3, and a solve for n right-hand sides; the inverse would cost 4 n^3 in all.
    _lamp("inv(A)*B", f"A: {M}, B: {M}", "inv(A)*B", lambda n: 2 / 3 * n**3 + 2 * n**3, solve),
    # Cholesky takes half of LU.
    _lamp(
        "inv(S)*B, S posdef",
        f"S: posdef {M}, B: {M}",
        "inv(S)*B",
        lambda n: n**3 / 3 + 2 * n**3,
        lambda S, B: cholesky_solve(cholesky(S), B),
    ),
    _lamp("inv(L)*B, L lower", f"L: lower {M}, B: {M}", "inv(L)*B", lambda n: n**3, lower_solve),
    _lamp(
        "inv(D)*B, D diagonal",
        f"D: diagonal {M}, B: {M}",
        "inv(D)*B",
        lambda n: n * n,  # a row is divided by a number
        lambda D, B: B / D.diagonal()[:, None],
    ),
    _lamp("S*B, S symmetric", f"S: symmetric {M}, B: {M}", "S*B", lambda n: 2 * n**3, symmetric_times),
    # The middle size is 20: (A*B)*C would be 2 n^3 more.
    Expression(
        "LAMP",
        "A*B*C, thin middle",
        "fn f(A: matrix[n, k], B: matrix[k, n], C: matrix[n, n]) = A*B*C",
        {"n": 1000, "k": 20},
        lambda n, k: 4 * n * n * k,
        lambda A, B, C: A @ (B @ C),
    ),
    # Wide, thin, wide: the order is decided by the sizes.
    Expression(
        "LAMP",
        "A*B*C*D, chain",
        "fn f(A: matrix[a, b], B: matrix[b, c], C: matrix[c, d], D: matrix[d, e]) = A*B*C*D",
        {"a": 600, "b": 40, "c": 900, "d": 30, "e": 800},
        # (A*(B*C))*D
        lambda a, b, c, d, e: 2 * (b * c * d + a * b * d + a * d * e),
        lambda A, B, C, D: (A @ (B @ C)) @ D,
    ),
    _lamp(
        "diag(A*B)",
        f"A: {M}, B: {M}",
        "diag(A*B)",
        lambda n: 2 * n * n,
        lambda A, B: np.einsum("ij,ji->i", A, B),
    ),
    _lamp("tr(A*B)", f"A: {M}, B: {M}", "tr(A*B)", lambda n: 2 * n * n, lambda A, B: np.einsum("ij,ji->", A, B)),
    _lamp("(A*B)[:, 2]", f"A: {M}, B: {M}", "(A*B)[:, 2]", lambda n: 2 * n * n, lambda A, B: A @ B[:, 2]),
)
