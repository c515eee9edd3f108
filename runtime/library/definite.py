"""Symmetric positive definite matrices: cholesky, cholesky_solve, cholesky_inverse.

Enters: addresses, sizes, strides (`runtime/library`).  Leaves: routines.  Always holds: the factor is lower triangular
with zeros above its diagonal; inverses are exactly symmetric.  Not for: indefinite matrices.
"""

from __future__ import annotations

from typing import Any

from ...compiler.kernel.routines.blocking import LEAF, PANEL
from ..fortran import fortran
from ..intrinsics import number, shift
from ..tiles import vector_bytes
from . import mirror, trsm_lower, trsm_upper
from .products import SHARED
from .recursive import factor, invert, square

_potrf = fortran("potrf", "c i pi o")
_potri = fortran("potri", "c i pi o")
_L, _U = ord("L"), ord("U")

_LOOP, _LAPACK = 10, 40  # rows: up to here, loops; up to here, LAPACK, which takes the fewest steps


def cholesky(n: Any, A: Any, a0: Any, a1: Any, L: Any, l0: Any, l1: Any, scratch: Any) -> Any:
    """A = L L'."""
    zero = number(L, 0.0)
    for i in range(n):
        for j in range(i + 1):
            L[i * l0 + j * l1] = A[i * a0 + j * a1]
    status = 0
    halved = vector_bytes(L) > 16 and n > _LAPACK and n * n * n <= SHARED
    if n <= _LOOP or (l0 != 1 and l1 != 1) or halved:
        status = factor(n, L, l0, l1, scratch, shift(scratch, LEAF * min(n, PANEL)))
    else:
        # By rows, LAPACK sees the transpose, whose upper triangle this is.
        status = _potrf(_L if l0 == 1 else _U, n, L, l1 if l0 == 1 else l0)
        # NaN if there is one anywhere in A, which OpenBLAS does not tell.
        status = 0 if status == 0 and L[(n - 1) * (l0 + l1)] > zero else 1
    for i in range(n):
        for j in range(i + 1, n):
            L[i * l0 + j * l1] = zero
    return status


def cholesky_solve(
    n: Any, k: Any, L: Any, l0: Any, l1: Any, B: Any, b0: Any, b1: Any, X: Any, x0: Any, x1: Any, scratch: Any
) -> Any:  # fmt: skip
    """X = inv(L L') B."""
    one = number(X, 1.0)
    trsm_lower(n, k, one, L, l0, l1, B, b0, b1, X, x0, x1, scratch)
    trsm_upper(n, k, one, L, l1, l0, X, x0, x1, X, x0, x1, scratch)
    return 0


def cholesky_inverse(n: Any, L: Any, l0: Any, l1: Any, P: Any, p0: Any, p1: Any, scratch: Any) -> Any:
    """P = inv(L L')."""
    for i in range(n):
        for j in range(i + 1):
            P[i * p0 + j * p1] = L[i * l0 + j * l1]
    if n <= LEAF or (p0 != 1 and p1 != 1) or (vector_bytes(P) > 16 and n * n * n <= SHARED):
        # With M = inv(L), P = M' M.
        rest = shift(scratch, LEAF * min(n, PANEL))
        invert(n, P, p0, p1, scratch, rest)
        square(n, P, p0, p1, scratch, rest)
    else:
        _potri(_L if p0 == 1 else _U, n, P, p1 if p0 == 1 else p0)
    mirror(n, P, p0, p1, P, p0, p1)
    return 0
