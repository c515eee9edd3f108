"""The meaning of expressions: their value by NumPy, as directly as it can be said.

Enters: expressions and the arrays of their symbols.  Leaves: arrays.  Always holds: no planning and no rewriting, so
that this is an independent truth for every pass and every kernel.  Not for: speed.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...grammar.errors import DomainError
from ..kernel.scalars import SCALARS
from .algebra import pieces
from .atoms import ATOMS
from .contraction import COMPARISONS, symmetric
from .expr import Atom, Constant, Contract, Expr, Map, Reduce, Size, Structure, Sum, Symbol, topological

Array = Any


def evaluate(expression: Expr, arrays: Mapping[str, Array], sizes: Mapping[str, int]) -> Array:
    """The value of `expression`: an ndarray of its shape.

    Raises DomainError for a factorization that does not exist.
    """
    values: dict[Expr, Array] = {}
    order = topological(expression)
    # A pair, of size m*n*m*n, is made only where it is not a mere change of shape.
    whole = {expression}.union(*(e.operands for e in order if not isinstance(e, Contract)))
    with np.errstate(all="ignore"):
        for current in order:
            operands = [values[o] for o in current.operands]
            lazy = isinstance(current, Structure) and current.kind == "pair" and current not in whole
            values[current] = None if lazy else _value(current, operands, arrays, sizes)
            if isinstance(current, Atom | Contract) and symmetric(current):  # exactly, so that equal elements tie
                values[current] = (values[current] + values[current].T) / 2
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
                for piece in pieces(coefficient):
                    operand = piece * operand
                total = total + operand
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


Placed = tuple[Array, tuple[int, ...]]


def _contract(current: Contract, operands: list[Array], shape: tuple[int, ...], sizes: list[int]) -> Array:
    if 0 in sizes:
        return np.zeros(shape)
    factors: list[Placed] = []
    masks: list[Placed] = []
    selections: list[tuple[int, int, int]] = []
    splits: list[tuple[int, ...]] = []
    # An index that several constants share is kept, and so are the constants.
    placing = [at for f, at in current.factors if isinstance(f, Structure) and f.kind in ("pair", "select")]
    shared = {label for at in placing for label in at if sum(label in other for other in placing) > 1}
    for operand, (factor, at) in zip(operands, current.factors, strict=True):
        if isinstance(factor, Structure) and factor.kind == "pair" and at[2] not in (s[2] for s in splits):
            splits.append(at)
        elif operand is None:
            assert isinstance(factor, Structure)
            factors.append((structural(factor, tuple(sizes[label] for label in at), {}), at))
        elif isinstance(factor, Structure) and factor.kind == "select" and not shared & set(at):
            selections.append((at[0], at[1], int(np.argmax(operand[:1]))))
        else:
            (masks if _is_mask(factor) else factors).append((operand, at))
    outputs = list(range(current.order))
    sizes = list(sizes)
    for short, long, start in selections:
        _select(factors, masks, outputs, sizes, short, long, start)
    for rows, columns, label in splits:
        factors, masks, outputs = _split(factors, masks, outputs, sizes, rows, columns, label)
    for mask in masks:
        factors = [_masked(factor, mask, sizes) for factor in factors]
    return _sum_of_products(factors + masks, outputs, sizes).reshape(shape)


def _is_mask(factor: Expr) -> bool:
    """Whether a factor is 0 or 1, and what it multiplies is exactly 0 where it is 0."""
    if isinstance(factor, Map):
        return factor.function in COMPARISONS
    return isinstance(factor, Structure) and factor.kind in ("delta", "tril", "select")


def _select(
    factors: list[Placed], masks: list[Placed], outputs: list[int], sizes: list[int], short: int, long: int, start: int
) -> None:
    """Takes out a `select` by slicing what has the long index, or by filling up what has the short one with zeros."""
    stop = start + sizes[short]
    if short == long or (short in outputs and long in outputs):
        masks.append((np.eye(sizes[short], sizes[long], start), (short, long)))
        return
    old, new = (short, long) if long in outputs else (long, short)

    def moved(placed: Placed) -> Placed:
        array, at = placed
        for axis, label in enumerate(at):
            if label == old == long:
                array = array[(slice(None),) * axis + (slice(start, stop),)]
            elif label == old:
                margins = [(0, 0)] * array.ndim
                margins[axis] = (start, sizes[long] - stop)
                array = np.pad(array, margins)
        return array, tuple(new if label == old else label for label in at)

    if old == short and not any(short in at for _, at in factors):
        factors.append((np.ones(sizes[short]), (short,)))
    factors[:] = map(moved, factors)
    masks[:] = map(moved, masks)


def _split(
    factors: list[Placed],
    masks: list[Placed],
    outputs: list[int],
    sizes: list[int],
    rows: int,
    columns: int,
    label: int,
) -> tuple[list[Placed], list[Placed], list[int]]:
    """Takes out a `pair`: the index of a vec becomes those of the matrix (columns first, as it is read row by row)."""
    both = [columns, rows]
    if label in outputs:
        for k, old in enumerate(both):
            if old in outputs or old in both[:k]:  # the element's place is asked for twice
                both[k] = len(sizes)
                sizes.append(sizes[old])
                factors = [*factors, (np.eye(sizes[old]), (old, both[k]))]
        position = outputs.index(label)
        outputs = [*outputs[:position], *both, *outputs[position + 1 :]]

    def split(placed: Placed) -> Placed:
        array, at = placed
        while label in at:
            axis = at.index(label)
            array = array.reshape(*array.shape[:axis], sizes[columns], sizes[rows], *array.shape[axis + 1 :])
            at = (*at[:axis], *both, *at[axis + 1 :])
        return array, at

    return [split(f) for f in factors], [split(m) for m in masks], outputs


def _masked(placed: Placed, mask: Placed, sizes: list[int]) -> Placed:
    """A factor with exactly 0 where the indicator that multiplies it is 0, whatever it is there."""
    array, at = placed
    if not set(mask[1]) <= set(at) and np.all(np.isfinite(array)):
        return placed
    labels = sorted(set(at) | set(mask[1]))
    whole = tuple(sizes[label] for label in labels)
    aligned = []
    for operand, where in (mask, placed):
        distinct = sorted(set(where))
        picked = np.einsum(operand, list(where), distinct)
        picked = picked[tuple(slice(None) if label in distinct else None for label in labels)]
        aligned.append(np.broadcast_to(picked, whole))
    return np.where(aligned[0] != 0, aligned[1], 0.0), tuple(labels)


def _sum_of_products(factors: list[Placed], outputs: list[int], sizes: list[int]) -> Array:
    """The product of all factors, two at a time, summed over what is not an output."""
    left = list(factors) or [(np.ones(()), ())]
    while len(left) > 1:
        i, j = min(itertools.combinations(range(len(left)), 2), key=lambda pair: _growth(left, pair, outputs, sizes))
        pair = left[i], left[j]
        left = [placed for k, placed in enumerate(left) if k not in (i, j)]
        left.append(_summed(pair, _kept(pair, left, outputs)))
    used = sorted(set(left[0][1]))
    (result, at) = _summed((left[0],), [label for label in outputs if label in used])
    return np.broadcast_to(
        result[tuple(slice(None) if label in at else None for label in outputs)],
        tuple(sizes[label] for label in outputs),
    )


def _kept(pair: Sequence[Placed], others: Sequence[Placed], outputs: Sequence[int]) -> list[int]:
    """The labels of a product that are outputs or stand in other factors."""
    needed = set(outputs).union(*(at for _, at in others))
    return sorted({label for _, at in pair for label in at} & needed)


def _growth(factors: list[Placed], pair: tuple[int, int], outputs: list[int], sizes: list[int]) -> tuple[int, int, int]:
    """How much larger the product of two factors is than they are, and what it costs."""
    both = [factors[k] for k in pair]
    kept = _kept(both, [f for k, f in enumerate(factors) if k not in pair], outputs)
    apart = sum(math.prod(sizes[label] for label in set(at)) for _, at in both)
    whole = math.prod(sizes[label] for label in {label for _, at in both for label in at})
    return math.prod(sizes[label] for label in kept) - apart, whole, -pair[0]


def _summed(factors: Sequence[Placed], kept: list[int]) -> Placed:
    """The product of one or two factors, over these labels."""
    short = {label: k for k, label in enumerate(sorted({label for _, at in factors for label in at}))}
    arguments: list[Any] = []
    for array, at in factors:
        arguments += [array, [short[label] for label in at]]
    matrices = all(len(set(at)) == len(at) for _, at in factors) and len(factors) == 2
    optimize = matrices and math.prod(factors[0][0].shape) > 512
    return np.einsum(*arguments, [short[label] for label in kept], optimize=optimize), tuple(kept)


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
