"""Factorization with row exchanges: lu, lu_solve, lu_inverse, lu_det, lu_logabsdet.

Enters: addresses, sizes, strides (`runtime/library`).  Leaves: routines.  Always holds: the factorization is LAPACK's
of the matrix that it sees in the memory of F by columns: of A' where F is held by rows.  But where A is seen to be
symmetric and positive definite, F is its Cholesky factor, for half of the work, and the first pivot is 0 to say so.
Not for: views of F without an axis of stride 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..elementary import log
from ..fortran import blas_integer, fortran
from ..intrinsics import number, plus
from . import cholesky, cholesky_inverse, cholesky_solve

_getrf = fortran("getrf", "ii pi p o")
_getrs = fortran("getrs", "c ii pi p pi o")
_getri = fortran("getri", "i pi p pi o")
_trsm = fortran("trsm", "cccc ii r pi pi")
_N, _T, _L, _R, _U, _UNIT = ord("N"), ord("T"), ord("L"), ord("R"), ord("U"), ord("U")


def lu(n: Any, A: Any, a0: Any, a1: Any, F: Any, f0: Any, f1: Any, p: Any, p0: Any, scratch: Any) -> Any:
    """F, p = the factorization of A."""
    if n == 0:
        return 0
    if _may_be_definite(n, A, a0, a1) != 0 and cholesky(n, A, a0, a1, F, f0, f1, scratch) == 0:
        p[0] = 0
        return 0
    for i in range(n):
        for j in range(n):
            F[i * f0 + j * f1] = A[i * a0 + j * a1]
    if _getrf(n, n, F, max(f0, f1, n), p) != 0:
        return 1
    trace = number(F, 0.0)
    for i in range(n):
        trace = plus(trace, F[i * (f0 + f1)])
    return 1 if trace != trace else 0  # a NaN anywhere in A shows here; LAPACK does not tell


def _may_be_definite(n: Any, A: Any, a0: Any, a1: Any) -> Any:
    """Whether A is symmetric with a positive diagonal: most matrices show in their first elements that they are not."""
    zero = number(A, 0.0)
    for i in range(n):
        if not A[i * (a0 + a1)] > zero:
            return 0
    for i in range(n):
        for j in range(i):
            if A[i * a0 + j * a1] != A[j * a0 + i * a1]:
                return 0
    return 1


def _solve_for(transposed: bool) -> Callable[..., Any]:
    def lu_solve(
        n: Any, k: Any, F: Any, f0: Any, f1: Any, p: Any, p0: Any, B: Any, b0: Any, b1: Any, X: Any, x0: Any, x1: Any,
        scratch: Any
    ) -> Any:  # fmt: skip
        """X = inv(A) B, or inv(A') B."""
        if n > 0 and blas_integer(p, 0) == 0:
            return cholesky_solve(n, k, F, f0, f1, B, b0, b1, X, x0, x1, scratch)
        for i in range(n):
            for j in range(k):
                X[i * x0 + j * x1] = B[i * b0 + j * b1]
        if n == 0 or k == 0:
            return 0
        one = number(X, 1.0)
        ldf = max(f0, f1, n)
        # M, what LAPACK has factored as P L U, is A' where F is held by rows.
        inverse_of_m = (f1 != 1) != transposed  # else of M'
        if x0 == 1:
            _getrs(_N if inverse_of_m else _T, n, k, F, ldf, p, X, max(x1, n))
            return 0
        # X by rows is X' by columns: X' = B' inv(M') = B' P inv(L') inv(U'), or B' inv(M) = B' inv(U) inv(L) P'.
        if inverse_of_m:
            for i in range(n):
                q = blas_integer(p, i) - 1
                for j in range(k if q != i else 0):
                    X[i * x0 + j * x1], X[q * x0 + j * x1] = X[q * x0 + j * x1], X[i * x0 + j * x1]
            _trsm(_R, _L, _T, _UNIT, k, n, one, F, ldf, X, x0)
            _trsm(_R, _U, _T, _N, k, n, one, F, ldf, X, x0)
        else:
            _trsm(_R, _U, _N, _N, k, n, one, F, ldf, X, x0)
            _trsm(_R, _L, _N, _UNIT, k, n, one, F, ldf, X, x0)
            for i in range(n - 1, -1, -1):
                q = blas_integer(p, i) - 1
                for j in range(k if q != i else 0):
                    X[i * x0 + j * x1], X[q * x0 + j * x1] = X[q * x0 + j * x1], X[i * x0 + j * x1]
        return 0

    return lu_solve


lu_solve, lu_solve_transposed = _solve_for(False), _solve_for(True)


def lu_inverse(n: Any, F: Any, f0: Any, f1: Any, p: Any, p0: Any, P: Any, p1: Any, p2: Any, scratch: Any) -> Any:
    """P = inv(A)."""
    if n > 0 and blas_integer(p, 0) == 0:
        return cholesky_inverse(n, F, f0, f1, P, p1, p2, scratch)
    # LAPACK needs the factors in the memory order of F: where P is held the other way, that is P' until the end.
    turned = (f1 == 1) != (p2 == 1)
    q1, q2 = (p2, p1) if turned else (p1, p2)
    for i in range(n):
        for j in range(n):
            P[i * q1 + j * q2] = F[i * f0 + j * f1]
    if n > 0:
        _getri(n, P, max(p1, p2, n), p, scratch, 32 * n)
    for i in range(n if turned else 0):
        for j in range(i):
            P[i * p1 + j * p2], P[j * p1 + i * p2] = P[j * p1 + i * p2], P[i * p1 + j * p2]
    return 0


def lu_det(n: Any, F: Any, f0: Any, f1: Any, p: Any, p0: Any, d: Any) -> Any:
    """d = det(A)."""
    product = number(d, 1.0)
    definite = n > 0 and blas_integer(p, 0) == 0
    for i in range(n):
        product *= F[i * (f0 + f1)]
        if blas_integer(p, i) != i + 1 and not definite:
            product = -product
    d[0] = product * product if definite else product
    return 0


def lu_logabsdet(n: Any, F: Any, f0: Any, f1: Any, p: Any, p0: Any, l: Any, s: Any) -> Any:  # noqa: E741
    """l = log(abs(det(A))), s = its sign."""
    zero, one = number(l, 0.0), number(l, 1.0)
    total, sign = zero, one
    definite = n > 0 and blas_integer(p, 0) == 0
    for i in range(n):
        entry = F[i * (f0 + f1)]
        if blas_integer(p, i) != i + 1 and not definite:
            sign = -sign
        if entry < zero:
            sign, entry = -sign, -entry
        elif entry == zero:
            sign = zero
        total += log(entry)
    l[0], s[0] = total + total if definite else total, sign
    return 0
