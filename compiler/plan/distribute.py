"""Products of sums multiplied out where that is cheaper: `(A - H'*H)*x` is `A*x - H'*(H*x)`.

Enters: expressions.  Leaves: equal expressions.  Always holds: only a sum that nothing else needs is multiplied out,
and only where its own rounding errors are as large as those of the products: it has a product among its terms, or all
its terms have one sign.  Not for: taking factors out (`compiler/factor.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

from .. import algebra
from ..contraction import add, contract
from ..expr import Constant, Contract, Expr, Size, Structure, Sum, Symbol, topological
from .build import Builder
from .component import component_cost, shadows
from .guess import Guess
from .order import LOOP, PASS
from .resolve import network

ROUNDS = 3
MOST_TERMS = 8
GAIN = 0.8  # what a change may cost at most, of what it replaces


def distributed(results: Sequence[Expr], guess: Guess) -> list[Expr]:
    """The expressions with some products multiplied out."""
    roots = list(results)
    for _ in range(ROUNDS):
        new = _round(roots, guess)
        if all(a is b for a, b in zip(new, roots, strict=True)):
            break
        roots = new
    return roots


def _round(roots: list[Expr], guess: Guess) -> list[Expr]:
    order = topological(*roots)
    uses: dict[Expr, int] = dict.fromkeys(roots, 2)
    for current in order:
        for operand in current.operands:
            uses[operand] = uses.get(operand, 0) + 1
    candidates = [
        (e, k) for e in order if isinstance(e, Contract) for k in range(len(e.factors)) if _candidate(e, k, uses)
    ]
    if not candidates:
        return roots
    nodes = frozenset(order)
    replaced: dict[Expr, Expr] = {}
    for current, position in candidates:
        if current not in replaced:
            found = _multiplied_out(current, position, uses, nodes, guess)
            if found is not None:
                replaced[current] = found
    if not replaced:
        return roots
    new: dict[Expr, Expr] = {}
    for current in order:
        operands = tuple(new[o] for o in current.operands)
        same = all(a is b for a, b in zip(operands, current.operands, strict=True))
        if current in replaced:
            new[current] = replaced[current]
        else:
            new[current] = current if same else algebra.with_operands(current, operands)
    return [new[root] for root in roots]


def _candidate(current: Contract, position: int, uses: dict[Expr, int]) -> bool:
    factor = current.factors[position][0]
    if not isinstance(factor, Sum) or not factor.order or uses[factor] != 1 or not 2 <= len(factor.terms) <= MOST_TERMS:
        return False
    positive = len({c > 0 for c, _ in factor.terms}) == 1
    return len(current.factors) > 1 and (positive or any(_is_product(term) for _, term in factor.terms))


def _is_product(term: Expr) -> bool:
    return isinstance(term, Contract) and len(term.sizes) > term.order


def _multiplied_out(
    current: Contract, position: int, uses: dict[Expr, int], nodes: frozenset[Expr], guess: Guess
) -> Expr | None:
    factor, at = current.factors[position]
    assert isinstance(factor, Sum)
    own = {factor, current, *(term for _, term in factor.terms if uses[term] == 1)}
    estimate = Estimate(guess, nodes - own)
    rest = [f for k, f in enumerate(current.factors) if k != position]
    sizes = dict(enumerate(current.sizes))
    terms = [(c, contract([*rest, (term, at)], range(current.order), sizes)) for c, term in factor.terms]
    apart = sum(estimate(term) for _, term in terms)
    # A sum that is multiplied element by element is never stored.
    elementwise = any(set(at) <= set(labels) for k, (_, labels) in enumerate(current.factors) if k != position)
    volume = guess.volume(factor.shape)
    together = estimate(current) + (-LOOP * len(terms) if elementwise else PASS) * volume
    return add(terms, current.shape) if apart < GAIN * together else None


class Estimate:
    """The cost of expressions, where those in `nodes` are there already."""

    def __init__(self, guess: Guess, nodes: frozenset[Expr]) -> None:
        self.builder = Builder((), guess)
        self.builder.nodes = shadows(self.builder, nodes)
        self.nodes = nodes
        self.guess = guess
        self.known: dict[Expr, float] = {}

    def __call__(self, root: Expr) -> float:
        """The cost of an expression with all that it needs."""
        total = 0.0
        work = [root]
        seen: set[Expr] = set()
        while work:
            current = work.pop()
            if current in seen or current in self.nodes:
                continue
            seen.add(current)
            total += self._own(current)
            work.extend(current.operands)
        return total

    def _own(self, current: Expr) -> float:
        if current not in self.known:
            volume = self.guess.volume(current.shape)
            if isinstance(current, Symbol | Constant | Size | Structure):
                cost = 0.0
            elif isinstance(current, Contract):
                cost = component_cost(self.builder, network(self.builder.networks, current)) + LOOP * volume * (
                    len(current.factors) > 1
                )
            else:
                cost = LOOP * len(current.operands) * volume
            self.known[current] = cost
        return self.known[current]
