"""Products of sums multiplied out where that is cheaper: `(A - H'*H)*x` is `A*x - H'*(H*x)`.

Enters: expressions.  Leaves: equal expressions.  Always holds: only a sum that nothing else needs is multiplied out,
and only where that keeps the accuracy (`keeps_accuracy`).  Not for: taking factors out (`compiler/calculus/factor.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

from ..tensor import algebra
from ..tensor.contraction import add, symmetric
from ..tensor.expr import Constant, Contract, Expr, Size, Structure, Sum, Symbol, topological
from ..tensor.properties import has
from .build import Builder
from .component import component_cost
from .expand import terms_apart
from .guess import Guess
from .order import LOOP, PASS
from .squares import is_product, is_projection, is_square
from .structure import is_blocks

MOST_TERMS = 32
MOST_FACTORS = 400  # of all the candidates together: beyond, sums stay as they are
Grams = frozenset[tuple[Expr, int]]
GAIN = 0.8  # what a change may cost at most, of what it replaces


def distributed(results: Sequence[Expr], guess: Guess, grams: Grams = frozenset()) -> list[Expr]:
    """The expressions with some products multiplied out."""
    order = topological(*results)
    if not any(isinstance(e, Contract) and any(isinstance(o, Sum) for o in e.operands) for e in order):
        return list(results)
    return _Distribution(results, order, guess, grams).run()


class _Distribution:
    def __init__(self, results: Sequence[Expr], order: Sequence[Expr], guess: Guess, grams: Grams) -> None:
        self.results = results
        self.grams = grams
        self.order = order
        self.guess = guess
        self.budget = MOST_FACTORS
        self.estimate = _Estimate(guess, order)
        # How often an expression is needed; what is made on the way is needed as often as what it replaces.
        self.uses: dict[Expr, int] = dict.fromkeys(results, 2)
        for current in order:
            for operand in current.operands:
                self.uses[operand] = self.uses.get(operand, 0) + 1

    def run(self) -> list[Expr]:
        """The results, each expression after those that it is made of."""
        new: dict[Expr, Expr] = {}
        for current in self.order:
            operands = tuple(new[o] for o in current.operands)
            same = all(a is b for a, b in zip(operands, current.operands, strict=True))
            made = current if same else algebra.with_operands(current, operands)
            self.uses.setdefault(made, self.uses[current])
            if isinstance(made, Contract):
                made = self.best(made)
            new[current] = made
        return [new[result] for result in self.results]

    def best(self, current: Contract) -> Expr:
        """The contraction, with a sum multiplied out if that is cheaper."""
        for position, (factor, at) in enumerate(current.factors):
            if not isinstance(factor, Sum) or not self.candidate(current, factor):
                continue
            self.budget -= len(current.factors) * (1 + len(factor.terms))
            if self.budget < 0:
                break
            terms = terms_apart(current, position)
            own = {factor, current, *(term for _, term in factor.terms if self.uses.get(term, 1) == 1)}
            apart = self.estimate([term for _, term in terms], own)
            # A sum that is multiplied element by element is never stored.
            elementwise = any(set(at) <= set(labels) for k, (_, labels) in enumerate(current.factors) if k != position)
            making = (-LOOP * len(terms) if elementwise else PASS) * self.guess.volume(factor.shape)
            if apart < GAIN * (self.estimate([current], own) + making):
                return add(terms, current.shape)
        return current

    def candidate(self, current: Contract, factor: Sum) -> bool:
        """Whether multiplying out keeps errors as small, and makes nothing twice."""
        if not factor.order or self.uses.get(factor, 1) != 1 or not 2 <= len(factor.terms) <= MOST_TERMS:
            return False
        if len(current.factors) < 2 or sum(f is factor for f in current.operands) > 1:
            return False
        return keeps_accuracy(current, factor, self.grams)


def written_grams(results: Sequence[Expr]) -> Grams:
    """The matrices that the results multiply by their transposes, with the axis that is summed."""
    found: set[tuple[Expr, int]] = set()
    for current in topological(*results):
        seen: set[tuple[Expr, int, int]] = set()
        for f, at in current.factors if isinstance(current, Contract) else ():
            for axis, label in enumerate(at if f.order == 2 else ()):
                if (f, axis, label) in seen:
                    found.add((f, axis))
                seen.add((f, axis, label))
    return frozenset(found)


def keeps_accuracy(user: Contract, factor: Sum, grams: Grams = frozenset()) -> bool:
    """Whether a sum may be multiplied out, as far as accuracy goes; `grams` are those that the program has as written.

    Where all terms are known to have one sign nothing cancels, and `A*x + A'*x` is what the derivative of `x'*A*x` is
    before anything is taken out (of tensors too). Nor do blocks of a matrix cancel. Else its own rounding errors are as
    large as those of the products if it has a product among its terms. But the square of a difference may be much
    smaller than its terms, and `V'*V` in `U*V'*V - T*V` squares the condition number, which `(U*V' - T)*V` does not.
    """
    one_sign = len({c > 0 for c, _ in factor.terms}) == 1
    terms = [term for _, term in factor.terms]
    twins = len({_turned(term) for term in terms}) == 1
    if one_sign and (twins or any(all(has(term, name) for term in terms) for name in ("nonneg", "psd"))):
        return True
    places = [at for f, at in user.factors if f is factor]
    if is_blocks(factor):
        return len(places) == 1
    products = [term for term in terms if isinstance(term, Contract) and is_product(term)]
    if is_projection(factor):  # of products of low rank: it stays as large as the identity
        return not is_square(user, factor)
    return (
        len(places) == 1
        and bool(products)
        and not any(_makes_gram(user, factor, t, places[0], grams) for t in products)
    )


def _turned(term: Expr) -> Expr:
    """What the term has the elements of, with its axes in another order; else the term itself."""
    if isinstance(term, Contract) and len(term.factors) == 1 and len(term.sizes) == term.order:
        factor, at = term.factors[0]
        return factor if len(set(at)) == len(at) == term.order else term
    return term


def _makes_gram(user: Contract, factor: Sum, term: Contract, at: tuple[int, ...], grams: Grams) -> bool:
    """Whether a matrix of the term would newly meet itself, transposed, in a product of matrices."""
    others = [(f, labels) for f, labels in user.factors if f is not factor]
    if any(f.order == 1 for f, _ in others):
        return False  # products from the vector on
    for f, labels in term.factors:
        for axis, label in enumerate(labels):
            if f.order == 2 and label < term.order and (f, axis) not in grams:
                seam = at[label]
                if any(g is f and (places[axis] == seam or (symmetric(f) and seam in places)) for g, places in others):
                    return True
    return False


class _Estimate:
    """The cost of expressions, where all others of the program are there already."""

    def __init__(self, guess: Guess, order: Sequence[Expr]) -> None:
        self.builder = Builder((), guess)
        self.guess = guess
        self.nodes = frozenset(order)
        self.builder.register.expect(order)

    def __call__(self, roots: Sequence[Expr], missing: set[Expr]) -> float:
        """The cost of the roots with all that they need; `missing` are not there."""
        self.builder.register.ignore(missing)
        total = 0.0
        work = list(roots)
        seen: set[Expr] = set()
        while work:
            current = work.pop()
            if current in seen or (current in self.nodes and current not in missing):
                continue
            seen.add(current)
            total += self._own(current)
            work.extend(current.operands)
        return total

    def _own(self, current: Expr) -> float:
        volume = self.guess.volume(current.shape)
        if isinstance(current, Symbol | Constant | Size | Structure):
            return 0.0
        if isinstance(current, Contract):
            cost = component_cost(self.builder, self.builder.register.network(current))
            return cost + LOOP * volume * (len(current.factors) > 1)
        return LOOP * len(current.operands) * volume
