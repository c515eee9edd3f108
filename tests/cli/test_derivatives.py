"""The commands grad, hess, jac."""

from __future__ import annotations

import numpy as np
import pytest

import matgrad as mg

rng = np.random.default_rng(0)


def test_gradient_of_the_seed_prints_and_parses_again(ok):
    printed = ok("grad", "tr(A*B*A'*C)", "--wrt", "A")
    assert printed == "C'*A*B' + C*A*B\n"
    again = mg.function(printed)
    A, B, C = rng.normal(size=(5, 3)), rng.normal(size=(3, 3)), rng.normal(size=(5, 5))
    assert np.allclose(again(A=A, B=B, C=C), C.T @ A @ B.T + C @ A @ B)


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (["jac", "A*B", "--wrt", "A"], "J[i,j,k,l] = delta(i,k)*B[l,j]"),
        (["jac", "A*x", "--wrt", "x"], "A"),
        (["hess", "x'*A*x where A: symmetric matrix[n, n]", "--wrt", "x"], "2*A"),
        (["grad", "examples/ridge.mg", "--wrt", "w"], "2*X'*(X*w - y) + 2*lam*w"),
        (["grad", "--wrt=w", "--fn=ridge", "examples/ridge.mg"], "2*X'*(X*w - y) + 2*lam*w"),
        (["grad", "fn f(x: vector[n]) = x'*x"], "2*x"),
        (["grad", "-x'*x"], "-2*x"),
        (["grad", "--", "-x'*x"], "-2*x"),
    ],
)
def test_prints(ok, arguments, printed):
    assert ok(*arguments) == printed + "\n"


def test_function_with_sizes_is_printed_as_a_function_that_can_be_used(ok):
    printed = ok("grad", "examples/logistic.mg", "--wrt", "w")
    (again,) = mg.loads(printed)
    X, y, w = rng.normal(size=(7, 3)), rng.integers(2, size=7), rng.normal(size=3)
    expected = X.T @ (1 / (1 + np.exp(-X @ w)) - y) / 7 + 0.1 * w
    assert np.allclose(again(X, y, w, 0.1), expected)


def test_function_of_several_is_chosen_by_name(ok, refused):
    assert "inv(A'*diag(w)*A)" in ok("grad", "examples/design.mg", "--fn", "d_optimal", "--wrt", "w")
    without = refused("grad", "examples/design.mg", "--wrt", "w")
    assert without.splitlines() == [
        "examples/design.mg holds several functions: choose one with --fn",
        "  the functions are d_optimal, a_optimal",
    ]
    wrong = refused("grad", "examples/design.mg", "--fn", "d_optimum", "--wrt", "w")
    assert wrong.splitlines() == [
        "there is no function 'd_optimum'",
        "  the functions are d_optimal, a_optimal",
        "  hint: did you mean d_optimal?",
    ]


def test_variable_must_be_named_where_there_are_several(ok, refused):
    assert ok("grad", "x'*x") == "2*x\n"
    assert refused("grad", "examples/ridge.mg").splitlines() == [
        "by which parameter? Choose one with --wrt",
        "  the parameters are X, y, w, lam",
        "  hint: for example --wrt X",
    ]
    assert refused("grad", "examples/ridge.mg", "--wrt", "W").splitlines() == [
        "there is no parameter 'W'",
        "  the parameters are X, y, w, lam",
        "  hint: did you mean w?",
    ]


def test_latex_and_source(ok, refused):
    assert "^{" in ok("grad", "x'*A*x", "--wrt", "A", "--latex")
    source = ok("grad", "x'*x", "--source")
    assert "def " in source
    compile(source, "<kernel>", "exec")
    assert "exclude" in refused("grad", "x'*x", "--latex", "--source")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["grad", "x'*x)"], "<string>:1:5: error:"),
        (["grad", "A*x where A: matrix[m, n], x: vector[n]", "--wrt", "A"], "error: grad is of a scalar function"),
        (["grad", "nothing.mg"], "error: cannot read nothing.mg: No such file or directory"),
    ],
)
def test_errors_are_printed_as_they_render(failed, arguments, message):
    assert failed(*arguments).startswith(message)


def test_error_of_a_file_points_into_it(failed, tmp_path):
    path = tmp_path / "ridge.mg"
    path.write_text("fn ridge(X: matrix[m, n], w: vector[k]) = {\n    r = X*w\n    r'*r\n}\n")
    assert failed("grad", path, "--wrt", "w") == (
        f"{path}:2:9: error: shapes do not fit in X*w\n    r = X*w\n        ^^^\n"
        "  X is matrix[m, n], w is vector[k]: n and k are different sizes\n"
    )
