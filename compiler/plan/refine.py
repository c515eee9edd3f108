"""An inverse times something by the Woodbury identity, as accurate as by solving the system.

Enters: a contraction with an inverse, and another form of the inverse.  Leaves: an equal contraction without it.
Always holds: what is multiplied by the other form W of inv(H) is improved by one step of iterative refinement,
`x + W*(b - H*x)` with `x = W*b`.  Not for: deciding whether that is cheaper (`choices.py`).

Alone, W*b is a difference of large numbers where b lies in the range of the update and H is ill-conditioned: its error
is larger than that of a solve by up to the root of the condition number.  One step in working precision makes it as
small (Higham, Accuracy and Stability of Numerical Algorithms, chapter 12) as long as W*b has a correct digit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from ..tensor import algebra
from ..tensor.contraction import add, contract
from ..tensor.dims import Dim
from ..tensor.expr import Atom, Contract, Expr, Sum, Symbol
from ..tensor.labels import Factor
from .guess import Guess

MOST_COLUMNS = 0.5  # of what an inverse multiplies, for each of its rows
HELD = "held"  # an elementwise function that returns its argument: algebra does not see through it


def refined(user: Contract, inverse: Atom, other: Expr, guess: Guess) -> Expr | None:
    """The contraction with `other`, symmetric, in place of the inverse; None where the inverse connects something with
    itself, as in tr(inv(H)*K), or multiplies what is as large as itself: as a whole, W is as accurate as inv(H)."""
    position = next(k for k, (f, _) in enumerate(user.factors) if f is inverse)
    i, j = user.factors[position][1]
    sides = [side for side in (_side(user, position, j, i), _side(user, position, i, j)) if side is not None]
    if i == j or not sides:
        return None
    sizes = dict(enumerate(user.sizes))
    members, outer, inner = min(sides, key=lambda side: guess.volume(tuple(sizes[k] for k in _kept(user, side[0]))))
    outputs = _kept(user, members)
    if guess.volume(tuple(sizes[k] for k in outputs)) > MOST_COLUMNS * guess(sizes[inner]):
        return None
    right = _product([user.factors[k] for k in members], (inner, *outputs), sizes)
    if isinstance(right, Contract) and inverse in right.operands:
        again = refined(right, inverse, other, guess)
        if again is None:
            return None
        right = again
    right = _held(right)
    first = _held(add(_times(other, right), right.shape))
    system = [(-c, term) for c, term in _times(inverse.arguments[0], first)]
    residual = _held(add([(Fraction(1), right), *system], right.shape))
    solution = add([(Fraction(1), first), *_times(other, residual)], right.shape)
    rest = [f for k, f in enumerate(user.factors) if k != position and k not in members]
    result = _product([*rest, (solution, (outer, *outputs))], tuple(range(user.order)), sizes)
    if isinstance(result, Contract) and inverse in result.operands:
        return refined(result, inverse, other, guess)
    return result


Side = tuple[list[int], int, int]  # factors, the index of the inverse that they do not have, and the one they have


def _side(user: Contract, position: int, start: int, end: int) -> Side | None:
    """The factors that hang on an index of the inverse, unless there is none or they also hang on the other."""
    if start < user.order:
        return None
    labels, members = {start}, set[int]()
    while True:
        found = {
            k
            for k, (_, at) in enumerate(user.factors)
            if k != position and k not in members and any(label in labels and label >= user.order for label in at)
        }
        if not found:
            break
        members |= found
        labels.update(label for k in found for label in user.factors[k][1])
    return (sorted(members), end, start) if members and end not in labels else None


def _kept(user: Contract, members: list[int]) -> list[int]:
    """The outputs among the indices of some factors."""
    return sorted({label for k in members for label in user.factors[k][1] if label < user.order})


def _product(factors: Sequence[Factor], outputs: tuple[int, ...], sizes: Mapping[int, Dim]) -> Expr:
    """The contraction over the indices that there are."""
    used = {label for _, at in factors for label in at} | set(outputs)
    return contract(factors, outputs, {label: sizes[label] for label in sorted(used)})


def _held(expression: Expr) -> Expr:
    return expression if isinstance(expression, Symbol) else algebra.map_(HELD, (expression,))


def _times(matrix: Expr, right: Expr) -> list[tuple[Fraction, Expr]]:
    """The terms of a matrix times something along its first axis."""
    size, count = matrix.shape[0], right.order
    sizes = dict(enumerate(right.shape)) | {count: size}
    at = (count, *range(1, count))
    return [(c, contract([(term, (0, count)), (right, at)], range(count), sizes)) for c, term in _terms(matrix)]


def _terms(matrix: Expr) -> Iterator[tuple[Fraction, Expr]]:
    """The terms of a sum, also of a sum times scalars."""
    if isinstance(matrix, Sum):
        for coefficient, term in matrix.terms:
            yield from ((coefficient * c, inner) for c, inner in _terms(term))
        return
    if isinstance(matrix, Contract):
        scalars: list[Factor] = [f for f in matrix.factors if not f[1]]
        rest = [f for f in matrix.factors if f[1]]
        if len(rest) == 1 and isinstance(rest[0][0], Sum) and rest[0][1] == (0, 1):
            sizes = dict(enumerate(matrix.shape))
            for coefficient, term in rest[0][0].terms:
                yield coefficient, contract([*scalars, (term, (0, 1))], (0, 1), sizes)
            return
    yield Fraction(1), matrix
