"""Matrix factorization with a ridge penalty.

Enters: nothing.  Leaves: `OBJECTIVES`.  Always holds: the residual is computed once for the value and both gradients.
Not for: observed entries only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numba import njit

from ..objective import RESIDUAL, Array, Objective, example
from .one_pass import FAST


def _data(rng: np.random.Generator, sizes: Mapping[str, int]) -> dict[str, Array]:
    m, n, k = sizes["m"], sizes["n"], sizes["k"]
    U, V = rng.normal(size=(m, k)), rng.normal(size=(n, k))
    return {"T": U @ V.T + RESIDUAL * rng.normal(size=(m, n)), "U": U, "V": V, "lam": RESIDUAL**2}


def _numpy(T: Array, U: Array, V: Array, lam: float) -> Any:
    R = U @ V.T
    R -= T
    value = np.vdot(R, R) / 2 + lam / 2 * (np.vdot(U, U) + np.vdot(V, V))
    GU = R @ V
    GU += lam * U
    GV = R.T @ U
    GV += lam * V
    return value, (GU, GV)


@njit(fastmath=FAST, cache=True)
def _numba(T: Array, U: Array, V: Array, lam: float) -> Any:
    """By blocks of rows: a block of the residual is used for everything while it is in the cache."""
    m, n = T.shape
    k = U.shape[1]
    GU, GV = np.empty((m, k)), lam * V
    squares = 0.0
    penalty = 0.0
    if m * n * k < 8000:
        for i in range(m):
            for c in range(k):
                GU[i, c] = lam * U[i, c]
            for j in range(n):
                r = -T[i, j]
                for c in range(k):
                    r += U[i, c] * V[j, c]
                squares += r * r
                for c in range(k):
                    GU[i, c] += r * V[j, c]
                    GV[j, c] += r * U[i, c]
    else:
        block = max(8, 65536 // n)
        residual = np.empty((block, n))
        part = np.empty((n, k))
        for first in range(0, m, block):
            last = min(first + block, m)
            R = residual[: last - first]
            np.dot(U[first:last], V.T, R)
            for i in range(last - first):
                for j in range(n):
                    R[i, j] -= T[first + i, j]
                    squares += R[i, j] * R[i, j]
            np.dot(R, V, GU[first:last])
            np.dot(R.T, U[first:last], part)
            GV += part
        GU += lam * U
    for i in range(m):
        for c in range(k):
            penalty += U[i, c] * U[i, c]
    for j in range(n):
        for c in range(k):
            penalty += V[j, c] * V[j, c]
    return 0.5 * squares + 0.5 * lam * penalty, (GU, GV)


def _formula(np: Any, T: Any, U: Any, V: Any, lam: Any) -> Any:
    return np.sum((T - U @ V.T) ** 2) / 2 + lam / 2 * (np.sum(U**2) + np.sum(V**2))


def _naive(T: Array, U: Array, V: Array, lam: float) -> Any:
    value = np.linalg.norm(T - U @ V.T) ** 2 / 2 + lam / 2 * (np.linalg.norm(U) ** 2 + np.linalg.norm(V) ** 2)
    return value, (-(T - U @ V.T) @ V + lam * U, -(T - U @ V.T).T @ U + lam * V)


OBJECTIVES = (
    Objective(
        name="factorization",
        source=example("matrix_factorization"),
        variables=("U", "V"),
        sizes=({"m": 8, "n": 6, "k": 2}, {"m": 100, "n": 80, "k": 5}, {"m": 1500, "n": 1000, "k": 20}),
        data=_data,
        formula=_formula,
        numpy=_numpy,
        numba=_numba,
        naive=_naive,
    ),
)
