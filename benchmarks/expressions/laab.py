"""The Linear Algebra Awareness Benchmarks (HPAC/LAAB-Python), 18 expressions in 17 tests.

Enters: nothing.  Leaves: `EXPRESSIONS`.  Always holds: matrices are square, of one size.  Not for: other suites.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .by_hand import gram, lower_times, outer_gram
from .expression import Expression

Array = Any
N = {"n": 1000}
M = "matrix[n, n]"


def _laab(name: str, parameters: str, text: str, best: Any, by_hand: Any, **others: Any) -> Expression:
    return Expression("LAAB", name, f"fn f({parameters}) = {text}", N, best, by_hand, **others)


def _tridiagonal(a: Array, d: Array, b: Array, B: Array) -> Array:
    C = d[:, None] * B
    C[1:] += a[:, None] * B[:-1]
    C[:-1] += b[:, None] * B[1:]
    return C


def _blocks(A: Array, B: Array, C: Array, D: Array) -> Array:
    half = len(A)
    out = np.empty((2 * half, C.shape[1]))
    np.matmul(A, C, out=out[:half])
    np.matmul(B, D, out=out[half:])
    return out


def _loop_invariant(A: Array, B: Array, x: Array, y: Array, z: Array) -> Any:
    product = A @ B
    return tuple(product + np.outer(v, v) for v in (x, y, z))


def _product_then_gram(A: Array, B: Array) -> Array:
    return gram(A.T @ B)


EXPRESSIONS = (
    _laab("A'*B", f"A: {M}, B: {M}", "A'*B", lambda n: 2 * n**3, lambda A, B: A.T @ B),
    # trmm: half of the products are with zeros.
    _laab("L*B, L lower", f"L: lower {M}, B: {M}", "L*B", lambda n: n**3, lower_times),
    # syrk: one triangle of the result.
    _laab("A*A'", f"A: {M}", "A*A'", lambda n: n * n * (n + 1), outer_gram),
    # Three scaled copies of B, added; the language has no tridiagonal matrices, so that the text has the diagonals.
    _laab(
        "T*B, T tridiagonal",
        f"a: vector[n-1], d: vector[n], b: vector[n-1], B: {M}",
        "d .* B + [zeros(1, n); a .* B[0:n-1, :]] + [b .* B[1:n, :]; zeros(1, n)]",
        lambda n: 5 * n * n - 4 * n,
        _tridiagonal,
        written=f"fn f(T: {M}, B: {M}) = T*B",
        written_shapes={"T": (N["n"], N["n"])},
    ),
    # One product, doubled.
    _laab("A'*B + A'*B", f"A: {M}, B: {M}", "A'*B + A'*B", lambda n: 2 * n**3 + n * n, lambda A, B: (2 * A.T) @ B),
    # One product S, then syrk for S'*S.
    _laab(
        "(A'*B)'*(A'*B)", f"A: {M}, B: {M}", "(A'*B)'*(A'*B)", lambda n: 2 * n**3 + n * n * (n + 1), _product_then_gram
    ),
    _laab("(A'*B)'*A'*B", f"A: {M}, B: {M}", "(A'*B)'*A'*B", lambda n: 2 * n**3 + n * n * (n + 1), _product_then_gram),
    # From the right: four products with a vector.
    _laab(
        "A'*B*A'*B*y",
        f"A: {M}, B: {M}, y: vector[n]",
        "A'*B*A'*B*y",
        lambda n: 8 * n * n,
        lambda A, B, y: A.T @ (B @ (A.T @ (B @ y))),
    ),
    _laab("H'*H*x", f"H: {M}, x: vector[n]", "H'*H*x", lambda n: 4 * n * n, lambda H, x: (H @ x) @ H),
    _laab("y'*H'*H", f"H: {M}, y: vector[n]", "y'*H'*H", lambda n: 4 * n * n, lambda H, y: ((H @ y) @ H)[None, :]),
    # Two products with a vector, then an outer product.
    _laab(
        "H'*y*x'*H",
        f"H: {M}, x: vector[n], y: vector[n]",
        "H'*y*x'*H",
        lambda n: 5 * n * n,
        lambda H, x, y: np.multiply.outer(y @ H, x @ H),
    ),
    # Factored: one sum, one product.
    _laab(
        "A*B + A*C",
        f"A: {M}, B: {M}, C: {M}",
        "A*B + A*C",
        lambda n: 2 * n**3 + n * n,
        lambda A, B, C: A @ (B + C),
    ),
    # Multiplied out: three products with a vector.
    _laab(
        "(A - H'*H)*x",
        f"A: {M}, H: {M}, x: vector[n]",
        "(A - H'*H)*x",
        lambda n: 6 * n * n + n,
        lambda A, H, x: A @ x - (H @ x) @ H,
    ),
    # S = A'*B once, then syrk.
    _laab(
        "B'*A*A'*B",
        f"A: {M}, B: {M}",
        "B'*A*A'*B",
        lambda n: 2 * n**3 + n * n * (n + 1),
        _product_then_gram,
    ),
    # Two products of half the size in each direction but one.
    Expression(
        "LAAB",
        "[A, 0; 0, B]*[C; D]",
        "fn f(A: matrix[h, h], B: matrix[h, h], C: matrix[h, n], D: matrix[h, n]) ="
        " [A, zeros(h, h); zeros(h, h), B]*[C; D]",
        {"h": 500, "n": 1000},
        lambda h, n: 4 * h * h * n,
        _blocks,
        written="fn f(A: matrix[n, n], B: matrix[n, n]) = A*B",
        written_shapes={"A": (1000, 1000), "B": (1000, 1000)},
    ),
    # The product once; then an outer product and a sum for each vector.
    _laab(
        "A*B + v*v', three v",
        f"A: {M}, B: {M}, x: vector[n], y: vector[n], z: vector[n]",
        "(A*B + x*x', A*B + y*y', A*B + z*z')",
        lambda n: 2 * n**3 + 6 * n * n,
        _loop_invariant,
    ),
    _laab("(A + B)[2, 2]", f"A: {M}, B: {M}", "(A + B)[2, 2]", lambda n: 1, lambda A, B: A[2, 2] + B[2, 2]),
    _laab("(A*B)[2, 2]", f"A: {M}, B: {M}", "(A*B)[2, 2]", lambda n: 2 * n, lambda A, B: A[2] @ B[:, 2]),
)
