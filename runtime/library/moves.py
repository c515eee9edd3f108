"""Moving the entries of matrices, and running sums: mirror, cumsum, cumsum_reversed.

Enters: addresses, sizes, strides (`runtime/library`).  Leaves: routines.  Always holds: large matrices are taken in
tiles, so that rows and columns stay in the cache.  Not for: products.
"""

from __future__ import annotations

from typing import Any

from ..intrinsics import number, shift
from . import turned

_TILE = 16


def mirror(n: Any, A: Any, a0: Any, a1: Any, P: Any, p0: Any, p1: Any) -> Any:
    """P = the symmetric matrix with the lower triangle of A."""
    for i0 in range(0, n, _TILE):
        high = min(_TILE, n - i0)
        for j0 in range(0, i0, _TILE):
            for i in range(i0, i0 + high):
                for j in range(j0, j0 + _TILE):
                    P[i * p0 + j * p1] = A[i * a0 + j * a1]
            if a1 == 1 and p1 == 1:
                turned(high, _TILE, shift(A, i0 * a0 + j0), a0, shift(P, j0 * p0 + i0), p0)
            elif a0 == 1 and p0 == 1:
                turned(_TILE, high, shift(A, i0 + j0 * a1), a1, shift(P, j0 + i0 * p1), p1)
            else:
                for i in range(i0, i0 + high):
                    for j in range(j0, j0 + _TILE):
                        P[j * p0 + i * p1] = A[i * a0 + j * a1]
        for i in range(i0, i0 + high):
            for j in range(i0, i + 1):
                v = A[i * a0 + j * a1]
                P[i * p0 + j * p1] = v
                P[j * p0 + i * p1] = v
    return 0


def cumsum(n: Any, k: Any, alpha: Any, B: Any, b0: Any, b1: Any, X: Any, x0: Any, x1: Any) -> Any:
    """X[i] = alpha (B[0] + ... + B[i])."""
    if k == 1 or x1 != 1:
        for j in range(k):
            s = number(X, 0.0)
            for i in range(n):
                s = s + alpha * B[i * b0 + j * b1]
                X[i * x0 + j * x1] = s
        return 0
    for i in range(n):
        for j in range(k):
            before = X[(i - 1) * x0 + j] if i > 0 else number(X, 0.0)
            X[i * x0 + j] = before + alpha * B[i * b0 + j * b1]
    return 0


def cumsum_reversed(n: Any, k: Any, alpha: Any, B: Any, b0: Any, b1: Any, X: Any, x0: Any, x1: Any) -> Any:
    """X[i] = alpha (B[i] + ... + B[n-1])."""
    last = n - 1
    return cumsum(n, k, alpha, shift(B, last * b0), -b0, b1, shift(X, last * x0), -x0, x1)
