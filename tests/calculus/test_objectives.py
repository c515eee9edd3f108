"""The example objectives: gradients against autograd, and their printed texts (examples/derivatives.txt)."""

from __future__ import annotations

from pathlib import Path

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

import matgrad as mg
from matgrad.compiler.printing import printer

EXAMPLES = Path(__file__).parents[2] / "examples"


def _softplus(z):
    return anp.logaddexp(0, z)


def _logsumexp(z):
    top = anp.max(z, axis=1, keepdims=True)
    return anp.log(anp.sum(anp.exp(z - top), axis=1)) + top[:, 0]


def _logdet(a):
    return anp.linalg.slogdet(a)[1]


# The same formulas in NumPy's notation, and the variables to differentiate by.
REFERENCES = {
    "least_squares": ("w", lambda X, y, w: anp.sum((X @ w - y) ** 2) / 2),
    "ridge": ("w lam", lambda X, y, w, lam: anp.sum((X @ w - y) ** 2) + lam * w @ w),
    "logistic": ("w lam", lambda X, y, w, lam: anp.mean(_softplus(X @ w) - y * (X @ w)) + lam / 2 * w @ w),
    "softmax_regression": ("W", lambda X, Y, W: anp.sum(_logsumexp(X @ W)) - anp.sum(Y * (X @ W))),
    "poisson": ("w", lambda X, y, w: anp.sum(anp.exp(X @ w) - y * (X @ w))),
    "factorization": (
        "U V",
        lambda T, U, V, lam: anp.sum((T - U @ V.T) ** 2) / 2 + lam / 2 * (anp.sum(U**2) + anp.sum(V**2)),
    ),
    "gaussian_process": (
        "s t",
        lambda K, y, s, t: (
            0.5 * y @ anp.linalg.solve(s * K + t * anp.eye(len(y)), y) + 0.5 * _logdet(s * K + t * anp.eye(len(y)))
        ),
    ),
    "graphical_lasso": ("P", lambda S, P, lam: anp.trace(S @ P) - _logdet(P) + lam * anp.sum(anp.abs(P))),
    "multivariate_normal": (
        "mu S",
        lambda X, mu, S: 0.5 * anp.trace((X - mu) @ anp.linalg.solve(S, (X - mu).T)) + X.shape[0] / 2 * _logdet(S),
    ),
    "network": (
        "A b B",
        lambda X, Y, A, b, B: anp.sum((anp.tanh(X @ A + b) @ B - Y) ** 2) / (2 * X.shape[0]),
    ),
    "d_optimal": ("w", lambda A, w: -_logdet(A.T @ (w[:, None] * A))),
    "a_optimal": ("w", lambda A, w: anp.trace(anp.linalg.inv(A.T @ (w[:, None] * A)))),
}
SIZES = {"m": 11, "n": 5, "k": 3, "h": 4}
FUNCTIONS = {f.name: f for path in sorted(EXAMPLES.glob("*.mg")) for f in mg.load(path)}
CASES = [(name, variable) for name, (variables, _) in REFERENCES.items() for variable in variables.split()]


def data(function):
    """Random arguments that have the declared attributes."""
    rng = np.random.default_rng(1)
    arrays = {}
    for p in function.definition().parameters:
        array = rng.normal(size=tuple(d.evaluate(SIZES) for d in p.shape))
        if p.attributes & {"posdef", "psd", "symmetric"}:
            array = array @ array.T + np.eye(len(array))
        if p.attributes & {"positive", "nonneg"}:
            array = np.abs(array) + 0.3
        if p.name == "Y" and function.name == "softmax_regression":
            array = np.eye(array.shape[1])[rng.integers(array.shape[1], size=array.shape[0])]
        arrays[p.name] = array if array.ndim else float(array)
    return arrays


def test_every_example_has_a_reference():
    assert set(FUNCTIONS) == set(REFERENCES)


@pytest.mark.parametrize(("name", "variable"), CASES)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_gradient(name, variable, dtype):
    function = FUNCTIONS[name]
    arrays = data(function)
    _, reference = REFERENCES[name]
    order = list(arrays)
    truth_value, truth = autograd.value_and_grad(reference, order.index(variable))(*arrays.values())
    shape = {p.name: p for p in function.definition().parameters}[variable]
    if shape.attributes & {"posdef", "psd", "symmetric"}:
        truth = (truth + truth.T) / 2
    arguments = {k: np.asarray(v, dtype) if isinstance(v, np.ndarray) else v for k, v in arrays.items()}
    value, gradient = function.value_and_grad(variable)(**arguments)
    tolerance = 1e-9 if dtype == "float64" else 3e-3
    assert abs(value - truth_value) <= tolerance * (1 + abs(truth_value))
    assert np.max(np.abs(gradient - truth)) <= tolerance * np.max(np.abs(truth))
    if np.ndim(gradient):
        assert gradient.dtype == dtype
        assert gradient.flags.c_contiguous
    assert np.allclose(function.grad(variable)(**arguments), gradient, rtol=1e-5 if dtype == "float32" else 1e-12)


@pytest.mark.parametrize(
    "name", ["least_squares", "ridge", "logistic", "poisson", "softmax_regression", "factorization"]
)
def test_hessian(name):
    function = FUNCTIONS[name]
    arrays = data(function)
    variables, reference = REFERENCES[name]
    variable = variables.split()[0]
    position = list(arrays).index(variable)
    truth = autograd.jacobian(autograd.grad(reference, position), position)(*arrays.values())
    assert np.allclose(function.hess(variable)(**arrays), truth, rtol=1e-9, atol=1e-9)
    direction = np.random.default_rng(2).normal(size=np.shape(arrays[variable]))
    product = function.hvp(variable)(*arrays.values(), direction)
    assert np.allclose(product, np.tensordot(truth, direction, direction.ndim), rtol=1e-9, atol=1e-9)


def printed() -> str:
    """The gradients of all examples, one line each."""
    texts = {(name, v): printer.text(FUNCTIONS[name].grad(v).definition().results[0]) for name, v in CASES}
    return "".join(f"grad({name}, {v}) = {text}\n" for (name, v), text in texts.items())


def test_printed_gradients(request):
    path = EXAMPLES / "derivatives.txt"
    if request.config.getoption("--rewrite"):
        path.write_text(printed())
    assert printed() == path.read_text()


@pytest.mark.parametrize(("name", "variable"), CASES)
def test_printed_gradient_parses_again(name, variable):
    function = FUNCTIONS[name]
    arrays = data(function)
    gradient = function.grad(variable)
    again = mg.function(str(gradient))
    value = again(**{p: arrays[p] for p in again.parameters})
    assert np.allclose(value, gradient(**arrays), rtol=1e-10)
