"""Eigenvalues of symmetric matrices and singular values, and what is made of them: projectors, polar factors, gaps.

Enters: addresses, sizes, strides (`runtime/library`).  Leaves: routines.  Always holds: eigenvalues ascend, singular
values descend, vectors are columns; what is not finite fails.  Not for: matrices that are not symmetric, as far as
eigenvalues go (only the lower triangle is read).
"""

from __future__ import annotations

from math import inf
from typing import Any

from ..fortran import fortran
from ..intrinsics import Number, number, plus, shift
from . import eigh as eigh_routine
from . import gemm
from . import top_weights as top_weights_routine
from . import weighted_product as weighted_product_routine

_syevd = fortran("syevd", "cc i pi p pi pi o")
_sytrd = fortran("sytrd", "c i pi p p p p i o")
_sterf = fortran("sterf", "i p p o")
_stein = fortran("stein", "i p p i p i i pi p p p o")
_ormtr = fortran("ormtr", "ccc ii pi p pi p i o")
_gesdd = fortran("gesdd", "c ii pi p pi pi pi p o")
_V, _N, _L, _S = ord("V"), ord("N"), ord("L"), ord("S")

# Values that differ by less than this many roundings of the largest, for each of them, are taken as equal.
_CLOSE = 10
# The relative rounding of single and of double precision, and a number between the two.
_SINGLE, _DOUBLE, _BETWEEN = 1.1920928955078125e-07, 2.220446049250313e-16, 1e-10


def copied(m: Any, n: Any, A: Any, a0: Any, a1: Any, C: Any) -> Any:
    """C = A, by columns; 1 if something is not finite."""
    zero = number(A, 0.0)
    total = zero
    for j in range(n):
        for i in range(m):
            value = A[i * a0 + j * a1]
            C[i + j * m] = value
            total = plus(total, value * zero)
    return 0 if total == zero else 1


def _copied_triangle(n: Any, A: Any, a0: Any, a1: Any, C: Any) -> Any:
    """The same for the lower triangle of a square matrix."""
    zero = number(A, 0.0)
    total = zero
    for j in range(n):
        for i in range(j, n):
            value = A[i * a0 + j * a1]
            C[i + j * n] = value
            total = plus(total, value * zero)
    return 0 if total == zero else 1


def _rounding(v: Any) -> Number:
    """The relative rounding of the numbers of an array."""
    one = number(v, 1.0)
    return _DOUBLE if one + number(v, _BETWEEN) > one else _SINGLE


def closeness(n: Any, v: Any, v0: Any) -> Number:
    """By how much values may differ that are taken as equal."""
    largest = number(v, 0.0)
    for i in range(n):
        largest = abs(v[i * v0]) if abs(v[i * v0]) > largest else largest
    return _CLOSE * n * _rounding(v) * largest


def eigh(n: Any, A: Any, a0: Any, a1: Any, w: Any, w0: Any, V: Any, v0: Any, v1: Any, scratch: Any) -> Any:
    """A = V diag(w) V'."""
    if n == 0:
        return 0
    if _copied_triangle(n, A, a0, a1, scratch) != 0:
        return 1
    values = shift(scratch, n * n)
    work = shift(values, n)
    length = 1 + 6 * n + 2 * n * n
    info = _syevd(_V, _L, n, scratch, n, values, work, length, shift(work, length), 3 + 5 * n)
    for j in range(n):
        w[j * w0] = values[j]
        for i in range(n):
            V[i * v0 + j * v1] = scratch[i + j * n]
    return 1 if info != 0 else 0


def symmetric_values(n: Any, A: Any, a0: Any, a1: Any, w: Any, w0: Any, scratch: Any) -> Any:
    """The eigenvalues of A."""
    if n == 0:
        return 0
    if _copied_triangle(n, A, a0, a1, scratch) != 0:
        return 1
    values = shift(scratch, n * n)
    work = shift(values, n)
    info = _syevd(_N, _L, n, scratch, n, values, work, 2 * n + 1, shift(work, 2 * n + 1), 1)
    for j in range(n):
        w[j * w0] = values[j]
    return 1 if info != 0 else 0


def top_projector(n: Any, A: Any, a0: Any, a1: Any, w: Any, w0: Any, P: Any, p0: Any, p1: Any, scratch: Any) -> Any:
    """The eigenvalues of A, and the projector on the space of the largest, divided by its dimension.

    A single largest value has its vector by inverse iteration on the tridiagonal form, without the other vectors.
    """
    if n == 0:
        return 0
    if _copied_triangle(n, A, a0, a1, scratch) != 0:
        return 1
    diagonal, beside = shift(scratch, n * n), shift(scratch, n * n + n)
    values, others = shift(scratch, n * n + 2 * n), shift(scratch, n * n + 3 * n)
    scales, vector = shift(scratch, n * n + 4 * n), shift(scratch, n * n + 5 * n)
    work = shift(scratch, n * n + 6 * n)
    _sytrd(_L, n, scratch, n, diagonal, beside, scales, work, 64 * n)
    for i in range(n):
        values[i] = diagonal[i]
        if i < n - 1:
            others[i] = beside[i]
    info = _sterf(n, values, others)
    limit = values[n - 1] - closeness(n, values, 1)
    square = values[0] * values[0] + values[n - 1] * values[n - 1]  # of the norm; beyond, LAPACK's driver scales A
    ordinary = square > number(A, 0.0) and square < number(A, inf)
    if info == 0 and ordinary and (n == 1 or values[n - 2] < limit):
        info = _stein(n, diagonal, beside, 1, shift(values, n - 1), 1, n, vector, n, work, shift(work, 5 * n), others)
        if info == 0:
            _ormtr(_L, _L, _N, n, 1, scratch, n, scales, vector, n, work, 64 * n)
            for i in range(n):
                w[i * w0] = values[i]
                for j in range(n):
                    P[i * p0 + j * p1] = vector[i] * vector[j]
            return 0
    vectors, weights, rest = scratch, shift(scratch, n * n), shift(scratch, n * n + n)
    if eigh_routine(n, A, a0, a1, w, w0, vectors, n, 1, rest) != 0:
        return 1
    top_weights_routine(n, w, w0, weights, 1)
    weighted_product_routine(n, n, n, vectors, n, 1, weights, 1, vectors, n, 1, P, p0, p1, rest)
    return 0


def svd(
    m: Any, n: Any, k: Any, A: Any, a0: Any, a1: Any, U: Any, u0: Any, u1: Any, s: Any, s0: Any,
    V: Any, v0: Any, v1: Any, scratch: Any,
) -> Any:  # fmt: skip
    """A = U diag(s) V', with k = min(m, n) columns of U and V."""
    if k == 0:
        return 0
    if copied(m, n, A, a0, a1, scratch) != 0:
        return 1
    left = shift(scratch, m * n)
    values = shift(left, m * k)
    right = shift(values, k)
    work = shift(right, k * n)
    length = 4 * k * k + 7 * k + 64 * (m + n)
    info = _gesdd(_S, m, n, scratch, m, values, left, m, right, k, work, length, shift(work, length))
    for j in range(k):
        s[j * s0] = values[j]
        for i in range(m):
            U[i * u0 + j * u1] = left[i + j * m]
        for i in range(n):
            V[i * v0 + j * v1] = right[j + i * k]
    return 1 if info != 0 else 0


def singular_values(m: Any, n: Any, k: Any, A: Any, a0: Any, a1: Any, s: Any, s0: Any, scratch: Any) -> Any:
    """The singular values of A."""
    if k == 0:
        return 0
    if copied(m, n, A, a0, a1, scratch) != 0:
        return 1
    values = shift(scratch, m * n)
    work = shift(values, k)
    length = 10 * k + 64 * (m + n)
    info = _gesdd(_N, m, n, scratch, m, values, scratch, 1, scratch, 1, work, length, shift(work, length))
    for j in range(k):
        s[j * s0] = values[j]
    return 1 if info != 0 else 0


def weighted_product(
    m: Any, k: Any, n: Any, U: Any, u0: Any, u1: Any, w: Any, w0: Any, V: Any, v0: Any, v1: Any,
    X: Any, x0: Any, x1: Any, scratch: Any,
) -> Any:  # fmt: skip
    """X = U diag(w) V'."""
    for i in range(m):
        for j in range(k):
            scratch[i * k + j] = U[i * u0 + j * u1] * w[j * w0]
    gemm(m, k, n, number(X, 1.0), number(X, 0.0), scratch, k, 1, V, v1, v0, X, x0, x1, shift(scratch, m * k))
    return 0


def rank_ones(
    m: Any, k: Any, n: Any, U: Any, u0: Any, u1: Any, s: Any, s0: Any, V: Any, v0: Any, v1: Any, p: Any, p0: Any
) -> Any:  # fmt: skip
    """p is 1 for the values that are not 0."""
    zero, one = number(p, 0.0), number(p, 1.0)
    limit = max(m, n) * _rounding(s) * (s[0] if k > 0 else zero)
    for j in range(k):
        p[j * p0] = one if s[j * s0] > limit else zero
    return 0


def rank_reciprocals(
    m: Any, k: Any, n: Any, U: Any, u0: Any, u1: Any, s: Any, s0: Any, V: Any, v0: Any, v1: Any, p: Any, p0: Any
) -> Any:  # fmt: skip
    """p = 1/s for the values that are not 0."""
    zero, one = number(p, 0.0), number(p, 1.0)
    limit = max(m, n) * _rounding(s) * (s[0] if k > 0 else zero)
    for j in range(k):
        p[j * p0] = one / s[j * s0] if s[j * s0] > limit else zero
    return 0


def largest_weights(
    m: Any, k: Any, n: Any, U: Any, u0: Any, u1: Any, s: Any, s0: Any, V: Any, v0: Any, v1: Any, p: Any, p0: Any
) -> Any:  # fmt: skip
    """p is 1 over their number for the largest of the descending values, 0 for the others and if all are 0."""
    zero, one = number(p, 0.0), number(p, 1.0)
    limit = (s[0] if k > 0 else zero) * (one - _CLOSE * max(m, n) * _rounding(s))
    count = zero
    for j in range(k):
        count = count + one if s[j * s0] >= limit else count
    for j in range(k):
        p[j * p0] = one / count if s[j * s0] >= limit and s[j * s0] > zero else zero
    return 0


def top_weights(n: Any, w: Any, w0: Any, p: Any, p0: Any) -> Any:
    """p is 1 over their number for the largest of the ascending values w, 0 for the others."""
    zero, one = number(p, 0.0), number(p, 1.0)
    last = w[(n - 1) * w0] if n > 0 else zero
    limit = last - closeness(n, w, w0)
    count = zero
    for j in range(n):
        count = count + one if w[j * w0] >= limit else count
    for j in range(n):
        p[j * p0] = one / count if w[j * w0] >= limit else zero
    return 0


def top_reciprocals(n: Any, w: Any, w0: Any, p: Any, p0: Any) -> Any:
    """p = 1/(w[n-1] - w) for the ascending values w, 0 for the largest; fails if that is multiple."""
    zero, one = number(p, 0.0), number(p, 1.0)
    last = w[(n - 1) * w0] if n > 0 else zero
    limit = last - closeness(n, w, w0)
    status = 0
    for j in range(n):
        close = w[j * w0] >= limit
        if close and j < n - 1:
            status = 1
        p[j * p0] = zero if close else one / (last - w[j * w0])
    return status


def eiggaps(n: Any, v: Any, v0: Any, G: Any, g0: Any, g1: Any) -> Any:
    """G = 1/(v[j] - v[i]), 0 on the diagonal; fails where values are equal."""
    zero, one = number(G, 0.0), number(G, 1.0)
    limit = closeness(n, v, v0)
    status = 0
    for i in range(n):
        for j in range(n):
            gap = v[j * v0] - v[i * v0]
            if i != j and abs(gap) <= limit:
                status = 1
            G[i * g0 + j * g1] = one / gap if i != j else zero
    return status


def svdsums(n: Any, v: Any, v0: Any, G: Any, g0: Any, g1: Any) -> Any:
    """G = 1/(v[i] + v[j]); fails where a value is 0."""
    one = number(G, 1.0)
    limit = closeness(n, v, v0)
    status = 0
    for i in range(n):
        if abs(v[i * v0]) <= limit:
            status = 1
        for j in range(n):
            G[i * g0 + j * g1] = one / (v[i * v0] + v[j * v0])
    return status
