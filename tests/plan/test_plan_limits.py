"""Plans at the limits: sizes of 0 and 1, arguments that are one array, strides wider than 32 bits, large programs."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import matgrad as mg
from matgrad.compiler.kernel.interpret import run
from matgrad.compiler.plan import plan
from matgrad.compiler.tensor.evaluate import evaluate
from matgrad.runtime.verification.sampling import draw_arguments

from .test_plan_operations import CASES

Array = Any


@pytest.mark.parametrize("name", CASES)
def test_sizes_of_0_and_1(name: str) -> None:
    case = CASES[name]
    large = {k: int(v) for k, v in (part.split("=") for part in case["sizes"].split())}
    function = mg.function(case["text"])
    if "gradient" in case:
        function = function.value_and_grad(*case["gradient"].split())
    definition = function.definition()
    program = plan(definition.results, definition.parameters, large)
    for values in itertools.product((0, 1), repeat=len(large)):
        sizes = dict(zip(large, values, strict=True))
        arrays = draw_arguments(definition.parameters, sizes, np.random.default_rng(1))
        status, outputs = run(program, [arrays[p.name] for p in definition.parameters])
        try:
            expected = [np.asarray(evaluate(result, arrays, sizes)) for result in definition.results]
        except mg.DomainError:
            assert status, sizes
            continue
        assert not status, (sizes, program.failures[status - 1])
        for output, truth in zip(outputs, expected, strict=True):
            assert output.shape == truth.shape
            known = ~np.isnan(output)  # 0/0 where nothing is summed
            assert 0 in values or np.all(known)
            np.testing.assert_allclose(output[known], truth[known], rtol=1e-9, atol=1e-12, err_msg=str(sizes))


def test_one_array_for_several_arguments() -> None:
    n = 6
    A = np.random.default_rng(0).normal(size=(n, n))
    S = A @ A.T + np.eye(n)
    f = mg.function("fn f(A: matrix[n, n], B: matrix[n, n], C: matrix[n, n]) = A*B + C")
    bound = f.bind(B=A)
    buffer = np.zeros((2 * n, n))
    for _ in range(3):  # the first calls of a function take another way
        np.testing.assert_allclose(f(A, A, A), A @ A + A)
        own = A.copy()
        np.testing.assert_allclose(bound(own, own, out=own), A @ A + A)
        buffer[:n] = A
        np.testing.assert_allclose(bound(buffer[:n], buffer[:n], out=buffer[1 : n + 1]), A @ A + A)
    g = mg.function("fn f(S: posdef matrix[n, n], A: matrix[n, n]) = (inv(S)*A, S*A)")
    one, two = g(S, S)
    np.testing.assert_allclose(one, np.eye(n), atol=1e-10)
    np.testing.assert_allclose(two, S @ S)


def test_strides_of_more_than_2_to_the_31_elements() -> None:
    stride = 8 * (2**31 + 8)
    rows, columns = 60, 58
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "wide"
        with path.open("wb") as file:
            file.truncate(rows * stride)  # without blocks on the disk but for what is written
        A = np.lib.stride_tricks.as_strided(np.memmap(path, mode="r+", dtype=float), (rows, columns), (stride, 8))
        A[...] = np.random.default_rng(0).normal(size=A.shape)
        near, x = np.array(A), np.ones(columns)
        f = mg.function("fn f(A: matrix[m, n], x: vector[n], B: matrix[n, m]) = (A*x, A'*A, A*B, A*A' + A*B)")
        for _ in range(2):
            results = f(A, x, A.T)
            truths = near @ x, near.T @ near, near @ near.T, 2 * near @ near.T
            for found, truth in zip(results, truths, strict=True):
                np.testing.assert_allclose(found, truth, rtol=1e-10, atol=1e-10)
        square = "fn f(A: matrix[n, n], b: vector[n]) = inv(A)*b"
        np.testing.assert_allclose(mg.function(square)(A[:columns], x), np.linalg.solve(near[:columns], x))
        del A


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite(value: float) -> None:
    """The right result, or a named error."""
    A = np.random.default_rng(0).normal(size=(4, 4))
    A[1, 2] = value
    assert np.array_equal(np.isfinite(mg.function("A*x")(A, np.ones(4))), [True, False, True, True])
    f = mg.function("fn f(A: matrix[n, n], S: posdef matrix[n, n], b: vector[n]) = inv(A'*A + S)*b")
    with pytest.raises(mg.DomainError, match=r"A'\*A \+ S is not positive definite"):
        f(A, np.eye(4), np.ones(4))


def many(name: str, kind: str, count: int) -> str:
    return ", ".join(f"{name}{k}: {kind}" for k in range(count))


# Programs that a search of all possibilities would not end for; small sizes, and what they are.
LARGE = {
    "1000 factors": ("fn f(A: matrix[n, n], x: vector[n]) = " + "A*" * 1000 + "x",
                     lambda A, x: np.linalg.matrix_power(A, 1000) @ x),
    "1000 factors, a matrix": ("fn f(A: matrix[n, n], B: matrix[n, n]) = " + "*".join(["A*B"] * 500),
                               lambda A, B: np.linalg.matrix_power(A @ B, 500)),
    "2000 terms": ("fn f(x: vector[n]) = " + " + ".join(f"sin({k}*x)" for k in range(2000)),
                   lambda x: sum(np.sin(k * x) for k in range(2000))),
    "200 inverses": ("fn f(A: posdef matrix[n, n], x: vector[n]) = "
                     + " + ".join(f"x'*inv(A + {k + 1}*I)*x" for k in range(200)),
                     lambda A, x: sum(x @ np.linalg.solve(A + (k + 1) * np.eye(len(x)), x) for k in range(200))),
    "products of sums": ("fn f(A: matrix[n, n], B: matrix[n, n], x: vector[n]) = " + "(A + B)*" * 60 + "x",
                         lambda A, B, x: np.linalg.matrix_power(A + B, 60) @ x),
    "projections": ("fn f(u: vector[n], v: vector[n], x: vector[n]) = " + "(I - u*v')*" * 60 + "x",
                    lambda u, v, x: np.linalg.matrix_power(np.eye(len(x)) - np.outer(u, v), 60) @ x),
    "nested sums": ("fn f(A: matrix[n, n], B: matrix[n, n], x: vector[n]) = " + f"{'(A + B*' * 60}A{')' * 60}*x",
                    lambda A, B, x: sum(np.linalg.matrix_power(B, k) for k in range(61)) @ A @ x),
    "low-rank updates": (f"fn f(D: posdef matrix[n, n], b: vector[n], {many('u', 'vector[n]', 20)}) = inv(D + "
                         + " + ".join(f"u{k}*u{k}'" for k in range(20)) + ")*b",
                         lambda D, b, *u: np.linalg.solve(D + sum(np.outer(v, v) for v in u), b)),
    "12 ridges": (f"fn f(a: positive scalar, b: vector[m], {many('A', 'matrix[m, n]', 12)}) = "
                  + " + ".join(f"b'*A{k}*inv(A{k}'*A{k} + a*I)*A{k}'*b" for k in range(12)),
                  lambda a, b, *A: sum(b @ X @ np.linalg.solve(X.T @ X + a * np.eye(X.shape[1]), X.T @ b) for X in A)),
}  # fmt: skip


@pytest.mark.parametrize("name", LARGE)
def test_planning_ends(name: str) -> None:
    text, written = LARGE[name]
    definition = mg.function(text).definition()
    arrays = draw_arguments(definition.parameters, {"m": 5, "n": 4}, np.random.default_rng(1))
    for key, array in arrays.items():
        if np.ndim(array) == 2 and key in "AB" and "posdef" not in text:
            arrays[key] = np.linalg.qr(array)[0] / (2 if "+" in text else 1)
    program = plan(definition.results, definition.parameters, {"m": 20, "n": 400})
    status, (output,) = run(program, [arrays[p.name] for p in definition.parameters])
    assert status == 0
    np.testing.assert_allclose(output, written(*arrays.values()), rtol=1e-8, atol=1e-9)
