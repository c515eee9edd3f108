"""Moving the entries of matrices: mirror.

Enters: addresses, sizes, strides (`runtime/library`).  Leaves: routines for Numba.  Always holds: large matrices are
taken in tiles, so that rows and columns stay in the cache.  Not for: arithmetic.
"""

from __future__ import annotations

from typing import Any

_TILE = 16


def mirror(n: Any, A: Any, a0: Any, a1: Any, P: Any, p0: Any, p1: Any) -> Any:
    """P = the symmetric matrix with the lower triangle of A."""
    for i0 in range(0, n, _TILE):
        for j0 in range(0, i0 + 1, _TILE):
            for i in range(i0, min(i0 + _TILE, n)):
                for j in range(j0, min(j0 + _TILE, i + 1)):
                    v = A[i * a0 + j * a1]
                    P[i * p0 + j * p1] = v
                    P[j * p0 + i * p1] = v
    return 0
