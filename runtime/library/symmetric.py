"""Products with symmetric arguments or results: syrk, syr2k, gemmt, symm, symv.

Enters: addresses, sizes, strides (`runtime/library`).  Leaves: routines for Numba.  Always holds: symmetric matrices
are held in full, and results are exactly symmetric.  Not for: packed storage.
"""

from __future__ import annotations

from typing import Any

from ..fortran import fortran
from ..intrinsics import number, plus, shift
from . import gemm, gemv, mirror

_syrk = fortran("syrk", "cc ii r pi r pi")
_syr2k = fortran("syr2k", "cc ii r pi pi r pi")
_N, _T, _L = ord("N"), ord("T"), ord("L")

_LOOP = 12  # rows: below, loops
_FULL = 56  # rows: below, the product without regard to symmetry
_PANEL = 64  # columns of a triangle that are one product
_SYMV = 64  # rows: below, the whole matrix is read


def syrk(
    n: Any, k: Any, alpha: Any, beta: Any, A: Any, a0: Any, a1: Any, C: Any, c0: Any, c1: Any
) -> Any:  # fmt: skip
    """C = alpha A A' + beta C."""
    zero = number(C, 0.0)
    unit = (a0 == 1 or a1 == 1) and (c0 == 1 or c1 == 1)
    if n <= _LOOP or not unit:
        for i in range(n):
            for j in range(i + 1):
                s = zero
                for p in range(k):
                    s = plus(s, A[i * a0 + p * a1] * A[j * a0 + p * a1])
                s = alpha * s if beta == zero else alpha * s + beta * C[i * c0 + j * c1]
                C[i * c0 + j * c1] = s
                C[j * c0 + i * c1] = s
        return 0
    if n < _FULL:
        # As fast in full; the mirror makes it exactly symmetric.
        gemm(n, k, n, alpha, beta, A, a0, a1, A, a1, a0, C, c0, c1)
        mirror(n, C, c0, c1, C, c0, c1)
        return 0
    # A symmetric C may be taken by columns, with the leading stride that is not 1.
    ldc = c1 if c0 == 1 else c0
    trans, lda = (_N, a1) if a0 == 1 else (_T, a0)
    _syrk(_L, trans, n, k, alpha, A, max(1, lda, n if a0 == 1 else k), beta, C, ldc)
    mirror(n, C, 1, ldc, C, 1, ldc)
    return 0


def syr2k(
    n: Any, k: Any, alpha: Any, beta: Any,
    A: Any, a0: Any, a1: Any, B: Any, b0: Any, b1: Any, C: Any, c0: Any, c1: Any,
) -> Any:  # fmt: skip
    """C = alpha (A B' + B A') + beta C."""
    zero = number(C, 0.0)
    by_columns = a0 == 1 and b0 == 1
    by_rows = a1 == 1 and b1 == 1
    if n <= _LOOP or not (by_columns or by_rows) or not (c0 == 1 or c1 == 1):
        for i in range(n):
            for j in range(i + 1):
                s = zero
                for p in range(k):
                    s = plus(s, A[i * a0 + p * a1] * B[j * b0 + p * b1])
                    s = plus(s, B[i * b0 + p * b1] * A[j * a0 + p * a1])
                s = alpha * s if beta == zero else alpha * s + beta * C[i * c0 + j * c1]
                C[i * c0 + j * c1] = s
                C[j * c0 + i * c1] = s
        return 0
    ldc = c1 if c0 == 1 else c0
    if by_columns:
        _syr2k(_L, _N, n, k, alpha, A, max(1, a1, n), B, max(1, b1, n), beta, C, ldc)
    else:
        _syr2k(_L, _T, n, k, alpha, A, max(1, a0, k), B, max(1, b0, k), beta, C, ldc)
    mirror(n, C, 1, ldc, C, 1, ldc)
    return 0


def gemmt(
    n: Any, k: Any, alpha: Any, beta: Any,
    A: Any, a0: Any, a1: Any, B: Any, b0: Any, b1: Any, C: Any, c0: Any, c1: Any,
) -> Any:  # fmt: skip
    """C = alpha A B + beta C, of which the lower triangle is computed: panels of columns, from the diagonal down."""
    j = 0
    while j < n:
        width = min(_PANEL, n - j) if n >= _FULL else n
        gemm(
            n - j, k, width, alpha, beta, shift(A, j * a0), a0, a1, shift(B, j * b1), b0, b1,
            shift(C, j * c0 + j * c1), c0, c1,
        )  # fmt: skip
        j += width
    mirror(n, C, c0, c1, C, c0, c1)
    return 0


def symm(
    m: Any, n: Any, alpha: Any, beta: Any,
    S: Any, s0: Any, s1: Any, B: Any, b0: Any, b1: Any, C: Any, c0: Any, c1: Any,
) -> Any:  # fmt: skip
    """C = alpha S B + beta C."""
    # As many operations as gemm, which is the best tuned; S may be read either way, as suits B.
    if b0 == 1:
        return gemm(m, m, n, alpha, beta, S, min(s0, s1), max(s0, s1), B, b0, b1, C, c0, c1)
    return gemm(m, m, n, alpha, beta, S, max(s0, s1), min(s0, s1), B, b0, b1, C, c0, c1)


def symv(
    n: Any, alpha: Any, beta: Any, S: Any, s0: Any, s1: Any, x: Any, x0: Any, y: Any, y0: Any
) -> Any:  # fmt: skip
    """y = alpha S x + beta y."""
    lds = max(s0, s1)
    if n <= _SYMV or min(s0, s1) != 1 or x0 != 1 or y0 != 1:
        return gemv(n, n, alpha, beta, S, lds, min(s0, s1), x, x0, y, y0)
    # One triangle is read, half of the memory: each entry serves its own row and the row of its mirror image.
    zero = number(y, 0.0)
    for i in range(n):
        y[i] = zero if beta == zero else beta * y[i]
    i = 0
    while i < n:
        # Four rows at a time share the loads of x and the loads and stores of y.
        rows = min(4, n - i)
        if rows == 4:
            r0, r1, r2, r3 = (
                shift(S, i * lds),
                shift(S, (i + 1) * lds),
                shift(S, (i + 2) * lds),
                shift(S, (i + 3) * lds),
            )
            x_0, x_1, x_2, x_3 = alpha * x[i], alpha * x[i + 1], alpha * x[i + 2], alpha * x[i + 3]
            t0, t1, t2, t3 = zero, zero, zero, zero
            for j in range(i):
                t0 = plus(t0, r0[j] * x[j])
                t1 = plus(t1, r1[j] * x[j])
                t2 = plus(t2, r2[j] * x[j])
                t3 = plus(t3, r3[j] * x[j])
                y[j] = y[j] + x_0 * r0[j] + x_1 * r1[j] + x_2 * r2[j] + x_3 * r3[j]
            y[i] += alpha * t0
            y[i + 1] += alpha * t1
            y[i + 2] += alpha * t2
            y[i + 3] += alpha * t3
        for p in range(i, i + rows):
            s = zero
            row = shift(S, p * lds)
            start = i if rows == 4 else 0
            for j in range(start, p):
                s = plus(s, row[j] * x[j])
                y[j] += alpha * row[j] * x[p]
            y[p] += alpha * (s + row[p] * x[p])
        i += rows
    return 0
