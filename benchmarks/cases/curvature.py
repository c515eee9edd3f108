"""Hessians, and products of Hessians with a direction.

Enters: nothing.  Leaves: `OBJECTIVES`.  Always holds: peers differentiate twice; the expert has the closed form.  Not
for: Hessians by matrices, which are tensors (`tensors.py`).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.linalg.blas import dsyrk
from scipy.linalg.lapack import dpotrf, dpotri
from scipy.special import expit

from ..objective import Array, Objective, Random, Sizes, example
from .glm import SIZES as MODELS
from .kernels import SIZES as KERNELS
from .linear_models import labels
from .linear_models import logistic as logistic_formula


def _with_direction(data: Any, like: str) -> Any:
    """The data of another objective, and a direction of the shape of one of its arguments."""

    def both(rng: Random, sizes: Sizes) -> dict[str, Array]:
        arguments = data(rng, sizes)
        return arguments | {"direction": rng.normal(size=np.shape(arguments[like]))}

    return both


def _logistic_hessian(X: Array, y: Array, w: Array, lam: float) -> Any:
    p = expit(X @ w)
    p *= 1 - p
    p /= len(y)
    H = dsyrk(1.0, (np.sqrt(p)[:, None] * X).T)
    H += np.triu(H, 1).T
    np.einsum("ii->i", H)[:] += lam
    return H


def _logistic_hessian_naive(X: Array, y: Array, w: Array, lam: float) -> Any:
    p = 1 / (1 + np.exp(-X @ w))
    return (X.T * (p * (1 - p))) @ X / len(y) + lam * np.eye(len(w))


def _logistic_product(X: Array, y: Array, w: Array, lam: float, v: Array) -> Any:
    p = expit(X @ w)
    p *= 1 - p
    p *= X @ v
    g = p @ X
    g /= len(y)
    g += lam * v
    return g


# The Hessian of a Gaussian process in both of its parameters, theta = (scale, noise).


def _process_data(rng: Random, sizes: Sizes) -> dict[str, Array]:
    x = np.sort(rng.uniform(0, sizes["n"] / 4, size=sizes["n"]))
    y = np.sin(x) + rng.normal(size=len(x)) / 3
    return {"K": np.exp(-(np.subtract.outer(x, x) ** 2) / 2), "y": y, "theta": np.array([1.3, 0.2])}


def _process_hessian(K: Array, y: Array, theta: Array) -> Any:
    n = len(y)
    S = theta[0] * K
    S.ravel()[:: n + 1] += theta[1]
    L, _ = dpotrf(S.T, lower=1, overwrite_a=1)
    half, _ = dpotri(L, lower=1)
    inverse = np.tril(half) + np.tril(half, -1).T
    a = inverse @ y
    Ka, product = K @ a, inverse @ K
    b = inverse @ Ka
    h = np.empty((2, 2))
    h[0, 0] = Ka @ b - 0.5 * np.vdot(product, product.T)
    h[0, 1] = h[1, 0] = a @ b - 0.5 * np.vdot(product, inverse)
    h[1, 1] = a @ (inverse @ a) - 0.5 * np.vdot(inverse, inverse)
    return h


def _process_formula(np: Any, K: Any, y: Any, theta: Any) -> Any:
    S = theta[0] * K + theta[1] * np.eye(y.shape[0])
    return 0.5 * np.dot(y, np.solve(S, y)) + 0.5 * np.logdet(S)


def _process_expert(np: Any, K: Any, y: Any, theta: Any) -> Any:
    L = np.cholesky_of_symmetric(theta[0] * K + theta[1] * np.eye(y.shape[0]))
    z = np.solve_triangular(L, y)
    return 0.5 * np.dot(z, z) + np.sum(np.log(np.diag(L)))


# Products with directions.


def _factors(rng: Random, sizes: Sizes) -> dict[str, Array]:
    m, n, k = (sizes[name] for name in "mnk")
    return {"T": rng.normal(size=(m, n)), "U": rng.normal(size=(m, k)), "V": rng.normal(size=(n, k))}


def _factors_product(T: Array, U: Array, V: Array, D: Array) -> Any:
    return 2 * (D @ (V.T @ V))


def _network_data(rng: Random, sizes: Sizes) -> dict[str, Array]:
    m, n, h = (sizes[name] for name in "mnh")
    A, b = rng.normal(size=(n, h)) / math.sqrt(n), rng.normal(size=h)
    return {"X": rng.normal(size=(m, n)), "y": rng.normal(size=m), "b": b, "A": A}


def _network_product(X: Array, y: Array, b: Array, A: Array, D: Array) -> Any:
    H = np.tanh(X @ A)
    S = 1 - H * H
    XD = X @ D
    XD *= S
    r = H @ b
    r -= y
    change = XD @ b
    H *= XD
    H *= (-2 * r)[:, None]
    S *= change[:, None]
    H += S
    H *= 2 * b
    return X.T @ H


def _network_formula(np: Any, X: Any, y: Any, b: Any, A: Any) -> Any:
    return np.sum((np.tanh(X @ A) @ b - y) ** 2)


def _rosenbrock_product(x: Array, v: Array) -> Any:
    head, vh = x[:-1], v[:-1]
    g = np.zeros_like(x)
    g[:-1] = (1200 * head * head - 400 * x[1:] + 2) * vh - 400 * head * v[1:]
    g[1:] += 200 * v[1:] - 400 * head * vh
    return g


def _simplex_hessian(A: Array, b: Array, x: Array) -> Any:
    p = A @ x + b
    p -= p.max()
    np.exp(p, out=p)
    p /= p.sum()
    mean = p @ A
    H = dsyrk(1.0, ((A - mean) * np.sqrt(p)[:, None]).T)
    H += np.triu(H, 1).T
    return H


OBJECTIVES = (
    Objective(
        "logistic_hessian", example("logistic").replace("fn logistic", "fn logistic_hessian"), ("w",),
        ({"m": 20, "n": 5}, {"m": 500, "n": 50}, {"m": 5000, "n": 100}), labels, of="hess",
        formula=logistic_formula, numpy=_logistic_hessian, naive=_logistic_hessian_naive,
    ),
    Objective(
        "geometric_hessian", "fn geometric_hessian(A: matrix[m, n], b: vector[m], x: vector[n]) = logsumexp(A*x + b)",
        ("x",), ({"m": 8, "n": 3}, {"m": 200, "n": 30}, {"m": 3000, "n": 100}),
        lambda rng, sizes: {
            "A": rng.normal(size=(sizes["m"], sizes["n"])), "b": rng.normal(size=sizes["m"]),
            "x": rng.normal(size=sizes["n"]) / math.sqrt(sizes["n"]),
        }, of="hess",
        formula=lambda np, A, b, x: np.logsumexp(A @ x + b), numpy=_simplex_hessian,
    ),
    Objective(
        "process_hessian",
        "fn process_hessian(K: psd matrix[n, n], y: vector[n], theta: positive vector[2]) = {\n"
        "    S = theta[0]*K + theta[1]*I\n    0.5 * y'*(S \\ y) + 0.5 * logdet(S)\n}", ("theta",),
        KERNELS, _process_data, of="hess",
        formula=_process_formula, expert=_process_expert, numpy=_process_hessian,
    ),
    Objective(
        "logistic_product", example("logistic").replace("fn logistic", "fn logistic_product"), ("w",), MODELS,
        _with_direction(labels, "w"), of="hvp", formula=logistic_formula, numpy=_logistic_product,
    ),
    Objective(
        "factors_product",
        "fn factors_product(T: matrix[m, n], U: matrix[m, k], V: matrix[n, k]) = normfro(T - U*V')^2",
        ("U",), ({"m": 8, "n": 6, "k": 2}, {"m": 100, "n": 80, "k": 5}, {"m": 1000, "n": 800, "k": 20}),
        _with_direction(_factors, "U"), of="hvp",
        formula=lambda np, T, U, V: np.sum((T - U @ V.T) ** 2), numpy=_factors_product,
    ),
    Objective(
        "network_product",
        "fn network_product(X: matrix[m, n], y: vector[m], b: vector[h], A: matrix[n, h]) = norm2(tanh(X*A)*b - y)^2",
        ("A",), ({"m": 10, "n": 4, "h": 3}, {"m": 200, "n": 30, "h": 20}, {"m": 3000, "n": 100, "h": 50}),
        _with_direction(_network_data, "A"), of="hvp", formula=_network_formula, numpy=_network_product,
    ),
    Objective(
        "rosenbrock_product",
        "fn rosenbrock_product(x: vector[n]) = sum(100*(x[1:n] - x[0:n-1].^2).^2 + (1 - x[0:n-1]).^2)", ("x",),
        ({"n": 3}, {"n": 1000}, {"n": 200_000}),
        _with_direction(lambda rng, sizes: {"x": rng.normal(size=sizes["n"])}, "x"), of="hvp",
        formula=lambda np, x: np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2), numpy=_rosenbrock_product,
    ),
)  # fmt: skip
