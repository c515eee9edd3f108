"""Derivatives of any order, from one table of differentials.

Enters: an expression and the symbol to differentiate by.  Leaves: an expression.  Always holds: the adjoint (reverse
mode) and the tangent (forward mode) both come from the `d` lines of the rule files; the derivative of a contraction is
"delete the factor: its indices become the outputs", whatever its order.  Not for: simplifying what comes out.

A differential is linear in its direction, so its adjoint is found by the same reverse pass over the differential.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from ...grammar.errors import DomainError
from ..tensor import algebra
from ..tensor.contraction import COMPARISONS, MULTILINEAR
from ..tensor.dims import Dim
from ..tensor.expr import Atom, Contract, Expr, Map, Reduce, Shape, Structure, Sum, Symbol, symbol, topological
from .rulebook import Template, instantiate, rulebook

Factor = tuple[Expr, tuple[int, ...]]
# With more different sets of masks than this an adjoint stays one sum: relu(x) + x, 24 levels deep, must not expand.
MOST_GROUPS = 4


def gradient(function: Expr, variable: Symbol) -> Expr:
    """The gradient of a scalar: shape of the variable; projected on the space of a structured variable."""
    return project(pullback(function, variable, algebra.number(1)), variable, 0)


def jacobian(function: Expr, variable: Symbol) -> Expr:
    """The derivative of any array: indices of the function, then indices of the variable."""
    return project(unprojected(function, variable), variable, function.order)


def unprojected(function: Expr, variable: Symbol) -> Expr:
    """The derivative of any array as if the variable had no attributes."""
    order = function.order
    factors = [(algebra.delta(size), (k, order + k)) for k, size in enumerate(function.shape)]
    seed = algebra.contract(factors, range(2 * order), dict(enumerate(function.shape * 2)))
    return reverse(function, variable, seed, order)


def hessian(function: Expr, variable: Symbol) -> Expr:
    """The second derivative of a scalar; both pairs of indices projected for a structured variable."""
    return jacobian(gradient(function, variable), variable)


def pullback(function: Expr, variable: Symbol, seed: Expr) -> Expr:
    """The adjoint applied to `seed` (of the function's shape): shape of the variable."""
    return reverse(function, variable, seed, 0)


def reverse(function: Expr, variable: Symbol, seed: Expr, lead: int) -> Expr:
    """Reverse mode.  `seed` has `lead` further indices in front of those of the function; so has the result."""
    shape = seed.shape[:lead] + variable.shape
    order = dependent(function, variable)
    adjoints: dict[Expr, list[tuple[Fraction, Expr]]] = {function: [(Fraction(1), seed)]}
    for current in reversed(order):
        terms = adjoints.pop(current, None)
        if terms is None:
            continue
        if current is variable:
            return algebra.add(terms, shape)
        for adjoint in _by_masks(terms, seed.shape[:lead] + current.shape):
            for position, operand in enumerate(current.operands):
                if operand in order:
                    share = _share(current, position, adjoint, lead)
                    adjoints.setdefault(operand, []).append(share)
    return algebra.zero(shape)


def _by_masks(terms: list[tuple[Fraction, Expr]], shape: Shape) -> list[Expr]:
    """The sum of the terms, in parts of which each has the masks that all its terms have as factors of its own.

    So what is infinite where a mask is 0 is multiplied by exactly 0, and the derivatives of elementwise functions stay
    diagonal."""
    groups: dict[frozenset[Factor], list[tuple[Fraction, Expr]]] = {}
    for coefficient, term in terms:
        for inner, item in term.terms if isinstance(term, Sum) else ((Fraction(1), term),):
            groups.setdefault(_masks(item), []).append((coefficient * inner, item))
    if len(groups) > MOST_GROUPS or not any(groups):
        return [algebra.add(terms, shape)]
    return [_outside(masks, group, shape) for masks, group in groups.items()]


def _masks(term: Expr) -> frozenset[Factor]:
    """The indicators and deltas that multiply a term element by element."""
    if not isinstance(term, Contract):
        return frozenset()
    return frozenset(
        (f, at)
        for f, at in term.factors
        if all(label < term.order for label in at)
        and (f.function in COMPARISONS if isinstance(f, Map) else isinstance(f, Structure) and f.kind == "delta")
    )


def _outside(masks: frozenset[Factor], terms: list[tuple[Fraction, Expr]], shape: Shape) -> Expr:
    """The sum of the terms with their masks outside; inside, an index that a delta ties to another disappears."""
    if not masks or len(terms) == 1:
        return algebra.add(terms, shape)
    tied = {at[1] for f, at in masks if isinstance(f, Structure)}
    kept = [label for label in range(len(shape)) if label not in tied]
    inner = []
    for coefficient, term in terms:
        assert isinstance(term, Contract)
        rest = [factor for factor in term.factors if factor not in masks]
        sizes = {label: size for label, size in enumerate(term.sizes) if label not in tied}
        inner.append((coefficient, algebra.contract(rest, kept, sizes)))
    whole = algebra.add(inner, tuple(shape[label] for label in kept))
    factors = [(whole, tuple(kept)), *sorted(masks, key=lambda mask: (mask[0].key, mask[1]))]
    return algebra.contract(factors, range(len(shape)), dict(enumerate(shape)))


def dependent(function: Expr, variable: Symbol) -> dict[Expr, None]:
    """The expressions that depend on the variable, operands first; other symbols are constants here."""
    found: dict[Expr, None] = {}
    for current in topological(function):
        if current is variable or (
            not isinstance(current, Symbol) and any(operand in found for operand in current.operands)
        ):
            found[current] = None
    return found


def _share(current: Expr, position: int, adjoint: Expr, lead: int) -> tuple[Fraction, Expr]:
    """What the operand at this position gets of the adjoint."""
    match current:
        case Sum():
            return current.terms[position][0], adjoint
        case Contract():
            return Fraction(1), _delete_factor(current, position, adjoint, lead)
    if isinstance(current, Atom) and current.function in MULTILINEAR and position:
        return Fraction(1), _multilinear_adjoint(current, position, adjoint, lead)
    operand = current.operands[position]
    direction = symbol("d", operand.shape, (), "direction")
    linear = differential(current, {position: direction})
    return Fraction(1), reverse(linear, direction, adjoint, lead)


def _delete_factor(current: Contract, position: int, adjoint: Expr, lead: int) -> Expr:
    count = len(current.sizes)
    leading = tuple(range(count, count + lead))
    sizes = dict(enumerate(current.sizes)) | dict(zip(leading, adjoint.shape[:lead], strict=True))
    factors = [(adjoint, (*leading, *range(current.order)))]
    factors += [factor for k, factor in enumerate(current.factors) if k != position]
    outputs: list[int] = []
    for label in current.factors[position][1]:
        if label in outputs:  # a diagonal: the two indices are tied by a delta
            tied = len(sizes)
            sizes[tied] = sizes[label]
            factors.append((algebra.delta(sizes[label]), (label, tied)))
            label = tied
        outputs.append(label)
    return algebra.contract(factors, (*leading, *outputs), sizes)


def _multilinear_adjoint(current: Atom, position: int, adjoint: Expr, lead: int) -> Expr:
    """The adjoint of a derivative of a matrix function, as a function of one of its directions: the transpose of the
    same derivative along the transposed seed.

    Where other directions have further indices, which are summed with the seed's, the derivatives along all unit
    matrices are taken in place of them."""
    matrix, *directions = current.arguments
    seed = tuple(range(adjoint.order))
    if all(d.order == 2 for k, d in enumerate(directions, 1) if k != position):
        turned = algebra.permute(adjoint, (*seed[:-2], seed[-1], seed[-2]))
        arguments = [turned if k == position else d for k, d in enumerate(current.arguments)]
        made = algebra.atom(current.function, arguments, turned.shape)
        return algebra.permute(made, (*seed[:-2], seed[-1], seed[-2]))
    n = matrix.shape[0]
    unit = algebra.contract(
        [(algebra.delta(n), (0, 2)), (algebra.delta(n), (1, 3))], range(4), dict.fromkeys(range(4), n)
    )
    sizes = dict(enumerate(adjoint.shape))
    factors: list[Factor] = [(adjoint, seed)]
    arguments = [matrix]
    at: list[int] = []
    wanted: tuple[int, ...] = ()
    start, fresh = lead, adjoint.order
    for k, direction in enumerate(directions, 1):
        batch = seed[start : start + direction.order - 2]
        start += len(batch)
        if direction.order == 2 and k != position:
            arguments.append(direction)
            continue
        pair = (fresh, fresh + 1)
        fresh += 2
        sizes |= dict.fromkeys(pair, n)
        arguments.append(unit)
        at += pair
        if k == position:
            wanted = (*seed[:lead], *batch, *pair)
        else:
            factors.append((direction, (*batch, *pair)))
    made = algebra.atom(current.function, arguments, (*[n] * len(at), n, n))
    return algebra.contract([*factors, (made, (*at, *seed[-2:]))], wanted, sizes)


def tangent(
    function: Expr, variable: Symbol, direction: Expr, name: Callable[[Expr, Expr], Expr] = lambda _, value: value
) -> Expr:
    """Forward mode: the directional derivative, of the function's shape.

    `name(expression, its tangent)` is what stands for the tangent in those of larger expressions: the tangent itself,
    or a bound symbol, so that each rule's share can be told apart."""
    direction = project(direction, variable, 0)
    tangents: dict[Expr, Expr] = {}
    for current in dependent(function, variable):
        if current is variable:
            tangents[current] = direction
            continue
        moving = {k: tangents[o] for k, o in enumerate(current.operands) if o in tangents}
        match current:
            case Sum():
                tangents[current] = algebra.add([(current.terms[k][0], t) for k, t in moving.items()], current.shape)
            case Contract():
                tangents[current] = algebra.add(
                    [(Fraction(1), _replace_factor(current, k, t)) for k, t in moving.items()], current.shape
                )
            case _:
                tangents[current] = differential(current, moving)
        tangents[current] = name(current, tangents[current])
    return tangents.get(function, algebra.zero(function.shape))


def _replace_factor(current: Contract, position: int, replacement: Expr) -> Expr:
    factors = list(current.factors)
    factors[position] = (replacement, factors[position][1])
    return algebra.contract(factors, range(current.order), dict(enumerate(current.sizes)))


def differential(current: Expr, directions: dict[int, Expr]) -> Expr:
    """The differential of an elementwise function, a reduction or a matrix function, along directions of some
    operands."""
    if isinstance(current, Map) and current.function in COMPARISONS:
        return algebra.zero(current.shape)
    if isinstance(current, Reduce):
        return _reduction_differential(current, directions[0])
    assert isinstance(current, Map | Atom)
    if isinstance(current, Atom) and current.function == "prodothers":
        return _others_differential(current, directions[0])
    template = _table(current.function, len(current.arguments), "")
    names: dict[str, Expr] = {}
    for position, (name, operand) in enumerate(zip(template.parameters, current.arguments, strict=True)):
        names[name] = operand
        names["d" + name] = directions.get(position, algebra.zero(operand.shape))
        if position in directions and current.function == "polygamma" and position == 0:
            raise DomainError("polygamma has no derivative by its order")
    return instantiate(template.value, names)


def _others_differential(current: Atom, direction: Expr) -> Expr:
    """Of the products of all other elements along the last index, by their definition as products of an array that has
    one index more, with ones in place of the element that is left out."""
    (argument,) = current.arguments
    order, size = argument.order, argument.shape[-1]
    shape = (*argument.shape, size)
    sizes = dict(enumerate(shape))
    labels = (*range(order - 1), order)
    identity = algebra.broadcast(algebra.delta(size), (order - 1, order), shape)
    left = algebra.difference(algebra.ones(shape), identity)

    def without_diagonal(array: Expr) -> Expr:
        return algebra.contract([(array, labels), (left, tuple(range(order + 1)))], range(order + 1), sizes)

    product = algebra.atom("prodothers", (algebra.total(without_diagonal(argument), identity),), shape)
    factors = [(product, tuple(range(order + 1))), (without_diagonal(direction), tuple(range(order + 1)))]
    return algebra.contract(factors, range(order), sizes)


def _product_differential(current: Reduce, direction: Expr) -> Expr:
    argument, (axis,) = current.argument, current.axes
    axes = [k for k in range(argument.order) if k != axis] + [axis]
    last = algebra.permute(argument, axes)
    others = algebra.atom("prodothers", (last,), last.shape)
    labels = tuple(range(argument.order))
    factors = [(others, tuple(axes)), (direction, labels)]
    return algebra.contract(factors, axes[:-1], dict(enumerate(argument.shape)))


def _reduction_differential(current: Reduce, direction: Expr) -> Expr:
    if current.function == "prod":
        return _product_differential(current, direction)
    whole = len(current.axes) == current.argument.order
    literal = "" if whole else str(current.axes[0] + 1)
    template = _table(current.function, 1 if whole else 2, literal)
    name = template.parameters[0]
    value = instantiate(template.value, {name: current.argument, "d" + name: direction})
    return algebra.sum_over(value, (0,)) if literal == "1" else value


def _table(function: str, count: int, literal: str) -> Template:
    try:
        return rulebook().differentials[function, count, literal]
    except KeyError:
        raise DomainError(f"the derivative of {function} is not known") from None


def project(derivative: Expr, variable: Symbol, lead: int) -> Expr:
    """The orthogonal projection of the last indices on the space that the variable's attributes declare; a symbol that
    is declared to be in the space is its own projection."""
    attributes = variable.attributes
    declared = derivative.attributes if isinstance(derivative, Symbol) else frozenset()
    if variable.order != 2 or not attributes or attributes & declared & {"diagonal", "lower", "upper"}:
        return derivative
    front = tuple(range(lead))
    i, j = lead, lead + 1
    sizes = dict(enumerate(derivative.shape))

    def masked(structure: Expr, at: tuple[int, int]) -> Expr:
        return algebra.contract([(derivative, (*front, i, j)), (structure, at)], (*front, i, j), sizes)

    if "diagonal" in attributes:
        tied = algebra.contract([(derivative, (*front, i, i))], (*front, i), {k: sizes[k] for k in (*front, i)})
        delta = algebra.delta(sizes[i])
        return algebra.contract([(tied, (*front, i)), (delta, (i, j))], (*front, i, j), sizes)
    if attributes & {"symmetric", "posdef", "psd"}:
        return algebra.add(
            [(Fraction(1, 2), derivative), (Fraction(1, 2), algebra.permute(derivative, (*front, j, i)))],
            derivative.shape,
        )
    if "lower" in attributes:
        return masked(triangle(sizes[i], sizes[j]), (i, j))
    if "upper" in attributes:
        return masked(triangle(sizes[j], sizes[i]), (j, i))
    return derivative


def triangle(rows: Dim, columns: Dim, offset: int = 0) -> Expr:
    """Ones on and below the diagonal `offset`."""
    from ..tensor.expr import structure

    return structure("tril", (rows, columns), Dim.of(offset))
