"""Symmetric positive definite matrices: cholesky, cholesky_solve, cholesky_inverse.

Enters: addresses, sizes, strides (`runtime/library`).  Leaves: routines for Numba.  Always holds: the factor is lower
triangular with zeros above its diagonal; inverses are exactly symmetric.  Not for: indefinite matrices.
"""

from __future__ import annotations

from typing import Any

from ..elementary import sqrt
from ..fortran import fortran
from ..intrinsics import number, plus, shift
from . import mirror, syrk, triangular_inverse_lower, trsm_lower, trsm_upper

_potrf = fortran("potrf", "c i pi o")
_syrk = fortran("syrk", "cc ii r pi r pi")
_L, _N, _U = ord("L"), ord("N"), ord("U")

_LOOP = 10  # rows: up to here, loops
_BLOCK = 64  # rows: the size of blocks


def cholesky(n: Any, A: Any, a0: Any, a1: Any, L: Any, l0: Any, l1: Any) -> Any:
    """A = L L'."""
    zero = number(L, 0.0)
    for i in range(n):
        for j in range(i + 1):
            L[i * l0 + j * l1] = A[i * a0 + j * a1]
        for j in range(i + 1, n):
            L[i * l0 + j * l1] = zero
    if n > _LOOP and (l0 == 1 or l1 == 1):
        # By rows, LAPACK sees the transpose, whose upper triangle this is.
        if _potrf(_L if l0 == 1 else _U, n, L, l1 if l0 == 1 else l0) != 0:
            return 1
        # NaN if there is one anywhere in A, which OpenBLAS does not tell.
        return 0 if L[(n - 1) * (l0 + l1)] > zero else 1
    status = 0
    for i in range(n):
        for j in range(i + 1):
            s = zero
            for p in range(j):
                s = plus(s, L[i * l0 + p * l1] * L[j * l0 + p * l1])
            s = L[i * l0 + j * l1] - s
            if j < i:
                L[i * l0 + j * l1] = s / L[j * (l0 + l1)]
            else:
                if not s > zero:
                    status = 1
                L[i * (l0 + l1)] = sqrt(s)
    return status


def cholesky_solve(
    n: Any, k: Any, L: Any, l0: Any, l1: Any, B: Any, b0: Any, b1: Any, X: Any, x0: Any, x1: Any
) -> Any:  # fmt: skip
    """X = inv(L L') B."""
    one = number(X, 1.0)
    trsm_lower(n, k, one, L, l0, l1, B, b0, b1, X, x0, x1)
    trsm_upper(n, k, one, L, l1, l0, X, x0, x1, X, x0, x1)
    return 0


def cholesky_inverse(n: Any, L: Any, l0: Any, l1: Any, P: Any, p0: Any, p1: Any, scratch: Any) -> Any:
    """P = inv(L L')."""
    zero, one = number(P, 0.0), number(P, 1.0)
    # With M = inv(L), P = M' M: by blocks of rows of M, each of which has only so many columns.
    triangular_inverse_lower(n, L, l0, l1, scratch, n, 1, shift(scratch, n * n))
    if n <= _BLOCK or (p0 != 1 and p1 != 1):
        syrk(n, n, one, zero, scratch, 1, n, P, p0, p1, shift(scratch, n * n))
        return 0
    for i in range(n):
        for j in range(i + 1):
            P[i * p0 + j * p1] = zero
    for start in range(0, n, _BLOCK):
        rows = min(_BLOCK, n - start)
        block = shift(scratch, start * n)
        # BLAS sees the block's transpose by columns, and the lower triangle of P or (by rows) of its transpose.
        _syrk(_L if p0 == 1 else _U, _N, start + rows, rows, one, block, n, one, P, p1 if p0 == 1 else p0)
    mirror(n, P, p0, p1, P, p0, p1)
    return 0
