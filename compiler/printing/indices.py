"""Index notation: what matrix notation does not reach.

Enters: an expression of any order and the printer.  Leaves: the name of a binding `J[i,j,k,l] = delta(i,k)*B[l,j]`.
Always holds: an index that is not on the left is summed within its term; the letters mean nothing else.
Not for: reading it (`indexed.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from ...grammar import syntax
from ...grammar.syntax import Node
from ..tensor import algebra
from ..tensor.dims import Dim
from ..tensor.expr import Contract, Expr, Map, Structure, Sum
from . import notation
from .calls import viewed
from .links import as_link, merged, powered, where
from .network import combined
from .notation import cost
from .products import Graph
from .sums import linear_combination

if TYPE_CHECKING:
    from .printer import Printer

LETTERS = "ijklpqrstuvwabcdefghmnoxyz"


def bind_indexed(printer: Printer, expression: Expr) -> Node:
    """Binds the expression in index notation; the node of its name."""
    letters = _letters(printer)
    outputs = [next(letters) for _ in expression.shape]
    value = _indexed(printer, expression, outputs, dict(zip(outputs, expression.shape, strict=True)))
    return printer.bind(
        expression, value, tuple(outputs), "J" if expression.order > 2 and expression in printer.roots else "T"
    )


def _letters(printer: Printer, used: Sequence[str] = ()) -> Iterator[str]:
    number = 0
    while True:
        for letter in LETTERS:
            name = f"{letter}{number or ''}"
            if name not in printer.taken and name not in used:
                yield name
        number += 1


def _indexed(printer: Printer, expression: Expr, letters: Sequence[str], sizes: dict[str, Dim]) -> Node:
    """The element of the expression at these indices; `sizes` are those of all letters in use."""
    match expression:
        case Sum():
            parts = []
            for coefficient, term in expression.terms:
                factor, node = _term(printer, term, letters, sizes)
                parts.append((coefficient * factor, node))
            # In brackets, the other terms would be summed over an index that only one of them has.
            summed = any(_subscripts(node) - set(letters) for _, node in parts)
            return linear_combination(parts, not summed) if parts else notation.ZERO
        case Map():
            return viewed(expression, lambda argument: _element(printer, argument, letters), False)
    return notation.with_coefficient(*_term(printer, expression, letters, sizes))


def _subscripts(root: Node) -> set[str]:
    names = set()
    for node in syntax.postorder(root):
        if isinstance(node, syntax.Index):
            names |= {s.id for s in node.subscripts if isinstance(s, syntax.Name)}
    return names


def _term(printer: Printer, expression: Expr, letters: Sequence[str], sizes: dict[str, Dim]) -> tuple[Fraction, Node]:
    if isinstance(expression, Contract):
        return Fraction(1), _product(printer, expression, letters, sizes)
    if isinstance(expression, Map) and expression.order > 2:
        return Fraction(1), _indexed(printer, expression, letters, sizes)
    if isinstance(expression, Structure) and expression.kind in ("pair", "cross"):
        return Fraction(1), notation.times(*_structure(expression, letters))
    return Fraction(1), _at(printer.express(expression), letters)


def _element(printer: Printer, expression: Expr, letters: Sequence[str]) -> Node:
    """The element of an operand that may not vary along all indices."""
    axes = sorted(algebra.depends_on(expression))
    coefficient, node = printer.split(algebra.restrict(expression, axes))
    return notation.with_coefficient(coefficient, _at(node, [letters[a] for a in axes]))


def _at(node: Node, letters: Sequence[str]) -> Node:
    """`node[i, j]`; of a transpose `node[j, i]`."""
    if not letters:
        return node
    if isinstance(node, syntax.Transpose) and len(letters) == 2:
        node, letters = node.operand, letters[::-1]
    return notation.index(node, [notation.name(letter) for letter in letters])


def _structure(structure: Structure, letters: Sequence[str]) -> list[Node]:
    if structure.kind == "cross":
        return [notation.call("epsilon", *map(notation.name, letters))]
    rows, columns = (notation.size(size) for size in structure.shape[:2])
    i, j, place = letters
    within = notation.call("kron", notation.transposed(notation.call("ones", columns)), notation.call("eye", rows))
    across = notation.call("kron", notation.call("eye", columns), notation.transposed(notation.call("ones", rows)))
    return [_at(within, (i, place)), _at(across, (j, place))]


def _product(printer: Printer, expression: Contract, letters: Sequence[str], sizes: dict[str, Dim]) -> Node:
    graph = Graph(printer, expression)
    network = graph.network
    names = dict(enumerate(letters))
    for label in sorted(
        {k for e in network.edges for k in (e.a, e.b)} | set(network.items) | {k for _, at in graph.higher for k in at}
    ):
        if label not in names:  # a letter has the same size in all terms
            size, used = network.sizes[label], tuple(names.values())
            names[label] = next(x for x in _letters(printer, used) if sizes.get(x, size) == size)
            sizes[names[label]] = size
    above, below, conditions = graph.scalar_parts()
    factors: list[Node] = [
        notation.call("delta", notation.name(names[a]), notation.name(names[b])) for a, b in graph.deltas
    ]
    for label, items in network.items.items():
        for item in items:
            letter = [names[label]]
            if item.condition:
                factors.append(_at(merged([item]).node, letter))
            else:
                node = powered(_at(item.vector.node, letter), item.exponent, False)
                (factors if item.exponent > 0 else below).append(node)
    for edge in network.edges:
        link = as_link(edge.chain)
        node, at = link.node, [names[edge.a], names[edge.b]]
        if cost(link.turned) < cost(node):
            node, at = link.turned, at[::-1]
        if edge.offset is not None or edge.condition:
            factors.append(_at(combined([(edge, link.node, True)]), [names[edge.a], names[edge.b]]))
        else:
            (factors if edge.exponent > 0 else below).append(powered(_at(node, at), edge.exponent, False))
    for factor, labels in graph.higher:
        places = [names[label] for label in labels]
        if isinstance(factor, Structure) and factor.kind in ("pair", "cross"):
            factors += _structure(factor, places)
        else:
            factors.append(_at(printer.express(factor), places))
    product = notation.scaled([*above, *sorted(factors, key=_order)], None, sorted(below, key=cost), indexed=True)
    return where(conditions, product)


def _order(factor: Node) -> tuple[object, ...]:
    delta = isinstance(factor, syntax.Call) and factor.name == "delta"
    return not delta, cost(factor)
