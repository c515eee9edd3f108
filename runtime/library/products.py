"""General products: gemm, gemv, ger, dot.

Enters: addresses, sizes, strides (`runtime/library`).  Leaves: routines.  Always holds: with beta = 0 the output is not
read, so that what it held (even nan) does not matter.  Not for: symmetric matrices.
"""

from __future__ import annotations

from typing import Any

from ..fortran import fortran
from ..intrinsics import number, plus, shift
from ..tiles import vector_bytes
from . import product

_gemm = fortran("gemm", "cc iii r pi pi r pi")
_N, _T = ord("N"), ord("T")

_LOOP = 27  # products of numbers: up to here, plain loops
_NARROW, _LONG = 40, 64  # elements of a C, and the length of the dot products
_SMALL = 4096  # products of numbers: up to here our own code is faster, whatever the vectors
SHARED = 2**30  # products of numbers: from here on, BLAS may share them out among its threads


def gemm(
    m: Any, k: Any, n: Any, alpha: Any, beta: Any,
    A: Any, a0: Any, a1: Any, B: Any, b0: Any, b1: Any, C: Any, c0: Any, c1: Any, scratch: Any,
) -> Any:  # fmt: skip
    """C = alpha A B + beta C."""
    if m == 0 or n == 0:
        return 0
    # The stride of an axis of one element is free.
    if m == 1:
        a0 = k if a1 == 1 else 1
        c0 = n if c1 == 1 else 1
    if n == 1:
        b1 = k if b0 == 1 else 1
        c1 = m if c0 == 1 else 1
    if k == 1:
        a1 = m if a0 == 1 else 1
        b0 = n if b1 == 1 else 1
    unit = (a0 == 1 or a1 == 1) and (b0 == 1 or b1 == 1) and (c0 == 1 or c1 == 1)
    if m * n * k <= _LOOP:
        zero = number(C, 0.0)
        for i in range(m):
            for j in range(n):
                total = zero
                for p in range(k):
                    total = plus(total, A[i * a0 + p * a1] * B[p * b0 + j * b1])
                total = alpha * total
                C[i * c0 + j * c1] = total if beta == zero else total + beta * C[i * c0 + j * c1]
        return 0
    if is_narrow(m, n, k) and a1 == 1 and b0 == 1:
        for i in range(m):
            gemv(n, k, alpha, beta, B, b1, b0, shift(A, i * a0), a1, shift(C, i * c0), c1)
        return 0
    few = m * n * k <= (SHARED if vector_bytes(C) > 16 else _SMALL)
    if few or not unit:
        return product(0, m, k, n, alpha, beta, A, a0, a1, B, b0, b1, C, c0, c1, scratch)
    # BLAS counts by columns: a C by rows is its transpose by columns, C' = B' A'.
    if c1 == 1:
        m, n = n, m
        A, a0, a1, B, b0, b1 = B, b1, b0, A, a1, a0
        c0, c1 = c1, c0
    ta, lda = (_N, a1) if a0 == 1 else (_T, a0)
    tb, ldb = (_N, b1) if b0 == 1 else (_T, b0)
    _gemm(ta, tb, m, n, k, alpha, A, max(1, lda), B, max(1, ldb), beta, C, max(1, c1))
    return 0


def is_narrow(m: Any, n: Any, k: Any) -> Any:
    """Whether m x n dot products of length k are faster than tiles, which a narrow C does not fill."""
    return m * n <= _NARROW and k >= _LONG


def gemv(
    m: Any, n: Any, alpha: Any, beta: Any, A: Any, a0: Any, a1: Any, x: Any, x0: Any, y: Any, y0: Any
) -> Any:  # fmt: skip
    """y = alpha A x + beta y, in loops for all sizes: as fast as one thread of BLAS, and on a busy machine its threads
    cost more than they bring."""
    zero = number(y, 0.0)
    if n == 0 or alpha == zero or (a0 == 1 and a1 != 1):
        # By columns, or nothing to add: the old value first.
        for i in range(m):
            y[i * y0] = zero if beta == zero else beta * y[i * y0]
        if n == 0 or alpha == zero:
            return 0
    if a1 == 1 and x0 == 1:
        # By rows: four dot products at a time share the loads of x.
        i = 0
        while i + 4 <= m:
            r0, r1, r2, r3 = shift(A, i * a0), shift(A, (i + 1) * a0), shift(A, (i + 2) * a0), shift(A, (i + 3) * a0)
            s0, s1, s2, s3 = zero, zero, zero, zero
            for j in range(n):
                s0 = plus(s0, r0[j] * x[j])
                s1 = plus(s1, r1[j] * x[j])
                s2 = plus(s2, r2[j] * x[j])
                s3 = plus(s3, r3[j] * x[j])
            if beta == zero:
                y[i * y0], y[(i + 1) * y0] = alpha * s0, alpha * s1
                y[(i + 2) * y0], y[(i + 3) * y0] = alpha * s2, alpha * s3
            else:
                y[i * y0] = alpha * s0 + beta * y[i * y0]
                y[(i + 1) * y0] = alpha * s1 + beta * y[(i + 1) * y0]
                y[(i + 2) * y0] = alpha * s2 + beta * y[(i + 2) * y0]
                y[(i + 3) * y0] = alpha * s3 + beta * y[(i + 3) * y0]
            i += 4
        while i < m:
            r0 = shift(A, i * a0)
            s0 = zero
            for j in range(n):
                s0 = plus(s0, r0[j] * x[j])
            y[i * y0] = alpha * s0 if beta == zero else alpha * s0 + beta * y[i * y0]
            i += 1
        return 0
    if a0 == 1 and a1 != 1:
        # By columns: four columns at a time share the loads and stores of y.
        j = 0
        if y0 == 1:
            while j + 4 <= n:
                c0, c1 = shift(A, j * a1), shift(A, (j + 1) * a1)
                c2, c3 = shift(A, (j + 2) * a1), shift(A, (j + 3) * a1)
                t0, t1 = alpha * x[j * x0], alpha * x[(j + 1) * x0]
                t2, t3 = alpha * x[(j + 2) * x0], alpha * x[(j + 3) * x0]
                for i in range(m):
                    y[i] = y[i] + t0 * c0[i] + t1 * c1[i] + t2 * c2[i] + t3 * c3[i]
                j += 4
        while j < n:
            c0 = shift(A, j * a1)
            t0 = alpha * x[j * x0]
            for i in range(m):
                y[i * y0] = y[i * y0] + t0 * c0[i]
            j += 1
        return 0
    for i in range(m):
        s0 = zero
        for j in range(n):
            s0 = plus(s0, A[i * a0 + j * a1] * x[j * x0])
        y[i * y0] = alpha * s0 if beta == zero else alpha * s0 + beta * y[i * y0]
    return 0


def ger(
    m: Any, n: Any, alpha: Any, beta: Any, x: Any, x0: Any, y: Any, y0: Any, C: Any, c0: Any, c1: Any
) -> Any:  # fmt: skip
    """C = alpha x y' + beta C."""
    zero = number(C, 0.0)
    if c1 != 1 and c0 == 1:
        x, x0, y, y0 = y, y0, x, x0
        m, n, c0, c1 = n, m, c1, c0
    for i in range(m):
        a = alpha * x[i * x0]
        row = shift(C, i * c0)
        if beta == zero:
            for j in range(n):
                row[j * c1] = a * y[j * y0]
        else:
            for j in range(n):
                row[j * c1] = a * y[j * y0] + beta * row[j * c1]
    return 0


def dot(n: Any, alpha: Any, beta: Any, x: Any, x0: Any, y: Any, y0: Any, s: Any) -> Any:
    """s = alpha x'y + beta s."""
    zero = number(s, 0.0)
    total = zero
    if x0 == 1 and y0 == 1:
        for i in range(n):
            total = plus(total, x[i] * y[i])
    else:
        for i in range(n):
            total = plus(total, x[i * x0] * y[i * y0])
    s[0] = alpha * total if beta == zero else alpha * total + beta * s[0]
    return 0
