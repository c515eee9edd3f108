"""Eigenvalues of symmetric matrices and singular values: eigh, symmetric_values, svd, singular_values, and what is made of
them: projectors, resolvents, polar factors, pseudo-inverses, gaps.

Enters: addresses, sizes, strides (`runtime/library`).  Leaves: routines for Numba.  Always holds: eigenvalues ascend,
singular values descend, vectors are columns; what is not finite fails.  Not for: matrices that are not symmetric, as far
as eigenvalues go (only the lower triangle is read).
"""

from __future__ import annotations

from typing import Any

from ..fortran import fortran
from ..intrinsics import number, plus, shift
from . import gemm

_syevd = fortran("syevd", "cc i pi p pi pi o")
_gesdd = fortran("gesdd", "c ii pi p pi pi pi p o")
_V, _N, _L, _S = ord("V"), ord("N"), ord("L"), ord("S")

# Values closer than this many units of rounding, times their number, times the largest, are equal.
_CLOSE = 10


def _epsilon(X: Any) -> Any:
    one, half = number(X, 1.0), number(X, 0.5)
    unit = one
    while one + unit * half > one:
        unit = unit * half
    return unit


def _copied(m: Any, n: Any, A: Any, a0: Any, a1: Any, M: Any) -> Any:
    """M, by columns, becomes A; the result is 1 if A is not finite."""
    zero = number(A, 0.0)
    total = zero
    for j in range(n):
        for i in range(m):
            value = A[i * a0 + j * a1]
            M[i + j * m] = value
            total = plus(total, value * zero)
    return 0 if total == zero else 1


def _lower(n: Any, A: Any, a0: Any, a1: Any, M: Any) -> Any:
    zero = number(A, 0.0)
    total = zero
    for j in range(n):
        for i in range(n):
            value = A[i * a0 + j * a1] if i >= j else A[j * a0 + i * a1]
            M[i + j * n] = value
            total = plus(total, value * zero)
    return 0 if total == zero else 1


def eigh(n: Any, A: Any, a0: Any, a1: Any, w: Any, w0: Any, V: Any, v0: Any, v1: Any, scratch: Any) -> Any:
    """A = V diag(w) V'."""
    if n == 0:
        return 0
    values = shift(scratch, n * n)
    work = shift(values, n)
    length = 1 + 6 * n + 2 * n * n
    if _lower(n, A, a0, a1, scratch) != 0:
        return 1
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
    values = shift(scratch, n * n)
    work = shift(values, n)
    if _lower(n, A, a0, a1, scratch) != 0:
        return 1
    info = _syevd(_N, _L, n, scratch, n, values, work, 2 * n + 1, shift(work, 2 * n + 1), 1)
    for j in range(n):
        w[j * w0] = values[j]
    return 1 if info != 0 else 0


def svd(
    m: Any,
    n: Any,
    k: Any,
    A: Any,
    a0: Any,
    a1: Any,
    U: Any,
    u0: Any,
    u1: Any,
    s: Any,
    s0: Any,
    V: Any,
    v0: Any,
    v1: Any,
    scratch: Any,
) -> Any:
    """A = U diag(s) V', with k = min(m, n) columns of U and V."""
    if k == 0:
        return 0
    left = shift(scratch, m * n)
    values = shift(left, m * k)
    right = shift(values, k)
    work = shift(right, k * n)
    length = 4 * k * k + 7 * k + 64 * (m + n)
    if _copied(m, n, A, a0, a1, scratch) != 0:
        return 1
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
    values = shift(scratch, m * n)
    work = shift(values, k)
    length = 10 * k + 64 * (m + n)
    if _copied(m, n, A, a0, a1, scratch) != 0:
        return 1
    info = _gesdd(_N, m, n, scratch, m, values, scratch, 1, scratch, 1, work, length, shift(work, length))
    for j in range(k):
        s[j * s0] = values[j]
    return 1 if info != 0 else 0


def _scaled_product(
    m: Any,
    k: Any,
    n: Any,
    U: Any,
    u0: Any,
    u1: Any,
    weights: Any,
    V: Any,
    v0: Any,
    v1: Any,
    X: Any,
    x0: Any,
    x1: Any,
    scaled: Any,
) -> Any:
    """X = U diag(weights) V'."""
    for i in range(m):
        for j in range(k):
            scaled[i * k + j] = U[i * u0 + j * u1] * weights[j]
    gemm(m, k, n, number(X, 1.0), number(X, 0.0), scaled, k, 1, V, v1, v0, X, x0, x1)
    return 0


def eigen_projector(n: Any, w: Any, w0: Any, V: Any, v0: Any, v1: Any, P: Any, p0: Any, p1: Any, scratch: Any) -> Any:
    """P projects on the space of the largest eigenvalue, divided by its dimension."""
    if n == 0:
        return 0
    zero, one = number(P, 0.0), number(P, 1.0)
    largest = max(abs(w[0]), abs(w[(n - 1) * w0]))
    limit = w[(n - 1) * w0] - _CLOSE * n * _epsilon(P) * largest
    count = zero
    for j in range(n):
        count += one if w[j * w0] >= limit else zero
    for j in range(n):
        scratch[j] = one / count if w[j * w0] >= limit else zero
    return _scaled_product(n, n, n, V, v0, v1, scratch, V, v0, v1, P, p0, p1, shift(scratch, n))


def eigen_resolvent(n: Any, w: Any, w0: Any, V: Any, v0: Any, v1: Any, R: Any, r0: Any, r1: Any, scratch: Any) -> Any:
    """R = pinv(w[n-1] I - A), if the largest eigenvalue is simple."""
    if n == 0:
        return 0
    zero, one = number(R, 0.0), number(R, 1.0)
    top = w[(n - 1) * w0]
    limit = top - _CLOSE * n * _epsilon(R) * max(abs(w[0]), abs(top))
    status = 0
    for j in range(n):
        if j < n - 1 and w[j * w0] >= limit:
            status = 1
        scratch[j] = one / (top - w[j * w0]) if w[j * w0] < limit else zero
    _scaled_product(n, n, n, V, v0, v1, scratch, V, v0, v1, R, r0, r1, shift(scratch, n))
    return status


def svd_projector(
    m: Any,
    k: Any,
    n: Any,
    U: Any,
    u0: Any,
    u1: Any,
    s: Any,
    s0: Any,
    V: Any,
    v0: Any,
    v1: Any,
    X: Any,
    x0: Any,
    x1: Any,
    scratch: Any,
) -> Any:
    """X is the mean of u v' over the largest singular values; 0 if they are 0."""
    zero, one = number(X, 0.0), number(X, 1.0)
    count = zero
    top = s[0] if k > 0 else zero
    limit = top * (one - _CLOSE * max(m, n) * _epsilon(X))
    for j in range(k):
        count += one if s[j * s0] >= limit else zero
    for j in range(k):
        scratch[j] = one / count if s[j * s0] >= limit and top > zero else zero
    return _scaled_product(m, k, n, U, u0, u1, scratch, V, v0, v1, X, x0, x1, shift(scratch, k))


def svd_polar(
    m: Any,
    k: Any,
    n: Any,
    U: Any,
    u0: Any,
    u1: Any,
    s: Any,
    s0: Any,
    V: Any,
    v0: Any,
    v1: Any,
    X: Any,
    x0: Any,
    x1: Any,
    scratch: Any,
) -> Any:
    """X = U V' over the singular values that are not 0."""
    zero, one = number(X, 0.0), number(X, 1.0)
    limit = (s[0] if k > 0 else zero) * max(m, n) * _epsilon(X)
    for j in range(k):
        scratch[j] = one if s[j * s0] > limit else zero
    return _scaled_product(m, k, n, U, u0, u1, scratch, V, v0, v1, X, x0, x1, shift(scratch, k))


def svd_pinv(
    m: Any,
    k: Any,
    n: Any,
    U: Any,
    u0: Any,
    u1: Any,
    s: Any,
    s0: Any,
    V: Any,
    v0: Any,
    v1: Any,
    X: Any,
    x0: Any,
    x1: Any,
    scratch: Any,
) -> Any:
    """X = V diag(1/s) U' over the singular values that are not 0."""
    zero, one = number(X, 0.0), number(X, 1.0)
    limit = (s[0] if k > 0 else zero) * max(m, n) * _epsilon(X)
    for j in range(k):
        scratch[j] = one / s[j * s0] if s[j * s0] > limit else zero
    return _scaled_product(n, k, m, V, v0, v1, scratch, U, u0, u1, X, x0, x1, shift(scratch, k))


def eiggaps(n: Any, v: Any, v0: Any, G: Any, g0: Any, g1: Any) -> Any:
    """G = 1/(v[j] - v[i]), 0 on the diagonal; fails where values are equal."""
    zero, one = number(G, 0.0), number(G, 1.0)
    largest = zero
    for i in range(n):
        largest = max(largest, abs(v[i * v0]))
    limit = _CLOSE * n * _epsilon(G) * largest
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
    zero, one = number(G, 0.0), number(G, 1.0)
    largest = zero
    for i in range(n):
        largest = max(largest, abs(v[i * v0]))
    limit = _CLOSE * n * _epsilon(G) * largest
    status = 0
    for i in range(n):
        if abs(v[i * v0]) <= limit:
            status = 1
        for j in range(n):
            G[i * g0 + j * g1] = one / (v[i * v0] + v[j * v0])
    return status
