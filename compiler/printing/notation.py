"""Syntax nodes by hand: what the printer builds its texts from.

Enters: names, numbers and nodes.  Leaves: nodes without a place in a source.  Always holds: products that need no
brackets are flat, so that an inner product or a quotient that stays nested is one that should be seen as such.
Not for: choosing among equal texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from ...grammar import syntax
from ...grammar.syntax import Chain, Node
from ..tensor.dims import Dim
from .unparse import PRODUCT, level, unparse

NOWHERE = syntax.Span(0, 0)


def name(identifier: str) -> Node:
    """A name."""
    return syntax.Name(NOWHERE, identifier)


def literal(text: str) -> Node:
    """A number as it is written."""
    return syntax.Number(NOWHERE, text)


ONE = literal("1")
ZERO = literal("0")


def decimal(value: Fraction) -> str | None:
    """The exact decimal text of a number that is not negative, or None if there is none that is short."""
    if value.denominator == 1:
        text = str(value.numerator)
        short = f"{float(value):g}" if value < 10**300 else text
        return short if len(short) < len(text) and Fraction(short) == value else text
    try:
        text = repr(float(value))
    except OverflowError:
        return None
    exact = Fraction(text) == value
    return text if exact and len(text) <= len(f"{value.numerator}/{value.denominator}") + 1 else None


def number(value: Fraction) -> Node:
    """A number; a quotient where it has no short decimals."""
    if value < 0:
        return negated(number(-value))
    text = decimal(value)
    if text is not None:
        return literal(text)
    return Chain(NOWHERE, (literal(str(value.numerator)), literal(str(value.denominator))), ("/",))


def size(dim: Dim) -> Node:
    """A size as an expression."""
    from ...grammar.parse import parse_expression
    from ...grammar.source import text_source

    if dim.name is not None:
        return name(dim.name)
    return parse_expression(text_source(str(dim))).body.result


def call(function: str, *arguments: Node) -> Node:
    """A call."""
    return syntax.Call(NOWHERE, function, NOWHERE, arguments)


def index(operand: Node, subscripts: Sequence[Node]) -> Node:
    """`operand[subscripts]`."""
    return syntax.Index(NOWHERE, operand, tuple(subscripts))


def slice_(start: Node | None, stop: Node | None) -> Node:
    """`start:stop`."""
    return syntax.Slice(NOWHERE, start, stop)


def transposed(operand: Node) -> Node:
    """`operand'`, or the operand of a transpose."""
    return operand.operand if isinstance(operand, syntax.Transpose) else syntax.Transpose(NOWHERE, operand)


def is_number(node: Node, value: int) -> bool:
    """Whether a node is this literal."""
    return isinstance(node, syntax.Number) and node.text == str(value)


def negated(operand: Node) -> Node:
    """`-operand`; the sign of a product goes to its first factor."""
    if isinstance(operand, syntax.Negate):
        return operand.operand
    if isinstance(operand, Chain) and level(operand) == PRODUCT and operand.operators[0] != "\\":
        return Chain(NOWHERE, (negated(operand.operands[0]), *operand.operands[1:]), operand.operators)
    return syntax.Negate(NOWHERE, operand)


def times(*factors: Node) -> Node:
    """The matrix product, flat where the factors are matrix products themselves."""
    return _joined(factors, "*", ("*",))


def hadamard(factors: Sequence[Node], divisors: Sequence[Node] = ()) -> Node:
    """The elementwise product and quotient."""
    product = _joined(factors, ".*", (".*",)) if factors else ONE
    if not divisors:
        return product
    flat = isinstance(product, Chain) and set(product.operators) <= {".*"}
    operands = product.operands if flat and isinstance(product, Chain) else (product,)
    operators = product.operators if flat and isinstance(product, Chain) else ()
    return Chain(NOWHERE, (*operands, *divisors), (*operators, *["./"] * len(divisors)))


def _joined(factors: Sequence[Node], operator: str, flat: tuple[str, ...]) -> Node:
    operands: list[Node] = []
    for factor in factors:
        inner = isinstance(factor, Chain) and set(factor.operators) <= set(flat)
        operands += factor.operands if inner and isinstance(factor, Chain) else (factor,)
    return operands[0] if len(operands) == 1 else Chain(NOWHERE, tuple(operands), (operator,) * (len(operands) - 1))


def solved(matrix: Node, right: Node) -> Node:
    """`matrix \\ right`."""
    return Chain(NOWHERE, (matrix, right), ("\\",))


def power(base: Node, exponent: Node, elementwise: bool) -> Node:
    """`base^exponent` or `base.^exponent`."""
    return Chain(NOWHERE, (base, exponent), (".^" if elementwise else "^",))


def binary(left: Node, operator: str, right: Node) -> Node:
    """`left operator right`."""
    return Chain(NOWHERE, (left, right), (operator,))


def scaled(factors: Iterable[Node], body: Node | None, divisors: Sequence[Node] = (), indexed: bool = False) -> Node:
    """Scalars times a body, divided by scalars: `2*lam*w/s`.  Beside `indexed` factors a product of arrays stays in
    brackets: `(w*x)*A[i,j]`."""
    parts = list(factors)
    operands: list[Node] = []
    operators: list[str] = []
    for position, part in enumerate(parts):
        last = body is None and position == len(parts) - 1
        _append(operands, operators, part, spread=last or (position == 0 and _plain(part) and not indexed))
    if body is not None:
        if is_number(body, 1) and (operands or divisors):
            operands = operands or [ONE]
        elif operands and _leads_with_one(body):
            assert isinstance(body, Chain)
            operands += body.operands[1:]
            operators += body.operators
        else:
            _append(operands, operators, body, spread=not operands or (level(body) == PRODUCT and _multiplies(body)))
    if not operands:
        operands = [ONE]
    if divisors:
        whole = _join_flat(operands, operators)
        divisor = times(*divisors)
        if isinstance(whole, Chain) and level(whole) == PRODUCT:
            return Chain(NOWHERE, (*whole.operands, divisor), (*whole.operators, "/"))
        return Chain(NOWHERE, (whole, divisor), ("/",))
    return _join_flat(operands, operators)


def _join_flat(operands: list[Node], operators: list[str]) -> Node:
    return operands[0] if len(operands) == 1 else Chain(NOWHERE, tuple(operands), tuple(operators))


def _append(operands: list[Node], operators: list[str], part: Node, spread: bool) -> None:
    if operands:
        operators.append("*")
    if spread and isinstance(part, Chain) and level(part) == PRODUCT and (not operands or _multiplies(part)):
        operands += part.operands
        operators += part.operators
    else:
        operands.append(part)


def _plain(part: Node) -> bool:
    """Whether a product of scalars may go on without brackets: it is no inner product."""
    return isinstance(part, Chain) and not any(isinstance(operand, syntax.Transpose) for operand in part.operands)


def _multiplies(body: Node) -> bool:
    """Whether a scalar may be multiplied from the left without brackets around the product."""
    return isinstance(body, Chain) and body.operators[0] not in ("\\", ":")


def _leads_with_one(body: Node) -> bool:
    return (
        isinstance(body, Chain)
        and level(body) == PRODUCT
        and is_number(body.operands[0], 1)
        and body.operators[0] in ("/", "./")
    )


def with_coefficient(coefficient: Fraction, body: Node) -> Node:
    """A number times a body, written as short as it can be and exact."""
    if coefficient < 0:
        return negated(with_coefficient(-coefficient, body))
    if coefficient == 1:
        return body
    if is_number(body, 1):
        return number(coefficient)
    if coefficient.numerator == 1 and decimal(coefficient) is None:
        return scaled([], body, [literal(str(coefficient.denominator))])
    return scaled([number(coefficient)], body)


def plus(terms: Sequence[tuple[bool, Node]]) -> Node:
    """The sum of the terms; True before one that is subtracted."""
    minus, first = terms[0]
    head = negated(first) if minus else first
    if len(terms) == 1:
        return head
    return Chain(NOWHERE, (head, *(t for _, t in terms[1:])), tuple("-" if m else "+" for m, _ in terms[1:]))


def cost(node: Node) -> tuple[int, str]:
    """What makes a text better than an equal one: its length, then the alphabet."""
    text = unparse(node)
    return len(text), text
