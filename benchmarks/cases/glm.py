"""More losses of X*w: squared hinge, Huber, probit, exponential, Cauchy, and the logarithmic barrier.

Enters: nothing.  Leaves: `OBJECTIVES`.  Always holds: each objective is a loss of z = X*w, row by row, and a penalty;
by hand there are two products with X in NumPy and one pass in Numba.  Not for: several outputs (`softmax.py`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit
from scipy.special import log_ndtr

from ..objective import Array, Objective, Random, Sizes
from .one_pass import add_ridge, pass_over

SIZES: tuple[Sizes, Sizes, Sizes] = ({"m": 20, "n": 5}, {"m": 500, "n": 50}, {"m": 20000, "n": 100})
HEAD = "(X: matrix[m, n], y: vector[m], w: vector[n], lam: nonneg scalar) = {\n    z = X*w\n    "
PENALTY = " + lam/2 * w'*w\n}"


def _data(rng: Random, sizes: Sizes) -> dict[str, Array]:
    m, n = sizes["m"], sizes["n"]
    X, w = rng.normal(size=(m, n)), rng.normal(size=n) / math.sqrt(n)
    return {"X": X, "y": X @ w + rng.standard_t(2, size=m), "w": w + rng.normal(size=n) / n, "lam": 0.1}


def _signs(rng: Random, sizes: Sizes) -> dict[str, Array]:
    data = _data(rng, sizes)
    return data | {"y": np.where(data["y"] > 0, 1.0, -1.0)}


def _durations(rng: Random, sizes: Sizes) -> dict[str, Array]:
    data = _data(rng, sizes)
    return data | {"y": rng.exponential(np.exp(data["X"] @ data["w"]))}


def _bounds(rng: Random, sizes: Sizes) -> dict[str, Array]:
    data = _data(rng, sizes)
    return data | {"y": data["X"] @ data["w"] + rng.uniform(0.5, 2, size=sizes["m"])}


def _with_ridge(loss: Callable[[Array, Array], tuple[float, Array]]) -> Callable[..., Any]:
    """By hand in NumPy: `loss` gives the value and the derivative by z."""

    def total(X: Array, y: Array, w: Array, lam: float) -> Any:
        value, d = loss(X @ w, y)
        g = d @ X
        g += lam * w
        return value + lam / 2 * (w @ w), g

    return total


def _one_pass(loss: Any) -> Any:
    passed = pass_over(loss)

    @njit(cache=True)
    def total(X: Array, y: Array, w: Array, lam: float) -> Any:
        value, g = passed(X, y, w)
        return add_ridge(value, g, w, lam, 1.0), g

    return total


def _hinge_numpy(z: Array, y: Array) -> Any:
    z *= y
    h = np.maximum(np.subtract(1.0, z, out=z), 0.0, out=z)
    return h @ h, -2 * (y * h)


@njit(cache=True)
def _hinge_loss(z: float, y: float) -> Any:
    h = max(1 - y * z, 0.0)
    return h * h, -2 * y * h


def _huber_numpy(z: Array, y: Array) -> Any:
    z -= y
    d = np.clip(z, -1.0, 1.0)
    return d @ z - 0.5 * (d @ d), d


@njit(cache=True)
def _huber_loss(z: float, y: float) -> Any:
    r = z - y
    d = max(-1.0, min(1.0, r))
    return d * r - 0.5 * d * d, d


def _probit_numpy(z: Array, y: Array) -> Any:
    z *= y
    logs = log_ndtr(z)
    d = np.exp(-0.5 * z * z - logs)
    d *= y
    d *= -1 / math.sqrt(2 * math.pi)
    return -logs.sum(), d


@njit(cache=True)
def _probit_loss(z: float, y: float) -> Any:
    p = 0.5 * math.erfc(-y * z * math.sqrt(0.5))
    return -math.log(p), -y * math.exp(-0.5 * z * z) / (p * math.sqrt(2 * math.pi))


def _exponential_numpy(z: Array, y: Array) -> Any:
    d = np.exp(-z)
    d *= y
    return z.sum() + d.sum(), np.subtract(1.0, d, out=d)


@njit(cache=True)
def _exponential_loss(z: float, y: float) -> Any:
    e = y * math.exp(-z)
    return z + e, 1 - e


def _cauchy_numpy(z: Array, y: Array) -> Any:
    z -= y
    s = z * z
    value = np.log1p(s).sum()
    s += 1
    z *= 2
    z /= s
    return value, z


@njit(cache=True)
def _cauchy_loss(z: float, y: float) -> Any:
    r = z - y
    return math.log1p(r * r), 2 * r / (1 + r * r)


def _barrier_numpy(z: Array, y: Array) -> Any:
    s = y - z
    return -np.log(s).sum(), 1 / s


@njit(cache=True)
def _barrier_loss(z: float, y: float) -> Any:
    s = y - z
    return -math.log(s), 1 / s


# Name: matgrad's loss, the formula of the loss, by hand, data, and the textbook's loss and derivative where it differs.
_LOSSES: dict[str, Any] = {
    "squared_hinge": (
        "sum(relu(1 - y .* z).^2)", lambda np, z, y: np.sum(np.relu(1 - y * z) ** 2), _hinge_numpy, _hinge_loss, _signs,
    ),
    "huber_loss": (
        "sum(huber(z - y, 1))",
        lambda np, z, y: np.sum(np.where(np.abs(z - y) < 1, 0.5 * (z - y) ** 2, np.abs(z - y) - 0.5)),
        _huber_numpy, _huber_loss, _data,
    ),
    "probit": (
        "-sum(log(normcdf(y .* z)))", lambda np, z, y: -np.sum(np.log_ndtr(y * z)), _probit_numpy, _probit_loss, _signs,
    ),
    "exponential": (
        "sum(z + y .* exp(-z))", lambda np, z, y: np.sum(z + y * np.exp(-z)), _exponential_numpy, _exponential_loss,
        _durations,
    ),
    "cauchy": (
        "sum(log(1 + (z - y).^2))", lambda np, z, y: np.sum(np.log(1 + (z - y) ** 2)), _cauchy_numpy, _cauchy_loss,
        _data,
    ),
    "barrier": (
        "-sum(log(y - z))", lambda np, z, y: -np.sum(np.log(y - z)), _barrier_numpy, _barrier_loss, _bounds,
    ),
}  # fmt: skip


def _objective(name: str, text: str, loss: Any, numpy: Any, numba: Any, data: Any) -> Objective:
    return Objective(
        name, f"fn {name}{HEAD}{text}{PENALTY}", ("w",), SIZES, data,
        formula=lambda np, X, y, w, lam: loss(np, X @ w, y) + lam / 2 * np.dot(w, w),
        numpy=_with_ridge(numpy),
        numba=_one_pass(numba),
    )  # fmt: skip


OBJECTIVES = tuple(_objective(name, *parts) for name, parts in _LOSSES.items())
