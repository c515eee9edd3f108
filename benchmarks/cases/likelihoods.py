"""More likelihoods: factor analysis, Student's t, a mixture, and factorizations of counts and of observed entries.

Enters: nothing.  Leaves: `OBJECTIVES`.  Always holds: the expert factors once and uses low rank; a product of factors
is formed once for the value and all gradients.  Not for: Gaussians with a full covariance (`gaussians.py`).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from scipy.linalg.lapack import dpotrf, dpotri, dpotrs

from ..objective import RESIDUAL, Array, Objective, Random, Sizes
from .gaussians import positive
from .one_pass import FAST

# Factor analysis: covariance F*F' + diag(d), empirical covariance C.


def _factor_data(rng: Random, sizes: Sizes) -> dict[str, Array]:
    n, k = sizes["n"], sizes["k"]
    return {"C": positive(rng, n), "F": rng.normal(size=(n, k)) / math.sqrt(k), "d": rng.uniform(0.5, 2, size=n)}


def _factor_numpy(C: Array, F: Array, d: Array) -> Any:
    """By the identities of Woodbury and of the determinant: only k-by-k matrices are factored."""
    Fd = F / d[:, None]
    M = F.T @ Fd
    M.ravel()[:: len(M) + 1] += 1
    L, _ = dpotrf(M, lower=1)
    H = dpotrs(L, Fd.T, lower=1)[0].T  # inv(S)*F = D\F*inv(M)
    CH = C @ H
    HCF = CH.T @ Fd
    value = np.log(L.diagonal()).sum() + 0.5 * np.log(d).sum()
    value += 0.5 * ((C.diagonal() / d).sum() - HCF.trace())
    SCH = CH / d[:, None] - H @ (Fd.T @ CH)  # inv(S)*C*H
    diagonal = 1 / d - np.einsum("ij,ij->i", H, Fd)
    # The diagonal of inv(S)*C*inv(S), where inv(S) = inv(D) - H*Fd'.
    SC = C.diagonal() / d**2 - 2 * np.einsum("ij,ij->i", CH, Fd) / d + np.einsum("ij,jk,ik->i", Fd, H.T @ CH, Fd)
    return value, (H - SCH, 0.5 * (diagonal - SC))


def _factor_formula(np: Any, C: Any, F: Any, d: Any) -> Any:
    S = F @ F.T + np.diag(d)
    return 0.5 * np.logdet(S) + 0.5 * np.trace(np.solve(S, C))


def _factor_naive(C: Array, F: Array, d: Array) -> Any:
    S = F @ F.T + np.diag(d)
    inverse = np.linalg.inv(S)
    G = 0.5 * (inverse - inverse @ C @ inverse)
    return 0.5 * np.linalg.slogdet(S)[1] + 0.5 * np.trace(inverse @ C), (2 * G @ F, np.diag(G))


# Student's t with nu degrees of freedom, for the rows of X.


def _student_data(rng: Random, sizes: Sizes) -> dict[str, Array]:
    m, n = sizes["m"], sizes["n"]
    return {"X": rng.standard_t(4, size=(m, n)), "S": positive(rng, n), "nu": 4.0}


def _student_numpy(X: Array, S: Array, nu: float) -> Any:
    m, n = X.shape
    L, _ = dpotrf(S.T, lower=1)
    half = np.log(L.diagonal()).sum()
    inverse, _ = dpotri(L, lower=1)
    inverse = np.tril(inverse) + np.tril(inverse, -1).T
    Z = X @ inverse
    q = np.einsum("ij,ij->i", X, Z)
    value = m * half + (nu + n) / 2 * np.log1p(q / nu).sum()
    weights = (nu + n) / (nu + q)
    return value, 0.5 * (m * inverse - (Z * weights[:, None]).T @ Z)


def _student_formula(np: Any, X: Any, S: Any, nu: Any) -> Any:
    m, n = X.shape[0], X.shape[1]
    q = np.sum(X * np.solve(S, X.T).T, axis=1)
    return m / 2 * np.logdet(S) + (nu + n) / 2 * np.sum(np.log(1 + q / nu))


def _student_expert(np: Any, X: Any, S: Any, nu: Any) -> Any:
    L = np.cholesky(S)
    Z = np.solve_triangular(L, X.T)
    return X.shape[0] * np.sum(np.log(np.diag(L))) + (nu + X.shape[1]) / 2 * np.sum(np.log1p(np.sum(Z * Z, 0) / nu))


# A mixture of Gaussians on the line.


def _mixture_data(rng: Random, sizes: Sizes) -> dict[str, Array]:
    m, k = sizes["m"], sizes["k"]
    data = {"x": rng.normal(size=m) * 3, "c": rng.normal(size=k), "mu": rng.normal(size=k) * 3}
    return data | {"s": rng.normal(size=k) / 3}


def _mixture_numpy(x: Array, c: Array, mu: Array, s: Array) -> Any:
    scale = np.exp(-s)
    Z = (x[:, None] - mu) * scale
    P = Z * Z
    P *= -0.5
    P += c - s
    top = P.max(1)
    P -= top[:, None]
    np.exp(P, out=P)
    total = P.sum(1)
    value = -(top.sum() + np.log(total).sum())
    P /= total[:, None]
    by_c = -P.sum(0)
    PZ = P * Z
    return value, (by_c, -PZ.sum(0) * scale, -by_c - np.einsum("ij,ij->j", PZ, Z))


@njit(fastmath=FAST, cache=True)
def _mixture_numba(x: Array, c: Array, mu: Array, s: Array) -> Any:
    k = len(mu)
    by_c, by_mu, by_s = np.zeros(k), np.zeros(k), np.zeros(k)
    scale, p, z = np.exp(-s), np.empty(k), np.empty(k)
    value = 0.0
    for i in range(len(x)):
        top = -np.inf
        for j in range(k):
            z[j] = (x[i] - mu[j]) * scale[j]
            p[j] = c[j] - s[j] - 0.5 * z[j] * z[j]
            top = max(top, p[j])
        total = 0.0
        for j in range(k):
            p[j] = math.exp(p[j] - top)
            total += p[j]
        value -= top + math.log(total)
        for j in range(k):
            q = p[j] / total
            by_c[j] -= q
            by_mu[j] -= q * z[j] * scale[j]
            by_s[j] += q - q * z[j] * z[j]
    return value, (by_c, by_mu, by_s)


def _mixture_formula(np: Any, x: Any, c: Any, mu: Any, s: Any) -> Any:
    Z = (x[:, None] - mu) * np.exp(-s)
    return -np.sum(np.logsumexp(c - s - 0.5 * Z**2, axis=1))


# Non-negative factorization of counts, and factorization of observed entries.


def _counts_data(rng: Random, sizes: Sizes) -> dict[str, Array]:
    m, n, k = sizes["m"], sizes["n"], sizes["k"]
    W, H = rng.gamma(2, size=(m, k)), rng.gamma(2, size=(k, n))
    return {"V": rng.poisson(W @ H) * 1.0, "W": W, "H": H}


def _counts_numpy(V: Array, W: Array, H: Array) -> Any:
    P = W @ H
    value = P.sum() - np.vdot(V, np.log(P))
    np.divide(V, P, out=P)
    np.subtract(1.0, P, out=P)
    return value, (P @ H.T, W.T @ P)


def _counts_naive(V: Array, W: Array, H: Array) -> Any:
    one = np.ones_like(V)
    value = np.sum(W @ H - V * np.log(W @ H))
    return value, (one @ H.T - V / (W @ H) @ H.T, W.T @ one - W.T @ (V / (W @ H)))


def _observed_data(rng: Random, sizes: Sizes) -> dict[str, Array]:
    m, n, k = sizes["m"], sizes["n"], sizes["k"]
    U, V = rng.normal(size=(m, k)), rng.normal(size=(n, k))
    M = (rng.uniform(size=(m, n)) < 0.3) * 1.0
    return {"M": M, "T": M * (U @ V.T + RESIDUAL * rng.normal(size=(m, n))), "U": U, "V": V}


def _observed_numpy(M: Array, T: Array, U: Array, V: Array) -> Any:
    R = U @ V.T
    R -= T
    R *= M
    value = np.vdot(R, R)
    R *= 2
    return value, (R @ V, R.T @ U)


FACTORS: tuple[Sizes, Sizes, Sizes] = (
    {"m": 8, "n": 6, "k": 2},
    {"m": 100, "n": 80, "k": 5},
    {"m": 1000, "n": 800, "k": 20},
)
OBJECTIVES = (
    Objective(
        "factor_analysis",
        "fn factor_analysis(C: symmetric matrix[n, n], F: matrix[n, k], d: positive vector[n]) = {\n"
        "    S = F*F' + diag(d)\n    0.5*logdet(S) + 0.5*tr(S \\ C)\n}", ("F", "d"),
        ({"n": 6, "k": 2}, {"n": 60, "k": 5}, {"n": 500, "k": 20}), _factor_data,
        formula=_factor_formula, numpy=_factor_numpy, naive=_factor_naive,
    ),
    Objective(
        "student",
        "fn student(X: matrix[m, n], S: posdef matrix[n, n], nu: positive scalar) ="
        " m/2*logdet(S) + (nu + n)/2 * sum(log1p(diag(X*inv(S)*X')/nu))", ("S",),
        ({"m": 15, "n": 4}, {"m": 300, "n": 30}, {"m": 10000, "n": 80}), _student_data,
        formula=_student_formula, expert=_student_expert, numpy=_student_numpy,
    ),
    Objective(
        "mixture",
        "fn mixture(x: vector[m], c: vector[k], mu: vector[k], s: vector[k]) = {\n"
        "    Z = (x*ones(k)' - ones(m)*mu') .* (ones(m)*exp(-s)')\n"
        "    -sum(logsumexp(ones(m)*(c - s)' - 0.5*Z.^2, 2))\n}", ("c", "mu", "s"),
        ({"m": 20, "k": 3}, {"m": 500, "k": 5}, {"m": 50000, "k": 10}), _mixture_data,
        formula=_mixture_formula, numpy=_mixture_numpy, numba=_mixture_numba,
        without={"casadi": "has no broadcasting, which the formula uses"},
    ),
    Objective(
        "counts",
        "fn counts(V: nonneg matrix[m, n], W: positive matrix[m, k], H: positive matrix[k, n]) = {\n"
        "    P = W*H\n    sum(P - V .* log(P))\n}", ("W", "H"), FACTORS, _counts_data,
        formula=lambda np, V, W, H: np.sum(W @ H - V * np.log(W @ H)), numpy=_counts_numpy, naive=_counts_naive,
    ),
    Objective(
        "observed",
        "fn observed(M: matrix[m, n], T: matrix[m, n], U: matrix[m, k], V: matrix[n, k]) ="
        " sum((M .* (U*V' - T)).^2)", ("U", "V"), FACTORS, _observed_data,
        formula=lambda np, M, T, U, V: np.sum((M * (U @ V.T - T)) ** 2), numpy=_observed_numpy,
    ),
)  # fmt: skip
