"""The meaning of expressions: their value by NumPy, as directly as it can be said.

Enters: expressions and the arrays of their symbols.  Leaves: arrays.  Always holds: no planning and no rewriting, so
that this is an independent truth for every pass and every kernel.  Not for: speed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..grammar.errors import DomainError
from .atoms import ATOMS
from .expr import Atom, Constant, Contract, Expr, Map, Reduce, Size, Structure, Sum, Symbol, topological
from .scalars import SCALARS

Array = Any


def evaluate(expression: Expr, arrays: Mapping[str, Array], sizes: Mapping[str, int]) -> Array:
    """The value of `expression`: an ndarray of its shape.

    Raises DomainError for a factorization that does not exist.
    """
    values: dict[Expr, Array] = {}
    with np.errstate(all="ignore"):
        for current in topological(expression):
            operands = [values[o] for o in current.operands]
            values[current] = _value(current, operands, arrays, sizes)
    return values[expression]


def size_names(expressions: list[Symbol], arrays: Mapping[str, Array]) -> dict[str, int]:
    """The sizes that the arrays give to the plain size names in the symbols' shapes."""
    sizes: dict[str, int] = {}
    for s in expressions:
        for dim, length in zip(s.shape, np.shape(arrays[s.name]), strict=True):
            if dim.name is not None:
                sizes.setdefault(dim.name, length)
    return sizes


def _value(current: Expr, operands: list[Array], arrays: Mapping[str, Array], sizes: Mapping[str, int]) -> Array:
    shape = tuple(d.evaluate(sizes) for d in current.shape)
    match current:
        case Symbol(value=None):
            return np.asarray(arrays[current.name], dtype=float).reshape(shape)
        case Symbol():
            return operands[0]
        case Constant():
            return np.array({"pi": np.pi, "inf": np.inf}[current.name])
        case Size():
            return np.array(float(current.dim.evaluate(sizes)))
        case Structure():
            return structural(current, shape, sizes)
        case Contract():
            return _contract(current, operands, shape, [d.evaluate(sizes) for d in current.sizes])
        case Sum():
            total = np.zeros(shape)
            for (coefficient, _), operand in zip(current.terms, operands, strict=True):
                total = total + float(coefficient) * operand
            return total
        case Map():
            return np.asarray(SCALARS[current.function].numpy(*operands), dtype=float)
        case Reduce():
            return _reduce(current.function, operands[0], current.axes)
        case Atom():
            return ATOMS[current.function](*operands)
    raise AssertionError(type(current))


def structural(current: Structure, shape: tuple[int, ...], sizes: Mapping[str, int]) -> Array:
    """The array of a structural constant."""
    grid = np.indices(shape, sparse=True)
    parameters = [p.evaluate(sizes) for p in current.parameters]
    match current.kind:
        case "delta":
            return np.eye(shape[0])
        case "select":
            return (grid[1] == grid[0] + parameters[0]).astype(float)
        case "tril":
            return (grid[1] <= grid[0] + parameters[0]).astype(float)
        case "pair":
            return (grid[2] == grid[0] + shape[0] * grid[1]).astype(float)
        case "cross":
            return ((grid[0] - grid[1]) * (grid[1] - grid[2]) * (grid[2] - grid[0]) / 2).astype(float)
    raise AssertionError(current.kind)


def _contract(current: Contract, operands: list[Array], shape: tuple[int, ...], sizes: list[int]) -> Array:
    outputs = list(range(current.order))
    used = {label for _, at in current.factors for label in at}
    if any(sizes[label] == 0 for label in range(len(sizes))):
        return np.zeros(shape)
    result = np.ones(())
    present = [label for label in outputs if label in used]
    if operands:
        masks = [_is_mask(f) for f, _ in current.factors]
        if any(masks) and all(label < current.order for label in used):
            result = _masked(current, operands, present)
        else:
            arguments: list[Any] = []
            for operand, (_, at) in zip(operands, current.factors, strict=True):
                arguments += [operand, list(at)]
            result = np.einsum(*arguments, present, optimize="greedy")
    kept = tuple(slice(None) if label in used else None for label in outputs)
    free = [sizes[label] for label in range(current.order, len(sizes)) if label not in used]
    return np.broadcast_to(result[kept], shape) * float(np.prod(free)) if free else np.broadcast_to(result[kept], shape)


def _is_mask(factor: Expr) -> bool:
    from .contraction import COMPARISONS

    return isinstance(factor, Map) and factor.function in COMPARISONS


def _masked(current: Contract, operands: list[Array], present: list[int]) -> Array:
    """An elementwise product with indicators: exactly 0 where one of them is 0, whatever the other factors are."""
    product: Array = np.ones(())
    mask: Array = np.ones((), dtype=bool)
    for operand, (factor, at) in zip(operands, current.factors, strict=True):
        distinct = sorted(set(at))
        picked = np.einsum(operand, list(at), distinct)
        aligned = picked[tuple(slice(None) if label in distinct else None for label in present)]
        if _is_mask(factor):
            mask = mask & (aligned != 0)
        else:
            product = product * aligned
    return np.where(mask, product, 0.0)


def _reduce(function: str, operand: Array, axes: tuple[int, ...]) -> Array:
    empty = any(operand.shape[a] == 0 for a in axes)
    match function:
        case "prod":
            return np.prod(operand, axis=axes)
        case "logsumexp":
            if empty:
                return np.full([n for k, n in enumerate(operand.shape) if k not in axes], -np.inf)
            top = np.max(operand, axis=axes, keepdims=True)
            safe = np.where(np.isfinite(top), top, 0.0)
            return np.log(np.sum(np.exp(operand - safe), axis=axes)) + np.squeeze(safe, axis=axes)
    if empty:
        raise DomainError(f"{function} of nothing", hint="an array along which the extreme is taken has size 0")
    return (np.max if function == "max" else np.min)(operand, axis=axes)
