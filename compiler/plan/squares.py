"""Squares of what a projection leaves over: (F*X)'*S*(F*Y), F a diagonal matrix minus products, as in the sum of
squares of (I - A*inv(A'*A)*A')*y.

Enters: a contraction in which a sum stands twice.  Leaves: whether it is such a square, and it with F*X and F*Y as
differences of products.  Always holds: F*X and F*Y, which may be much smaller than X and Y, are made before they are
multiplied by one another, as they are written; and F*S of F*S*F before the other F.  Not for: sums with one place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..tensor.contraction import add, contract
from ..tensor.dims import Dim
from ..tensor.expr import Contract, Expr, Structure, Sum, rebuild, topological
from ..tensor.labels import Factor
from ..tensor.properties import has


@dataclass(frozen=True, slots=True)
class _Side:
    """A place of the sum among the factors, its index that leads outside, and the factor there."""

    place: int
    label: int
    neighbour: int


def apart(roots: Sequence[Expr]) -> list[Expr]:
    """The expressions with all such squares of projections written as products of differences."""
    results = []
    for root in roots:
        found: dict[Expr, Expr] = {
            user: made
            for user in topological(root)
            if isinstance(user, Contract)
            for factor in dict.fromkeys(user.operands)
            if isinstance(factor, Sum) and is_projection(factor)
            if (made := squared(user, factor)) is not None
        }
        results.append(rebuild(root, found) if found else root)
    return results


def is_square(user: Contract, factor: Sum) -> bool:
    """Whether the sum, which stands twice, has different factors outside: of any kind where it meets itself, else one
    matrix twice."""
    return bool(_sides(user, factor))


def squared(user: Contract, factor: Sum) -> Expr | None:
    """The contraction with the sum multiplied into the factors outside; None if it is no square."""
    sides = _sides(user, factor)
    return _applied(user, factor, sides) if sides else None


def one_less(user: Contract, factor: Sum, volume: Callable[[tuple[Dim, ...]], float]) -> Expr | None:
    """The contraction, in which the sum stands several times, with it multiplied into the smallest of its neighbours.

    None if it has no other matrix or vector as a neighbour.
    """
    found = []
    for place, (f, at) in enumerate(user.factors):
        for label, inner in (at, at[::-1]) if f is factor and len(set(at)) == 2 else ():
            k = _outside(user, place, label)
            if k is not None and user.factors[k][0] is not factor and inner not in user.factors[k][1]:
                found.append((volume(user.factors[k][0].shape), _Side(place, label, k)))
    return _applied(user, factor, (min(found, key=lambda one: one[0])[1],)) if found else None


def _applied(user: Contract, factor: Sum, sides: tuple[_Side, ...]) -> Expr:
    """The contraction with sums of products in place of the sum and its neighbours."""
    sizes = dict(enumerate(user.sizes))
    gone = {k for side in sides for k in (side.place, side.neighbour)}
    rest: list[Factor] = [f for k, f in enumerate(user.factors) if k not in gone]
    for side in sides:
        at, (outside, labels) = user.factors[side.place][1], user.factors[side.neighbour]
        (inner,) = (label for label in at if label != side.label)
        kept = (inner, *(label for label in labels if label != side.label))
        used = {label: sizes[label] for label in {*at, *labels}}
        terms = [(c, contract([(term, at), (outside, labels)], kept, used)) for c, term in factor.terms]
        rest.append((add(terms, tuple(sizes[label] for label in kept)), kept))
    used = {label: sizes[label] for label in {*range(user.order), *(label for _, at in rest for label in at)}}
    return contract(rest, range(user.order), dict(sorted(used.items())))


def _sides(user: Contract, factor: Sum) -> tuple[_Side, ...]:
    places = [k for k, (f, _) in enumerate(user.factors) if f is factor]
    if len(places) != 2 or factor.order != 2:
        return ()
    one, two = (user.factors[k][1] for k in places)
    meeting = set(one) & set(two)
    for label in one:
        for other in two:
            if label in meeting or other in meeting:
                continue
            found = [_outside(user, place, end) for place, end in zip(places, (label, other), strict=True)]
            if None in found or found[0] == found[1]:
                continue
            (f, at), (g, to) = (user.factors[k] for k in found if k is not None)
            twins = f is g and at.index(label) == to.index(other)
            if meeting or twins:
                return tuple(
                    _Side(place, end, k)
                    for place, end, k in zip(places, (label, other), found, strict=True)
                    if k is not None
                )
    return ()


def _outside(user: Contract, place: int, label: int) -> int | None:
    """The only other factor with a summed index."""
    others = [k for k, (_, at) in enumerate(user.factors) if k != place and label in at]
    return others[0] if label >= user.order and len(others) == 1 else None


def is_projection(factor: Sum) -> bool:
    """Whether it is a diagonal matrix and products, as I - U*V' or inv(diag(d) + F*F')."""
    rest = [term for _, term in factor.terms if not has(term, "diagonal")]
    return len(rest) < len(factor.terms) and all(isinstance(t, Contract) and is_product(t) for t in rest)


def is_product(term: Contract) -> bool:
    """Whether it is a product of arrays, or has the rank of one: each element has a rounding error or is the same."""
    inner = len(term.sizes) > term.order
    return inner or sum(bool(at) and not isinstance(f, Structure) for f, at in term.factors) > 1 or rank_one(term)


def rank_one(term: Expr) -> bool:
    """Whether a matrix is an outer product of vectors."""
    if not isinstance(term, Contract) or term.order != 2:
        return False
    reached, work = {0}, [0]
    while work:
        label = work.pop()
        for _, at in term.factors:
            if label in at:
                work += set(at) - reached
                reached |= set(at)
    return 1 not in reached
