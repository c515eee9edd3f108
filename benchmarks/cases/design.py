"""Optimal design of experiments: the D- and the A-criterion.

Enters: nothing.  Leaves: `OBJECTIVES`.  Always holds: the information matrix is symmetric, is factored once, and no
matrix of the size of diag(w) is made.  Not for: constraints on the weights.
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


def _data(rng: np.random.Generator, sizes: Mapping[str, int]) -> dict[str, Array]:
    m, n = sizes["m"], sizes["n"]
    return {"A": rng.normal(size=(m, n)), "w": rng.uniform(0.5, 1.5, size=m) / m}


def _factored_numpy(A: Array, w: Array) -> Any:
    """Half of logdet(M) and the lower triangle of inv(M), in Fortran's order, for M = A'*diag(w)*A."""
    scaled = A * np.sqrt(w)[:, None]
    L, _ = dpotrf(dsyrk(1.0, scaled.T, lower=1), lower=1, clean=0, overwrite_a=1)
    half = np.log(L.diagonal()).sum()
    inverse, _ = dpotri(L, lower=1, overwrite_c=1)
    return half, inverse


def _d_numpy(A: Array, w: Array) -> Any:
    half, inverse = _factored_numpy(A, w)
    product = dsymm(1.0, inverse, A.T, lower=1)
    return -2 * half, -np.einsum("ij,ij->j", product, A.T)


def _a_numpy(A: Array, w: Array) -> Any:
    _, inverse = _factored_numpy(A, w)
    product = dsymm(1.0, inverse, A.T, lower=1)
    return inverse.trace(), -np.einsum("ij,ij->j", product, product)


@njit(fastmath=FAST)
def _factored_numba(A: Array, w: Array) -> Any:
    """Half of logdet(M), and inv(M)."""
    m, n = A.shape
    M = np.zeros((n, n))
    if n < 16:
        for i in range(m):
            for j in range(n):
                for k in range(j, n):
                    M[j, k] += w[i] * A[i, j] * A[i, k]
    else:
        scaled = np.empty((m, n))
        for i in range(m):
            root = math.sqrt(w[i])
            for j in range(n):
                scaled[i, j] = root * A[i, j]
        gram(scaled, M)
    cholesky(M)
    half = 0.0
    for j in range(n):
        half += math.log(M[j, j])
    inverse_of_cholesky(M)
    mirror(M)
    return half, M


@njit(fastmath=FAST)
def _d_numba(A: Array, w: Array) -> Any:
    m, n = A.shape
    half, inverse = _factored_numba(A, w)
    g = np.empty(m)
    block = min(m, 256)
    product = np.empty((block, n))
    for first in range(0, m, block):
        rows = min(block, m - first)
        times_symmetric(A[first : first + rows], inverse, product)
        for i in range(rows):
            total = 0.0
            for j in range(n):
                total += product[i, j] * A[first + i, j]
            g[first + i] = -total
    return -2 * half, g


@njit(fastmath=FAST)
def _a_numba(A: Array, w: Array) -> Any:
    m, n = A.shape
    _, inverse = _factored_numba(A, w)
    g = np.empty(m)
    block = min(m, 256)
    product = np.empty((block, n))
    for first in range(0, m, block):
        rows = min(block, m - first)
        times_symmetric(A[first : first + rows], inverse, product)
        for i in range(rows):
            total = 0.0
            for j in range(n):
                total += product[i, j] * product[i, j]
            g[first + i] = -total
    value = 0.0
    for j in range(n):
        value += inverse[j, j]
    return value, g


def _d_formula(np: Any, A: Any, w: Any) -> Any:
    return -np.logdet(A.T @ (np.every_column(w, A) * A))


def _d_expert(np: Any, A: Any, w: Any) -> Any:
    L = np.cholesky_of_symmetric(A.T @ (w[:, None] * A))
    return -2 * np.sum(np.log(np.diag(L)))


def _a_formula(np: Any, A: Any, w: Any) -> Any:
    return np.trace(np.inv(A.T @ (np.every_column(w, A) * A)))


SIZES = ({"m": 15, "n": 5}, {"m": 300, "n": 30}, {"m": 5000, "n": 120})
OBJECTIVES = (
    Objective(
        "d_optimal", example("design"), ("w",), SIZES, _data,
        formula=_d_formula,
        expert=_d_expert,
        numpy=_d_numpy,
        numba=_d_numba,
    ),
    Objective("a_optimal", example("design"), ("w",), SIZES, _data, formula=_a_formula, numpy=_a_numpy, numba=_a_numba),
)  # fmt: skip
