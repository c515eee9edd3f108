"""Functions as one writes them: elementwise functions, comparisons, reductions, matrix functions, constant matrices.

Enters: a node and the printer that knows the texts of its operands.  Leaves: syntax.  Always holds: operands that are
constant along an axis are left to expand.  Not for: sums and products.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ...grammar import syntax
from ...grammar.syntax import Node
from ..tensor import algebra
from ..tensor.contraction import add, transpose
from ..tensor.expr import Atom, Contract, Expr, Map, Reduce, Structure, Sum
from . import notation
from .links import where
from .notation import call, cost, is_number
from .slices import selection_node
from .sums import folded

if TYPE_CHECKING:
    from .printer import Printer

SIGNS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}
# These take the symmetric part of their argument.
OF_SYMMETRIC_PART = {"chol", "eigvals", "eigvecs", "eigmax", "eigmin", "eigmaxproj", "eigmaxresolvent"}
View = Callable[[Expr], Node]


def map_node(printer: Printer, expression: Map) -> Node:
    """An elementwise function of arrays."""
    argument = expression.arguments[0]
    if expression.function == "exp" and isinstance(argument, Sum):
        terms = folded(printer, argument)
        if len(terms) == 1 and terms[0][0] == 1 and isinstance(terms[0][1], syntax.Call):
            return call("softmax", *terms[0][1].arguments)
    return viewed(expression, printer.compact, expression.order > 0)


def viewed(expression: Map, view: View, arrays: bool) -> Node:
    """A function of its arguments as they are viewed: as arrays that expand, or element by element."""
    function, arguments = expression.function, expression.arguments
    if function in SIGNS or function == "not":
        return where([condition(expression, view)], notation.ONE)
    if function == "pow":
        return _power(expression, view, arrays)
    nodes = [view(a) for a in arguments]
    if function == "where":
        test, nodes = condition(arguments[0], view), nodes[1:]
        if isinstance(test, syntax.Call):  # not(...)
            test, nodes = test.arguments[0], nodes[::-1]
        nodes = [test, *nodes]
    if function in ("max", "min") and (is_number(nodes[1], 1) or is_number(nodes[1], 2)):
        nodes.reverse()  # a matrix first and the literal 1 or 2 second would be a reduction
    return call(function, *nodes)


def _power(expression: Map, view: View, arrays: bool) -> Node:
    bottom, top = expression.arguments
    value = algebra.number_value(top)
    if value is None:
        return notation.power(view(bottom), view(top), arrays)
    node = view(bottom)
    if abs(value) != 1:
        node = notation.power(node, notation.number(abs(value)), arrays)
    if value > 0:
        return node
    return notation.hadamard([], [node]) if arrays else notation.scaled([], None, [node])


def condition(expression: Expr, view: View) -> Node:
    """A comparison; `not(comparison)` where it is negated."""
    if isinstance(expression, Map) and expression.function in SIGNS:
        left, right = (view(a) for a in expression.arguments)
        return notation.binary(left, SIGNS[expression.function], right)
    if isinstance(expression, Map) and expression.function == "not":
        inner = condition(expression.arguments[0], view)
        return inner.arguments[0] if isinstance(inner, syntax.Call) else call("not", inner)
    return notation.binary(view(expression), "!=", notation.ZERO)


def reduce_node(printer: Printer, expression: Reduce) -> Node:
    """A reduction; down the columns it is a row, so the vector is its transpose."""
    argument, axes = expression.argument, expression.axes
    if len(axes) == argument.order:
        norm = _norm(printer, expression)
        return norm if norm is not None else call(expression.function, printer.express(argument))
    reduced = call(expression.function, printer.express(argument), notation.literal(str(axes[0] + 1)))
    return notation.transposed(reduced) if axes == (0,) else reduced


def _norm(printer: Printer, expression: Reduce) -> Node | None:
    """The largest absolute value, sum of a column or sum of a row as `norminf`, `norm1`."""
    inner = expression.argument
    if expression.function != "max":
        return None
    if isinstance(inner, Map) and inner.function == "abs" and inner.order == 1:
        return call("norminf", printer.express(inner.arguments[0]))
    if isinstance(inner, Contract) and inner.order == 1 and len(inner.factors) == 1:
        factor, at = inner.factors[0]
        if isinstance(factor, Map) and factor.function == "abs" and sorted(at) == [0, 1]:
            return call("norm1" if at == (1, 0) else "norminf", printer.express(factor.arguments[0]))
    return None


def atom_node(printer: Printer, expression: Atom) -> Node:
    """A matrix function."""
    function, arguments = expression.function, expression.arguments
    if function == "normfro" and arguments[0].order == 1:
        function = "norm2"
    if function in OF_SYMMETRIC_PART and isinstance(arguments[0], Sum) and arguments[0] not in printer.shared:
        arguments = (half(printer, arguments[0]), *arguments[1:])
    return call(function, *(printer.express(a) for a in arguments))


def half(printer: Printer, expression: Sum) -> Expr:
    """The expression of which this is the symmetric part, with one term for each pair of transposed ones."""
    terms = {e: c for c, e in expression.terms}
    for term in sorted(terms, key=lambda e: cost(printer.express(e)), reverse=True):
        other = transpose(term) if term in terms else term
        if other is not term and terms.get(other) == terms[term]:
            terms[other] *= 2
            del terms[term]
    return add([(c, e) for e, c in terms.items()], expression.shape)


def structure_node(printer: Printer, expression: Structure) -> Node:
    """A constant matrix."""
    match expression.kind:
        case "delta":
            return call("eye", notation.size(expression.shape[0]))
        case "select":
            return selection_node(expression, False)
        case "tril":
            return triangle_node(printer, expression, False)
    raise TypeError(expression.kind)


def triangle_node(printer: Printer, expression: Structure, turned: bool) -> Node:
    """A triangle of ones, or its transpose."""
    shape = expression.shape[::-1] if turned else expression.shape
    offset = -expression.parameters[0] if turned else expression.parameters[0]
    arguments = () if offset.value == 0 else (notation.size(offset),)
    return call("triu" if turned else "tril", printer.ones(shape), *arguments)
