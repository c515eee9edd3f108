"""Small parts that several routines share: the transposing of a matrix, and triangular matrices of few rows.

Enters: addresses, sizes, strides (`runtime/library`).  Leaves: functions.  Always holds: rows are gone through in
vectors, whatever the layout.  Not for: large triangular matrices, which `recursive.py` takes apart.
"""

from __future__ import annotations

from typing import Any

from ...compiler.kernel.routines.blocking import PANEL
from ..intrinsics import number, shift
from ..tiles import lanes, transposed
from . import turned as turned_part


def turned(m: Any, n: Any, X: Any, x0: Any, Y: Any, y0: Any) -> Any:
    """Y[j, i] = X[i, j], for matrices by rows."""
    width = lanes(X)
    i = 0
    while i < m:
        high = min(width, m - i)
        j = 0
        if high == width:
            while j + width <= n:
                transposed(shift(X, i * x0 + j), x0, shift(Y, j * y0 + i), y0)
                j += width
        while j < n:
            for r in range(i, i + high):
                Y[j * y0 + r] = X[r * x0 + j]
            j += 1
        i += high
    return 0


def leaf(
    inverse: Any, lower: Any, n: Any, k: Any, alpha: Any,
    T: Any, t0: Any, t1: Any, X: Any, x0: Any, x1: Any, panel: Any,
) -> Any:  # fmt: skip
    """X = alpha T X, or X = inv(T) X, for few rows: in panels whose rows are contiguous."""
    for j in range(0, k, PANEL):
        wide = min(PANEL, k - j)
        rows, step = shift(X, j * x1), x0
        if x1 != 1:
            rows, step = panel, wide
            if x0 == 1:
                turned_part(wide, n, shift(X, j * x1), x1, rows, step)
            else:
                for i in range(n):
                    for c in range(wide):
                        rows[i * step + c] = X[i * x0 + (j + c) * x1]
        # Solving, what stands in a row's products is done before it; multiplying, after it.
        for q in range(n):
            i = q if inverse == lower else n - 1 - q
            first, end = (0, i) if lower == 1 else (i + 1, n)
            row = shift(rows, i * step)
            pivot = T[i * (t0 + t1)]
            pivot = number(X, 1.0) / pivot if inverse == 1 else alpha * pivot
            sign = number(X, -1.0) if inverse == 1 else alpha
            if inverse == 0:
                for c in range(wide):
                    row[c] *= pivot
            p = first
            while p + 4 <= end:
                f0, f1 = sign * T[i * t0 + p * t1], sign * T[i * t0 + (p + 1) * t1]
                f2, f3 = sign * T[i * t0 + (p + 2) * t1], sign * T[i * t0 + (p + 3) * t1]
                r0, r1 = shift(rows, p * step), shift(rows, (p + 1) * step)
                r2, r3 = shift(rows, (p + 2) * step), shift(rows, (p + 3) * step)
                for c in range(wide):
                    row[c] += f0 * r0[c] + f1 * r1[c] + f2 * r2[c] + f3 * r3[c]
                p += 4
            while p < end:
                f0, r0 = sign * T[i * t0 + p * t1], shift(rows, p * step)
                for c in range(wide):
                    row[c] += f0 * r0[c]
                p += 1
            if inverse == 1:
                for c in range(wide):
                    row[c] *= pivot
        if x1 != 1 and x0 == 1:
            turned_part(n, wide, rows, step, shift(X, j * x1), x1)
        elif x1 != 1:
            for i in range(n):
                for c in range(wide):
                    X[i * x0 + (j + c) * x1] = rows[i * step + c]
    return 0
