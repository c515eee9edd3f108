"""The products that a program has: which are planned, which will be made anyway, and how many contractions want one.

Enters: contractions.  Leaves: answers, by the factors of a product and its shadow (`resolve.py`).  Always holds: a
product is told apart by its shadow; the numbers of its factors only save making one.  Not for: deciding.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..tensor.contraction import COMPARISONS, oriented
from ..tensor.expr import Contract, Expr, Map
from .guess import Guess
from .resolve import Network

MOST_CHOICES = 8
Numbers = tuple[int, ...]
Part = tuple[list[int], frozenset[int]]  # some factors, and the labels of their product


@dataclass(frozen=True, slots=True)
class Known:
    """A product that is planned: how often it has each factor, and the set of these as bits."""

    factors: Counter[Expr]
    bits: int


class Register:
    """The products of one program."""

    def __init__(self, guess: Guess) -> None:
        self.guess = guess
        self._ignored: Collection[Expr] = ()
        self._networks: dict[Contract, Network] = {}
        self._number: dict[Expr, int] = {}
        self._nodes: dict[Numbers, list[Contract]] = {}
        self._known: dict[Expr, Known] = {}
        self._known_numbers: set[Numbers] = set()
        self._holding: dict[Expr, dict[Contract, None]] = {}  # the contractions to come that have a factor

    def ignore(self, expressions: Iterable[Expr]) -> None:
        """Notes which contractions are not wanted after all; all others are."""
        self._ignored = frozenset(map(_upright, expressions))

    def network(self, expression: Contract) -> Network:
        """The network of a contraction, made once."""
        if expression not in self._networks:
            self._networks[expression] = Network(expression)
        return self._networks[expression]

    def numbers(self, factors: Iterable[Expr]) -> Numbers:
        """Equal for equal factors, in whatever order."""
        return tuple(sorted(self._number.setdefault(factor, len(self._number)) for factor in factors))

    def expect(self, expressions: Iterable[Expr]) -> None:
        """Notes the contractions that will be planned."""
        for expression in map(_upright, expressions):
            if isinstance(expression, Contract) and len(expression.factors) > 1:
                net = self.network(expression)
                if not net.scattered:
                    self._nodes.setdefault(self.numbers(f for f, _ in net.factors), []).append(expression)
                for factor in expression.operands if len(expression.factors) > 2 else ():
                    self._holding.setdefault(factor, {})[expression] = None

    def planned(self, contraction: Contract) -> None:
        """Notes that a contraction is planned."""
        for factor in contraction.operands:
            self._holding.get(factor, {}).pop(contraction, None)

    def remember(self, net: Network, members: Sequence[int], labels: frozenset[int]) -> None:
        """Notes that the product of some factors is planned."""
        if len(members) < 2 or net.defining:
            return
        volume = [
            math.prod(self.guess(net.sizes[k]) for k in some) for some in (labels, *(net.labels[k] for k in members))
        ]
        if volume[0] <= max(volume[1:]):  # an outer product is better taken apart into its vectors
            factors = Counter(net.factors[k][0] for k in members)
            self._known[shadow_part(net, members, labels)] = Known(factors, self._bits(factors))
            self._known_numbers.add(self.numbers(factors.elements()))

    def exists(self, factors: Sequence[Expr], shadow: Callable[[], Expr]) -> bool:
        """Whether the product is planned or will be made anyway."""
        numbers = self.numbers(factors)
        if numbers in self._known_numbers and shadow() in self._known:
            return True
        nodes = [node for node in self._nodes.get(numbers, ()) if node not in self._ignored]
        return any(self._shadow(node) is shadow() for node in nodes)

    def wanted(self, factors: Counter[Expr], order: int) -> int:
        """How many contractions to come have these factors, placed so that their product has this order; of many
        candidates some are looked at."""
        rarest = min((self._holding.get(f, {}) for f in factors), key=len)
        candidates = itertools.islice(rarest, MOST_CHOICES)
        return sum(1 for node in candidates if node not in self._ignored and self._fits(node, factors, order))

    def known_parts(self, net: Network, members: Sequence[int], outputs: frozenset[int]) -> list[Part]:
        """Factors whose product is planned already, as large as possible, with the labels that the product has."""
        if len(members) < 3 or net.defining:
            return []
        rest = list(members)
        found: list[Part] = []
        bits = self._bits(net.factors[k][0] for k in rest)
        usable = [(shadow, known) for shadow, known in self._known.items() if not known.bits & ~bits]
        usable.sort(key=lambda item: -item[1].factors.total())
        for shadow, known in usable:
            while known.factors.total() < len(members):
                choices = _choices(net, rest, known.factors)
                chosen = next((c for c in choices if _is_part(net, members, outputs, c, shadow)), None)
                if chosen is None:
                    break
                found.append((chosen, _kept(net, members, outputs, chosen)))
                rest = [k for k in rest if k not in chosen]
        return found

    def _bits(self, factors: Iterable[Expr]) -> int:
        result = 0
        for number in self.numbers(factors):
            result |= 1 << number
        return result

    def _shadow(self, expression: Contract) -> Expr:
        net = self.network(expression)
        return shadow_part(net, range(len(net.factors)), net.kept)

    def _fits(self, node: Contract, factors: Counter[Expr], order: int) -> bool:
        net = self.network(node)
        if any(len(net.places.get(factor, ())) < count for factor, count in factors.items()):
            return False
        every = range(len(net.factors))
        return any(len(_kept(net, every, net.kept, choice)) == order for choice in _choices(net, every, factors))


def _upright(expression: Expr) -> Expr:
    """An expression as it is planned."""
    return oriented(expression)[0] if isinstance(expression, Contract) and expression.order == 2 else expression


def shadow_part(net: Network, members: Sequence[int], labels: frozenset[int]) -> Expr:
    """The shadow of the product of some factors, in canonical orientation."""
    expression = net.part(members, in_order(net, members, labels), shadow=True)
    return oriented(expression)[0] if len(labels) == 2 else expression


def in_order(net: Network, members: Sequence[int], labels: frozenset[int]) -> list[int]:
    """The labels that a product keeps, as they follow one another in its largest factor, and then in the others: so the
    axes of equal products of tensors are in one order."""
    if len(labels) < 3:
        return sorted(labels)
    factors = sorted((net.factors[k] for k in members), key=lambda factor: -len(factor[1]))
    found = [label for _, place in factors for label in place if label in labels]
    return [*dict.fromkeys(found), *sorted(labels.difference(found))]


def is_comparison(factor: Expr) -> bool:
    """Whether a factor is an indicator that covers others."""
    return isinstance(factor, Map) and factor.function in COMPARISONS


def _kept(net: Network, members: Sequence[int], outputs: frozenset[int], chosen: Sequence[int]) -> frozenset[int]:
    """The labels of the product of the chosen ones of the members."""
    needed = outputs.union(*(net.labels[k] for k in members if k not in chosen))
    return frozenset().union(*(net.labels[k] for k in chosen)) & needed


def _is_part(
    net: Network, members: Sequence[int], outputs: frozenset[int], chosen: Sequence[int], shadow: Expr
) -> bool:
    """Whether the product of the chosen ones is the known one; an indicator stays with what it covers."""
    others = [k for k in members if k not in chosen]
    covering = [net.labels[k] for k in chosen if is_comparison(net.factors[k][0])]
    if any(net.labels[k] <= labels for labels in covering for k in others):
        return False
    return shadow_part(net, chosen, _kept(net, members, outputs, chosen)) is shadow


def _choices(net: Network, members: Sequence[int], wanted: Counter[Expr]) -> Iterator[list[int]]:
    """The ways to choose so many of each factor; not all of them where a factor stands many times."""
    ways = []
    for factor, count in wanted.items():
        same = [k for k in members if net.factors[k][0] is factor]
        ways.append(tuple(itertools.islice(itertools.combinations(same, count), MOST_CHOICES)))
    for choice in itertools.islice(itertools.product(*ways), MOST_CHOICES):
        yield sorted(itertools.chain(*choice))
