"""Products with sparse matrices in compressed rows: csr_product, csr_product_transposed, csr_inner,
csr_gram.

Enters: addresses, sizes, strides (`runtime/library`).  Leaves: routines.  Always holds: only what is stored is read,
each element once; columns of one row come in any order.  Not for: checking columns and starts, which
`runtime/sparse.py` does.
"""

from __future__ import annotations

from typing import Any

from ..intrinsics import number, plus, shift


def csr_product(
    m: Any, n: Any, z: Any, q: Any, k: Any, X: Any, x0: Any, x1: Any, x2: Any, S: Any, s0: Any,
    J: Any, j0: Any, D: Any, d0: Any, B: Any, b0: Any, b1: Any, C: Any, c0: Any, c1: Any,
) -> Any:  # fmt: skip
    """C = A B."""
    zero = number(C, 0.0)
    for i in range(m):
        stop = S[(i + 1) * s0] if i + 1 < m else q
        if k == 1:
            total = zero
            for p in range(S[i * s0], stop):
                total = plus(total, D[p * d0] * B[J[p * j0] * b0])
            C[i * c0] = total
            continue
        row = shift(C, i * c0)
        for j in range(k):
            row[j * c1] = zero
        for p in range(S[i * s0], stop):
            a, other = D[p * d0], shift(B, J[p * j0] * b0)
            for j in range(k):
                row[j * c1] = row[j * c1] + a * other[j * b1]
    return 0


def csr_product_transposed(
    m: Any, n: Any, z: Any, q: Any, k: Any, X: Any, x0: Any, x1: Any, x2: Any, S: Any, s0: Any,
    J: Any, j0: Any, D: Any, d0: Any, B: Any, b0: Any, b1: Any, C: Any, c0: Any, c1: Any,
) -> Any:  # fmt: skip
    """C = A' B."""
    zero = number(C, 0.0)
    for i in range(n):
        for j in range(k):
            C[i * c0 + j * c1] = zero
    for i in range(m):
        stop = S[(i + 1) * s0] if i + 1 < m else q
        if k == 1:
            b = B[i * b0]
            for p in range(S[i * s0], stop):
                at = J[p * j0] * c0
                C[at] = C[at] + D[p * d0] * b
            continue
        row = shift(B, i * b0)
        for p in range(S[i * s0], stop):
            a, other = D[p * d0], shift(C, J[p * j0] * c0)
            for j in range(k):
                other[j * c1] = other[j * c1] + a * row[j * b1]
    return 0


def csr_inner(
    m: Any, n: Any, z: Any, q: Any, X: Any, x0: Any, x1: Any, x2: Any, S: Any, s0: Any,
    J: Any, j0: Any, D: Any, d0: Any, B: Any, b0: Any, b1: Any, C: Any, c0: Any,
) -> Any:  # fmt: skip
    """C = diag(A B')."""
    for i in range(m):
        stop = S[(i + 1) * s0] if i + 1 < m else q
        total = number(C, 0.0)
        for p in range(S[i * s0], stop):
            total = plus(total, D[p * d0] * B[i * b0 + J[p * j0] * b1])
        C[i * c0] = total
    return 0


def csr_gram(
    m: Any, n: Any, z: Any, r: Any, q: Any, X: Any, x0: Any, x1: Any, x2: Any, P: Any, p0: Any, p1: Any,
    S: Any, s0: Any, J: Any, j0: Any, D: Any, d0: Any, W: Any, w0: Any, C: Any, c0: Any, c1: Any,
) -> Any:  # fmt: skip
    """C = A' diag(w) A, both triangles."""
    zero = number(C, 0.0)
    for i in range(n):
        for j in range(n):
            C[i * c0 + j * c1] = zero
    for i in range(m):
        start, stop = S[i * s0], S[(i + 1) * s0] if i + 1 < m else q
        w = W[i * w0]
        for p in range(start, stop):
            a, row = w * D[p * d0], J[p * j0]
            for o in range(start, stop):
                column = J[o * j0]
                if column <= row:
                    at = row * c0 + column * c1
                    C[at] = C[at] + a * D[o * d0]
    for i in range(n):
        for j in range(i):
            C[j * c0 + i * c1] = C[i * c0 + j * c1]
    return 0
