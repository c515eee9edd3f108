"""Products with symmetric arguments or results: syrk, syr2k, gemmt, symm, symv.

Enters: addresses, sizes, strides (`runtime/library`).  Leaves: routines.  Always holds: symmetric matrices are held in
full, and results are exactly symmetric.  Not for: packed storage.
"""

from __future__ import annotations

from typing import Any

from ..intrinsics import number, plus, shift
from ..tiles import vector_bytes
from . import gemm, gemv, mirror, product
from .products import SHARED, is_narrow

_LOOP = 512  # products of numbers: up to here, plain loops
_PANEL = 64  # columns of a triangle that are one product of BLAS
_SYMV = 64  # rows: below, the whole matrix is read


def _triangle(
    n: Any, k: Any, alpha: Any, beta: Any,
    A: Any, a0: Any, a1: Any, B: Any, b0: Any, b1: Any, C: Any, c0: Any, c1: Any, scratch: Any,
) -> Any:  # fmt: skip
    """C = alpha A B + beta C, of which at least the lower triangle is computed."""
    if is_narrow(n, n, k) and a1 == 1 and b0 == 1:
        for i in range(n):
            gemv(i + 1, k, alpha, beta, B, b1, b0, shift(A, i * a0), a1, shift(C, i * c0), c1)
        return 0
    if vector_bytes(C) > 16 and n * n * k <= SHARED:
        return product(1, n, k, n, alpha, beta, A, a0, a1, B, b0, b1, C, c0, c1, scratch)
    # By BLAS: panels of columns, from the diagonal down.
    for j in range(0, n, _PANEL):
        place = shift(C, j * (c0 + c1))
        left, right = shift(A, j * a0), shift(B, j * b1)
        gemm(n - j, k, min(_PANEL, n - j), alpha, beta, left, a0, a1, right, b0, b1, place, c0, c1, scratch)
    return 0


def syrk(
    n: Any, k: Any, alpha: Any, beta: Any, A: Any, a0: Any, a1: Any, C: Any, c0: Any, c1: Any, scratch: Any
) -> Any:  # fmt: skip
    """C = alpha A A' + beta C."""
    if n * n * k <= _LOOP:
        zero = number(C, 0.0)
        for i in range(n):
            for j in range(i + 1):
                total = zero
                for p in range(k):
                    total = plus(total, A[i * a0 + p * a1] * A[j * a0 + p * a1])
                total = alpha * total if beta == zero else alpha * total + beta * C[i * c0 + j * c1]
                C[i * c0 + j * c1] = total
                C[j * c0 + i * c1] = total
        return 0
    _triangle(n, k, alpha, beta, A, a0, a1, A, a1, a0, C, c0, c1, scratch)
    mirror(n, C, c0, c1, C, c0, c1)
    return 0


def syr2k(
    n: Any, k: Any, alpha: Any, beta: Any,
    A: Any, a0: Any, a1: Any, B: Any, b0: Any, b1: Any, C: Any, c0: Any, c1: Any, scratch: Any,
) -> Any:  # fmt: skip
    """C = alpha (A B' + B A') + beta C."""
    _triangle(n, k, alpha, beta, A, a0, a1, B, b1, b0, C, c0, c1, scratch)
    _triangle(n, k, alpha, number(C, 1.0), B, b0, b1, A, a1, a0, C, c0, c1, scratch)
    mirror(n, C, c0, c1, C, c0, c1)
    return 0


def gemmt(
    n: Any, k: Any, alpha: Any, beta: Any,
    A: Any, a0: Any, a1: Any, B: Any, b0: Any, b1: Any, C: Any, c0: Any, c1: Any, scratch: Any,
) -> Any:  # fmt: skip
    """C = alpha A B + beta C, of which the lower triangle is computed."""
    _triangle(n, k, alpha, beta, A, a0, a1, B, b0, b1, C, c0, c1, scratch)
    mirror(n, C, c0, c1, C, c0, c1)
    return 0


def symm(
    m: Any, n: Any, alpha: Any, beta: Any,
    S: Any, s0: Any, s1: Any, B: Any, b0: Any, b1: Any, C: Any, c0: Any, c1: Any, scratch: Any,
) -> Any:  # fmt: skip
    """C = alpha S B + beta C."""
    # As many operations as gemm, which is the best tuned; S may be read either way, as suits B.
    if b0 == 1:
        return gemm(m, m, n, alpha, beta, S, min(s0, s1), max(s0, s1), B, b0, b1, C, c0, c1, scratch)
    return gemm(m, m, n, alpha, beta, S, max(s0, s1), min(s0, s1), B, b0, b1, C, c0, c1, scratch)


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
