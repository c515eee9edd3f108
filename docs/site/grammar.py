"""The reference of the grammar: the operators, and the productions, section by section.

Enters: grammar/matgrad.lark, and an example for each operator.  Leaves: the page.  Always holds: each operator of the
grammar is in the table; shapes and differentials in it are the compiler's.  Not for: what programs mean (language.md).
"""

from __future__ import annotations

import re
from pathlib import Path

import matgrad as mg

from .markdown import block, code, declared, table
from .signatures import differential, result_type

GRAMMAR = Path(__file__).resolve().parents[2] / "grammar" / "matgrad.lark"
# By operator: its name, and an expression with it; matrices are upper case, vectors lower case.
OPERATORS = {
    "+": ("sum", "A + B", "A: matrix[m, n], B: matrix[m, n]"),
    "-": ("difference", "A - B", "A: matrix[m, n], B: matrix[m, n]"),
    "*": ("product", "A*B", "A: matrix[m, k], B: matrix[k, n]"),
    "/": ("quotient: by a scalar, or times the inverse", "A/B", "A: matrix[m, n], B: matrix[n, n]"),
    "\\": ("solution of a linear system", "A \\ b", "A: matrix[n, n], b: vector[n]"),
    ".*": ("product by elements", "A .* B", "A: matrix[m, n], B: matrix[m, n]"),
    "./": ("quotient by elements", "A ./ B", "A: matrix[m, n], B: matrix[m, n]"),
    ":": ("double contraction", "A : B", "A: matrix[m, n], B: matrix[m, n]"),
    "^": ("power of a scalar or of a square matrix", "A^2", "A: matrix[n, n]"),
    ".^": ("power by elements", "x.^a", "x: vector[n], a: scalar"),
    "'": ("transpose", "A'", "A: matrix[m, n]"),
}
COMPARISONS = ("<", "<=", ">", ">=", "!=", "==")
LEVELS = ("sum", "product", "unary", "power", "postfix")  # loosest first
INTRODUCTION = """\
# Operators and grammar

## Operators

Loosest first. The shape of each result and its differential are those that the compiler finds for the example; `dA`
stands for a small change of `A`. What the operators mean in full is in [The language](language.md#operators).

{operators}
Unary `-` binds tighter than `*` and looser than `^`. Comparisons ({comparisons}) are looser than all of these and
stand only inside `where`. Powers bind from the right, all others from the left. Indexing, `x[i]` and `A[1:3, :]`,
binds as tightly as `'`.

## Grammar

The productions, as the [Lark](https://lark-parser.readthedocs.io) parser gets them: `?` is optional, `*` any number of
times, `+` at least once; names in capitals are terminals, and names that begin with `_` leave nothing in the tree.
"""


def page(_pictures: Path) -> str:
    """The page; it has no pictures."""
    text = GRAMMAR.read_text(encoding="utf-8")
    rows = [row(operator, level) for level in LEVELS for operator in operators(text, level)]
    operator_table = table(("operator", "is", "example", "for", "gives", "differential"), rows)
    comparisons = ", ".join(map(code, terminal(text, "COMPARE") + terminal(text, "EQUAL")))
    parts = [INTRODUCTION.format(operators=operator_table, comparisons=comparisons)]
    _, *sections = re.split(r"^// ---- (.+)$", text, flags=re.MULTILINE)
    for title, section in zip(sections[::2], sections[1::2], strict=True):
        productions = re.sub(r" +-> \w+", "", section).strip()
        parts.append(f"### {title[0].upper()}{title[1:]}\n\n{block(productions, 'text')}")
    return "\n".join(parts)


def operators(text: str, level: str) -> list[str]:
    """The operators that the production of a level names."""
    found = re.search(rf"^\?{level}: (.*?)\n\n", text, re.MULTILINE | re.DOTALL)
    assert found, level
    names = dict.fromkeys(re.findall(r"\b(PLUS|MINUS|TIMES|COLON|POWER|PRIME)\b", found[1]))
    return [operator for name in names for operator in terminal(text, name) if level != "unary"]


def terminal(text: str, name: str) -> list[str]:
    """The texts of a terminal."""
    found = re.search(rf"^{name}: (.+)$", text, re.MULTILINE)
    assert found, name
    return [part.replace("\\\\", "\\") for part in re.findall(r'"([^"]+)"', found[1])]


def row(operator: str, level: str) -> list[str]:
    """The row of an operator."""
    what, example, types = OPERATORS[operator]
    function = mg.function(f"fn f({types}) = {example}")
    return [
        code(operator),
        what,
        code(example),
        declared(types),
        declared(result_type(function)),
        code(differential(types, example)),
    ]
