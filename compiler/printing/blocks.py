"""Block matrices found again in sums of blocks that are put into zero matrices.

Enters: a sum.  Leaves: `[A, B; C, D]`, or None.  Always holds: the blocks fill the rows and columns without gap or
overlap; a missing one is zero.  Not for: a single block among zeros, which stays a product with part of an identity.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from ...grammar import syntax
from ...grammar.syntax import Node
from ..tensor import algebra
from ..tensor.contraction import contract, scaled
from ..tensor.dims import Dim
from ..tensor.expr import Contract, Expr, Shape, Structure, Sum
from . import notation
from .slices import is_selection

if TYPE_CHECKING:
    from .printer import Printer

ONE = Dim.of(1)
ZERO = Dim.of(0)
Range = tuple[Dim, Dim]  # start and size


def block_node(printer: Printer, expression: Sum) -> Node | None:
    """The sum as a block matrix, or as a vector of blocks."""
    if expression.order not in (1, 2) or len(expression.terms) < 2:
        return None
    cells: dict[tuple[Range, ...], Expr] = {}
    for coefficient, term in expression.terms:
        found = placed(term)
        if found is None:
            return None
        ranges, entry = found
        here = scaled(entry, coefficient)
        cells[ranges] = algebra.total(cells[ranges], here) if ranges in cells else here
    axes = [tiling({ranges[axis] for ranges in cells}, size) for axis, size in enumerate(expression.shape)]
    if any(axis is None for axis in axes):
        return None
    rows, columns = axes[0] or [], (axes[1] or []) if len(axes) == 2 else [(ZERO, ONE)]
    grid = []
    for row in rows:
        entries = []
        for column in columns:
            cell = cells.get((row, column) if expression.order == 2 else (row,))
            zeros = algebra.number(Fraction(0), compact((row[1], column[1])))
            entries.append(printer.express(zeros if cell is None else cell))
        grid.append(tuple(entries))
    return syntax.Block(notation.NOWHERE, tuple(grid))


def compact(shape: Shape) -> Shape:
    """A scalar for a block of size 1, a vector for a column."""
    if len(shape) == 2 and shape[1] == ONE:
        shape = shape[:1]
    return () if shape == (ONE,) else shape


def placed(term: Expr) -> tuple[tuple[Range, ...], Expr] | None:
    """Where a term is put, and what."""
    if not isinstance(term, Contract):
        return None
    sizes = dict(enumerate(term.sizes))
    factors = list(term.factors)
    outputs = list(range(term.order))
    ranges = [(ZERO, size) for size in term.shape]
    for selection, at in term.factors:
        if not is_selection(selection) or at[1] >= term.order:
            continue
        assert isinstance(selection, Structure)
        row, column = at
        if (
            outputs[column] != column
            or row < term.order
            or any(column in labels for f, labels in factors if (f, labels) != (selection, at))
        ):
            return None
        factors.remove((selection, at))
        outputs[column] = row
        ranges[column] = (selection.parameters[0], selection.shape[0])
    if outputs == list(range(term.order)):
        return None
    shape = tuple(sizes[label] for label in outputs)
    kept = outputs[: len(compact(shape))]
    used = {label for _, labels in factors for label in labels} | set(kept)
    return tuple(ranges), contract(factors, kept, {k: v for k, v in sizes.items() if k in used})


def tiling(ranges: set[Range], total: Dim) -> list[Range] | None:
    """The ranges in order, if they fill 0 .. total."""
    following = dict(ranges)
    if len(following) < len(ranges):
        return None
    order: list[Range] = []
    place = ZERO
    while place != total:
        if place not in following or len(order) == len(ranges):
            return None
        order.append((place, following[place]))
        place = place + following[place]
    return order if len(order) == len(ranges) else None
