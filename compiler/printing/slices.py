"""Slices and positions found again in contractions with selections: `A[1:3, :]`, `x[k]`.

Enters: the factors of a contraction.  Leaves: factors that are slices of the original ones, and the node of a slice.
Always holds: the product of the factors, summed, is what it was.  Not for: selections whose columns are an index of the
result (what is put into a larger zero matrix), which stay matrices.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...grammar.syntax import Node
from ..tensor import algebra
from ..tensor.contraction import add, contract
from ..tensor.dims import Dim
from ..tensor.expr import Contract, Expr, Structure, Sum
from . import notation

if TYPE_CHECKING:
    from .printer import Printer

ONE = Dim.of(1)
ZERO = Dim.of(0)
Placed = tuple[Expr, tuple[int, ...]]


def is_selection(factor: Expr) -> bool:
    """Whether a factor picks consecutive elements."""
    return isinstance(factor, Structure) and factor.kind == "select"


def thin(factor: Expr, at: tuple[int, ...]) -> Placed:
    """A sum without its axes of size 1, which are as good as none."""
    kept = [axis for axis, size in enumerate(factor.shape) if size != ONE]
    if not isinstance(factor, Sum) or len(kept) == factor.order:
        return factor, at
    ones = set(range(factor.order)) - set(kept)
    terms = [(c, algebra.sum_over(e, ones)) for c, e in factor.terms]
    return add(terms, tuple(factor.shape[a] for a in kept)), tuple(at[a] for a in kept)


def sliced_factors(expression: Contract) -> list[Placed]:
    """The factors of a contraction with selections taken into the factors that they select from."""
    factors = [thin(f, at) for f, at in expression.factors]
    if not any(is_selection(f) for f, _ in expression.factors) or slice_of(expression) is not None:
        return factors
    sizes = dict(enumerate(expression.sizes))
    for selection, labels in expression.factors:
        if not is_selection(selection) or labels[1] < expression.order:
            continue
        row, column = labels
        touched = [k for k, (f, at) in enumerate(factors) if column in at and f is not selection]
        others = [factors[k] for k in touched]
        if not others or any(isinstance(f, Structure) or at.count(column) > 1 for f, at in others):
            continue
        uses = sum(at.count(row) for _, at in factors)
        drop = row >= expression.order and uses == 1 and sizes[row] == ONE
        parts = []
        for f, at in others:
            own = len(sizes) if row in at else row  # both axes have the same row in a diagonal
            outputs = [own if label == column else label for label in at if not (drop and label == column)]
            around = {label: sizes[label] for label in (row, *at)} | {own: sizes[row]}
            part = contract([(f, at), (selection, (own, column))], outputs, around)
            parts.append((part, tuple(row if label == own else label for label in outputs)))
        if any(isinstance(f, Contract) and len(f.factors) >= len(expression.factors) for f, _ in parts):
            continue  # this would be the same contraction once more
        factors.remove((selection, (row, column)))
        for placed, made in zip(others, parts, strict=True):
            factors[factors.index(placed)] = made
    return factors


def slice_of(expression: Contract) -> tuple[Expr, list[Structure | None], tuple[int, ...]] | None:
    """The tensor that a contraction slices, the selection of each axis, and the order of the axes that are left."""
    chosen = {at[1]: (f, at[0]) for f, at in expression.factors if is_selection(f)}
    rest = [(f, at) for f, at in expression.factors if not is_selection(f)]
    if not chosen or len(rest) != 1 or len(chosen) + 1 != len(expression.factors):
        return None
    operand, at = rest[0]
    if len(set(at)) < len(at) or any(label not in at or label < expression.order for label in chosen):
        return None
    selections: list[Structure | None] = []
    left: list[int] = []
    for label in at:
        selection, row = chosen.get(label, (None, label))
        assert selection is None or isinstance(selection, Structure)
        selections.append(selection)
        if row < expression.order:
            left.append(row)
        elif selection is None or selection.shape[0] != ONE:
            return None
    return (operand, selections, tuple(left)) if sorted(left) == list(range(expression.order)) else None


def slice_node(printer: Printer, expression: Contract) -> Node | None:
    """`A[1:3, k]` for a contraction that says so."""
    found = slice_of(expression)
    if found is None or expression.order > 2:
        return None
    operand, selections, left = found
    labels = next(at for f, at in expression.factors if not is_selection(f))
    rows = {at[1]: at[0] for f, at in expression.factors if is_selection(f)}
    subscripts: list[Node] = []
    for selection, label in zip(selections, labels, strict=True):
        if selection is None:
            subscripts.append(notation.slice_(None, None))
        elif rows[label] < expression.order:
            subscripts.append(slice_range(selection))
        else:
            subscripts.append(position(selection.parameters[0], selection.shape[1]))
    node = notation.index(printer.express(operand), subscripts)
    return notation.transposed(node) if left == (1, 0) else node


def slice_range(selection: Structure) -> Node:
    """The slice that a selection picks."""
    (count, total), start = selection.shape, selection.parameters[0]
    stop = start + count
    return notation.slice_(
        None if start == ZERO else position(start, total), None if stop == total else position(stop, total)
    )


def position(place: Dim, total: Dim) -> Node:
    """A position, counted from the end where that needs no name of a size."""
    back = (total - place).value
    if place.value is None and back is not None and back > 0:
        return notation.negated(notation.literal(str(back)))
    return notation.size(place)


def selection_node(selection: Structure, turned: bool) -> Node:
    """A selection as rows, or turned, as columns of an identity matrix."""
    whole = notation.call("eye", notation.size(selection.shape[1]))
    count, start = selection.shape[0], selection.parameters[0]
    everything = notation.slice_(None, None)
    chosen = position(start, selection.shape[1]) if count == ONE and turned else slice_range(selection)
    return notation.index(whole, (everything, chosen) if turned else (chosen, everything))
