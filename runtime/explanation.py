"""`Function.explain`: which derivation a call asks for.

Enters: a function and the names of variables.  Leaves: an `Explanation`.  Always holds: its last expression is that of
the derived function (`f.grad("A")` for the gradient).  Not for: the steps (`compiler/explain/`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..compiler.calculus.derive import Derivation, derive, variables_of
from ..compiler.explain import Explanation
from ..compiler.explain.derivation import derived
from ..compiler.language.builtins import reserved
from ..compiler.language.definition import Definition, elaborate
from ..compiler.tensor.expr import Expr
from ..grammar import errors, syntax

if TYPE_CHECKING:
    from .function import Function

# Derivatives whose call may be the whole of what is explained, with the numbers of their arguments.
WRITTEN = {"grad": 2, "jac": 2, "hess": 2, "hvp": 3, "jvp": 3, "vjp": 3}
TITLES = {
    "grad": "gradient", "value_and_grad": "gradient", "jac": "derivative", "hess": "Hessian",
    "hvp": "product of the Hessian", "jvp": "directional derivative", "vjp": "adjoint derivative",
}  # fmt: skip


def explain(function: Function, variables: Sequence[str | Sequence[str]], form: str, fold: bool) -> Explanation:
    """The derivation of the derivative by the variables; without them, of the function, which is a derivative itself.

    Raises mg.ArgumentError for an unknown variable or format, and for a function with several results.
    """
    written = None if variables else written_derivative(function)
    if written is not None:
        inner, derivation = written
        function = inner._with((derivation,))
    if not variables and function._derivations:
        *before, last = function._derivations
        base = definition_after(function, before)
    else:
        base = definition_after(function, function._derivations)
        names = chosen([p.name for p in base.parameters], variables)
        scalar = not base.several and not base.results[0].order
        last = Derivation("grad" if scalar else "jac", names)
        before = list(function._derivations)
    if base.several:
        raise errors.ArgumentError(
            f"explain is of one result, and the function has {len(base.results)} results",
            hint="write a function that returns one of them",
        )
    names_of_parts, text = ({}, None) if before else (parts(function, base), function_text(function))
    made = derived(base, last, names_of_parts, heading(function, before, last), text)
    return Explanation(made, form, fold)


def chosen(parameters: Sequence[str], variables: Sequence[str | Sequence[str]]) -> tuple[str, ...]:
    """The variables; without any, the only parameter."""
    try:
        return variables_of("grad", parameters, variables)
    except errors.ArgumentError as error:
        raise errors.ArgumentError(
            error.title, found=error.found, hint=f'write .explain("{parameters[0]}")' if parameters else ""
        ) from None


def function_text(function: Function) -> syntax.Node | None:
    """The function's result as it stands in its text; None where it calls functions that are no part of the language,
    or derivatives."""
    parsed = syntax_of(function)
    if parsed is None or isinstance(parsed.body.result, syntax.Tuple):
        return None
    calls = [node.name for node in syntax.postorder(parsed.body.result) if isinstance(node, syntax.Call)]
    known = reserved() - {"grad", "jac", "hess", "hvp", "jvp", "vjp"}
    return parsed.body.result if known.issuperset(calls) else None


def written_derivative(function: Function) -> tuple[Function, Derivation] | None:
    """The function and the operation of an expression that is a call of a derivative: `jac(A*B, A)`, `jvp(f, X, V)`."""
    from .function import Function

    parsed = syntax_of(function)
    call = parsed.body.result if parsed is not None and not function._derivations else None
    if parsed is None or not isinstance(call, syntax.Call) or WRITTEN.get(call.name) != len(call.arguments):
        return None
    inner, *names = call.arguments
    found = [name.id for name in names if isinstance(name, syntax.Name) and name.id in function.parameters]
    if len(found) < len(names):
        return None
    body = replace(parsed.body, result=inner)
    kept = tuple(p for p in parsed.parameters if p.name not in found[1:])
    made = Function(function._source, replace(parsed, parameters=kept, body=body), function._functions)
    if not set(found[:1]) <= set(made.parameters) or set(found[1:]) & set(made.parameters):
        return None  # another derivative, or a direction that is part of the function
    return made, Derivation(call.name, (found[0],), *found[1:])


def syntax_of(function: Function) -> syntax.Function | None:
    """The syntax tree of a function; None for one that is traced from Python."""
    found: syntax.Function | None = getattr(function, "_syntax", None)
    return found


def parts(function: Function, base: Definition) -> dict[str, Expr]:
    """What the names stand for that are bound in the function's text."""
    parsed = syntax_of(function)
    if parsed is None or not parsed.body.bindings:
        return {}
    body = parsed.body
    names = [b.name for b in body.bindings]
    results = body.result.items if isinstance(body.result, syntax.Tuple) else (body.result,)
    items = (*(syntax.Name(b.name_span, b.name) for b in body.bindings), *results)
    whole = replace(parsed, body=replace(body, result=syntax.Tuple(body.span, items)))
    orders = {p.name: p.order for p in base.parameters}
    try:
        found = elaborate(whole, function._source, function._functions, orders, [p.name for p in base.parameters])
    except errors.Error:  # a name for an identity without a size
        return {}
    return dict(zip(names, found.results, strict=False))


def definition_after(function: Function, derivations: Sequence[Derivation]) -> Definition:
    """The definition before any rule is applied, or after some derivations."""
    base = function.elaborated()
    for derivation in derivations:
        base = derive(base, derivation)
    return base


def heading(function: Function, before: Sequence[Derivation], last: Derivation) -> str:
    """`The gradient of tr(A*B) by A`."""
    parsed = syntax_of(function)
    what = function.name or ""
    if parsed is not None and function.name is None:
        span = parsed.span if parsed.body.bindings else parsed.body.result.span
        what = " ".join(function._source.text[slice(*span)].split())
    for derivation in before:
        what = f"the {TITLES[derivation.operation]} of {what} by {', '.join(derivation.variables)}"
    return f"The {TITLES[last.operation]} of {what} by {', '.join(last.variables)}"
