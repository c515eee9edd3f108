"""A loss of X*w, row by row, in one pass over X: the expert's Numba code for generalized linear models.

Enters: a loss.  Leaves: a function that gives the sum of the loss and its gradient.  Always holds: X is read once, four
rows at a time, as an expert does who knows that these objectives are bound by memory.  Not for: several outputs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from ..objective import Array

FAST = {"reassoc", "contract"}  # lets sums be vectorised, and keeps inf and nan


def pass_over(loss: Any) -> Any:
    """The sum of loss(z[i], y[i]), z = X*w, and its gradient; `loss` gives the value and its derivative in z."""

    @njit(fastmath=FAST, cache=True)
    def total(X: Array, y: Array, w: Array) -> Any:
        m, n = X.shape
        g = np.zeros(n)
        value = 0.0
        whole = m - m % 4
        for i in range(0, whole, 4):
            z0 = z1 = z2 = z3 = 0.0
            for j in range(n):
                z0 += X[i, j] * w[j]
                z1 += X[i + 1, j] * w[j]
                z2 += X[i + 2, j] * w[j]
                z3 += X[i + 3, j] * w[j]
            v0, d0 = loss(z0, y[i])
            v1, d1 = loss(z1, y[i + 1])
            v2, d2 = loss(z2, y[i + 2])
            v3, d3 = loss(z3, y[i + 3])
            value += v0 + v1 + v2 + v3
            for j in range(n):
                g[j] += d0 * X[i, j] + d1 * X[i + 1, j] + d2 * X[i + 2, j] + d3 * X[i + 3, j]
        for i in range(whole, m):
            z = 0.0
            for j in range(n):
                z += X[i, j] * w[j]
            v, d = loss(z, y[i])
            value += v
            for j in range(n):
                g[j] += d * X[i, j]
        return value, g

    return total


@njit(fastmath=FAST, cache=True)
def add_ridge(value: float, g: Array, w: Array, lam: float, scale: float) -> float:
    """scale*value + lam/2*w'*w; the gradient is changed accordingly."""
    square = 0.0
    for j in range(len(w)):
        square += w[j] * w[j]
        g[j] = scale * g[j] + lam * w[j]
    return scale * value + lam / 2 * square
