"""A network with one hidden layer.

Enters: nothing.  Leaves: `OBJECTIVES`.  Always holds: the backward pass is the textbook's.  Not for: deeper networks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numba import njit

from ..objective import RESIDUAL, Array, Objective, example
from .one_pass import FAST


def _data(rng: np.random.Generator, sizes: Mapping[str, int]) -> dict[str, Array]:
    m, n, h, k = (sizes[name] for name in "mnhk")
    X = rng.normal(size=(m, n))
    A, b, B = rng.normal(size=(n, h)) / math.sqrt(n), rng.normal(size=h), rng.normal(size=(h, k)) / math.sqrt(h)
    Y = np.tanh(X @ A + b) @ B + RESIDUAL * rng.normal(size=(m, k))
    return {"X": X, "Y": Y, "A": A, "b": b, "B": B}


def _numpy(X: Array, Y: Array, A: Array, b: Array, B: Array) -> Any:
    m = len(X)
    H = X @ A
    H += b
    np.tanh(H, out=H)
    E = H @ B
    E -= Y
    value = np.vdot(E, E) / (2 * m)
    E /= m
    D = E @ B.T
    GB = H.T @ E
    H *= H
    np.subtract(1.0, H, out=H)
    D *= H
    return value, (X.T @ D, D.sum(0), GB)


@njit(fastmath=FAST, cache=True)
def _product(A: Array, B: Array, C: Array) -> None:
    """C = A*B; by loops where the call of BLAS would cost more than the product."""
    m, n = C.shape
    inner = A.shape[1]
    if m * n * inner > 1000:
        np.dot(A, B, C)
        return
    for i in range(m):
        for j in range(n):
            s = 0.0
            for p in range(inner):
                s += A[i, p] * B[p, j]
            C[i, j] = s


@njit(fastmath=FAST, cache=True)
def _numba(X: Array, Y: Array, A: Array, b: Array, B: Array) -> Any:
    """By blocks of rows: the hidden layer of a block stays in the cache."""
    m, n = X.shape
    h, k = B.shape
    GA, Gb, GB = np.zeros((n, h)), np.zeros(h), np.zeros((h, k))
    part_A, part_B = np.empty((n, h)), np.empty((h, k))
    block = min(m, 256)
    hidden, errors, back = np.empty((block, h)), np.empty((block, k)), np.empty((block, h))
    value = 0.0
    for first in range(0, m, block):
        last = min(first + block, m)
        rows = last - first
        H, E, D = hidden[:rows], errors[:rows], back[:rows]
        _product(X[first:last], A, H)
        for i in range(rows):
            for j in range(h):
                H[i, j] = math.tanh(H[i, j] + b[j])
        _product(H, B, E)
        for i in range(rows):
            for c in range(k):
                e = E[i, c] - Y[first + i, c]
                value += e * e
                E[i, c] = e / m
        _product(E, B.T, D)
        _product(H.T, E, part_B)
        for i in range(rows):
            for j in range(h):
                d = D[i, j] * (1.0 - H[i, j] * H[i, j])
                D[i, j] = d
                Gb[j] += d
        _product(X[first:last].T, D, part_A)
        GA += part_A
        GB += part_B
    return value / (2 * m), (GA, Gb, GB)


def _formula(np: Any, X: Any, Y: Any, A: Any, b: Any, B: Any) -> Any:
    Z = X @ A
    H = np.tanh(Z + np.every_row(b, Z))
    return np.sum((H @ B - Y) ** 2) / (2 * X.shape[0])


OBJECTIVES = (
    Objective(
        name="network",
        source=example("network"),
        variables=("A", "b", "B"),
        sizes=(
            {"m": 10, "n": 5, "h": 4, "k": 2},
            {"m": 200, "n": 30, "h": 20, "k": 5},
            {"m": 5000, "n": 100, "h": 100, "k": 10},
        ),
        data=_data,
        formula=_formula,
        numpy=_numpy,
        numba=_numba,
    ),
)
