"""Parameters declared `sparse`: SciPy's matrices of every format, and dense arrays."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse

import matgrad as mg

rng = np.random.default_rng(5)
X = scipy.sparse.random(30, 8, density=0.2, rng=rng, format="csr")
w, y = rng.normal(size=8), rng.normal(size=30)
FORMATS = ["csr", "csc", "coo", "lil", "dok", "dia", "bsr"]


@pytest.mark.parametrize("form", [*FORMATS, "array", "dense"])
def test_least_squares(form):
    f = mg.function("fn f(X: sparse matrix[m, n], w: vector[n], y: vector[m]) = norm2(X*w - y)^2")
    forms = {"dense": X.toarray, "array": lambda: scipy.sparse.csr_array(X)}
    given = forms[form]() if form in forms else X.asformat(form)
    residual = X @ w - y
    assert np.isclose(f(given, w, y), residual @ residual)
    assert np.allclose(f.grad("w")(given, w, y), 2 * X.T @ residual)
    value, gradient = f.value_and_grad("w")(given, w, y)
    assert np.isclose(value, residual @ residual)
    assert np.allclose(gradient, 2 * X.T @ residual)
    assert np.allclose(f.hess("w")(given, w, y), 2 * (X.T @ X).toarray())
    assert np.allclose(f.hvp("w")(given, w, y, w), 2 * X.T @ (X @ w))


def test_bound_data():
    f = mg.function("fn f(X: sparse matrix[m, n], w: vector[n], y: vector[m]) = sum(softplus(X*w) - y .* (X*w))")
    k = f.value_and_grad("w").bind(X=X, y=y)
    z = X @ w
    value, gradient = k(w)
    assert np.isclose(value, np.sum(np.logaddexp(0, z) - y * z))
    assert np.allclose(gradient, X.T @ (1 / (1 + np.exp(-z)) - y))


def test_together_with_other_attributes():
    S = X.T @ X + scipy.sparse.eye(8)
    f = mg.function("fn f(S: sparse posdef matrix[n, n], w: vector[n]) = w'*S*w")
    assert np.isclose(f(S, w), w @ (S @ w))
    assert np.allclose(f.grad("w")(S, w), 2 * S @ w)
    with pytest.raises(mg.DomainError, match="S is not symmetric"):
        f(S + scipy.sparse.csr_matrix(([1.0], ([0], [1])), shape=(8, 8)), w)
    for attribute, good, bad in [
        ("lower", scipy.sparse.tril(S), S),
        ("upper", scipy.sparse.triu(S), S),
        ("nonneg", abs(S), -abs(S)),
    ]:
        f = mg.function(f"fn f(S: sparse {attribute} matrix[n, n], w: vector[n]) = w'*S*w")
        assert np.isclose(f(good, w), w @ (good @ w))
        with pytest.raises(mg.DomainError, match=f"S is not {attribute}"):
            f(bad, w)


def test_of_a_parameter_that_is_not_declared_sparse():
    with pytest.raises(mg.TypeError, match="sparse"):
        mg.function("fn f(X: matrix[m, n], w: vector[n]) = sum(X*w)")(X, w)
