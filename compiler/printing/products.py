"""Contractions in matrix notation.

Enters: a contraction and the printer that knows the texts of its factors.  Leaves: a number and a node.  Always holds:
scalars stand first, divisors last, and a sum changes its sign where that saves a minus.  Not for: the steps of the
reduction (`network.py`), and not for index notation (`indices.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from ...grammar import syntax
from ...grammar.syntax import Node
from ..tensor import algebra
from ..tensor.contraction import COMPARISONS, contract, scaled, size_scalar, symmetric, transpose
from ..tensor.dims import Dim
from ..tensor.expr import Atom, Contract, Expr, Map, Structure, Sum
from ..tensor.expr import node as make
from . import notation
from .calls import triangle_node
from .links import Item, Link, Vector, diagonal, matrix, merged, powered, where
from .network import Edge, Network, combined, triangle
from .notation import cost
from .reshapes import reshaped
from .slices import selection_node, slice_node, slice_range, sliced_factors

if TYPE_CHECKING:
    from .printer import Printer

ONE = Dim.of(1)
ONES = algebra.number(1)
Placed = tuple[Expr, tuple[int, ...]]


class Graph:
    """The network of a contraction, with what does not take part in its reduction.

    `scalars` are the factors of order 0, `deltas` pairs of outputs, `higher` the factors of order 3 and more.
    """

    def __init__(self, printer: Printer, expression: Contract, negated: Expr | None = None) -> None:
        self.printer = printer
        self.scalars: list[Expr] = []
        self.deltas: list[tuple[int, int]] = []
        factors = sliced_factors(expression)
        self.higher = [(f, at) for f, at in factors if f.order > 2]
        self.network = Network(dict(enumerate(expression.sizes)), self._held(expression.order), self._mean)
        counts: dict[Placed, int] = {}
        for factor, at in factors:
            counts[factor, at] = counts.get((factor, at), 0) + 1
        for (factor, at), count in counts.items():
            if count % 2 == 0 and isinstance(factor, Sum):
                factor = better_sign(printer, factor)
            if factor is negated:
                negated = None
                self._enter(scaled(factor, Fraction(-1)), at, 1)
                count -= 1
            if count:
                self._enter(factor, at, count)
        self.network.reduce()
        while reshaped(self.network, self.higher, expression.order):
            self.network.held = self._held(expression.order)
            self.network.reduce()

    def _held(self, outputs: int) -> frozenset[int]:
        return frozenset(range(outputs)) | {label for _, at in self.higher for label in at}

    def _enter(self, factor: Expr, at: tuple[int, ...], count: int) -> None:
        printer, network = self.printer, self.network
        condition = isinstance(factor, Map) and factor.function in COMPARISONS
        bottom, exponent = (factor, 1) if condition else base(factor)
        if factor.order == 0:
            self.scalars += [factor] * count
        elif ONE in factor.shape and factor.order <= 2:
            self._enter_thin(bottom, at, exponent * count)
        elif factor.order == 1:
            node = printer.condition(factor) if condition else printer.express(bottom)
            across = printer.row(bottom) if isinstance(bottom, Sum) and bottom not in printer.shared else None
            self._item(at[0], node, exponent * count, condition, across)
        elif isinstance(factor, Structure) and factor.kind == "delta":
            self.deltas.append((at[0], at[1]))
        elif factor.order == 2:
            if condition:
                test, back = printer.condition(factor), printer.condition(transposed_condition(factor))
                network.edges.append(Edge(at[0], at[1], (Link(test, back),), 1, True))
            elif isinstance(factor, Structure) and factor.kind == "tril" and factor.parameters[0].value is not None:
                network.edges.append(Edge(at[0], at[1], (link(printer, factor),), offset=factor.parameters[0].value))
            else:
                network.edges.append(Edge(at[0], at[1], (link(printer, bottom),), exponent * count))

    def _enter_thin(self, factor: Expr, at: tuple[int, ...], exponent: int) -> None:
        """A factor with an axis of size 1, which is as good as none: a row is a transposed vector."""
        node = self.printer.express(factor)
        if isinstance(factor, Structure) and factor.kind == "select" and factor.shape[1] != ONE:
            self._item(at[1], selection_node(factor, True), exponent)
        elif set(factor.shape) == {ONE}:
            self.network.scalars.append((notation.call("sum", node), exponent))
        elif factor.shape[0] == ONE:
            self._item(at[1], notation.transposed(node), exponent)
        else:
            self._item(at[0], notation.call("sum", node, notation.literal("2")), exponent)

    def _item(self, label: int, node: Node, exponent: int, condition: bool = False, across: Node | None = None) -> None:
        self.network.items.setdefault(label, []).append(Item(Vector((), node, across=across), exponent, condition))

    def _mean(self, sizes: Collection[Dim]) -> bool:
        """Takes a division by the product of these sizes out of the scalars, if there is one."""
        total = ONE
        for dim in sizes:
            total = total * dim
        if total.value is not None:
            return False
        inverse = algebra.power(size_scalar(total), -1)
        wanted = [f for f, _ in inverse.factors] if isinstance(inverse, Contract) else [inverse]
        if any(self.scalars.count(f) < wanted.count(f) for f in wanted):
            return False
        for factor in wanted:
            self.scalars.remove(factor)
        return True

    @property
    def reduced(self) -> bool:
        """Whether matrix notation says it all."""
        return not self.higher and not self.network.summed()

    def scalar_parts(self) -> tuple[list[Node], list[Node], list[Node]]:
        """The scalar factors, divisors and conditions."""
        exponents: dict[Expr, int] = {}
        conditions: list[Node] = []
        for factor in self.scalars:
            if isinstance(factor, Map) and factor.function in COMPARISONS:
                conditions.append(self.printer.condition(factor))
                continue
            bottom, exponent = base(factor)
            exponents[bottom] = exponents.get(bottom, 0) + exponent
        pairs = [(self.printer.express(e), exponent) for e, exponent in exponents.items()]
        pairs += self.network.scalars
        above = sorted((powered(node, k, False) for node, k in pairs if k > 0), key=cost)
        below = sorted((powered(node, k, False) for node, k in pairs if k < 0), key=cost)
        return above, below, sorted(conditions, key=cost)


def base(factor: Expr) -> tuple[Expr, int]:
    """The base and the whole exponent of a power."""
    if isinstance(factor, Map) and factor.function == "pow":
        value = algebra.number_value(factor.arguments[1])
        if value is not None and value.denominator == 1:
            return factor.arguments[0], int(value)
        if value is not None and value < 0:
            return algebra.power(factor.arguments[0], -value), -1
    return factor, 1


def transposed_condition(condition: Expr) -> Expr:
    """The comparison of the transposed operands."""
    assert isinstance(condition, Map)
    arguments = tuple(transpose(a) for a in condition.arguments)
    made: Expr = make(Map, condition.shape[::-1], function=condition.function, arguments=arguments)
    return made


def link(printer: Printer, expression: Expr) -> Link:
    """A matrix as a factor of a product."""
    node = printer.express(expression)
    if isinstance(expression, Structure) and expression.kind == "select":
        return Link(node, selection_node(expression, True), rows=slice_range(expression))
    if isinstance(expression, Structure) and expression.kind == "tril":
        whole = expression.parameters[0] == Dim.of(0) and expression.shape[0] == expression.shape[1]
        return Link(node, triangle_node(printer, expression, True), sums="down" if whole else "")
    turned = node if symmetric(expression) else notation.transposed(node)
    if isinstance(expression, Sum) and expression not in printer.shared and turned is not node:
        turned = min(turned, printer.express(transpose(expression)), key=cost)
    if isinstance(expression, Atom) and expression.function == "inv" and expression not in printer.shared:
        inverted = printer.express(expression.arguments[0])
        back = inverted if turned is node else notation.transposed(inverted)
        return Link(node, turned, inverted, back)
    return Link(node, turned, elementwise=isinstance(expression, Map))


def product(printer: Printer, expression: Contract, negative: bool) -> tuple[Fraction, Node]:
    """A sign and the node of a contraction of order 0 to 2.  With `negative`, a minus stands before it that may be
    taken into a factor."""
    if not expression.factors and not expression.order:
        return Fraction(1), notation.ONE
    spread = printer.spread(expression) or slice_node(printer, expression)
    if spread is not None:
        return Fraction(1), spread
    flipped = flippable(printer, expression) if negative else None
    graph = Graph(printer, expression, flipped)
    if not graph.reduced:
        return Fraction(1), _irreducible(printer, expression, graph)
    above, below, conditions = graph.scalar_parts()
    body: Node | None = None
    if expression.order == 1:
        body = merged(graph.network.items[0]).node if 0 in graph.network.items else printer.ones(expression.shape)
    elif expression.order == 2:
        body = _matrix(printer, expression, graph)
    whole = where(conditions, notation.scaled(above, body, below))
    return Fraction(-1 if flipped is not None else 1), whole


def _irreducible(printer: Printer, expression: Contract, graph: Graph) -> Node:
    """A contraction in index notation; of a scalar one that sums over an index, the sum of a vector."""
    from .tensors import tensor_node

    if expression.order:
        return tensor_node(printer, expression)
    label = next(label for _, at in (*graph.higher, *expression.factors) for label in at)
    sizes = dict(enumerate(expression.sizes))
    vector = contract([(f, at) for f, at in expression.factors if at], (label,), sizes)
    scalar = contract([(f, at) for f, at in expression.factors if not at], (), {})
    total = notation.call("sum", printer.express(vector))
    coefficient, node = printer.split(scalar)
    return notation.with_coefficient(coefficient, notation.scaled([] if scalar is ONES else [node], total))


def flippable(printer: Printer, expression: Contract) -> Expr | None:
    """A sum among the factors whose sign can be changed for a minus in front: one with terms of both signs."""
    sums = [f for f, _ in sliced_factors(expression) if isinstance(f, Sum) and len({c > 0 for c, _ in f.terms}) == 2]
    odd = [f for f in sums if sums.count(f) % 2 and f not in printer.shared]
    return min(odd, key=lambda f: (f.order, f.key), default=None)


def better_sign(printer: Printer, expression: Sum) -> Expr:
    """Of a sum and its negative, both right in an even power, the one that begins with the longer term; one that is
    not a constant spread over an array."""
    negative = scaled(expression, Fraction(-1))
    if expression in printer.shared or len({c > 0 for c, _ in expression.terms}) == 1:
        return expression

    def key(candidate: Expr) -> tuple[bool, int, str]:
        assert isinstance(candidate, Sum)
        varies = any(c > 0 and len(algebra.depends_on(e)) == e.order for c, e in candidate.terms)
        node = printer.express(candidate)
        length, text = cost(node.operands[0] if isinstance(node, syntax.Chain) else node)
        return not varies, -length, text

    return min(expression, negative, key=key)


def vector_of(printer: Printer, expression: Contract) -> Vector | None:
    """A contraction of order 1 that is a product of matrices and a vector, as such; None for others."""
    if printer.spread(expression) is not None or slice_node(printer, expression) is not None:
        return None
    graph = Graph(printer, expression)
    if not graph.reduced or graph.scalars or graph.network.scalars or 0 not in graph.network.items:
        return None
    return merged(graph.network.items[0])


def _matrix(printer: Printer, expression: Contract, graph: Graph) -> Node:
    network = graph.network
    left, right = network.items.get(0, []), network.items.get(1, [])
    if graph.deltas:
        return (
            notation.call("diag", merged(left).node)
            if left
            else notation.call("eye", notation.size(expression.shape[0]))
        )
    edges = network.edges
    triangles = [e for e in edges if e.offset is not None]
    if triangles and len(triangles) == len(edges) and (left or right):
        column = merged(left).product if left else printer.ones(expression.shape[:1])
        row = merged(right).row if right else notation.transposed(printer.ones(expression.shape[1:]))
        node = notation.times(column, row)
        for edge in triangles:
            node = triangle(edge, edge.a == 0, node)
        return node
    if not edges:  # an index without items has size 1
        rows, columns = (printer.ones((size,)) for size in expression.shape)
        if right:
            row = merged(right).row
            return notation.times(merged(left).product, row) if left else row
        column = merged(left).product if left else rows
        return notation.times(column, notation.transposed(columns))
    parts: list[tuple[Edge, Node, bool]] = []
    chain = edges[0].from_(0)
    if len(edges) == 1 and (edges[0].simple or triangles):
        if not (len(chain) == 1 and chain[0].elementwise):
            if any(i.exponent > 0 for i in left):
                chain, left = (diagonal(merged(left).node), *chain), []
            if any(i.exponent > 0 for i in right):
                chain, right = (*chain, diagonal(merged(right).node)), []
        if not (left or right):
            return matrix(chain)
        edges = [Edge(0, 1, chain)]
    for edge in edges:
        chain = edge.from_(0)
        node = chain[0].node if len(chain) == 1 else matrix(chain)
        parts.append((edge, node, edge.a == 0))
    weights: Sequence[tuple[list[Item], bool]] = ((left, False), (right, True))
    for items, as_row in weights:
        for group in ([i for i in items if i.condition], [i for i in items if i.exponent > 0 and not i.condition],
                      [i for i in items if i.exponent < 0]):  # fmt: skip
            if not group:
                continue
            exponent = -1 if group[0].exponent < 0 else 1
            vector = merged([Item(i.vector, abs(i.exponent), i.condition) for i in group])
            node = vector.row if as_row else vector.node
            parts.append((Edge(0, 1, (), exponent), node, True))
    return combined(parts)
