"""From a text to its expression, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from matgrad.compiler.language.definition import Definition, elaborate, free_names
from matgrad.compiler.tensor.evaluate import evaluate
from matgrad.compiler.tensor.expr import Expr, Symbol
from matgrad.grammar.parse import parse_expression
from matgrad.grammar.source import text_source

PARAMETERS = (
    "X: matrix[m, n], Y: matrix[m, n], A: matrix[n, n], B: matrix[n, n], C: matrix[n, n], S: symmetric matrix[n, n], "
    "L: lower matrix[n, n], T: tensor[m, n, p], x: vector[n], w: vector[n], y: vector[m], z: vector[m], "
    "a: matrix[1, n], c: matrix[m, 1], lam: scalar, s: scalar, k: integer scalar"
)
SIZES = {"m": 7, "n": 5, "p": 3}


def read(text: str) -> Definition:
    """The definition of a full `fn`."""
    source = text_source(text)
    function = parse_expression(source)
    names = [p.name for p in function.parameters] or free_names(function, {})
    return elaborate(function, source, {}, {}, names)


def definition(body: str) -> Definition:
    """The definition of a function of the common parameters."""
    return read(f"fn f({PARAMETERS}) = {body}")


def expression(body: str) -> Expr:
    """The expression that a text means, with the common parameters."""
    return definition(body).results[0]


def equal(parameters: Sequence[Symbol], a: Expr, b: Expr) -> bool:
    """Whether two expressions have the same values on random data."""
    generator = np.random.default_rng(1)
    sizes = dict(SIZES, k=2)
    arrays = {}
    for p in parameters:
        array = generator.uniform(0.2, 1.5, [d.evaluate(sizes) for d in p.shape])
        if "symmetric" in p.attributes:
            array = array + array.T + 5 * np.eye(len(array))
        if "lower" in p.attributes:
            array = np.tril(array)
        arrays[p.name] = np.array(2.0) if "integer" in p.attributes else array
    left, right = (evaluate(e, arrays, sizes) for e in (a, b))
    return left.shape == right.shape and np.allclose(left, right, rtol=1e-8, atol=1e-10, equal_nan=True)
