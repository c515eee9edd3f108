"""Attributes inferred through expressions: what is inferred, and that it is true of random data."""

from __future__ import annotations

import numpy as np
import pytest

import matgrad as mg
from matgrad.compiler.tensor.evaluate import evaluate
from matgrad.compiler.tensor.properties import properties

SIZES = {"m": 6, "n": 4}
DECLARED = """A: matrix[m, n], X: matrix[n, n], S: symmetric matrix[n, n], P: posdef matrix[n, n], R: psd matrix[n, n],
L: lower matrix[n, n], U: upper matrix[n, n], D: diagonal matrix[n, n], Q: orthogonal matrix[n, n], x: vector[n],
p: positive vector[n], q: positive vector[m], lam: positive scalar, a: scalar"""

# What is known of an expression, without what that implies.
EXPECTED = {
    "A'*A": "psd",
    "A'*A + lam*I": "posdef",
    "A'*diag(q)*A": "psd",
    "A*P*A'": "psd",
    "inv(P)": "posdef",
    "P + R": "posdef",
    "P + S": "symmetric",
    "lam*P": "posdef",
    "2*P - R": "symmetric",
    "-P": "symmetric",
    "a*P": "symmetric",
    "P*P": "posdef",
    "P^-1": "posdef",
    "R^3": "psd",
    "S^2": "psd",
    "inv(P + A'*A)": "posdef",
    "inv(A'*A)": "posdef",
    "Q*P*Q'": "posdef",
    "inv(L)*P*inv(L)'": "posdef",
    "P[0:2, 0:2]": "posdef",
    "P .* R": "psd",
    "P .* P": "posdef nonneg",
    "x*x'": "psd",
    "p*p'": "psd positive",
    "diag(p)": "posdef diagonal",
    "diag(x.^2)": "psd diagonal",
    "diag(x)": "diagonal",
    "kron(P, P)": "posdef",
    "kron(P, R)": "psd",
    "expm(S)": "posdef",
    "sqrtm(P)": "posdef",
    "logm(P)": "symmetric",
    "adj(P)": "posdef",
    "pinv(R)": "psd",
    "chol(P)": "lower",
    "L*L": "lower",
    "L*D": "lower",
    "L*U": "",
    "inv(L)": "lower",
    "L'": "upper",
    "U*U": "upper",
    "inv(U)": "upper",
    "tril(X)": "lower",
    "triu(X)": "upper",
    "tril(X, -1)": "lower",
    "triu(X, 1)": "upper",
    "tril(X, 1)": "",
    "L .* X": "lower",
    "abs(L)": "lower nonneg",
    "exp(L)": "positive",
    "tanh(U)": "upper",
    "D*D": "psd diagonal nonneg",
    "inv(D)": "diagonal",
    "L + D": "lower",
    "L + U": "",
    "Q*Q": "orthogonal",
    "Q'": "orthogonal",
    "Q*P": "",
    "X": "",
    "X + X'": "symmetric",
    "X*X'": "psd",
    "X*S*X'": "symmetric",
    "exp(S)": "positive symmetric",
    "p[0]*P": "posdef",
    "p[0]*R + p[1]*I": "posdef",
    "x[0]*P": "symmetric",
    "(x'*x)*P": "psd",
    "(p'*p)*p": "nonneg",
    "exp(R)": "psd positive",
    "expm1(R)": "psd",
    "sinh(P)": "psd",
    "cos(R)": "symmetric",
    "exp(-R)": "positive symmetric",
    "exp(A*A' - q*ones(m)' - ones(m)*q')": "psd positive",
    "exp(-(diag(A*A')*ones(m)' + ones(m)*diag(A*A')' - 2*A*A') / (2*lam^2))": "psd positive",
    "exp(a - (diag(A*A')*ones(m)' + ones(m)*diag(A*A')' - 2*A*A')) + lam*I": "posdef positive",
    "exp((diag(A*A')*ones(m)' + ones(m)*diag(A*A')' - 2*A*A'))": "positive symmetric",
    "exp(A*A' - 2*q*ones(m)' - ones(m)*q')": "positive",
    "(A*A' + lam).^3": "psd",
    "det(P)": "positive",
    "det(R)": "nonneg",
    "eigvals(P)": "positive",
    "eigmin(R)": "nonneg",
    "svdvals(X)": "nonneg",
    "x'*P*x": "nonneg",
    "x'*S*x": "",
    "x'*x + 1": "positive",
    "exp(x)": "positive",
    "sqrt(p)": "positive",
    "p - 1": "",
    "max(x, p)": "positive",
    "min(p, q[0])": "positive",
    "where(x > 0, p, 1)": "positive",
    "sum(p)": "nonneg",
    "norm2(x)": "nonneg",
    "normnuc(A)": "nonneg",
    "tanh(p)": "positive",
    "softplus(x)": "positive",
    "x.^2": "nonneg",
    "x.^3": "",
    "log(p)": "",
    "clip(x, 1, 2)": "positive",
}
IMPLIED = {
    "posdef": {"psd", "symmetric"},
    "psd": {"symmetric"},
    "positive": {"nonneg"},
    "diagonal": {"lower", "upper", "symmetric"},
}


def closed(names):
    """The properties with all that they imply."""
    found = set(names)
    while True:
        more = set().union(*(IMPLIED.get(name, set()) for name in found)) - found
        if found >= {"diagonal", "psd"}:
            more |= {"nonneg"} - found
        if not more:
            return found
        found |= more


def instance(rng):
    """Random data with the declared attributes."""
    X, S, P, R = rng.normal(size=(4, 4, 4))
    R = R[:, :2]
    return {
        "A": rng.normal(size=(6, 4)),
        "X": X,
        "S": S + S.T,
        "P": P @ P.T + 0.1 * np.eye(4),
        "R": R @ R.T,
        "L": np.tril(S),
        "U": np.triu(S),
        "D": np.diag(rng.normal(size=4)),
        "Q": np.linalg.qr(X)[0],
        "x": rng.normal(size=4),
        "p": rng.uniform(0.1, 2, size=4),
        "q": rng.uniform(0.1, 2, size=6),
        "lam": np.array(0.3),
        "a": np.array(rng.normal()),
    }


def holds(name, value):
    """Whether an array has a property, up to rounding."""
    size = 1e-10 * (1 + np.max(np.abs(value)))
    match name:
        case "symmetric":
            return np.allclose(value, value.T, atol=size)
        case "psd":
            return np.linalg.eigvalsh(value)[0] >= -size
        case "posdef":
            return np.linalg.eigvalsh(value)[0] > 0
        case "lower":
            return np.allclose(value, np.tril(value), atol=size)
        case "upper":
            return np.allclose(value, np.triu(value), atol=size)
        case "diagonal":
            return np.allclose(value, np.diag(np.diag(value)), atol=size)
        case "orthogonal":
            return np.allclose(value.T @ value, np.eye(len(value)), atol=size)
        case "nonneg":
            return np.all(value >= -size)
        case "positive":
            return np.all(value > 0)
    raise AssertionError(name)


@pytest.mark.parametrize("text", EXPECTED)
def test_inferred(text):
    expression = mg.function(f"{text} where {DECLARED}").definition().results[0]
    found = properties(expression)
    assert found == closed(EXPECTED[text].split())
    for seed in range(3):
        value = evaluate(expression, instance(np.random.default_rng(seed)), SIZES)
        for name in found:
            assert holds(name, value), name
