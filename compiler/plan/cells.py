"""Scalar operations for elements: constants, structural constants, powers and products.

Enters: expressions and places.  Leaves: cells of a `Body`.  Always holds: an indicator that is 0 makes a product
exactly 0, whatever the other factors are.  Not for: which tasks they read (`build.py`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction

from ..tensor import algebra
from ..tensor.contraction import COMPARISONS
from ..tensor.expr import Constant, Expr, Map, Size, Structure
from .tasks import BodyBuilder, Cell, Cells, Place, number, plain

Element = Callable[[BodyBuilder, Expr, Place], Cell]


def constant_cell(expression: Constant | Size) -> Cell:
    """A named number or a size as an operand."""
    if isinstance(expression, Size):
        return Cell("size", dim=expression.dim)
    return number({"pi": math.pi, "inf": math.inf}[expression.name])


def structure_cell(body: BodyBuilder, expression: Structure, place: Place) -> Cell:
    """An element of a structural constant, by its formula in the indices."""
    at = [Cell("index", index=index) for index in place]
    match expression.kind:
        case "delta":
            return body.op("eq", at[0], at[1])
        case "select":
            return body.op("eq", at[1], body.op("add", at[0], Cell("size", dim=expression.parameters[0])))
        case "tril":
            return body.op("le", at[1], body.op("add", at[0], Cell("size", dim=expression.parameters[0])))
        case "pair":
            column = body.op("mul", Cell("size", dim=expression.shape[0]), at[1])
            return body.op("eq", at[2], body.op("add", at[0], column))
    assert expression.kind == "cross"
    first, second, third = (body.op("sub", at[i], at[j]) for i, j in ((0, 1), (1, 2), (2, 0)))
    return body.op("mul", number(0.5), body.op("mul", body.op("mul", first, second), third))


def structure_task(expression: Structure) -> Cells:
    """The task of a structural constant as an array."""
    body = BodyBuilder()
    place = tuple(plain(k) for k in range(expression.order))
    return Cells(
        expression.shape, expression.order, body.finish(structure_cell(body, expression, place)), name=expression.kind
    )


def power_cell(body: BodyBuilder, base: Cell, exponent: Fraction) -> Cell:
    """A power with a half-integer exponent by products, a square root and a reciprocal."""
    whole, half = divmod(abs(exponent), 1)
    factors = [body.op("sqrt", base)] if half else []
    square, rest = base, int(whole)
    while rest:
        if rest & 1:
            factors.append(square)
        rest >>= 1
        if rest:
            square = body.op("mul", square, square)
    result = body.product(factors)
    return body.op("reciprocal", result) if exponent < 0 else result


def is_indicator(expression: Expr) -> bool:
    """Whether all elements are 0 or 1, and 0 wins over whatever it is multiplied by."""
    return (isinstance(expression, Map) and expression.function in COMPARISONS) or (
        isinstance(expression, Structure) and expression.kind != "cross"
    )


def product_cell(element: Element, body: BodyBuilder, factors: Sequence[tuple[Expr, Place]]) -> Cell:
    """The product of elements: exactly 0 where an indicator is 0; negative powers divide.

    `element` makes the cell of an element of an expression.
    """
    space = len({label for _, place in factors for index in place for label in index.labels})
    indicators: list[Cell] = []
    above: list[Cell] = []
    below: list[Cell] = []
    for factor, place in factors:
        if is_indicator(factor):
            indicators.append(element(body, factor, place))
            continue
        if isinstance(factor, Map) and factor.function == "pow":
            exponent = algebra.number_value(factor.arguments[1])
            here = len({label for index in place for label in index.labels})
            # What varies less than the product is inverted once and multiplied often.
            if exponent is not None and exponent.denominator == 1 and -16 <= exponent < 0 and here == space:
                base = element(body, factor.arguments[0], place)
                below.append(power_cell(body, base, -exponent))
                continue
        above.append(element(body, factor, place))
    result = body.product(above)
    for cell in below:
        result = body.op("div", result, cell) if above else body.op("reciprocal", body.product(below))
        if not above:
            break
    if not indicators:
        return result
    condition = body.product(indicators)
    return body.op("mask", condition, result) if above or below else condition
