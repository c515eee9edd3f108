"""What the compiler says of an example: the type of its value, and its differential as text.

Enters: typed parameters and an expression.  Leaves: texts.  Not for: choosing examples.
"""

from __future__ import annotations

import re

import matgrad as mg
from matgrad.compiler.printing.printer import type_of
from matgrad.compiler.printing.unparse import type_text


def parameters(types: str) -> dict[str, str]:
    """The declared types by name: `A: matrix[m, n], b: vector[m]`."""
    return dict(re.findall(r"(\w+): ((?:[^,\[]|\[[^\]]*\])+)", types))


def result_type(function: mg.Function) -> str:
    """The type of a function's value."""
    (result,) = function.definition().results
    return type_text(type_of(result))


def differential(types: str, expression: str) -> str:
    """The sum of the directional derivatives along dX for each parameter X that is not an integer or a condition."""
    real = {name: declared for name, declared in parameters(types).items() if "integer" not in declared}
    directions = ", ".join(f"d{name}: {direction(declared)}" for name, declared in real.items())
    terms = " + ".join(f"jvp({expression}, {name}, d{name})" for name in real)
    return body(mg.function(f"fn f({types}, {directions}) = {terms}"))


def body(function: mg.Function) -> str:
    """The expression of a function with declared types, in one line."""
    text = re.sub(r"^fn \w+\(.*?\) = (?=\S)", "", function.text())
    return re.sub(r"\n *", "; ", text.replace("{\n    ", "{ ").replace("\n}", " }"))


def direction(declared: str) -> str:
    """The type of a change of something of this type: symmetric where it is, of any sign."""
    symmetric = "symmetric " if re.search(r"\b(symmetric|posdef|psd)\b", declared) else ""
    kind = re.search(r"\w+(\[.*\])?$", declared)
    assert kind, declared
    return symmetric + kind.group()
