"""Products of sums, multiplied out.

Enters: expressions.  Leaves: equal expressions.  Always holds: a product becomes no more than `MOST_TERMS` terms.
Not for: deciding whether that is cheaper, which a plan of both tells.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from fractions import Fraction

from ..tensor import algebra
from ..tensor.expr import Contract, Expr, Sum, topological
from ..tensor.sparse import is_sparse

MOST_TERMS = 16


def multiplied_out(roots: Sequence[Expr]) -> tuple[Expr, ...]:
    """The expressions with products of sums multiplied out, which brings constant factors together: X'*X and X'*y of
    `X'*(X*w - y)`.  It squares the conditioning."""
    return _rebuilt(roots, expanded)


def spread_over_sparse(roots: Sequence[Expr]) -> tuple[Expr, ...]:
    """The expressions with products of sums multiplied out where a term is a product with a sparse matrix, which only
    the other factors make small: `(X'*D - u*v')*X`."""
    return _rebuilt(roots, _spread)


def _rebuilt(roots: Sequence[Expr], change: Callable[[Contract], Expr]) -> tuple[Expr, ...]:
    done: dict[Expr, Expr] = {}
    for current in topological(*roots):
        operands = tuple(done[o] for o in current.operands)
        built = current if operands == current.operands else algebra.with_operands(current, operands)
        done[current] = change(built) if isinstance(built, Contract) else built
    return tuple(done[root] for root in roots)


def _spread(product: Contract) -> Expr:
    for position, factor in enumerate(product.operands):
        if isinstance(factor, Sum) and factor.order > 1 and _bears_sparse(factor):
            terms = terms_apart(product, position)
            parts = [(c, _spread(term) if isinstance(term, Contract) else term) for c, term in terms]
            return algebra.add(parts, product.shape)
    return product


def terms_apart(product: Contract, position: int) -> list[tuple[Fraction, Expr]]:
    """The terms of a product when the sum at a position among its factors is multiplied out."""
    factor, at = product.factors[position]
    assert isinstance(factor, Sum)
    rest = [f for k, f in enumerate(product.factors) if k != position]
    sizes = dict(enumerate(product.sizes))
    return [(c, algebra.contract([*rest, (term, at)], range(product.order), sizes)) for c, term in factor.terms]


def _bears_sparse(expression: Expr) -> bool:
    return is_sparse(expression) or (
        isinstance(expression, Sum | Contract) and any(map(_bears_sparse, expression.operands))
    )


def expanded(product: Contract) -> Expr:
    """The product of sums multiplied out, unless that is too many terms."""
    choices = [f.terms if isinstance(f, Sum) else ((Fraction(1), f),) for f, _ in product.factors]
    if not 1 < math.prod(map(len, choices)) <= MOST_TERMS:
        return product
    sizes = dict(enumerate(product.sizes))
    terms = []
    for choice in itertools.product(*choices):
        factors = [(e, at) for (_, e), (_, at) in zip(choice, product.factors, strict=True)]
        coefficient = math.prod((c for c, _ in choice), start=Fraction(1))
        terms.append((coefficient, algebra.contract(factors, range(product.order), sizes)))
    return algebra.add(terms, product.shape)
