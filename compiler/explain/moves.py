"""From the differential to the gradient: every term as `tr(M*dX)` or `m'*dx`, and their sum as `<G, dX>`.

Enters: the last line of a differential of a scalar.  Leaves: the line with dX at the end of each term, and the inner
product.  Always holds: M and G come from the reverse pass; both lines equal the differential.  Not for: Jacobians.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction

from ...grammar import syntax
from ...grammar.syntax import Node
from ..calculus import differentiate as calculus
from ..printing import notation
from ..printing.printer import type_of
from ..printing.unparse import unparse
from ..tensor import algebra
from ..tensor.contraction import ones, scaled
from ..tensor.expr import Contract, Expr, Map, Sum, Symbol
from .differential import Differential
from .reasons import by_law, by_rule
from .steps import Reason, Shown
from .typeset import Typesetter

Coefficient = Fraction
ELEMENTWISE = {".*", "./"}


def moved(differential: Differential, typesetter: Typesetter) -> tuple[Shown, tuple[Reason, ...]] | None:
    """The last line with the differential of the variable at the end of each term, and the laws that bring it there;
    None where it stands there already, or where terms need index notation."""
    if not differential.direction.order:
        return None
    nodes: list[tuple[bool, Node]] = []
    laws: dict[str, None] = {}
    changes = False
    for coefficient, unsigned in terms_of(differential.last):
        term = scaled(unsigned, Fraction(-1 if coefficient < 0 else 1))
        before = typesetter.split(term)
        gradient = calculus.pullback(term, differential.direction, algebra.number(1))
        after = ended(gradient, differential.direction, typesetter)
        if after is None or before is None:
            return None
        factor, node = after
        start = before[1]
        done = stands_last(start, differential.direction.order) or (is_pairing(start) and is_pairing(node))
        if done or bare(notation.with_coefficient(*before)) == bare(notation.with_coefficient(factor, node)):
            factor, node = before
        else:
            laws |= dict.fromkeys(used_laws(start, differential.direction.order))
            changes = True
        factor *= abs(coefficient)
        nodes.append((factor < 0, notation.with_coefficient(abs(factor), node)))
    if not changes:
        return None
    reasons = tuple(map(by_law, laws)) or (by_rule("linear"),)
    return Shown(notation.plus(sorted(nodes, key=lambda n: n[0]))), reasons


def bare(node: Node) -> str:
    """The text of a node without brackets."""
    return unparse(node).translate({ord("("): None, ord(")"): None})


def terms_of(expression: Expr) -> tuple[tuple[Coefficient, Expr], ...]:
    """The terms of a sum; of anything else, itself."""
    return expression.terms if isinstance(expression, Sum) else ((Fraction(1), expression),)


def inner_product(gradient: Expr, direction: Symbol, typesetter: Typesetter) -> Shown:
    """`<G, dX>`; of scalars the product."""
    shown = typesetter.shown(gradient)
    moving = typesetter.differential(direction)
    if not direction.order:
        return Shown(notation.scaled([shown.body], moving), shown.where)
    if not shown.indices:
        return Shown(notation.call("inner", shown.body, moving), shown.where)
    name = typesetter.fresh("G")
    value = syntax.Binding(
        notation.NOWHERE, name, notation.NOWHERE, shown.indices, shown.body, type_of(ones(gradient.shape))
    )
    return Shown(notation.call("inner", notation.name(name), moving), (*shown.where, value))


def ended(gradient: Expr, direction: Symbol, typesetter: Typesetter) -> tuple[Coefficient, Node] | None:
    """A number and the term of which this is the gradient, with dX last; None where there is no such form."""
    if direction.order > 2 or (isinstance(gradient, Sum) and len(gradient.terms) > 1 and not direction.order):
        return None
    (coefficient, inner), *more = terms_of(gradient) or ((Fraction(0), gradient),)
    if more or not coefficient:
        coefficient, inner = Fraction(1), gradient
    scalar, tensor = apart(inner)
    moving = typesetter.differential(direction)
    if not direction.order:
        factor, last = coefficient, moving
    else:
        found = paired(scaled(tensor, coefficient), direction.order, moving, typesetter)
        if found is None:
            return None
        factor, last = found
    if algebra.number_value(scalar) == 1:
        return factor, last
    return typesetter.times(scaled(scalar, factor), last)


def paired(tensor: Expr, order: int, moving: Node, typesetter: Typesetter) -> tuple[Coefficient, Node] | None:
    """`m'*dx`, `tr(M*dX)` or `sum(G .* dX)`."""
    if order == 1:
        found = typesetter.split(tensor)
        return found and (found[0], notation.times(turned(found[1]), moving))
    found = typesetter.split(tensor)
    if found is None:
        return None
    if isinstance(tensor, Map) or is_elementwise(found[1]):
        return found[0], notation.call("sum", notation.hadamard([found[1], moving]))
    if algebra.number_value(tensor) is not None:
        return found[0], notation.call("sum", moving)
    matrix = typesetter.split(algebra.transpose(tensor))
    if matrix is None:
        return None
    if matrix[0] < 0:
        matrix = without_minus(algebra.transpose(tensor), typesetter) or matrix
    identity = isinstance(matrix[1], syntax.Call) and matrix[1].name == "eye"
    return matrix[0], notation.call("tr", moving if identity else notation.times(matrix[1], moving))


def without_minus(matrix: Expr, typesetter: Typesetter) -> tuple[Coefficient, Node] | None:
    """A positive number and the rest of a matrix, where the sign of a sum in it can be turned; None where it cannot."""
    shown = typesetter.shown(matrix)
    node = shown.body
    if shown.where or shown.indices or not isinstance(node, syntax.Chain) or node.operators[0] != "*":
        return None
    first, *rest = node.operands
    if isinstance(first, syntax.Negate):
        return None
    if not isinstance(first, syntax.Number):
        return Fraction(1), node
    return Fraction(first.text), syntax.Chain(node.span, tuple(rest), node.operators[1:]) if rest[1:] else rest[0]


def apart(tensor: Expr) -> tuple[Expr, Expr]:
    """The scalar factors of a tensor, and the rest."""
    if not isinstance(tensor, Contract) or not tensor.order:
        return (tensor, algebra.number(1)) if not tensor.order else (algebra.number(1), tensor)
    groups = connected(list(tensor.factors))
    outside = [f for group in groups if not any(k < tensor.order for _, at in group for k in at) for f in group]
    inside = [f for f in tensor.factors if f not in outside]
    sizes = dict(enumerate(tensor.sizes))
    within = {k for _, at in inside for k in at} | set(range(tensor.order))
    scalar = algebra.contract(outside, (), {k: s for k, s in sizes.items() if k not in within})
    return scalar, algebra.contract(inside, range(tensor.order), {k: sizes[k] for k in within})


def connected(factors: list[tuple[Expr, tuple[int, ...]]]) -> list[list[tuple[Expr, tuple[int, ...]]]]:
    """The factors in groups that share no label."""
    groups: list[tuple[set[int], list[tuple[Expr, tuple[int, ...]]]]] = []
    for factor in factors:
        labels, members = set(factor[1]), [factor]
        rest = []
        for other, inside in groups:
            if other & labels:
                labels, members = labels | other, inside + members
            else:
                rest.append((other, inside))
        groups = [*rest, (labels, members)]
    return [members for _, members in groups]


def turned(node: Node) -> Node:
    """The transpose of a vector: of a product, the transposed factors in reverse."""
    if isinstance(node, syntax.Chain) and set(node.operators) == {"*"}:
        return notation.times(*(notation.transposed(operand) for operand in reversed(node.operands)))
    return notation.transposed(node)


def is_elementwise(node: Node) -> bool:
    """Whether a node is an elementwise product or quotient."""
    return isinstance(node, syntax.Chain) and bool(ELEMENTWISE & set(node.operators))


def is_pairing(node: Node) -> bool:
    """Whether a term is `c * sum(G .* dX)`."""
    path = path_to_differential(node)
    return path is not None and len(path) > 1 and is_elementwise(path[-1]) and is_sum(path[-2])


def stands_last(node: Node, order: int) -> bool:
    """Whether a term is `c * tr(M*dX)`, or `m'*dx`, which may be divided by a scalar."""
    path = path_to_differential(node)
    if not path or not isinstance(path[-1], syntax.Chain):
        return False
    product = path[-1]
    if order < 2:
        place = next((k for k, o in enumerate(product.operands) if isinstance(o, syntax.Call) and o.name == "d"), 0)
        return len(path) == 1 and set(product.operators[:place]) == {"*"} and set(product.operators[place:]) <= {"/"}
    if len(path) < 2 or not isinstance(path[-2], syntax.Call) or path[-2].name != "tr":
        return False
    last = product.operands[-1]
    return set(product.operators) == {"*"} and isinstance(last, syntax.Call) and last.name == "d"


def is_sum(node: Node) -> bool:
    """Whether a node is `sum(...)`."""
    return isinstance(node, syntax.Call) and node.name == "sum" and len(node.arguments) == 1


def used_laws(before: Node, order: int) -> Iterator[str]:
    """The laws that take dX from where it stands to the end."""
    paths = paths_to_differentials(before)
    if not paths:
        return
    nodes = [node for path in paths for node in path]
    transposed = any(isinstance(node, syntax.Transpose) for node in nodes)
    trace = any(isinstance(node, syntax.Call) and node.name == "tr" for node in nodes)
    elementwise = any(is_elementwise(node) for node in nodes)
    diagonal = any(isinstance(node, syntax.Call) and node.name == "diag" for node in nodes)
    if elementwise:
        yield "trace-elementwise"
    if diagonal:
        yield "trace-of-diagonal"
    if order < 2 and transposed:
        yield "transpose-scalar"
    if order == 2 and transposed:
        yield "trace-transpose"
    if order == 2 and not elementwise:
        yield "trace-cyclic" if trace else "trace-of-scalar"
    if any(map(is_sum_of_product, paths)):
        yield "sum-of-product"
    elif order < 2 and sum(isinstance(a, syntax.Chain) and a.operators[0] == "*" for a in paths[0]) > 1:
        yield "scalars-commute"


def is_sum_of_product(path: list[Node]) -> bool:
    """Whether a differential stands in a product that is summed."""
    return any(is_sum(a) and isinstance(b, syntax.Chain) and b.operators[0] == "*" for a, b in itertools.pairwise(path))


def path_to_differential(root: Node) -> list[Node] | None:
    """The nodes from the root to the parent of the first differential; None where there is none."""
    return next(iter(paths_to_differentials(root)), None)


def paths_to_differentials(root: Node) -> list[list[Node]]:
    """The nodes from the root to the parent of each differential."""
    found: list[list[Node]] = []
    stack: list[list[Node]] = [[root]]
    while stack:
        path = stack.pop()
        if isinstance(path[-1], syntax.Call) and path[-1].name == "d":
            found.append(path[:-1])
        else:
            stack.extend([*path, child] for child in reversed(path[-1].children))
    return found
