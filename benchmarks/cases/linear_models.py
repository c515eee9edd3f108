"""Linear models: least squares, ridge, logistic and Poisson regression.

Enters: nothing.  Leaves: `OBJECTIVES`.  Always holds: the Numba code reads X once (`one_pass.py`).  Not for: several
outputs (`softmax.py`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numba import njit
from scipy.special import expit

from ..objective import RESIDUAL, Array, Objective, Sizes, example
from .one_pass import add_ridge, pass_over

SIZES: tuple[Sizes, Sizes, Sizes] = ({"m": 20, "n": 5}, {"m": 500, "n": 50}, {"m": 20000, "n": 100})


def _data(rng: np.random.Generator, sizes: Mapping[str, int]) -> dict[str, Array]:
    m, n = sizes["m"], sizes["n"]
    X, w = rng.normal(size=(m, n)), rng.normal(size=n) / math.sqrt(n)
    return {"X": X, "y": X @ w + RESIDUAL * rng.normal(size=m), "w": w}


def _penalized(rng: np.random.Generator, sizes: Mapping[str, int]) -> dict[str, Array]:
    return _data(rng, sizes) | {"lam": RESIDUAL**2}


def labels(rng: np.random.Generator, sizes: Mapping[str, int]) -> dict[str, Array]:
    """Data for logistic regression."""
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


_least_squares_numba = pass_over(_square)
_logistic_pass = pass_over(_logistic_loss)
_poisson_numba = pass_over(_poisson_loss)


@njit(cache=True)
def _ridge_numba(X: Array, y: Array, w: Array, lam: float) -> Any:
    value, g = _least_squares_numba(X, y, w)
    return add_ridge(value, g, w, 2 * lam, 2.0), g


@njit(cache=True)
def _logistic_numba(X: Array, y: Array, w: Array, lam: float) -> Any:
    value, g = _logistic_pass(X, y, w)
    return add_ridge(value, g, w, lam, 1 / len(y)), g


# As one writes them down.


def logistic(np: Any, X: Any, y: Any, w: Any, lam: Any) -> Any:
    """Logistic regression as one writes it down."""
    z = X @ w
    return np.sum(np.softplus(z) - y * z) / y.shape[0] + lam / 2 * np.dot(w, w)


def _poisson(np: Any, X: Any, y: Any, w: Any) -> Any:
    z = X @ w
    return np.sum(np.exp(z) - y * z)


# As an expert does.


def _least_squares_expert(np: Any, X: Any, y: Any, w: Any) -> Any:
    r = X @ w - y
    return np.dot(r, r) / 2


def _ridge_expert(np: Any, X: Any, y: Any, w: Any, lam: Any) -> Any:
    r = X @ w - y
    return np.dot(r, r) + lam * np.dot(w, w)


def _poisson_expert(np: Any, X: Any, y: Any, w: Any) -> Any:
    z = X @ w
    return np.sum(np.exp(z)) - np.dot(y, z)


# As a textbook has them.


def _ridge_naive(X: Array, y: Array, w: Array, lam: float) -> Any:
    return np.sum((X @ w - y) ** 2) + lam * np.sum(w**2), 2 * X.T @ (X @ w - y) + 2 * lam * w


def _logistic_naive(X: Array, y: Array, w: Array, lam: float) -> Any:
    m = len(y)
    value = np.sum(np.log(1 + np.exp(X @ w)) - y * (X @ w)) / m + lam / 2 * w @ w
    return value, X.T @ (1 / (1 + np.exp(-X @ w)) - y) / m + lam * w


OBJECTIVES = (
    Objective(
        "least_squares", example("least_squares"), ("w",), SIZES, _data,
        formula=lambda np, X, y, w: np.sum((X @ w - y) ** 2) / 2,
        expert=_least_squares_expert,
        numpy=_least_squares_numpy,
        numba=_least_squares_numba,
    ),
    Objective(
        "ridge", example("ridge"), ("w",), SIZES, _penalized,
        formula=lambda np, X, y, w, lam: np.sum((X @ w - y) ** 2) + lam * np.sum(w**2),
        expert=_ridge_expert,
        numpy=_ridge_numpy,
        numba=_ridge_numba,
        naive=_ridge_naive,
    ),
    Objective(
        "logistic", example("logistic"), ("w",), SIZES, labels,
        formula=logistic,
        numpy=_logistic_numpy,
        numba=_logistic_numba,
        naive=_logistic_naive,
    ),
    Objective(
        "poisson", example("poisson"), ("w",), SIZES, _counts,
        formula=_poisson,
        expert=_poisson_expert,
        numpy=_poisson_numpy,
        numba=_poisson_numba,
    ),
)  # fmt: skip
