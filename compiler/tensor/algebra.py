"""The builders: every operation on expressions, each returning a normal form.

Enters: expressions whose shapes already fit (`elaborate.py` checks them and expands for broadcasting).  Leaves:
normalised expressions.  Always holds: what is built is equal in value to what was asked for, wherever that is defined.
Not for: rewriting by named rules (`simplify.py`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction

from .contraction import (
    EQUIVARIANT,
    INVARIANT,
    MOST_DIGITS,
    MOST_REPEATED,
    MULTILINEAR,
    add,
    contract,
    delta,
    extreme,
    ones,
    oriented,
    scaled,
    size_scalar,
    symmetric,
    transpose,
    zero,
)
from .expr import Atom, Contract, Expr, Map, Reduce, Shape, Sum, Symbol, node, symbol
from .labels import components

__all__ = [
    "MOST_REPEATED", "Scalar", "add", "atom", "broadcast", "constant_tensor", "contract", "delta", "depends_on",
    "diagonal", "difference", "hadamard", "map_", "matmul", "number", "number_value", "ones", "oriented",
    "outer", "permute", "pieces", "power", "product", "reduce_", "restrict", "scaled", "size_scalar", "sum_over",
    "symmetric", "tensordot", "total", "trace", "transpose", "with_operands", "zero",
]  # fmt: skip

Scalar = Fraction | int
MOST_EXPONENT = 1000  # of 2, in a floating-point number that stands for a coefficient


def number(value: Scalar, shape: Shape = ()) -> Expr:
    """The tensor whose elements are all `value`."""
    return add([(Fraction(value), ones(shape))], shape)


def number_value(expression: Expr) -> Fraction | None:
    """The number that all elements of a constant tensor are, or None."""
    if isinstance(expression, Contract):
        return Fraction(1) if len(expression.sizes) == expression.order and not expression.factors else None
    if isinstance(expression, Sum):
        if not expression.terms:
            return Fraction(0)
        if len(expression.terms) == 1 and number_value(expression.terms[0][1]) == 1:
            return expression.terms[0][0]
    return None


def total(*terms: Expr) -> Expr:
    """Sum of expressions of one shape."""
    return add([(Fraction(1), t) for t in terms], terms[0].shape)


def difference(a: Expr, b: Expr) -> Expr:
    """`a - b`, of one shape."""
    return add([(Fraction(1), a), (Fraction(-1), b)], a.shape)


def product(scalar: Expr, tensor: Expr) -> Expr:
    """A scalar expression times a tensor."""
    labels = tuple(range(tensor.order))
    return contract([(scalar, ()), (tensor, labels)], labels, dict(enumerate(tensor.shape)))


def hadamard(*factors: Expr) -> Expr:
    """Elementwise product of expressions of one shape."""
    labels = tuple(range(factors[0].order))
    return contract([(f, labels) for f in factors], labels, dict(enumerate(factors[0].shape)))


def tensordot(a: Expr, b: Expr, count: int) -> Expr:
    """The last `count` indices of `a` contracted with the first `count` of `b`."""
    left = tuple(range(a.order))
    right = tuple(range(a.order - count, a.order - count + b.order))
    outputs = left[: a.order - count] + right[count:]
    sizes = dict(zip(right, b.shape, strict=True)) | dict(zip(left, a.shape, strict=True))
    return contract([(a, left), (b, right)], outputs, sizes)


def matmul(a: Expr, b: Expr) -> Expr:
    """The single contraction: last index of `a` with the first of `b`."""
    return tensordot(a, b, 1)


def outer(a: Expr, b: Expr) -> Expr:
    """All products of elements; order is the sum of the orders."""
    return tensordot(a, b, 0)


def trace(matrix: Expr) -> Expr:
    """Sum of the diagonal of a square matrix."""
    return contract([(matrix, (0, 0))], (), {0: matrix.shape[0]})


def diagonal(expression: Expr) -> Expr:
    """The diagonal matrix of a vector, or the diagonal of a square matrix."""
    n = expression.shape[0]
    if expression.order == 1:
        return contract([(expression, (0,)), (delta(n), (0, 1))], (0, 1), {0: n, 1: n})
    return contract([(expression, (0, 0))], (0,), {0: n})


def permute(expression: Expr, axes: Sequence[int]) -> Expr:
    """Index k of the result is index `axes[k]` of the expression."""
    return contract([(expression, tuple(range(expression.order)))], tuple(axes), dict(enumerate(expression.shape)))


def sum_over(expression: Expr, axes: Iterable[int] | None = None) -> Expr:
    """Sum over `axes` (all of them by default), which disappear."""
    labels = tuple(range(expression.order))
    summed = set(labels if axes is None else axes)
    return contract([(expression, labels)], [k for k in labels if k not in summed], dict(enumerate(expression.shape)))


def broadcast(expression: Expr, axes: Sequence[int], shape: Shape) -> Expr:
    """The tensor of `shape` whose element does not depend on the axes other than `axes`, where the expression's
    indices go; an index of size 1 may go nowhere (axis -1)."""
    sizes = dict(enumerate(shape))
    labels = []
    for axis, size in zip(axes, expression.shape, strict=True):
        if axis < 0:
            axis = len(sizes)
            sizes[axis] = size
        labels.append(axis)
    return contract([(expression, tuple(labels))], range(len(shape)), sizes)


def constant_tensor(expression: Expr, shape: Shape) -> Expr:
    """A scalar at every element of `shape`."""
    return broadcast(expression, (), shape)


def power(base: Expr, exponent: Scalar) -> Expr:
    """Elementwise power with a constant exponent."""
    exponent = Fraction(exponent)
    value = number_value(base)
    if value is not None and exponent.denominator == 1 and (value or exponent > 0) and _is_plain(value, exponent):
        return number(Fraction(value**exponent), base.shape)
    if exponent == 0:
        return ones(base.shape)
    if exponent == 1:
        return base
    whole = exponent.denominator == 1
    if whole and 1 < exponent <= MOST_REPEATED:
        return hadamard(*[base] * int(exponent))
    if isinstance(base, Map) and base.function == "pow" and whole:
        inner = number_value(base.arguments[1])
        if inner is not None:
            return power(base.arguments[0], inner * exponent)
    if whole and isinstance(base, Sum) and len(base.terms) == 1:
        coefficient, term = base.terms[0]
        if _is_plain(coefficient, exponent):
            return scaled(power(term, exponent), Fraction(coefficient**exponent))
    if whole and isinstance(base, Contract) and len(base.sizes) == base.order and len(base.factors) > 1:
        labels = tuple(range(base.order))
        if all(at in ((), labels) for _, at in base.factors):
            powers = [(power(f, exponent), at) for f, at in base.factors]
            return contract(powers, labels, dict(enumerate(base.shape)))
    if whole and isinstance(base, Contract) and not base.order:  # a product of sums is one of powers of the sums
        parts = components(list(base.factors), set())
        if len(parts) > 1:
            sizes = dict(enumerate(base.sizes))
            apart = [contract(part, (), {k: sizes[k] for _, at in part for k in at}) for part in parts]
            return contract([(power(part, exponent), ()) for part in apart], (), {})
    if exponent == Fraction(1, 2):
        return map_("sqrt", (base,))
    if exponent == Fraction(-1, 2):
        return power(map_("sqrt", (base,)), -1)
    return _elementwise("pow", (base, number(exponent, base.shape)))


def _is_plain(value: Fraction, exponent: Fraction) -> bool:
    """Whether a power of a number is one to multiply by."""
    if max(value.numerator.bit_length(), value.denominator.bit_length()) * abs(exponent) > 2 * MOST_DIGITS:
        return abs(value) == 1
    return not extreme(Fraction(value**exponent))


def pieces(coefficient: Fraction) -> list[float]:
    """Floating-point numbers whose product is the coefficient: one, if it is neither too large nor too small."""
    found = []
    rest = abs(coefficient)
    while rest:
        size = rest.numerator.bit_length() - rest.denominator.bit_length()
        step = Fraction(2) ** max(-MOST_EXPONENT, min(MOST_EXPONENT, size)) if abs(size) > MOST_EXPONENT else rest
        found.append(float(step))
        rest = rest / step if step != rest else Fraction(0)
    return [-found[0], *found[1:]] if coefficient < 0 else found or [0.0]


def map_(function: str, arguments: Sequence[Expr]) -> Expr:
    """The elementwise function of arguments of one shape."""
    arguments = tuple(arguments)
    shape = arguments[0].shape
    values = [number_value(a) for a in arguments]
    if function == "pow" and values[1] is not None:
        return power(arguments[0], values[1])
    if all(v is not None for v in values) and function in _EXACT:
        exact = _EXACT[function](*values)
        if exact is not None:
            return number(exact, shape)
    if function == "where":
        if values[1] == 1 and values[2] == 0:
            return arguments[0]
        if values[1] == 0 and values[2] == 1:
            return map_("not", arguments[:1])
        if arguments[1] is arguments[2]:
            return arguments[1]
    return _elementwise(function, arguments)


def _elementwise(function: str, arguments: tuple[Expr, ...]) -> Expr:
    shape = arguments[0].shape
    if shape:
        used = sorted(set().union(*(depends_on(a) for a in arguments)))
        if len(used) < len(shape):
            reduced = _elementwise(function, tuple(restrict(a, used) for a in arguments))
            return broadcast(reduced, used, shape)
    if len(shape) == 2:
        for argument in arguments:
            if number_value(argument) is None and not symmetric(argument):
                if oriented(argument)[1]:
                    return transpose(_elementwise(function, tuple(transpose(a) for a in arguments)))
                break
    made: Expr = node(Map, shape, function=function, arguments=arguments)
    return made


def depends_on(expression: Expr) -> set[int]:
    """The axes along which a tensor may vary."""
    if isinstance(expression, Contract):
        return {label for _, at in expression.factors for label in at if label < expression.order}
    if isinstance(expression, Sum):
        return set().union(*(depends_on(term) for _, term in expression.terms))
    return set(range(expression.order))


def restrict(expression: Expr, axes: Sequence[int]) -> Expr:
    """The tensor over `axes` alone, of a tensor that does not vary along the others."""
    if isinstance(expression, Sum):
        shape = tuple(expression.shape[a] for a in axes)
        return add([(c, restrict(e, axes)) for c, e in expression.terms], shape)
    if len(axes) == expression.order:
        return expression
    assert isinstance(expression, Contract)
    dropped = set(range(expression.order)) - set(axes)
    sizes = {label: size for label, size in enumerate(expression.sizes) if label not in dropped}
    return contract(expression.factors, axes, sizes)


def _exact_sqrt(x: Fraction) -> Fraction | None:
    if x < 0:
        return None
    root = Fraction(math.isqrt(x.numerator), math.isqrt(x.denominator))
    return root if root * root == x else None


def _at(point: int, value: int) -> Callable[[Fraction], Fraction | None]:
    return lambda x: Fraction(value) if x == point else None


_EXACT: dict[str, Callable[..., Fraction | bool | int | None]] = {
    "sqrt": _exact_sqrt,
    "abs": abs,
    "sign": lambda x: (x > 0) - (x < 0),
    "exp": _at(0, 1),
    "log": _at(1, 0),
    "log1p": _at(0, 0),
    "expm1": _at(0, 0),
    "sin": _at(0, 0),
    "cos": _at(0, 1),
    "tanh": _at(0, 0),
    "max": max,
    "min": min,
    "relu": lambda x: max(x, Fraction(0)),
    "lt": lambda a, b: int(a < b),
    "le": lambda a, b: int(a <= b),
    "gt": lambda a, b: int(a > b),
    "ge": lambda a, b: int(a >= b),
    "eq": lambda a, b: int(a == b),
    "ne": lambda a, b: int(a != b),
    "not": lambda a: int(not a),
    "where": lambda c, a, b: a if c else b,
}


def reduce_(function: str, argument: Expr, axes: Iterable[int]) -> Expr:
    """`max`, `min`, `logsumexp` or `prod` over `axes`."""
    axes = tuple(sorted(axes))
    if not axes:
        return argument
    if function == "prod" and len(axes) > 1:
        return reduce_(function, reduce_(function, argument, axes[-1:]), axes[:-1])
    if argument.order == 2:
        kept, flipped = oriented(argument)
        if flipped:
            argument, axes = kept, tuple(sorted(1 - a for a in axes))
    shape = tuple(size for k, size in enumerate(argument.shape) if k not in axes)
    made: Expr = node(Reduce, shape, function=function, argument=argument, axes=axes)
    return made


def atom(function: str, arguments: Sequence[Expr], shape: Shape) -> Expr:
    """The matrix function of its arguments; `shape` is that of the result."""
    arguments = tuple(arguments)
    if function in EQUIVARIANT | INVARIANT and arguments[0].order == 2:
        kept, flipped = oriented(arguments[0])
        if flipped:
            made = atom(function, (kept, *arguments[1:]), shape[::-1] if function in EQUIVARIANT else shape)
            return transpose(made) if function in EQUIVARIANT else made
    if function in MULTILINEAR:
        return _multilinear(function, arguments, shape)
    result: Expr = node(Atom, shape, function=function, arguments=arguments)
    return result


def _multilinear(function: str, arguments: tuple[Expr, ...], shape: Shape) -> Expr:
    """A function that is linear in all arguments but the first: coefficients go outside, sums stay."""
    coefficient = Fraction(1)
    plain = [arguments[0]]
    for argument in arguments[1:]:
        if isinstance(argument, Sum) and len(argument.terms) < 2:
            if not argument.terms:
                return zero(shape)
            coefficient *= argument.terms[0][0]
            argument = argument.terms[0][1]
        plain.append(argument)
    made: Expr = node(Atom, shape, function=function, arguments=tuple(plain))
    return scaled(made, coefficient)


def with_operands(expression: Expr, operands: tuple[Expr, ...]) -> Expr:
    """The same operation on other operands (of the same shapes)."""
    match expression:
        case Contract():
            placed = [(o, at) for o, (_, at) in zip(operands, expression.factors, strict=True)]
            return contract(placed, range(expression.order), dict(enumerate(expression.sizes)))
        case Sum():
            terms = [(c, o) for o, (c, _) in zip(operands, expression.terms, strict=True)]
            return add(terms, expression.shape)
        case Map():
            return map_(expression.function, operands)
        case Reduce():
            return reduce_(expression.function, operands[0], expression.axes)
        case Atom():
            return atom(expression.function, operands, expression.shape)
        case Symbol(value=Expr()):
            return symbol(expression.name, expression.shape, expression.attributes, expression.role, operands[0])
    return expression
