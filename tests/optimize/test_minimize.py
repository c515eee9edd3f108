"""mg.minimize: the same minima as closed formulas and other ways to them; what it refuses."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.optimize

import matgrad as mg
from matgrad.runtime.optimization.optimize import METHODS

EXAMPLES = Path(__file__).parents[2] / "examples"
rng = np.random.default_rng(11)
X, y = rng.normal(size=(40, 5)), rng.normal(size=40)
RIDGE = mg.load(EXAMPLES / "ridge.mg").ridge
DATA = {"X": X, "y": y, "lam": 0.1}
SOLUTION = np.linalg.solve(X.T @ X + 0.1 * np.eye(5), X.T @ y)
ROSENBROCK = mg.function("fn rosenbrock(a: scalar, b: scalar) = (1-a)^2 + 100*(b-a^2)^2")
SIMPLEX = mg.function("fn s(w: vector[n]) = sum(w) - 1")
PORTFOLIO = mg.function("fn p(C: posdef matrix[n, n], r: vector[n], w: nonneg vector[n]) = w'*C*w/2 - r'*w")
COVARIANCE = np.cov(rng.normal(size=(60, 4)).T)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_of_scipy(method):
    found = mg.minimize(RIDGE, "w", DATA, method=method)
    assert found.method == method
    assert found.success
    assert np.allclose(found["w"], SOLUTION, atol=5e-3)
    assert found.value == pytest.approx(RIDGE(X, y, SOLUTION, 0.1), rel=1e-5)
    assert np.allclose(found.gradients["w"], RIDGE.grad("w")(X, y, found["w"], 0.1))
    assert found.iterations >= 1
    assert found.evaluations >= 2
    assert 0 < found.evaluation_seconds <= found.seconds


def test_names_of_methods_in_any_case():
    assert mg.minimize(RIDGE, "w", DATA, method="bfgs").method == "BFGS"
    assert mg.minimize(RIDGE, "w", DATA).method == "L-BFGS-B"


def test_result_tells_where_it_began_and_ended():
    found = mg.minimize(RIDGE, "w", DATA, tol=1e-9)
    assert found.start_value == pytest.approx(y @ y)
    assert found.start_gradient_norm == pytest.approx(np.max(np.abs(2 * X.T @ y)))
    assert found.gradient_norm < 1e-3 * found.start_gradient_norm
    assert found.scipy.x.shape == (5,)
    with pytest.raises(mg.ArgumentError, match="the variables are w"):
        found["X"]


@pytest.mark.parametrize("method", ["L-BFGS-B", "Newton-CG", "trust-exact", "trust-constr"])
def test_several_variables_with_their_mixed_derivatives(method):
    found = mg.minimize(ROSENBROCK, ("b", "a"), start={"a": -1.2, "b": 1.0}, method=method)
    assert list(found.arrays) == ["a", "b"]
    assert isinstance(found["a"], float)
    assert np.allclose([found["a"], found["b"]], 1, atol=1e-4)


@pytest.mark.parametrize("method", ["L-BFGS-B", "Newton-CG", "trust-exact"])
def test_factorization_of_a_matrix(method):
    f = mg.load(EXAMPLES / "matrix_factorization.mg").factorization
    T = rng.normal(size=(7, 2)) @ rng.normal(size=(2, 6))
    found = mg.minimize(f, ["U", "V"], {"T": T, "lam": 0.0}, sizes={"k": 2}, method=method)
    assert found["U"].shape == (7, 2)
    assert found.value < 1e-8
    assert np.allclose(found["U"] @ found["V"].T, T, atol=1e-3)


@pytest.mark.parametrize("method", ["L-BFGS-B", "BFGS", "Newton-CG", "trust-exact", "trust-ncg"])
def test_symmetric_variable_and_steps_out_of_the_domain(method):
    # tr(S*P) - logdet(P) is least at inv(S); the first steps from the identity leave the positive definite matrices.
    f = mg.load(EXAMPLES / "graphical_lasso.mg").graphical_lasso
    S = 0.05 * COVARIANCE
    found = mg.minimize(f, "P", {"S": S, "lam": 0.0}, method=method, tol=1e-10)
    assert np.array_equal(found["P"], found["P"].T)
    assert np.allclose(found["P"], np.linalg.inv(S), rtol=1e-3)


@pytest.mark.parametrize(
    ("declared", "project"),
    [
        ("symmetric", lambda a: (a + a.T) / 2),
        ("diagonal", lambda a: np.diag(np.diag(a))),
        ("lower", np.tril),
        ("upper", np.triu),
        ("nonneg", lambda a: np.maximum(a, 0)),
        ("lower nonneg", lambda a: np.maximum(np.tril(a), 0)),
    ],
)
@pytest.mark.parametrize("method", ["L-BFGS-B", "trust-constr"])
def test_nearest_matrix_of_a_space(declared, project, method):
    f = mg.function(f"fn f(A: {declared} matrix[n, n], B: matrix[n, n]) = normfro(A - B)^2 / 2")
    B = rng.normal(size=(4, 4))
    found = mg.minimize(f, "A", {"B": B}, method=method)
    assert np.allclose(found["A"], project(B), atol=2e-3)


def test_bounds_and_the_gradient_where_they_hold():
    found = mg.minimize(RIDGE, "w", DATA, bounds={"w": (0, None)}, tol=1e-12)
    reference = scipy.optimize.nnls(np.vstack([X, np.sqrt(0.1) * np.eye(5)]), np.append(y, np.zeros(5)))[0]
    assert np.allclose(found["w"], reference, atol=1e-5)
    assert found.gradient_norm < 1e-4
    assert np.max(np.abs(found.gradients["w"])) > 0.1  # it pushes against the bounds
    high = np.full(5, 0.01)
    assert np.all(mg.minimize(RIDGE, "w", DATA, bounds={"w": (-0.02, high)})["w"] <= high)


def test_positive_variable_stays_positive():
    f = mg.function("fn f(s: positive scalar) = s + 1/s")
    assert mg.minimize(f, "s", start=5.0)["s"] == pytest.approx(1, abs=1e-4)
    f = mg.function("fn f(s: positive scalar) = s")
    assert 0 < mg.minimize(f, "s")["s"] < 1e-300


@pytest.mark.parametrize("method", [None, "trust-constr", "COBYQA"])
def test_constraint_by_a_function(method):
    r = np.array([0.3, 0.1, 0.4, 0.2])
    arguments = {"C": COVARIANCE, "r": r}
    found = mg.minimize(PORTFOLIO, "w", arguments, constraints={"type": "eq", "fun": SIMPLEX}, method=method)
    assert found["w"].sum() == pytest.approx(1, abs=1e-6)
    reference = scipy.optimize.minimize(
        lambda w: w @ COVARIANCE @ w / 2 - r @ w, np.full(4, 0.25), bounds=[(0, None)] * 4,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1}, tol=1e-12,
    )  # fmt: skip
    assert found.value == pytest.approx(reference.fun, abs=1e-5)


def test_constraint_with_data_and_arrays_of_several_variables():
    f = mg.function("fn f(S: symmetric matrix[n, n], v: vector[n]) = normfro(S)^2 + v'*v")
    g = mg.function("fn g(S: symmetric matrix[n, n], v: vector[n], c: vector[n]) = S*c + v - c")
    c = np.array([1.0, 2.0, -1.0])
    found = mg.minimize(f, ["S", "v"], {"c": c}, sizes={"n": 3}, constraints=[{"type": "eq", "fun": g}])
    assert found.success
    assert np.allclose(found["S"] @ c + found["v"], c, atol=1e-8)
    inside = mg.minimize(
        f,
        ["S", "v"],
        {},
        sizes={"n": 3},
        constraints=[{"type": "ineq", "fun": mg.function("v[0] - 2 where v: vector[n]")}],
    )
    assert np.allclose(inside["v"], [2, 0, 0], atol=1e-6)


@pytest.mark.parametrize("method", ["SLSQP", "trust-constr"])
def test_constraint_with_values_in_a_matrix_and_curvature(method):
    # The least factors of a matrix: the sum of their squares is twice the sum of its singular values.
    f = mg.function("fn f(s: scalar, U: matrix[m, k], V: matrix[n, k]) = normfro(U)^2 + normfro(V)^2 + s^2")
    g = mg.function("fn g(U: matrix[m, k], V: matrix[n, k], T: matrix[m, n]) = U*V' - T")
    T = np.array([[1.0, 0.5, -1.0], [2.0, 0.0, 1.0]])
    found = mg.minimize(
        f, list("sUV"), {"T": T}, sizes={"m": 2, "n": 3, "k": 2}, constraints={"type": "eq", "fun": g}, method=method
    )
    assert np.allclose(found["U"] @ found["V"].T, T, atol=1e-6)
    assert found.value == pytest.approx(2 * np.linalg.norm(T, "nuc"), rel=1e-4)


def test_constraints_of_scipy_pass():
    constraint = scipy.optimize.LinearConstraint(np.ones((1, 5)), 1, 1)
    for method in ("SLSQP", "trust-constr"):
        assert mg.minimize(RIDGE, "w", DATA, constraints=constraint, method=method)["w"].sum() == pytest.approx(
            1, abs=1e-6
        )


@pytest.mark.parametrize("method", METHODS)
def test_callback_sees_each_iteration(method):
    seen = []
    found = mg.minimize(RIDGE, "w", DATA, method=method, callback=seen.append)
    assert [p.iteration for p in seen] == list(range(1, len(seen) + 1))
    assert seen
    assert seen[-1].arrays["w"].shape == (5,)
    assert seen[-1].value == pytest.approx(found.value, rel=1e-2)


@pytest.mark.parametrize("method", METHODS)
def test_callback_can_end_the_search(method):
    def stop(progress):
        if progress.iteration == 1:
            raise StopIteration

    found = mg.minimize(RIDGE, "w", DATA, method=method, callback=stop)
    assert not found.success
    assert found.iterations <= 2
    assert np.all(np.isfinite(found["w"]))


@pytest.mark.parametrize("method", METHODS)
def test_variables_and_data_without_entries(method):
    nothing = mg.minimize(RIDGE, "w", {"X": np.ones((4, 0)), "y": np.ones(4), "lam": 1.0}, method=method)
    assert (nothing["w"].shape, nothing.value, nothing.gradient_norm, nothing.success) == ((0,), 4.0, 0.0, True)
    found = mg.minimize(RIDGE, "w", {"X": np.ones((0, 2)), "y": np.ones(0), "lam": 1.0}, method=method)
    assert np.allclose(found["w"], 0, atol=1e-3)


def test_types_come_from_data_and_start():
    f = mg.function("sum((A*x - b).^2)")
    A, b = rng.normal(size=(6, 3)), rng.normal(size=6)
    assert np.allclose(mg.minimize(f, "x", {"A": A, "b": b})["x"], np.linalg.lstsq(A, b, rcond=None)[0], atol=1e-4)
    matrix = mg.minimize(f, "x", {"A": A, "b": np.eye(6)}, start=np.zeros((3, 6)))["x"]
    assert np.allclose(matrix, np.linalg.pinv(A), atol=1e-4)


def test_start_is_not_changed_and_may_be_a_list():
    start = np.ones(5)
    mg.minimize(RIDGE, "w", DATA, start)
    assert np.array_equal(start, np.ones(5))
    assert np.allclose(mg.minimize(RIDGE, "w", DATA, [1, 1, 1, 1, 1])["w"], SOLUTION, atol=1e-4)


def test_default_starts():
    f = mg.function(
        "fn f(a: scalar, p: positive scalar, v: nonneg vector[n], P: posdef matrix[n, n], S: symmetric matrix[n, n],"
        " U: matrix[n, n]) = a^2 + p + sum(v) + normfro(P)^2 + normfro(S)^2 + normfro(U)^2"
    )
    names = list(f.parameters)

    def stop(progress):
        raise StopIteration

    found = mg.minimize(f, names, sizes={"n": 2}, method="SLSQP", options={"maxiter": 1}, callback=stop)
    U = found.start_value - (0 + 1 + 2 + 2 + 0)
    assert 0 < U < 10
    assert found.start_value == mg.minimize(f, names, sizes={"n": 2}).start_value


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"variables": "v"}, mg.ArgumentError, "there is no parameter v"),
        ({"variables": ["w", "X"]}, mg.ArgumentError, "X is a variable and has a value in the data"),
        ({"data": {"X": X}}, mg.ArgumentError, "neither a variable nor in the data: y, lam"),
        ({"data": DATA | {"z": 1}}, mg.ArgumentError, "there is no parameter z"),
        ({"data": DATA | {"X": X[0]}}, mg.ShapeError, "X has 2 dimensions"),
        ({"data": DATA | {"y": y[:3]}}, mg.ShapeError, "y"),
        ({"start": np.zeros(3)}, mg.ShapeError, "the start of w has another shape"),
        ({"start": {"W": np.zeros(3)}}, mg.ArgumentError, "there is no variable W\n  the variables are w"),
        ({"start": ["a"] * 5}, mg.TypeError, "the start of w holds no real numbers"),
        ({"start": np.full(5, np.nan)}, mg.DomainError, "no finite value and gradient at the start"),
        ({"bounds": {"v": (0, 1)}}, mg.ArgumentError, "there is no variable v"),
        ({"bounds": {"w": (1, 0)}}, mg.ArgumentError, "the lower one is above the upper one"),
        ({"bounds": {"w": 3}}, mg.ArgumentError, r"are a pair \(low, high\)"),
        ({"bounds": {"w": (np.zeros(3), None)}}, mg.ShapeError, "the bounds of w do not fit its shape"),
        ({"method": "newton"}, mg.ArgumentError, "there is no method newton"),
        ({"method": "BFGS", "bounds": {"w": (0, 1)}}, mg.ArgumentError, "BFGS takes no bounds"),
        ({"method": "BFGS", "constraints": {"type": "eq", "fun": SIMPLEX}}, mg.ArgumentError, "takes no constraints"),
        ({"constraints": {"type": "eq", "fun": mg.function("w'*c")}}, mg.ArgumentError, "parameter c has no value"),
        ({"constraints": {"type": "eq", "fun": mg.function("sum(X)")}}, mg.ArgumentError, "without variables"),
        ({"constraints": {"fun": SIMPLEX}}, mg.ArgumentError, "a constraint has no type"),
        ({"sizes": {"k": 3}}, mg.ArgumentError, "there is no size k"),
        ({"sizes": {"n": -1}}, mg.ArgumentError, "the size n is negative"),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, str) else "",
)  # fmt: skip
def test_refused(change, error, message):
    arguments = {"variables": "w", "data": DATA} | change
    with pytest.raises(error, match=message):
        mg.minimize(RIDGE, **arguments)


@pytest.mark.parametrize(
    ("text", "variables", "data", "error", "message"),
    [
        ("fn f(x: vector[n]) = 2*x", "x", {}, mg.ArgumentError, "the size n of x is not known"),
        ("fn f(x: vector[n]) = 2*x", "x", {"n": 1}, mg.ArgumentError, "there is no parameter n"),
        ("fn f(x: vector[3]) = 2*x", "x", {}, mg.ShapeError, "value_and_grad is of a scalar function"),
        (
            "fn f(x: vector[3], i: integer scalar) = x[i]",
            "i",
            {"x": np.ones(3)},
            mg.ArgumentError,
            "i is declared integer",
        ),
        ("fn f(Q: orthogonal matrix[3, 3]) = tr(Q)", "Q", {}, mg.ArgumentError, "Q is declared orthogonal"),
        ("fn f(x: scalar) = log(x)", "x", {}, mg.DomainError, "no finite value and gradient at the start"),
        ("fn f(A: matrix[2, 2]) = logdet(A - A)", "A", {}, mg.DomainError, "give another starting point"),
    ],
)
def test_functions_and_variables_that_are_refused(text, variables, data, error, message):
    with pytest.raises(error, match=message):
        mg.minimize(mg.function(text), variables, data)


def test_start_outside_of_the_space_is_refused():
    f = mg.function("fn f(S: symmetric matrix[n, n]) = normfro(S)^2")
    with pytest.raises(mg.DomainError, match="the start of S is not what S is declared to be: symmetric"):
        mg.minimize(f, "S", start=np.array([[1.0, 2.0], [3.0, 4.0]]))


def test_several_variables_need_a_mapping_of_starts():
    with pytest.raises(mg.ArgumentError, match="start is one array, and there are several variables"):
        mg.minimize(ROSENBROCK, ["a", "b"], start=[1.0, 2.0])


def test_import_of_minimize_loads_no_scipy():
    program = "import sys, matgrad\nmatgrad.minimize\nprint('scipy' in sys.modules)"
    root = EXAMPLES.parent
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_what_is_no_problem():
    f = mg.function("fn f(x: vector[n]) = x'*x")
    with pytest.raises(mg.TypeError, match=r"mg\.trace"):
        mg.minimize(lambda x: x @ x, "x", {})
    with pytest.raises(mg.ArgumentError, match="over which variables"):
        mg.minimize(f, [], {"x": np.ones(2)})
    with pytest.raises(mg.ArgumentError, match="a constraint has no function"):
        mg.minimize(f, "x", {}, np.ones(2), constraints={"type": "eq"})
