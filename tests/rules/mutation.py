"""Mutation check of the rules: every line is corrupted in every small way, and the checkers must refuse each
corruption.

`python -m tests.rules.mutation` runs all of them and lists what survives.  A corruption that leaves the expression the
same object (the order of scalar factors, a transpose of a scalar) is none.  Right sides of differentials, rules, laws
and definitions are corrupted, and the conditions of rules are left out, one at a time.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from matgrad.compiler.calculus.rulebook import rulebook
from matgrad.compiler.tensor.expr import symbol
from matgrad.grammar import errors, syntax
from matgrad.grammar.syntax import Node
from tests.rules.checker import Refused, check_law, check_rule, instance, side
from tests.rules.definitions import TRUTHS, check_definition
from tests.rules.differentials import SYMMETRIC, check_differential_line

NOWHERE = syntax.Span(0, 0)
FLIPPED = {
    "+": "-",
    "-": "+",
    "*": "*",
    ".*": "./",
    "./": ".*",
    "/": "*",
    "<": ">",
    ">": "<",
    "<=": ">",
    ">=": "<",
    "==": "!=",
    "!=": "==",
    "^": "*",
    ".^": ".*",
}
RELATED = {
    "sin": "cos",
    "cos": "sin",
    "sinh": "cosh",
    "cosh": "sinh",
    "exp": "expm1",
    "log": "log1p",
    "sqrt": "abs",
    "max": "min",
    "tr": "sum",
    "inv": "transpose",
    "det": "tr",
    "sign": "abs",
    "softmax": "softplus",
    "tril": "triu",
    "diag": "diag",
}


# Conditions without which the rule says the same, and why.
REDUNDANT = {
    ("det-product", 0): "where A*B and B are square, so is A",
    ("det-product", 1): "where A*B and A are square, so is B",
    ("logabsdet-product", 0): "where A*B and B are square, so is A",
    ("logabsdet-product", 1): "where A*B and A are square, so is B",
    (
        "logdet-product",
        0,
    ): "true wherever logdet(A*B) and logdet(B) exist",
    (
        "logdet-product",
        1,
    ): "true wherever logdet(A*B) and logdet(A) exist",
    ("chol-product", 0): "what chol is applied to is a symmetric part, and definite where the factor exists",
    ("chol-inverse", 0): "what chol is applied to is a symmetric part",
    ("eigvals-sum", 0): "what eigvals is applied to is a symmetric part",
    ("eigvals-max", 0): "what eigvals is applied to is a symmetric part",
    ("eigvals-min", 0): "what eigvals is applied to is a symmetric part",
}


@dataclass(frozen=True)
class Mutant:
    """A corrupted right side, or a rule without a condition; `kind` is `sign`, `factor`, `transpose`, `index`,
    `operator`, `function` or `condition`."""

    line: str
    kind: str
    value: Node
    check: Callable[[], None]


def corrupted(node: Node) -> Iterator[tuple[str, Node]]:
    """The node with one small corruption, somewhere in it."""
    yield "sign", syntax.Negate(NOWHERE, node)
    yield "factor", syntax.Chain(NOWHERE, (syntax.Number(NOWHERE, "2"), node), ("*",))
    yield from _inside(node)


def _inside(node: Node) -> Iterator[tuple[str, Node]]:
    match node:
        case syntax.Negate():
            yield "sign", node.operand
        case syntax.Transpose():
            yield "transpose", node.operand
        case syntax.Name() if node.id[0].isupper() or (node.id.startswith("d") and node.id[1:2].isupper()):
            if node.id != "I":
                yield "transpose", syntax.Transpose(NOWHERE, node)
        case syntax.Number():
            other = {"1": "2", "2": "1"}.get(node.text, "3")
            yield "index" if node.text in ("1", "2") else "factor", syntax.Number(NOWHERE, other)
        case syntax.Chain():
            for k, operator in enumerate(node.operators):
                flipped = FLIPPED.get(operator, operator)
                if flipped != operator:
                    operators = (*node.operators[:k], flipped, *node.operators[k + 1 :])
                    yield "sign" if operator in "+-" else "operator", replace(node, operators=operators)
                if operator == "*":
                    operands = list(node.operands)
                    operands[k], operands[k + 1] = operands[k + 1], operands[k]
                    yield "index", replace(node, operands=tuple(operands))
        case syntax.Call():
            if node.name in RELATED:
                yield "function", replace(node, name=RELATED[node.name])
            if len(node.arguments) == 2 and not isinstance(node.arguments[1], syntax.Number):
                yield "index", replace(node, arguments=node.arguments[::-1])
    for k, child in enumerate(node.children):
        for kind, changed in _inside(child):
            yield kind, _with_child(node, k, changed)


def _with_child(node: Node, position: int, child: Node) -> Node:
    children = [*node.children[:position], child, *node.children[position + 1 :]]
    match node:
        case syntax.Negate() | syntax.Transpose():
            return replace(node, operand=child)
        case syntax.Chain():
            return replace(node, operands=tuple(children))
        case syntax.Call():
            return replace(node, arguments=tuple(children))
        case syntax.Index():
            return replace(node, operand=children[0], subscripts=tuple(children[1:]))
    raise TypeError(type(node).__name__)


def mutants() -> Iterator[Mutant]:
    """All corruptions of all lines."""
    book = rulebook()
    for key, template in list(book.differentials.items()):
        for kind, value in corrupted(template.value):
            yield Mutant("d " + "-".join(map(str, key)).rstrip("-"), kind, value, _differential(key, value))
    for name, rule in list(book.rules.items()):
        for kind, value in corrupted(rule.right):
            yield Mutant(name, kind, value, functools.partial(check_rule, replace(rule, right=value)))
        for k in range(len(rule.conditions)):
            if (name, k) not in REDUNDANT:
                weaker = replace(rule, conditions=rule.conditions[:k] + rule.conditions[k + 1 :])
                yield Mutant(f"{name} without {k}", "condition", rule.right, functools.partial(check_rule, weaker))
    for name, law in list(book.laws.items()):
        for kind, value in corrupted(law.right):
            yield Mutant(name, kind, value, _law(law, value))
    for key, template in list(book.definitions.items()):
        for kind, value in corrupted(template.value):
            yield Mutant("def " + "-".join(map(str, key)).rstrip("-"), kind, value, _definition(key, value))


def _differential(key: tuple[str, int, str], value: Node) -> Callable[[], None]:
    def check() -> None:
        table = rulebook().differentials
        original = table[key]
        table[key] = replace(original, value=value)
        try:
            if _same(original.value, value, original.parameters, ("symmetric",) if key[0] in SYMMETRIC else ()):
                raise Equal
            check_differential_line(key)
        finally:
            table[key] = original

    return check


def _definition(key: tuple[str, int, str], value: Node) -> Callable[[], None]:
    def check() -> None:
        table = rulebook().definitions
        original = table[key]
        if _same_definition(key[0], original.parameters, original.value, value):
            raise Equal
        table[key] = replace(original, value=value)
        try:
            if key[0] in TRUTHS:
                check_definition(key)
            else:  # tested with the differentials that use it
                for other, template in rulebook().differentials.items():
                    if f"{key[0]}(" in template.text:
                        check_differential_line(other)
        finally:
            table[key] = original

    return check


def _law(law: syntax.Rule, value: Node) -> Callable[[], None]:
    def check() -> None:
        check_law(replace(law, right=value))
        raise Equal  # both sides are one object: another true statement

    return check


class Equal(Exception):
    """The corruption changes nothing."""


def _same(one: Node, other: Node, parameters: tuple[str, ...], attributes: tuple[str, ...]) -> bool:
    """Whether two right sides of a differential are the same expression."""
    from matgrad.compiler.calculus.rulebook import instantiate
    from matgrad.compiler.tensor.dims import Dim

    shape = (Dim.of("n"), Dim.of("n"))
    for shapes in (shape, shape[:1]):
        names = {n: symbol(n, shapes, attributes) for p in parameters for n in (p, "d" + p)}
        try:
            return instantiate(one, names) is instantiate(other, names)
        except errors.Error:
            continue
    return False


# Parameters of definitions that stand for symmetric matrices: projectors, resolvents, changes, congruences of these.
SYMMETRIC_PARAMETERS = {"lowerhalf": "M", "resolventchange": "RPE", "svdmaxchange": "PQ"}


def _same_definition(name: str, parameters: tuple[str, ...], one: Node, other: Node) -> bool:
    """Whether two right sides of a definition are the same expression."""
    from matgrad.compiler.calculus.rulebook import instantiate
    from matgrad.compiler.tensor.dims import Dim

    shape = (Dim.of("n"), Dim.of("n"))
    names = {}
    for p in filter(None, parameters):
        order = 2 if p.isupper() or p == "x" else 0 if p == "a" else 1
        symmetric = ("symmetric",) if p in SYMMETRIC_PARAMETERS.get(name, "") else ()
        names[p] = symbol(p, shape[:order], symmetric)
    return instantiate(one, names) is instantiate(other, names)


def verdict(mutant: Mutant) -> str:
    """`caught`, `survived`, or `equal` if there is nothing to catch."""
    rule = rulebook().rules.get(mutant.line)
    if rule is not None:
        with contextlib.suppress(Exception):
            bound, _ = instance(rule, (3, 7))
            left = side(rule.left, bound)
            if side(rule.right, bound, left.shape) is side(mutant.value, bound, left.shape):
                return "equal"
    try:
        mutant.check()
    except Equal:
        return "equal"
    except (Refused, errors.Error, ValueError, AssertionError, KeyError, AttributeError, TypeError, ZeroDivisionError):
        return "caught"
    return "survived"


def main() -> None:
    """Runs all mutants and prints the figures."""
    from matgrad.compiler.printing.unparse import unparse

    counts: dict[tuple[str, str], int] = {}
    for mutant in mutants():
        found = verdict(mutant)
        counts[mutant.kind, found] = counts.get((mutant.kind, found), 0) + 1
        if found == "survived":
            print(f"survived: {mutant.line} ({mutant.kind}): {unparse(mutant.value)}", flush=True)
    for kind in sorted({k for k, _ in counts}):
        caught, survived = (counts.get((kind, found), 0) for found in ("caught", "survived"))
        print(f"{kind}: {caught} of {caught + survived} caught ({counts.get((kind, 'equal'), 0)} change nothing)")
    caught = sum(n for (_, found), n in counts.items() if found == "caught")
    survived = sum(n for (_, found), n in counts.items() if found == "survived")
    print(f"{caught} of {caught + survived} corruptions caught")


if __name__ == "__main__":
    main()
