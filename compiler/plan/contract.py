"""Contractions as tasks.

Enters: a `Contract`.  Leaves: its `Use`.  Always holds: structural factors become positions (a diagonal, a slice, a
reshape of an operand or of the result) wherever they can, else indicators; parts that share no summed label are
made separately.  Not for: the search of the order (`order.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from .. import algebra
from ..contraction import COMPARISONS, contract, oriented, size_scalar, symmetric
from ..dims import Dim
from ..expr import Atom, Contract, Expr, Map, Structure
from ..properties import has
from .build import Builder, Use, product_cell
from .order import Search, Tree
from .product import multiply
from .tasks import ONE, ZERO, Assembly, BodyBuilder, Cells, Index, Patch, Place, number, plain

Factor = tuple[Expr, tuple[int, ...]]


class Network:
    """A contraction with its structural factors resolved: label -> position, in terms of the labels that remain."""

    def __init__(self, expression: Contract) -> None:
        self.expression = expression
        self.sizes = dict(enumerate(expression.sizes))
        self.position: dict[int, Index] = {label: plain(label) for label in self.sizes}
        self.factors: list[Factor] = []
        # For each label that is replaced, the structural factor that says by what.
        self.defining: dict[int, Factor] = {}
        for factor, at in expression.factors:
            if not (isinstance(factor, Structure) and self._resolve(factor, at)):
                self.factors.append((factor, at))
        self.outputs = [self.position[label] for label in range(expression.order)]
        needed = {label for index in self.outputs for label in index.labels}
        for label, size in self.sizes.items():
            if size == ONE and label not in needed:  # a sum of one term
                fixed = {other: plain(other) for other in self.sizes} | {label: Index(())}
                self.position = {other: index.at(fixed) for other, index in self.position.items()}
        self.kept = frozenset(label for index in self.outputs for label in index.labels)
        self.labels = [frozenset(label for index in self.place(at) for label in index.labels) for _, at in self.factors]
        inside: frozenset[int] = frozenset().union(*self.labels)
        remaining = {label for index in self.position.values() for label in index.labels}
        # Summed labels without factor: each counts its size.
        for label in sorted(remaining - inside - self.kept):
            self.factors.append((size_scalar(self.sizes[label]), ()))
            self.labels.append(frozenset())
        self.made: dict[tuple[int, tuple[int, ...]], Expr] = {}

    def _resolve(self, factor: Structure, at: tuple[int, ...]) -> bool:
        """Replaces the last label by what the structure says, if it is still free."""
        target = at[-1]
        sources = [self.position[label] for label in at[:-1]]
        if factor.kind not in ("delta", "select", "pair") or self.position[target].label != target:
            return False
        if any(target in index.labels for index in sources):
            return False
        offset = factor.parameters[0] if factor.kind == "select" else ZERO
        terms: dict[int, Dim] = {}
        for index, scale in zip(sources, (ONE, factor.shape[0]), strict=False):
            offset = offset + index.offset * scale
            for label, step in index.terms:
                terms[label] = terms.get(label, ZERO) + step * scale
        replacement = {label: plain(label) for label in self.sizes}
        replacement[target] = Index(tuple(sorted(terms.items())), offset)
        self.position = {label: index.at(replacement) for label, index in self.position.items()}
        self.defining[target] = (factor, at)
        return True

    def place(self, at: tuple[int, ...]) -> Place:
        """Where a factor is read."""
        return tuple(self.position[label] for label in at)

    @property
    def scattered(self) -> bool:
        """Whether the result is zero but at some positions, or is reshaped."""
        return self._whole(self.outputs, self.expression.shape) is None

    def whole(self, member: int) -> list[int] | None:
        """The labels of a factor's axes, if all of it is read: no diagonal, no slice."""
        factor, at = self.factors[member]
        return self._whole(self.place(at), factor.shape)

    def _whole(self, place: Sequence[Index], shape: tuple[Dim, ...]) -> list[int] | None:
        labels = [index.label for index in place]
        found = [label for label, size in zip(labels, shape, strict=True) if label is not None and self.sizes[label] == size]
        return found if len(set(found)) == len(shape) else None

    def part(self, members: Sequence[int], outputs: Sequence[int]) -> Expr:
        """The product of some factors as an expression with these (remaining) labels as outputs."""
        key = (sum(1 << k for k in members), tuple(outputs))
        if key not in self.made:
            chosen = [self.factors[k] for k in members]
            seen: set[int] = set()
            work = [label for _, at in chosen for label in at]
            while work:
                label = work.pop()
                if label in self.defining and label not in seen:
                    seen.add(label)
                    chosen.append(self.defining[label])
                    work.extend(self.defining[label][1])
            used = {label for _, at in chosen for label in at} | set(outputs)
            self.made[key] = contract(chosen, outputs, {label: self.sizes[label] for label in sorted(used)})
        return self.made[key]

    def components(self) -> list[list[int]]:
        """The factors, grouped by common summed labels."""
        groups: list[tuple[set[int], list[int]]] = []
        for k, labels in enumerate(self.labels):
            summed = set(labels - self.kept)
            members = [k]
            rest = []
            for others, inside in groups:
                if others & summed:
                    summed |= others
                    members = inside + members
                else:
                    rest.append((others, inside))
            groups = [*rest, (summed, sorted(members))]
        return [members for _, members in sorted(groups, key=lambda g: g[1])]


def network(builder: Builder, expression: Contract) -> Network:
    """The network of a contraction, made once."""
    if expression not in builder.networks:
        builder.networks[expression] = Network(expression)
    found: Network = builder.networks[expression]
    return found


def contraction(builder: Builder, expression: Contract) -> Use:
    """The use of a contraction in canonical orientation."""
    net = network(builder, expression)
    if net.scattered:
        patch = scattered(builder, expression, Fraction(1))
        assert patch is not None
        return builder.define(expression, builder.task(Assembly(expression.shape, None, (patch,))))
    outputs = [index.labels[0] for index in net.outputs]
    components = net.components()
    covered = frozenset().union(*net.labels) >= net.kept
    if len(components) == 1 and covered and any(not net.labels[k] <= net.kept for k in components[0]):
        return _component(builder, expression, net, components[0], outputs)
    if len(net.factors) == 1:
        axes = net.whole(0)
        if axes is not None and sorted(outputs) == sorted(axes):
            inner = builder.use(net.factors[0][0])
            return Use(inner.task, tuple(inner.axes[axes.index(label)] for label in outputs))
    factors: list[tuple[Expr, Place]] = []
    for members in components:
        if len(members) == 1 and net.labels[members[0]] <= net.kept:
            factor, at = net.factors[members[0]]
            factors.append((factor, net.place(at)))
        else:
            inside = sorted(frozenset().union(*(net.labels[k] for k in members)) & net.kept)
            factors.append((net.part(members, inside), tuple(plain(label) for label in inside)))
    return _cells(builder, expression, net, factors, outputs, [])


def scattered(builder: Builder, expression: Expr, coefficient: Fraction) -> Patch | None:
    """`coefficient` times a contraction that is zero outside of some positions (or reshaped), as a patch; else None."""
    if not isinstance(expression, Contract) or not any(isinstance(f, Structure) for f, _ in expression.factors):
        return None
    net = network(builder, expression)
    if not net.scattered:
        return None
    labels = sorted(net.kept)
    core = net.part(range(len(net.factors)), labels)
    body = BodyBuilder()
    local = {label: plain(k) for k, label in enumerate(labels)}
    cell = builder.cell(body, core, tuple(plain(k) for k in range(len(labels))))
    if coefficient != 1:
        cell = body.op("mul", number(float(coefficient)), cell)
    place = tuple(index.at(local) for index in net.outputs)
    return Patch(tuple(net.sizes[label] for label in labels), place, body.finish(cell))


def _cells(
    builder: Builder, expression: Expr, net: Network, factors: Sequence[tuple[Expr, Place]], outputs: Sequence[int],
    summed: Sequence[int],
) -> Use:  # fmt: skip
    """The product of elements, summed over some labels, in one loop."""
    order = [*outputs, *summed]
    local = {label: plain(k) for k, label in enumerate(order)}
    body = BodyBuilder()
    placed = [(f, tuple(index.at(local) for index in place)) for f, place in factors]
    result = product_cell(builder, body, placed)
    extents = tuple(net.sizes[label] for label in order)
    return builder.define(expression, builder.task(Cells(extents, len(outputs), body.finish(result), "sum")))


class _Component:
    """Factors that share summed labels, while their order is searched and carried out."""

    def __init__(self, builder: Builder, net: Network, members: Sequence[int], outputs: Sequence[int]) -> None:
        self.builder = builder
        self.net = net
        self.outputs = frozenset(outputs)
        self.units = _units(net, members)
        labels = [frozenset().union(*(net.labels[k] for k in unit)) for unit in self.units]
        size = {label: builder.guess(dim) for label, dim in net.sizes.items()}
        self.search = Search(labels, self.outputs, size, self._price, self._inverses(), self._identity)

    def _inverses(self) -> dict[int, float]:
        from .atoms import making

        found = {}
        for k, unit in enumerate(self.units):
            factor = self.net.factors[unit[0]][0]
            whole = len(unit) == 1 and self.net.whole(unit[0]) is not None
            if whole and isinstance(factor, Atom) and factor.function == "inv" and factor not in self.builder.uses:
                found[k] = making(self.builder, factor)
        return found

    def members(self, mask: int) -> list[int]:
        return sorted(k for u, unit in enumerate(self.units) if mask >> u & 1 for k in unit)

    def expression(self, mask: int) -> tuple[Expr, list[int]]:
        """The product of a subset in canonical orientation, and its labels in order."""
        labels = sorted(self.search.labels(mask))
        expression = self.net.part(self.members(mask), labels)
        if len(labels) == 2:
            kept, flipped = oriented(expression)
            return (kept, labels[::-1]) if flipped else (expression, labels)
        return expression, labels

    def _identity(self, mask: int) -> Expr:
        return self.expression(mask)[0]

    def _price(self, mask: int) -> float:
        expression, _ = self.expression(mask)
        if expression in self.builder.uses or expression in self.builder.nodes:
            return 0.0
        return 1.0 / max(1, self.builder.wanted.get(expression, 1))

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

    def define(self, tree: Tree, expression: Expr, outputs: Sequence[int]) -> Use:
        """Plans a subset that is new as this expression."""
        members = self.members(tree.mask)
        labels = frozenset().union(*(self.net.labels[k] for k in members))
        summed = sorted(labels - set(outputs))
        if tree.parts is None:
            factors = [(self.net.factors[k][0], self.net.place(self.net.factors[k][1])) for k in members]
            return _cells(self.builder, expression, self.net, factors, outputs, summed)
        left, right = (self.make(part) for part in tree.parts)
        return multiply(self.builder, expression, outputs, self.net.sizes, left, right, tree.solve)


def _component(builder: Builder, expression: Contract, net: Network, members: Sequence[int], outputs: Sequence[int]) -> Use:
    root = _weighted(net, members, outputs, expression)
    if root is not None:
        inner, at = root
        return multiply(builder, expression, outputs, net.sizes, (inner, at[0]), (inner, at[1]), None)
    component = _Component(builder, net, members, outputs)
    count = len(component.units)
    tree = Tree(1) if count == 1 else component.search.best()
    return component.define(tree, expression, outputs)


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


def component_cost(builder: Builder, net: Network) -> float:
    """The estimated cost of the sums of a contraction."""
    outputs = sorted(net.kept)
    total = 0.0
    for members in net.components():
        if any(not net.labels[k] <= net.kept for k in members):
            component = _Component(builder, net, members, outputs)
            count = len(component.units)
            total += component.search.loop(1).cost if count == 1 else component.search.best().cost
    return total


def _units(net: Network, members: Sequence[int]) -> list[list[int]]:
    """Factors that are multiplied element by element before anything else: what an indicator covers, so that 0 wins
    over whatever stands there; and factors with the same labels."""
    units = [[k] for k in members]
    covers = [k for k in members if _comparison(net.factors[k][0])]
    covers += [k for k in members if k not in covers]
    for k in covers:
        labels = net.labels[k]
        comparison = _comparison(net.factors[k][0])
        mine = [u for u in units if any(net.labels[j] == labels or (comparison and net.labels[j] <= labels) for j in u)]
        if len(mine) > 1 and (comparison or all(len(frozenset().union(*(net.labels[j] for j in u))) == len(labels) for u in mine)):
            units = [u for u in units if u not in mine] + [sorted(j for u in mine for j in u)]
    return sorted(units)


def _comparison(factor: Expr) -> bool:
    return isinstance(factor, Map) and factor.function in COMPARISONS


def wanted(builder: Builder, nodes: Sequence[Expr]) -> dict[Expr, int]:
    """How many contractions could use each product of two factors."""
    counts: dict[Expr, int] = {}
    for node in nodes:
        if not isinstance(node, Contract) or len(node.factors) < 2:
            continue
        net = network(builder, node)
        if net.scattered:
            continue
        outputs = [index.labels[0] for index in net.outputs]
        found: dict[Expr, None] = {}
        for members in net.components():
            if not 2 <= len(members) <= 16:
                continue
            component = _Component(builder, net, members, outputs)
            for a in range(len(component.units)):
                for b in range(a + 1, len(component.units)):
                    if component.search.factors[a] & component.search.factors[b] - net.kept:
                        found[component.expression(1 << a | 1 << b)[0]] = None
        for expression in found:
            counts[expression] = counts.get(expression, 0) + 1
    return counts

