"""Eigenvalues of symmetric matrices, singular values, and what is made of them: projectors, pseudoinverses, gaps.

Always holds: eigenvalues ascend, singular values descend, vectors are columns.  The counts are those of Golub & Van
Loan, Matrix Computations.

Enters: nothing.  Leaves: `SPECTRA`, entries of the table.
"""

from __future__ import annotations

import numpy as np

from ...tensor.atoms import tied
from .blocking import blocks, square_blocks
from .functions import of_atoms
from .moves import mirrored
from .signature import Array, Failure, Signature


def _eigh(a: Array) -> tuple[Array, Array]:
    if not np.all(np.isfinite(np.tril(a))):
        raise Failure(np.full(len(a), np.nan), np.full_like(a, np.nan))
    values, vectors = np.linalg.eigh(mirrored(a))
    return values, vectors


def _top_projector(a: Array) -> tuple[Array, Array]:
    values, vectors = _eigh(a)
    return values, (vectors * _top_weights(values)) @ vectors.T


def _svd(a: Array) -> tuple[Array, Array, Array]:
    (m, n), k = a.shape, min(a.shape)
    if not np.all(np.isfinite(a)):
        raise Failure(np.full((m, k), np.nan), np.full(k, np.nan), np.full((n, k), np.nan))
    left, values, right = np.linalg.svd(a, full_matrices=False)
    return left, values, right.T


def _top_weights(values: Array) -> Array:
    top = tied(values)
    return top / max(np.sum(top), 1)


def _rank_ones(left: Array, values: Array, right: Array) -> Array:
    tolerance = max(len(left), len(right)) * np.finfo(values.dtype).eps * np.max(values, initial=0.0)
    return (values > tolerance) * 1.0


def _rank_reciprocals(left: Array, values: Array, right: Array) -> Array:
    with np.errstate(divide="ignore"):
        return np.where(_rank_ones(left, values, right) > 0, 1 / values, 0.0)


def _largest_weights(left: Array, values: Array, right: Array) -> Array:
    close = 1 - 10 * max(len(left), len(right)) * np.finfo(values.dtype).eps
    top = (values >= np.max(values, initial=0.0) * close) & (values > 0)
    return top / max(np.sum(top), 1)


def _top_reciprocals(values: Array) -> Array:
    top = tied(values)
    with np.errstate(divide="ignore"):
        result = np.where(top, 0.0, 1 / (values[-1:] - values)) if len(values) else values.copy()
    if np.sum(top) > 1:
        raise Failure(result)
    return result


def _closeness(values: Array) -> float:
    """By how much values may differ that are taken as equal."""
    return float(10 * len(values) * np.finfo(values.dtype).eps * np.max(np.abs(values), initial=0.0))


def _roots(values: Array) -> Array:
    roots = np.sqrt(np.maximum(values, 0.0))
    if np.any(values < -_closeness(values)):
        raise Failure(roots)
    return roots


def _singular(values: Array) -> bool:
    """Whether an eigenvalue is not positive, or by rounding only."""
    return bool(np.any(values <= _closeness(values)))


def _logarithms(values: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        logarithms = np.log(values)
    if _singular(values):
        raise Failure(logarithms)
    return logarithms


def _root_quotients(values: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        roots = np.sqrt(values)
        result = 1 / (roots[:, None] + roots)
    if _singular(values):
        raise Failure(result)
    return result


def _log_quotients(values: Array) -> Array:
    low, gap = np.minimum(values[:, None], values), np.abs(values[:, None] - values)
    with np.errstate(divide="ignore", invalid="ignore"):
        result = np.where(gap > 0, np.log1p(gap / low) / gap, 1 / low)
    if _singular(values):
        raise Failure(result)
    return result


SPECTRA = (
    Signature(
        "eigh",
        "nn->n,nn",
        _eigh,
        lambda n: 27 * n * n * n,
        can_fail=True,
        scratch=lambda n: 3 * n * n + 20 * n + 20,
    ),
    Signature(
        "symmetric_values",
        "nn->n",
        lambda a: _eigh(a)[0],
        lambda n: 4 * n * n * n,
        can_fail=True,
        scratch=lambda n: n * n + 10 * n + 10,
    ),
    Signature(
        "top_projector",
        "nn->n,nn",
        _top_projector,
        lambda n: 4 * n * n * n + 9 * n * n,
        can_fail=True,
        scratch=lambda n: 5 * n * n + 80 * n + 20 + square_blocks(n),
    ),
    Signature(
        "svd",
        "mn->mk,k,nk",
        _svd,
        lambda m, n, k: 42 * m * n * k + 24 * k * k * k,
        can_fail=True,
        scratch=lambda m, n, k: m * n + m * k + k * n + 4 * k * k + 20 * k + 64 * (m + n),
    ),
    Signature(
        "singular_values",
        "mn->k",
        lambda a: _svd(a)[1],
        lambda m, n, k: 12 * m * n * k,
        can_fail=True,
        scratch=lambda m, n, k: m * n + 20 * k + 64 * (m + n),
    ),
    Signature(
        "weighted_product",
        "mk,k,nk->mn",
        lambda u, w, v: (u * w) @ v.T,
        lambda m, k, n: 6 * m * k * n + 3 * m * k,
        scratch=lambda m, k, n: m * k + blocks(m, k, n),
    ),
    Signature("top_weights", "n->n", _top_weights, lambda n: 6 * n),
    Signature("rank_ones", "mk,k,nk->k", _rank_ones, lambda m, k, n: 3 * k),
    Signature("rank_reciprocals", "mk,k,nk->k", _rank_reciprocals, lambda m, k, n: 3 * k),
    Signature("largest_weights", "mk,k,nk->k", _largest_weights, lambda m, k, n: 3 * k),
    Signature("top_reciprocals", "n->n", _top_reciprocals, lambda n: 6 * n, can_fail=True),
    Signature("eiggaps", "n->nn", of_atoms("eiggaps"), lambda n: 6 * n * n, can_fail=True),
    Signature("svdsums", "n->nn", of_atoms("svdsums"), lambda n: 6 * n * n, can_fail=True),
    Signature("spectral_roots", "n->n", _roots, lambda n: 3 * n, can_fail=True),
    Signature("spectral_logarithms", "n->n", _logarithms, lambda n: 3 * n, can_fail=True),
    Signature("root_quotients", "n->nn", _root_quotients, lambda n: 3 * n + 6 * n * n, can_fail=True),
    Signature("log_quotients", "n->nn", _log_quotients, lambda n: 12 * n * n, can_fail=True),
    Signature(
        "spectral_derivative",
        "nn,nn,nn->nn",
        lambda v, q, e: v @ (q * (v.T @ e @ v)) @ v.T,
        lambda n: 24 * n * n * n + 3 * n * n,
        scratch=lambda n: 2 * n * n + square_blocks(n),
    ),
)
