"""The reasons of steps, from the lines of the rule files.

Enters: names of rules and laws, and expressions that a differential was taken of.  Leaves: reasons.  Always holds: text
and reference of a reason are those of a line of the rule files, except for passes that are no lines of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ...grammar import syntax
from ..calculus.rulebook import Template, rulebook
from ..printing.unparse import unparse
from ..tensor.algebra import number_value
from ..tensor.expr import Atom, Contract, Expr, Map, Reduce, Sum, Symbol, topological
from .steps import Reason

# The space in which a variable with an attribute varies.
SPACES = {"symmetric": "symmetric", "posdef": "symmetric", "psd": "symmetric"} | {
    name: name for name in ("diagonal", "lower", "upper")
}
REMARKS = {"stable-": "numerically stable form"}
# The passes that are no lines of the rule files.
PASSES = {
    "common-factor": "A*B + A*C = A*(B + C)",
    "diagonal-of-sum": "diag(A + A') = 2*diag(A)",
    "notation": "the same expression, as it is printed from here on",
    "factor": "what is linear in a scalar dx is a factor times dx",
    "linear": "what is linear in dX is an inner product with dX",
    "no-dependence": "the variable does not occur",
    "names": "with the names written out",
    "elements": "an index that stands on the right alone is summed over",
    "collected": "dX[i,j] = delta(i,k)*delta(j,l)*dX[k,l]",
    "identification-elements": "J[i,j,k,l] is the factor of dX[k,l] in dF[i,j]",
    "identification-matrix": "dF = J*dX",
    "direction": "the differential, with V in the place of dX",
    "pairing": "<S, dF> = <G, dX>",
    "prod-rule": "d prod(x) = sum(p .* dx), p the products of all other elements",
}
PROJECTIONS = {
    "diagonal": "<G, dX> = <diag(diag(G)), dX> for diagonal dX",
    "symmetric": "<G, dX> = <(G + G')/2, dX> for symmetric dX",
    "lower": "<G, dX> = <tril(G), dX> for lower triangular dX",
    "upper": "<G, dX> = <triu(G), dX> for upper triangular dX",
}


def by_rule(name: str) -> Reason:
    """The reason for a rule that fired, or for one of the passes."""
    book = rulebook()
    if name in PASSES:
        return Reason(name, PASSES[name])
    text = re.sub(r"^rule\s+\S+\s*:\s*", "", book.texts[name])
    remark = next((r for prefix, r in REMARKS.items() if name.startswith(prefix)), "")
    return Reason(name, text, book.references[name], remark)


def by_projection(variable: Symbol) -> Reason:
    """The reason for the projection on the space of a variable's attributes."""
    spaces = {SPACES[a] for a in variable.attributes if a in SPACES}
    space = next(name for name in PROJECTIONS if name in spaces)
    return Reason("projection", PROJECTIONS[space])


def by_law(name: str) -> Reason:
    """The reason for a law.  Directional derivatives are written as differentials: `d(A*B) = dA*B + A*dB`."""
    book = rulebook()
    law = book.laws[name]
    left = law.left.operands if isinstance(law.left, syntax.Chain) else (law.left,)
    if all(isinstance(part, syntax.Call) and part.name == "jvp" for part in left):
        calls = [part for part in left if isinstance(part, syntax.Call)]
        renamed = {unparse(c.arguments[2]): "d" + unparse(c.arguments[1]) for c in calls}
        right = re.sub(r"\b[A-Z]\b", lambda found: renamed.get(found.group(), found.group()), unparse(law.right))
        text = f"d({unparse(calls[0].arguments[0])}) = {_brackets(right)}"
    else:
        text = f"{_brackets(unparse(law.left))} = {_brackets(unparse(law.right))}"
    return Reason(name, text, book.references[name])


def identification() -> Reason:
    """The reason for taking the gradient from the differential: the law of this name, in words."""
    return Reason("identification", "G in df = <G, dX>", rulebook().references["identification"])


def _brackets(text: str) -> str:
    return re.sub(r"^inner\((\w+), (\w+)\)$", r"<\1, \2>", text)


def by_differential(expression: Expr, variable: Expr, value: Expr) -> tuple[Reason, ...]:
    """The reasons for the differential of an expression, which is `value`: the `d` line of its function, or the rules
    of contractions."""
    if isinstance(expression, Sum):
        return (by_law("sum-rule" if len(expression.terms) > 1 else "constant-factors"),)
    if isinstance(expression, Contract):
        moving = [at for factor, at in expression.factors if _depends(factor, variable)]
        terms = len(value.terms) if isinstance(value, Sum) else 1
        law = by_law(_contraction_rule(expression, moving))
        return (replace(law, remark=f"{'both' if len(moving) == 2 else 'all'} terms are equal")
                if terms == 1 < len(moving) else law,)  # fmt: skip
    template = differential_line(expression)
    if template is None:
        return (by_rule("prod-rule"),)
    constant = {name: operand for name, operand in zip(template.parameters, expression.operands, strict=False)
                if not _depends(operand, variable)}  # fmt: skip
    text, remarks = moving_part(template, constant)
    if any(o is not variable and _depends(o, variable) for o in expression.operands):
        remarks.insert(0, "chain rule")
    return (Reason(text.partition("(")[0], text, template.reference, ", ".join(remarks)),)


def moving_part(template: Template, constant: Mapping[str, Expr]) -> tuple[str, list[str]]:
    """A line of the table without the terms that have differentials of constants, and remarks on these."""
    text = re.sub(r"\s+", " ", template.text)
    remarks = []
    value = template.value
    if isinstance(value, syntax.Chain) and set(value.operators) == {"+"}:
        kept = [term for term in value.operands if not any(f"d{name}" in syntax.names_in(term) for name in constant)]
        if 0 < len(kept) < len(value.operands):
            text = f"{text.partition(' = ')[0].rstrip()} = {' + '.join(map(unparse, kept))}"
    for name, operand in constant.items():
        if f"d{name}" in syntax.names_in(value):
            number = number_value(operand)
            remarks.append(f"{name} constant" if number is None else f"{name} = {number}")
    return text, remarks


def differential_line(expression: Expr) -> Template | None:
    """The line of the table of differentials for the function at the root of an expression; None for products."""
    table = rulebook().differentials
    match expression:
        case Reduce():
            whole = len(expression.axes) == expression.argument.order
            return table.get((expression.function, 1 if whole else 2, "" if whole else str(expression.axes[0] + 1)))
        case Map() | Atom():
            return table.get((expression.function, len(expression.arguments), ""))
    return None


def _contraction_rule(expression: Contract, moving: Sequence[tuple[int, ...]]) -> str:
    if len(moving) > 1:
        return "product-rule"
    if len(expression.factors) > 1:
        return "constant-factors"
    if sorted(moving[0]) == list(range(expression.order)):
        return "transpose-rule"
    if len(set(moving[0])) < len(moving[0]):
        return "trace-rule"
    return "total-rule" if any(label >= expression.order for label in moving[0]) else "constant-factors"


def _depends(expression: Expr, variable: Expr) -> bool:
    return any(e is variable for e in topological(expression))
