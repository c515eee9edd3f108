"""What is computed ahead when some arguments are fixed."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

import matgrad as mg
from matgrad.compiler.kernel.cost import cost
from matgrad.compiler.kernel.interpret import run
from matgrad.compiler.plan import Split, split
from matgrad.compiler.tensor.evaluate import evaluate
from matgrad.compiler.tensor.expr import Expr, Symbol

from .generator import SIZES, SYMBOLS, Generator, data


def split_right(
    results: Sequence[Expr], parameters: Sequence[Symbol], fixed: Collection[str], arrays: Mapping[str, Any],
    sizes: Mapping[str, int], fast: bool = False,
) -> Split:  # fmt: skip
    """The two programs, after their values were compared with those of the expressions."""
    made = split(results, parameters, fixed, sizes, fast=fast)
    inputs = [arrays[p.name] for p in parameters]
    if made.ahead is not None:
        status, kept = run(made.ahead, [arrays[p.name] for p in parameters if p.name in fixed])
        assert status == 0
        inputs += kept
    status, outputs = run(made.each, inputs)
    assert status == 0
    for result, output in zip(results, outputs, strict=True):
        expected = np.asarray(evaluate(result, arrays, sizes))
        size = np.max(np.abs(expected[np.isfinite(expected)]), initial=1.0)
        np.testing.assert_allclose(
            output, expected, rtol=1e-7, atol=1e-8 * size, err_msg=f"{made.ahead}\n\n{made.each}"
        )
    return made


@pytest.mark.parametrize("seed", range(500, 650))
def test_random_expressions_with_random_data_fixed(seed: int) -> None:
    results = Generator(seed).grow(3 + seed % 12)
    names = [s.name for s in SYMBOLS]
    fixed = random.Random(seed).sample(names, seed % len(names))
    split_right(results, SYMBOLS, fixed, data(SYMBOLS, SIZES, seed), SIZES, fast=bool(seed % 2))


def costs(text: str, fixed: str, fast: bool = False) -> tuple[str, str]:
    """The operations ahead and at each call of a value and gradient by w."""
    definition = mg.function(text).value_and_grad("w").definition()
    sizes = {"m": 30, "n": 6}
    random_state = np.random.default_rng(1)
    arrays = {p.name: random_state.normal(size=[d.evaluate(sizes) for d in p.shape]) for p in definition.parameters}
    for p in definition.parameters:
        if "posdef" in p.attributes:
            arrays[p.name] = arrays[p.name] @ arrays[p.name].T + np.eye(6)
    made = split_right(definition.results, definition.parameters, fixed.split(), arrays, sizes, fast)
    return str(cost(made.ahead)) if made.ahead is not None else "", str(cost(made.each))


def test_products_of_fixed_matrices_are_made_once() -> None:
    text = "fn f(A: matrix[n, n], B: matrix[n, n], w: vector[n]) = w'*A*B*w"
    ahead, each = costs(text, "A B")
    assert ahead == "2*n^3"
    assert each == "4*n^2 + 3*n"


def test_factorizations_of_fixed_matrices_are_made_once() -> None:
    ahead, each = costs("fn f(S: posdef matrix[n, n], w: vector[n]) = w'*inv(S)*w", "S")
    assert ahead == "1/3*n^3"
    assert each == "2*n^2 + 3*n"


def test_gram_matrices_are_made_only_if_that_is_allowed() -> None:
    text = "fn f(X: matrix[m, n], y: vector[m], w: vector[n]) = { r = X*w - y; r'*r }"
    assert costs(text, "X y") == ("", "4*m*n + 3*m")
    text = "fn f(X: matrix[m, n], w: vector[n]) = w'*X'*X*w"
    assert costs(text, "X")[0] == ""
    assert costs(text, "X", fast=True)[0] == "m*n^2 + m*n"


def test_nothing_to_keep() -> None:
    assert costs("fn f(X: matrix[m, n], y: vector[m], w: vector[n]) = sum(exp(X*w) .* y)", "X y")[0] == ""
