"""Derivatives as functions of the language: `grad jac hess hvp jvp vjp`.

Enters: an expression, the name to differentiate by, and for the last three a direction.  Leaves: the derivative.
Always holds: the expression is simplified before it is differentiated, so that derivatives are those of its stable
form; the direction is a constant of this differentiation.  Not for: the rules (`differentiate.py`, `rules/`).
"""

from __future__ import annotations

from ....grammar import errors, syntax
from ...calculus import differentiate as calculus
from ...tensor.expr import Expr, Shape, Symbol, expand, rebuild, symbol
from ...tensor.sparse import sparse_valued
from ..elaborate import Elaborator, Value
from ..operators import expand_to
from ..wording import describe
from .table import define_raw, fail_at


def _variable(scope: Elaborator, node: syntax.Call, values: list[Value]) -> Symbol:
    """The symbol that a derivative is taken with respect to."""
    place = node.arguments[1]
    value = values[1]
    if not isinstance(place, syntax.Name) or not isinstance(value, Symbol):
        scope.fail(f"the second argument of {node.name} is the name of a parameter or of a bound value", place)
    if "integer" in value.attributes:
        scope.fail(f"there is no derivative by {place.id}", place, found=f"{place.id} is an integer scalar")
    if sparse_valued(value) is not None:
        scope.fail(
            f"there is no derivative by {place.id}",
            place,
            found=f"{place.id} is sparse, and its derivative would be dense",
            hint=f"declare {place.id} without sparse",
            kind=errors.TypeError,
        )
    return value


def _simplified(function: Expr, variable: Symbol) -> tuple[Expr, Symbol]:
    """The simplified function, and the variable in it: without its value, which must not be rewritten."""
    from ...calculus.simplify import simplify

    if variable.value is None:
        return simplify(function), variable
    free = symbol(variable.name, variable.shape, variable.attributes, "variable")
    return simplify(rebuild(function, {variable: free})), free


@define_raw("grad(f, X)")
@define_raw("jac(F, X)")
@define_raw("hess(f, x)")
@define_raw("hvp(f, x, v)")
@define_raw("jvp(F, X, V)")
@define_raw("vjp(F, X, S)")
def _derivative(scope: Elaborator, node: syntax.Call, values: list[Value]) -> Expr:
    variable = _variable(scope, node, values)
    function = expand(scope.expression(values[0], node.arguments[0]), variable)
    if function.order and node.name in ("grad", "hess", "hvp"):
        usage = f"jac({scope.text(node.arguments[0])}, {scope.text(node.arguments[1])})"
        hint = f"{usage} is the derivative of an array"
        fail_at(scope, node, 0, function, f"{node.name} is of a scalar function", hint)
    function, free = _simplified(function, variable)
    try:
        derivative = _derived(scope, node, values, function, free)
    except errors.DomainError as error:  # there is none by the order of polygamma
        scope.fail(error.title, node, kind=errors.DomainError)
    if free is not variable:
        derivative = rebuild(derivative, {free: variable})
    return expand(derivative, variable)


def _derived(scope: Elaborator, node: syntax.Call, values: list[Value], function: Expr, free: Symbol) -> Expr:
    match node.name:
        case "grad":
            return calculus.gradient(function, free)
        case "jac":
            return calculus.jacobian(function, free)
        case "hess":
            return calculus.jacobian(_simplified(calculus.gradient(function, free), free)[0], free)
        case _:
            return _along(scope, node, values, function, free)


def _along(scope: Elaborator, node: syntax.Call, values: list[Value], function: Expr, variable: Symbol) -> Expr:
    direction = scope.expression(values[2], node.arguments[2])
    wanted: Shape = function.shape if node.name == "vjp" else variable.shape
    fits = direction.order == len(wanted) and all(map(scope.same, direction.shape, wanted))
    if not fits and not direction.order:
        direction, fits = expand_to(direction, wanted), True
    if not fits:
        what = scope.text(node.arguments[0 if node.name == "vjp" else 1])
        fail_at(scope, node, 2, direction, f"the direction of {node.name} has the shape of {what}: {describe(wanted)}")
    # A symbol whose value is the direction is a constant of this differentiation, also where it depends on the
    # variable.
    held = symbol("direction", wanted, (), "direction", direction)
    match node.name:
        case "jvp":
            return calculus.tangent(function, variable, held)
        case "vjp":
            return calculus.project(calculus.pullback(function, variable, held), variable, 0)
    return calculus.tangent(_simplified(calculus.gradient(function, variable), variable)[0], variable, held)
