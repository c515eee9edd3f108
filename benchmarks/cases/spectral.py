"""Directions in data: Rayleigh quotients, principal components, discriminants, independent components.

Enters: nothing.  Leaves: `OBJECTIVES`.  Always holds: the expert uses that matrices are symmetric, and never forms the
projection W*W'.  Not for: decompositions.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from scipy.linalg import lu_factor
from scipy.linalg.blas import dsymm, dsymv
from scipy.linalg.lapack import dgetri, dposv

from ..objective import Array, Objective, Random, Sizes
from .gaussians import positive
from .one_pass import FAST


def _rayleigh_numpy(A: Array, x: Array) -> Any:
    Ax = dsymv(1.0, A.T, x)
    square = x @ x
    value = (x @ Ax) / square
    Ax -= value * x
    Ax *= 2 / square
    return value, Ax


@njit(fastmath=FAST, cache=True)
def _rayleigh_numba(A: Array, x: Array) -> Any:
    n = len(x)
    g = np.zeros(n)
    value = square = 0.0
    for i in range(n):
        total = 0.0
        for j in range(i):
            total += A[i, j] * x[j]
            g[j] += A[i, j] * x[i]
        g[i] += total + A[i, i] * x[i]
        square += x[i] * x[i]
    for i in range(n):
        value += g[i] * x[i]
    value /= square
    for i in range(n):
        g[i] = 2 * (g[i] - value * x[i]) / square
    return value, g


def _pca_data(rng: Random, sizes: Sizes) -> dict[str, Array]:
    m, n, k = sizes["m"], sizes["n"], sizes["k"]
    W = np.linalg.qr(rng.normal(size=(n, k)))[0] + 0.1 * rng.normal(size=(n, k))
    return {"X": rng.normal(size=(m, n)), "W": W}


def _pca_numpy(X: Array, W: Array) -> Any:
    Z = X @ W
    R = Z @ W.T
    np.subtract(X, R, out=R)
    G = X.T @ (R @ W)
    G += R.T @ Z
    G *= -2
    return np.vdot(R, R), G


def _pca_naive(X: Array, W: Array) -> Any:
    R = X - X @ W @ W.T
    return np.linalg.norm(R) ** 2, -2 * (X.T @ R @ W + R.T @ X @ W)


# tr(inv(W'*S*W)*(W'*B*W)) for the scatter S within classes and B between them.


def _discriminant_data(rng: Random, sizes: Sizes) -> dict[str, Array]:
    n, k = sizes["n"], sizes["k"]
    return {"S": positive(rng, n), "B": positive(rng, n), "W": rng.normal(size=(n, k)) / math.sqrt(n)}


def _discriminant_numpy(S: Array, B: Array, W: Array) -> Any:
    SW, BW = dsymm(1.0, S.T, W), dsymm(1.0, B.T, W)
    _, ratio, _ = dposv(W.T @ SW, W.T @ BW)  # inv(W'SW) * W'BW
    M = dposv(W.T @ SW, np.eye(W.shape[1]))[1]
    return ratio.trace(), 2 * ((BW - SW @ ratio) @ M)


def _discriminant_formula(np: Any, S: Any, B: Any, W: Any) -> Any:
    return np.trace(np.inv(W.T @ S @ W) @ (W.T @ B @ W))


def _discriminant_expert(np: Any, S: Any, B: Any, W: Any) -> Any:
    return np.trace(np.solve(W.T @ (S @ W), W.T @ (B @ W)))


def _discriminant_naive(S: Array, B: Array, W: Array) -> Any:
    inverse = np.linalg.inv(W.T @ S @ W)
    value = np.trace(inverse @ (W.T @ B @ W))
    return value, 2 * B @ W @ inverse - 2 * S @ W @ inverse @ (W.T @ B @ W) @ inverse


# Independent components: sum(log(cosh(X*W)))/m - log|det(W)|.


def _ica_data(rng: Random, sizes: Sizes) -> dict[str, Array]:
    m, n = sizes["m"], sizes["n"]
    return {"X": rng.normal(size=(m, n)), "W": np.eye(n) + rng.normal(size=(n, n)) / (2 * math.sqrt(n))}


def _ica_numpy(X: Array, W: Array) -> Any:
    m = len(X)
    Z = X @ W
    size = np.abs(Z)
    value = size.sum()
    size *= -2
    np.exp(size, out=size)
    value += np.log1p(size, out=size).sum() - Z.size * math.log(2)
    G = X.T @ np.tanh(Z, out=Z)
    G /= m
    lu, pivots = lu_factor(W, check_finite=False)
    G -= dgetri(lu, pivots)[0].T
    return value / m - np.log(np.abs(lu.diagonal())).sum(), G


def _ica_formula(np: Any, X: Any, W: Any) -> Any:
    return np.sum(np.log(np.cosh(X @ W))) / X.shape[0] - np.logdet(W)


def _ica_expert(np: Any, X: Any, W: Any) -> Any:
    Z = np.abs(X @ W)
    return np.sum(Z + np.log1p(np.exp(-2 * Z)) - math.log(2)) / X.shape[0] - np.logdet(W)


def _ica_naive(X: Array, W: Array) -> Any:
    value = np.sum(np.log(np.cosh(X @ W))) / len(X) - np.linalg.slogdet(W)[1]
    return value, X.T @ np.tanh(X @ W) / len(X) - np.linalg.inv(W).T


OBJECTIVES = (
    Objective(
        "rayleigh", "fn rayleigh(A: symmetric matrix[n, n], x: vector[n]) = (x'*A*x) / (x'*x)", ("x",),
        ({"n": 3}, {"n": 100}, {"n": 1500}),
        lambda rng, sizes: {"A": positive(rng, sizes["n"]), "x": rng.normal(size=sizes["n"])},
        formula=lambda np, A, x: np.dot(x, A @ x) / np.dot(x, x),
        numpy=_rayleigh_numpy,
        numba=_rayleigh_numba,
        naive=lambda A, x: (x @ A @ x / (x @ x), 2 * A @ x / (x @ x) - 2 * (x @ A @ x) * x / (x @ x) ** 2),
    ),
    Objective(
        "pca", "fn pca(X: matrix[m, n], W: matrix[n, k]) = normfro(X - X*W*W')^2", ("W",),
        ({"m": 10, "n": 4, "k": 2}, {"m": 200, "n": 40, "k": 5}, {"m": 5000, "n": 150, "k": 20}),
        _pca_data,
        formula=lambda np, X, W: np.sum((X - X @ W @ W.T) ** 2),
        numpy=_pca_numpy,
        naive=_pca_naive,
    ),
    Objective(
        "discriminant",
        "fn discriminant(S: posdef matrix[n, n], B: symmetric matrix[n, n], W: matrix[n, k]) ="
        " tr(inv(W'*S*W) * (W'*B*W))", ("W",),
        ({"n": 4, "k": 2}, {"n": 50, "k": 5}, {"n": 500, "k": 20}),
        _discriminant_data,
        formula=_discriminant_formula,
        expert=_discriminant_expert,
        numpy=_discriminant_numpy,
        naive=_discriminant_naive,
    ),
    Objective(
        "independent_components",
        "fn independent_components(X: matrix[m, n], W: matrix[n, n]) ="
        " sum(log(cosh(X*W)))/m - logabsdet(W)", ("W",),
        ({"m": 20, "n": 3}, {"m": 300, "n": 20}, {"m": 10000, "n": 60}),
        _ica_data,
        formula=_ica_formula,
        expert=_ica_expert,
        numpy=_ica_numpy,
        naive=_ica_naive,
    ),
)  # fmt: skip
