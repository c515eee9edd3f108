"""How fast elementwise objectives can be on this computer: loops by hand, with the functions of matgrad's kernels.

Enters: the arguments of an objective, and arrays for its gradients.  Leaves: `LIMITS`, functions that fill them and
return the value.  Always holds: each function is evaluated once for an element, no more passes are made than the
formula needs, and nothing is allocated that is as long as the arguments.  Not for: comparing libraries, which bring
functions of their own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

from matgrad.runtime.elementary import exp, log1p, sigmoid, softplus
from matgrad.runtime.intrinsics import larger
from matgrad.runtime.trigonometric import near_cos, near_sin

from .cases.one_pass import FAST

Array = Any
LOOP: dict[str, Any] = {"fastmath": FAST, "error_model": "numpy", "cache": True}
BLOCK = 8192  # elements that stay in the cache between two passes


@njit(**LOOP)
def _rosenbrock(x: Array, g: Array) -> float:
    n = len(x)
    d, e = x[1] - x[0] * x[0], 1 - x[0]
    value = 100 * d * d + e * e
    g[0] = -400 * d * x[0] - 2 * e
    for i in range(1, n - 1):
        d, e = x[i + 1] - x[i] * x[i], 1 - x[i]
        value += 100 * d * d + e * e
        g[i] = 200 * (x[i] - x[i - 1] * x[i - 1]) - 400 * d * x[i] - 2 * e
    g[n - 1] = 200 * (x[n - 1] - x[n - 2] * x[n - 2])
    return value


@njit(**LOOP)
def _rosenbrock_product(x: Array, v: Array, p: Array) -> None:
    n = len(x)
    p[0] = (1200 * x[0] * x[0] - 400 * x[1] + 2) * v[0] - 400 * x[0] * v[1]
    for i in range(1, n - 1):
        p[i] = (1200 * x[i] * x[i] - 400 * x[i + 1] + 202) * v[i] - 400 * (x[i] * v[i + 1] + x[i - 1] * v[i - 1])
    p[n - 1] = 200 * v[n - 1] - 400 * x[n - 2] * v[n - 2]


@njit(**LOOP)
def _largest(x: Array) -> float:
    top = -np.inf
    for i in range(len(x)):
        top = larger(top, x[i])
    return top


@njit(**LOOP)
def _powers(x: Array, top: float, p: Array) -> float:
    total = 0.0
    for i in range(len(x)):
        p[i] = exp(x[i] - top)
        total += p[i]
    return total


@njit(**LOOP)
def _scale(p: Array, factor: float) -> None:
    for i in range(len(p)):
        p[i] *= factor


@njit(**LOOP)
def _log_sum_exp(x: Array, p: Array) -> float:
    # The exponentials are relative to the maximum so far, which is known for each block.
    n = len(x)
    tops = np.empty(n // BLOCK + 1)
    top, total = -np.inf, 0.0
    for begin in range(0, n, BLOCK):
        block = x[begin : begin + BLOCK]
        now = max(top, _largest(block))
        total = total * math.exp(top - now) + _powers(block, now, p[begin : begin + BLOCK])
        top = tops[begin // BLOCK] = now
    for begin in range(0, n, BLOCK):
        _scale(p[begin : begin + BLOCK], math.exp(tops[begin // BLOCK] - top) / total)
    return top + math.log(total)


@njit(**LOOP)
def _mixed(x: Array, y: Array, by_x: Array, by_y: Array) -> float:
    value = 0.0
    for i in range(len(x)):
        s = x[i] * x[i]
        e, sin, cos = exp(-s), near_sin(y[i]), near_cos(y[i])
        value += e * sin + log1p(s)
        by_x[i] = 2 * x[i] * (1 / (1 + s) - e * sin)
        by_y[i] = e * cos
    return value


@njit(**LOOP)
def _bernoulli(t: Array, x: Array, g: Array) -> float:
    value = 0.0
    for i in range(len(x)):
        p, q = sigmoid(x[i]), sigmoid(-x[i])
        value += softplus(x[i]) - t[i] * x[i] + 0.5 * p * p
        g[i] = p - t[i] + p * p * q
    return value


@njit(**LOOP)
def _differences(x: Array, below: Array, lam: float, across: Array, down: Array) -> float:
    value = 0.0
    for j in range(len(x) - 1):
        a, d = x[j + 1] - x[j], below[j] - x[j]
        square = a * a + d * d + 1e-4
        factor = lam / math.sqrt(square)
        value += square * factor
        across[j + 1] = factor * a
        down[j] = factor * d
    return value


@njit(**LOOP)
def _row(y: Array, x: Array, across: Array, down: Array, above: Array, g: Array) -> float:
    value = 0.0
    for j in range(len(x) - 1):
        r = x[j] - y[j]
        value += 0.5 * r * r
        g[j] = r + across[j] - across[j + 1] - down[j] + above[j]
    r = x[-1] - y[-1]
    g[-1] = r + across[-1]
    return value + 0.5 * r * r


@njit(**LOOP)
def _total_variation(Y: Array, X: Array, lam: float, G: Array) -> float:
    m, n = X.shape
    across, down, above, nothing = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    value = 0.0
    for i in range(m - 1):
        value += _differences(X[i], X[i + 1], lam, across, down)
        value += _row(Y[i], X[i], across, down, above, G[i])
        down, above = above, down
    return value + _row(Y[m - 1], X[m - 1], nothing, nothing, above, G[m - 1])


@njit(**LOOP)
def _trend_inside(y: Array, x: Array, lam: float, g: Array) -> float:
    """All but the two first and last elements."""
    value = 0.0
    for i in range(len(x) - 4):
        r, d = x[i + 2] - y[i + 2], x[i + 4] - 2 * x[i + 3] + x[i + 2]
        value += r * r + lam * d * d
        g[i + 2] = 2 * r + 2 * lam * (6 * x[i + 2] - 4 * (x[i + 1] + x[i + 3]) + (x[i] + x[i + 4]))
    return value


@njit(**LOOP)
def _trend(y: Array, x: Array, lam: float, g: Array) -> float:
    n = len(x)
    value = _trend_inside(y, x, lam, g)
    first, second = x[2] - 2 * x[1] + x[0], x[3] - 2 * x[2] + x[1]
    before, last = x[n - 2] - 2 * x[n - 3] + x[n - 4], x[n - 1] - 2 * x[n - 2] + x[n - 3]
    value += lam * (first * first + second * second)
    for i, curvature in ((0, first), (1, second - 2 * first), (n - 2, before - 2 * last), (n - 1, last)):
        r = x[i] - y[i]
        value += r * r
        g[i] = 2 * (r + lam * curvature)
    return value


LIMITS: dict[str, Callable[..., Any]] = {
    "rosenbrock": _rosenbrock,
    "log_sum_exp": _log_sum_exp,
    "mixed": _mixed,
    "bernoulli": _bernoulli,
    "total_variation": _total_variation,
    "trend": _trend,
    "rosenbrock_product": _rosenbrock_product,
}
