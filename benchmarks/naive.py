"""What an expression costs as it is written: operations from left to right, each on dense arrays.

Enters: a function of the language, and the shapes of its arguments.  Leaves: floating-point operations.  Always holds:
products are taken from the left, nothing is shared but what the text binds, no property is used; the conventions are
those of `Function.cost`.  Not for: what the benchmark's expressions do not use.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from matgrad.grammar import syntax
from matgrad.grammar.parse import parse_expression
from matgrad.grammar.source import text_source

Shape = tuple[int, ...]
IDENTITY = (0, 0)  # the shape of `I`, which has none


def naive_flops(text: str, shapes: Mapping[str, Shape]) -> float:
    """The operations of the text of one function whose parameters have these shapes."""
    walk = _Walk(shapes)
    body = parse_expression(text_source(text)).body
    for binding in body.bindings:
        walk.shapes[binding.name] = walk.visit(binding.value)
    walk.visit(body.result)
    return walk.flops


class _Walk:
    """Counts while it goes through the syntax tree; gives the shape of each node."""

    def __init__(self, shapes: Mapping[str, Shape]) -> None:
        self.shapes = dict(shapes)
        self.flops = 0.0

    def visit(self, node: syntax.Node) -> Shape:
        match node:
            case syntax.Number():
                return ()
            case syntax.Name():
                return IDENTITY if node.id == "I" else self.shapes[node.id]
            case syntax.Negate():
                return self._elementwise(self.visit(node.operand))
            case syntax.Transpose():
                return _transposed(self.visit(node.operand))
            case syntax.Chain():
                shape = self.visit(node.operands[0])
                for operator, operand in zip(node.operators, node.operands[1:], strict=True):
                    shape = self._operator(operator, shape, self.visit(operand))
                return shape
            case syntax.Call():
                return self._call(node.name, [self.visit(argument) for argument in node.arguments])
            case syntax.Index():
                shape = self.visit(node.operand)
                return tuple(n for n, s in zip(shape, node.subscripts, strict=True) if isinstance(s, syntax.Slice))
            case syntax.Block():
                rows = [[self.visit(entry) for entry in row] for row in node.rows]
                return (sum(row[0][0] for row in rows), sum(entry[1] for entry in rows[0]))
            case syntax.Tuple():
                for item in node.items:
                    self.visit(item)
                return ()
        raise ValueError(f"{type(node).__name__} is not counted")

    def _elementwise(self, shape: Shape) -> Shape:
        self.flops += math.prod(shape)
        return shape

    def _operator(self, operator: str, left: Shape, right: Shape) -> Shape:
        if IDENTITY in (left, right):
            shape = left if right == IDENTITY else right
            if operator in "+-":
                self.flops += shape[0]  # the diagonal
            return shape if shape else IDENTITY
        if operator == "*" and left and right:
            return self._product(left, right)
        return self._elementwise(max(left, right, key=math.prod))

    def _product(self, left: Shape, right: Shape) -> Shape:
        if len(left) == 1:  # an outer product
            return self._elementwise((left[0], right[1]))
        self.flops += 2 * math.prod(left) * math.prod(right[1:])
        return (left[0], *right[1:]) if len(right) == 2 or left[0] > 1 else ()

    def _call(self, name: str, shapes: list[Shape]) -> Shape:
        shape = shapes[0]
        if name == "inv":
            self.flops += 2 * shape[0] ** 3  # LU 2/3, the inverse from it 4/3
            return shape
        if name == "tr":
            self.flops += shape[0]
            return ()
        if name == "diag":
            return (*shape, *shape) if len(shape) == 1 else (min(shape),)
        raise ValueError(f"{name} is not counted")


def _transposed(shape: Shape) -> Shape:
    if len(shape) == 1:
        return (1, *shape)
    return shape[1:] if len(shape) == 2 and shape[0] == 1 else shape[::-1]
