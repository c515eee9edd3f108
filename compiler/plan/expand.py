"""Products of sums, multiplied out.

Enters: expressions.  Leaves: equal expressions.  Always holds: a product becomes no more than `MOST_TERMS` terms.
Not for: deciding whether that is cheaper, which a plan of both tells.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from fractions import Fraction

from ..tensor import algebra
from ..tensor.expr import Contract, Expr, Sum, topological

MOST_TERMS = 16


def multiplied_out(roots: Sequence[Expr]) -> tuple[Expr, ...]:
    """The expressions with products of sums multiplied out, which brings constant factors together: X'*X and X'*y of
    `X'*(X*w - y)`.  It squares the conditioning."""
    results = []
    for root in roots:
        done: dict[Expr, Expr] = {}
        for current in topological(root):
            operands = tuple(done[o] for o in current.operands)
            built = current if operands == current.operands else algebra.with_operands(current, operands)
            done[current] = expanded(built) if isinstance(built, Contract) else built
        results.append(done[root])
    return tuple(results)


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
