"""Gaussian likelihoods: a Gaussian process, the graphical lasso, the multivariate normal distribution.

Enters: nothing.  Leaves: `OBJECTIVES`.  Always holds: an expert factors once, takes the inverse from the factor, and
never differentiates through a factorization.  Not for: sampling.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numba import njit
from scipy.linalg.blas import dsymm, dsyrk
from scipy.linalg.lapack import dpotrf, dpotri

from ..lapack import cholesky, gram, inverse_of_cholesky, mirror, times_symmetric
from ..objective import Array, Objective, example
from .one_pass import FAST


def positive(rng: np.random.Generator, n: int) -> Array:
    """A positive definite n-by-n matrix, well conditioned."""
    A = rng.normal(size=(n, n))
    S = A @ A.T / n + np.eye(n)
    return (S + S.T) / 2


def inverse_and_half_logdet(A: Array) -> Any:
    """The inverse of A, which is overwritten, in both triangles, and half of logdet(A)."""
    L, _ = dpotrf(A.T, lower=1, clean=0, overwrite_a=1)
    half = np.log(L.diagonal()).sum()
    inverse, _ = dpotri(L, lower=1, overwrite_c=1)
    lower = np.tril(inverse, -1)
    return np.tril(inverse) + lower.T, half


@njit
def _inverse_numba(A: Array) -> float:
    """Overwrites A with its inverse, and gives half of logdet(A)."""
    cholesky(A)
    half = 0.0
    for i in range(len(A)):
        half += math.log(A[i, i])
    inverse_of_cholesky(A)
    mirror(A)
    return half


# Gaussian process, with the scale s and the noise t.


def _process_data(rng: np.random.Generator, sizes: Mapping[str, int]) -> dict[str, Array]:
    n = sizes["n"]
    x = np.sort(rng.uniform(0, n / 4, size=n))
    return {
        "K": np.exp(-(np.subtract.outer(x, x) ** 2) / 2),
        "y": np.sin(x) + rng.normal(size=n) / 3,
        "s": 1.3,
        "t": 0.2,
    }


def _process_numpy(K: Array, y: Array, s: float, t: float) -> Any:
    S = s * K
    S.ravel()[:: len(y) + 1] += t
    inverse, half = inverse_and_half_logdet(S)
    a = inverse @ y
    value = 0.5 * (a @ y) + half
    return value, (0.5 * (np.vdot(inverse, K) - a @ K @ a), 0.5 * (inverse.trace() - a @ a))


@njit(fastmath=FAST)
def _process_numba(K: Array, y: Array, s: float, t: float) -> Any:
    n = len(y)
    S = s * K
    for i in range(n):
        S[i, i] += t
    value = _inverse_numba(S)
    a = np.empty(n)
    for i in range(n):
        total = 0.0
        for j in range(n):
            total += S[i, j] * y[j]
        a[i] = total
        value += 0.5 * total * y[i]
    by_s = by_t = 0.0
    for i in range(n):
        for j in range(n):
            by_s += (S[i, j] - a[i] * a[j]) * K[i, j]
        by_t += S[i, i] - a[i] * a[i]
    return value, (0.5 * by_s, 0.5 * by_t)


def _process_formula(np: Any, K: Any, y: Any, s: Any, t: Any) -> Any:
    S = s * K + t * np.eye(y.shape[0])
    return 0.5 * np.dot(y, np.solve(S, y)) + 0.5 * np.logdet(S)


def _process_expert(np: Any, K: Any, y: Any, s: Any, t: Any) -> Any:
    L = np.cholesky_of_symmetric(s * K + t * np.eye(y.shape[0]))
    z = np.solve_triangular(L, y)
    return 0.5 * np.dot(z, z) + np.sum(np.log(np.diag(L)))


def _process_naive(K: Array, y: Array, s: float, t: float) -> Any:
    S = s * K + t * np.eye(len(y))
    a = np.linalg.inv(S) @ y
    value = 0.5 * y @ a + 0.5 * np.linalg.slogdet(S)[1]
    return value, tuple(0.5 * (np.trace(np.linalg.inv(S) @ D) - a @ D @ a) for D in (K, np.eye(len(y))))


# Graphical lasso.


def _lasso_data(rng: np.random.Generator, sizes: Mapping[str, int]) -> dict[str, Array]:
    return {"S": positive(rng, sizes["n"]), "P": positive(rng, sizes["n"]), "lam": 0.1}


def _lasso_numpy(S: Array, P: Array, lam: float) -> Any:
    inverse, half = inverse_and_half_logdet(P.copy())
    gradient = S - inverse
    gradient += lam * np.sign(P)
    return np.vdot(S, P) - 2 * half + lam * np.abs(P).sum(), gradient


@njit(fastmath=FAST)
def _lasso_numba(S: Array, P: Array, lam: float) -> Any:
    n = len(P)
    G = P.copy()
    value = -2 * _inverse_numba(G)
    for i in range(n):
        for j in range(n):
            p = P[i, j]
            value += S[i, j] * p + lam * abs(p)
            G[i, j] = S[i, j] - G[i, j] + lam * ((p > 0) - (p < 0))
    return value, G


def _lasso_formula(np: Any, S: Any, P: Any, lam: Any) -> Any:
    return np.trace(S @ P) - np.logdet(P) + lam * np.sum(np.abs(P))


def _lasso_expert(np: Any, S: Any, P: Any, lam: Any) -> Any:
    L = np.cholesky(P)
    return np.sum(S * P) - 2 * np.sum(np.log(np.diag(L))) + lam * np.sum(np.abs(P))


def _lasso_naive(S: Array, P: Array, lam: float) -> Any:
    value = np.trace(S @ P) - np.linalg.slogdet(P)[1] + lam * np.sum(np.abs(P))
    return value, S - np.linalg.inv(P) + lam * np.sign(P)


# Multivariate normal distribution.


def _normal_data(rng: np.random.Generator, sizes: Mapping[str, int]) -> dict[str, Array]:
    m, n = sizes["m"], sizes["n"]
    return {"X": rng.normal(size=(m, n)), "mu": rng.normal(size=n) / 3, "S": positive(rng, n)}


def _normal_numpy(X: Array, mu: Array, S: Array) -> Any:
    m = len(X)
    R = X - mu
    scatter = dsyrk(1.0, R.T)
    scatter += np.triu(scatter, 1).T
    inverse, half = inverse_and_half_logdet(S.copy())
    product = dsymm(1.0, inverse.T, scatter)
    gradient = dsymm(-0.5, inverse.T, product.T)
    gradient += m / 2 * inverse
    return 0.5 * product.trace() + m * half, (R.sum(0) @ -inverse, gradient)


@njit(fastmath=FAST)
def _normal_numba(X: Array, mu: Array, S: Array) -> Any:
    m, n = X.shape
    scatter = np.zeros((n, n))
    total = np.zeros(n)
    if n < 16:
        r = np.empty(n)
        for i in range(m):
            for j in range(n):
                r[j] = X[i, j] - mu[j]
                total[j] += r[j]
            for j in range(n):
                for k in range(j, n):
                    scatter[j, k] += r[j] * r[k]
    else:
        R = np.empty((m, n))
        for i in range(m):
            for j in range(n):
                R[i, j] = X[i, j] - mu[j]
                total[j] += R[i, j]
        gram(R, scatter)
    mirror(scatter)
    inverse = S.copy()
    value = m * _inverse_numba(inverse)
    product, gradient = np.empty((n, n)), np.empty((n, n))
    times_symmetric(scatter, inverse, product)
    times_symmetric(product.T.copy(), inverse, gradient)
    by_mu = np.zeros(n)
    for i in range(n):
        value += 0.5 * product[i, i]
        for j in range(n):
            gradient[i, j] = 0.5 * (m * inverse[i, j] - gradient[i, j])
            by_mu[i] -= inverse[i, j] * total[j]
    return value, (by_mu, gradient)


def _normal_formula(np: Any, X: Any, mu: Any, S: Any) -> Any:
    R = X - np.every_row(mu, X)
    return 0.5 * np.sum(R.T * np.solve(S, R.T)) + X.shape[0] / 2 * np.logdet(S)


def _normal_expert(np: Any, X: Any, mu: Any, S: Any) -> Any:
    L = np.cholesky(S)
    Z = np.solve_triangular(L, (X - mu).T)
    return 0.5 * np.sum(Z * Z) + X.shape[0] * np.sum(np.log(np.diag(L)))


def _normal_naive(X: Array, mu: Array, S: Array) -> Any:
    R, inverse, m = X - mu, np.linalg.inv(S), len(X)
    value = 0.5 * np.sum(R @ inverse * R) + m / 2 * np.linalg.slogdet(S)[1]
    return value, (-np.sum(R @ inverse, axis=0), 0.5 * (m * inverse - inverse @ R.T @ R @ inverse))


OBJECTIVES = (
    Objective(
        name="gaussian_process",
        source=example("gaussian_process"),
        variables=("s", "t"),
        sizes=({"n": 5}, {"n": 60}, {"n": 500}),
        data=_process_data,
        formula=_process_formula,
        expert=_process_expert,
        numpy=_process_numpy,
        numba=_process_numba,
        naive=_process_naive,
    ),
    Objective(
        name="graphical_lasso",
        source=example("graphical_lasso"),
        variables=("P",),
        sizes=({"n": 5}, {"n": 60}, {"n": 400}),
        data=_lasso_data,
        formula=_lasso_formula,
        expert=_lasso_expert,
        numpy=_lasso_numpy,
        numba=_lasso_numba,
        naive=_lasso_naive,
    ),
    Objective(
        name="multivariate_normal",
        source=example("multivariate_normal"),
        variables=("mu", "S"),
        sizes=({"m": 20, "n": 5}, {"m": 500, "n": 40}, {"m": 10000, "n": 150}),
        data=_normal_data,
        formula=_normal_formula,
        expert=_normal_expert,
        numpy=_normal_numpy,
        numba=_normal_numba,
        naive=_normal_naive,
    ),
)
