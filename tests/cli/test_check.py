"""The command check, and the comparison behind it: right derivatives pass, wrong ones fail."""

from __future__ import annotations

import numpy as np
import pytest

import matgrad as mg
from matgrad.runtime.function import Function
from matgrad.runtime.verification import check as numerical
from matgrad.runtime.verification.differences import Unsettled, derivative_at_zero
from matgrad.runtime.verification.sampling import PRIMES, STYLES, draw, fitting_sizes


def test_file(ok):
    printed = ok("check", "examples/ridge.mg")
    first, *_, last = printed.splitlines()
    assert first == "ridge(X: matrix[m, n], y: vector[m], w: vector[n], lam: positive scalar) -> scalar"
    assert last == "all 8 derivatives of examples/ridge.mg agree with finite differences (tolerance 1e-07)"
    assert "\x1b" not in printed


@pytest.mark.parametrize(
    "text",
    [
        "sum(abs(A*x))",  # kinks
        "sum(log(x))",  # no value at negative numbers
        "sum(acos(x)) where x: vector[n]",
        "x[3]*y",  # needs four entries
        "A*B",
        "inv(D) where D: diagonal matrix[n, n]",
        "tr(S*S*B) where S: symmetric matrix[n, n], B: matrix[n, n]",
        "tr(L'*B) where L: lower matrix[n, n], B: matrix[n, n]",
        "x[i]*y where i: integer scalar",
        "(x'*x, A*x)",
    ],
)
def test_right_derivatives_pass(text):
    outcomes = list(numerical.checked(mg.function(text)))
    assert outcomes
    assert [o for o in outcomes if not o.passed] == []


def test_every_result_is_checked_by_every_real_parameter():
    f = mg.function("fn f(A: matrix[m, n], x: vector[n], i: integer scalar) = (x'*x, A[i, :])")
    rows = [(o.function, o.variable, o.derivative) for o in numerical.checked(f)]
    scalar, other = ("gradient", "Hessian*v"), ("Jacobian", "J*v, v*J")
    assert rows == [
        *(("f (1)", name, kind) for name in "Ax" for kind in scalar),
        *(("f (2)", name, kind) for name in "Ax" for kind in other),
    ]


class Wrong(Function):
    """A function whose first derivatives are those of another one."""

    other: Function

    def grad(self, *variables):
        return self.other.grad(*variables)

    def jac(self, variable=None):
        return self.other.jac(variable)


def wrong(text: str, other: str) -> Wrong:
    f = mg.function(text)
    made = Wrong(f._source, f._syntax, f._functions)
    made.other = mg.function(other)
    return made


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("x'*x", "x'*x + 1e-6*sum(x)"),
        ("x.^2", "2*x.^2"),
        ("sum(x)", "0*sum(x)"),
        (
            "fn f(S: symmetric matrix[n, n], B: matrix[n, n]) = tr(S*B)",
            "fn f(S: matrix[n, n], B: matrix[n, n]) = tr(S*B)",
        ),
    ],
)
def test_wrong_derivatives_fail(text, other):
    first = next(iter(numerical.checked(wrong(text, other))))
    assert not first.passed
    assert not first.error < 1e-7


def test_failure_is_shown_and_ends_with_status_1(run, monkeypatch):
    monkeypatch.setattr("matgrad.cli.commands.check.read_functions", lambda source: [wrong("x'*x", "2*x'*x")])
    result = run("check", "x'*x")
    assert result.exit_code == 1
    assert "5.0e-01   FAILED" in result.stdout
    assert result.stderr == "Error: 2 of 2 derivatives failed (tolerance 1e-07)\n"


def test_function_without_a_value_anywhere_fails(run):
    result = run("check", "log(-x'*x)")
    assert result.exit_code == 1
    assert "no random arguments give a finite value (0 of 3 points tested)" in " ".join(result.stdout.split())


def test_error_of_a_derivative_is_a_failure(run, monkeypatch):
    def refuse(*_: object) -> None:
        raise mg.DomainError("there is no such derivative")

    monkeypatch.setattr(Function, "hvp", refuse)
    result = run("check", "x'*x")
    assert result.exit_code == 1
    assert "FAILED there is no such derivative" in result.stdout


@pytest.mark.parametrize(
    ("function", "derivative"),
    [
        (np.exp, 1.0),
        (lambda t: np.sin(40 * t), 40.0),
        (lambda t: 3 * t, 3.0),
        (lambda t: np.array([t, t * t]), [1.0, 0.0]),
    ],
    ids=["exp", "sine", "line", "vector"],
)
def test_differences_are_nearly_exact(function, derivative):
    assert np.allclose(derivative_at_zero(function, 0.0), derivative, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    "function",
    [abs, lambda t: max(t, 0.0), lambda t: float(t > 1e-5), np.sqrt],
    ids=["abs", "relu", "jump", "end of the domain"],
)
def test_differences_at_kinks_jumps_and_ends_do_not_settle(function):
    with pytest.raises(Unsettled), np.errstate(invalid="ignore"):
        derivative_at_zero(function, 0.0)


def test_differences_near_a_kink_use_smaller_steps():
    assert np.isclose(derivative_at_zero(lambda t: abs(t + 1e-3), 0.0), 1.0)


def test_sizes_are_distinct_primes_where_they_fit():
    definition = mg.function("fn f(A: matrix[m, n], B: matrix[n, k]) = A*B").definition()
    first = next(fitting_sizes(definition, 1))
    assert len(set(first.values())) == 3
    assert set(first.values()) <= set(PRIMES)
    definition = mg.function("fn f(A: matrix[m, n], y: vector[k]) = vec(A) + y").definition()
    sizes = next(fitting_sizes(definition, 1))
    assert sizes["m"] * sizes["n"] == sizes["k"]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    ("declared", "holds"),
    [
        ("symmetric", lambda a: np.array_equal(a, a.T)),
        ("posdef", lambda a: np.array_equal(a, a.T) and np.linalg.eigvalsh(a)[0] > 0),
        ("psd", lambda a: np.linalg.eigvalsh(a)[0] >= 0),
        ("diagonal", lambda a: np.array_equal(a, np.diag(np.diag(a)))),
        ("lower", lambda a: np.array_equal(a, np.tril(a))),
        ("upper", lambda a: np.array_equal(a, np.triu(a))),
        ("orthogonal", lambda a: np.allclose(a.T @ a, np.eye(5))),
        ("positive", lambda a: np.all(a > 0)),
        ("nonneg", lambda a: np.all(a >= 0)),
        ("positive symmetric", lambda a: np.all(a > 0) and np.array_equal(a, a.T)),
    ],
)
def test_drawn_arrays_have_the_declared_attributes(declared, holds, style):
    (parameter,) = mg.function(f"fn f(A: {declared} matrix[n, n]) = tr(A)").definition().parameters
    rng = np.random.default_rng(3)
    assert all(holds(draw(parameter, (5, 5), rng, style)) for _ in range(5))
