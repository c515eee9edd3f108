"""Other forms of a program, taken where the whole program then costs less.

Enters: expressions.  Leaves: equal expressions, and the contractions to be made as congruences.  Always holds:
deterministic; every form is judged by the cost of a plan of all results.  Not for: the order of products, which each of
these plans finds anew.

The search goes uphill: the forms of the present program are tried one by one, and one that saves enough is the present
program from then on.  What is tried: the identities of `identities.rules` (an inverse together with the determinant of
the same sum; `refine.py` keeps their accuracy), a sum multiplied out wherever it is a factor (`keeps_accuracy`,
`squares.py`), a factor taken out of terms, a symmetric sum as a matrix and its transpose, F'*inv(S)*F through a
triangular solve, and F'*S*F as in `congruence.py`.  It ends when `WORK` is used up: then the best form so far is taken.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from ..calculus.factor import factorings, mirrored
from ..calculus.simplify import simplify
from ..tensor.contraction import add, symmetric
from ..tensor.expr import Atom, Contract, Expr, Sum, rebuild, topological
from .component import halved
from .congruence import pays
from .distribute import MOST_TERMS, Grams, keeps_accuracy, written_grams
from .expand import terms_apart
from .guess import Guess
from .identities import other_forms
from .refine import refined
from .squares import one_less, rank_one, squared
from .structure import is_blocks, structured

GAIN = 0.97  # what a form may cost at most, of what it replaces
WORK = 3000  # how much is planned at most to judge forms, as `work` counts it
SMALL = 100  # programs up to this one are planned as a whole, of larger ones what changes


@dataclass(frozen=True, slots=True)
class Form:
    """A program: its results, the contractions that are made as congruences whatever they cost by themselves, and the
    Gram matrices of the program as it is written."""

    roots: tuple[Expr, ...]
    congruences: frozenset[Expr] = frozenset()
    grams: Grams = frozenset()


Change = tuple[tuple[Expr, Expr], ...]  # what is replaced by what; a contraction by itself becomes a congruence


@dataclass(slots=True)
class Report:
    """What a search did: the forms that it took with the change that led to each, the number of forms that it judged,
    and how much of `WORK` is left (nothing, if it was used up)."""

    taken: list[tuple[Change, Form]] = field(default_factory=list)
    judged: int = 0
    left: int = WORK


def chosen(roots: Sequence[Expr], guess: Guess, cost: Callable[[Form], float], report: Report | None = None) -> Form:
    """The cheapest form that the search finds."""
    return _Search(guess, cost, report or Report()).run(Form(tuple(roots), grams=written_grams(roots)))


class _Search:
    def __init__(self, guess: Guess, cost: Callable[[Form], float], report: Report) -> None:
        self.guess = guess
        self.cost = cost
        self.report = report
        self.costs: dict[Form, float] = {}
        self.budget = WORK
        self.others: dict[Expr, list[tuple[Expr, bool]]] = {}
        self.grams: Grams = frozenset()

    def run(self, best: Form) -> Form:
        """From this form uphill."""
        self.grams = best.grams
        small = work(best) <= SMALL
        tried: set[Change] = set()  # judged by parts, changes may lead in a circle: none is taken twice
        while True:
            for change in self._changes(best):
                if change in tried:
                    continue
                tried.add(change)
                form = _changed(best, change)
                before, after = (best, form) if small else _parts(best, form, change)
                values = [self._cost(before), self._cost(after)]
                self.report.judged += 1
                self.report.left = max(self.budget, 0)
                if self.budget < 0:
                    return best
                if values[1] < GAIN * values[0]:
                    best = form
                    self.report.taken.append((change, form))
                    tried = set() if small else tried
                    break
            else:
                return best

    def _cost(self, form: Form) -> float:
        if form not in self.costs:
            self.budget -= work(form)
            self.costs[form] = self.cost(form) if self.budget >= 0 else 0.0
        return self.costs[form]

    def _changes(self, form: Form) -> Iterator[Change]:
        order = topological(*form.roots)
        users: dict[Expr, list[Contract]] = {}
        for current in order:
            if isinstance(current, Contract):
                for operand in dict.fromkeys(current.operands):
                    users.setdefault(operand, []).append(current)
        # What takes in more comes first.
        for kind in (Contract, Atom):
            for current in order:
                for other, difference in self._others(current) if isinstance(current, kind) else ():
                    yield (
                        (current, other),
                        *((u, self._around(u, current, other, difference)) for u in users.get(current, ())),
                        *(self._with_it(current, other, order, users) if difference else ()),
                    )
        for current in order:
            if isinstance(current, Sum) and current.order == 2:
                flat = _flat(current, self.guess, self.grams)
                sums = [e for e in dict.fromkeys((current, flat)) if isinstance(e, Sum)]
                for other in itertools.chain(_halves(flat), *map(factorings, sums)):
                    yield ((current, other),)
            if isinstance(current, Sum) and current in users and (is_blocks(current) or _low_rank(current, self.guess)):
                forms = [(user, self._without(user, current)) for user in users[current]]
                changes = tuple((user, made) for user, made in forms if made is not None)
                if len(changes) == len(forms):
                    yield changes
            if isinstance(current, Contract):
                root = halved(current)
                if root is not None:
                    yield ((current, root),)
                if current not in form.congruences and pays(current, self.guess):
                    yield ((current, current),)

    def _around(self, user: Contract, current: Expr, other: Expr, difference: bool) -> Expr:
        """A contraction with another form of a factor: with what stands around it, an inverse may vanish."""
        if difference and isinstance(current, Atom):
            for without, _ in self._others(user):
                if current not in topological(without):
                    return without
            made = refined(user, current, other, self.guess)
            if made is not None:
                return made
        return simplify(rebuild(user, {current: other}))

    def _without(self, user: Contract, factor: Sum) -> Expr | None:
        """The contraction with a sum multiplied out, if that keeps the accuracy."""
        return _multiplied_out(user, factor, self.guess, self.grams) or squared(user, factor)

    def _with_it(
        self, inverse: Expr, other: Expr, order: Sequence[Expr], users: Mapping[Expr, Sequence[Contract]]
    ) -> Iterator[tuple[Expr, Expr]]:
        """What changes together with an inverse that gets another form: the determinant, which would need the same
        factorization, and products with sums in which the inverse stands, which are multiplied out."""
        for current in order:
            if isinstance(current, Atom) and current.function == "logdet" and current.operands == inverse.operands:
                yield from ((current, form) for form, _ in self._others(current)[:1])
            if isinstance(current, Sum) and any(term is inverse for _, term in current.terms):
                for user in users.get(current, ()):
                    made = _multiplied_out(user, current, self.guess, self.grams)
                    if made is not None:
                        inside = [e for e in topological(made) if isinstance(e, Contract) and inverse in e.operands]
                        forms = {e: self._around(e, inverse, other, difference=True) for e in inside}
                        yield user, rebuild(made, {inverse: other} | forms)

    def _others(self, current: Expr) -> list[tuple[Expr, bool]]:
        if current not in self.others:
            self.others[current] = list(other_forms(current, self.guess))
        return self.others[current]


def work(form: Form) -> int:
    """How long a plan takes, more or less."""
    order = topological(*form.roots)
    return len(order) + sum(min(len(e.factors) ** 2, 120) for e in order if isinstance(e, Contract))


def _changed(form: Form, change: Change) -> Form:
    if len(change) == 1 and change[0][0] is change[0][1]:
        return replace(form, congruences=form.congruences | {change[0][0]})
    replaced = dict(change)
    roots = []
    for root in form.roots:
        inside = set(topological(root))
        roots.append(rebuild(root, {e: other for e, other in replaced.items() if e in inside}))
    return replace(form, roots=tuple(structured(roots)))


def _parts(before: Form, after: Form, change: Change) -> tuple[Form, Form]:
    """What changes, before and after: an inverse with the contractions around it, or by itself if there are none."""
    change = change[1:] if len(change) > 1 and isinstance(change[0][0], Atom) else change
    return (
        replace(before, roots=tuple(e for e, _ in change)),
        replace(after, roots=tuple(structured([e for _, e in change]))),
    )


def _halves(flat: Expr) -> Iterator[Expr]:
    """The sum as that of a matrix and its transpose."""
    if isinstance(flat, Sum) and symmetric(flat):
        yield from mirrored(flat)


def _flat(current: Sum, guess: Guess, grams: Grams) -> Expr:
    """The sum with sums that are factors of its terms multiplied out."""
    terms: list[tuple[Fraction, Expr]] = []
    for coefficient, term in current.terms:
        factor = next((f for f in term.operands if isinstance(f, Sum)), None) if isinstance(term, Contract) else None
        made = (
            _multiplied_out(term, factor, guess, grams) if isinstance(term, Contract) and factor is not None else None
        )
        terms.append((coefficient, made or term))
    return add(terms, current.shape)


def _low_rank(factor: Sum, guess: Guess) -> bool:
    """Whether a term is a product with an inner size that is small."""
    if factor.order != 2:
        return False
    most = 0.7 * min(guess(size) for size in factor.shape)
    return any(
        rank_one(term) or (isinstance(term, Contract) and any(guess(size) <= most for size in term.sizes[term.order :]))
        for _, term in factor.terms
    )


def _multiplied_out(user: Contract, factor: Sum, guess: Guess, grams: Grams) -> Expr | None:
    """The contraction with the sum multiplied out; None if that is not possible, or not as accurate.

    A sum that stands twice is multiplied into a neighbour first, and then into what it left over of that: multiplied
    out at once, these would be small differences of large products.
    """
    if not 2 <= len(factor.terms) <= MOST_TERMS or len(user.factors) < 2 or not keeps_accuracy(user, factor, grams):
        return None
    scale = Fraction(1)
    while sum(f is factor for f in user.operands) > 1:
        made = one_less(user, factor, guess.volume)
        ((coefficient, made),) = made.terms if isinstance(made, Sum) and len(made.terms) == 1 else ((1, made),)
        if not isinstance(made, Contract):
            return None
        user, scale = made, scale * coefficient
    return add([(scale * c, e) for c, e in terms_apart(user, user.operands.index(factor))], user.shape)
