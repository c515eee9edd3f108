"""Linear models: least squares, ridge, logistic and Poisson regression.

Enters: nothing.  Leaves: `OBJECTIVES`.  Always holds: the Numba code reads X once, four rows at a time, as an expert
does who knows that these objectives are bound by memory.  Not for: several outputs (`softmax.py`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numba import njit
from scipy.special import expit

from ..objective import RESIDUAL, Array, Objective, Sizes

SIZES: tuple[Sizes, Sizes, Sizes] = ({"m": 20, "n": 5}, {"m": 500, "n": 50}, {"m": 20000, "n": 100})
FAST = {"reassoc", "contract"}  # lets sums be vectorised, and keeps inf and nan


def _data(rng: np.random.Generator, sizes: Mapping[str, int]) -> dict[str, Array]:
    m, n = sizes["m"], sizes["n"]
    X, w = rng.normal(size=(m, n)), rng.normal(size=n) / math.sqrt(n)
    return {"X": X, "y": X @ w + RESIDUAL * rng.normal(size=m), "w": w}


def _penalized(rng: np.random.Generator, sizes: Mapping[str, int]) -> dict[str, Array]:
    return _data(rng, sizes) | {"lam": RESIDUAL**2}


def _labels(rng: np.random.Generator, sizes: Mapping[str, int]) -> dict[str, Array]:
    data = _penalized(rng, sizes)
    return data | {"y": (data["X"] @ data["w"] + rng.normal(size=sizes["m"]) > 0) * 1.0, "lam": 0.1}


def _counts(rng: np.random.Generator, sizes: Mapping[str, int]) -> dict[str, Array]:
    data = _data(rng, sizes)
    return data | {"y": rng.poisson(np.exp(data["X"] @ data["w"])) * 1.0}


# By hand in NumPy: two products with X, and as few temporaries as there can be.


def _least_squares_numpy(X: Array, y: Array, w: Array) -> Any:
    r = X @ w
    r -= y
    return r @ r / 2, r @ X


def _ridge_numpy(X: Array, y: Array, w: Array, lam: float) -> Any:
    r = X @ w
    r -= y
    g = r @ X
    g += lam * w
    g *= 2
    return r @ r + lam * (w @ w), g


def _logistic_numpy(X: Array, y: Array, w: Array, lam: float) -> Any:
    z = X @ w
    value = (np.logaddexp(0.0, z).sum() - y @ z) / len(y) + lam / 2 * (w @ w)
    p = expit(z, out=z)
    p -= y
    g = p @ X
    g /= len(y)
    g += lam * w
    return value, g


def _poisson_numpy(X: Array, y: Array, w: Array) -> Any:
    z = X @ w
    e = np.exp(z)
    value = e.sum() - y @ z
    e -= y
    return value, e @ X


# By hand in Numba: one pass over X.


def _pass_over(loss: Any) -> Any:
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


@njit(cache=True)
def _square(z: float, y: float) -> Any:
    r = z - y
    return 0.5 * r * r, r


@njit(cache=True)
def _logistic_loss(z: float, y: float) -> Any:
    e = math.exp(-abs(z))
    p = (1.0 if z >= 0 else e) / (1 + e)
    return max(z, 0.0) + math.log1p(e) - y * z, p - y


@njit(cache=True)
def _poisson_loss(z: float, y: float) -> Any:
    e = math.exp(z)
    return e - y * z, e - y


_least_squares_numba = _pass_over(_square)
_logistic_pass = _pass_over(_logistic_loss)
_poisson_numba = _pass_over(_poisson_loss)


@njit(fastmath=FAST, cache=True)
def _ridge_numba(X: Array, y: Array, w: Array, lam: float) -> Any:
    value, g = _least_squares_numba(X, y, w)
    square = 0.0
    for j in range(len(w)):
        square += w[j] * w[j]
        g[j] = 2 * (g[j] + lam * w[j])
    return 2 * value + lam * square, g


@njit(fastmath=FAST, cache=True)
def _logistic_numba(X: Array, y: Array, w: Array, lam: float) -> Any:
    value, g = _logistic_pass(X, y, w)
    square = 0.0
    for j in range(len(w)):
        square += w[j] * w[j]
        g[j] = g[j] / len(y) + lam * w[j]
    return value / len(y) + lam / 2 * square, g


# For PyTorch.


def _least_squares_torch(X: Any, y: Any, w: Any) -> Any:
    r = X @ w - y
    return r @ r / 2


def _ridge_torch(X: Any, y: Any, w: Any, lam: Any) -> Any:
    r = X @ w - y
    return r @ r + lam * (w @ w)


def _logistic_torch(X: Any, y: Any, w: Any, lam: Any) -> Any:
    from torch.nn.functional import binary_cross_entropy_with_logits

    return binary_cross_entropy_with_logits(X @ w, y) + lam / 2 * (w @ w)


def _poisson_torch(X: Any, y: Any, w: Any) -> Any:
    z = X @ w
    return z.exp().sum() - y @ z


# As one writes them down.


def _logistic(np: Any, X: Any, y: Any, w: Any, lam: Any) -> Any:
    z = X @ w
    return np.mean(np.logaddexp(0.0, z) - y * z) + lam / 2 * (w @ w)


def _poisson(np: Any, X: Any, y: Any, w: Any) -> Any:
    z = X @ w
    return np.sum(np.exp(z) - y * z)


OBJECTIVES = (
    Objective(
        name="least_squares",
        file="least_squares",
        variables=("w",),
        sizes=SIZES,
        data=_data,
        formula=lambda np, X, y, w: np.sum((X @ w - y) ** 2) / 2,
        torch=_least_squares_torch,
        numpy=_least_squares_numpy,
        numba=_least_squares_numba,
    ),
    Objective(
        name="ridge",
        file="ridge",
        variables=("w",),
        sizes=SIZES,
        data=_penalized,
        formula=lambda np, X, y, w, lam: np.sum((X @ w - y) ** 2) + lam * (w @ w),
        torch=_ridge_torch,
        numpy=_ridge_numpy,
        numba=_ridge_numba,
    ),
    Objective(
        name="logistic",
        file="logistic",
        variables=("w",),
        sizes=SIZES,
        data=_labels,
        formula=_logistic,
        torch=_logistic_torch,
        numpy=_logistic_numpy,
        numba=_logistic_numba,
    ),
    Objective(
        name="poisson",
        file="poisson",
        variables=("w",),
        sizes=SIZES,
        data=_counts,
        formula=_poisson,
        torch=_poisson_torch,
        numpy=_poisson_numpy,
        numba=_poisson_numba,
    ),
)
