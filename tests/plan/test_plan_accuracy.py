"""What the planner may choose: forms that are as accurate as the expression as it is written, on ill-conditioned data.

The truth is computed with 60 digits; the bound is the error of NumPy computing what is written, and the rounding error
that a solve has for the condition number of its matrix.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np
import pytest

import matgrad as mg
from matgrad.compiler.kernel.interpret import run
from matgrad.compiler.kernel.program import Routine
from matgrad.compiler.plan import plan

Array = Any
RNG = np.random.default_rng(5)
START = RNG.bit_generator.state
EPS = float(np.finfo(float).eps)


@pytest.fixture(autouse=True)
def _same_data() -> None:
    RNG.bit_generator.state = START


def orthogonal(n: int) -> Array:
    return np.linalg.qr(RNG.normal(size=(n, n)))[0]


def graded(m: int, n: int, least: float, most: float = 1.0) -> Array:
    """A matrix with singular values between `most` and `least`, evenly in their logarithm."""
    k = min(m, n)
    return orthogonal(m)[:, :k] * np.geomspace(most, least, k) @ orthogonal(n)[:, :k].T


def definite(n: int, least: float, most: float = 1.0) -> Array:
    q = orthogonal(n)
    a = q * np.geomspace(most, least, n) @ q.T
    return (a + a.T) / 2


@dataclass(frozen=True)
class Case:
    """`text` planned for `sizes`, and what it is in matrices with `@` and `.T`: `inv`, `tr` and `I` are given."""

    parameters: str
    text: str
    written: Callable[..., Any]
    sizes: dict[str, int]


N, K = 12, 3
UPDATE = "d: positive vector[n], U: matrix[n, k], b: vector[n]"
RIDGE = "a: positive scalar, X: matrix[m, n], y: vector[m]"
GAIN = "A: matrix[m, n], C: posdef matrix[m, m], D: posdef matrix[n, n], y: vector[m], v: vector[n]"
FIT = "T: matrix[n, n], U: matrix[n, k], V: matrix[n, k], S: posdef matrix[n, n]"
CASES = {
    "low rank plus diagonal": Case(
        UPDATE, "inv(diag(d) + U*U')*b", lambda d, U, b, o: o.inv(o.diag(d) + U @ U.T) @ b, {"n": 1000, "k": 10}),
    "low rank plus identity": Case(
        RIDGE, "inv(X*X' + a*I)*y", lambda a, X, y, o: o.inv(X @ X.T + a * o.eye(N)) @ y, {"m": 1000, "n": 10}),
    "push-through": Case(
        RIDGE.replace("vector[m]", "vector[n]"), "inv(X*X' + a*I)*X*y",
        lambda a, X, y, o: o.inv(X @ X.T + a * o.eye(N)) @ (X @ y), {"m": 1000, "n": 10}),
    "gain": Case(
        GAIN, "inv(A'*inv(C)*A + inv(D))*A'*inv(C)*y",
        lambda A, C, D, y, v, o: o.inv(A.T @ o.inv(C) @ A + o.inv(D)) @ (A.T @ (o.inv(C) @ y)), {"m": 10, "n": 1000}),
    "covariance": Case(
        GAIN, "inv(A'*inv(C)*A + inv(D))*v",
        lambda A, C, D, y, v, o: o.inv(A.T @ o.inv(C) @ A + o.inv(D)) @ v, {"m": 10, "n": 1000}),
    "update of a covariance": Case(
        GAIN, "(I - D*A'*inv(C + A*D*A')*A)*D",
        lambda A, C, D, y, v, o: D - D @ A.T @ o.inv(C + A @ D @ A.T) @ A @ D, {"m": 200, "n": 400}),
    "quadratic form of an inverse": Case(
        GAIN, "v'*inv(A'*inv(C)*A + inv(D))*v",
        lambda A, C, D, y, v, o: v.T @ o.inv(A.T @ o.inv(C) @ A + o.inv(D)) @ v, {"m": 10, "n": 1000}),
}  # fmt: skip
RESIDUALS = {
    "square": ("tr((T - U*V')'*(T - U*V'))", lambda T, U, V, S: trace((T - U @ V.T).T @ (T - U @ V.T))),
    "Gram matrix": ("(T - U*V')'*(T - U*V')", lambda T, U, V, S: (T - U @ V.T).T @ (T - U @ V.T)),
    "sum": ("tr((T + U*V')'*(T + U*V'))", lambda T, U, V, S: trace((T + U @ V.T).T @ (T + U @ V.T))),
    "weighted": ("tr((T - U*V')'*S*(T - U*V'))", lambda T, U, V, S: trace((T - U @ V.T).T @ S @ (T - U @ V.T))),
    "gradient": ("(T - U*V')*V", lambda T, U, V, S: (T - U @ V.T) @ V),
    "both sides": ("U'*(T - U*V')*V", lambda T, U, V, S: U.T @ ((T - U @ V.T) @ V)),
}


class Precise:
    """Matrices of numbers of 60 digits."""

    def inv(self, a: Array) -> Array:
        return np.array(mpmath.inverse(mpmath.matrix(a.tolist())).tolist()).reshape(a.shape)

    def diag(self, d: Array) -> Array:
        return np.diag(d.reshape(-1)) + mpmath.mpf(0)

    def eye(self, n: int) -> Array:
        return np.eye(n, dtype=int) * mpmath.mpf(1)


class Double:
    """Matrices of NumPy."""

    inv = staticmethod(np.linalg.inv)
    diag = staticmethod(np.diag)
    eye = staticmethod(np.eye)


def trace(a: Array) -> Any:
    return np.trace(a)


def precise(a: Array) -> Array:
    return np.array([mpmath.mpf(float(x)) for x in np.ravel(a)], dtype=object).reshape(np.shape(a))


def error(found: Array, truth: Array) -> float:
    """Relative, of all elements together."""
    truth = np.ravel(truth)
    gap = precise(np.ravel(found)) - truth
    return float(mpmath.sqrt(np.sum(gap * gap) / np.sum(truth * truth)))


def planned(parameters: str, text: str, sizes: dict[str, int], arrays: dict[str, Array]) -> tuple[Array, list[str]]:
    """The value by the plan for the sizes, and its routines."""
    definition = mg.function(f"fn f({parameters}) = {text}").definition()
    program = plan(definition.results, definition.parameters, sizes)
    status, outputs = run(program, [arrays[p.name] for p in definition.parameters])
    assert status == 0, program.failures[status - 1]
    return outputs[0], [step.name for step in program.flat() if isinstance(step, Routine)]


def data(name: str, noise: float, least: float, inside: bool) -> dict[str, Array]:
    """Data with a condition number of about 1/noise; right sides in the range of the update, or anywhere."""
    if name == "low rank plus diagonal":
        U = graded(N, K, least)
        return {
            "d": np.geomspace(1, 1e-3, N) * noise,
            "U": U,
            "b": U @ RNG.normal(size=K) if inside else RNG.normal(size=N),
        }
    if name in ("low rank plus identity", "push-through"):
        X = graded(N, K, least)
        y = RNG.normal(size=K)
        if name == "low rank plus identity":
            y = X @ y if inside else RNG.normal(size=N)
        return {"a": np.array(noise), "X": X, "y": y}
    A = graded(K, N, least)
    v = A.T @ RNG.normal(size=K) if inside else RNG.normal(size=N)
    return {"A": A, "C": noise * definite(K, 0.1), "D": definite(N, 0.1), "y": RNG.normal(size=K), "v": v}


@pytest.mark.parametrize("inside", [False, True], ids=["anywhere", "inside"])
@pytest.mark.parametrize("least", [0.5, 1e-3])
@pytest.mark.parametrize("noise", [1e-4, 1e-10])
@pytest.mark.parametrize("name", CASES)
def test_forms_of_inverses(name: str, noise: float, least: float, inside: bool) -> None:
    case = CASES[name]
    arrays = data(name, noise, least, inside)
    found, routines = planned(case.parameters, case.text, case.sizes, arrays)
    assert "lu" not in routines
    with mpmath.workdps(60):
        truth = case.written(*(precise(a) for a in arrays.values()), Precise())
        bound = error(case.written(*arrays.values(), Double()), truth)
        assert error(found, truth) <= 10 * bound + 100 * EPS


@pytest.mark.parametrize("sizes", [{"n": 300, "k": 10}, {"n": 300, "k": 300}, {"n": 2, "k": 2}], ids=str)
@pytest.mark.parametrize("name", RESIDUALS)
def test_residuals_near_an_optimum(name: str, sizes: dict[str, int]) -> None:
    text, written = RESIDUALS[name]
    U, V = RNG.normal(size=(N, K)), RNG.normal(size=(N, K))
    T = U @ V.T + 1e-9 * RNG.normal(size=(N, N))
    arrays = {"T": -T if name == "sum" else T, "U": U, "V": V, "S": definite(N, 0.1)}
    found, _ = planned(FIT, text, sizes, arrays)
    with mpmath.workdps(60):
        truth = written(*map(precise, arrays.values()))
        assert error(found, truth) <= 5 * error(written(*arrays.values()), truth)


@pytest.mark.parametrize("text", ["inv(S)*b", "b'*inv(S)*b", "(inv(S)*b, tr(inv(S)*M))"])
def test_solves_do_not_multiply_by_inverses(text: str) -> None:
    """With a smooth right side, the product with an inverse loses twice the digits that a solve loses."""
    n = 10
    S = 1.0 / (np.arange(n)[:, None] + np.arange(n) + 1)
    b = S @ np.ones(n)
    parameters = "S: posdef matrix[n, n], b: vector[n], M: matrix[n, n]"
    found, _ = planned(parameters, text, {"n": 500}, {"S": S, "b": b, "M": np.ones((n, n))})
    with mpmath.workdps(60):
        solution = precise(
            np.ravel(mpmath.lu_solve(mpmath.matrix(S.tolist()), mpmath.matrix(b.tolist())).tolist()).astype(float)
        )
        truth = solution if "b'" not in text else np.sum(precise(b) * solution)
        limit = 1e-9 if "b'" in text else 10 * EPS * np.linalg.cond(S)
        assert error(found, truth) <= limit


@pytest.mark.parametrize("text", ["inv(A)*A", "inv(inv(A)) + I", "A*inv(A)*A + I"])
def test_an_inverse_that_the_algebra_removes_is_not_missed(text: str) -> None:
    f = mg.function(f"fn f(A: matrix[n, n]) = {text}")
    np.testing.assert_array_equal(f(np.zeros((3, 3))), np.eye(3))
    with pytest.raises(mg.DomainError, match="A is singular"):
        mg.function("fn f(A: matrix[n, n], b: vector[n]) = inv(A)*b")(np.zeros((3, 3)), np.ones(3))


PROJECTIONS = {
    "sum of squares": "((I - A*inv(A'*A)*A')*y)'*((I - A*inv(A'*A)*A')*y)",
    "Gram matrix": "((I - A*inv(A'*A)*A')*Y)'*((I - A*inv(A'*A)*A')*Y)",
    "trace": "tr(((I - A*inv(A'*A)*A')*Y)'*((I - A*inv(A'*A)*A')*Y))",
    "weighted": "((I - A*inv(A'*A)*A')*y)'*W*((I - A*inv(A'*A)*A')*y)",
}


@pytest.mark.parametrize("sizes", [{"m": 1000, "n": 20, "k": 10}, {"m": 2, "n": 2, "k": 2}], ids=str)
@pytest.mark.parametrize("name", PROJECTIONS)
def test_squares_of_what_projections_leave_over(name: str, sizes: dict[str, int]) -> None:
    A, W = RNG.normal(size=(30, 4)), definite(30, 0.1)
    Y = A @ RNG.normal(size=(4, 3)) + 1e-6 * RNG.normal(size=(30, 3))
    parameters = "A: matrix[m, n], y: vector[m], Y: matrix[m, k], W: posdef matrix[m, m]"
    found, _ = planned(parameters, PROJECTIONS[name], sizes, {"A": A, "y": Y[:, 0], "Y": Y, "W": W})
    with mpmath.workdps(60):
        exact = precise(A)
        rest = precise(Y) - exact @ (Precise().inv(exact.T @ exact) @ (exact.T @ precise(Y)))
        gram = rest.T @ rest
        truths = {
            "sum of squares": gram[:1, :1],
            "Gram matrix": gram,
            "trace": trace(gram),
            "weighted": rest[:, :1].T @ precise(W) @ rest[:, :1],
        }
        assert error(found, truths[name]) <= 1e-8  # the difference itself has the error 1e-10


def test_projections_that_stand_twice_are_multiplied_one_after_the_other() -> None:
    """diag(inv(S)*C*inv(S)) of a factor analysis: multiplied out at once it has 60 times the error of this product."""
    rng = np.random.default_rng(0)
    F, d = rng.normal(size=(40, 3)), 1e3 ** rng.uniform(-1, 1, 40)
    Z = F @ rng.normal(size=(3, 80)) + np.sqrt(d)[:, None] * rng.normal(size=(40, 80))
    arrays = {"C": Z @ Z.T / 80, "F": F, "d": d}
    text = "{ S = F*F' + diag(d); diag(inv(S)*C*inv(S)) - diag(inv(S)) }"
    sizes = {"n": 500, "k": 20}
    found, routines = planned("C: symmetric matrix[n, n], F: matrix[n, k], d: positive vector[n]", text, sizes, arrays)
    assert "cholesky_inverse" not in routines
    with mpmath.workdps(60):
        C, exact, scale = (precise(a) for a in arrays.values())
        inverse = Precise().inv(exact @ exact.T + np.diag(scale))
        truth = np.diag(inverse @ C @ inverse) - np.diag(inverse)
    rounded = np.linalg.inv(F @ F.T + np.diag(d))
    bound = error(np.diag(rounded @ arrays["C"] @ rounded) - np.diag(rounded), truth)
    assert error(found, truth) <= 25 * bound


@pytest.mark.parametrize("text", ["(X - ones(m)*mean(X, 1))", "(I - ones(m, m)/m)*X", "(X - mean(X, 1))"])
def test_covariances_around_a_large_mean(text: str) -> None:
    X = 1e6 + RNG.normal(size=(40, 5))
    found, _ = planned("X: matrix[m, n]", f"({text})'*({text})/m", {"m": 1000, "n": 30}, {"X": X})
    with mpmath.workdps(60):
        exact = precise(X) - precise(X).sum(axis=0) / 40
        assert error(found, exact.T @ exact / 40) <= 1e-9
