"""Gradients that SymPy 1.14 gets wrong without a word: those of scalar functions of traces and determinants."""

from __future__ import annotations

import numpy as np
import pytest

import matgrad as mg

rng = np.random.default_rng(7)
X, A, B = rng.normal(size=(3, 4, 4))
P = X @ X.T + np.eye(4)
R = rng.normal(size=(3, 4))
x = rng.normal(size=4)

CASES = {
    # SymPy: 0.
    "log(det(X))": (P, lambda X: np.linalg.inv(X).T),
    "log(det(A + X*B*X'))": (X, None),
    "exp(tr(X*A))": (X / 4, lambda X: np.exp(np.trace(X @ A)) * A.T),
    "log(tr(X'*X))": (X, lambda X: 2 * X / np.sum(X * X)),
    "sqrt(tr(X'*X))": (X, lambda X: X / np.linalg.norm(X)),
    "tr(X)^3": (X, lambda X: 3 * np.trace(X) ** 2 * np.eye(4)),
    "sin(det(X))": (X, lambda X: np.cos(np.linalg.det(X)) * np.linalg.det(X) * np.linalg.inv(X).T),
    # SymPy: terms are missing.
    "det(X)*tr(X)": (X, lambda X: np.linalg.det(X) * (np.trace(X) * np.linalg.inv(X).T + np.eye(4))),
    "tr(X*A)/tr(X*B)": (X, lambda X: A.T / np.trace(X @ B) - np.trace(X @ A) / np.trace(X @ B) ** 2 * B.T),
    "tr(x'*A*x)/tr(x'*x)": (x, lambda x: (A + A.T) @ x / (x @ x) - 2 * (x @ A @ x) * x / (x @ x) ** 2),
}


@pytest.mark.parametrize("text", CASES)
def test_gradient(text):
    point, expected = CASES[text]
    variable = "x" if "x" in text.replace("exp", "") else "X"
    arrays = {"A": A, "B": B, variable: point}
    if text == "log(det(A + X*B*X'))":
        arrays |= {"A": P, "B": A @ A.T}
    function = mg.function(text)
    given = {p: arrays[p] for p in function.parameters}
    gradient = function.grad(variable)(**given)
    if expected is not None:
        assert np.allclose(gradient, expected(point), rtol=1e-10)
    step = rng.normal(size=point.shape)
    ends = [function(**(given | {variable: point + s * 1e-5 * step})) for s in (1, -1, 0.5, -0.5)]
    slope = (4 * (ends[2] - ends[3]) / 1e-5 - (ends[0] - ends[1]) / 2e-5) / 3
    assert np.isclose(np.sum(gradient * step), slope, rtol=1e-7)
    assert np.any(gradient)


def test_symmetric_matrices_are_used():
    """The published form of another tool is 0.5*(-(inv(X)'*A*inv(X)' + inv(X)*A'*inv(X)))."""
    f = mg.function("tr(inv(X)*A) where X: symmetric matrix[n, n], A: symmetric matrix[n, n]")
    assert str(f.grad("X")) == "-inv(X)*A*inv(X)"


def test_trace_of_a_product_costs_its_elements():
    f = mg.function("tr(A*B) where A: matrix[m, n], B: matrix[n, m]")
    assert str(f.grad("A")) == "B'"
    assert f.cost(m=100, n=100) <= 2 * 100 * 100


def test_a_published_objective_is_factored_once():
    """The published form of another tool has 63 products of matrices and takes its inverses one by one."""
    text = "tr(inv(X*C*C'*X')*X*C*C'*B*C*C'*X'*inv(X*C*C'*X'))"
    f = mg.function(f"fn f(X: matrix[m, n], C: matrix[n, k], B: symmetric matrix[n, n]) = {text}")
    X, C, B = rng.normal(size=(3, 5)), rng.normal(size=(5, 7)), rng.normal(size=(5, 5))
    B = B + B.T
    both = f.value_and_grad("X")

    def value(X):
        inner = X @ C @ C.T
        inverse = np.linalg.inv(inner @ X.T)
        return np.trace(inverse @ inner @ B @ inner.T @ inverse)

    for _ in range(4):
        found, gradient = both(X, C, B)
        assert np.isclose(found, value(X), rtol=1e-9)
    step = rng.normal(size=X.shape)
    ends = [value(X + s * 1e-4 * step) for s in (1, -1, 0.5, -0.5)]
    slope = (4 * (ends[2] - ends[3]) / 1e-4 - (ends[0] - ends[1]) / 2e-4) / 3
    assert np.isclose(np.sum(gradient * step), slope, rtol=1e-7)
    plan = both.plan()
    assert plan.count(" = cholesky(") == 1
    assert " = lu(" not in plan


def test_derivatives_of_high_order_are_printed():
    """Another tool cannot display results of third and fourth order; a dense Hessian has m^2*k^2 numbers."""
    f = mg.function("fn f(T: matrix[m, n], U: matrix[m, k], V: matrix[n, k]) = normfro(T - U*V')^2")
    assert "2*delta(i,l)*(V'*V)[j,p]" in str(f.hess("U"))
    assert f.hvp("U").cost(m=100, n=100, k=5) < 10_000
    g = mg.function("fn g(x: vector[n], A: matrix[m, n]) = sum(exp(A*x))")
    assert str(g.hess("x").jac("x")) == "J[i,j,k] = A[l,i]*A[l,j]*A[l,k]*exp(A*x)[l]"
    assert str(g.hess("x").jac("x").jac("x")) == "J[i,j,k,l] = A[p,i]*A[p,j]*A[p,k]*A[p,l]*exp(A*x)[p]"


def test_a_product_with_a_vector_stays_one():
    f = mg.function("fn f(H: matrix[m, n], x: vector[n]) = H'*H*x")
    assert f.cost(m=100, n=100) == 4 * 100 * 100
