"""What is said about operands whose shapes do not fit: their shapes, the sizes that differ, the transposition that
helps.

Enters: an operator or a call, and the operands.  Leaves: a ShapeError.  Always holds: a suggested transposition fits by
the declared sizes.  Not for: deciding what fits (`operators.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from ...grammar import syntax
from ..tensor.dims import Dim
from ..tensor.expr import Expr, Shape
from .elaborate import Elaborator
from .wording import describe

ONE = Dim.of(1)
ELEMENTWISE = ("+", "-", ".*", "./", ".^", "<", "<=", ">", ">=", "==", "!=")


def misfit(scope: Elaborator, node: syntax.Node, operands: Sequence[Expr], hint: str = "") -> NoReturn:
    """Raises the error for an operator of two operands, or for a call."""
    places = node.children
    found = ", ".join(f"{scope.text(p)} is {describe(o.shape)}" for p, o in zip(places, operands, strict=False))
    operator = node.operators[0] if isinstance(node, syntax.Chain) else "+"
    shapes = [o.shape for o in operands]
    for k, left in enumerate(shapes):
        for right in shapes[k + 1 :]:
            sizes = differing(operator, left, right)
            if sizes is not None:
                found += f": {sizes[0]} and {sizes[1]} are different sizes"
                break
        else:
            continue
        break
    if isinstance(node, syntax.Chain):
        hint = hint or transposition(scope, node, *shapes)
    scope.fail(f"shapes do not fit in {scope.text(node)}", node, found=found, hint=hint)


def differing(operator: str, left: Shape, right: Shape) -> tuple[Dim, Dim] | None:
    """The two sizes that should be equal."""
    pairs: list[tuple[Dim, Dim]] = []
    if operator in ELEMENTWISE and max(len(left), len(right)) <= 2:
        a, b = (shape if len(shape) == 2 else (*shape, ONE, ONE)[:2] for shape in (left, right))
        pairs = [(x, y) for x, y in zip(a, b, strict=True) if ONE not in (x, y)]
    elif operator in ELEMENTWISE and len(left) == len(right):
        pairs = list(zip(left, right, strict=True))
    elif operator in ("*", "\\") and left and right and len(left) > 1:
        pairs = [(left[-1], right[0])]
    elif operator == "/" and left and len(right) == 2:
        pairs = [(left[-1], right[1]), (right[0], right[1])]
    elif operator == ":" and len(left) > 1 and len(right) > 1:
        pairs = list(zip(left[-2:], right[:2], strict=True))
    return next(((x, y) for x, y in pairs if x != y), None)


def transposition(scope: Elaborator, node: syntax.Chain, left: Shape, right: Shape) -> str:
    """`A'*B would fit` if a transposition makes the shapes fit."""
    operator = node.operators[0]
    if operator in ELEMENTWISE and max(len(left), len(right)) < 2:
        return ""  # it would, as the table of all pairs
    x, y = node.operands
    spaced = operator if operator in ("*", "/", "^") else f" {operator} "
    turns = [(True, False), (False, True), (True, True)]
    if len(left) == 2 and len(right) == 1 and operator in ELEMENTWISE:
        turns = [(False, True), (True, False)]  # rather the vector
    for turn_left, turn_right in turns:
        a, b = (_transposed(left) if turn_left else left), (_transposed(right) if turn_right else right)
        if a is not None and b is not None and _fits(operator, a, b):
            first, second = (
                turned(scope, o) if turn else scope.text(o) for o, turn in ((x, turn_left), (y, turn_right))
            )
            return f"{first}{spaced}{second} would fit"
    return ""


def turned(scope: Elaborator, place: syntax.Node) -> str:
    """The text of an operand, transposed."""
    text = scope.text(place)
    if isinstance(place, syntax.Transpose):
        return scope.text(place.operand)
    simple = isinstance(place, syntax.Name | syntax.Number | syntax.Call | syntax.Index | syntax.Block)
    return f"{text}'" if simple or (text.startswith("(") and text.endswith(")")) else f"({text})'"


def _transposed(shape: Shape) -> Shape | None:
    if len(shape) == 1:
        return (ONE, shape[0])
    if len(shape) != 2:
        return None
    return shape[1:] if shape[0] == ONE else shape[::-1]


def _fits(operator: str, left: Shape, right: Shape) -> bool:
    """Whether the shapes fit by their declared sizes, in the usual way."""
    if operator in ELEMENTWISE:
        both_fit = len(left) == len(right) or {len(left), len(right)} <= {1, 2}
        return both_fit and differing(operator, left, right) is None
    if operator == "*" and len(left) == 1:
        return len(right) == 2 and right[0] == ONE
    if operator == "\\":
        return len(left) == 2 and left[0] == left[1] == right[0]
    if operator == "/":
        return len(right) == 2 and right[0] == right[1] and left[-1] == right[0]
    return operator in ("*", ":") and differing(operator, left, right) is None
