"""Properties of matrices: check_symmetric, check_lower, check_upper, check_diagonal.

Enters: addresses, sizes, strides (`runtime/library`).  Leaves: routines, which return 1 where the property does not
hold.  Always holds: nothing is written; nan passes, and shows in the result instead.  Not for: rank or definiteness,
which factorizations find.
"""

from __future__ import annotations

from typing import Any

from ...compiler.kernel.routines.blocking import TILE
from ..intrinsics import number, plus, shift
from . import turned


def check_symmetric(n: Any, A: Any, a0: Any, a1: Any, scratch: Any) -> Any:
    """1 unless A is symmetric to 1e-8 of its largest entry.

    Most matrices are exactly symmetric: a sum of differences, which is made in vectors, is enough to see that.
    """
    total = largest = difference = number(A, 0.0)
    for i0 in range(0, n if a1 == 1 else 0, TILE):
        high = min(TILE, n - i0)
        for j0 in range(0, i0 + 1, TILE):
            wide = min(TILE, n - j0)
            turned(wide, high, shift(A, j0 * a0 + i0), a0, scratch, TILE)
            for i in range(high):
                row, column = shift(A, (i0 + i) * a0 + j0), shift(scratch, i * TILE)
                for j in range(wide):
                    total = plus(total, abs(row[j] - column[j]))
        if total != number(A, 0.0):
            break
    if a1 == 1 and total == number(A, 0.0):
        return 0
    for i0 in range(0, n, TILE):
        for j0 in range(0, i0 + 1, TILE):
            for i in range(i0, min(i0 + TILE, n)):
                for j in range(j0, min(j0 + TILE, i + 1)):
                    v, w = A[i * a0 + j * a1], A[j * a0 + i * a1]
                    d = abs(v - w)
                    if d > difference:
                        difference = d
                    if abs(v) > largest:
                        largest = abs(v)
    return 1 if difference > number(A, 1e-8) * largest else 0


def check_lower(m: Any, n: Any, A: Any, a0: Any, a1: Any) -> Any:
    """1 unless A is zero above the diagonal."""
    zero = number(A, 0.0)
    found = 0
    for i in range(m):
        for j in range(i + 1, n):
            if A[i * a0 + j * a1] != zero:
                found = 1
    return found


def check_upper(m: Any, n: Any, A: Any, a0: Any, a1: Any) -> Any:
    """1 unless A is zero below the diagonal."""
    zero = number(A, 0.0)
    found = 0
    for i in range(m):
        for j in range(min(i, n)):
            if A[i * a0 + j * a1] != zero:
                found = 1
    return found


def check_diagonal(m: Any, n: Any, A: Any, a0: Any, a1: Any) -> Any:
    """1 unless A is zero outside of the diagonal."""
    zero = number(A, 0.0)
    found = 0
    for i in range(m):
        for j in range(n):
            if i != j and A[i * a0 + j * a1] != zero:
                found = 1
    return found
