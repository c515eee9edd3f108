"""The order of a contraction: which factors to multiply first.

Enters: the labels of the factors, the outputs, sizes as numbers, and what is already there or asked for elsewhere.
Leaves: a binary tree.  Always holds: deterministic; the cheapest tree among those that multiply factors with a common
label, if there are not too many, else a greedy one.  Not for: structure of the factors, except inverses.

Costs are nanoseconds of one core, roughly: flops of gemm are cheap, passes over memory are not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

GEMM = 0.035  # per flop
CALL = 40.0  # for a call of gemm
PASS = 0.15  # per element of a matrix that is read once (gemv), or written
LOOP = 0.15  # per operation of a loop
ACROSS = 0.5  # per element of an array that is gone through across the order of its elements
SOLVE = 0.042  # per flop of a triangular solve or an inversion
MOST_PAIRS = 1500

Labels = frozenset[int]


@dataclass(frozen=True, slots=True)
class Tree:
    """A subset of the factors (bit mask), and how it is made: of two subsets, or of all its factors in one loop.

    `solve` is 0 or 1 where that side is an inverse that is not made: a linear system is solved instead.
    """

    mask: int
    parts: tuple[Tree, Tree] | None = None
    solve: int | None = None
    cost: float = 0.0


class Search:
    """The search for one contraction.

    `price(mask)` is what part of its cost an intermediate counts: 0 where it exists already, less than 1 where others
    want it too.  `inverses[k]` is the cost of making the inverse that factor k is, and the operations for each element
    of its product as a system is solved instead: no inverse is multiplied by anything but itself, for the rounding
    errors of that have a further condition number as a factor.  `same` tells whether two subsets are one array, up to
    transposition, `symmetric` whether a subset's product, a matrix, is symmetric, `apart` whether labels of a factor
    stand between its others in memory, so that it is no matrix with these labels as rows or columns.
    """

    def __init__(
        self,
        factors: Sequence[Labels],
        outputs: Labels,
        size: Mapping[int, float],
        price: Callable[[int], float],
        inverses: Mapping[int, tuple[float, float]],
        same: Callable[[int, int], bool],
        symmetric: Callable[[int], bool],
        apart: Callable[[int, Labels], bool],
    ) -> None:
        self.factors = factors
        self.outputs = outputs
        self.size = size
        self.price = price
        self.inverses = inverses
        self.same = same
        self.symmetric = symmetric
        self.apart = apart
        self.known: dict[int, Labels] = {}
        self.prices: dict[int, float] = {}

    def volume(self, labels: Labels) -> float:
        """Number of points of these labels."""
        product = 1.0
        for label in sorted(labels):
            product *= self.size[label]
        return product

    def labels(self, mask: int) -> Labels:
        """The labels that a subset's product keeps: outputs, and those that the other factors have."""
        if mask not in self.known:
            inside: set[int] = set()
            needed = set(self.outputs)
            for k, labels in enumerate(self.factors):
                (inside if mask >> k & 1 else needed).update(labels)
            self.known[mask] = frozenset(inside & needed)
        return self.known[mask]

    def pair(self, left: Tree, right: Tree) -> Tree:
        """The product of two disjoint subsets, with its own cost and that of its parts."""
        mask = left.mask | right.mask
        a, b, kept = self.labels(left.mask), self.labels(right.mask), self.labels(mask)
        union = self.volume(a | b)
        shared = a & b
        twin = self.same(left.mask, right.mask)
        summed = shared - kept
        price = self._price(mask)
        if price == 0.0:
            return Tree(mask, (left, right))
        if not summed:  # an outer or elementwise product is seldom worth being kept
            price = 1.0
        if not summed:
            own = (LOOP + PASS) * union  # it is stored for what follows
        elif shared & kept:
            own = 2 * LOOP * union
        elif a - b and b - a:
            half = twin or (len(kept) == 2 and self.symmetric(mask))  # one triangle is enough
            own = CALL + (1 if half else 2) * GEMM * union
            own += PASS * 0.5 * (self.volume(a) + self.volume(b) + self.volume(kept))
        else:
            own = PASS * union
        if summed and any(self._apart(tree, summed) for tree in (left, right)):
            own += ACROSS * union
        solve = None
        sides = [k for k, t in ((0, left), (1, right)) if self._inverse(t) is not None]
        making = {k: self._making((left, right)[k]) for k in sides}
        direct = own + sum(making.values())
        ways = [(-making[k], k) for k in sides if len((a, b)[k]) == 2]
        if ways and len(summed) == 1 and not shared & kept and not twin:
            saved, solve = min(ways)
            direct = SOLVE * self._operations((left, right)[solve]) * union + sum(making.values()) + saved
        if self._inside(right, left):  # the same array twice is made once
            parts = left.cost
        else:
            parts = right.cost if self._inside(left, right) else left.cost + right.cost
        return Tree(mask, (left, right), solve, parts + direct * price)

    def _apart(self, tree: Tree, labels: Labels) -> bool:
        """Whether a factor is gone through across the order of its elements for a sum over these labels."""
        return tree.mask & (tree.mask - 1) == 0 and self.apart(tree.mask.bit_length() - 1, labels)

    def _inside(self, part: Tree, whole: Tree) -> bool:
        """Whether the product of a subset is made on the way to that of another."""
        if part.parts is None:
            return False
        work = [whole]
        while work:
            tree = work.pop()
            if tree.mask.bit_count() >= part.mask.bit_count():
                if self.same(part.mask, tree.mask):
                    return True
                work.extend(tree.parts or ())
        return False

    def _inverse(self, tree: Tree) -> int | None:
        k = tree.mask.bit_length() - 1
        return k if tree.mask == 1 << k and k in self.inverses else None

    def _making(self, tree: Tree) -> float:
        k = self._inverse(tree)
        return 0.0 if k is None else self.inverses[k][0]

    def _operations(self, tree: Tree) -> float:
        k = self._inverse(tree)
        return 0.0 if k is None else self.inverses[k][1]

    def loop(self, mask: int) -> Tree:
        """All factors of a subset in one loop."""
        labels: set[int] = set()
        count = 0
        making = 0.0
        for k, own in enumerate(self.factors):
            if mask >> k & 1:
                labels |= own
                count += 1
                making += self.inverses.get(k, (0.0, 0.0))[0]
        volume = self.volume(frozenset(labels))
        return Tree(mask, None, None, (volume * (PASS + LOOP * count) + making) * self._price(mask))

    def _price(self, mask: int) -> float:
        if mask not in self.prices:
            self.prices[mask] = 1.0 if mask == (1 << len(self.factors)) - 1 else self.price(mask)
        return self.prices[mask]

    def best(self) -> Tree:
        """The cheapest tree of all factors."""
        return self._exhaustive() or self.greedy()

    def _exhaustive(self) -> Tree | None:
        count = len(self.factors)
        best: dict[int, Tree] = {1 << k: Tree(1 << k) for k in range(count)}
        masks: list[list[int]] = [[], [1 << k for k in range(count)]]
        reach = [self.factors[k] for k in range(count)]
        touching: dict[int, Labels] = {1 << k: reach[k] for k in range(count)}
        pairs = 0
        for size in range(2, count + 1):
            found: list[int] = []
            for small in range(1, size // 2 + 1):
                for a in masks[small]:
                    for b in masks[size - small]:
                        if a & b or (small * 2 == size and a > b) or not touching[a] & touching[b]:
                            continue
                        pairs += 1
                        if pairs > MOST_PAIRS:
                            return None
                        mask = a | b
                        made = self.pair(best[a], best[b])
                        if mask not in best:
                            touching[mask] = touching[a] | touching[b]
                            found.append(mask)
                            loop = self.loop(mask)
                            best[mask] = made if size == 2 or made.cost <= loop.cost else loop
                        elif made.cost < best[mask].cost:
                            best[mask] = made
            masks.append(found)
        return best.get((1 << count) - 1)

    def greedy(self) -> Tree:
        """A tree that multiplies what is cheapest first."""
        trees = [Tree(1 << k) for k in range(len(self.factors))]
        costs: dict[tuple[int, int], Tree] = {}
        while len(trees) > 1:
            choice: tuple[float, int, int] | None = None
            for i, a in enumerate(trees):
                for j in range(i + 1, len(trees)):
                    b = trees[j]
                    if len(trees) > 2 and not self.labels(a.mask) & self.labels(b.mask):
                        continue
                    key = (a.mask, b.mask)
                    if key not in costs:
                        costs[key] = self.pair(a, b)
                    made = costs[key]
                    gain = made.cost - a.cost - b.cost
                    if choice is None or (gain, i, j) < choice:
                        choice = (gain, i, j)
            if choice is None:
                choice = (0.0, 0, 1)
            _, i, j = choice
            a, b = trees[i], trees[j]
            made = costs[a.mask, b.mask] if (a.mask, b.mask) in costs else self.pair(a, b)
            trees = [t for t in trees if t is not a and t is not b] + [made]
        return trees[0]
