"""Calls of functions of the same file: their bodies, elaborated with the arguments in place of the parameters.

Enters: a call and its elaborated arguments.  Leaves: the value of the body.  Always holds: calls with equal arguments
are elaborated once; a function does not call itself.  Not for: functions of the language (`builtins.py`).
"""

from __future__ import annotations

from collections.abc import Iterable

from ...grammar import errors, syntax
from ..tensor import algebra
from ..tensor.expr import symbol
from .builtins import refuse_reserved
from .elaborate import Elaborator, Identity, Value, differentiated
from .sizes import declared_shape, size_of
from .wording import count, describe, here


def inline(scope: Elaborator, node: syntax.Call, arguments: list[Value]) -> Value:
    """The result of a call of another function of the file."""
    function = scope.functions[node.name]
    if node.name in scope.calls:
        path = " -> ".join([*scope.calls[scope.calls.index(node.name) :], node.name])
        scope.fail(
            f"{node.name} calls itself: {path}",
            node,
            kind=errors.NameError,
            hint="recursion is not part of the language",
        )
    if len(arguments) != len(function.parameters):
        usage = ", ".join(p.name for p in function.parameters)
        scope.fail(
            f"{node.name} takes {count(len(function.parameters), 'argument')}, here {here(len(arguments))}",
            node,
            found=f"its parameters are ({usage})",
            kind=errors.ArgumentError,
        )
    key = (node.name, *((a.scale, "I") if isinstance(a, Identity) else a for a in arguments))
    if key not in scope.memo:
        refuse_reserved(scope, function)
        names: dict[str, Value] = {}
        inner = Elaborator(scope.source, scope.functions, scope.sizes, names, {}, (*scope.calls, node.name), scope.memo)
        given = list(zip(function.parameters, arguments, node.arguments, strict=True))
        # I comes last: its size may be that of another argument.
        for parameter, argument, place in sorted(given, key=lambda item: isinstance(item[1], Identity)):
            names[parameter.name] = _argument(scope, inner, node, parameter, argument, place)
        for parameter in function.parameters:  # sizes that are composed of names that later parameters gave
            if parameter.type is not None:
                declared_shape(inner, parameter.type)
        scope.memo[key] = inner.body(function.body)
    results = scope.memo[key]
    if len(results) != 1:
        scope.fail(f"{node.name} has {len(results)} results: it cannot be used inside an expression", node)
    return results[0]


def _argument(
    scope: Elaborator,
    inner: Elaborator,
    node: syntax.Call,
    parameter: syntax.Parameter,
    value: Value,
    place: syntax.Node,
) -> Value:
    if isinstance(value, Identity) and parameter.type is not None:
        shape = declared_shape(inner, parameter.type)
        if len(shape) == 2:
            value = algebra.product(value.scale, algebra.delta(shape[0]))
    expression = scope.expression(value, place)
    attributes: Iterable[str] = ()
    if parameter.type is not None:
        wanted = parameter.type
        order = len(wanted.sizes)
        if order != expression.order:
            scope.fail(
                f"{parameter.name} of {node.name} is a {wanted.kind}",
                place,
                found=f"{scope.text(place)} is {describe(expression.shape)}",
            )
        for size, dim in zip(wanted.sizes, expression.shape, strict=True):
            if isinstance(size, syntax.Name) and size.id not in inner.size_names:
                inner.size_names[size.id] = dim
            elif not (syntax.names_in(size) - inner.size_names.keys()) and not scope.same(size_of(inner, size), dim):
                scope.fail(
                    f"the size of {scope.text(place)} does not fit parameter {parameter.name} of {node.name}",
                    place,
                    found=f"{scope.text(place)} is {describe(expression.shape)}\n"
                    f"{parameter.name} is {wanted.kind}[{', '.join(inner.text(s) for s in wanted.sizes)}], "
                    f"where {inner.text(size)} is {size_of(inner, size)}: "
                    f"{size_of(inner, size)} and {dim} are different sizes",
                )
        attributes = wanted.attributes
    if parameter.name not in differentiated(scope.functions[node.name].body):
        return expression
    return symbol(parameter.name, expression.shape, attributes, "bound", expression)
