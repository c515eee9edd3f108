"""The functions of the language: one table, from the name to its arguments and its meaning.

Enters: a call and the values of its arguments.  Leaves: a value.  Always holds: what does not fit raises an error at
the argument.  Not for: derivatives of functions (`rules/*.rules`); functions that are abbreviations of others are
`def` lines there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..grammar import errors, syntax
from . import algebra
from .dims import Dim, extreme
from .elaborate import Condition, Elaborator, Identity, Value, count, describe
from .expr import Expr, Shape, symbol
from .operators import ONE, expand_to, expanded, inverse, operate

Handler = Callable[[Elaborator, syntax.Call, list[Expr]], Value]


@dataclass(frozen=True, slots=True)
class Builtin:
    """A function: its call as one writes it, how many arguments it takes, and what makes its value.

    `raw` handlers get `Identity` and `Condition` values as they are.
    """

    usage: str
    least: int
    most: int
    handler: Callable[[Elaborator, syntax.Call, list[Value]], Value]
    raw: bool = False


BUILTINS: dict[str, Builtin] = {}


def call(scope: Elaborator, node: syntax.Call, values: list[Value]) -> Value:
    """The value of a call of a function of the language."""
    builtin = BUILTINS.get(node.name)
    if builtin is None:
        defined = _abbreviation(scope, node, values)
        if defined is not None:
            return defined
        close = errors.suggest(node.name, [*BUILTINS, *abbreviations(), *scope.functions])
        scope.fail(f"there is no function {node.name}", node.name_span, kind=errors.NameError,
                   hint=f"did you mean {close}?" if close else "the language reference lists the functions")  # fmt: skip
    given = len(node.arguments)
    if not builtin.least <= given <= builtin.most:
        takes = count(builtin.least, "argument") if builtin.least == builtin.most else f"{builtin.least} to {builtin.most} arguments"
        scope.fail(f"{node.name} takes {takes}, here are {given}", node, hint=f"write {builtin.usage}", kind=errors.ArgumentError)
    if not builtin.raw:
        for value, place in zip(values, node.arguments, strict=False):
            scope.expression(value, place)
    return builtin.handler(scope, node, values)


def abbreviations() -> set[str]:
    """The names that `def` lines of the rule files define."""
    from .rulebook import rulebook

    return {name for name, _, _ in rulebook().definitions}


def _abbreviation(scope: Elaborator, node: syntax.Call, values: list[Value]) -> Expr | None:
    """The value of a call that a `def` line defines."""
    from .rulebook import instantiate, rulebook

    definitions = rulebook().definitions
    literal = node.arguments[1].text if len(node.arguments) == 2 and isinstance(node.arguments[1], syntax.Number) else ""
    template = definitions.get((node.name, len(values), literal))
    if template is None:
        variants = [t for (name, _, _), t in definitions.items() if name == node.name]
        if variants:
            usage = " or ".join(t.text.removeprefix("def ").partition("=")[0].strip() for t in variants)
            scope.fail(f"{node.name} does not take these arguments", node, hint=f"write {usage}", kind=errors.ArgumentError)
        return None
    operand = scope.expression(values[0], node.arguments[0])
    if literal and operand.order != 2:
        _at(scope, node, 0, operand, f"{node.name} along an axis needs a matrix")
    if node.name in ("softmax", "logsoftmax") and not literal and operand.order > 1 and scope.source is not None:
        _at(scope, node, 0, operand, f"{node.name} of a matrix needs the axis",
            f"write {node.name}({scope.text(node.arguments[0])}, 2) for the rows, 1 for the columns")  # fmt: skip
    return instantiate(template.value, {template.parameters[0]: operand})


def define(usage: str, least: int | None = None, raw: bool = False) -> Callable[[Handler], Handler]:
    """Enters a handler into the table; `usage` shows the call with all arguments, of which the last may be left out
    down to `least`."""

    def enter(handler: Handler) -> Handler:
        name, _, arguments = usage.partition("(")
        most = arguments.count(",") + 1 if arguments != ")" else 0
        BUILTINS[name] = Builtin(usage, most if least is None else least, most, handler, raw)  # type: ignore[arg-type]
        return handler

    return enter


def _at(scope: Elaborator, node: syntax.Call, position: int, value: Expr, title: str, hint: str = "") -> None:
    place = node.arguments[position]
    scope.fail(title, node, found=f"{scope.text(place)} is {describe(value.shape)}", hint=hint)


def _square(scope: Elaborator, node: syntax.Call, matrix: Expr) -> None:
    if matrix.order != 2 or not scope.same(*matrix.shape):
        _at(scope, node, 0, matrix, f"{node.name} needs a square matrix")


def _elementwise(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    return algebra.map_(node.name, expanded(scope, node, *values))


for _name in (
    "exp expm1 log log1p sqrt abs sign sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh sigmoid softplus "
    "relu erf erfc normcdf normpdf lgamma digamma trigamma floor ceil"
).split():
    define(f"{_name}(x)")(_elementwise)
for _usage in ("atan2(a, b)", "clip(x, lo, hi)", "huber(x, delta)", "xlogy(a, b)", "polygamma(k, x)"):
    define(_usage)(_elementwise)


@define("square(x)")
def _square_of(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    return algebra.power(values[0], 2)


@define("where(condition, a, b)", raw=True)
def _where(scope: Elaborator, node: syntax.Call, values: list[Value]) -> Expr:
    condition = values[0]
    if isinstance(condition, Condition):
        condition = condition.indicator
    elif scope.source is not None:  # rules also use indicators
        scope.fail("the first argument of where is a comparison", node.arguments[0], hint="write where(x > 0, a, b)")
    assert isinstance(condition, Expr)
    branches = [scope.expression(v, place) for v, place in zip(values[1:], node.arguments[1:], strict=True)]
    return algebra.map_("where", expanded(scope, node, condition, *branches))


def _axis(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> tuple[int, ...] | None:
    """The axes to reduce: all, or the one that the second argument names; None when it is not 1 or 2."""
    matrix = values[0]
    if len(values) == 1:
        return tuple(range(matrix.order))
    axis = algebra.number_value(values[1])
    if axis not in (1, 2) or not isinstance(node.arguments[1], syntax.Number):
        return None
    if matrix.order != 2:
        _at(scope, node, 0, matrix, f"{node.name} along an axis needs a matrix")
    return (int(axis) - 1,)


def _along(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> tuple[int, ...]:
    axes = _axis(scope, node, values)
    if axes is None:
        scope.fail("the axis is 1 (down the columns) or 2 (along the rows)", node.arguments[1])
    return axes


def _as_row(reduced: Expr, axes: tuple[int, ...], original: Expr) -> Expr:
    """What is reduced down the columns is a row: matrix[1, n]."""
    if axes == (0,) and original.order == 2:
        return algebra.broadcast(reduced, (1,), (ONE, original.shape[1]))
    return reduced


@define("sum(X, axis)", 1)
def _sum(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    axes = _along(scope, node, values)
    return _as_row(algebra.sum_over(values[0], axes), axes, values[0])


def _reduction(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    axes = _along(scope, node, values)
    if node.name in ("max", "min"):
        for axis in axes:
            if values[0].shape[axis].value == 0:
                scope.fail(f"{node.name} of nothing", node, found=f"{scope.text(node.arguments[0])} is {describe(values[0].shape)}")
    return _as_row(algebra.reduce_(node.name, values[0], axes), axes, values[0])


for _usage in ("logsumexp(X, axis)", "prod(X)"):
    define(_usage, 1)(_reduction)


def _extreme(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    literal = len(node.arguments) == 2 and isinstance(node.arguments[1], syntax.Number)
    if len(values) == 1 or (values[0].order == 2 and literal and _axis(scope, node, values)):
        return _reduction(scope, node, values)
    return _elementwise(scope, node, values)


define("max(a, b)", 1)(_extreme)
define("min(a, b)", 1)(_extreme)


@define("numel(x)")
def _numel(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    total = Dim.of(1)
    for size in values[0].shape:
        total = total * size
    return algebra.size_scalar(total)


@define("rows(A)")
def _rows(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    return algebra.size_scalar(values[0].shape[0])


@define("tr(A)")
def _trace(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    if not values[0].order:
        return values[0]
    _square(scope, node, values[0])
    return algebra.trace(values[0])


def _square_function(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    _square(scope, node, values[0])
    return algebra.atom(node.name, values, ())


for _name in ("det", "logdet", "logabsdet"):
    define(f"{_name}(A)")(_square_function)


@define("inv(A)", raw=True)
def _inverse(scope: Elaborator, node: syntax.Call, values: list[Value]) -> Value:
    if isinstance(values[0], Identity):
        return Identity(algebra.power(values[0].scale, -1))
    matrix = scope.expression(values[0], node.arguments[0])
    if not matrix.order:
        return algebra.power(matrix, -1)
    _square(scope, node, matrix)
    return inverse(matrix)


@define("normfro(A)")
def _frobenius(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    if values[0].order == 1 or not values[0].order:
        values = [algebra.broadcast(values[0], (0,) * values[0].order, (*values[0].shape, ONE)[:1])]
    return algebra.atom("normfro", values, ())


@define("norm2(x)")
def _norm2(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    if values[0].order == 1:
        return _frobenius(scope, node, values)
    if values[0].order != 2:
        _at(scope, node, 0, values[0], "norm2 is of vectors and matrices")
    return algebra.atom("norm2", values, ())


@define("norm1(x)")
def _norm1(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    sizes = algebra.map_("abs", values)
    if sizes.order == 2:
        return algebra.reduce_("max", algebra.sum_over(sizes, (0,)), (0,))
    return algebra.sum_over(sizes)


@define("norminf(x)")
def _norminf(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    sizes = algebra.map_("abs", values)
    if sizes.order == 2:
        sizes = algebra.sum_over(sizes, (1,))
    return algebra.reduce_("max", sizes, range(sizes.order))


@define("diag(A)")
def _diag(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    array = values[0]
    if array.order == 1:
        return algebra.diagonal(array)
    if array.order != 2 or (array.shape[0] == ONE and array.shape[1] != ONE):
        _at(scope, node, 0, array, "diag takes a vector or a matrix", "write diag(x') for a row x" if array.order == 2 else "")
    rows, columns = array.shape
    if rows.name in scope.sizes.open or columns.name in scope.sizes.open:
        scope.same(rows, columns)
    if rows == columns:
        return algebra.diagonal(array)
    size = extreme("min", rows, columns)
    from .indexing import selection

    left, right = (selection(Dim.of(0), size, total) for total in (rows, columns))
    return algebra.contract([(array, (0, 1)), (left, (2, 0)), (right, (2, 1))], (2,), {0: rows, 1: columns, 2: size})


@define("transpose(A)", raw=True)
def _transpose(scope: Elaborator, node: syntax.Call, values: list[Value]) -> Value:
    from .operators import transposed

    return transposed(scope, syntax.Transpose(node.span, node.arguments[0]), values[0])


@define("inner(A, B)", raw=True)
def _inner(scope: Elaborator, node: syntax.Call, values: list[Value]) -> Expr:
    product = operate(scope, syntax.Chain(node.span, node.arguments, (".*",)), *values)
    return algebra.sum_over(scope.expression(product, node))


@define("outer(x, y)")
def _outer(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    for position, value in enumerate(values):
        if value.order != 1:
            _at(scope, node, position, value, "outer is of two vectors")
    return algebra.outer(*values)


@define("eye(n)", raw=True)
def _eye(scope: Elaborator, node: syntax.Call, values: list[Value]) -> Expr:
    return algebra.delta(scope.dim(node.arguments[0]))


def _filled(scope: Elaborator, node: syntax.Call, values: list[Value]) -> Expr:
    shape = tuple(scope.dim(size) for size in node.arguments)
    return algebra.ones(shape) if node.name == "ones" else algebra.zero(shape)


for _usage in ("ones(m, n, p, q)", "zeros(m, n, p, q)"):
    define(_usage, 1, raw=True)(_filled)  # type: ignore[arg-type]


def _variable(scope: Elaborator, node: syntax.Call, values: list[Value]) -> Expr:
    """The symbol that a derivative is taken with respect to."""
    place = node.arguments[1]
    value = values[1]
    if not isinstance(place, syntax.Name) or not isinstance(value, Expr) or not hasattr(value, "role"):
        scope.fail(f"the second argument of {node.name} is the name of a parameter or of a bound value", place)
    return value


def _derivative(scope: Elaborator, node: syntax.Call, values: list[Value]) -> Expr:
    from . import differentiate as calculus
    from .expr import Symbol, expand

    variable = _variable(scope, node, values)
    assert isinstance(variable, Symbol)
    function = expand(scope.expression(values[0], node.arguments[0]), variable)
    match node.name:
        case "grad" | "hess" | "hvp" if function.order:
            _at(scope, node, 0, function, f"{node.name} is of a scalar function",
                f"jac({scope.text(node.arguments[0])}, {scope.text(node.arguments[1])}) is the derivative of an array")  # fmt: skip
        case "grad":
            return calculus.gradient(function, variable)
        case "jac":
            return calculus.jacobian(function, variable)
        case "hess":
            return calculus.hessian(function, variable)
    direction = scope.expression(values[2], node.arguments[2])
    wanted: Shape = function.shape if node.name == "vjp" else variable.shape
    fits = len(direction.shape) == len(wanted) and all(scope.same(a, b) for a, b in zip(direction.shape, wanted, strict=True))
    if not fits and not direction.order:
        direction, fits = expand_to(direction, wanted), True
    if not fits:
        what = scope.text(node.arguments[0 if node.name == "vjp" else 1])
        _at(scope, node, 2, direction, f"the direction of {node.name} has the shape of {what}: {describe(wanted)}")
    # The direction is a constant of this differentiation, also where it depends on the variable.
    held = symbol("direction", wanted, (), "direction", direction)
    match node.name:
        case "jvp":
            derivative = calculus.tangent(function, variable, held)
        case "vjp":
            derivative = calculus.pullback(function, variable, held)
        case _:
            derivative = calculus.tangent(calculus.gradient(function, variable), variable, held)
    return expand(derivative, variable)


for _usage in ("grad(f, X)", "jac(F, X)", "hess(f, x)", "hvp(f, x, v)", "jvp(F, X, V)", "vjp(F, X, S)"):
    define(_usage, raw=True)(_derivative)  # type: ignore[arg-type]
