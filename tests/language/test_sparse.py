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


V, U, B = rng.normal(size=(8, 3)), rng.normal(size=(30, 3)), rng.normal(size=(4, 30))
D, Z = X.toarray(), scipy.sparse.csc_matrix(X.T)
TYPES = (
    "X: sparse matrix[m, n], Z: sparse matrix[n, m], V: matrix[n, k], U: matrix[m, k], B: matrix[l, m], w: vector[n], "
    "y: vector[m]"
)
PRODUCTS = {
    "X*V": lambda: D @ V,
    "X'*U": lambda: D.T @ U,
    "B*X": lambda: B @ D,
    "B*X*V": lambda: B @ D @ V,
    "tr(U'*X*V)": lambda: np.trace(U.T @ D @ V),
    "normfro(X*V - U)^2": lambda: np.sum((D @ V - U) ** 2),
    "sum(X)": lambda: np.sum(D),
    "sum(X, 1)": lambda: D.sum(0, keepdims=True),
    "mean(X, 2)": lambda: D.mean(1),
    "X'*X": lambda: D.T @ D,
    "X'*diag(sigmoid(y))*X": lambda: D.T @ np.diag(1 / (1 + np.exp(-y))) @ D,
    "tr(X'*U*V')": lambda: np.sum(D * (U @ V.T)),
    "X'*X*w": lambda: D.T @ D @ w,
    "X*Z*y": lambda: D @ (D.T @ y),
    "(2*X')*(y .* (X*w))/3": lambda: 2 / 3 * D.T @ (y * (D @ w)),
    "y'*(-X)*w": lambda: -y @ D @ w,
    "X[3, :]'*w": lambda: D[3] @ w,
    "(X'*diag(y.^2)*X + I) \\ w": lambda: np.linalg.solve(D.T @ np.diag(y**2) @ D + np.eye(8), w),
}


@pytest.mark.parametrize("text", PRODUCTS)
def test_products(text, monkeypatch):
    monkeypatch.setattr(scipy.sparse.csr_matrix, "toarray", None)  # nothing is made dense
    monkeypatch.setattr(scipy.sparse.csc_matrix, "toarray", None)
    f = mg.function(f"fn f({TYPES}) = {text}")
    for _ in range(4):  # interpreted, then compiled
        assert np.allclose(f(X, Z, V, U, B, w, y), PRODUCTS[text]())
    plan = f.plan()
    assert "csr_" in plan
    work = [line for line in plan.splitlines() if line.startswith("work")]
    assert not any("(m, n)" in line or "(n, m)" in line for line in work), plan


def test_derivatives_of_factors():
    f = mg.function("fn f(X: sparse matrix[m, n], V: matrix[n, k], U: matrix[m, k]) = normfro(X*V - U)^2/2")
    for _ in range(4):
        gradient = f.grad("V", "U")(X, V, U)
        assert np.allclose(gradient[0], D.T @ (D @ V - U))
        assert np.allclose(gradient[1], U - D @ V)
    assert str(f.grad("V")) == "X'*(X*V - U)"


DERIVATIVES = {
    "logdet(X'*diag(p)*X + I)": "p",
    "tr(inv(X'*diag(p)*X + I))": "p",
    "logsumexp(X*w)": "w",
    "var(X*w)": "w",
    "norm2(X*w)*sum(tanh(X*w))": "w",
    "normfro(U*V')^2 - 2*tr(X'*U*V')": "V",
    "sum(exp(diag(X*V*V'*X')/9))": "V",
}


@pytest.mark.parametrize("text", DERIVATIVES)
def test_derivatives(text):
    parameters = "{} matrix[m, n], V: matrix[n, k], U: matrix[m, k], w: vector[n], p: positive vector[m]) = {}"
    sparse, dense = (mg.function("fn f(X: " + parameters.format(kind, text)) for kind in ("sparse", ""))
    name, data = DERIVATIVES[text], {"V": V, "U": U, "w": w, "p": np.abs(y) + 0.1}
    arguments = [data[p] for p in sparse.parameters[1:]]
    assert np.allclose(sparse.grad(name)(X, *arguments), dense.grad(name)(D, *arguments))
    assert np.allclose(
        sparse.hvp(name)(X, *arguments, data[name]), dense.hvp(name)(D, *arguments, data[name]), atol=1e-10
    )
    if name == "w":
        assert np.allclose(sparse.hess(name)(X, *arguments), dense.hess(name)(D, *arguments), atol=1e-10)


def test_operations_are_counted_by_what_is_stored():
    f = mg.function("fn f(X: sparse matrix[m, n], w: vector[n]) = X*w")
    assert f.cost(m=30, n=8, nnz_X=X.nnz) == 2 * X.nnz
    assert mg.function("fn f(X: sparse matrix[m, n], V: matrix[n, k]) = X*V").cost(m=30, n=8, k=3, nnz_X=7) == 2 * 7 * 3
    gram = mg.function("fn f(X: sparse matrix[m, n]) = X'*X")
    pairs = int(np.sum(np.diff(X.indptr) ** 2))
    assert gram.cost(m=30, n=8, nnz_X=X.nnz, pairs_X=pairs) == pairs + 2 * X.nnz
    with pytest.raises(mg.ArgumentError, match="nnz_X"):
        f.cost(m=30, n=8)


def test_hessian_of_logistic_regression():
    f = mg.function("fn f(X: sparse matrix[m, n], w: vector[n], y: vector[m]) = sum(softplus(X*w) - y .* (X*w))")
    p = 1 / (1 + np.exp(-D @ w))
    hessian = f.hess("w")
    for _ in range(4):
        assert np.allclose(hessian(X, w, y), D.T @ np.diag(p * (1 - p)) @ D)
    assert hessian.plan().count("csr_gram") == 1
    assert "csr_gram" not in f.hvp("w").plan()


REFUSED = ["X + B", "X .* B", "B ./ X", "exp(X)", "inv(X)", "X \\ w", "det(X)", "[X, B]", "X", "X'", "diag(X)", "X : B"]


@pytest.mark.parametrize("text", [*REFUSED, "X^2", "X*Z"])
def test_what_would_make_it_dense_is_refused(text):
    S = scipy.sparse.eye(4, format="csr")
    with pytest.raises(mg.TypeError, match=r"without sparse|multiply it"):
        f = mg.function("fn f(X: sparse matrix[n, n], Z: sparse matrix[n, n], B: matrix[n, n], w: vector[n]) = " + text)
        f(S, S, np.eye(4), np.ones(4))


def test_no_derivative_by_a_sparse_matrix():
    f = mg.function("fn f(X: sparse matrix[m, n], w: vector[n]) = sum(X*w)")
    for derive in (f.grad, f.hess, f.jvp):
        with pytest.raises(mg.ArgumentError, match="no derivative by X"):
            derive("X")
    with pytest.raises(mg.TypeError, match="no derivative by X"):
        mg.function("fn f(X: sparse matrix[m, n], w: vector[n]) = sum(grad(sum(X*w), X))")
    with pytest.raises(mg.TypeError, match="X is sparse"):
        mg.function("fn f(X: sparse matrix[m, n], w: vector[n]) = X*w").jac("w")(X, w)


def test_arguments():
    f = mg.function("fn f(X: sparse matrix[m, n], w: vector[n]) = sum(X*w)")
    assert f(scipy.sparse.csr_matrix((0, 5)), np.ones(5)) == 0.0
    assert f(scipy.sparse.csr_matrix((5, 0)), np.ones(0)) == 0.0
    assert f.grad("w")(X.astype(np.float32), w.astype(np.float32)).dtype == np.float32
    with pytest.raises(mg.ShapeError, match="n is axis 1 of X"):
        f(X, y)
    with pytest.raises(mg.TypeError, match="complex"):
        f(X.astype(complex), w)
    with pytest.raises(mg.ShapeError, match="dimensions"):
        f(w, w)
    broken = X.copy()
    broken.indices = broken.indices + 100
    with pytest.raises(mg.TypeError, match="outside"):
        f(broken, w)
    given = X.copy()
    f(given, w)
    assert (given != X).nnz == 0


def test_bound_and_compiled_code():
    import numba

    f = mg.function("fn f(X: sparse matrix[m, n], w: vector[n], y: vector[m]) = norm2(X*w - y)^2")
    k = f.bind(w=w, y=y)
    assert np.isclose(k(X), k(X=X))
    assert k.parameters == ("X",)
    bound = f.bind(X=X)
    bound.rebind(X=2 * X)
    assert np.isclose(bound(w, y), np.sum((2 * D @ w - y) ** 2))
    inner = f.bind(X=X, y=y).njit

    @numba.njit
    def use(w):
        return inner(w)

    assert np.isclose(use(w), np.sum((D @ w - y) ** 2))
    with pytest.raises(mg.Error, match="bind"):
        _ = f.njit
    with pytest.raises(mg.TypeError, match="diagonal"):
        mg.function("fn f(S: sparse diagonal matrix[n, n], w: vector[n]) = S*w")


def test_minimum():
    f = mg.function("fn f(X: sparse matrix[m, n], w: vector[n], y: vector[m]) = norm2(X*w - y)^2 + w'*w")
    found = mg.minimize(f, "w", data={"X": X, "y": y})
    assert np.allclose(found["w"], np.linalg.solve(D.T @ D + np.eye(8), D.T @ y), atol=1e-4)
