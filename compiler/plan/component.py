"""Factors of a contraction that share summed labels: in what order they are multiplied, and by what.

Enters: a network and its factors.  Leaves: tasks.  Always holds: a product that was planned before, for whatever
contraction, is used again.  Not for: the search itself (`order.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from ..tensor import algebra
from ..tensor.contraction import contract, oriented, symmetric
from ..tensor.expr import Atom, Contract, Expr, Symbol
from ..tensor.properties import has
from .build import Builder, Use
from .cells import product_cell
from .congruence import congruence
from .order import Search, Tree
from .product import multiply
from .register import in_order, is_comparison, shadow_part
from .resolve import Network
from .tasks import BodyBuilder, Cells, Place, plain


def cells(
    builder: Builder, expression: Expr, net: Network, factors: Sequence[tuple[Expr, Place]], outputs: Sequence[int],
    summed: Sequence[int],
) -> Use:  # fmt: skip
    """The product of elements, summed over some labels, in one loop."""
    order = [*outputs, *summed]
    local = {label: plain(k) for k, label in enumerate(order)}
    body = BodyBuilder()
    placed = [(f, tuple(index.at(local) for index in place)) for f, place in factors]
    result = product_cell(builder.cell, body, placed)
    extents = tuple(net.sizes[label] for label in order)
    return builder.define(expression, builder.task(Cells(extents, len(outputs), body.finish(result), "sum")))


MOST_SEARCHED = 8  # factors, for an estimate


class _Component:
    """Factors that share summed labels, while their order is searched and carried out."""

    def __init__(self, builder: Builder, net: Network, members: Sequence[int], outputs: Sequence[int]) -> None:
        self.builder = builder
        self.net = net
        self.outputs = frozenset(outputs)
        self.shadows: dict[int, Expr] = {}
        self._numbers: dict[int, tuple[int, ...]] = {}
        known = builder.register.known_parts(net, members, self.outputs)
        inside = {k for unit, _ in known for k in unit}
        self.units = _units(net, [k for k in members if k not in inside])
        labels = [frozenset().union(*(net.labels[k] for k in unit)) for unit in self.units]
        self.units += [unit for unit, _ in known]
        labels += [kept for _, kept in known]
        size = {label: builder.guess(dim) for label, dim in net.sizes.items()}
        self.search = Search(
            labels, self.outputs, size, self._price, self._inverses(), self._same, self._symmetric, self._apart
        )

    def _inverses(self) -> dict[int, tuple[float, float]]:
        from .atoms import kind, making

        found = {}
        for k, unit in enumerate(self.units):
            factor = self.net.factors[unit[0]][0]
            whole = len(unit) == 1 and self.net.whole(unit[0]) is not None
            if whole and isinstance(factor, Atom) and factor.function == "inv":
                if self.builder.fast and self.builder.free_ahead([factor]):
                    continue  # made ahead, and multiplied
                triangular = kind(factor.arguments[0]) in ("lower", "upper")
                cost = 0.0 if factor in self.builder.uses else making(self.builder, factor)
                found[k] = (cost, 1.0 if triangular else 2.0)
        return found

    def members(self, mask: int) -> list[int]:
        return sorted(k for u, unit in enumerate(self.units) if mask >> u & 1 for k in unit)

    def expression(self, mask: int) -> tuple[Expr, list[int]]:
        """The product of a subset in canonical orientation, and its labels in order."""
        labels = in_order(self.net, self.members(mask), self.search.labels(mask))
        expression = self.net.part(self.members(mask), labels)
        if len(labels) == 2:
            expression, flipped = oriented(expression)
            labels = labels[::-1] if flipped else labels
        return expression, labels

    def shadow(self, mask: int) -> Expr:
        """The shadow of the product of a subset in canonical orientation."""
        if mask not in self.shadows:
            self.shadows[mask] = shadow_part(self.net, self.members(mask), self.search.labels(mask))
        return self.shadows[mask]

    def numbers(self, mask: int) -> tuple[int, ...]:
        """Equal for subsets with equal factors."""
        if mask not in self._numbers:
            self._numbers[mask] = self.builder.register.numbers(self.factors(mask))
        return self._numbers[mask]

    def factors(self, mask: int) -> list[Expr]:
        """The factors of a subset."""
        return [self.net.factors[k][0] for k in self.members(mask)]

    def _same(self, left: int, right: int) -> bool:
        return self.numbers(left) == self.numbers(right) and self.shadow(left) is self.shadow(right)

    def _symmetric(self, mask: int) -> bool:
        one, two = self.search.labels(mask)
        if self.net.sizes[one] != self.net.sizes[two]:
            return False
        numbers = self.builder.register.numbers
        members = self.members(mask)
        sides = [
            numbers(self.net.factors[k][0] for k in members if label in self.net.labels[k]) for label in (one, two)
        ]
        return sides[0] == sides[1] and symmetric(self.shadow(mask))

    def _apart(self, unit: int, labels: frozenset[int]) -> bool:
        """Of arrays that are given, that is: others are laid out as it suits their use."""
        factor = self.net.factors[self.units[unit][0]][0]
        axes = self.net.whole(self.units[unit][0]) if len(self.units[unit]) == 1 else None
        if axes is None or len(axes) < 3 or not isinstance(factor, Symbol):
            return False
        inside = [axis in labels for axis in axes]
        return inside != sorted(inside) and inside != sorted(inside, reverse=True)

    def _price(self, mask: int) -> float:
        factors = self.factors(mask)
        if self.builder.register.exists(factors, lambda: self.shadow(mask)):
            return 0.0
        if self.builder.fixed and self.builder.free_ahead(factors):
            return 0.0
        if not self.builder.sharing:
            return 1.0
        return 1.0 / (1 + self.builder.register.wanted(Counter(factors), len(self.search.labels(mask))))

    def make(self, tree: Tree) -> tuple[Expr, list[int]]:
        """Plans a subset; the expression and its labels."""
        if tree.mask & (tree.mask - 1) == 0:
            unit = self.units[tree.mask.bit_length() - 1]
            labels = self.search.labels(tree.mask)
            if len(unit) == 1 and labels == self.net.labels[unit[0]]:
                straight = self.net.whole(unit[0])
                if straight is not None:
                    return self.net.factors[unit[0]][0], straight
        expression, order = self.expression(tree.mask)
        if expression not in self.builder.uses:
            self.define(tree, expression, order)
        return expression, order

    def _elements(self, unit: int) -> list[tuple[Expr, Place]]:
        """The factors of a unit; a product that is planned already is one factor."""
        members, labels = self.units[unit], self.search.factors[unit]
        if labels == frozenset().union(*(self.net.labels[k] for k in members)):
            return [(self.net.factors[k][0], self.net.place(self.net.factors[k][1])) for k in members]
        expression, order = self.expression(1 << unit)
        return [(expression, tuple(plain(label) for label in order))]

    def define(self, tree: Tree, expression: Expr, outputs: Sequence[int]) -> Use:
        """Plans a subset that is new as this expression."""
        self.builder.register.remember(self.net, self.members(tree.mask), self.search.labels(tree.mask))
        if tree.parts is None:
            units = [k for k in range(len(self.units)) if tree.mask >> k & 1]
            summed = sorted(frozenset().union(*(self.search.factors[k] for k in units)) - set(outputs))
            factors = [factor for k in units for factor in self._elements(k)]
            return cells(self.builder, expression, self.net, factors, outputs, summed)
        left, right = (self.make(part) for part in tree.parts)
        return multiply(self.builder, expression, outputs, self.net.sizes, left, right, tree.solve)


def component(
    builder: Builder, expression: Contract, net: Network, members: Sequence[int], outputs: Sequence[int]
) -> Use:
    """The use of a contraction whose factors share summed labels, in canonical orientation."""
    root = _weighted(net, members, outputs, expression)
    if root is not None:
        inner, at = root
        return multiply(builder, expression, outputs, net.sizes, (inner, at[0]), (inner, at[1]), None)
    other = halved(expression, lambda inverse: builder.readers.get(inverse, 0) == 1 and inverse not in builder.uses)
    if other is not None:
        return builder.use(other)
    factors = _Component(builder, net, members, outputs)
    count = len(factors.units)
    tree = Tree(1) if count == 1 else factors.search.best()
    return congruence(builder, expression, tree.cost) or factors.define(tree, expression, outputs)


def _weighted(
    net: Network, members: Sequence[int], outputs: Sequence[int], expression: Expr
) -> tuple[Expr, tuple[list[int], list[int]]] | None:
    """X'*diag(w)*X with w >= 0 is T'*T for T = sqrt(w) .* X, which costs half: T and its labels on both sides."""
    if len(outputs) != 2 or not symmetric(expression):
        return None
    wholes = {k: net.whole(k) for k in members}
    sides = [k for k in members if net.labels[k] & set(outputs)]
    weights = [k for k in members if k not in sides]
    if len(sides) != 2 or not weights or net.factors[sides[0]][0] is not net.factors[sides[1]][0]:
        return None
    left, right = wholes[sides[0]], wholes[sides[1]]
    inner = sorted(frozenset().union(*(net.labels[k] for k in weights)))
    if left is None or right is None or len(left) != 2 or len(inner) != 1 or not set(inner) <= set(left) & set(right):
        return None
    if [label if label in inner else -1 for label in left] != [label if label in inner else -1 for label in right]:
        return None
    weight = net.part(weights, inner)
    if not has(weight, "nonneg"):
        return None
    root = algebra.map_("sqrt", (weight,))
    sizes = {label: net.sizes[label] for label in left}
    scaled, flipped = oriented(contract([(net.factors[sides[0]][0], tuple(left)), (root, tuple(inner))], left, sizes))
    return scaled, ((left[::-1], right[::-1]) if flipped else (left, right))


def halved(expression: Contract, allowed: Callable[[Expr], bool] = lambda inverse: True) -> Expr | None:
    """F'*inv(S)*F is Z'*Z for Z = inv(chol(S))*F, which costs half; `allowed` says for which inverses."""
    if not any(isinstance(f, Atom) and f.function == "inv" and allowed(f) for f in expression.operands):
        return None
    net = Network(expression)
    if net.defining:
        return None
    members = range(len(net.factors))
    for k in members:
        inverse, at = net.factors[k]
        if not isinstance(inverse, Atom) or inverse.function != "inv" or not allowed(inverse):
            continue
        argument = inverse.arguments[0]
        if not has(argument, "psd") or has(argument, "diagonal") or at[0] == at[1]:
            continue
        beside = [[j for j in members if j != k and label in net.labels[j]] for label in at]
        if any(len(found) != 1 or label in net.kept for found, label in zip(beside, at, strict=True)):
            continue
        (left,), (right,) = beside
        (f, one), (g, two) = net.factors[left], net.factors[right]
        if left == right or f is not g or one.index(at[0]) != two.index(at[1]) or len(set(one)) != len(one):
            continue
        root = algebra.atom("inv", (algebra.atom("chol", (argument,), argument.shape),), argument.shape)
        inner = len(net.sizes)
        sizes = net.sizes | {inner: argument.shape[0]}
        rest = [factor for j, factor in enumerate(net.factors) if j != k]
        return contract([*rest, (root, (inner, at[0])), (root, (inner, at[1]))], range(expression.order), sizes)
    return None


def component_cost(builder: Builder, net: Network) -> float:
    """The estimated cost of the sums of a contraction."""
    outputs = sorted(net.kept)
    total = 0.0
    for members in net.components():
        if any(not net.labels[k] <= net.kept for k in members):
            component = _Component(builder, net, members, outputs)
            count = len(component.units)
            search = component.search
            tree = search.loop(1) if count == 1 else search.best() if count <= MOST_SEARCHED else search.greedy()
            total += tree.cost
    return total


def _units(net: Network, members: Sequence[int]) -> list[list[int]]:
    """Factors that are multiplied element by element before anything else: what an indicator covers, so that 0 wins
    over whatever stands there; and factors with the same labels."""
    units = [[k] for k in members]
    covers = [k for k in members if is_comparison(net.factors[k][0])]
    covers += [k for k in members if k not in covers]
    for k in covers:
        labels = net.labels[k]
        comparison = is_comparison(net.factors[k][0])
        mine = [u for u in units if any(net.labels[j] == labels or (comparison and net.labels[j] <= labels) for j in u)]
        if len(mine) > 1 and (
            comparison or all(len(frozenset().union(*(net.labels[j] for j in u))) == len(labels) for u in mine)
        ):
            units = [u for u in units if u not in mine] + [sorted(j for u in mine for j in u)]
    return sorted(units)
