"""Triangular matrices: trmm, trsm and triangular_inverse, for lower and upper ones.

Enters: addresses, sizes, strides (`runtime/library`).  Leaves: routines.  Always holds: the other triangle is not read.
Not for: unit diagonals.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...compiler.kernel.routines.blocking import FILLED, LEAF, PANEL
from ..fortran import fortran
from ..intrinsics import number, plus, shift
from ..tiles import vector_bytes
from . import gemm
from .products import SHARED
from .recursive import invert, multiply, solve

_trmm = fortran("trmm", "cccc ii r pi pi")
_trsm = fortran("trsm", "cccc ii r pi pi")
_trsv = fortran("trsv", "ccc i pi pi")
_N, _T, _L, _R, _U = ord("N"), ord("T"), ord("L"), ord("R"), ord("U")

_LOOP_VECTOR = 100  # rows: below, loops for a single right-hand side


def _trmm_for(lower: bool) -> Callable[..., Any]:
    by_columns, by_rows = (_L, _U) if lower else (_U, _L)  # the triangle that BLAS sees

    def trmm(
        n: Any, k: Any, alpha: Any, T: Any, t0: Any, t1: Any, B: Any, b0: Any, b1: Any, X: Any, x0: Any, x1: Any,
        scratch: Any,
    ) -> Any:  # fmt: skip
        """X = alpha T B."""
        if n == 0 or k == 0:
            return 0
        if k == 1:
            for i in range(n):
                s = number(X, 0.0)
                for p in range(0 if lower else i, i + 1 if lower else n):
                    s = plus(s, T[i * t0 + p * t1] * B[p * b0])
                X[i * x0] = alpha * s
            return 0
        if n <= FILLED:
            for i in range(n):
                for p in range(n):
                    inside = p <= i if lower else p >= i
                    scratch[i * n + p] = T[i * t0 + p * t1] if inside else number(X, 0.0)
            rest = shift(scratch, n * n)
            return gemm(n, n, k, alpha, number(X, 0.0), scratch, n, 1, B, b0, b1, X, x0, x1, rest)
        for i in range(n):
            for j in range(k):
                X[i * x0 + j * x1] = B[i * b0 + j * b1]
        unit = (t0 == 1 or t1 == 1) and (x0 == 1 or x1 == 1)
        if not unit or (vector_bytes(X) > 16 and n * n * k <= SHARED):
            rest = shift(scratch, LEAF * min(k, PANEL))
            return multiply(1 if lower else 0, n, k, alpha, T, t0, t1, X, x0, x1, scratch, rest)
        triangle, ldt = (by_columns, t1) if t0 == 1 else (by_rows, t0)
        if x0 == 1:
            _trmm(_L, triangle, _N if t0 == 1 else _T, _N, n, k, alpha, T, ldt, X, x1)
        else:
            _trmm(_R, triangle, _T if t0 == 1 else _N, _N, k, n, alpha, T, ldt, X, x0)
        return 0

    return trmm


def _trsm_for(lower: bool) -> Callable[..., Any]:
    by_columns, by_rows = (_L, _U) if lower else (_U, _L)

    def trsm(
        n: Any, k: Any, alpha: Any, T: Any, t0: Any, t1: Any, B: Any, b0: Any, b1: Any, X: Any, x0: Any, x1: Any,
        scratch: Any,
    ) -> Any:  # fmt: skip
        """X = alpha inv(T) B."""
        status = 0
        for i in range(n):
            if T[i * (t0 + t1)] == number(T, 0.0):
                status = 1
        for i in range(n):
            for j in range(k):
                X[i * x0 + j * x1] = alpha * B[i * b0 + j * b1]
        if k == 0:
            return status
        unit = t0 == 1 or t1 == 1
        triangle, ldt = (by_columns, t1) if t0 == 1 else (by_rows, t0)
        if k == 1:
            if unit and n > _LOOP_VECTOR and x0 > 0:
                _trsv(triangle, _N if t0 == 1 else _T, _N, n, T, ldt, X, x0)
                return status
            for q in range(n):
                i = q if lower else n - 1 - q
                s = number(X, 0.0)
                for p in range(0 if lower else i + 1, i if lower else n):
                    s = plus(s, T[i * t0 + p * t1] * X[p * x0])
                X[i * x0] = (X[i * x0] - s) / T[i * (t0 + t1)]
            return status
        if not (unit and (x0 == 1 or x1 == 1)) or n <= LEAF or (vector_bytes(X) > 16 and n * n * k <= SHARED):
            solve(1 if lower else 0, n, k, T, t0, t1, X, x0, x1, scratch, shift(scratch, LEAF * min(k, PANEL)))
        elif x0 == 1:
            _trsm(_L, triangle, _N if t0 == 1 else _T, _N, n, k, number(X, 1.0), T, ldt, X, x1)
        else:
            _trsm(_R, triangle, _T if t0 == 1 else _N, _N, k, n, number(X, 1.0), T, ldt, X, x0)
        return status

    return trsm


def _inverse_for(lower: bool) -> Callable[..., Any]:
    def triangular_inverse(n: Any, T: Any, t0: Any, t1: Any, P: Any, p0: Any, p1: Any, scratch: Any) -> Any:
        """P = inv(T)."""
        if not lower:
            t0, t1, p0, p1 = t1, t0, p1, p0  # the transposes, which are lower
        zero = number(P, 0.0)
        status = 0
        for i in range(n):
            if T[i * (t0 + t1)] == zero:
                status = 1
            for j in range(i + 1):
                P[i * p0 + j * p1] = T[i * t0 + j * t1]
            for j in range(i + 1, n):
                P[i * p0 + j * p1] = zero
        invert(n, P, p0, p1, scratch, shift(scratch, LEAF * min(n, PANEL)))
        return status

    return triangular_inverse


trmm_lower, trmm_upper = _trmm_for(True), _trmm_for(False)
trsm_lower, trsm_upper = _trsm_for(True), _trsm_for(False)
triangular_inverse_lower, triangular_inverse_upper = _inverse_for(True), _inverse_for(False)
