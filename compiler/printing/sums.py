"""Sums as one writes them.

Enters: a sum and the printer that knows the texts of its terms.  Leaves: a node.  Always holds: positive terms first,
then the longer ones, numbers last; terms that are constant along an axis are left to expand.  Not for: products.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import gcd, lcm
from typing import TYPE_CHECKING

from ...grammar import syntax
from ...grammar.syntax import Node
from ..tensor import algebra
from ..tensor.contraction import contract, delta, scaled, transpose
from ..tensor.expr import Contract, Expr, Reduce, Structure, Sum
from . import notation
from .blocks import block_node
from .notation import call, cost, is_number

if TYPE_CHECKING:
    from .printer import Printer

Part = tuple[Fraction, Node]


def sum_node(printer: Printer, expression: Sum) -> Node:
    """The sum; a block matrix where it is one."""
    if not expression.terms:
        if not expression.order:
            return notation.ZERO
        return call("zeros", *(notation.size(dim) for dim in expression.shape))
    if len(expression.terms) == 1:
        return notation.with_coefficient(*printer.split(expression))
    whole = printer.spread(expression) or block_node(printer, expression)
    if whole is not None:
        return whole
    terms = folded(printer, expression)
    # `I` takes its size from the other terms, if all of them are matrices and do not expand.
    identities = [identity_scale(e) if isinstance(e, Expr) else None for _, e in terms]
    matrices = [isinstance(e, Expr) and len(algebra.depends_on(e)) == 2 for _, e in terms]
    sizeless = all(matrices) and None in identities
    parts: list[Part] = []
    for (coefficient, term), scale in zip(terms, identities, strict=True):
        if not isinstance(term, Expr):
            parts.append((coefficient, term))
        elif sizeless and scale is not None:
            factor, node = printer.split(scaled(scale, coefficient))
            parts.append((factor, notation.scaled([] if is_number(node, 1) else [node], notation.name("I"))))
        else:
            parts.append(term_node(printer, coefficient, term))
    return linear_combination(joined_cases(parts))


def term_node(printer: Printer, coefficient: Fraction, term: Expr) -> Part:
    """A term, without the axes along which it does not vary."""
    axes = sorted(algebra.depends_on(term))
    inner = algebra.restrict(term, axes)
    if axes == [1] and term.order == 2:
        return coefficient, printer.row(inner)
    return printer.split(scaled(inner, coefficient))


def identity_scale(expression: Expr) -> Expr | None:
    """The scalar that a multiple of the identity has; None for others."""
    if isinstance(expression, Structure):
        return algebra.number(1) if expression.kind == "delta" else None
    if not isinstance(expression, Contract) or expression.order != 2:
        return None
    rest = [(f, at) for f, at in expression.factors if (f, at) != (delta(expression.shape[0]), (0, 1))]
    if len(rest) == len(expression.factors) or any(label < 2 for _, at in rest for label in at):
        return None
    return contract(rest, (), dict(enumerate(expression.sizes[2:], 2)))


def folded(printer: Printer, expression: Sum) -> list[tuple[Fraction, Expr | Node]]:
    """The terms, with `x - logsumexp(x)` put together again."""
    terms: dict[Expr | Node, Fraction] = {e: c for c, e in expression.terms}
    for coefficient, term in expression.terms:
        found = log_normalizer(term)
        if found is None or expression.order == 0:
            continue
        argument, axis = found
        wanted = argument.terms if isinstance(argument, Sum) else ((Fraction(1), argument),)
        if all(terms.get(e) == -coefficient * c for c, e in wanted):
            for e in (term, *(e for _, e in wanted)):
                del terms[e]
            arguments = [printer.express(argument), *([notation.literal(str(axis))] if axis else [])]
            terms[call("logsoftmax", *arguments)] = -coefficient
    return [(c, e) for e, c in terms.items()]


def log_normalizer(term: Expr) -> tuple[Expr, int] | None:
    """The argument and the axis (0 for all) of a logsumexp that is spread over the shape of its argument."""
    if not isinstance(term, Contract) or len(term.factors) != 1 or len(term.sizes) != term.order:
        return None
    reduced, at = term.factors[0]
    if not isinstance(reduced, Reduce) or reduced.function != "logsumexp":
        return None
    argument, axes = reduced.argument, reduced.axes
    if term.order != argument.order or argument.order > 2:
        return None
    if term.order == 2:
        if len(axes) == 2 or at not in ((0,), (1,)):
            return None
        kept = 1 - axes[0]
        if at[0] != kept:  # the expression is about the transpose
            argument = transpose(argument)
        return (argument, axes[0] + 1 if at[0] == kept else kept + 1) if argument.shape == term.shape else None
    return (argument, 0) if argument.shape == term.shape else None


def joined_cases(parts: list[Part]) -> list[Part]:
    """`where(c, a, 0) + where(c, 0, b)` as `where(c, a, b)`."""
    groups: dict[str, list[tuple[Fraction, syntax.Call]]] = {}
    rest: list[Part] = []
    for coefficient, node in parts:
        if isinstance(node, syntax.Call) and node.name == "where":
            groups.setdefault(cost(node.arguments[0])[1], []).append((coefficient, node))
        else:
            rest.append((coefficient, node))
    for group in groups.values():
        if len(group) == 1:
            rest += group
            continue
        branches = []
        for position in (1, 2):
            values = [(c, node.arguments[position]) for c, node in group]
            values = [(c, value) for c, value in values if not is_number(value, 0)]
            branches.append(linear_combination(values) if values else notation.ZERO)
        rest.append((Fraction(1), call("where", group[0][1].arguments[0], *branches)))
    return rest


def linear_combination(parts: Sequence[Part], bracketed: bool = True) -> Node:
    """The sum of the parts; a common number is taken out where that is shorter, if there may be brackets."""

    def key(part: Part) -> tuple[object, ...]:
        node = part[1]
        size = sum(not isinstance(below, syntax.Transpose) for below in syntax.postorder(node))
        return is_number(node, 1), -size, cost(node)[1]

    ordered = sorted(parts, key=key)
    ordered = [p for p in ordered if p[0] > 0] + [p for p in ordered if p[0] < 0]

    def written(terms: Sequence[Part]) -> Node:
        return notation.plus([(c < 0, notation.with_coefficient(abs(c), node)) for c, node in terms])

    expanded = written(ordered)
    factor = content([c for c, _ in ordered])
    if len(ordered) < 2 or factor == 1 or not bracketed:
        return expanded
    taken = notation.with_coefficient(factor, written([(c / factor, node) for c, node in ordered]))
    return taken if cost(taken)[0] < cost(expanded)[0] else expanded


def content(coefficients: Sequence[Fraction]) -> Fraction:
    """The number to take out so that coprime integers are left, not all negative."""
    size = Fraction(gcd(*(c.numerator for c in coefficients)), lcm(*(c.denominator for c in coefficients)))
    return size if any(c > 0 for c in coefficients) else -size
