"""Instances of the identities in `identities.rules`: other forms of an expression with an inverse of a sum.

Enters: an inverse, the logarithm of a determinant, or a contraction with an inverse.  Leaves: equal expressions.
Always holds: the left side of the rule, with the values that were found for its names, is the very expression that is
replaced.  Not for: deciding whether the other form is cheaper (`choices.py`).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from ...grammar import syntax
from ...grammar.parse import parse_rule_file
from ..calculus.match import match_inside
from ..calculus.rulebook import Rulebook, instantiate, read
from ..calculus.simplify import simplify
from ..tensor import algebra
from ..tensor.contraction import add, contract, delta, symmetric
from ..tensor.expr import Atom, Contract, Expr, Structure, Sum
from ..tensor.properties import PREDICATES
from .guess import Guess

Names = dict[str, Expr]
MOST_LAYERS = 4
# Identities whose right side is a difference.
DIFFERENCES = frozenset({"woodbury", "woodbury-identity"})


@functools.cache
def identities() -> Rulebook:
    """The rules of the file."""
    book = Rulebook()
    read(*parse_rule_file(Path(__file__).with_name("identities.rules")), book)
    return book


def other_forms(current: Expr, guess: Guess) -> Iterator[tuple[Expr, bool]]:
    """The expression by each identity that applies to it, or to a product inside it, where the other form does not
    invert a larger matrix; and whether products with that need refinement (`refine.py`)."""
    if _is_of_sum(current, "inv") or _is_of_sum(current, "logdet"):
        assert isinstance(current, Atom)
        for rule, names in _instances(current, guess):
            if _valid(rule, names) and instantiate(rule.left, names) is current:
                yield simplify(instantiate(rule.right, names)), rule.name in DIFFERENCES
    elif isinstance(current, Contract):
        for inverse in dict.fromkeys(o for o in current.operands if _is_of_sum(o, "inv")):
            assert isinstance(inverse, Atom)
            for rule, names in _instances(inverse, guess):
                if _valid(rule, names):
                    for other in _inside(rule, names, inverse, current):
                        yield other, False


def _is_of_sum(expression: Expr, function: str) -> bool:
    return isinstance(expression, Atom) and expression.function == function and isinstance(expression.arguments[0], Sum)


def _valid(rule: syntax.Rule, names: Names) -> bool:
    for condition in rule.conditions:
        (argument,) = condition.arguments
        assert isinstance(argument, syntax.Name)
        if not PREDICATES[condition.name](names[argument.id]):
            return False
    return True


def _inside(rule: syntax.Rule, names: Names, inverse: Atom, current: Contract) -> Iterator[Expr]:
    left = instantiate(rule.left, names)
    if not isinstance(left, Contract) or inverse not in left.operands:
        return
    for found in match_inside(left, current, {}):
        right = instantiate(rule.right, names)
        factors = [*found.rest, (right, found.outputs)]
        used = {label for _, at in factors for label in at} | set(range(current.order))
        yield simplify(contract(factors, range(current.order), {label: current.sizes[label] for label in sorted(used)}))
        return


def _instances(atom: Atom, guess: Guess) -> Iterator[tuple[syntax.Rule, Names]]:
    """Rules with values for their names, for each way to see the argument as A'*C*A + D."""
    argument = atom.arguments[0]
    assert isinstance(argument, Sum)
    rules = identities().rules
    for position, (coefficient, term) in enumerate(argument.terms):
        rest = add([t for k, t in enumerate(argument.terms) if k != position], argument.shape)
        multiple = _multiple_of_identity(rest)
        for outer, inner in layers(term):
            if guess(outer.shape[0]) > guess(outer.shape[1]):
                continue
            plain = inner is None and coefficient == 1
            middle = inner if inner is not None else delta(outer.shape[0])
            names = {"A": outer, "C": algebra.scaled(middle, coefficient), "D": rest}
            if atom.function == "logdet":
                yield rules["determinant-lemma"], names
            elif plain and multiple is not None:
                names["c"] = multiple
                yield rules["push-through"], names
                yield rules["woodbury-identity"], names
            else:
                yield rules["gain"], names
                yield rules["woodbury"], names
            if atom.function == "inv" and isinstance(outer, Atom) and outer.function == "inv":
                yield rules["inverse-congruent"], {**names, "A": outer.arguments[0]}


def _multiple_of_identity(expression: Expr) -> Expr | None:
    """The scalar c of c*I."""
    coefficient = Fraction(1)
    if isinstance(expression, Sum) and len(expression.terms) == 1:
        coefficient, expression = expression.terms[0]
    if isinstance(expression, Structure) and expression.kind == "delta":
        return algebra.number(coefficient)
    if not isinstance(expression, Contract):
        return None
    matrices = [f for f, at in expression.factors if at]
    if len(matrices) != 1 or not isinstance(matrices[0], Structure) or matrices[0].kind != "delta":
        return None
    return contract([f for f in expression.factors if not f[1]], (), {}, coefficient)


def layers(term: Expr) -> Iterator[tuple[Expr, Expr | None]]:
    """The ways to write a term as A'*C*A, C None for A'*A."""
    if not isinstance(term, Contract) or term.order != 2:
        return
    rest = list(term.factors)
    sizes = dict(enumerate(term.sizes))
    left, right = 0, 1
    peeled: list[tuple[Expr, tuple[int, ...]]] = []
    for _ in range(MOST_LAYERS):
        ends = [[(f, at) for f, at in rest if label in at] for label in (left, right)]
        if len(ends[0]) != 1 or len(ends[1]) != 1:
            return
        (f, one), (g, two) = ends[0][0], ends[1][0]
        if f is not g or one == two or len(one) != 2 or len(set(one)) != 2:
            return
        if one.index(left) != two.index(right) and not symmetric(f):
            return
        rest.remove((f, one))
        rest.remove((f, two))
        peeled.append((f, one))
        left, right = (
            one[1 - one.index(left)],
            two[1 - two.index(right)],
        )
        outer = contract(peeled, (left, 0), {label: sizes[label] for _, at in peeled for label in at})
        if not rest and left == right:
            yield outer, None
            return
        if left == right:
            if all(set(at) <= {left} for _, at in rest):
                twin = len(sizes)
                inside = [*rest, (delta(sizes[left]), (left, twin))]
                yield outer, contract(inside, (left, twin), {left: sizes[left], twin: sizes[left]})
            return
        used = {label for _, at in rest for label in at}
        if {left, right} <= used:
            yield outer, contract(rest, (left, right), {label: sizes[label] for label in used})
