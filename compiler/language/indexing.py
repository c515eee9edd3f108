"""Indexing and block matrices: contractions with constant selection tensors, so that their derivatives follow.

Enters: a value and subscripts, or the blocks of a matrix.  Leaves: an expression.  Always holds: Python's conventions
(0-based, half-open); an index drops its dimension; a slice that cannot lie inside is an error.  Not for: index
notation (`indexed.py`).
"""

from __future__ import annotations

from ...grammar import errors, syntax
from ..tensor import algebra
from ..tensor.dims import Dim
from ..tensor.expr import Expr, Map, Symbol, structure
from ..tensor.labels import Factor
from ..tensor.sparse import sparse_valued
from .elaborate import Elaborator, Value
from .sizes import size_of
from .sparsity import refuse
from .wording import count, describe

ONE = Dim.of(1)


def selection(start: Dim, size: Dim, total: Dim) -> Expr:
    """The matrix (size, total) that picks `size` elements from `start` on."""
    return algebra.delta(total) if start == Dim.of(0) and size == total else structure("select", (size, total), start)


def index(scope: Elaborator, node: syntax.Index, value: Value) -> Expr:
    """`operand[subscripts]`."""
    operand = scope.expression(value, node.operand)
    if len(node.subscripts) != operand.order or not operand.order:
        name, given = scope.text(node.operand), count(len(node.subscripts), "index", "indices")
        title = (
            f"{name} has {count(operand.order, 'dimension')} and not {given}"
            if operand.order
            else f"{name} is a scalar"
        )
        usage = f"{name}[{', '.join(['i', *[':'] * (operand.order - 1)])}]"
        scope.fail(
            title, node, found=f"{name} is {describe(operand.shape)}", hint=f"write {usage}" if operand.order else ""
        )
    factors: list[Factor] = []
    sizes = dict(enumerate(operand.shape))
    outputs: list[int] = []
    for axis, (subscript, total) in enumerate(zip(node.subscripts, operand.shape, strict=True)):
        label = operand.order + axis
        if isinstance(subscript, syntax.Slice):
            start = _position(scope, subscript.start, total) if subscript.start is not None else Dim.of(0)
            stop = _position(scope, subscript.stop, total) if subscript.stop is not None else total
            size = stop - start
            for bound in (start, total - stop, size):
                _inside(scope, node, subscript, bound, total)
            outputs.append(label)
        else:
            start, size = _position(scope, subscript, total), ONE
            for bound in (start, total - start - ONE):
                _inside(scope, node, subscript, bound, total)
        if start == Dim.of(0) and size == total:
            if outputs and outputs[-1] == label:
                outputs[-1] = axis
            continue
        sizes[label] = size
        factors.append((selection(start, size, total), (label, axis)))
    return _picked(operand, factors, outputs, sizes)


def _picked(operand: Expr, chosen: list[Factor], outputs: list[int], sizes: dict[int, Dim]) -> Expr:
    """The chosen elements of an operand; of an elementwise function, the function of the chosen elements, so that what
    the others come to (infinity, say) matters to no derivative."""
    if isinstance(operand, Map):
        arguments = [_picked(argument, chosen, outputs, sizes) for argument in operand.arguments]
        return algebra.map_(operand.function, arguments)
    return algebra.contract([(operand, tuple(range(operand.order))), *chosen], outputs, sizes)


def _position(scope: Elaborator, node: syntax.Node, total: Dim) -> Dim:
    """A subscript as a size; negative ones count from the end."""
    negative = isinstance(node, syntax.Negate)
    inner = node.operand if isinstance(node, syntax.Negate) else node
    position = _subscript(scope, inner)
    return total - position if negative else position


def _subscript(scope: Elaborator, node: syntax.Node) -> Dim:
    match node:
        case syntax.Number() if not node.text.isdigit():
            scope.fail("an index is a whole number", node)
        case syntax.Name():
            value = scope.names.get(node.id)
            while isinstance(value, Symbol) and value.value is not None:
                value = value.value
            if isinstance(value, Symbol) and "integer" in value.attributes:
                scope.sizes.integers.add(value.name)
                return Dim.of(value.name)
            if isinstance(value, Expr):
                number = algebra.number_value(value)
                if number is not None and not value.order and number.denominator == 1:
                    return Dim.of(int(number))
                scope.fail(
                    f"{node.id} is not an integer",
                    node,
                    found=f"{node.id} is {describe(value.shape)}",
                    hint=f"declare {node.id}: integer scalar",
                    kind=errors.TypeError,
                )
        case syntax.Chain():
            total = _subscript(scope, node.operands[0])
            for operator, operand in zip(node.operators, node.operands[1:], strict=True):
                other = _subscript(scope, operand)
                if operator not in "+-*":
                    scope.fail("an index is made of + - * of integers", node)
                total = total + other if operator == "+" else total - other if operator == "-" else total * other
            return total
    return size_of(scope, node)


def _inside(scope: Elaborator, node: syntax.Index, subscript: syntax.Node, slack: Dim, total: Dim) -> None:
    """Notes that a number must not be negative for a subscript to lie inside."""
    place = scope.text(node)
    if not scope.sizes.not_negative(slack, f"{place} is out of range: this dimension has size {total}"):
        scope.fail(
            "the index is out of range",
            subscript,
            found=f"this dimension of {scope.text(node.operand)} has size {total}",
        )


def block(scope: Elaborator, node: syntax.Block, rows: list[list[Value]]) -> Expr:
    """`[A, B; C, D]`: scalars are 1x1, vectors are columns."""
    grid = [
        [scope.expression(v, e) for v, e in zip(row, entries, strict=True)]
        for row, entries in zip(rows, node.rows, strict=True)
    ]
    for row, entries in zip(grid, node.rows, strict=True):
        for entry, place in zip(row, entries, strict=True):
            if sparse_valued(entry) is not None:
                refuse(scope, node, entry, place)
            if entry.order > 2:
                scope.fail(
                    "a block is a scalar, a vector or a matrix",
                    place,
                    found=f"{scope.text(place)} is {describe(entry.shape)}",
                )
    vector = all(len(row) == 1 and row[0].order < 2 for row in grid)
    flat = [[_as_matrix(entry) for entry in row] for row in grid]
    heights = []
    for row, entries in zip(flat, node.rows, strict=True):
        for entry, place in zip(row, entries, strict=True):
            if not scope.same(entry.shape[0], row[0].shape[0]):
                scope.fail(
                    "the blocks of a row have different heights",
                    place,
                    found=f"{scope.text(entries[0])} has {row[0].shape[0]} rows, "
                    f"{scope.text(place)} has {entry.shape[0]}",
                )
        heights.append(row[0].shape[0])
    widths = [sum((entry.shape[1] for entry in row), Dim.of(0)) for row in flat]
    for width, entries in zip(widths, node.rows, strict=True):
        if not scope.same(width, widths[0]):
            scope.fail(
                "the rows of a block matrix have different widths",
                entries[0],
                found=f"the first row has {widths[0]} columns, this one {width}",
            )
    shape = (sum(heights, Dim.of(0)), widths[0])
    terms = []
    top = Dim.of(0)
    for row, height in zip(flat, heights, strict=True):
        left = Dim.of(0)
        for entry in row:
            width = entry.shape[1]
            placed = algebra.contract(
                [
                    (entry, (2, 3)),
                    (selection(top, height, shape[0]), (2, 0)),
                    (selection(left, width, shape[1]), (3, 1)),
                ],
                (0, 1),
                {0: shape[0], 1: shape[1], 2: height, 3: width},
            )
            terms.append(placed)
            left = left + width
        top = top + height
    whole = algebra.total(*terms)
    return algebra.sum_over(whole, (1,)) if vector else whole


def _as_matrix(entry: Expr) -> Expr:
    if entry.order == 2:
        return entry
    return algebra.broadcast(entry, tuple(range(entry.order)), (*entry.shape, ONE, ONE)[:2])
