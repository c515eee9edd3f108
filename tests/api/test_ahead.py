"""What `bind` computes ahead: once, without loss of accuracy, and Gram matrices only where `fast` asks for them."""

from __future__ import annotations

import numpy as np
import pytest

import matgrad as mg

rng = np.random.default_rng(0)
K = (lambda a: a @ a.T + np.eye(30))(rng.normal(size=(30, 30)))
A, B, C = (rng.normal(size=(30, 30)) for _ in range(3))
X, y, w, b = rng.normal(size=(200, 30)), rng.normal(size=200), rng.normal(size=30), rng.normal(size=30)

CASES = {
    "quadratic form of an inverse": (
        "b'*(K \\ b) + logdet(K) where K: posdef matrix[n, n], b: vector[n]",
        {"K": K},
        {"b": b},
        ["cholesky(K)", "log"],
    ),
    "general inverse": ("b'*(A \\ b) + logabsdet(A)", {"A": A}, {"b": b}, ["lu(A)"]),
    "product": ("tr(A*B*C*D)", {"A": A, "B": B, "C": C}, {"D": K}, ["gemm"]),
    "elementwise": ("sum(exp(A) .* D)", {"A": A}, {"D": K}, ["exp(A"]),
    "constant term": ("sum(log(1 + y.^2)) + w'*w", {"y": y}, {"w": w}, ["log1p"]),
    "least squares": ("norm2(X*w - y)^2", {"X": X, "y": y}, {"w": w}, []),
}


@pytest.mark.parametrize("name", CASES)
def test_results_and_what_is_computed_once(name):
    text, data, free, once = CASES[name]
    (variable,) = free
    f = mg.function(text).value_and_grad(variable)
    k = f.bind(**data)
    value, gradient = f(**data, **free)
    for _ in range(4):
        result, by_variable = k(*free.values())
        assert np.isclose(result, value, rtol=1e-12)
        assert np.allclose(by_variable, gradient, rtol=1e-10, atol=1e-12 * np.abs(gradient).max())
    ahead, _, each = k.plan().partition("at each call:")
    assert bool(once) == ahead.startswith("once:")
    for step in once:
        assert step in ahead
        assert step not in each


def test_fast_forms_the_gram_matrix():
    f = mg.function("norm2(X*w - y)^2").value_and_grad("w")
    k = f.bind(X=X, y=y, fast=True)
    for _ in range(4):
        result, gradient = k(w)
        assert np.isclose(result, np.sum((X @ w - y) ** 2), rtol=1e-10)
        assert np.allclose(gradient, 2 * X.T @ (X @ w - y), rtol=1e-9)
    ahead, _, each = k.plan().partition("at each call:")
    assert "syrk(X')" in ahead
    assert "(X" not in each.partition("outputs")[2]
    k.rebind(y=2 * y)
    assert np.isclose(k(w)[0], np.sum((X @ w - 2 * y) ** 2), rtol=1e-10)


def test_single_precision_and_mixed():
    f = mg.function("tr(A*B*C*D)")
    single = f.bind(A=A.astype(np.float32), B=B.astype(np.float32), C=C.astype(np.float32))
    expected = np.trace(A @ B @ C @ K)
    for _ in range(4):
        assert np.isclose(single(K.astype(np.float32)), expected, rtol=1e-4)
        assert np.isclose(
            single(K),
            np.trace(A.astype(np.float32).astype(float) @ B.astype(np.float32) @ C.astype(np.float32) @ K),
            rtol=1e-6,
        )


def test_a_failure_of_what_is_computed_ahead_is_named():
    k = mg.function("b'*(K \\ b) where K: posdef matrix[n, n], b: vector[n]").bind(K=-np.eye(3))
    with pytest.raises(mg.DomainError, match="K is not positive definite"):
        k(np.ones(3))
