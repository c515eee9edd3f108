"""Square root and logarithm of symmetric matrices, by their eigenvalues, and the derivatives.

Enters: addresses, sizes, strides (`runtime/library`).  Leaves: routines.  Always holds: eigenvalues that are negative
by rounding only count as 0.  Not for: decompositions (`spectral.py`).
"""

from __future__ import annotations

from typing import Any

from ..elementary import log, log1p, sqrt
from ..intrinsics import number, shift
from . import gemm
from .spectral import closeness


def spectral_roots(n: Any, w: Any, w0: Any, r: Any, r0: Any) -> Any:
    """r = sqrt(w), 0 where w is negative by rounding; fails where it is negative."""
    zero = number(r, 0.0)
    limit = closeness(n, w, w0)
    status = 0
    for i in range(n):
        if w[i * w0] < -limit:
            status = 1
        r[i * r0] = sqrt(w[i * w0]) if w[i * w0] > zero else zero
    return status


def spectral_logarithms(n: Any, w: Any, w0: Any, r: Any, r0: Any) -> Any:
    """r = log(w); fails where w is not positive, or by rounding only."""
    for i in range(n):
        r[i * r0] = log(w[i * w0])
    return _is_singular(n, w, w0)


def _is_singular(n: Any, w: Any, w0: Any) -> Any:
    """Whether an eigenvalue is not positive, or by rounding only."""
    limit = closeness(n, w, w0)
    status = 0
    for i in range(n):
        if not w[i * w0] > limit:
            status = 1
    return status


def root_quotients(n: Any, w: Any, w0: Any, Q: Any, q0: Any, q1: Any) -> Any:
    """Q[i, j] = 1/(sqrt(w[i]) + sqrt(w[j])); fails where w is not positive, or by rounding only."""
    one = number(Q, 1.0)
    for i in range(n):
        for j in range(n):
            Q[i * q0 + j * q1] = one / (sqrt(w[i * w0]) + sqrt(w[j * w0]))
    return _is_singular(n, w, w0)


def log_quotients(n: Any, w: Any, w0: Any, Q: Any, q0: Any, q1: Any) -> Any:
    """Q[i, j] = (log(w[i]) - log(w[j]))/(w[i] - w[j]), or its limit 1/w[i]; fails where w is not positive, or by
    rounding only."""
    zero, one = number(Q, 0.0), number(Q, 1.0)
    for i in range(n):
        for j in range(n):
            gap = abs(w[i * w0] - w[j * w0])
            low = w[i * w0] if w[i * w0] < w[j * w0] else w[j * w0]
            Q[i * q0 + j * q1] = log1p(gap / low) / gap if gap > zero else one / low
    return _is_singular(n, w, w0)


def spectral_derivative(
    n: Any, V: Any, v0: Any, v1: Any, Q: Any, q0: Any, q1: Any, E: Any, e0: Any, e1: Any,
    X: Any, x0: Any, x1: Any, scratch: Any,
) -> Any:  # fmt: skip
    """X = V*(Q .* (V'*E*V))*V'."""
    one, zero = number(X, 1.0), number(X, 0.0)
    inner, rest = shift(scratch, n * n), shift(scratch, 2 * n * n)
    gemm(n, n, n, one, zero, V, v1, v0, E, e0, e1, scratch, n, 1, rest)
    gemm(n, n, n, one, zero, scratch, n, 1, V, v0, v1, inner, n, 1, rest)
    for i in range(n):
        for j in range(n):
            inner[i * n + j] = inner[i * n + j] * Q[i * q0 + j * q1]
    gemm(n, n, n, one, zero, V, v0, v1, inner, n, 1, scratch, n, 1, rest)
    gemm(n, n, n, one, zero, scratch, n, 1, V, v1, v0, X, x0, x1, rest)
    return 0
