"""Products of matrices: quadratic forms, traces, sandwiches, and a chain that the data alone decide.

Enters: nothing.  Leaves: `OBJECTIVES`.  Always holds: the expert associates so that the fewest operations are left, and
reads a symmetric matrix once.  Not for: factorizations.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from scipy.linalg.blas import dsymv

from ..objective import RESIDUAL, Array, Objective, Random, Sizes
from .one_pass import FAST


def _symmetric(rng: Random, n: int) -> Array:
    A = rng.normal(size=(n, n))
    return (A + A.T) / 2


def _quadratic_numpy(A: Array, x: Array) -> Any:
    Ax = dsymv(1.0, A.T, x)
    return x @ Ax, 2 * Ax


@njit(fastmath=FAST, cache=True)
def _quadratic_numba(A: Array, x: Array) -> Any:
    """Reads the lower triangle once."""
    n = len(x)
    g = np.zeros(n)
    value = 0.0
    for i in range(n):
        total = 0.0
        for j in range(i):
            total += A[i, j] * x[j]
            g[j] += A[i, j] * x[i]
        g[i] += total + A[i, i] * x[i]
    for i in range(n):
        value += g[i] * x[i]
        g[i] *= 2
    return value, g


def _sandwich_data(rng: Random, sizes: Sizes) -> dict[str, Array]:
    n, k = sizes["n"], sizes["k"]
    A, B, X = rng.normal(size=(n, k)), rng.normal(size=(k, n)), rng.normal(size=(k, k)) / k
    return {"A": A, "B": B, "C": A @ X @ B + RESIDUAL * rng.normal(size=(n, n)), "X": X}


def _sandwich_numpy(A: Array, B: Array, C: Array, X: Array) -> Any:
    R = (A @ X) @ B
    R -= C
    return np.vdot(R, R), 2 * (A.T @ (R @ B.T))


def _chain_numpy(A: Array, B: Array, C: Array, x: Array, y: Array) -> Any:
    g = ((y @ A) @ B) @ C
    return g @ x, g


def _chain_data(rng: Random, sizes: Sizes) -> dict[str, Array]:
    n = sizes["n"]
    matrices = {name: rng.normal(size=(n, n)) / np.sqrt(n) for name in "ABC"}
    return {**matrices, "x": rng.normal(size=n), "y": rng.normal(size=n)}


def _portfolio_numpy(F: Array, d: Array, mu: Array, w: Array, lam: float) -> Any:
    Fw, dw = F.T @ w, d * w
    g = F @ Fw
    g += dw
    g *= 2 * lam
    g -= mu
    return lam * (Fw @ Fw + w @ dw) - mu @ w, g


def _portfolio_formula(np: Any, F: Any, d: Any, mu: Any, w: Any, lam: Any) -> Any:
    return lam * np.dot(w, (F @ F.T + np.diag(d)) @ w) - np.dot(mu, w)


def _portfolio_expert(np: Any, F: Any, d: Any, mu: Any, w: Any, lam: Any) -> Any:
    Fw = F.T @ w
    return lam * (np.dot(Fw, Fw) + np.sum(d * w * w)) - np.dot(mu, w)


OBJECTIVES = (
    Objective(
        "quadratic", "fn quadratic(A: symmetric matrix[n, n], x: vector[n]) = x'*A*x", ("x",),
        ({"n": 3}, {"n": 100}, {"n": 1500}),
        lambda rng, sizes: {"A": _symmetric(rng, sizes["n"]), "x": rng.normal(size=sizes["n"])},
        formula=lambda np, A, x: np.dot(x, A @ x),
        numpy=_quadratic_numpy,
        numba=_quadratic_numba,
        naive=lambda A, x: (x @ A @ x, A @ x + A.T @ x),
    ),
    Objective(
        "trace_of_four",
        "fn trace_of_four(A: matrix[n, n], B: symmetric matrix[n, n], C: symmetric matrix[n, n]) = tr(A*B*A'*C)",
        ("A",), ({"n": 4}, {"n": 40}, {"n": 300}),
        lambda rng, sizes: {
            "A": rng.normal(size=(sizes["n"],) * 2), "B": _symmetric(rng, sizes["n"]), "C": _symmetric(rng, sizes["n"]),
        },
        formula=lambda np, A, B, C: np.trace(A @ B @ A.T @ C),
        expert=lambda np, A, B, C: np.sum((C @ A) * (A @ B)),
        numpy=lambda A, B, C: (np.vdot(A, G := C @ (A @ B)), 2 * G),
        naive=lambda A, B, C: (np.trace(A @ B @ A.T @ C), C.T @ A @ B.T + C @ A @ B),
    ),
    Objective(
        "sandwich",
        "fn sandwich(A: matrix[n, k], B: matrix[k, n], C: matrix[n, n], X: matrix[k, k]) = normfro(A*X*B - C)^2",
        ("X",), ({"n": 6, "k": 3}, {"n": 60, "k": 20}, {"n": 500, "k": 100}),
        _sandwich_data,
        formula=lambda np, A, B, C, X: np.sum((A @ X @ B - C) ** 2),
        numpy=_sandwich_numpy,
        naive=lambda A, B, C, X: (np.linalg.norm(A @ X @ B - C) ** 2, 2 * A.T @ (A @ X @ B - C) @ B.T),
    ),
    Objective(
        "chain",
        "fn chain(A: matrix[n, n], B: matrix[n, n], C: matrix[n, n], x: vector[n], y: vector[n]) = y'*A*B*C*x", ("x",),
        ({"n": 4}, {"n": 60}, {"n": 500}),
        _chain_data,
        formula=lambda np, A, B, C, x, y: np.dot(y, A @ B @ C @ x),
        expert=lambda np, A, B, C, x, y: np.dot(y, A @ (B @ (C @ x))),
        numpy=_chain_numpy,
        naive=lambda A, B, C, x, y: (y @ (A @ B @ C @ x), (A @ B @ C).T @ y),
    ),
    Objective(
        "portfolio",
        "fn portfolio(F: matrix[n, k], d: positive vector[n], mu: vector[n], w: vector[n], lam: positive scalar) ="
        " lam * w'*(F*F' + diag(d))*w - mu'*w", ("w",),
        ({"n": 8, "k": 2}, {"n": 100, "k": 10}, {"n": 2000, "k": 40}),
        lambda rng, sizes: {
            "F": rng.normal(size=(sizes["n"], sizes["k"])), "d": rng.uniform(0.5, 2, size=sizes["n"]),
            "mu": rng.normal(size=sizes["n"]), "w": rng.normal(size=sizes["n"]), "lam": 0.5,
        },
        formula=_portfolio_formula,
        expert=_portfolio_expert,
        numpy=_portfolio_numpy,
    ),
)  # fmt: skip
