"""The normal form of contractions: what makes `tr(A*B*C)` and `tr(C'*B'*A')` the same object.

Enters: factors with arbitrary labels.  Leaves: an expression in normal form.  Always holds of a `Contract`: no factor
is a number, a delta with a summed index, or (up to a size limit) a contraction; equal powers are merged; labels and
the order of the factors are canonical; sums inside are primitive (coefficient outside) and in canonical orientation,
where the coefficient stays a plain number: (x/1000)^200 is not 1e-600*x^200.
Not for: distributing products over sums, which is never done here.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import gcd, lcm

from .dims import Dim
from .expr import Atom, Contract, Expr, Map, Size, Structure, Sum, Symbol, node, structure
from .labels import Factor, Labels, canonical, components
from .structures import reduced

# Beyond this many factors a nested contraction stays a factor: f(x) = g(x)*g(x), 24 levels deep, must not expand.
MOST_FACTORS = 16
# A coefficient with more bits, or with so many more in the numerator than in the denominator, stays with its factors.
MOST_DIGITS, MOST_MAGNITUDE = 400, 120
# Powers up to this one are repeated factors (so that x'*x is sum(x.^2)), higher ones are `pow`.
MOST_REPEATED = 4

COMPARISONS = frozenset({"lt", "le", "gt", "ge", "eq", "ne", "not"})


def contract(
    factors: Iterable[Factor], outputs: Sequence[int], sizes: Mapping[int, Dim], coefficient: Fraction | int = 1
) -> Expr:
    """`coefficient` times the product of the factors, summed over the labels that are not in `outputs` (distinct)."""
    shape = tuple(sizes[label] for label in outputs)
    size_of = dict(sizes)
    factors = list(factors)
    flat, deltas, scale = _flatten(factors, size_of, Fraction(coefficient))
    if extreme(scale):
        size_of = dict(sizes)
        flat, deltas, scale = _flatten(factors, size_of, Fraction(coefficient), whole=True)
    if scale == 0:
        return zero(shape)
    while True:
        flat, extra = _eliminate(flat, deltas, outputs, size_of)
        step = reduced(flat, outputs, size_of)
        if step is None:
            break
        flat, ties, vanishes = step
        if vanishes:
            return zero(shape)
        deltas = [(a, b) for _, (a, b) in extra] + ties
    used = {label for _, labels in flat for label in labels} | set(outputs)
    for label in sorted(size_of.keys() - used):
        value = size_of[label].value
        if value is None:
            flat.extend((factor, ()) for factor in _size_factors(size_of[label]))
        else:
            scale *= value
    if scale == 0:
        return zero(shape)
    flat = _merge_powers(flat)
    flat.extend(extra)
    return scaled(_canonical(flat, tuple(outputs), size_of, shape), scale)


def ones(shape: tuple[Dim, ...]) -> Expr:
    """The tensor of ones; the number 1 for the empty shape."""
    made: Expr = node(Contract, shape, factors=(), sizes=shape)
    return made


def zero(shape: tuple[Dim, ...]) -> Expr:
    """The tensor of zeros."""
    made: Expr = node(Sum, shape, terms=())
    return made


def delta(size: Dim) -> Expr:
    """The identity matrix."""
    return structure("delta", (size, size))


def size_scalar(dim: Dim) -> Expr:
    """A size as a scalar expression: a sum of products of plain sizes."""
    terms: list[tuple[Fraction, Expr]] = []
    for monomial, coefficient in dim.terms:
        factors: list[Factor] = []
        for atom, power in monomial:
            leaf = node(Size, (), dim=Dim({((atom, 1),): 1}))
            factors += [(leaf, ())] * power
        terms.append((Fraction(coefficient), contract(factors, (), {})))
    return add(terms, ())


def _size_factors(dim: Dim) -> list[Expr]:
    expression = size_scalar(dim)
    return [factor for factor, _ in expression.factors] if isinstance(expression, Contract) else [expression]


def scaled(expression: Expr, coefficient: Fraction) -> Expr:
    """`coefficient * expression`."""
    return expression if coefficient == 1 else add([(coefficient, expression)], expression.shape)


def add(terms: Iterable[tuple[Fraction, Expr]], shape: tuple[Dim, ...]) -> Expr:
    """The linear combination of the terms: nested sums flattened, equal terms merged, zeros dropped."""
    total: dict[Expr, Fraction] = {}
    for coefficient, term in terms:
        inner = term.terms if isinstance(term, Sum) else ((Fraction(1), term),)
        for factor, item in inner:
            total[item] = total.get(item, Fraction(0)) + coefficient * factor
    kept = sorted(((c, e) for e, c in total.items() if c), key=lambda pair: pair[1].key)
    if len(kept) == 1 and kept[0][0] == 1:
        return kept[0][1]
    made: Expr = node(Sum, shape, terms=tuple(kept))
    return made


def content(expression: Sum) -> Fraction:
    """The coefficient to take out of a sum so that what is left has coprime integers, the first one positive."""
    coefficients = [c for c, _ in expression.terms]
    size = Fraction(gcd(*(c.numerator for c in coefficients)), lcm(*(c.denominator for c in coefficients)))
    return size if coefficients[0] > 0 else -size


def _primitive(expression: Expr) -> tuple[Expr, Fraction]:
    """A sum without its content, and the content."""
    taken = content(expression) if isinstance(expression, Sum) and expression.terms else Fraction(1)
    return (expression if taken == 1 else add([(1 / taken, expression)], expression.shape)), taken


def symmetric(expression: Expr) -> bool:
    """Whether a matrix expression equals its transpose by its structure."""
    if expression.order != 2 or expression.shape[0] != expression.shape[1]:
        return False
    if expression._symmetric is None:
        expression._symmetric = _is_symmetric(expression)
    return expression._symmetric


def _is_symmetric(expression: Expr) -> bool:
    if isinstance(expression, Symbol):
        return bool(expression.attributes & {"symmetric", "posdef", "psd", "diagonal"})
    if isinstance(expression, Structure):
        return expression.kind == "delta"
    if isinstance(expression, Map | Atom) and all(symmetric(a) for a in expression.arguments):
        return isinstance(expression, Map) or expression.function in EQUIVARIANT | SPECTRAL | MULTILINEAR
    if isinstance(expression, Contract | Sum):
        return transpose(expression) is expression
    return False


# Matrix functions with f(A') = f(A)', and those with f(A') = f(A).
EQUIVARIANT = frozenset({"inv", "adj", "pinv", "expm", "logm", "sqrtm", "polar", "svdmaxproj"})
INVARIANT = frozenset({"det", "logdet", "logabsdet", "normfro", "norm2", "normnuc", "svdvals"})
# Functions of a symmetric matrix with a symmetric value.
SPECTRAL = frozenset({"eigmaxproj", "eigmaxresolvent"})
# Derivatives of matrix functions: linear in each argument after the first.  Each is the derivative of the gradient of a
# scalar function, so the adjoint in a direction E of the seed S is the transpose of the same derivative along S'.
MULTILINEAR = frozenset({"dexpm", "dlogm", "dsqrtm", "dadj"})


def transpose(matrix: Expr) -> Expr:
    """The transpose of an expression of order 2."""
    if matrix._transposed is None:
        rows, columns = matrix.shape
        if isinstance(matrix, Sum):
            matrix._transposed = add([(c, transpose(term)) for c, term in matrix.terms], (columns, rows))
        else:
            matrix._transposed = contract([(matrix, (1, 0))], (0, 1), {0: columns, 1: rows})
    return matrix._transposed


def oriented(matrix: Expr) -> tuple[Expr, bool]:
    """Of a matrix and its transpose the canonical one, and whether that is the transpose."""
    flipped = transpose(matrix)
    if flipped is matrix or _orientation(matrix) <= _orientation(flipped):
        return matrix, False
    return flipped, True


def _orientation(matrix: Expr) -> tuple[int, bytes]:
    # The fewest factors that stand against the direction of the indices: X*A rather than (A'*X')'.
    terms = [term for _, term in matrix.terms] if isinstance(matrix, Sum) else [matrix]
    factors = [at for t in terms if isinstance(t, Contract) for _, at in t.factors if len(at) == 2]
    return (sum(at[0] == 1 or at[1] == 0 for at in factors), matrix.key)


def extreme(coefficient: Fraction) -> bool:
    """Whether a coefficient is so large, so small or so long that it should stay with what it multiplies."""
    above, below = coefficient.numerator.bit_length(), coefficient.denominator.bit_length()
    return abs(above - below) > MOST_MAGNITUDE or max(above, below) > MOST_DIGITS


def _is_number(expression: Sum) -> bool:
    term = expression.terms[0][1]
    return len(expression.terms) == 1 and isinstance(term, Contract) and not term.factors


def _flatten(
    factors: Iterable[Factor], size_of: dict[int, Dim], scale: Fraction, whole: bool = False
) -> tuple[list[Factor], list[tuple[int, int]], Fraction]:
    """The factors of factors, deltas apart, and the coefficient; with `whole`, sums keep theirs."""
    flat: list[Factor] = []
    deltas: list[tuple[int, int]] = []
    fresh = itertools.count(max(size_of, default=-1) + 1)
    work = list(factors)
    count = len(work)
    work.reverse()
    while work:
        factor, labels = work.pop()
        if isinstance(factor, Sum):
            if not factor.terms:
                return [], [], Fraction(0)
            if whole and not _is_number(factor):
                flat.append((factor, labels))
                continue
            if len(factor.terms) == 1:
                scale *= factor.terms[0][0]
                work.append((factor.terms[0][1], labels))
                continue
            factor, taken = _primitive(factor)
            scale *= taken
            if factor.order == 2:
                flipped, sign = _primitive(transpose(factor))
                if _orientation(flipped) < _orientation(factor):
                    factor, labels, scale = flipped, labels[::-1], scale * sign
            flat.append((factor, labels))
        elif isinstance(factor, Contract) and (
            count == 1 or len(factor.factors) <= 1 or count + len(factor.factors) <= MOST_FACTORS
        ):  # one that stands alone is but permuted
            names = dict(enumerate(labels))
            for label in range(factor.order, len(factor.sizes)):
                names[label] = next(fresh)
                size_of[names[label]] = factor.sizes[label]
            work.extend((inner, tuple(names[label] for label in at)) for inner, at in reversed(factor.factors))
            count += len(factor.factors) - 1
        elif isinstance(factor, Structure) and factor.kind == "delta":
            deltas.append((labels[0], labels[1]))
        else:
            flat.append((factor, labels))
    return flat, deltas, scale


def _eliminate(
    flat: list[Factor], deltas: list[tuple[int, int]], outputs: Sequence[int], size_of: dict[int, Dim]
) -> tuple[list[Factor], list[tuple[Expr, tuple[int, int]]]]:
    """Substitutes along the deltas.  Returns the factors and the deltas that stay, between outputs; takes the labels
    that disappear out of `size_of`."""
    leader = {label: label for label in size_of}

    def find(label: int) -> int:
        while leader[label] != label:
            label = leader[label]
        return label

    rank = {label: position for position, label in enumerate(outputs)}
    for a, b in deltas:
        a, b = find(a), find(b)
        if a != b:
            if rank.get(b, len(rank)) < rank.get(a, len(rank)):
                a, b = b, a
            leader[b] = a
    flat = [(factor, tuple(find(label) for label in labels)) for factor, labels in flat]
    kept = [(delta(size_of[find(o)]), (find(o), o)) for o in outputs if find(o) != o]
    for label in [label for label in size_of if leader[label] != label and label not in rank]:
        del size_of[label]
    return flat, kept


def _merge_powers(flat: list[Factor]) -> list[Factor]:
    """x.*x^-1 and the like: powers of one base at the same labels become one power; indicators are idempotent."""
    from .algebra import number_value, power

    exponents: dict[Factor, Fraction] = {}
    order: list[Factor] = []
    for factor, labels in flat:
        base, exponent = factor, Fraction(1)
        if isinstance(factor, Map) and factor.function == "pow":
            value = number_value(factor.arguments[1])
            if value is not None:
                base, exponent = factor.arguments[0], value
        if (base, labels) not in exponents:
            order.append((base, labels))
        exponents[base, labels] = exponents.get((base, labels), Fraction(0)) + exponent
    if len(order) == len(flat):
        return flat
    merged: list[Factor] = []
    for base, labels in order:
        exponent = exponents[base, labels]
        if isinstance(base, Map) and base.function in COMPARISONS:
            exponent = Fraction(1)
        if exponent == 0:
            continue
        if exponent.denominator == 1 and 0 < exponent <= MOST_REPEATED:
            merged += [(base, labels)] * int(exponent)
        else:
            merged.append((power(base, exponent), labels))
    return merged


def _canonical(flat: list[Factor], outputs: Labels, size_of: Mapping[int, Dim], shape: tuple[Dim, ...]) -> Expr:
    if len(flat) == 1 and len(set(flat[0][1])) == len(flat[0][1]) and sorted(flat[0][1]) == sorted(outputs):
        factor, labels = flat[0]
        if labels == outputs:
            return factor
        if factor.order == 2 and symmetric(factor):
            return factor
        if isinstance(factor, Sum):  # a transposed sum is the sum of the transposed terms
            positions = {label: position for position, label in enumerate(outputs)}
            at = tuple(positions[label] for label in labels)
            sizes = dict(enumerate(shape))
            return add([(c, contract([(e, at)], range(len(shape)), sizes)) for c, e in factor.terms], shape)
    number = {label: position for position, label in enumerate(outputs)}
    pieces = []
    for piece in components(flat, set(outputs)):
        encoded, order = canonical(piece, number, size_of, symmetric)
        pieces.append((encoded, order, piece))
    pieces.sort(key=lambda item: item[0])
    every = [size_of[label] for label in outputs]
    factors: list[Factor] = []
    for _, order, piece in pieces:
        local = dict(number)
        for label in order:
            local[label] = len(every)
            every.append(size_of[label])
        placed = []
        for factor, labels in piece:
            at = tuple(local[label] for label in labels)
            placed.append((factor, tuple(sorted(at)) if symmetric(factor) else at))
        placed.sort(key=lambda item: (item[0].key, item[1]))
        factors += placed
    made: Expr = node(Contract, shape, factors=tuple(factors), sizes=tuple(every))
    return made
