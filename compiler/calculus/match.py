"""Patterns: finding a rule's left side in an expression, also inside contractions and sums.

Enters: a pattern (an expression with `wild` symbols) and an expression.  Leaves: the ways in which it matches, each
with the values of the wild symbols.  Always holds: putting these values into the pattern gives the expression (or the
part of it that is named).  Not for: deciding whether to rewrite (`simplify.py`).

In a rule, upper-case names are matrices; `a b c` scalars; `u v w` vectors; `x y z` arrays of any shape, taken element
by element: their one index stands for all the indices of what they match.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from ..tensor import algebra
from ..tensor.contraction import EQUIVARIANT
from ..tensor.expr import Atom, Contract, Expr, Map, Reduce, Structure, Sum, Symbol, node

Binding = dict[str, Expr]
Labels = tuple[int, ...]
Factor = tuple[Expr, Labels]
ELEMENTS = "elements"  # the size of the index that stands for all indices


@dataclass(frozen=True)
class Found:
    """A match inside a contraction: the wild symbols' values, the factors that are left, and the labels in the
    expression of the pattern's indices."""

    binding: Binding
    rest: tuple[Factor, ...]
    outputs: Labels


def wild_order(symbol: Symbol) -> int | None:
    """The order of what the wild symbol stands for; None for any."""
    return None if symbol.order == 1 and symbol.shape[0].name == ELEMENTS else symbol.order


def match(pattern: Expr, expression: Expr, binding: Binding) -> Iterator[Binding]:
    """The ways in which the whole expression is an instance of the pattern."""
    if pattern is expression:
        yield binding
        return
    number = algebra.number_value(pattern)
    if number is not None:
        if algebra.number_value(expression) == number:
            yield binding
        return
    match pattern:
        case Symbol(role="wild"):
            order = wild_order(pattern)
            if pattern.name in binding:
                if binding[pattern.name] is expression:
                    yield binding
            elif order is None or order == expression.order:
                yield {**binding, pattern.name: expression}
        case Structure():
            if isinstance(expression, Structure) and expression.kind == pattern.kind:
                yield binding
        case Map():
            if isinstance(expression, Map) and expression.function == pattern.function:
                yield from _all(pattern.arguments, expression.arguments, binding)
        case Atom():
            if isinstance(expression, Atom) and expression.function == pattern.function:
                yield from _all(pattern.arguments, expression.arguments, binding)
        case Reduce():
            if isinstance(expression, Reduce) and expression.function == pattern.function:
                whole = len(expression.axes) == expression.argument.order
                any_shape = pattern.argument.shape[0].name == ELEMENTS
                if whole if any_shape else expression.axes == pattern.axes:
                    yield from match(pattern.argument, expression.argument, binding)
                elif (
                    not any_shape and expression.argument.order == 2 and len(pattern.axes) == len(expression.axes) == 1
                ):
                    yield from match(pattern.argument, algebra.transpose(expression.argument), binding)
        case Sum():
            for found, rest, ratio in match_sum(pattern, expression, binding, whole=True):
                if not rest and ratio == 1:
                    yield found
        case Contract():
            yield from _whole_contraction(pattern, expression, binding)


def _all(patterns: tuple[Expr, ...], expressions: tuple[Expr, ...], binding: Binding) -> Iterator[Binding]:
    if not patterns:
        yield binding
        return
    for found in match(patterns[0], expressions[0], binding):
        yield from _all(patterns[1:], expressions[1:], found)


def match_sum(
    pattern: Sum, expression: Expr, binding: Binding, whole: bool
) -> Iterator[tuple[Binding, tuple[tuple[Fraction, Expr], ...], Fraction]]:
    """Matches the terms of a sum: the binding, the terms left over, and the factor by which the matched ones are
    multiples of the pattern.  With `whole` a wild term takes all that is left and the factor is 1."""
    if len(pattern.terms) == 1 and isinstance(pattern.terms[0][1], Symbol) and whole:  # -x and the like
        coefficient, term = pattern.terms[0]
        for bound in match(term, algebra.scaled(expression, 1 / coefficient), binding):
            yield bound, (), Fraction(1)
        return
    terms = expression.terms if isinstance(expression, Sum) else ((Fraction(1), expression),)
    wild = [t for t in pattern.terms if isinstance(t[1], Symbol) and t[1].role == "wild" and t[1].name not in binding]
    fixed = [piece for t in pattern.terms if t not in wild for piece in _spread(t, binding)]
    if len(wild) > 1 or (wild and not whole):
        return

    def assign(
        k: int, left: tuple[tuple[Fraction, Expr], ...], found: Binding, ratio: Fraction | None
    ) -> Iterator[tuple[Binding, tuple[tuple[Fraction, Expr], ...], Fraction]]:
        if k == len(fixed):
            if not wild:
                yield found, left, ratio or Fraction(1)
            elif left:
                rest = algebra.add([(c / wild[0][0], e) for c, e in left], expression.shape)
                for bound in match(wild[0][1], rest, found):
                    yield bound, (), Fraction(1)
            return
        coefficient, term = fixed[k]
        for position, (c, e) in enumerate(left):
            factor = c / coefficient
            if factor == (1 if whole else ratio or factor):
                for bound in match(term, e, found):
                    yield from assign(k + 1, left[:position] + left[position + 1 :], bound, factor)

    yield from assign(0, terms, binding, None)


def _spread(term: tuple[Fraction, Expr], binding: Binding) -> tuple[tuple[Fraction, Expr], ...]:
    """The terms of the sum that a wild symbol stands for, or the term itself."""
    coefficient, part = term
    value = binding.get(part.name) if isinstance(part, Symbol) and part.role == "wild" else None
    if not isinstance(value, Sum):
        return (term,)
    return tuple((coefficient * c, e) for c, e in value.terms)


def _whole_contraction(pattern: Contract, expression: Expr, binding: Binding) -> Iterator[Binding]:
    """All factors of the expression, with the outputs in the pattern's order."""
    coefficient = Fraction(1)
    if isinstance(expression, Sum) and len(expression.terms) == 1:
        coefficient, expression = expression.terms[0]
    scalar = next(
        (
            f
            for f, at in pattern.factors
            if isinstance(f, Symbol) and f.role == "wild" and not f.order and f.name not in binding
        ),
        None,
    )
    if coefficient != 1 and scalar is None:
        return
    target = _as_contract(expression)
    factors = list(target.factors)
    labels = pattern.factors
    if scalar is not None:
        taken = [f for f in factors if not f[1]]
        value = algebra.contract(taken, (), {}, coefficient)
        if algebra.number_value(value) == 1:
            return
        binding = {**binding, scalar.name: value}
        factors = [f for f in factors if f[1]]
        labels = tuple(f for f in labels if f[0] is not scalar)
    outputs = tuple(range(target.order))
    for found in _factors(pattern, labels, tuple(factors), target, binding, absorb=True):
        if not found.rest and found.outputs == outputs:
            yield found.binding


def _as_contract(expression: Expr) -> Contract:
    if isinstance(expression, Contract):
        return expression
    labels = tuple(range(expression.order))
    made: Contract = node(Contract, expression.shape, factors=((expression, labels),), sizes=expression.shape)
    return made


def match_inside(pattern: Contract, target: Contract, binding: Binding) -> Iterator[Found]:
    """The ways in which some factors of a contraction are an instance of the pattern."""
    yield from _factors(pattern, pattern.factors, target.factors, target, binding, absorb=False)


def _factors(
    pattern: Contract,
    wanted: tuple[Factor, ...],
    available: tuple[Factor, ...],
    target: Contract,
    binding: Binding,
    absorb: bool,
) -> Iterator[Found]:
    # Factors that are no wild symbols come first: they bind those.
    wanted = tuple(sorted(wanted, key=lambda f: isinstance(f[0], Symbol)))
    elements = {label for label, size in enumerate(pattern.sizes) if size.name == ELEMENTS}

    def search(
        todo: tuple[Factor, ...], left: tuple[Factor, ...], found: Binding, at: dict[int, Labels]
    ) -> Iterator[Found]:
        if not todo:
            result = finish(left, found, at)
            if result is not None:
                yield result
            return
        (want, labels), later = todo[0], todo[1:]
        wild = isinstance(want, Symbol) and want.role == "wild"
        value = found.get(want.name) if isinstance(want, Symbol) and wild else None
        if value is not None and isinstance(value, Contract) and len(value.factors) > 1:
            yield from search(spread(value, labels, at) + later, left, found, at)
            return
        if absorb and wild and value is None and not later and len(left) > 1 and len(labels) == 2:
            yield from take_rest(want, labels, left, found, at)
            return
        for position, (have, there) in enumerate(left):
            remaining = left[:position] + left[position + 1 :]
            if _power(want) == -1 and (power := _power(have)) < -1:  # one reciprocal of several
                remaining += ((algebra.power(have.operands[0], power + 1), there),)
                have = algebra.power(have.operands[0], -1)
            for view, seen in views(have, there):
                joined = join(labels, seen, at, value if value is not None else want)
                if joined is None:
                    continue
                inner = [found] if value is view else [] if value is not None else match(want, view, found)
                for bound in inner:
                    yield from search(later, remaining, bound, joined)

    def join(labels: Labels, seen: Labels, at: dict[int, Labels], want: Expr) -> dict[int, Labels] | None:
        placed: list[tuple[int, Labels]]
        if len(labels) == 1 and labels[0] in elements:
            placed = [(labels[0], seen)]
        elif len(labels) == len(seen):
            placed = [(label, (s,)) for label, s in zip(labels, seen, strict=True)]
        else:
            return None
        joined = dict(at)
        for label, where in placed:
            if joined.setdefault(label, where) != where:
                return None
        return joined

    def spread(value: Contract, labels: Labels, at: dict[int, Labels]) -> tuple[Factor, ...]:
        """The factors of a product that a wild symbol stands for, with labels of their own for what is summed."""
        base = max([len(pattern.sizes), *at, *(label for _, ls in wanted for label in ls)]) + 1000
        if len(labels) == 1 and labels[0] in elements:
            if labels[0] not in at or len(at[labels[0]]) != value.order:
                return ((value, (-1, -1, -1)),)  # cannot be found
            names = {k: -10 - where for k, where in enumerate(at[labels[0]])}
            for where in at[labels[0]]:
                at[-10 - where] = (where,)
        else:
            names = dict(enumerate(labels))
        for k in range(value.order, len(value.sizes)):
            names[k] = base + k
        return tuple((f, tuple(names[k] for k in ls)) for f, ls in value.factors)

    def take_rest(
        want: Expr, labels: Labels, left: tuple[Factor, ...], found: Binding, at: dict[int, Labels]
    ) -> Iterator[Found]:
        ends = [at[label][0] if label in at else label if label < pattern.order else None for label in labels]
        if None in ends or len(set(ends)) != 2 or not isinstance(want, Symbol):
            return
        used = {label for _, ls in left for label in ls} | {e for e in ends if e is not None}
        elsewhere = {label for where in at.values() for label in where} | set(range(target.order))
        if used & elsewhere - set(ends):
            return  # what is left shares more than its ends with what is matched
        sizes = {label: target.sizes[label] for label in used}
        value = algebra.contract(left, [e for e in ends if e is not None], sizes)
        joined = dict(at) | {label: (e,) for label, e in zip(labels, ends, strict=True) if e is not None}
        for bound in match(want, value, found):
            result = finish((), bound, joined)
            if result is not None:
                yield result

    def finish(left: tuple[Factor, ...], found: Binding, at: dict[int, Labels]) -> Found | None:
        outputs: list[int] = []
        placed = {where for ws in at.values() for where in ws}
        broadcast = [k for k in range(target.order) if absorb and k not in placed]
        for label in range(pattern.order):
            if label in at:
                outputs.extend(at[label])
            elif label in elements:
                outputs.extend(broadcast)
            elif broadcast:
                outputs.append(broadcast.pop(0))
            else:
                return None
        summed = [where for label, ws in at.items() if label >= pattern.order for where in ws]
        still = {label for _, ls in left for label in ls} | set(range(target.order)) | set(outputs)
        if len(set(summed)) != len(summed) or still & set(summed):
            return None
        return Found(found, left, tuple(outputs))

    yield from search(wanted, available, binding, {})


def _power(factor: Expr) -> Fraction:
    """The exponent of a power by a whole number; 1 for anything else."""
    exponent = (
        algebra.number_value(factor.arguments[1]) if isinstance(factor, Map) and factor.function == "pow" else None
    )
    return exponent if exponent is not None and exponent.denominator == 1 else Fraction(1)


def views(have: Expr, labels: Labels) -> Iterator[Factor]:
    """The factor as it stands, and as the transpose of its transpose."""
    yield have, labels
    if have.order != 2:
        return
    shape = have.shape[::-1]
    if isinstance(have, Map):
        flipped = tuple(algebra.transpose(a) for a in have.arguments)
        yield node(Map, shape, function=have.function, arguments=flipped), labels[::-1]
    elif isinstance(have, Atom) and have.function in EQUIVARIANT:
        flipped = tuple(algebra.transpose(a) for a in have.arguments)
        yield node(Atom, shape, function=have.function, arguments=flipped), labels[::-1]
    else:
        yield algebra.transpose(have), labels[::-1]
