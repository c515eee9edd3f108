"""Derivatives inside of programs: Newton steps, gradient penalties, implicit differentiation, high orders."""

from __future__ import annotations

import numpy as np
import pytest

import matgrad as mg

rng = np.random.default_rng(8)
X = rng.normal(size=(30, 4))
w = rng.normal(size=4) / 2
y = (rng.uniform(size=30) < 0.5) * 1.0
LOGISTIC = "fn f(X: matrix[m, n], y: vector[m], w: vector[n]) = sum(softplus(X*w) - y .* (X*w))"


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def slope(function, point, direction, h=1e-4):
    """The directional derivative by central differences."""
    ends = [np.asarray(function(point + s * h * direction)) for s in (1, -1, 0.5, -0.5)]
    return (4 * (ends[2] - ends[3]) / h - (ends[0] - ends[1]) / (2 * h)) / 3


def test_newton_step():
    program = mg.loads("""
fn ridge(X: matrix[m, n], y: vector[m], w: vector[n], lam: positive scalar) = {
    r = X*w - y
    r'*r + lam * w'*w
}
fn step(X: matrix[m, n], y: vector[m], w: vector[n], lam: positive scalar) = {
    g = grad(ridge(X, y, w, lam), w)
    H = hess(ridge(X, y, w, lam), w)
    w - H \\ g
}""")
    solution = np.linalg.solve(X.T @ X + 0.3 * np.eye(4), X.T @ y)
    assert np.allclose(program.step(X, y, w, 0.3), solution)
    assert "cholesky" in program.step.plan()  # definite by inference
    assert "lu" not in program.step.plan()
    # The solution of a quadratic problem does not depend on where one starts.
    assert np.allclose(program.step.jac("w")(X, y, w, 0.3), 0, atol=1e-10)


def test_gradient_penalty():
    program = mg.loads(LOGISTIC + "\nfn penalized(X: matrix[m, n], y: vector[m], w: vector[n]) = "
                       "f(X, y, w) + norm2(grad(f(X, y, w), w))^2 / 2")  # fmt: skip
    p = sigmoid(X @ w)
    gradient, hessian = X.T @ (p - y), X.T @ ((p * (1 - p))[:, None] * X)
    assert np.allclose(program.penalized.grad("w")(X, y, w), gradient + hessian @ gradient)
    d = rng.normal(size=4)
    found = program.penalized.hvp("w")(X, y, w, d)
    assert np.allclose(found, slope(lambda v: program.penalized.grad("w")(X, y, v), w, d), rtol=1e-7)


def test_hessian_of_logistic_regression_is_printed_with_its_structure():
    hessian = mg.function(LOGISTIC).hess("w")
    p = sigmoid(X @ w)
    assert np.allclose(hessian(X, y, w), X.T @ ((p * (1 - p))[:, None] * X))
    assert str(hessian).startswith("X'*diag(") and str(hessian).endswith(")*X")


def test_implicit_differentiation():
    """The minimizer w(lam) moves with -hess \\ (derivative of the gradient by lam)."""
    program = mg.loads("""
fn f(X: matrix[m, n], y: vector[m], w: vector[n], lam: positive scalar) = sum(softplus(X*w) - y .* (X*w)) + lam/2*w'*w
fn move(X: matrix[m, n], y: vector[m], w: vector[n], lam: positive scalar) =
    -(hess(f(X, y, w, lam), w) \\ jac(grad(f(X, y, w, lam), w), lam))""")

    def minimizer(lam):
        v = np.zeros(4)
        for _ in range(50):
            v = v - np.linalg.solve(program.f.hess("w")(X, y, v, lam), program.f.grad("w")(X, y, v, lam))
        return v

    assert np.allclose(program.move(X, y, minimizer(0.7), 0.7), slope(minimizer, 0.7, 1.0), rtol=1e-8)


def test_conjugate_gradients_with_hessian_vector_products():
    product = mg.function(LOGISTIC).hvp("w").bind(X=X, y=y)
    b = rng.normal(size=4)
    v, r = np.zeros(4), b.copy()
    d = r.copy()
    for _ in range(4):
        q = product(w, d)
        step = (r @ r) / (d @ q)
        v, r, old = v + step * d, r - step * q, r @ r
        d = r + (r @ r) / old * d
    p = sigmoid(X @ w)
    assert np.allclose(v, np.linalg.solve(X.T @ ((p * (1 - p))[:, None] * X), b))


def test_hessian_of_a_factorization_keeps_its_delta():
    f = mg.function("normfro(T - U*V')^2 where T: matrix[m, n], U: matrix[m, k], V: matrix[n, k]")
    T, U, V = rng.normal(size=(6, 5)), rng.normal(size=(6, 2)), rng.normal(size=(5, 2))
    hessian = f.hess("U")
    assert np.allclose(hessian(T, U, V), 2 * np.einsum("ik,jl->ijkl", np.eye(6), V.T @ V))
    assert "delta(i,l)*(V'*V)[j,p]" in str(hessian)
    assert hessian.cost(m=100, n=50, k=5) < 4 * 50 * 5 * 5 + 2 * 100 * 5 * 100 * 5


@pytest.mark.parametrize(
    ("text", "derivatives"),
    [
        ("sum(exp(x))", lambda x: np.exp(x)),
        ("sum(x.^4)", lambda x: 24 * np.ones(3)),
        ("sum(sin(x))", lambda x: np.sin(x)),
    ],
)
def test_fourth_derivatives_of_elementwise_functions(text, derivatives):
    x = rng.normal(size=3)
    fourth = mg.function(text).hess("x").jac("x").jac("x")(x)
    expected = np.zeros((3, 3, 3, 3))
    for i in range(3):
        expected[i, i, i, i] = derivatives(x)[i]
    assert np.allclose(fourth, expected)


@pytest.mark.parametrize("text", ["logsumexp(A*x)", "norm2(A*x - b)", "log(x'*x + 1)*tanh(b'*x)", "prod(1 + x.^2)"])
def test_third_and_fourth_derivatives(text):
    declared = "A: matrix[n, n], b: vector[n], x: vector[n]"
    f = mg.function(f"fn f({declared}) = {text}")
    A, b, x, d = rng.normal(size=(3, 3)), *rng.normal(size=(3, 3))
    hessian = f.hess("x")
    third = hessian.jac("x")
    fourth = third.jac("x")
    assert np.allclose(third(A, b, x) @ d, slope(lambda v: hessian(A, b, v), x, d), rtol=1e-6, atol=1e-7)
    assert np.allclose(fourth(A, b, x) @ d, slope(lambda v: third(A, b, v), x, d), rtol=1e-6, atol=1e-6)
    values = fourth(A, b, x)
    assert np.allclose(values, np.transpose(values, (3, 1, 0, 2)), atol=1e-8)
