"""The meaning of the routines for sparse matrices, by SciPy.

Enters: an array without elements that bears the sizes (m, n, 0), the starts of the rows, the columns and the values of
what is stored, and the other operands.  Leaves: arrays.  Not for: checking that these fit together
(`runtime/sparse.py`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = Any


def _matrix(sizes: Array, starts: Array, columns: Array, data: Array) -> Array:
    from scipy.sparse import csr_array

    return csr_array((data, columns, np.append(starts, len(data))), shape=sizes.shape[:2])


def product(sizes: Array, starts: Array, columns: Array, data: Array, b: Array) -> Array:
    """A*B."""
    return _matrix(sizes, starts, columns, data) @ b


def product_transposed(sizes: Array, starts: Array, columns: Array, data: Array, b: Array) -> Array:
    """A'*B."""
    return _matrix(sizes, starts, columns, data).T @ b


def gram(sizes: Array, pairs: Array, starts: Array, columns: Array, data: Array, weights: Array) -> Array:
    """A'*diag(w)*A."""
    matrix = _matrix(sizes, starts, columns, data)
    return (matrix.T @ matrix.multiply(weights[:, None]).tocsr()).toarray()
