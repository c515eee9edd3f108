"""Derived functions: from the definition of f to that of its gradient, Jacobian, ..., simplified.

Enters: a definition, an operation and variables.  Leaves: a definition with the same parameters (and, for `hvp jvp
vjp`, the direction as a further, last one).  Always holds: f is simplified before it is differentiated, so that
derivatives are those of the stable form.  Not for: planning.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ...grammar.errors import ArgumentError, ShapeError, suggest
from ..language.definition import Definition
from ..language.wording import describe
from ..show import rule_shower, show_pass
from ..tensor.expr import Expr, Symbol, symbol
from . import differentiate as calculus
from .derivation import Derivation as Derivation
from .derivation import parameters_are
from .derivation import variables_of as variables_of
from .simplify import Step, simplify

Trace = Callable[[Step], None] | None


def simplified(definition: Definition, trace: Trace = None) -> Definition:
    """The definition with simplified results."""
    show_pass("elaborated", definition.results)
    made = replace(definition, results=tuple(simplify(r, trace or rule_shower()) for r in definition.results))
    show_pass("simplified", made.results)
    return made


def derive(definition: Definition, derivation: Derivation, trace: Trace = None) -> Definition:
    """The definition of the derivative, simplified; `jac` and `jvp` of several results are several results.

    Raises ArgumentError for an unknown variable and for other derivatives of several results, ShapeError where a scalar
    function is needed.
    """
    operation = derivation.operation
    variables = [_variable(definition, name) for name in derivation.variables]
    if definition.several and operation in ("jac", "jvp"):
        each = [replace(definition, results=(result,), several=False) for result in definition.results]
        parts = [derive(one, derivation, trace) for one in each]
        return replace(parts[0], results=tuple(part.results[0] for part in parts), several=True)
    function = _single(definition, operation)
    if operation in ("grad", "value_and_grad", "hess", "hvp") and function.order:
        raise ShapeError(
            f"{operation} is of a scalar function",
            found=f"this function returns {describe(function.shape)}",
            hint="jac is the derivative of an array",
        )
    trace = trace or rule_shower()
    show_pass("elaborated", [function])
    function = simplify(function, trace)
    show_pass("simplified", [function])
    parameters = definition.parameters
    several = False
    match operation:
        case "grad" | "value_and_grad":
            gradients = tuple(calculus.gradient(function, v) for v in variables)
            results = (function, *gradients) if operation == "value_and_grad" else gradients
            several = len(results) > 1
        case "jac":
            results = (calculus.jacobian(function, variables[0]),)
        case "hess":
            results = (calculus.jacobian(simplify(calculus.gradient(function, variables[0]), trace), variables[0]),)
        case _:
            direction = _direction(definition, derivation, variables[0], function)
            parameters = (*parameters, direction)
            results = (_along(operation, function, variables[0], direction, trace),)
    show_pass(operation, results)
    results = tuple(simplify(r, trace) for r in results)
    show_pass(f"{operation}, simplified", results)
    return replace(
        definition,
        parameters=parameters,
        results=results,
        several=several,
    )


def _along(operation: str, function: Expr, variable: Symbol, direction: Symbol, trace: Trace) -> Expr:
    if operation == "jvp":
        return calculus.tangent(function, variable, direction)
    if operation == "vjp":
        return calculus.project(calculus.pullback(function, variable, direction), variable, 0)
    return calculus.tangent(simplify(calculus.gradient(function, variable), trace), variable, direction)


def _single(definition: Definition, operation: str) -> Expr:
    if definition.several:
        raise ArgumentError(
            f"{operation} of a function with {len(definition.results)} results",
            hint="write a function that returns one of them",
        )
    return definition.results[0]


def _variable(definition: Definition, name: str) -> Symbol:
    for parameter in definition.parameters:
        if parameter.name == name:
            if "integer" in parameter.attributes:
                raise ArgumentError(f"there is no derivative by {name}", found=f"{name} is an integer")
            if "sparse" in parameter.attributes:
                raise ArgumentError(
                    f"there is no derivative by {name}",
                    found=f"{name} is sparse, and its derivative would be dense",
                    hint=f"declare {name} without sparse",
                )
            return parameter
    names = [p.name for p in definition.parameters]
    close = suggest(name, names)
    raise ArgumentError(
        f"there is no parameter {name}",
        found=parameters_are(names),
        hint=f"did you mean {close}?" if close else "",
    )


def _direction(definition: Definition, derivation: Derivation, variable: Symbol, function: Expr) -> Symbol:
    adjoint = derivation.operation == "vjp"
    shape = function.shape if adjoint else variable.shape
    letter = "s" if adjoint else "v"
    name = derivation.direction or (letter.upper() if len(shape) > 1 else letter)
    taken = {p.name for p in definition.parameters} | {
        n for p in definition.parameters for d in p.shape for n in d.names
    }
    while name in taken:
        name += "_"
    return symbol(name, shape)
