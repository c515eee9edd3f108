"""The operators of the language on values: which shapes fit, and what the result is.

Enters: values whose sizes may still be open.  Leaves: values.  Always holds: an operator that does not fit raises a
ShapeError that names both operands and, where one exists, what would fit.  Not for: functions (`builtins.py`).
"""

from __future__ import annotations

from fractions import Fraction
from typing import NoReturn

from ...grammar import errors, syntax
from ..tensor import algebra
from ..tensor.dims import Dim
from ..tensor.expr import Expr, Shape
from .elaborate import Condition, Elaborator, Identity, Value
from .misfits import misfit
from .sparsity import check_operator
from .wording import describe

ONE = Dim.of(1)
COMPARISONS = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge", "==": "eq", "!=": "ne"}
MOST_MATRIX_POWER = 64


def operate(scope: Elaborator, node: syntax.Chain, left: Value, right: Value) -> Value:
    """The value of `left operator right`; `node` is the Chain of just these two."""
    operator = node.operators[0]
    for value, place in zip((left, right), node.operands, strict=True):
        if isinstance(value, Condition):
            scope.expression(value, place)
    check_operator(scope, node, left, right)
    if isinstance(left, Identity) or isinstance(right, Identity):
        return _with_identity(scope, node, operator, left, right)
    assert isinstance(left, Expr) and isinstance(right, Expr)
    match operator:
        case "+":
            return algebra.total(*expanded(scope, node, left, right))
        case "-":
            return algebra.difference(*expanded(scope, node, left, right))
        case ".*":
            return algebra.hadamard(*expanded(scope, node, left, right))
        case "./":
            a, b = expanded(scope, node, left, right)
            return algebra.hadamard(a, algebra.power(b, -1))
        case ".^":
            return algebra.map_("pow", expanded(scope, node, left, right))
        case "*":
            return _times(scope, node, left, right)
        case "/":
            return _divide(scope, node, left, right)
        case "\\":
            return _solve(scope, node, left, right)
        case "^":
            return _power(scope, node, left, right)
        case ":":
            return _double(scope, node, left, right)
    return Condition(algebra.map_(COMPARISONS[operator], expanded(scope, node, left, right)))


def negate(scope: Elaborator, value: Value, node: syntax.Node) -> Value:
    """`-value`."""
    if isinstance(value, Identity):
        return Identity(algebra.scaled(value.scale, Fraction(-1)))
    return algebra.scaled(scope.expression(value, node), Fraction(-1))


def transposed(scope: Elaborator, node: syntax.Transpose, value: Value) -> Value:
    """`value'`: of a vector the row, of a row the vector."""
    if isinstance(value, Identity):
        return value
    expression = scope.expression(value, node.operand)
    match expression.order:
        case 0:
            return expression
        case 1:
            return algebra.broadcast(expression, (1,), (ONE, expression.shape[0]))
        case 2 if expression.shape[0] == ONE:
            return algebra.sum_over(expression, (0,))
        case 2:
            return algebra.transpose(expression)
    scope.fail(
        "' transposes matrices and vectors",
        node,
        found=f"{scope.text(node.operand)} is {describe(expression.shape)}",
        hint="index notation permutes the indices of a tensor: { P[k, j, i] = T[i, j, k]; P }",
    )


def expanded(scope: Elaborator, node: syntax.Node, *operands: Expr) -> tuple[Expr, ...]:
    """The operands at their common shape: equal shapes, scalars to everything, a vector to every column of a matrix,
    a row to every row."""
    shape: Shape = operands[0].shape
    for operand in operands[1:]:
        common = _common(scope, shape, operand.shape)
        if common is None:
            misfit(scope, node, operands)
        shape = common
    return tuple(expand_to(operand, shape) for operand in operands)


def expand_to(operand: Expr, shape: Shape) -> Expr:
    """The operand repeated along the axes that it lacks or in which it has size 1."""
    if operand.shape == shape:
        return operand
    axes = [-1 if size == ONE != shape[axis] else axis for axis, size in enumerate(operand.shape)]
    return algebra.broadcast(operand, axes, shape)


def _common(scope: Elaborator, a: Shape, b: Shape) -> Shape | None:
    if not a or not b:
        return a or b
    if len(a) != len(b):
        if {len(a), len(b)} != {1, 2}:
            return None
        a, b = (s if len(s) == 2 else (s[0], ONE) for s in (a, b))
    if len(a) > 2:
        return a if len(a) == len(b) and all(scope.same(x, y) for x, y in zip(a, b, strict=True)) else None
    sizes: list[Dim] = []
    for x, y in zip(a, b, strict=True):
        if x == ONE or y == ONE:
            sizes.append(y if x == ONE else x)
        elif scope.same(x, y):
            sizes.append(x)
        else:
            return None
    return tuple(sizes)


def _times(scope: Elaborator, node: syntax.Chain, a: Expr, b: Expr) -> Expr:
    if not a.order or not b.order:
        return algebra.product(a, b) if not a.order else algebra.product(b, a)
    if a.order == 1 and b.order == 1:
        x, y = (scope.text(place) for place in node.operands)
        misfit(
            scope,
            node,
            (a, b),
            f"write {x}'*{y} for the inner product, {x}*{y}' for the outer, {x} .* {y} for the elementwise",
        )
    if a.order == 1 and b.order == 2:
        if b.shape[0] != ONE:
            misfit(scope, node, (a, b))
        return algebra.hadamard(*expanded(scope, node, a, b))
    if not scope.same(a.shape[-1], b.shape[0]):
        misfit(scope, node, (a, b))
    result = algebra.matmul(a, b)
    if a.order == 2 and b.order == 1 and a.shape[0] == ONE:
        return algebra.sum_over(result)
    return result


def _square(scope: Elaborator, node: syntax.Node, operand: syntax.Node, matrix: Expr, title: str) -> None:
    if matrix.order != 2 or not scope.same(*matrix.shape):
        found = f"{scope.text(operand)} is {describe(matrix.shape)}"
        if matrix.order == 2:
            found += f": {matrix.shape[0]} and {matrix.shape[1]} are different sizes"
        scope.fail(title, node, found=found)


def inverse(matrix: Expr) -> Expr:
    """The inverse of a square matrix."""
    return algebra.atom("inv", (matrix,), matrix.shape)


def _divide(scope: Elaborator, node: syntax.Chain, a: Expr, b: Expr) -> Expr:
    if not b.order:
        return algebra.product(algebra.power(b, -1), a)
    x, y = (scope.text(place) for place in node.operands)
    if b.order != 2 or a.order not in (1, 2):
        misfit(scope, node, (a, b), f"write {x} ./ {y} for the elementwise quotient")
    _square(scope, node, node.operands[1], b, f"{x}/{y} is {x}*inv({y}): the divisor must be square")
    return _times(scope, node, a, inverse(b))


def _solve(scope: Elaborator, node: syntax.Chain, a: Expr, b: Expr) -> Expr:
    if not a.order:
        return algebra.product(algebra.power(a, -1), b)
    x, y = (scope.text(place) for place in node.operands)
    _square(scope, node, node.operands[0], a, f"{x} \\ {y} solves a square system")
    if not b.order or not scope.same(a.shape[1], b.shape[0]):
        misfit(scope, node, (a, b))
    return algebra.matmul(inverse(a), b)


def _power(scope: Elaborator, node: syntax.Chain, base: Expr, exponent: Expr) -> Expr:
    x, y = (scope.text(place) for place in node.operands)
    if exponent.order:
        misfit(scope, node, (base, exponent), f"write {x} .^ {y} for elementwise powers")
    if not base.order:
        return algebra.map_("pow", (base, exponent))
    if base.order != 2:
        misfit(scope, node, (base, exponent), f"write {x} .^ {y} for elementwise powers")
    _square(scope, node, node.operands[0], base, f"{x}^{y} needs a square matrix")
    value = algebra.number_value(exponent)
    if value is None or value.denominator != 1 or abs(value) > MOST_MATRIX_POWER:
        scope.fail(
            f"the power of a matrix is a whole number, at most {MOST_MATRIX_POWER}",
            node.operands[1],
            hint=f"write {x} .^ {y} for elementwise powers",
        )
    return matrix_power(base, int(value))


def matrix_power(base: Expr, exponent: int) -> Expr:
    """The product of `exponent` equal square matrices; of inverses for a negative one."""
    if exponent < 0:
        base, exponent = inverse(base), -exponent
    result: Expr = algebra.delta(base.shape[0])
    while exponent:
        if exponent & 1:
            result = algebra.matmul(result, base)
        base, exponent = (algebra.matmul(base, base) if exponent > 1 else base), exponent >> 1
    return result


def _double(scope: Elaborator, node: syntax.Chain, a: Expr, b: Expr) -> Expr:
    x, y = (scope.text(place) for place in node.operands)
    if a.order < 2 or b.order < 2:
        misfit(scope, node, (a, b), f"write {x}'*{y} for vectors" if a.order == b.order == 1 else "")
    if not (scope.same(a.shape[-2], b.shape[0]) and scope.same(a.shape[-1], b.shape[1])):
        misfit(scope, node, (a, b))
    return algebra.tensordot(a, b, 2)


def sized(scope: Elaborator, node: syntax.Node, value: Identity, other: Expr, axis: int) -> Expr:
    """`I` with the size of the other operand's axis."""
    if not other.order:
        scope.fail(
            "the size of I is not known here",
            node,
            found="the other operand is a scalar",
            hint="I takes its size from a matrix operand; eye(n) has a size of its own",
        )
    return algebra.product(value.scale, algebra.delta(other.shape[axis]))


def _with_identity(scope: Elaborator, node: syntax.Chain, operator: str, left: Value, right: Value) -> Value:
    if isinstance(left, Identity) and isinstance(right, Identity):
        match operator:
            case "+" | "-":
                return Identity(
                    algebra.add([(Fraction(1), left.scale), (Fraction(1 if operator == "+" else -1), right.scale)], ())
                )
            case "*" | ".*":
                return Identity(algebra.product(left.scale, right.scale))
            case "/" | "\\":
                top, bottom = (left, right) if operator == "/" else (right, left)
                return Identity(algebra.product(top.scale, algebra.power(bottom.scale, -1)))
        scope.fail("the size of I is not known here", node, hint="eye(n) has a size of its own")
    if isinstance(right, Identity):
        assert isinstance(left, Expr)
        if not left.order and operator in ("*", "\\"):
            factor = left if operator == "*" else algebra.power(left, -1)
            return Identity(algebra.product(factor, right.scale))
        if operator == "^" or (left.order == 1 and operator in ("+", "-", ".*", "./", "*", "/")):
            _no_identity(scope, node, left)
        return operate(scope, node, left, sized(scope, node.operands[1], right, left, -1))
    assert isinstance(left, Identity) and isinstance(right, Expr)
    if not right.order and operator in ("*", "/"):
        factor = right if operator == "*" else algebra.power(right, -1)
        return Identity(algebra.product(factor, left.scale))
    if not right.order and operator == "^":
        return Identity(algebra.map_("pow", (left.scale, right)))
    if right.order == 1 and operator in ("+", "-", ".*", "./"):
        _no_identity(scope, node, right)
    return operate(scope, node, sized(scope, node.operands[0], left, right, 0), right)


def _no_identity(scope: Elaborator, node: syntax.Chain, other: Expr) -> NoReturn:
    scope.fail(
        f"I does not fit in {scope.text(node)}",
        node,
        found=f"the other operand is {describe(other.shape)}",
        kind=errors.ShapeError,
        hint="I is a square matrix",
    )
