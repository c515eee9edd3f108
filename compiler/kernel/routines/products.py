"""Products: those of BLAS, products with triangular matrices, and running sums.

    routine                outputs          inputs                 scalars      meaning
    gemm                   C (m,n)          A (m,k), B (k,n)       alpha, beta  C = alpha A B + beta C
    gemv                   y (m)            A (m,n), x (n)         alpha, beta  y = alpha A x + beta y
    ger                    C (m,n)          x (m), y (n)           alpha, beta  C = alpha x y' + beta C
    dot                    s ()             x (n), y (n)           alpha, beta  s = alpha x'y + beta s
    syrk                   C (n,n)          A (n,k)                alpha, beta  C = alpha A A' + beta C, both triangles
    syr2k                  C (n,n)          A (n,k), B (n,k)       alpha, beta  C = alpha (A B' + B A') + beta C, both
    gemmt                  C (n,n)          A (n,k), B (k,n)       alpha, beta  gemm where A B and C are symmetric: the
                                                                                lower triangle, mirrored
    symm                   C (m,n)          S (m,m), B (m,n)       alpha, beta  gemm with S symmetric (on the right: .T)
    symv                   y (n)            S (n,n), x (n)         alpha, beta  gemv with S symmetric
    trmm_lower, _upper     X (n[,k])        T (n,n), B (n[,k])     alpha        X = alpha T B; other triangle not read
    cumsum, cumsum_reversed
                           X (n[,k])        B (n[,k])              alpha        X[i] = alpha (B[0] + ... + B[i]), or of
                                                                                B[i], ..., B[n-1]

With beta, syrk, syr2k and gemmt need a symmetric C.

Enters: nothing.  Leaves: `PRODUCTS`, entries of the table, and which of them compute one triangle.
"""

from __future__ import annotations

import numpy as np

from .blocking import blocks, filling
from .moves import mirrored
from .signature import Signature

_SCALED = ("alpha", "beta")

# Routines that compute the lower triangle and mirror it: with beta they need a symmetric C.
ONE_TRIANGLE = frozenset({"syrk", "syr2k", "gemmt"})


# The counts are those of the LAPACK Working Note 41.
PRODUCTS = (
    Signature("gemm", "mk,kn->mn", np.matmul, lambda m, k, n: 6 * m * n * k, _SCALED, scratch=blocks),
    Signature("gemv", "mn,n->m", np.matmul, lambda m, n: 6 * m * n, _SCALED),
    Signature("ger", "m,n->mn", np.outer, lambda m, n: 6 * m * n, _SCALED),
    Signature("dot", "n,n->", np.dot, lambda n: 6 * n, _SCALED),
    Signature(
        "syrk",
        "nk->nn",
        lambda a: a @ a.T,
        lambda n, k: 3 * k * n * (n + 1),
        _SCALED,
        scratch=lambda n, k: blocks(n, k, n),
    ),
    Signature(
        "syr2k",
        "nk,nk->nn",
        lambda a, b: a @ b.T + b @ a.T,
        lambda n, k: 6 * k * n * (n + 1),
        _SCALED,
        scratch=lambda n, k: blocks(n, k, n),
    ),
    Signature(
        "gemmt",
        "nk,kn->nn",
        lambda a, b: mirrored(a @ b),
        lambda n, k: 3 * k * n * (n + 1),
        _SCALED,
        scratch=lambda n, k: blocks(n, k, n),
    ),
    Signature(
        "symm",
        "mm,mn->mn",
        np.matmul,
        lambda m, n: 6 * m * m * n,
        _SCALED,
        scratch=lambda m, n: blocks(m, m, n),
    ),
    Signature("symv", "nn,n->n", np.matmul, lambda n: 6 * n * n, _SCALED),
    Signature(
        "trmm_lower",
        "nn,n[k]->n[k]",
        lambda t, b: np.tril(t) @ b,
        lambda n, k: 3 * n * n * k,
        ("alpha",),
        scratch=filling,
    ),
    Signature(
        "trmm_upper",
        "nn,n[k]->n[k]",
        lambda t, b: np.triu(t) @ b,
        lambda n, k: 3 * n * n * k,
        ("alpha",),
        scratch=filling,
    ),
    Signature("cumsum", "n[k]->n[k]", lambda b: np.cumsum(b, axis=0), lambda n, k: 3 * n * k, ("alpha",)),
    Signature(
        "cumsum_reversed",
        "n[k]->n[k]",
        lambda b: np.cumsum(b[::-1], axis=0)[::-1],
        lambda n, k: 3 * n * k,
        ("alpha",),
    ),
)
