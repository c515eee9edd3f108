"""Functions called from code compiled by Numba: values, several at once, as arguments, and what does not fit."""

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest
from numba.core.errors import NumbaWarning, TypingError

import matgrad as mg

ROOT = Path(__file__).parents[2]
RNG = np.random.default_rng(7)
X, Y, W = RNG.normal(size=(30, 4)), RNG.normal(size=30), RNG.normal(size=4)
RIDGE = mg.load(ROOT / "examples" / "ridge.mg").ridge
LOGDET = mg.function("fn f(A: posdef matrix[n, n]) = logdet(A)")


@numba.njit
def twice(f: Any, w: Any) -> Any:
    """Calls an argument."""
    return f(w), f(2 * w)


def test_results_are_those_of_calls() -> None:
    value, gradient = RIDGE.njit, RIDGE.value_and_grad("w").njit

    @numba.njit
    def both(X: Any, y: Any, w: Any) -> Any:
        return value(X, y, w, 0.5), gradient(X, y, w, 1)

    first, (second, slope) = both(X, Y, W)
    expected = RIDGE.value_and_grad("w")(X, Y, W, 1.0)
    assert first == RIDGE(X, Y, W, 0.5)
    assert (second, slope.tolist()) == (expected[0], expected[1].tolist())
    assert isinstance(first, float)


def test_nested_results_and_several_kinds() -> None:
    f = mg.function("fn f(U: matrix[m, k], V: matrix[n, k], x: vector[k], i: integer scalar) = sum(U*V') * x[i]")
    g = f.value_and_grad("U", "V")
    arguments = X[:, :2].copy(), X[:5, :2].copy(), W[:2].copy(), 1
    value, (gu, gv) = g.njit(*arguments)
    expected = g(*arguments)
    assert value == expected[0]
    np.testing.assert_array_equal(gu, expected[1][0])
    np.testing.assert_array_equal(gv, expected[1][1])


@pytest.mark.parametrize("kind", ["strided", "columns", "float32", "integers", "read-only"])
def test_any_array(kind: str) -> None:
    variants = {
        "strided": np.repeat(X, 2, axis=1)[:, ::2],
        "columns": np.asfortranarray(X),
        "float32": X.astype(np.float32),
        "integers": np.round(10 * X).astype(np.int64),
        "read-only": X.copy(),
    }
    variants["read-only"].flags.writeable = False
    given = variants[kind]
    np.testing.assert_allclose(RIDGE.njit(given, Y, W, 0.1), RIDGE(given, Y, W, 0.1), rtol=1e-13)


def test_float32_throughout() -> None:
    arguments = [a.astype(np.float32) for a in (X, Y, W)]
    slope = RIDGE.grad("w").njit(*arguments, 0.1)
    assert slope.dtype == np.float32
    np.testing.assert_allclose(slope, RIDGE.grad("w")(*arguments, 0.1), rtol=1e-5)


def test_bound_functions_are_arguments() -> None:
    k = RIDGE.value_and_grad("w").bind(X=X, y=Y, lam=0.1)
    (f1, g1), (f2, g2) = twice(k.njit, W)
    assert (f1, f2) == (k(W)[0], k(2 * W)[0])
    np.testing.assert_array_equal(g1, k(W)[1])
    np.testing.assert_array_equal(g2, k(2 * W)[1])
    other = LOGDET.bind().njit
    assert twice(other, np.eye(3)) == (0.0, pytest.approx(3 * np.log(2)))


def test_bound_data_are_kept() -> None:
    data = X.copy()
    k = RIDGE.bind(X=data, y=Y.copy(), lam=0.1).njit
    expected = RIDGE(X, Y, W, 0.1)
    del data
    filler = [np.zeros(X.shape) for _ in range(50)]
    assert k(W) == pytest.approx(expected, rel=1e-13)
    assert len(filler) == 50


def test_large_workspace() -> None:
    A = RNG.normal(size=(60, 60))
    A = A @ A.T + np.eye(60)
    value, slope = LOGDET.value_and_grad("A").njit(A)
    assert value == pytest.approx(np.linalg.slogdet(A)[1])
    np.testing.assert_allclose(slope, np.linalg.inv(A), rtol=1e-8)


def test_functions_of_untyped_parameters() -> None:
    f = mg.function("sum(A*B)").njit
    A, B = X[:4], X[:4].T.copy()
    assert f(A, B) == pytest.approx(np.sum(A @ B))
    assert f(A, W) == pytest.approx(np.sum(A @ W))


def test_sizes_that_do_not_fit() -> None:
    with pytest.raises(mg.ShapeError, match=r"shape of y does not fit the other arguments: axis 0 must have size m"):
        RIDGE.njit(X, Y[:5], W, 0.1)


def test_requirements_that_do_not_hold() -> None:
    f = LOGDET.value_and_grad("A").njit

    @numba.njit
    def caught(A: Any) -> Any:
        try:
            return f(A)[0]
        except Exception:
            return np.nan

    with pytest.raises(mg.DomainError, match="A is not positive definite"):
        f(-np.eye(3))
    with pytest.raises(mg.DomainError, match="A is not symmetric"):
        f(np.arange(9.0).reshape(3, 3))
    assert np.isnan(caught(-np.eye(3)))
    assert caught(np.eye(3)) == 0.0
    index = mg.function("fn f(x: vector[n], i: integer scalar) = x[i]").njit
    with pytest.raises(mg.ShapeError):
        index(W, 4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((W, Y, W, 0.1), "X must be a matrix of float64, found is array"),
        ((X, Y, W, W), "lam must be a number, found is array"),
        ((X, Y, 1.0, 1.0), "w must be a vector of float64, found is float64"),
        ((X + 0j, Y, W, 1.0), "X must be a matrix of float64, found is array.complex128"),
    ],
)
def test_wrong_types_are_found_when_code_is_compiled(arguments: Any, message: str) -> None:
    with pytest.raises(TypingError, match=message):
        RIDGE.njit(*arguments)


def test_a_function_without_a_kernel() -> None:
    with pytest.raises(mg.Error, match="no kernel of its own"):
        mg.function("fn f(A: matrix[n, n]) = logm(A)").njit(np.eye(2))


def test_addresses_are_not_kept_in_files(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import warnings\nimport numba, numpy as np, matgrad as mg\n"
        "f = mg.function('fn f(x: vector[n]) = sum(x)').njit\n"
        "@numba.njit(cache=True)\ndef g(x):\n    return f(x)\n"
        "print(g(np.ones(3)))\n"
    )
    for _ in range(2):  # the second process must not find the address of the first
        done = subprocess.run(
            [sys.executable, str(script)], capture_output=True, text=True, check=True, env=_environment(tmp_path)
        )
        assert done.stdout == "3.0\n"
        assert NumbaWarning.__name__ in done.stderr


def _environment(cache: Path) -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": str(ROOT), "NUMBA_CACHE_DIR": str(cache)}


def test_numba_is_imported_only_then() -> None:
    code = "import sys, matgrad as mg; mg.function('x*x').bind; print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "False\n"


def test_failures_keep_no_memory() -> None:
    code = """
import numba, numpy as np, matgrad as mg
from numba.core.runtime import rtsys
f = mg.function("fn f(A: posdef matrix[n, n]) = logdet(A)").value_and_grad("A").njit

@numba.njit
def fails(A, n):
    count = 0
    for _ in range(n):
        try:
            f(A)
        except Exception:
            count += 1
    return count

A = -np.eye(40)
fails(A, 1)  # compiles
lost = []
for n in (1, 100):
    before = rtsys.get_allocation_stats()
    assert fails(A, n) == n
    after = rtsys.get_allocation_stats()
    lost.append(after.alloc - before.alloc - after.free + before.free)
print(lost)
"""
    import os

    environment = {**os.environ, "NUMBA_NRT_STATS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT, env=environment
    )
    lost = ast.literal_eval(done.stdout)
    assert lost[0] == lost[1]  # nothing is lost by a failure


def test_the_example() -> None:
    done = subprocess.run(
        [sys.executable, "examples/njit_optimizer.py"], capture_output=True, text=True, check=True, cwd=ROOT,
        env=_environment(ROOT),
    )  # fmt: skip
    assert done.stdout.count("L-BFGS") == 2


def test_what_is_computed_ahead_and_new_data() -> None:
    f = mg.function("fn f(A: posdef matrix[n, n], b: vector[n], x: vector[n]) = x'*(A \\ b) + logdet(A)")
    A, b, x = X.T @ X + np.eye(4), Y[:4].copy(), W
    k = f.value_and_grad("x").bind(A=A, b=b)
    first = k.njit
    expected = x @ np.linalg.solve(A, b) + np.linalg.slogdet(A)[1]
    assert first(x)[0] == pytest.approx(expected)
    k.rebind(b=2 * b)
    assert first(x)[0] == pytest.approx(expected)
    assert k.njit(x)[0] == pytest.approx(expected + x @ np.linalg.solve(A, b))
    with pytest.raises(mg.DomainError, match="A is not symmetric"):
        f.bind(A=np.arange(16.0).reshape(4, 4), b=b).njit(x)
