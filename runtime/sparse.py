"""Sparse arguments: from SciPy's matrices to the arrays that kernels take.

Enters: what a user gives for a parameter that is declared sparse, a dense array too.  Leaves: the arrays of
`compiler/tensor/sparse.py`.  Always holds: columns and starts fit the sizes, so that kernels need not check them;
declared attributes hold; compressed rows of 64-bit indices are not copied.  Not for: products.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from ..grammar import errors
from .arguments import as_array, is_sparse
from .attributes import IMPLIED

Array = Any


def held(name: str, attributes: Collection[str], value: Any) -> list[Array]:
    """The arrays that hold a sparse matrix: two that bear sizes, starts of rows, columns, values.

    Raises mg.TypeError, mg.ShapeError, mg.DomainError, which name the argument.
    """
    from scipy.sparse import csr_array

    if not is_sparse(value):
        value = as_array(name, value)
    if len(value.shape) != 2:
        raise errors.ShapeError(
            f"{name} has the wrong number of dimensions",
            found=f"{name} has shape {value.shape}",
            needed=f"a matrix: {name} is declared sparse",
        )
    matrix = value.tocsr() if is_sparse(value) else csr_array(value)
    data = as_array(name, matrix.data)
    if data.dtype.kind != "f":
        data = data.astype(np.float64)
    starts, columns = matrix.indptr.astype(np.int64, copy=False), matrix.indices.astype(np.int64, copy=False)
    rows, width = matrix.shape
    counts = np.diff(starts)
    if (
        starts.shape != (rows + 1,)
        or columns.shape != data.shape
        or starts[0] != 0
        or starts[-1] != len(data)
        or np.any(counts < 0)
        or np.any((columns < 0) | (columns >= width))
    ):
        raise errors.TypeError(f"{name} is not a sparse matrix in order", found="indices that lie outside of it")
    _check(name, attributes, matrix, data, columns, np.repeat(np.arange(rows), counts))
    pairs = int(np.dot(counts, counts))
    return [np.empty((rows, width, 0), np.int64), np.empty((pairs, 0), np.int64), starts, columns, data]


def _check(name: str, attributes: Collection[str], matrix: Any, data: Array, columns: Array, rows: Array) -> None:
    """Raises mg.DomainError unless the matrix has the declared attributes."""
    tests: dict[str, Callable[[], bool]] = {
        "symmetric": lambda: _asymmetry(matrix) <= 1e-8 * np.max(np.abs(data), initial=0.0),
        "diagonal": lambda: not np.any(data[columns != rows]),
        "lower": lambda: not np.any(data[columns > rows]),
        "upper": lambda: not np.any(data[columns < rows]),
        "nonneg": lambda: not np.any(data < 0),
        "positive": lambda: not np.any(data <= 0) and len(data) == matrix.shape[0] * matrix.shape[1],
    }
    for attribute in sorted(attributes):
        test = IMPLIED.get(attribute, attribute)
        if test in tests and not tests[test]():
            raise errors.DomainError(f"{name} is not {test} (it is declared {attribute})")


def _asymmetry(matrix: Any) -> float:
    if matrix.shape[0] != matrix.shape[1]:
        return np.inf
    difference = abs(matrix - matrix.T)
    return float(difference.max()) if difference.nnz else 0.0
