"""Products with sparse matrices, whose meaning is SciPy's.

    routine                outputs          inputs                 scalars      meaning
    csr_product            C (m[,k])        X, S (m), J (q), D (q), B (n[,k])   C = A B, where A (m,n) has q elements
    csr_product_transposed C (n[,k])        X, S (m), J (q), D (q), B (m[,k])   C = A' B
    csr_inner              C (m)            X, S (m), J (q), D (q), B (m,n)     C = diag(A B'), the rows' inner products
    csr_gram               C (n,n)          X, P, S (m), J (q), D (q), w (m)    C = A' diag(w) A, both triangles

A sparse A is X (m,n,0), without elements, for the sizes; where its rows start, S; and the columns and values of its
elements, J and D.  P (r,0), without elements, has the number of pairs of elements in one row.  That these fit together
is checked before (`runtime/sparse.py`).

Enters: nothing.  Leaves: `SPARSE`, entries of the table.
"""

from __future__ import annotations

import numpy as np

from .signature import Array, Signature


def _matrix(sizes: Array, starts: Array, columns: Array, data: Array) -> Array:
    from scipy.sparse import csr_array

    return csr_array((data, columns, np.append(starts, len(data))), shape=sizes.shape[:2])


def _product(sizes: Array, starts: Array, columns: Array, data: Array, b: Array) -> Array:
    """A*B."""
    return _matrix(sizes, starts, columns, data) @ b


def _product_transposed(sizes: Array, starts: Array, columns: Array, data: Array, b: Array) -> Array:
    """A'*B."""
    return _matrix(sizes, starts, columns, data).T @ b


def _inner(sizes: Array, starts: Array, columns: Array, data: Array, b: Array) -> Array:
    """diag(A*B')."""
    return np.asarray(_matrix(sizes, starts, columns, data).multiply(b).sum(axis=1)).ravel()


def _gram(sizes: Array, pairs: Array, starts: Array, columns: Array, data: Array, weights: Array) -> Array:
    """A'*diag(w)*A."""
    matrix = _matrix(sizes, starts, columns, data)
    return (matrix.T @ matrix.multiply(weights[:, None]).tocsr()).toarray()


# Two operations for each product of numbers.
SPARSE = (
    Signature(
        "csr_product",
        "mnz,m,q,q,n[k]->m[k]",
        _product,
        lambda m, n, z, q, k: 6 * q * k,
        integers=(0, 1, 2),
    ),
    Signature(
        "csr_product_transposed",
        "mnz,m,q,q,m[k]->n[k]",
        _product_transposed,
        lambda m, n, z, q, k: 6 * q * k,
        integers=(0, 1, 2),
    ),
    Signature(
        "csr_inner",
        "mnz,m,q,q,mn->m",
        _inner,
        lambda m, n, z, q: 6 * q,
        integers=(0, 1, 2),
    ),
    # One triangle: as many products as pairs, and the weights.
    Signature(
        "csr_gram",
        "mnz,rz,m,q,q,m->nn",
        _gram,
        lambda m, n, z, r, q: 3 * r + 6 * q,
        integers=(0, 1, 2, 3),
    ),
)
