"""Common factors of the terms of a sum: `X'*X*w - X'*y` is `X'*(X*w - y)`.

Enters: a sum.  Leaves: an equal expression with a factor taken out, or None.  Always holds: what is left of each term
is no larger than a vector, than the term itself, or than a factor that exists already, so that nothing costs more.
Not for: sums in which a factor stands between others (`C'*A*B' + C*A*B`).
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from ..tensor import algebra
from ..tensor.contraction import COMPARISONS, transpose
from ..tensor.expr import Contract, Expr, Map, Structure, Sum
from ..tensor.sparse import is_sparse

Placed = tuple[Expr, tuple[int, ...]]
Key = tuple[Expr, tuple[int, ...], tuple[int, ...]]
SUMMED = -1


def factored(expression: Sum) -> Expr | None:
    """The sum with the factor that most of its terms share taken out of them."""
    shared = _shared(expression)
    if not shared:
        return None
    best = max(shared, key=lambda k: (len(shared[k]), _is_indicator(k[0][0]), k[0][0].order, k[0][0].key))
    return _taken_out(expression, best[0], shared[best])


def factorings(expression: Sum) -> Iterator[Expr]:
    """The sum with each of the factors that some terms share taken out of them; no factor away from its indicator."""
    for (key, masks), taken in _shared(expression).items():
        if not masks or _is_indicator(key[0]):
            yield _taken_out(expression, key, taken)


def mirrored(expression: Sum) -> Iterator[Expr]:
    """The symmetric sum `Z*Y' + Y*Z' + Z*K*Z' + S` as `W + W' + S`, `W = Z*(Y' + K*Z'/2)`, for each such Z."""
    terms = {term: c for c, term in expression.terms}
    products = [term for term in terms if isinstance(term, Contract)]
    sides = {term: _left_factors(term) for term in products}
    whole = [term for term in products if transpose(term) is term]
    pairs = [term for term in products if term not in whole and terms.get(transpose(term)) == terms[term]]
    for key in dict.fromkeys(key for term in pairs for key in sides[term]):
        middle = [term for term in whole if key in sides[term]]
        if not middle:
            continue
        left: list[Contract] = []
        for term in pairs:
            if key in sides[term] and transpose(term) not in left:
                left.append(term)
        rests = [(terms[term], _without(term, sides[term][key])) for term in left]
        rests += [(terms[term] / 2, _without(term, sides[term][key])) for term in middle]
        half = _joined(key, algebra.add(rests, rests[0][1].shape), expression)
        gone = {*left, *middle, *(transpose(term) for term in left)}
        kept = [(c, term) for c, term in expression.terms if term not in gone]
        yield algebra.add([*kept, (Fraction(1), half), (Fraction(1), transpose(half))], expression.shape)


def _left_factors(term: Contract) -> dict[Key, int]:
    """The factors of a matrix that have its first index only, the rest having its second, and where they stand."""
    keys = ((_key(term, index), index) for index, (_, at) in enumerate(term.factors) if 0 in at)
    return {key: index for key, index in keys if key is not None and key[2] == (1,)}


def _shared(expression: Sum) -> dict[tuple[Key, frozenset[Placed]], dict[int, int]]:
    """Factors that stand in several terms: for each the terms, and where it stands in them."""
    # Terms with different indicators stay apart: what is infinite must meet its own indicator first.
    groups: dict[tuple[Key, frozenset[Placed]], dict[int, int]] = {}
    for position, (_, term) in enumerate(expression.terms):
        if isinstance(term, Contract):
            masks = frozenset(placed for placed in term.factors if _is_indicator(placed[0]))
            for index in range(len(term.factors)):
                key = _key(term, index)
                if key is not None:
                    groups.setdefault((key, masks), {}).setdefault(position, index)
    return {key: found for key, found in groups.items() if len(found) > 1}


def _taken_out(expression: Sum, key: Key, taken: dict[int, int]) -> Expr:
    rests = [(c, _without(term, taken[p])) for p, (c, term) in enumerate(expression.terms) if p in taken]
    inner = algebra.add(rests, rests[0][1].shape)
    kept = [term for p, term in enumerate(expression.terms) if p not in taken]
    return algebra.add([*kept, (Fraction(1), _joined(key, inner, expression))], expression.shape)


def merged_diagonal(expression: Contract) -> Expr | None:
    """The contraction with the diagonal of a sum made of those of its terms, where some are the same: the diagonal of
    A + A' is twice that of A.  None where that makes nothing shorter."""
    for position, (factor, at) in enumerate(expression.factors):
        if not isinstance(factor, Sum) or len(at) != 2 or at[0] != at[1]:
            continue
        size = factor.shape[0]
        inner = algebra.add([(c, algebra.diagonal(term)) for c, term in factor.terms], (size,))
        if not isinstance(inner, Sum) or len(inner.terms) < len(factor.terms):
            factors = [placed for k, placed in enumerate(expression.factors) if k != position]
            sizes = dict(enumerate(expression.sizes))
            return algebra.contract([*factors, (inner, at[:1])], range(expression.order), sizes)
    return None


def _is_indicator(factor: Expr) -> bool:
    return isinstance(factor, Map) and factor.function in COMPARISONS


def _key(term: Contract, index: int) -> Key | None:
    """A factor that can be taken out, with where its indices go (an output or `SUMMED`) and the outputs that the rest
    also has; None for one that cannot."""
    factor, at = term.factors[index]
    others = [f for k, f in enumerate(term.factors) if k != index]
    used = {label for _, labels in others for label in labels}
    shared = tuple(label for label in range(term.order) if label in used)
    summed = [label for label in at if label >= term.order]
    bare = not others or (not summed and not shared and len(others) != sum(not f.order for f, _ in others))
    small = len(summed) + len(shared) <= max(term.order, 1) or len(others) == 1
    rest = {isinstance(f, Structure) for f, labels in others if labels}
    if rest == {True}:
        return None  # x[1:] - x[:-1] stays a difference of slices
    if len(summed) + len(shared) > 1 and any(is_sparse(f) for f, _ in others):
        return None  # A*v - X*v stays one of products: the difference A - X of a sparse X would be dense
    if bare or not small or len(set(at)) != len(at) or not set(summed) <= used:
        return None
    return factor, tuple(label if label < term.order else SUMMED for label in at), shared


def _without(term: Expr, index: int) -> Expr:
    """The rest of a term without a factor: indices that were summed with the factor first, then its outputs."""
    assert isinstance(term, Contract)
    others = [f for k, f in enumerate(term.factors) if k != index]
    used = {label for _, labels in others for label in labels}
    summed = [label for label in term.factors[index][1] if label >= term.order]
    outputs = [*summed, *(label for label in range(term.order) if label in used)]
    return algebra.contract(others, outputs, {label: term.sizes[label] for label in used})


def _joined(key: Key, inner: Expr, expression: Sum) -> Expr:
    factor, places, shared = key
    fresh = iter(range(expression.order, expression.order + len(places)))
    at = tuple(place if place != SUMMED else next(fresh) for place in places)
    summed = [label for label, place in zip(at, places, strict=True) if place == SUMMED]
    sizes = dict(enumerate(expression.shape)) | dict(zip(at, factor.shape, strict=True))
    return algebra.contract([(factor, at), (inner, (*summed, *shared))], range(expression.order), sizes)
