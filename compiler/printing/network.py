"""A contraction as a graph that is reduced to matrix notation: indices are nodes, matrices are edges between them.

Enters: the factors of a contraction as links and items on their labels.  Leaves: the same contraction with fewer summed
labels; where it is series-parallel, none.  Always holds: every step is an identity of matrix algebra.
Not for: tensors of higher order, whose labels are left alone (`held`).

The steps, tried in this order: a loop is a diagonal; a leaf with weights is a matrix-vector product; a cycle is a
trace; parallel edges are an elementwise product; a label between two edges is a matrix product; a leaf without weights
is a sum of rows; a label alone is an inner product.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from ...grammar import syntax
from ...grammar.syntax import Node
from ..tensor.dims import Dim
from . import notation
from .links import Chain, Item, Link, Vector, as_link, closed, diagonal, inner, matrix, merged, powered, turn, where
from .notation import cost


@dataclass(frozen=True, slots=True)
class Edge:
    """A matrix between two labels: a factor, a divisor (negative exponent), or a condition.

    `offset` is set for ones on and below that diagonal, zeros above: a triangle.
    """

    a: int
    b: int
    chain: Chain
    exponent: int = 1
    condition: bool = False
    offset: int | None = None

    @property
    def simple(self) -> bool:
        """Whether this is just a matrix, once."""
        return self.exponent == 1 and not self.condition and self.offset is None

    def from_(self, label: int) -> Chain:
        """The chain read from this label to the other."""
        return self.chain if self.a == label else turn(self.chain)

    def other(self, label: int) -> int:
        """The other end."""
        return self.b if self.a == label else self.a


Mean = Callable[[Collection[Dim]], bool]


@dataclass
class Network:
    """The graph.  `held` labels are not reduced: the outputs, and those of tensors of higher order.

    `scalars` are (node, exponent) pairs.  `mean(sizes)` takes a division by the product of the sizes out of the
    scalars, and says whether there was one.
    """

    sizes: Mapping[int, Dim]
    held: frozenset[int]
    mean: Mean
    items: dict[int, list[Item]] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    scalars: list[tuple[Node, int]] = field(default_factory=list)

    def reduce(self) -> None:
        """Applies the steps until none fits."""
        steps = (self._loop, self._leaf, self._cycle, self._parallel, self._series, self._row_sum, self._alone)
        while any(step() for step in steps):
            pass

    def at(self, label: int) -> list[Edge]:
        """The edges at a label."""
        return [edge for edge in self.edges if label in (edge.a, edge.b)]

    def summed(self) -> list[int]:
        """The labels that may be reduced."""
        present = {label for edge in self.edges for label in (edge.a, edge.b)} | {k for k, v in self.items.items() if v}
        return sorted(present - self.held)

    def link(self, edges: list[Edge], start: int) -> Chain:
        """The elementwise product of parallel edges, read from `start`."""
        if len(edges) == 1 and (edges[0].simple or edges[0].offset is not None):
            return edges[0].from_(start)
        there = combined([(e, as_link(e.from_(start)).node, e.a == start) for e in edges])
        back = combined([(e, as_link(e.from_(start)).turned, e.a != start) for e in edges])
        return (Link(there, back, elementwise=True),)

    def _loop(self) -> bool:
        for edge in self.edges:
            if edge.a != edge.b:
                continue
            self.edges.remove(edge)
            label = edge.a
            alone = not self.at(label) and not self.items.get(label) and label not in self.held
            if alone and edge.simple:
                self.scalars.append((closed(edge.chain), 1))
            else:
                chain = edge.chain if edge.simple else self.link([edge], label)
                text = min(matrix(chain), matrix(turn(chain)), key=cost)
                self._add(label, Item(Vector((), notation.call("diag", text))))
            return True
        return False

    def _add(self, label: int, item: Item) -> None:
        self.items.setdefault(label, []).append(item)

    def _take(self, label: int) -> Vector:
        return merged(self.items.pop(label))

    def _leaf(self) -> bool:
        for label in self.summed():
            edges = self.at(label)
            if not self.items.get(label) or not edges or len({e.other(label) for e in edges}) != 1:
                continue
            if len(edges) > 1 and self._is_cycle(label):
                continue
            other = edges[0].other(label)
            chain = self.link(edges, other)
            self.edges = [e for e in self.edges if e not in edges]
            self._add(other, Item(self._take(label).after(chain)))
            return True
        return False

    def _is_cycle(self, label: int) -> bool:
        """Whether two parallel edges at this label are all that there is: a trace."""
        ends = {end for e in self.at(label) for end in (e.a, e.b)}
        edges = [e for e in self.edges if e.a in ends or e.b in ends]
        if len(edges) != 2 or ends & self.held or not all(e.simple for e in edges):
            return False
        weighted = [end for end in ends if self.items.get(end)]
        return len(weighted) < 2 and not self._elementwise(edges, label)

    def _elementwise(self, edges: list[Edge], start: int) -> bool:
        """Whether two parallel edges read better as an elementwise product than as a product of matrices."""
        first, second = (e.from_(start) for e in edges)
        if any(len(chain) == 1 and chain[0].elementwise for chain in (first, second)):
            return True
        square = cost(matrix(first)) == cost(matrix(second))
        return square and not any(self.items.get(end) for end in (edges[0].a, edges[0].b))

    def _cycle(self) -> bool:
        for label in self.summed():
            around = self._around(label)
            if around is None or (len(around) == 2 and not self._is_cycle(label)):
                continue
            chain: Chain = ()
            here = label
            for edge in around:
                chain += edge.from_(here)
                here = edge.other(here)
                if self.items.get(here):
                    chain += (diagonal(self._take(here).node),)
                self.edges.remove(edge)
            self.scalars.append((closed(chain), 1))
            return True
        return False

    def _around(self, label: int) -> list[Edge] | None:
        """The edges of the cycle through this label, if nothing else is attached to it."""
        path: list[Edge] = []
        here = label
        while not path or here != label:
            edges = self.at(here)
            if here in self.held or len(edges) != 2 or not all(e.simple for e in edges):
                return None
            onward = [e for e in edges if e is not path[-1]] if path else edges
            path.append(onward[0])
            here = onward[0].other(here)
        return path

    def _parallel(self) -> bool:
        for edge in self.edges:
            ends = {edge.a, edge.b}
            group = [e for e in self.edges if {e.a, e.b} == ends]
            if len(group) == 1 or ends <= self.held:
                continue
            through = [
                end
                for end in sorted(ends)
                if end not in self.held and len(self.at(end)) == 2 and not self.items.get(end)
            ]
            self.edges = [e for e in self.edges if e not in group]
            if through and len(group) == 2 and all(e.simple for e in group) and not self._elementwise(group, edge.a):
                middle = through[0]
                outer = edge.other(middle)
                self.edges.append(Edge(outer, outer, group[0].from_(outer) + group[1].from_(middle)))
            else:
                self.edges.append(Edge(edge.a, edge.b, self.link(group, edge.a)))
            return True
        return False

    def _series(self) -> bool:
        for label in self.summed():
            edges = self.at(label)
            if len(edges) != 2 or edges[0].other(label) == edges[1].other(label):
                continue
            first, second = edges
            start, stop = first.other(label), second.other(label)
            weights = (diagonal(self._take(label).node),) if self.items.get(label) else ()
            chain = self.link([first], start) + weights + self.link([second], label)
            self.edges = [e for e in self.edges if e not in edges] + [Edge(start, stop, chain)]
            return True
        return False

    def _row_sum(self) -> bool:
        for label in self.summed():
            edges = self.at(label)
            if len(edges) != 1 or self.items.get(label):
                continue
            other = edges[0].other(label)
            chain = self.link(edges, other)
            self.edges.remove(edges[0])
            text = matrix(chain)
            if other not in self.held and not self.at(other) and not self.items.get(other):
                text = min(text, matrix(turn(chain)), key=cost)
                function = "mean" if self.mean((self.sizes[label], self.sizes[other])) else "sum"
                self.scalars.append((notation.call(function, text), 1))
                return True
            function = "mean" if self.mean((self.sizes[label],)) else "sum"
            back = notation.call(function, matrix(turn(chain)), notation.literal("1"))
            along = notation.call(function, text, notation.literal("2"))
            self._add(other, Item(Vector((), min(notation.transposed(back), along, key=lambda node: cost(node)[0]))))
            return True
        return False

    def _alone(self) -> bool:
        for label in self.summed():
            if self.at(label):
                continue
            items = self.items.pop(label)
            candidates = inner(items)
            total = [text for text, is_sum in candidates if is_sum]
            if total and self.mean((self.sizes[label],)):
                body = merged(items).node
                self.scalars.append((notation.call("mean", body), 1))
            else:
                self.scalars.append((min((text for text, _ in candidates), key=_reading), 1))
            return True
        return False


def _reading(node: Node) -> tuple[int, bool, str]:
    """Shorter is better; of equal ones, one that begins with a transposed name."""
    first = node.operands[0] if isinstance(node, syntax.Chain) else node
    plain = isinstance(first, syntax.Transpose) and isinstance(first.operand, syntax.Name)
    length, text = cost(node)
    return length, not plain, text


def combined(parts: list[tuple[Edge, Node, bool]]) -> Node:
    """The elementwise product of matrices; True where a matrix is read as its edge is directed."""
    conditions = sorted((node for e, node, _ in parts if e.condition), key=cost)
    plain = [
        (powered(node, e.exponent), e.exponent > 0) for e, node, _ in parts if not e.condition and e.offset is None
    ]
    factors, divisors = (sorted((n for n, above in plain if above is sign), key=cost) for sign in (True, False))
    triangles = [(e, forward, node) for e, node, forward in parts if e.offset is not None]
    if len(triangles) == len(parts):
        factors = [triangles.pop()[2]]
    product = where(conditions, notation.hadamard(factors, divisors))
    for edge, forward, _ in triangles:
        product = triangle(edge, forward, product)
    return product


def triangle(edge: Edge, forward: bool, body: Node) -> Node:
    """The lower triangle of a matrix, or the upper one where the edge is read backwards."""
    assert edge.offset is not None
    offset = edge.offset if forward else -edge.offset
    arguments = (body,) if offset == 0 else (body, notation.number(Fraction(offset)))
    return notation.call("tril" if forward else "triu", *arguments)
