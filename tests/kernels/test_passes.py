"""Passes over large arrays, compiled: plans for large sizes, run with sizes around those of blocks and groups of rows.

What enters are functions. What leaves are test results. What always holds: the compiled kernel is compared with the
interpreter. Not for: which passes are planned.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import matgrad as mg
from matgrad.compiler.kernel.program import Program, Rows
from matgrad.compiler.plan import plan
from matgrad.compiler.plan.memory import views
from matgrad.runtime.kernel import Kernel

from .programs import both

Array = Any
LARGE = {"m": 500_000, "n": 20, "k": 6}
DATA = "X: matrix[m, n], y: vector[m], w: vector[n]"
MATRIX = "X: matrix[m, n], Y: matrix[m, k], W: matrix[n, k]"
NETWORK = "X: matrix[m, n], y: vector[m], A: matrix[n, k], b: vector[k], v: vector[k]"

# Functions of arrays with many rows, and the variables to differentiate by.
FUNCTIONS = {
    "squared hinge": (f"fn f({DATA}) = w'*w + sum(relu(1 - y.*(X*w)).^2)", "w"),
    "probit": (f"fn f({DATA}) = -sum(log(normcdf(y.*(X*w))))", "w"),
    "Huber": (f"fn f({DATA}) = sum(huber(X*w - y, 1.5))", "w"),
    "phases": (f"fn f({DATA}) = sum((cos(X*w) - y).^2)", "w"),
    "scores": (f"fn f({DATA}) = sum(y.*exp(-(X*w).^2)) + sum((X'*y).*w)", "w,y"),
    "columns": ("fn f(X: matrix[n, m], y: vector[m], w: vector[n]) = sum(softplus(-y.*(X'*w)))", "w"),
    "softmax": (f"fn f({MATRIX}) = -sum(Y.*logsoftmax(X*W, 2)) + normfro(W)^2", "W"),
    "several": (f"fn f({MATRIX}) = sum(log1p((X*W - Y).^2))", "W,Y"),
    "network": (f"fn f({NETWORK}) = normfro(tanh(X*A + ones(m)*b')*v - y)^2", "A,b,v"),
    "scaled": ("fn f(X: matrix[m, n], s: vector[n]) = sum(exp(-abs(X.*(ones(m)*s')))) + sum(sum(X, 2).^2)", "s,X"),
    "norms": ("fn f(X: matrix[m, n], M: matrix[k, n]) = sum(logsumexp(2*X*M' - ones(m)*sum(M.^2, 2)', 2))", "M"),
}


def planned(text: str, variables: str, sizes: dict[str, int]) -> Program:
    definition = mg.function(text).value_and_grad(*variables.split(",")).definition()
    return plan(definition.results, definition.parameters, sizes)


def arguments(program: Program, sizes: dict[str, int]) -> list[Array]:
    rng = np.random.default_rng(sum(sizes.values()))
    return [rng.normal(size=[d.evaluate(sizes) for d in b.shape]) for b in program.inputs]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_values(name: str) -> None:
    program = planned(*FUNCTIONS[name], LARGE)
    kernel = Kernel(program)
    for m in (0, 1, 2, 7, 8, 9, 15, 16, 17, 33, 300, 1030):
        for n, k in ((1, 1), (3, 2), (20, 6), (9, 7), (130, 17)):
            expected, found = both(program, arguments(program, {"m": m, "n": n, "k": k}), kernel)
            for e, f in zip(expected, found, strict=True):
                size = np.abs(e).max(initial=1.0)
                np.testing.assert_allclose(f, e, rtol=1e-9, atol=1e-9 * size, err_msg=f"{m} {n} {k}\n{program}")


def test_an_array_that_is_in_no_cache() -> None:
    sizes = {"m": 42_005, "n": 103, "k": 1}
    program = planned(*FUNCTIONS["squared hinge"], sizes)
    expected, found = both(program, arguments(program, sizes), Kernel(program))
    for e, f in zip(expected, found, strict=True):
        np.testing.assert_allclose(f, e, rtol=1e-10, atol=1e-10 * np.abs(e).max())


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_holds_a_few_rows_holds_nothing_else(name: str) -> None:
    program = planned(*FUNCTIONS[name], LARGE)
    passes = [step for step in program.steps if isinstance(step, Rows)]
    assert passes
    for step in passes:
        assert not step.local & {
            view.buffer.name for other in program.steps if other is not step for view in views(other)
        }
