"""Calls of the functions of the language: of those in the table, and of those that `def` lines abbreviate.

Enters: a call and the values of its arguments.  Leaves: a value.  Always holds: an unknown name or a wrong number of
arguments raises an error with the call as one writes it.  Not for: the functions (`functions/`).
"""

from __future__ import annotations

from ...grammar import errors, syntax
from ..tensor.expr import Expr
from .elaborate import Elaborator, Value
from .functions import arrangements, derivatives, elementwise, matrices, reductions
from .functions.table import AUXILIARY, BUILTINS, fail_at
from .sparsity import check_call
from .wording import count, describe, here

__all__ = [
    "BUILTINS", "ELEMENTWISE", "abbreviations", "arrangements", "call", "derivatives", "elementwise", "matrices",
    "reductions",
]  # fmt: skip

# What may stand around indexed operands.
ELEMENTWISE = frozenset(name for name, b in BUILTINS.items() if b.handler is elementwise.elementwise) | {
    *("square", "where", "max", "min")
}


def call(scope: Elaborator, node: syntax.Call, values: list[Value]) -> Value:
    """The value of a call of a function of the language."""
    check_call(scope, node, values)
    builtin = BUILTINS.get(node.name)
    if builtin is None:
        defined = _abbreviation(scope, node, values)
        if defined is not None:
            return defined
        close = errors.suggest(node.name, [*BUILTINS, *abbreviations(), *scope.functions])
        hint = f"did you mean {close}?" if close else "the language reference lists the functions"
        scope.fail(f"there is no function {node.name}", node.name_span, hint=hint, kind=errors.NameError)
    given = len(node.arguments)
    if not builtin.least <= given <= builtin.most:
        takes = (
            count(builtin.least, "argument")
            if builtin.least == builtin.most
            else f"{builtin.least} to {builtin.most} arguments"
        )
        scope.fail(
            f"{node.name} takes {takes}, here {here(given)}",
            node,
            hint=f"write {builtin.usage}",
            kind=errors.ArgumentError,
        )
    if not builtin.raw:
        for value, place in zip(values, node.arguments, strict=False):
            scope.expression(value, place)
    return builtin.handler(scope, node, values)


def abbreviations() -> set[str]:
    """The names that `def` lines of the rule files define."""
    from ..calculus.rulebook import rulebook

    return {name for name, _, _ in rulebook().definitions}


def reserved() -> set[str]:
    """The names of functions, which a program cannot use for anything else."""
    return (BUILTINS.keys() | abbreviations()) - AUXILIARY


def refuse_reserved(scope: Elaborator, function: syntax.Function) -> None:
    """Raises a NameError where a function, a parameter, a size or a binding has the name of a function of the
    language."""
    spans = [] if function.name is None else [(function.name, function.name_span)]
    for parameter in function.parameters:
        start = parameter.span.start
        spans.append((parameter.name, syntax.Span(start, start + len(parameter.name))))
        for size in () if parameter.type is None else parameter.type.sizes:
            spans += [(n.id, n.span) for n in syntax.postorder(size) if isinstance(n, syntax.Name)]
    spans += [(binding.name, binding.name_span) for binding in function.body.bindings]
    for name, span in spans:
        if name in reserved():
            scope.fail(
                f"`{name}` is a reserved name",
                span,
                found="it is a function of the language",
                hint="choose another name",
                kind=errors.NameError,
            )


def _abbreviation(scope: Elaborator, node: syntax.Call, values: list[Value]) -> Expr | None:
    """The value of a call that a `def` line defines."""
    from ..calculus.rulebook import instantiate, rulebook

    definitions = rulebook().definitions
    literal = (
        node.arguments[1].text if len(node.arguments) == 2 and isinstance(node.arguments[1], syntax.Number) else ""
    )
    template = definitions.get((node.name, len(values), literal))
    if template is None:
        variants = [t for (name, _, _), t in definitions.items() if name == node.name]
        if variants:
            usage = " or ".join(t.text.removeprefix("def ").partition("=")[0].strip() for t in variants)
            scope.fail(
                f"{node.name} does not take these arguments", node, hint=f"write {usage}", kind=errors.ArgumentError
            )
        return None
    operand = scope.expression(values[0], node.arguments[0])
    if literal and operand.order != 2:
        fail_at(scope, node, 0, operand, f"{node.name} along an axis needs a matrix")
    if node.name in ("softmax", "logsoftmax") and not literal and operand.order > 1 and scope.source is not None:
        fail_at(
            scope,
            node,
            0,
            operand,
            f"{node.name} of a matrix needs the axis",
            f"write {node.name}({scope.text(node.arguments[0])}, 2) for the rows, 1 for the columns",
        )
    names = {template.parameters[0]: operand}
    if not literal:
        names |= {
            p: scope.expression(v, place)
            for p, v, place in zip(template.parameters, values, node.arguments, strict=True)
        }
    try:
        return instantiate(template.value, names)
    except errors.ShapeError:
        found = ", ".join(
            f"{scope.text(place)} is {describe(v.shape)}"
            for place, v in zip(node.arguments, names.values(), strict=False)
        )
        scope.fail(f"shapes do not fit in {scope.text(node)}", node, found=found)
