"""Sparse parameters as kernels take them: the compressed rows of a matrix, in four arrays.

Enters: parameters.  Leaves: parameters, in which a sparse matrix X is five: `X` and `X.pairs`, without elements, that
bear sizes; `X.starts`, where each row starts; `X.columns` and `X.data`, the column and the value of each element that
is stored.  Always holds: the sizes `nnz_X` (elements that are stored) and `pairs_X` (pairs of elements in one row) are
those of the data.  Not for: products (`plan/sparse.py`) and what a user gives (`runtime/sparse.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

from .dims import Dim
from .expr import Contract, Expr, Sum, Symbol, symbol

ZERO, ONE = Dim.of(0), Dim.of(1)
PARTS = ("pairs", "starts", "columns", "data")  # after the one that bears the sizes of the matrix


def is_sparse(expression: Expr) -> bool:
    """Whether an expression is a sparse parameter."""
    return isinstance(expression, Symbol) and "sparse" in expression.attributes


def sparse_valued(expression: Expr) -> Symbol | None:
    """The sparse parameter that an expression is, but for a transposition and scalar factors; None for others."""
    if isinstance(expression, Sum) and len(expression.terms) == 1:
        return sparse_valued(expression.terms[0][1])
    if isinstance(expression, Contract) and expression.order == 2 == len(expression.sizes):
        arrays = [f for f, at in expression.factors if at]
        return sparse_valued(arrays[0]) if len(arrays) == 1 else None
    if isinstance(expression, Symbol):
        if expression.value is not None:
            return sparse_valued(expression.value)
        return expression if is_sparse(expression) else None
    return None


def carried(parameters: Sequence[Symbol]) -> tuple[Symbol, ...]:
    """The parameters with five in place of each sparse one."""
    if not any(map(is_sparse, parameters)):
        return tuple(parameters)
    taken = {p.name for p in parameters}.union(*(d.names for p in parameters for d in p.shape))

    def free(name: str) -> str:
        while name in taken:
            name += "_"
        taken.add(name)
        return name

    made: list[Symbol] = []
    for parameter in parameters:
        if not is_sparse(parameter):
            made.append(parameter)
            continue
        stored, pairs = (Dim.of(free(f"{what}_{parameter.name}")) for what in ("nnz", "pairs"))
        made.append(symbol(parameter.name, (*parameter.shape, ZERO), ("indices",), "carrier"))
        shapes = ((pairs, ZERO), (parameter.shape[0] + ONE,), (stored,), (stored,))
        for part, shape in zip(PARTS, shapes, strict=True):
            attributes = () if part == "data" else ("indices",)
            made.append(symbol(f"{parameter.name}.{part}", shape, attributes, "part"))
    return tuple(made)
