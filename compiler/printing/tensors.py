"""Tensors of order 3 and more, written without indices where the language can: `2*T + A*S`, `exp(T)`, `T*x`, `T : A`.

Enters: an expression and the printer.  Leaves: a node.  Always holds: what cannot be written so is bound in index
notation (`indices.py`).
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from ...grammar.syntax import Node
from ..tensor import algebra
from ..tensor.contraction import transpose
from ..tensor.expr import Atom, Contract, Expr, Map, Reduce, Sum, Symbol
from . import notation
from .calls import viewed
from .indices import bind_indexed
from .sums import linear_combination

if TYPE_CHECKING:
    from .printer import Printer

Placed = tuple[Expr, tuple[int, ...]]


def tensor_node(printer: Printer, expression: Expr) -> Node:
    """A tensor as an expression, or the name that it is bound to."""
    if is_plain(expression):
        match expression:
            case Sum():
                return linear_combination([(c, printer.express(e)) for c, e in expression.terms])
            case Map():
                return viewed(expression, printer.compact, True)
            case Contract():
                found = tensor_product(printer, expression)
                if found is not None:
                    return found
    return bind_indexed(printer, expression)


def is_plain(expression: Expr) -> bool:
    """Whether an expression is made of tensors of its own shape, element by element, and of products of tensors."""
    if expression.order < 3:
        return True
    match expression:
        case Symbol() | Atom() | Reduce():
            return True
        case Sum():
            return bool(expression.terms) and all(is_plain(e) for _, e in expression.terms)
        case Map():
            return all(not algebra.depends_on(a) or is_plain(a) for a in expression.arguments)
        case Contract():
            return product_of(expression) is not None
    return False


def tensor_product(printer: Printer, expression: Contract) -> Node | None:
    """`T*x`, `A*T`, `T : A`, with scalars in front; None for other contractions."""
    found = product_of(expression)
    if found is None:
        return None
    left, right, count = found
    scalars = [printer.express(f) for f, at in expression.factors if not at]
    operator = "*" if count == 1 else ":"
    body = notation.binary(printer.express(left), operator, printer.express(right))
    return notation.scaled(scalars, body)


def product_of(expression: Contract) -> tuple[Expr, Expr, int] | None:
    """The two factors of a single or double contraction of neighbouring indices, one of order 3 or more."""
    factors = [(f, at) for f, at in expression.factors if at]
    if len(factors) != 2 or max(f.order for f, _ in factors) < 3 or not all(is_plain(f) for f, _ in factors):
        return None
    count = len(expression.sizes) - expression.order
    for pair in (factors, factors[::-1]):
        for (left, at), (right, to) in itertools.product(*map(_orientations, pair)):
            joined = count in (1, 2) and at[-count:] == to[:count]
            if joined and at[:-count] + to[count:] == tuple(range(expression.order)):
                return left, right, count
    return None


def _orientations(placed: Placed) -> list[Placed]:
    factor, at = placed
    return [placed, (transpose(factor), at[::-1])] if factor.order == 2 else [placed]
