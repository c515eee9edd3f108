"""Vectors and matrices on their way to a text: chains of matrix factors that can still be turned around.

Enters: syntax nodes of factors.  Leaves: `Link`, `Vector` and `Item` values, and the nodes of their products.  Always
holds: a chain is written in the direction that makes the shorter text.  Not for: which factors meet (`network.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...grammar import syntax
from ...grammar.syntax import Node
from . import notation
from .notation import cost


@dataclass(frozen=True, slots=True)
class Link:
    """A matrix factor and its transpose.

    `inverted` is the argument where the factor is an inverse; `elementwise` says that it was made element by element;
    `weights` is the vector of a diagonal factor.  `sums` is `down` for the matrix that makes cumulative sums, `up` for
    its transpose.  `rows` is the slice where the factor picks rows of what follows, `columns` where it picks columns of
    what it follows.
    """

    node: Node
    turned: Node
    inverted: Node | None = None
    inverted_turned: Node | None = None
    elementwise: bool = False
    weights: Node | None = None
    sums: str = ""
    rows: Node | None = None
    columns: Node | None = None

    def turn(self) -> Link:
        """The transposed factor."""
        return Link(self.turned, self.node, self.inverted_turned, self.inverted, self.elementwise, self.weights,
                    {"down": "up", "up": "down"}.get(self.sums, ""), self.columns, self.rows)  # fmt: skip


Chain = tuple[Link, ...]


def turn(chain: Chain) -> Chain:
    """The transposed chain."""
    return tuple(link.turn() for link in reversed(chain))


def diagonal(weights: Node) -> Link:
    """`diag(weights)`."""
    node = notation.call("diag", weights)
    return Link(node, node, weights=weights)


@dataclass(frozen=True, slots=True)
class Vector:
    """`links * base`.  `alone`, where there is one, is how it is written when nothing is multiplied from the left;
    `across`, where there is one, is another way to write the transposed vector."""

    links: Chain
    base: Node
    alone: Node | None = None
    across: Node | None = None

    @property
    def node(self) -> Node:
        """The vector; a leading inverse becomes `\\`."""
        if self.alone is not None:
            return self.alone
        if self.links and self.links[0].inverted is not None:
            return notation.solved(self.links[0].inverted, Vector(self.links[1:], self.base).product)
        return self.product

    @property
    def product(self) -> Node:
        """`links * base` as a product."""
        for place, link in enumerate(self.links):
            if link.sums == "down" or link.rows is not None:
                inner = Vector(self.links[place + 1 :], self.base).product
                done = notation.call("cumsum", inner) if link.rows is None else notation.index(inner, [link.rows])
                return notation.times(*(link.node for link in self.links[:place]), done)
        return notation.times(*(link.node for link in self.links), self.base)

    @property
    def row(self) -> Node:
        """The transposed vector."""
        candidates = [] if self.across is None else [self.across]
        if self.alone is not None or not self.links or self.links[0].inverted is None:
            candidates.append(notation.transposed(self.node))
        if self.links:
            links = turn(self.links)
            candidates.append(notation.times(notation.transposed(self.base), *(link.node for link in links)))
        return min(candidates, key=cost)

    def after(self, chain: Chain) -> Vector:
        """`chain * self`."""
        if self.alone is None:
            return Vector(chain + self.links, self.base)
        short, long = Vector(chain, self.alone), Vector(chain + self.links, self.base)
        return min(short, long, key=lambda v: cost(v.product))


def matrix(chain: Chain) -> Node:
    """The product of a chain."""
    if len(chain) > 1 and (chain[0].rows is not None or chain[-1].columns is not None):
        inner = chain[chain[0].rows is not None : len(chain) - (chain[-1].columns is not None)]
        if inner:
            everything = notation.slice_(None, None)
            return notation.index(matrix(inner), [chain[0].rows or everything, chain[-1].columns or everything])
    if len(chain) == 2 and chain[0].inverted is not None and chain[1].inverted is None:
        return notation.solved(chain[0].inverted, chain[1].node)
    if len(chain) > 1 and chain[0].sums == "down":
        return notation.call("cumsum", matrix(chain[1:]), notation.literal("1"))
    if len(chain) > 1 and chain[-1].sums == "up":
        return notation.call("cumsum", matrix(chain[:-1]), notation.literal("2"))
    return notation.times(*(link.node for link in chain))


def as_link(chain: Chain) -> Link:
    """A chain as a single factor, where more is to be done with it element by element."""
    if len(chain) == 1:
        return chain[0]
    there, back = matrix(chain), matrix(turn(chain))
    return Link(there, back)


@dataclass(frozen=True, slots=True)
class Item:
    """A vector on an index: a factor, a divisor (negative exponent), a repeated factor, or a condition."""

    vector: Vector
    exponent: int = 1
    condition: bool = False


def powered(node: Node, exponent: int, elementwise: bool = True) -> Node:
    """`node .^ |exponent|`."""
    exponent = abs(exponent)
    return node if exponent == 1 else notation.power(node, notation.literal(str(exponent)), elementwise)


def where(conditions: Sequence[Node], value: Node) -> Node:
    """The value where all conditions hold, else 0."""
    for condition in conditions:
        if isinstance(condition, syntax.Call):  # `not` stands around the comparison
            value = notation.call("where", condition.arguments[0], notation.ZERO, value)
        else:
            value = notation.call("where", condition, value, notation.ZERO)
    return value


def merged(items: Sequence[Item]) -> Vector:
    """The elementwise product of the items."""
    if len(items) == 1 and items[0].exponent == 1 and not items[0].condition:
        return items[0].vector
    conditions = sorted((i.vector.base for i in items if i.condition), key=cost)
    factors = sorted((i for i in items if not i.condition and i.exponent > 0), key=lambda i: cost(i.vector.node))
    divisors = sorted((i for i in items if not i.condition and i.exponent < 0), key=lambda i: cost(i.vector.node))
    below = [powered(i.vector.node, i.exponent) for i in divisors]
    long = [i for i in factors if i.vector.links and i.exponent == 1]
    weights = [powered(i.vector.node, i.exponent) for i in factors if i not in long[:1]]
    alone = notation.hadamard([powered(i.vector.node, i.exponent) for i in factors], below)
    across = notation.hadamard(*([powered(i.vector.row, i.exponent) for i in part] for part in (factors, divisors)))
    if conditions:
        return Vector((), where(conditions, alone))
    if len(long) == 1 and (weights or below):
        scale = diagonal(notation.hadamard(weights, below))
        return Vector((scale, *long[0].vector.links), long[0].vector.base, alone, across)
    return Vector((), alone, across=across)


def inner(items: Sequence[Item]) -> list[tuple[Node, bool]]:
    """The sum of the elementwise product of the items: the texts to choose from, and whether each is a `sum(...)`."""
    plain = [i for i in items if not i.condition and i.exponent > 0]
    count = sum(i.exponent for i in plain)
    candidates = [(notation.call("sum", merged(items).node), True)]
    if count >= 2:
        for left in plain:
            rest = [i for i in items if i is not left]
            if left.exponent > 1:
                rest.append(Item(left.vector, left.exponent - 1))
            right = merged(rest)
            if len(rest) == 1 and rest[0].exponent < 0:
                continue
            for a, b in ((left.vector, right), (right, left.vector)):
                candidates.append((notation.times(a.row, b.product), False))
                if b.alone is not None:
                    candidates.append((notation.times(a.row, b.alone), False))
    return candidates


def closed(chain: Chain) -> Node:
    """The trace of a cycle of links, started where it reads best.

    That is `X' ... X` or `inv(A) ...`, or else without a leading transpose.
    """
    candidates: list[tuple[tuple[object, ...], Node]] = []
    for oriented in (chain, turn(chain)):
        for start in range(len(oriented)):
            links = oriented[start:] + oriented[:start]
            text = notation.times(*(link.node for link in links))
            first, last = links[0], links[-1]
            primed = isinstance(first.node, syntax.Transpose)
            mirrored = primed and len(links) > 1 and cost(first.turned) == cost(last.node)
            pair = primed and len(links) == 2 and not isinstance(last.node, syntax.Transpose)
            leading = mirrored or pair or first.inverted is not None
            best = 0 if leading else 2 if primed or first.weights is not None else 1
            candidates.append(((cost(text)[0], best, cost(text)[1]), notation.call("tr", text)))
    return min(candidates, key=lambda c: c[0])[1]
