"""Products with symmetric arguments or results: syrk, syr2k, symm, symv.

Enters: addresses, sizes, strides (`runtime/library`).  Leaves: routines for Numba.  Always holds: symmetric matrices
are held in full, and results are exactly symmetric.  Not for: packed storage.
"""

from __future__ import annotations

from typing import Any

from ..fortran import fortran
from ..intrinsics import number, plus
from . import gemm, gemv, mirror

_syrk = fortran("syrk", "cc ii r pi r pi")
_syr2k = fortran("syr2k", "cc ii r pi pi r pi")
_symv = fortran("symv", "c i r pi pi r pi")
_N, _T, _L = ord("N"), ord("T"), ord("L")

_LOOP = 12  # rows: below, loops
_FULL = 40  # rows: below, the product without regard to symmetry
_SYMV = 64


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
    if n <= _SYMV or min(s0, s1) != 1 or x0 <= 0 or y0 <= 0:
        return gemv(n, n, alpha, beta, S, max(s0, s1), min(s0, s1), x, x0, y, y0)
    # Reads one triangle only: half the memory.
    _symv(_L, n, alpha, S, max(s0, s1), x, x0, beta, y, y0)
    return 0
