"""Triangular systems, Cholesky and LU factorizations, and what is made of them.

routine                outputs          inputs                 scalars      meaning
trsm_lower, _upper     X (n[,k])        T (n,n), B (n[,k])     alpha        X = alpha inv(T) B; in place; can fail
triangular_inverse_lower, _upper
                       P (n,n)          T (n,n)                             P = inv(T); in place; can fail
cholesky               L (n,n)          A (n,n)                             A = L L', zeros above; reads A's lower
                                                                            triangle; in place; can fail
cholesky_solve         X (n[,k])        L (n,n), B (n[,k])                  X = inv(L L') B; in place
cholesky_inverse       P (n,n)          L (n,n)                             P = inv(L L'), both triangles; in place
lu                     F (n,n), p (n)   A (n,n)                             F, p (int work buffer) are for
                                                                            lu_ routines; can fail (singular)
lu_solve               X (n[,k])        F, p, B (n[,k])                     X = inv(A) B; in place
lu_solve_transposed    X (n[,k])        F, p, B (n[,k])                     X = inv(A') B; in place
lu_inverse             P (n,n)          F, p                                P = inv(A); in place (P is F)
lu_det                 d ()             F, p                                d = det(A)
lu_logabsdet           l (), s ()       F, p                                l = log(abs(d)), s = sign(d) = -1, 0, 1;
                                                                            l = -inf where s = 0

Enters: nothing.  Leaves: `FACTORIZATIONS`, entries of the table.
"""

from __future__ import annotations

import numpy as np

from .blocking import halving, halving_itself
from .moves import mirrored
from .signature import Array, Failure, Signature


def _cholesky(a: Array) -> Array:
    try:
        factor = np.linalg.cholesky(mirrored(a))
    except np.linalg.LinAlgError:
        raise Failure(np.full_like(a, np.nan)) from None
    if not np.all(np.diagonal(factor) > 0):
        raise Failure(factor)
    return factor


def _triangular_solve(t: Array, b: Array, lower: bool) -> Array:
    from scipy.linalg import solve_triangular

    if np.any(np.diagonal(t) == 0):
        raise Failure(np.full_like(b, np.nan))
    if b.size == 0:
        return b.copy()
    return solve_triangular(t, b, lower=lower, check_finite=False)


def _triangular_inverse(t: Array, lower: bool) -> Array:
    return (np.tril if lower else np.triu)(_triangular_solve(t, np.eye(len(t), dtype=t.dtype), lower))


def _cholesky_solve(factor: Array, b: Array) -> Array:
    return _triangular_solve(factor.T, _triangular_solve(factor, b, True), False)


def _lu(a: Array) -> tuple[Array, Array]:
    # The factorization of A', as the kernels hold it: in C order that is the memory LAPACK wants for A.
    from scipy.linalg import lapack

    if a.size == 0:
        return a.copy(), np.zeros(len(a), dtype=np.int64)
    getrf = lapack.sgetrf if a.dtype == np.float32 else lapack.dgetrf
    factors, pivots, info = getrf(a.T)
    if info > 0 or np.any(np.isnan(np.diagonal(factors))):
        raise Failure(factors.T, pivots)
    return factors.T, pivots


def _lu_solve(factors: Array, pivots: Array, b: Array, transposed: bool) -> Array:
    from scipy.linalg import lapack

    if b.size == 0:
        return b.copy()
    getrs = lapack.sgetrs if factors.dtype == np.float32 else lapack.dgetrs
    return getrs(factors.T, pivots, b, trans=0 if transposed else 1)[0]


def _lu_logabsdet(factors: Array, pivots: Array) -> tuple[Array, Array]:
    diagonal = np.diagonal(factors)
    exchanges = np.count_nonzero(pivots != np.arange(len(pivots)))
    with np.errstate(divide="ignore"):
        return np.sum(np.log(np.abs(diagonal))), np.prod(np.sign(diagonal)) * (-1.0) ** exchanges


def _lu_det(factors: Array, pivots: Array) -> Array:
    exchanges = np.count_nonzero(pivots != np.arange(len(pivots)))
    return np.prod(np.diagonal(factors)) * (-1.0) ** exchanges


FACTORIZATIONS = (
    Signature(
        "trsm_lower",
        "nn,n[k]->n[k]",
        lambda t, b: _triangular_solve(t, b, True),
        lambda n, k: 3 * n * n * k,
        ("alpha",),
        can_fail=True,
        in_place=True,
        scratch=halving,
    ),
    Signature(
        "trsm_upper",
        "nn,n[k]->n[k]",
        lambda t, b: _triangular_solve(t, b, False),
        lambda n, k: 3 * n * n * k,
        ("alpha",),
        can_fail=True,
        in_place=True,
        scratch=halving,
    ),
    Signature(
        "triangular_inverse_lower",
        "nn->nn",
        lambda t: _triangular_inverse(t, True),
        lambda n: n * n * n,
        can_fail=True,
        in_place=True,
        scratch=halving_itself,
    ),
    Signature(
        "triangular_inverse_upper",
        "nn->nn",
        lambda t: _triangular_inverse(t, False),
        lambda n: n * n * n,
        can_fail=True,
        in_place=True,
        scratch=halving_itself,
    ),
    Signature(
        "cholesky",
        "nn->nn",
        _cholesky,
        lambda n: n * n * n,
        can_fail=True,
        in_place=True,
        scratch=halving_itself,
    ),
    Signature(
        "cholesky_solve",
        "nn,n[k]->n[k]",
        _cholesky_solve,
        lambda n, k: 6 * n * n * k,
        in_place=True,
        scratch=halving,
    ),
    Signature(
        "cholesky_inverse",
        "nn->nn",
        lambda factor: mirrored(_cholesky_solve(factor, np.eye(len(factor), dtype=factor.dtype))),
        lambda n: 2 * n * n * n,
        in_place=True,
        scratch=halving_itself,
    ),
    # The counts are those without symmetry, which is seen when the numbers are.
    Signature("lu", "nn->nn,n", _lu, lambda n: 2 * n * n * n, can_fail=True, scratch=halving_itself, integers=(2,)),
    Signature(
        "lu_solve",
        "nn,n,n[k]->n[k]",
        lambda f, p, b: _lu_solve(f, p, b, False),
        lambda n, k: 6 * n * n * k,
        in_place=True,
        scratch=halving,
        integers=(1,),
    ),
    Signature(
        "lu_solve_transposed",
        "nn,n,n[k]->n[k]",
        lambda f, p, b: _lu_solve(f, p, b, True),
        lambda n, k: 6 * n * n * k,
        in_place=True,
        scratch=halving,
        integers=(1,),
    ),
    Signature(
        "lu_inverse",
        "nn,n->nn",
        lambda f, p: _lu_solve(f, p, np.eye(len(p), dtype=f.dtype), False),
        lambda n: 4 * n * n * n,
        in_place=True,
        scratch=lambda n: 32 * n + halving_itself(n),
        integers=(1,),
    ),
    Signature("lu_det", "nn,n->", _lu_det, lambda n: 3 * n, integers=(1,)),
    Signature("lu_logabsdet", "nn,n->,", _lu_logabsdet, lambda n: 6 * n, integers=(1,)),
)
