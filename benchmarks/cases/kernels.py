"""Kernel methods: ridge regression and classification with a kernel, a length scale, and density of pairs.

Enters: nothing.  Leaves: `OBJECTIVES`.  Always holds: the expert multiplies by K once for the value and the gradient,
and reads it as symmetric.  Not for: approximations of kernels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg.blas import dsymv
from scipy.special import expit

from ..objective import RESIDUAL, Array, Objective, Random, Sizes
from .gaussians import inverse_and_half_logdet


def _distances(rng: Random, n: int) -> tuple[Array, Array]:
    x = np.sort(rng.uniform(0, n / 4, size=n))
    return np.subtract.outer(x, x) ** 2, np.sin(x)


def _ridge_data(rng: Random, sizes: Sizes) -> dict[str, Array]:
    D, _ = _distances(rng, sizes["n"])
    K, a = np.exp(-D / 2), rng.normal(size=sizes["n"])
    return {"K": K, "y": K @ a + RESIDUAL * rng.normal(size=sizes["n"]), "a": a, "lam": RESIDUAL**2}


def _signs_data(rng: Random, sizes: Sizes) -> dict[str, Array]:
    data = _ridge_data(rng, sizes)
    return data | {"y": np.sign(data["y"]), "lam": 0.1}


def _ridge_numpy(K: Array, y: Array, a: Array, lam: float) -> Any:
    Ka = dsymv(1.0, K.T, a)
    r = Ka - y
    return r @ r + lam * (a @ Ka), dsymv(2.0, K.T, r + lam * a)


def _classes_numpy(K: Array, y: Array, a: Array, lam: float) -> Any:
    Ka = dsymv(1.0, K.T, a)
    z = -y * Ka
    d = expit(z)
    d *= -y
    d += lam * a
    return np.logaddexp(0.0, z).sum() + lam / 2 * (a @ Ka), dsymv(1.0, K.T, d)


def _classes_formula(np: Any, K: Any, y: Any, a: Any, lam: Any) -> Any:
    return np.sum(np.softplus(-y * (K @ a))) + lam / 2 * np.dot(a, K @ a)


# The length scale of a Gaussian process: D has the squared distances, g is 1/(2*scale^2), t the noise.


def _scale_data(rng: Random, sizes: Sizes) -> dict[str, Array]:
    D, y = _distances(rng, sizes["n"])
    return {"D": D, "y": y + rng.normal(size=len(y)) / 3, "g": 0.4, "t": 0.2}


def _scale_numpy(D: Array, y: Array, g: float, t: float) -> Any:
    K = np.exp(-g * D)
    S = K.copy()
    S.ravel()[:: len(y) + 1] += t
    inverse, half = inverse_and_half_logdet(S)
    a = inverse @ y
    value = 0.5 * (a @ y) + half
    trace = inverse.trace()
    K *= D
    return value, (0.5 * (a @ (K @ a) - np.vdot(inverse, K)), 0.5 * (trace - a @ a))


def _scale_formula(np: Any, D: Any, y: Any, g: Any, t: Any) -> Any:
    S = np.exp(-g * D) + t * np.eye(y.shape[0])
    return 0.5 * np.dot(y, np.solve(S, y)) + 0.5 * np.logdet(S)


def _scale_expert(np: Any, D: Any, y: Any, g: Any, t: Any) -> Any:
    L = np.cholesky_of_symmetric(np.exp(-g * D) + t * np.eye(y.shape[0]))
    z = np.solve_triangular(L, y)
    return 0.5 * np.dot(z, z) + np.sum(np.log(np.diag(L)))


def _scale_naive(D: Array, y: Array, g: float, t: float) -> Any:
    K = np.exp(-g * D)
    S = K + t * np.eye(len(y))
    inverse = np.linalg.inv(S)
    a = inverse @ y
    value = 0.5 * y @ a + 0.5 * np.linalg.slogdet(S)[1]
    return value, (0.5 * (np.trace(inverse @ (-D * K)) - a @ (-D * K) @ a), 0.5 * (np.trace(inverse) - a @ a))


# Repulsion of points, the rows of X: the sum of exp(-distance^2/2) over all pairs.


def _pairs_numpy(X: Array) -> Any:
    s = np.einsum("ij,ij->i", X, X)
    K = X @ X.T
    K -= 0.5 * s[:, None]
    K -= 0.5 * s
    np.exp(K, out=K)
    rows = K.sum(1)
    return rows.sum(), 2 * (K @ X - rows[:, None] * X)


def _pairs_formula(np: Any, X: Any) -> Any:
    s = np.sum(X * X, axis=1)
    K = X @ X.T
    return np.sum(np.exp(K - 0.5 * np.every_column(s, K) - 0.5 * np.every_row(s, K)))


SIZES: tuple[Sizes, Sizes, Sizes] = ({"n": 5}, {"n": 60}, {"n": 500})
LARGER: tuple[Sizes, Sizes, Sizes] = ({"n": 5}, {"n": 100}, {"n": 1500})
OBJECTIVES = (
    Objective(
        "kernel_ridge",
        "fn kernel_ridge(K: psd matrix[n, n], y: vector[n], a: vector[n], lam: nonneg scalar) ="
        " norm2(K*a - y)^2 + lam * a'*K*a", ("a",), LARGER, _ridge_data,
        formula=lambda np, K, y, a, lam: np.sum((K @ a - y) ** 2) + lam * np.dot(a, K @ a),
        numpy=_ridge_numpy,
        naive=lambda K, y, a, lam: (
            np.sum((K @ a - y) ** 2) + lam * a @ K @ a, 2 * K.T @ (K @ a - y) + lam * (K + K.T) @ a,
        ),
    ),
    Objective(
        "kernel_classes",
        "fn kernel_classes(K: psd matrix[n, n], y: vector[n], a: vector[n], lam: nonneg scalar) ="
        " sum(softplus(-y .* (K*a))) + lam/2 * a'*K*a", ("a",), LARGER, _signs_data,
        formula=_classes_formula, numpy=_classes_numpy,
    ),
    Objective(
        "length_scale",
        "fn length_scale(D: symmetric matrix[n, n], y: vector[n], g: positive scalar, t: positive scalar) = {\n"
        "    S = exp(-g*D) + t*I\n    0.5 * y'*(S \\ y) + 0.5 * logdet(S)\n}", ("g", "t"), SIZES, _scale_data,
        formula=_scale_formula, expert=_scale_expert, numpy=_scale_numpy, naive=_scale_naive,
    ),
    Objective(
        "pairs",
        "fn pairs(X: matrix[n, k]) = {\n    s = sum(X.^2, 2)\n    sum(exp(X*X' - (s*ones(n)' + ones(n)*s')/2))\n}",
        ("X",), ({"n": 6, "k": 2}, {"n": 80, "k": 3}, {"n": 1000, "k": 5}),
        lambda rng, sizes: {"X": rng.normal(size=(sizes["n"], sizes["k"]))},
        formula=_pairs_formula, numpy=_pairs_numpy,
    ),
)  # fmt: skip
