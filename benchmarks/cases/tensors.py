"""Derivatives of matrices by matrices: tensors of order three and four; and the Jacobian of softmax.

Enters: nothing.  Leaves: `OBJECTIVES`.  Always holds: the result is dense, with the indices of the function first.  Not
for: products with directions (`curvature.py`).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from ..objective import Array, Objective, Random, Sizes
from .gaussians import positive


def _softmax_numpy(x: Array) -> Any:
    p = np.exp(x - x.max())
    p /= p.sum()
    J = np.outer(-p, p)
    J.ravel()[:: len(p) + 1] += p
    return J


@njit(cache=True)
def _softmax_numba(x: Array) -> Any:
    n = len(x)
    p, J = np.empty(n), np.empty((n, n))
    top, total = np.max(x), 0.0
    for i in range(n):
        p[i] = math.exp(x[i] - top)
        total += p[i]
    for i in range(n):
        p[i] /= total
    for i in range(n):
        for j in range(n):
            J[i, j] = -p[i] * p[j]
        J[i, i] += p[i]
    return J


def _inverse_numpy(A: Array) -> Any:
    n = len(A)
    B = np.linalg.inv(A)
    J = np.empty((n, n, n, n))
    np.multiply(B[:, None, :, None], -B.T[None, :, None, :], out=J)
    return J


def _product_numpy(A: Array, B: Array) -> Any:
    (m, n), k = A.shape, B.shape[1]
    J = np.zeros((m, k, m, n))
    for i in range(m):
        J[i, :, i, :] = B.T
    return J


@njit(cache=True)
def _product_numba(A: Array, B: Array) -> Any:
    m, n = A.shape
    k = B.shape[1]
    J = np.zeros((m, k, m, n))
    for i in range(m):
        for j in range(k):
            for p in range(n):
                J[i, j, i, p] = B[p, j]
    return J


def _factors_numpy(T: Array, U: Array, V: Array) -> Any:
    m, k = U.shape
    H = np.zeros((m, k, m, k))
    G = 2 * (V.T @ V)
    for i in range(m):
        H[i, :, i, :] = G
    return H


def _logdet_numpy(S: Array) -> Any:
    n = len(S)
    B = np.linalg.inv(S)
    H = np.empty((n, n, n, n))
    half, part = 0.5 * B, np.empty((n, n, n))
    for i in range(n):  # a part stays in the cache
        np.multiply(half[i][None, :, None], B[:, None, :], out=part)
        np.add(part, part.transpose(0, 2, 1), out=H[i])
    return H


def _logdet_formula(np: Any, S: Any) -> Any:
    return -np.logdet((S + S.T) / 2)


def _residuals_numpy(X: Array, w: Array) -> Any:
    h = np.tanh(X @ w)
    return (1 - h * h)[:, None] * X


def _gram_numpy(A: Array) -> Any:
    """J[i, j, k, l] = delta(j, k)... of A'*A: column l of A meets row i or j of the result."""
    m, n = A.shape
    J = np.zeros((n, n, m, n))
    for i in range(n):
        J[i, :, :, i] += A.T
        J[:, i, :, i] += A.T
    return J


def _square(rng: Random, sizes: Sizes) -> dict[str, Array]:
    n = sizes["n"]
    return {"A": np.eye(n) + rng.normal(size=(n, n)) / (2 * math.sqrt(n))}


ORDERS: tuple[Sizes, Sizes, Sizes] = ({"n": 3}, {"n": 12}, {"n": 40})
OBJECTIVES = (
    Objective(
        "softmax_jacobian", "fn softmax_jacobian(x: vector[n]) = softmax(x)", ("x",),
        ({"n": 4}, {"n": 50}, {"n": 1000}),
        lambda rng, sizes: {"x": rng.normal(size=sizes["n"])}, of="jac",
        formula=lambda np, x: np.softmax(x, -1), numpy=_softmax_numpy, numba=_softmax_numba,
    ),
    Objective(
        "layer_jacobian", "fn layer_jacobian(X: matrix[m, n], w: vector[n]) = tanh(X*w)", ("w",),
        ({"m": 6, "n": 3}, {"m": 200, "n": 20}, {"m": 5000, "n": 100}),
        lambda rng, sizes: {
            "X": rng.normal(size=(sizes["m"], sizes["n"])), "w": rng.normal(size=sizes["n"]) / math.sqrt(sizes["n"]),
        }, of="jac",
        formula=lambda np, X, w: np.tanh(X @ w), numpy=_residuals_numpy,
    ),
    Objective(
        "inverse_jacobian", "fn inverse_jacobian(A: matrix[n, n]) = inv(A)", ("A",), ORDERS, _square, of="jac",
        formula=lambda np, A: np.inv(A), numpy=_inverse_numpy,
        naive=lambda A: np.einsum("ik,lj->ijkl", np.linalg.inv(A), -np.linalg.inv(A)),
    ),
    Objective(
        "product_jacobian", "fn product_jacobian(A: matrix[m, n], B: matrix[n, k]) = A*B", ("A",),
        ({"m": 3, "n": 3, "k": 3}, {"m": 12, "n": 10, "k": 8}, {"m": 40, "n": 30, "k": 40}),
        lambda rng, sizes: {
            "A": rng.normal(size=(sizes["m"], sizes["n"])), "B": rng.normal(size=(sizes["n"], sizes["k"])),
        }, of="jac",
        formula=lambda np, A, B: A @ B, numpy=_product_numpy, numba=_product_numba,
        naive=lambda A, B: np.einsum("ik,lj->ijkl", np.eye(len(A)), B),
    ),
    Objective(
        "gram_jacobian", "fn gram_jacobian(A: matrix[m, n]) = A'*A", ("A",),
        ({"m": 4, "n": 3}, {"m": 20, "n": 10}, {"m": 60, "n": 25}),
        lambda rng, sizes: {"A": rng.normal(size=(sizes["m"], sizes["n"]))}, of="jac",
        formula=lambda np, A: A.T @ A, numpy=_gram_numpy,
    ),
    Objective(
        "factors_hessian",
        "fn factors_hessian(T: matrix[m, n], U: matrix[m, k], V: matrix[n, k]) = normfro(T - U*V')^2",
        ("U",), ({"m": 6, "n": 5, "k": 2}, {"m": 40, "n": 30, "k": 4}, {"m": 150, "n": 100, "k": 6}),
        lambda rng, sizes: {
            "T": rng.normal(size=(sizes["m"], sizes["n"])), "U": rng.normal(size=(sizes["m"], sizes["k"])),
            "V": rng.normal(size=(sizes["n"], sizes["k"])),
        }, of="hess",
        formula=lambda np, T, U, V: np.sum((T - U @ V.T) ** 2), numpy=_factors_numpy,
    ),
    Objective(
        "logdet_hessian", "fn logdet_hessian(S: matrix[n, n]) = -logdet((S + S')/2)", ("S",), ORDERS,
        lambda rng, sizes: {"S": positive(rng, sizes["n"])}, of="hess",
        formula=_logdet_formula, numpy=_logdet_numpy,
        without=dict.fromkeys(("casadi:medium", "casadi:large"), "takes minutes to build"),
    ),
)  # fmt: skip
