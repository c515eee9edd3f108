"""The reference of functions and types.

Enters: the table of functions, the list of attributes, and functions.toml, which says what each is.  Leaves: the page.
Always holds: each function and attribute of the language is on it; types, differentials and projections are the
compiler's; the domain of an elementwise function was checked by evaluating it.  Not for: what programs mean
(language.md).
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import matgrad as mg
from matgrad.compiler.language.builtins import BUILTINS, abbreviations, reserved
from matgrad.compiler.language.elaborate import ATTRIBUTES
from matgrad.compiler.tensor.evaluate import evaluate

from .markdown import code, declared, table
from .signatures import body, differential, result_type

WORDS = tomllib.loads((Path(__file__).parent / "functions.toml").read_text(encoding="utf-8"))
POINTS = (-3.5, -3.0, -2.0, -1.25, -1.0, -0.5, 0.0, 0.25, 1.0, 1.5, 4.0)
HELPERS = {"lowerhalf", "resolventchange", "svdturn", "svdmaxchange", "polarchange"}  # which only rules use
MEANINGS = {
    "symmetric": "`A' = A`",
    "posdef": "symmetric positive definite",
    "psd": "symmetric positive semidefinite",
    "diagonal": "zero off the diagonal",
    "lower": "lower triangular",
    "upper": "upper triangular",
    "orthogonal": "`A'*A = I`",
    "nonneg": "no element is negative",
    "positive": "each element is positive",
    "sparse": "mostly zeros; SciPy's sparse matrices are accepted",
    "integer": "a whole number; of scalars only",
}
INTRODUCTION = """\
# Functions

Made from the table of functions in the compiler. What a call gives and its differential are printed by the compiler:
`dx` stands for a small change of `x`. What does not exist at a point of the domain is said in [The
language](language.md#where-a-function-is-not-smooth).

## Types

| kind | is |
| --- | --- |
| `scalar` | a number |
| `vector[n]` | a column of n numbers |
| `matrix[m, n]` | m rows, n columns |
| `tensor[a, b, c]` | numbers with three or more indices |

Attributes stand before the kind. The gradient by a parameter is the one within its space, here that of `tr(A'*X)` by X.

"""

COLUMNS = ("call", "is", "domain", "differential", "of", "gives")
ELEMENTWISE = """\
Of arrays of any shape, which the result has. Several arguments have one shape, or are numbers, or expand as with
`+`."""


def page(_pictures: Path) -> str:
    """The page; it has no pictures."""
    check_complete()
    parts = [INTRODUCTION + table(("attribute", "means", "grad(tr(A'\\*X), X)"), attribute_rows())]
    for title, functions in WORDS.items():
        rows = [row for name, words in functions.items() for row in function_rows(name, words)]
        text, kept = "", range(len(COLUMNS))
        if title == "Elementwise":
            text, kept = f"{ELEMENTWISE}\n\n", range(len(COLUMNS) - 2)
        shown = table([COLUMNS[k] for k in kept], [[row[k] for k in kept] for row in rows])
        parts.append(f"## {title}\n\n{text}{shown}")
    return "\n".join(parts)


def check_complete() -> None:
    """Raises AssertionError unless exactly the functions of the language are described."""
    described = {name for functions in WORDS.values() for name in functions}
    known = (BUILTINS.keys() | abbreviations() | reserved()) - HELPERS
    assert described == known, f"docs/site/functions.toml: {sorted(described ^ known)}"


def attribute_rows() -> Iterator[list[str]]:
    """A row for each attribute."""
    assert MEANINGS.keys() == set(ATTRIBUTES)
    for attribute in ATTRIBUTES:
        kind = "scalar" if attribute == "integer" else "matrix[n, n]"
        try:
            types = f"A: matrix[n, n], X: {attribute} {kind}"
            gradient = code(body(mg.function(f"fn f({types}) = grad(tr(A'*X), X)")))
        except mg.Error:
            gradient = "none"
        yield [code(attribute), MEANINGS[attribute], gradient]


def function_rows(name: str, words: dict[str, Any]) -> Iterator[list[str]]:
    """A row for each call of a function."""
    domain = words.get("domain", "")
    if "calls" not in words:
        check_domain(name, domain)
    for k, (call, types) in enumerate(words.get("calls", [[f"{name}(x)", "x: vector[n]"]])):
        shown, _, _ = types.partition(" | ")  # behind the bar are parameters that only bring sizes
        types = types.replace(" |", ",")
        function = mg.function(f"fn f({types}) = {call}")
        what = [words["is"], domain] if not k else ["", ""]
        yield [code(call), *what, code(differential(types, call)), declared(shown), declared(result_type(function))]


def check_domain(name: str, domain: str) -> None:
    """Raises AssertionError unless the elementwise function is a number or infinite where the condition holds, and nan
    or infinite elsewhere."""
    condition = domain.partition("`")[2].partition("`")[0] or "True"
    definition = mg.function(f"fn f(x: vector[n]) = {name}(x)").definition()
    values = evaluate(definition.results[0], {"x": np.array(POINTS)}, {"n": len(POINTS)})
    for x, value in zip(POINTS, values, strict=True):
        inside = eval(condition, {"floor": math.floor}, {"x": x})
        assert not np.isnan(value) if inside else not np.isfinite(value), f"{name} at {x} is {value}"
