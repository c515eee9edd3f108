"""Functions of vectors and images without products: Rosenbrock's, entropies, denoising, trends.

Enters: nothing.  Leaves: `OBJECTIVES`.  Always holds: by hand in Numba everything is one loop.  Not for: linear
algebra.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from scipy.special import expit, log1p

from ..objective import Array, Objective, Random, Sizes
from .one_pass import FAST


def _rosenbrock_numpy(x: Array) -> Any:
    head = x[:-1]
    d, e = x[1:] - head * head, 1 - head
    g = np.zeros_like(x)
    g[1:] = 200 * d
    g[:-1] -= 400 * d * head + 2 * e
    return 100 * (d @ d) + e @ e, g


@njit(fastmath=FAST, cache=True)
def _rosenbrock_numba(x: Array) -> Any:
    n = len(x)
    g = np.empty(n)
    value = carried = 0.0
    for i in range(n - 1):
        d, e = x[i + 1] - x[i] * x[i], 1 - x[i]
        value += 100 * d * d + e * e
        g[i] = carried - 400 * d * x[i] - 2 * e
        carried = 200 * d
    g[n - 1] = carried
    return value, g


def _logsumexp_numpy(x: Array) -> Any:
    top = x.max()
    p = np.exp(x - top)
    total = p.sum()
    p /= total
    return top + math.log(total), p


@njit(fastmath=FAST, cache=True)
def _logsumexp_numba(x: Array) -> Any:
    top = x[0]
    for v in x:
        top = max(top, v)
    p = np.empty(len(x))
    total = 0.0
    for i in range(len(x)):
        p[i] = math.exp(x[i] - top)
        total += p[i]
    for i in range(len(x)):
        p[i] /= total
    return top + math.log(total), p


def _mixed_numpy(x: Array, y: Array) -> Any:
    s = x * x
    e, sin = np.exp(-s), np.sin(y)
    value = e @ sin + log1p(s).sum()
    by_x = 2 * x * (1 / (1 + s) - e * sin)
    return value, (by_x, e * np.cos(y))


@njit(fastmath=FAST, cache=True)
def _mixed_numba(x: Array, y: Array) -> Any:
    by_x, by_y = np.empty(len(x)), np.empty(len(x))
    value = 0.0
    for i in range(len(x)):
        s = x[i] * x[i]
        e, sin = math.exp(-s), math.sin(y[i])
        value += e * sin + math.log1p(s)
        by_x[i] = 2 * x[i] * (1 / (1 + s) - e * sin)
        by_y[i] = e * math.cos(y[i])
    return value, (by_x, by_y)


def _mixed_formula(np: Any, x: Any, y: Any) -> Any:
    return np.sum(np.exp(-(x**2)) * np.sin(y) + np.log1p(x**2))


# Cross-entropy of the probabilities sigmoid(x) with t, and a bound on their size.


def _bernoulli_numpy(t: Array, x: Array) -> Any:
    p = expit(x)
    value = np.logaddexp(0.0, x).sum() - t @ x + 0.5 * (p @ p)
    g = p - t
    g += p * p * (1 - p)
    return value, g


@njit(fastmath=FAST, cache=True)
def _bernoulli_numba(t: Array, x: Array) -> Any:
    g = np.empty(len(x))
    value = 0.0
    for i in range(len(x)):
        e = math.exp(-abs(x[i]))
        p = (1.0 if x[i] >= 0 else e) / (1 + e)
        value += max(x[i], 0.0) + math.log1p(e) - t[i] * x[i] + 0.5 * p * p
        g[i] = p - t[i] + p * p * (1 - p)
    return value, g


# Denoising of an image by its (smoothed) total variation.


def _variation_numpy(Y: Array, X: Array, lam: float) -> Any:
    R = X - Y
    across, down = X[:-1, 1:] - X[:-1, :-1], X[1:, :-1] - X[:-1, :-1]
    size = np.sqrt(across * across + down * down + 1e-4)
    value = 0.5 * np.vdot(R, R) + lam * size.sum()
    np.divide(lam, size, out=size)
    across *= size
    down *= size
    R[:-1, 1:] += across
    R[1:, :-1] += down
    across += down
    R[:-1, :-1] -= across
    return value, R


@njit(fastmath=FAST, cache=True)
def _variation_numba(Y: Array, X: Array, lam: float) -> Any:
    m, n = X.shape
    G = np.empty((m, n))
    value = 0.0
    for i in range(m):
        for j in range(n):
            r = X[i, j] - Y[i, j]
            value += 0.5 * r * r
            G[i, j] = r
    a, d = np.empty(n - 1), np.empty(n - 1)
    for i in range(m - 1):  # loops that are vectorised, over a row at a time
        for j in range(n - 1):
            across, down = X[i, j + 1] - X[i, j], X[i + 1, j] - X[i, j]
            size = math.sqrt(across * across + down * down + 1e-4)
            value += lam * size
            a[j] = lam / size * across
            d[j] = lam / size * down
        for j in range(n - 1):
            G[i, j] -= a[j] + d[j]
        for j in range(n - 1):
            G[i, j + 1] += a[j]
        for j in range(n - 1):
            G[i + 1, j] += d[j]
    return value, G


def _variation_formula(np: Any, Y: Any, X: Any, lam: Any) -> Any:
    across, down = X[:-1, 1:] - X[:-1, :-1], X[1:, :-1] - X[:-1, :-1]
    return 0.5 * np.sum((X - Y) ** 2) + lam * np.sum(np.sqrt(across**2 + down**2 + 1e-4))


# A smooth trend: second differences.


def _trend_numpy(y: Array, x: Array, lam: float) -> Any:
    r, d = x - y, x[2:] - 2 * x[1:-1] + x[:-2]
    value = r @ r + lam * (d @ d)
    r *= 2
    d *= 2 * lam
    r[2:] += d
    r[1:-1] -= 2 * d
    r[:-2] += d
    return value, r


def _trend_formula(np: Any, y: Any, x: Any, lam: Any) -> Any:
    return np.sum((x - y) ** 2) + lam * np.sum((x[2:] - 2 * x[1:-1] + x[:-2]) ** 2)


def _image_data(rng: Random, sizes: Sizes) -> dict[str, Array]:
    Y = rng.normal(size=(sizes["m"], sizes["m"]))
    return {"Y": Y, "X": Y + 0.1 * rng.normal(size=Y.shape), "lam": 0.3}


def _trend_data(rng: Random, sizes: Sizes) -> dict[str, Array]:
    return {"y": rng.normal(size=sizes["n"]), "x": rng.normal(size=sizes["n"]), "lam": 10.0}


SIZES: tuple[Sizes, Sizes, Sizes] = ({"n": 3}, {"n": 1000}, {"n": 200_000})
OBJECTIVES = (
    Objective(
        "rosenbrock",
        "fn rosenbrock(x: vector[n]) = sum(100*(x[1:n] - x[0:n-1].^2).^2 + (1 - x[0:n-1]).^2)", ("x",), SIZES,
        lambda rng, sizes: {"x": rng.normal(size=sizes["n"])},
        formula=lambda np, x: np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2),
        numpy=_rosenbrock_numpy, numba=_rosenbrock_numba,
    ),
    Objective(
        "log_sum_exp", "fn log_sum_exp(x: vector[n]) = logsumexp(x)", ("x",), SIZES,
        lambda rng, sizes: {"x": rng.normal(size=sizes["n"])},
        formula=lambda np, x: np.logsumexp(x), numpy=_logsumexp_numpy, numba=_logsumexp_numba,
    ),
    Objective(
        "mixed", "fn mixed(x: vector[n], y: vector[n]) = sum(exp(-x.^2) .* sin(y) + log1p(x.^2))", ("x", "y"), SIZES,
        lambda rng, sizes: {"x": rng.normal(size=sizes["n"]), "y": rng.normal(size=sizes["n"])},
        formula=_mixed_formula, numpy=_mixed_numpy, numba=_mixed_numba,
    ),
    Objective(
        "bernoulli",
        "fn bernoulli(t: vector[n], x: vector[n]) = sum(softplus(x) - t .* x) + normfro(sigmoid(x))^2/2", ("x",), SIZES,
        lambda rng, sizes: {"t": rng.uniform(size=sizes["n"]), "x": rng.normal(size=sizes["n"])},
        formula=lambda np, t, x: np.sum(np.softplus(x) - t * x) + np.sum(np.sigmoid(x) ** 2) / 2,
        numpy=_bernoulli_numpy, numba=_bernoulli_numba,
    ),
    Objective(
        "total_variation",
        "fn total_variation(Y: matrix[m, n], X: matrix[m, n], lam: nonneg scalar) = {\n"
        "    across = X[0:m-1, 1:n] - X[0:m-1, 0:n-1]\n    down = X[1:m, 0:n-1] - X[0:m-1, 0:n-1]\n"
        "    normfro(X - Y)^2/2 + lam*sum(sqrt(across.^2 + down.^2 + 1e-4))\n}", ("X",),
        ({"m": 4}, {"m": 50}, {"m": 500}), _image_data,
        formula=_variation_formula, numpy=_variation_numpy, numba=_variation_numba,
    ),
    Objective(
        "trend",
        "fn trend(y: vector[n], x: vector[n], lam: nonneg scalar) ="
        " norm2(x - y)^2 + lam*norm2(x[2:n] - 2*x[1:n-1] + x[0:n-2])^2", ("x",),
        ({"n": 5}, {"n": 1000}, {"n": 200_000}), _trend_data,
        formula=_trend_formula, numpy=_trend_numpy,
    ),
)  # fmt: skip
