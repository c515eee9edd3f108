"""What simplification makes of forms that people write by hand, and that the value stays what it was."""

from __future__ import annotations

import numpy as np
import pytest

import matgrad as mg

ROWS = "exp(X - max(X, 2)) ./ sum(exp(X - max(X, 2)), 2) where X: matrix[n, m]"
TYPES = "where A: posdef matrix[n, n], B: posdef matrix[m, m], Y: matrix[m, n]"

# What is written, what it becomes, and its gradient.
FORMS = [
    ("exp(x) / sum(exp(x)) where x: vector[n]", "softmax(x)"),
    ("exp(x - max(x)) / sum(exp(x - max(x))) where x: vector[n]", "softmax(x)"),
    (ROWS, "softmax(X, 2)"),
    ("log(sum(exp(x - max(x)))) + max(x) where x: vector[n]", "logsumexp(x)"),
    ("log(sum(exp(X - max(X, 2)), 2)) + max(X, 2) where X: matrix[n, m]", "logsumexp(X, 2)"),
    ("X - max(X, 2) - log(sum(exp(X - max(X, 2)), 2)) where X: matrix[n, m]", "logsoftmax(X, 2)"),
    ("exp(X - max(X, 1)) ./ sum(exp(X - max(X, 1)), 1) where X: matrix[n, m]", "softmax(X, 1)"),
    ("exp(A*B' - max(B*A', 1)') ./ sum(exp(A*B' - max(A*B', 2)), 2) where A: matrix[n, m]", "softmax(B*A', 1)'"),
    ("inv(kron(A, B)) " + TYPES, "kron(inv(A), inv(B))"),
    ("logdet(kron(A, B)) " + TYPES, "m*logdet(A) + n*logdet(B)"),
    ("vec(Y)'*(kron(A, B) \\ vec(Y)) " + TYPES, "tr(inv(A)*Y'*inv(B)*Y)"),
]


@pytest.mark.parametrize(("text", "expected"), FORMS)
def test_forms_written_by_hand(text, expected):
    assert mg.function(text).text().rpartition(" = ")[2] == expected


def test_a_softmax_written_by_hand_is_that_of_numpy():
    X = np.random.default_rng(0).normal(size=(5, 4)) * 300  # the exponentials overflow
    expected = np.exp(X - X.max(axis=1, keepdims=True))
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(mg.function(ROWS)(X), expected, rtol=1e-12, atol=1e-300)


def test_a_matrix_normal_likelihood_never_forms_the_kronecker_product():
    f = mg.function("vec(Y)'*(kron(A, B) \\ vec(Y)) + logdet(kron(A, B)) " + TYPES)
    assert f.grad("A").text().rpartition(" = ")[2] == "m*inv(A) - inv(A)*Y'*inv(B)*Y*inv(A)"
    rng = np.random.default_rng(1)
    A, B, Y = (rng.normal(size=shape) for shape in ((3, 3), (4, 4), (4, 3)))
    A, B = A @ A.T + np.eye(3), B @ B.T + np.eye(4)
    K, y = np.kron(A, B), Y.T.ravel()
    value = y @ np.linalg.solve(K, y) + np.linalg.slogdet(K)[1]
    np.testing.assert_allclose(f(A=A, B=B, Y=Y), value, rtol=1e-10)
    assert f.cost(n=100, m=100) < 1e8


def test_differences_of_slices_are_never_matrices():
    f = mg.function("fn f(x: vector[n]) = { d = x[2:n] - 2*x[1:n-1] + x[0:n-2]; d'*d }")
    assert f.text().endswith("sum((2*x[1:-1] - x[:-2] - x[2:]).^2)")
    x = np.random.default_rng(2).normal(size=200_000)  # a matrix would have 300 GB
    value, gradient = f.value_and_grad("x")(x)
    d = np.diff(x, 2)
    np.testing.assert_allclose(value, d @ d, rtol=1e-12)
    expected = np.zeros_like(x)
    expected[2:] += 2 * d
    expected[1:-1] -= 4 * d
    expected[:-2] += 2 * d
    np.testing.assert_allclose(gradient, expected, rtol=1e-10, atol=1e-10)


def test_running_sums_are_never_products():
    f = mg.function("fn f(x: vector[n]) = { t = cumsum(x); t'*t }")
    x = np.random.default_rng(3).normal(size=100_000)  # a triangle would have 80 GB
    value, gradient = f.value_and_grad("x")(x)
    t = np.cumsum(x)
    np.testing.assert_allclose(value, t @ t, rtol=1e-12)
    np.testing.assert_allclose(gradient, 2 * np.cumsum(t[::-1])[::-1], rtol=1e-9, atol=1e-6)
    X = np.random.default_rng(4).normal(size=(6, 5))
    for text, axis in (("cumsum(X, 1)", 0), ("cumsum(X, 2)", 1)):
        np.testing.assert_allclose(mg.function(text)(X), np.cumsum(X, axis=axis), rtol=1e-13)


@pytest.mark.parametrize("norm", ["norm2", "normnuc"])
def test_the_norm_of_a_row_is_that_of_a_vector(norm):
    f = mg.function(f"{norm}(x'*V) where x: vector[n], V: matrix[n, m]")
    x, V = np.array([1.0, -2.0]), np.array([[1.0, 2.0, 3.0], [0.0, 1.0, -1.0]])
    assert f(x, V) == pytest.approx(np.linalg.norm(x @ V))
    np.testing.assert_allclose(f.grad("x")(x, V), V @ (x @ V) / np.linalg.norm(x @ V), rtol=1e-12)
    assert "svd" not in f.source()


def test_running_sums_where_they_are_sliced():
    M = np.random.default_rng(5).normal(size=(4, 4))
    f = mg.function("vec(cumsum(M, 1))[:m] where M: matrix[m, m]")
    np.testing.assert_allclose(f(M), np.cumsum(M[:, 0]), rtol=1e-13)
    g = mg.function("tr(cumsum(M ./ (1 + D.^2), 1)*D*cumsum(M ./ (1 + D.^2), 1)') where D: diagonal matrix[m, m]")
    D = np.diag([1.0, -2.0, 0.5, 3.0])
    C = np.cumsum(M / (1 + D**2), axis=0)
    np.testing.assert_allclose(g(M=M, D=D), np.trace(C @ D @ C.T), rtol=1e-12)
