"""Triangular matrices: trmm, trsm and triangular_inverse, for lower and upper ones.

Enters: addresses, sizes, strides (`runtime/library`).  Leaves: routines for Numba.  Always holds: the other triangle is
not read.  In loops an upper triangular matrix is a lower one with both axes run backwards; BLAS is told by a letter.
Not for: unit diagonals.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..fortran import fortran
from ..intrinsics import number, plus, shift
from . import gemm

_trmm = fortran("trmm", "cccc ii r pi pi")
_trsm = fortran("trsm", "cccc ii r pi pi")
_trsv = fortran("trsv", "ccc i pi pi")
_N, _T, _L, _R, _U = ord("N"), ord("T"), ord("L"), ord("R"), ord("U")

_LOOP = 16  # rows: below, loops
_LOOP_VECTOR = 100  # rows: below, loops for a single right-hand side


def _trmm_for(lower: bool) -> Callable[..., Any]:
    by_columns, by_rows = (_L, _U) if lower else (_U, _L)  # the triangle that BLAS sees

    def trmm(
        n: Any, k: Any, alpha: Any, T: Any, t0: Any, t1: Any, B: Any, b0: Any, b1: Any, X: Any, x0: Any, x1: Any
    ) -> Any:  # fmt: skip
        """X = alpha T B."""
        if n == 0 or k == 0:
            return 0
        if n <= _LOOP or k == 1 or (t0 != 1 and t1 != 1) or (x0 != 1 and x1 != 1):
            if not lower:
                T, t0, t1 = shift(T, (n - 1) * (t0 + t1)), -t0, -t1
                B, b0 = shift(B, (n - 1) * b0), -b0
                X, x0 = shift(X, (n - 1) * x0), -x0
            for i in range(n):
                for j in range(k):
                    s = number(X, 0.0)
                    for p in range(i + 1):
                        s = plus(s, T[i * t0 + p * t1] * B[p * b0 + j * b1])
                    X[i * x0 + j * x1] = alpha * s
            return 0
        for i in range(n):
            for j in range(k):
                X[i * x0 + j * x1] = B[i * b0 + j * b1]
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
        n: Any, k: Any, alpha: Any, T: Any, t0: Any, t1: Any, B: Any, b0: Any, b1: Any, X: Any, x0: Any, x1: Any
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
        if k == 1 and unit and n > _LOOP_VECTOR and x0 > 0:
            _trsv(triangle, _N if t0 == 1 else _T, _N, n, T, ldt, X, x0)
            return status
        if k > 1 and unit and n > _LOOP and (x0 == 1 or x1 == 1):
            if x0 == 1:
                _trsm(_L, triangle, _N if t0 == 1 else _T, _N, n, k, number(X, 1.0), T, ldt, X, x1)
            else:
                _trsm(_R, triangle, _T if t0 == 1 else _N, _N, k, n, number(X, 1.0), T, ldt, X, x0)
            return status
        if not lower:
            T, t0, t1 = shift(T, (n - 1) * (t0 + t1)), -t0, -t1
            X, x0 = shift(X, (n - 1) * x0), -x0
        if k == 1:
            for i in range(n):
                s = number(X, 0.0)
                for p in range(i):
                    s = plus(s, T[i * t0 + p * t1] * X[p * x0])
                X[i * x0] = (X[i * x0] - s) / T[i * (t0 + t1)]
            return status
        for i in range(n):
            for p in range(i):
                factor = T[i * t0 + p * t1]
                for j in range(k):
                    X[i * x0 + j * x1] -= factor * X[p * x0 + j * x1]
            pivot = T[i * (t0 + t1)]
            for j in range(k):
                X[i * x0 + j * x1] /= pivot
        return status

    return trsm


def _inverse_for(lower: bool) -> Callable[..., Any]:
    def triangular_inverse(n: Any, T: Any, t0: Any, t1: Any, P: Any, p0: Any, p1: Any, scratch: Any) -> Any:
        """P = inv(T)."""
        if not lower:
            t0, t1, p0, p1 = t1, t0, p1, p0  # the transposes, which are lower
        zero, one = number(P, 0.0), number(P, 1.0)
        status = 0
        for i in range(n):
            if T[i * (t0 + t1)] == zero:
                status = 1
            for j in range(i + 1):
                P[i * p0 + j * p1] = T[i * t0 + j * t1]
            for j in range(i + 1, n):
                P[i * p0 + j * p1] = zero
        # The blocks on the diagonal, row by row: row i is -1/T[i, i] times the sum of T[i, q] * (row q of the inverse).
        for start in range(0, n, _LOOP):
            block = shift(P, start * (p0 + p1))
            for i in range(min(_LOOP, n - start)):
                row = shift(block, i * p0)
                for q in range(i):
                    above = shift(block, q * p0)
                    t = row[q * p1]
                    for c in range(q):
                        row[c * p1] += t * above[c * p1]
                    row[q * p1] = t * above[q * p1]
                pivot = one / row[i * p1]
                for c in range(i):
                    row[c * p1] *= -pivot
                row[i * p1] = pivot
        # Pairs of blocks, ever larger: inv([A, 0; B, C]) = [inv(A), 0; -inv(C)*B*inv(A), inv(C)].
        size = _LOOP
        blocks = shift(scratch, n * n)
        while size < n:
            for start in range(0, n - size, 2 * size):
                rest = min(size, n - start - size)
                first = shift(P, start * (p0 + p1))
                corner = shift(first, size * p0)
                second = shift(corner, size * p1)
                gemm(rest, size, size, one, zero, corner, p0, p1, first, p0, p1, scratch, size, 1, blocks)
                gemm(rest, rest, size, -one, zero, second, p0, p1, scratch, size, 1, corner, p0, p1, blocks)
            size *= 2
        return status

    return triangular_inverse


trmm_lower, trmm_upper = _trmm_for(True), _trmm_for(False)
trsm_lower, trsm_upper = _trsm_for(True), _trsm_for(False)
triangular_inverse_lower, triangular_inverse_upper = _inverse_for(True), _inverse_for(False)
