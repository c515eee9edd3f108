"""Triangular and positive definite matrices by halves, so that nearly all of the work is in products.

Enters: addresses, sizes, strides (`runtime/library`), memory for LEAF rows of at most PANEL numbers, and for products.
Leaves: functions.  Always holds: all work in place, for any strides; the other triangle of a triangular matrix is not
read.  Not for: vectors.

A matrix of up to `LEAF` rows is done in loops, a larger one in two parts. (E. Elmroth, F. Gustavson, I. Jonsson,
B. Kagstrom, Recursive blocked algorithms and hybrid data structures for dense matrix library software, 2004.)
"""

from __future__ import annotations

from typing import Any

from ...compiler.kernel.routines.blocking import LEAF
from ..elementary import sqrt
from ..intrinsics import number, plus, shift
from . import gemm, leaf, product


def solve(
    lower: Any, n: Any, k: Any, T: Any, t0: Any, t1: Any, X: Any, x0: Any, x1: Any, panel: Any, scratch: Any
) -> Any:  # fmt: skip
    """X = inv(T) X."""
    if n <= LEAF:
        return leaf(1, lower, n, k, number(X, 1.0), T, t0, t1, X, x0, x1, panel)
    half = _half(n)
    rest = n - half
    last, below = shift(T, half * (t0 + t1)), shift(X, half * x0)
    one = number(X, 1.0)
    if lower == 1:
        solve(lower, half, k, T, t0, t1, X, x0, x1, panel, scratch)
        gemm(rest, half, k, -one, one, shift(T, half * t0), t0, t1, X, x0, x1, below, x0, x1, scratch)
        solve(lower, rest, k, last, t0, t1, below, x0, x1, panel, scratch)
    else:
        solve(lower, rest, k, last, t0, t1, below, x0, x1, panel, scratch)
        gemm(half, rest, k, -one, one, shift(T, half * t1), t0, t1, below, x0, x1, X, x0, x1, scratch)
        solve(lower, half, k, T, t0, t1, X, x0, x1, panel, scratch)
    return 0


def multiply(
    lower: Any, n: Any, k: Any, alpha: Any, T: Any, t0: Any, t1: Any, X: Any, x0: Any, x1: Any, panel: Any, scratch: Any
) -> Any:  # fmt: skip
    """X = alpha T X."""
    if n <= LEAF:
        return leaf(0, lower, n, k, alpha, T, t0, t1, X, x0, x1, panel)
    half = _half(n)
    rest = n - half
    last, below = shift(T, half * (t0 + t1)), shift(X, half * x0)
    one = number(X, 1.0)
    if lower == 1:
        multiply(lower, rest, k, alpha, last, t0, t1, below, x0, x1, panel, scratch)
        gemm(rest, half, k, alpha, one, shift(T, half * t0), t0, t1, X, x0, x1, below, x0, x1, scratch)
        multiply(lower, half, k, alpha, T, t0, t1, X, x0, x1, panel, scratch)
    else:
        multiply(lower, half, k, alpha, T, t0, t1, X, x0, x1, panel, scratch)
        gemm(half, rest, k, alpha, one, shift(T, half * t1), t0, t1, below, x0, x1, X, x0, x1, scratch)
        multiply(lower, rest, k, alpha, last, t0, t1, below, x0, x1, panel, scratch)
    return 0


def invert(n: Any, P: Any, p0: Any, p1: Any, panel: Any, scratch: Any) -> Any:
    """P = inv(P), lower triangular."""
    one = number(P, 1.0)
    if n > LEAF:
        # inv([A, 0; B, C]) = [inv(A), 0; -inv(C)*B*inv(A), inv(C)]
        half = _half(n)
        rest = n - half
        corner, last = shift(P, half * p0), shift(P, half * (p0 + p1))
        invert(half, P, p0, p1, panel, scratch)
        invert(rest, last, p0, p1, panel, scratch)
        multiply(0, half, rest, one, P, p1, p0, corner, p1, p0, panel, scratch)
        multiply(1, rest, half, -one, last, p0, p1, corner, p0, p1, panel, scratch)
        return 0
    for i in range(n):
        row = shift(P, i * p0)
        for q in range(i):
            above = shift(P, q * p0)
            t = row[q * p1]
            for c in range(q):
                row[c * p1] += t * above[c * p1]
            row[q * p1] = t * above[q * p1]
        pivot = one / row[i * p1]
        for c in range(i):
            row[c * p1] *= -pivot
        row[i * p1] = pivot
    return 0


def square(n: Any, P: Any, p0: Any, p1: Any, panel: Any, scratch: Any) -> Any:
    """The lower triangle of P' P in that of P, a lower triangular matrix."""
    one = number(P, 1.0)
    if n > LEAF:
        half = _half(n)
        rest = n - half
        corner, last = shift(P, half * p0), shift(P, half * (p0 + p1))
        square(half, P, p0, p1, panel, scratch)
        product(1, half, rest, half, one, one, corner, p1, p0, corner, p0, p1, P, p0, p1, scratch)
        multiply(0, rest, half, one, last, p1, p0, corner, p0, p1, panel, scratch)
        square(rest, last, p0, p1, panel, scratch)
        return 0
    for i in range(n):
        for j in range(i + 1):
            s = number(P, 0.0)
            for p in range(i, n):
                s = plus(s, P[p * p0 + i * p1] * P[p * p0 + j * p1])
            P[i * p0 + j * p1] = s
    return 0


def factor(n: Any, L: Any, l0: Any, l1: Any, panel: Any, scratch: Any) -> Any:
    """The lower triangle of L with L L' = A in that of A; 0 if A is positive definite."""
    zero, one = number(L, 0.0), number(L, 1.0)
    if n > LEAF:
        half = _half(n)
        rest = n - half
        corner, last = shift(L, half * l0), shift(L, half * (l0 + l1))
        if factor(half, L, l0, l1, panel, scratch) != 0:
            return 1
        solve(1, half, rest, L, l0, l1, corner, l1, l0, panel, scratch)
        product(1, rest, half, rest, -one, one, corner, l0, l1, corner, l1, l0, last, l0, l1, scratch)
        return factor(rest, last, l0, l1, panel, scratch)
    status = 0
    for i in range(n):
        for j in range(i + 1):
            s = zero
            for p in range(j):
                s = plus(s, L[i * l0 + p * l1] * L[j * l0 + p * l1])
            s = L[i * l0 + j * l1] - s
            if j < i:
                L[i * l0 + j * l1] = s / L[j * (l0 + l1)]
            else:
                if not s > zero:
                    status = 1
                L[i * (l0 + l1)] = sqrt(s)
    return status


def _half(n: Any) -> Any:
    """About half of the rows, whole leaves."""
    return (n + 2 * LEAF - 1) // (2 * LEAF) * LEAF
