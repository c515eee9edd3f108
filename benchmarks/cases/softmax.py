"""Softmax regression.

Enters: nothing.  Leaves: `OBJECTIVES`.  Always holds: the Numba code reads X once, in blocks of rows whose scores stay
in the cache, by products for wide problems and by loops for tiny ones.  Not for: two classes (`linear_models.py`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numba import njit

from ..objective import Array, Objective, example
from .one_pass import FAST


def _data(rng: np.random.Generator, sizes: Mapping[str, int]) -> dict[str, Array]:
    m, n, k = sizes["m"], sizes["n"], sizes["k"]
    return {
        "X": rng.normal(size=(m, n)),
        "Y": np.eye(k)[rng.integers(k, size=m)],
        "W": rng.normal(size=(n, k)) / math.sqrt(n),
    }


def _numpy(X: Array, Y: Array, W: Array) -> Any:
    Z = X @ W
    top = Z.max(1)
    value = top.sum() - np.vdot(Y, Z)
    Z -= top[:, None]
    np.exp(Z, out=Z)
    total = Z.sum(1)
    value += np.log(total).sum()
    Z /= total[:, None]
    Z -= Y
    return value, X.T @ Z


@njit(fastmath=FAST, cache=True)
def _residuals(Z: Array, Y: Array, first: int) -> float:
    """Turns scores into the derivative by them, and gives the value; row i of Z is row first + i of Y."""
    value = 0.0
    rows, k = Z.shape
    for i in range(rows):
        top = Z[i, 0]
        for c in range(1, k):
            top = max(top, Z[i, c])
        total = 0.0
        for c in range(k):
            value -= Y[first + i, c] * Z[i, c]
            Z[i, c] = math.exp(Z[i, c] - top)
            total += Z[i, c]
        value += top + math.log(total)
        for c in range(k):
            Z[i, c] = Z[i, c] / total - Y[first + i, c]
    return value


@njit(fastmath=FAST, cache=True)
def _numba(X: Array, Y: Array, W: Array) -> Any:
    m, n = X.shape
    k = W.shape[1]
    G = np.zeros((n, k))
    value = 0.0
    if m * n * k < 4000:
        Z = np.zeros((m, k))
        for i in range(m):
            for j in range(n):
                for c in range(k):
                    Z[i, c] += X[i, j] * W[j, c]
        value = _residuals(Z, Y, 0)
        for i in range(m):
            for j in range(n):
                for c in range(k):
                    G[j, c] += X[i, j] * Z[i, c]
        return value, G
    block = 256
    scores = np.empty((block, k))
    part = np.empty((n, k))
    for first in range(0, m, block):
        rows = min(block, m - first)
        Z = scores[:rows]
        np.dot(X[first : first + rows], W, Z)
        value += _residuals(Z, Y, first)
        np.dot(X[first : first + rows].T, Z, part)
        G += part
    return value, G


def _formula(np: Any, X: Any, Y: Any, W: Any) -> Any:
    Z = X @ W
    return np.sum(np.log(np.sum(np.exp(Z), axis=1))) - np.sum(Y * Z)


def _expert(np: Any, X: Any, Y: Any, W: Any) -> Any:
    Z = X @ W
    return np.sum(np.logsumexp(Z, axis=1)) - np.sum(Y * Z)


def _naive(X: Array, Y: Array, W: Array) -> Any:
    P = np.exp(X @ W) / np.sum(np.exp(X @ W), axis=1)[:, None]
    return -np.sum(Y * np.log(P)), X.T @ (P - Y)


OBJECTIVES = (
    Objective(
        name="softmax_regression",
        source=example("softmax_regression"),
        variables=("W",),
        sizes=({"m": 20, "n": 5, "k": 3}, {"m": 500, "n": 50, "k": 5}, {"m": 20000, "n": 100, "k": 10}),
        data=_data,
        formula=_formula,
        expert=_expert,
        numpy=_numpy,
        numba=_numba,
        naive=_naive,
    ),
)
