"""`@mg.trace`: Python functions in NumPy's notation give the values that NumPy gives, and their derivatives."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.special

import matgrad as mg

rng = np.random.default_rng(6)
X, Y = rng.normal(size=(2, 5, 3))
Q = rng.normal(size=(3, 3))
P = Q @ Q.T + np.eye(3)
u, v, w = rng.normal(size=(3, 3))
y = rng.normal(size=5)
DATA = {"X": X, "Y": Y, "Q": Q, "P": P, "u": u, "v": v, "w": w, "y": y, "s": 0.7}

FUNCTIONS = {
    "ridge": lambda X, y, w, s: np.sum((X @ w - y) ** 2) + s * w @ w,
    "elementwise": lambda u, v: np.exp(u) * v / (1 + v**2) - np.log(1 + u * u) + np.sqrt(np.abs(v)) * np.tanh(u),
    "logistic": lambda X, w, y: np.mean(np.log1p(np.exp(X @ w)) - y * (X @ w)),
    "broadcast_row": lambda X, v: X + v,
    "broadcast_column": lambda X, y: X * y[:, None],
    "outer_sum": lambda u, v: u[:, None] - v[None, :],
    "row_times_matrix": lambda y, X: y @ X,
    "chain": lambda X, Q, w: X @ Q @ w,
    "transposed": lambda X, Y: X.T @ Y,
    "transposed_vector": lambda u, v: u.T @ v.T,
    "sums": lambda X: X.sum(axis=0) + X.mean(0) - X.max(axis=0) * X.sum(),
    "keepdims": lambda X: X / np.sum(X**2, axis=1, keepdims=True),
    "negative_axis": lambda X: np.sum(X, axis=-1) ** 2,
    "reductions": lambda X: np.max(X) - np.min(X) + np.prod(X[0]) + np.var(X),
    "maximum": lambda u, v: np.maximum(u, v) + np.minimum(0, u) + np.maximum(v, 0.0),
    "where": lambda u, v: np.where(u > v, u * v, np.where(v <= 0, 1.0, u)),
    "logsumexp": lambda u: np.log(np.sum(np.exp(u))),
    "trace_outer_dot": lambda Q, u, v: np.trace(Q) * np.outer(u, v) + np.dot(u, v) * Q + np.dot(Q, Q),
    "diag": lambda Q, u: np.diag(u) @ Q + np.diag(np.diag(Q)),
    "einsum": lambda X, Q: np.einsum("ij,jk,ik->i", X, Q, X),
    "einsum_implicit": lambda X, u: np.einsum("ij,j", X, u),
    "einsum_trace": lambda Q: np.einsum("ii->", Q @ Q) + np.einsum("ij->", Q),
    "inverse": lambda P, u: u @ np.linalg.inv(P) @ u,
    "solve": lambda P, u: np.linalg.solve(P, u),
    "determinants": lambda P: np.linalg.det(P) + np.linalg.slogdet(P)[1] * np.linalg.slogdet(P)[0],
    "norms": lambda X, u: (
        np.linalg.norm(u) + np.linalg.norm(X) + np.linalg.norm(X, 2) + np.linalg.norm(u, 1) + np.linalg.norm(X, np.inf)
    ),
    "norm_along": lambda X: np.linalg.norm(X, axis=1),
    "cholesky": lambda P: np.linalg.cholesky((P + P.T) / 2),
    "spectrum": lambda P: np.linalg.eigvalsh((P + P.T) / 2),
    "pinv": lambda X: np.linalg.pinv(X),
    "indices": lambda X: X[1:3, -1] * X[0, 0] + X[-2:, 1],
    "ellipsis": lambda X: X[..., 0] + X[:, 1],
    "reflected": lambda u: 2 - u + 1 / (3 + u**2) + 2**u,
    "constants": lambda X, u: X @ np.array([1.0, 0.5, -2.0]) + np.sum(np.eye(3) @ u) + np.ones(5) * 2,
    "matrix_constant": lambda u: np.array([[1.0, 2.0, 0.0], [0.0, 0.0, 3.0]]) @ u,
    "sizes": lambda X: np.sum(X) / X.shape[0] + X.size / X.shape[1],
    "scipy": lambda u: scipy.special.expit(u) + scipy.special.gammaln(2 + u**2) + scipy.special.xlogy(2.0, 1 + u**2),
    "several": lambda u, v: (u @ v, u * v, np.cumsum(u)),
    "local_function": lambda X, w: np.sum(_helper(X @ w)),
    "identity": lambda X: X @ X.T + 0.5 * np.eye(X.shape[0], like=X) - np.identity(X.shape[0], like=X),
    "filled": lambda X, u: X * np.ones(X.shape[1], like=X) + np.full((X.shape[0], 3), 2.0, like=X) * u[0],
    "filled_like": lambda X, s: np.zeros_like(X) + X * np.ones_like(X) + np.full_like(X, s),
    "softmax": lambda X, Q: _softmax(X @ Q) @ Q,
    "logsoftmax": lambda X, Y: np.sum(Y * np.log(_softmax(X))) - np.sum(Y * (X - X.max(1, keepdims=True))),
    "gaussian_kernel": lambda X, y, s: np.linalg.solve(
        np.exp(-np.sum((X[:, None, :] - X[None, :, :]) ** 2, axis=-1) / s**2) + np.eye(X.shape[0], like=X), y
    ),
    "triangles": lambda Q: np.tril(Q) @ np.triu(Q),
    "kron_cross": lambda u, v: np.kron(u, v)[0:3] + np.cross(u, v),
    "ravel": lambda X: X.ravel()[2:4],
    "statistics": lambda X, u: X.std(axis=0) * np.var(X, axis=1, keepdims=True) + np.var(u, ddof=1) - np.std(X),
    "running_sums": lambda X: np.cumsum(X, axis=0) - X.cumsum(axis=1) * np.cumsum(X)[14],
    "differences": lambda X: np.diff(X) @ np.diff(X, axis=0)[:2] + np.diff(X, n=2) @ np.diff(X[:2], axis=0),
    "put_together": lambda X, u, v: (
        np.concatenate([u, v, u])[2:5] @ np.vstack([X, u, 2 * v])[1:4]
        + np.hstack([X.T, X.T])[:, 7] * np.stack([u, v])[1]
    ),
    "stacked_columns": lambda u, v: np.stack([u, v, np.ones(3)], axis=1) @ u + np.hstack([u, v])[1:4],
    "tensordot": lambda X, Q: np.tensordot(X, Q, axes=1) * np.tensordot(X, X) + np.tensordot(X, Q, axes=([1], [0])),
    "powers_of_matrices": lambda Q, X: np.linalg.multi_dot([X, Q, Q]) @ np.linalg.matrix_power(Q, 3),
    "clipped": lambda u: np.clip(u, -0.1, None) * u.clip(None, 0.2) + np.clip(u, a_min=-0.3, a_max=0.3),
    "logarithms": lambda u: np.log2(1 + u**2) + np.log10(2 + u**2) * np.exp2(u),
    "singular_values": lambda X: np.linalg.svd(X, compute_uv=False),
    "copies": lambda X: X.copy().astype(float).flatten()[2:4] + X.reshape(-1)[5:7],
    "logaddexp": lambda u, v: np.logaddexp(0, u) + np.logaddexp(u, v),
    "powers": lambda u: u**2 + u**3 + (u**2) ** 0.7 + (1 + u**2) ** u,
}


def _helper(z):
    return z**2 / (1 + z**2)


def _softmax(Z):
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    return E / E.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_like_numpy(name):
    python = FUNCTIONS[name]
    traced = mg.trace(python)
    given = [DATA[p] for p in traced.parameters]
    expected, found = python(*given), traced(*given)
    if isinstance(expected, tuple):
        assert len(found) == len(expected)
        assert all(np.allclose(a, b, rtol=1e-12) for a, b in zip(found, expected, strict=True))
        return
    assert np.shape(found) == np.shape(expected)
    assert np.allclose(found, expected, rtol=1e-11)
    for k, parameter in enumerate(traced.parameters):
        step = rng.normal(size=np.shape(given[k]))
        ends = [python(*given[:k], given[k] + h * step, *given[k + 1 :]) for h in (1e-5, -1e-5, 5e-6, -5e-6)]
        numeric = (4 * (ends[2] - ends[3]) / 1e-5 - (ends[0] - ends[1]) / 2e-5) / 3
        assert np.allclose(traced.jvp(parameter)(*given, step), numeric, rtol=1e-6, atol=1e-7), parameter


def test_the_example_of_the_page():
    @mg.trace
    def ridge(X, y, w, lam):
        """Squares and a penalty."""
        r = X @ w - y
        return r @ r + lam * w @ w

    assert ridge.name == "ridge"
    assert ridge.__doc__ == "Squares and a penalty."
    assert ridge.parameters == ("X", "y", "w", "lam")
    written = mg.function(
        "fn ridge(X: matrix[m, n], y: vector[m], w: vector[n], lam: scalar) = { r = X*w - y; r'*r + lam*w'*w }"
    )
    assert ridge.definition().results == written.definition().results
    assert str(ridge.grad("w")) == str(written.grad("w")) == "2*X'*(X*w - y) + 2*lam*w"
    assert np.allclose(ridge.hess("w")(X, y, w, 0.1), 2 * X.T @ X + 0.2 * np.eye(3))
    value, gradient = ridge.value_and_grad("w").bind(X=X, y=y, lam=0.1)(w)
    assert np.isclose(value, ridge(X, y, w, 0.1))
    assert np.allclose(gradient, ridge.grad("w")(X=X, y=y, w=w, lam=0.1))


def test_types_come_from_the_call():
    double = mg.trace(lambda a: a * a)
    assert double(3.0) == 9
    assert np.array_equal(double(u), u * u)
    assert np.array_equal(double(X), X * X)


def test_kernels_of_distances_are_known_to_be_semidefinite():
    @mg.trace
    def f(X, y, s):
        distances = np.sum((X[:, None, :] - X[None, :, :]) ** 2, axis=-1)
        return y @ np.linalg.solve(np.exp(-distances / 2) + s**2 * np.eye(X.shape[0], like=X), y)

    K = np.exp(-np.sum((X[:, None] - X[None]) ** 2, axis=-1) / 2) + 0.25 * np.eye(5)
    assert np.isclose(f(X, y, 0.5), y @ np.linalg.solve(K, y))
    assert "cholesky" in f.source()


class TestErrors:
    """Errors name the line of the Python function."""

    def test_shapes(self):
        def wrong(u, Q):
            product = Q @ u
            return product @ np.ones((2, 4)) + np.ones(3)

        with pytest.raises(
            mg.ShapeError, match=r"(?s)test_trace.py:\d+:\d+: error: shapes do not fit in add.*return product @"
        ) as error:
            mg.trace(wrong)(u, np.ones((2, 3)))
        assert error.value.line is not None

    @pytest.mark.parametrize(
        ("function", "message"),
        [
            (lambda u: u if u[0] > 0 else -u, "np.where"),
            (lambda u: np.sort(u), "sort"),
            (lambda u: u[::2], "step"),
            (lambda u: u[1.5], "whole number"),
            (lambda u: np.linalg.norm(u, 3), "ord=3"),
            (lambda u: np.sum(u, axis=1), "axis 1"),
            (lambda u: np.exp(u, out=np.zeros(3)), "exp"),
            (lambda u: [float(x) for x in u], "iterated"),
            (lambda u: u + "a", "str"),
            (lambda u: u * np.nan, "nan"),
            (lambda u: None, "NoneType"),
            (lambda u: np.linalg.inv(u), "square"),
            (lambda u: np.eye(len(u)), "like=X"),
            (lambda u: np.eye(u.shape[0]), "sizes stay symbols"),
            (lambda u: np.ones(u[0], like=u), "no size"),
            (lambda u: np.eye(u.shape[0], k=1, like=u), "square identities"),
            (lambda u: np.full_like(u, u), "number"),
            (lambda u: u.sort(), r"\.sort cannot be traced"),
            (lambda u: u % 2, "np.floor can be traced"),
            (lambda u: np.where((u > 0) & (u < 1), u, 0), "np.where inside of np.where"),
            (lambda u: np.asarray(u).sum(), "leave np.asarray out"),
            (lambda u: np.array([u[0], u[1]]), "np.stack"),
            (lambda u: np.var(u, where=[True]), "where is not among those"),
            (lambda u: u.reshape(1, -1), "-1 alone"),
            (lambda u: u.astype(int), "real numbers"),
            (lambda u: np.linalg.svd(u[:, None]), "compute_uv=False"),
            (lambda u: np.concatenate([u, u[:, None]]), "shapes do not fit in np.concatenate"),
        ],
    )
    def test_what_cannot_be_traced(self, function, message):
        with pytest.raises(mg.Error, match=message):
            mg.trace(function)(u)

    @pytest.mark.parametrize("given", [3, int, None])
    def test_what_is_no_function(self, given):
        with pytest.raises(mg.TypeError, match="trace is of a Python function"):
            mg.trace(given)

    def test_parameters_with_stars(self):
        with pytest.raises(mg.ArgumentError, match="args"):
            mg.trace(lambda *args: args[0])
