"""Every function of the language: value and derivatives against NumPy and SciPy, through the public API.

One entry per function: expressions with their references in NumPy's notation.  The derivatives are compared with
differences of the reference, so that nothing of matgrad is its own witness.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import scipy.linalg
import scipy.special

import matgrad as mg
from matgrad.compiler.language.builtins import BUILTINS, abbreviations

ROOT = Path(__file__).parents[2]
SIZES = {"m": 4, "n": 3, "p": 2, "q": 2}


def _vec(a):
    return np.reshape(a, -1, order="F")


def _symmetric(a):
    return (a + a.T) / 2


def _huber(x, delta):
    return scipy.special.huber(delta, x)


def _polygamma(x):
    return scipy.special.polygamma(3, x)


def _adjugate(a):
    n = len(a)
    minors = [[np.linalg.det(np.delete(np.delete(a, i, 0), j, 1)) for i in range(n)] for j in range(n)]
    return np.array([[(-1) ** (i + j) * minors[i][j] for j in range(n)] for i in range(n)])


def _softmax(axis):
    return lambda x: scipy.special.softmax(x, axis=axis)


def _axis(function, axis, **more):
    return lambda x: function(x, axis=axis, **more)


def _positive_definite(function):
    return lambda a: function(a @ a.T + np.eye(len(a)))


def _block(function, a, e):
    """The derivative of a matrix function along E: a block of its value (Mathias)."""
    return function(np.block([[a, e], [np.zeros_like(a), a]]))[: len(a), len(a) :]


def _singular(a, function):
    left, values, right = np.linalg.svd(a, full_matrices=False)
    return left * function(values) @ right


def _top(a):
    return np.linalg.eigvalsh(_symmetric(a))[-1]


_FIVE = 5 * np.eye(3)

# An expression, the range of its arguments, and the reference.
ELEMENTWISE = {
    "exp": np.exp, "expm1": np.expm1, "log": (0.2, 3, np.log), "log1p": (-0.7, 3, np.log1p), "sqrt": (0.2, 3, np.sqrt),
    "abs": np.abs, "sign": np.sign, "square": np.square, "sin": np.sin, "cos": np.cos, "tan": (-1, 1, np.tan),
    "asin": (-0.9, 0.9, np.arcsin), "acos": (-0.9, 0.9, np.arccos), "atan": np.arctan, "sinh": np.sinh,
    "cosh": np.cosh, "tanh": np.tanh, "asinh": np.arcsinh, "acosh": (1.2, 3, np.arccosh),
    "atanh": (-0.9, 0.9, np.arctanh), "sigmoid": scipy.special.expit, "softplus": lambda x: np.logaddexp(0, x),
    "relu": lambda x: np.maximum(x, 0), "erf": scipy.special.erf, "erfc": scipy.special.erfc,
    "normcdf": scipy.special.ndtr, "normpdf": lambda x: np.exp(-x * x / 2) / np.sqrt(2 * np.pi),
    "lgamma": (0.3, 4, scipy.special.gammaln), "digamma": (0.3, 4, scipy.special.digamma),
    "trigamma": (0.3, 4, lambda x: scipy.special.polygamma(1, x)), "floor": np.floor, "ceil": np.ceil,
}  # fmt: skip
CASES: list[tuple] = []
for _name, _entry in ELEMENTWISE.items():
    _low, _high, _reference = _entry if isinstance(_entry, tuple) else (-2, 2, _entry)
    CASES += [(f"{_name}({_argument})", (_low, _high), _reference) for _argument in ("x", "A", "s")]
CASES += [
    ("polygamma(3, x)", (0.5, 3), _polygamma),
    ("max(x, y)", (-2, 2), np.maximum),
    ("min(A, B) where A: matrix[m, n], B: matrix[m, n]", (-2, 2), np.minimum),
    ("max(x, s)", (-2, 2), np.maximum),
    ("min(2, x)", (1, 3), lambda x: np.minimum(2, x)),
    ("atan2(x, y)", (-2, 2), np.arctan2),
    ("where(x > y, x.^2, y)", (-2, 2), lambda x, y: np.where(x > y, x**2, y)),
    ("where(s != 1, x, 0)", (-2, 2), lambda s, x: x),
    ("clip(x, -0.5, s) where s: scalar", (-2, 2), lambda x, s: np.minimum(np.maximum(x, -0.5), s)),
    ("huber(x, s)", (0.1, 2), _huber),
    ("huber(x, 0.5)", (-2, 2), lambda x: _huber(x, 0.5)),
    ("xlogy(x, y)", (0.1, 2), scipy.special.xlogy),
    ("sum(x)", (-2, 2), np.sum),
    ("sum(A)", (-2, 2), np.sum),
    ("sum(A, 1)", (-2, 2), _axis(np.sum, 0, keepdims=True)),
    ("sum(A, 2)", (-2, 2), _axis(np.sum, 1)),
    ("mean(x)", (-2, 2), np.mean),
    ("mean(A, 1)", (-2, 2), _axis(np.mean, 0, keepdims=True)),
    ("mean(A, 2)", (-2, 2), _axis(np.mean, 1)),
    ("prod(x)", (-2, 2), np.prod),
    ("prod(A)", (-2, 2), np.prod),
    ("max(x)", (-2, 2), np.max),
    ("max(A)", (-2, 2), np.max),
    ("max(A, 1)", (-2, 2), _axis(np.max, 0, keepdims=True)),
    ("max(A, 2)", (-2, 2), _axis(np.max, 1)),
    ("min(A)", (-2, 2), np.min),
    ("min(A, 1)", (-2, 2), _axis(np.min, 0, keepdims=True)),
    ("min(A, 2)", (-2, 2), _axis(np.min, 1)),
    ("logsumexp(x)", (-2, 2), scipy.special.logsumexp),
    ("logsumexp(A)", (-2, 2), scipy.special.logsumexp),
    ("logsumexp(A, 1)", (-2, 2), _axis(scipy.special.logsumexp, 0, keepdims=True)),
    ("logsumexp(A, 2)", (-2, 2), _axis(scipy.special.logsumexp, 1)),
    ("var(x)", (-2, 2), np.var),
    ("var(A)", (-2, 2), np.var),
    ("softmax(x)", (-2, 2), _softmax(0)),
    ("softmax(A, 1)", (-2, 2), _softmax(0)),
    ("softmax(A, 2)", (-2, 2), _softmax(1)),
    ("logsoftmax(x)", (-2, 2), _axis(scipy.special.log_softmax, 0)),
    ("logsoftmax(A, 2)", (-2, 2), _axis(scipy.special.log_softmax, 1)),
    ("cumsum(x)", (-2, 2), np.cumsum),
    ("norm1(x)", (-2, 2), lambda x: np.linalg.norm(x, 1)),
    ("norm2(x)", (-2, 2), np.linalg.norm),
    ("norminf(x)", (-2, 2), lambda x: np.linalg.norm(x, np.inf)),
    ("norm1(A)", (-2, 2), lambda a: np.linalg.norm(a, 1)),
    ("norm2(A)", (-2, 2), lambda a: np.linalg.norm(a, 2)),
    ("norminf(A)", (-2, 2), lambda a: np.linalg.norm(a, np.inf)),
    ("normfro(A)", (-2, 2), np.linalg.norm),
    ("normfro(x)", (-2, 2), np.linalg.norm),
    ("normnuc(A)", (-2, 2), lambda a: np.linalg.norm(a, "nuc")),
    ("normnuc(A')", (-2, 2), lambda a: np.linalg.norm(a, "nuc")),
    ("tr(Q)", (-2, 2), np.trace),
    ("det(Q)", (-2, 2), np.linalg.det),
    ("logdet(Q*Q' + I)", (-2, 2), _positive_definite(lambda a: np.linalg.slogdet(a)[1])),
    ("logabsdet(Q)", (-2, 2), lambda a: np.linalg.slogdet(a)[1]),
    ("inv(Q)", (-2, 2), np.linalg.inv),
    ("pinv(A)", (-2, 2), np.linalg.pinv),
    ("pinv(A')", (-2, 2), lambda a: np.linalg.pinv(a.T)),
    ("adj(Q)", (-2, 2), _adjugate),
    ("adjugate(Q)", (-2, 2), _adjugate),
    ("chol(Q*Q' + I)", (-2, 2), _positive_definite(np.linalg.cholesky)),
    ("chol(Q + 9*I)", (-2, 2), lambda a: np.linalg.cholesky(_symmetric(a) + 9 * np.eye(3))),
    ("expm(Q)", (-1, 1), scipy.linalg.expm),
    ("logm(Q*Q' + I)", (-2, 2), _positive_definite(scipy.linalg.logm)),
    ("logm(Q + 5*I)", (-1, 1), lambda a: scipy.linalg.logm(a + 5 * np.eye(3))),
    ("sqrtm(Q*Q' + I)", (-2, 2), _positive_definite(scipy.linalg.sqrtm)),
    ("sqrtm(Q + 5*I)", (-1, 1), lambda a: scipy.linalg.sqrtm(a + 5 * np.eye(3))),
    ("transpose(A)", (-2, 2), np.transpose),
    ("diag(x)", (-2, 2), np.diag),
    ("diag(Q)", (-2, 2), np.diag),
    ("diag(A) where A: matrix[m, n]", (-2, 2), np.diag),
    ("triu(A)", (-2, 2), np.triu),
    ("tril(A)", (-2, 2), np.tril),
    ("triu(A, 1)", (-2, 2), lambda a: np.triu(a, 1)),
    ("tril(A, -1)", (-2, 2), lambda a: np.tril(a, -1)),
    ("vec(A)", (-2, 2), _vec),
    ("unvec(z, 3, 2) where z: vector[6]", (-2, 2), lambda z: np.reshape(z, (3, 2), order="F")),
    ("kron(A, B) where A: matrix[m, n], B: matrix[p, q]", (-2, 2), np.kron),
    ("kron(x, z)", (-2, 2), np.kron),
    ("kron(x, A) where x: vector[p], A: matrix[m, n]", (-2, 2), lambda x, a: np.kron(x[:, None], a)),
    ("eigvals(Q)", (-2, 2), lambda a: np.linalg.eigvalsh(_symmetric(a))),
    ("svdvals(A)", (-2, 2), lambda a: np.linalg.svd(a, compute_uv=False)),
    ("svdvals(A')", (-2, 2), lambda a: np.linalg.svd(a, compute_uv=False)),
    ("eigmax(Q)", (-2, 2), lambda a: np.linalg.eigvalsh(_symmetric(a))[-1]),
    ("eigmin(Q)", (-2, 2), lambda a: np.linalg.eigvalsh(_symmetric(a))[0]),
    ("outer(x, z)", (-2, 2), np.outer),
    ("inner(A, B) where A: matrix[m, n], B: matrix[m, n]", (-2, 2), lambda a, b: np.sum(a * b)),
    ("inner(x, y)", (-2, 2), np.dot),
    ("cross(c, d) where c: vector[3], d: vector[3]", (-2, 2), np.cross),
    ("eye(n)*x where x: vector[n]", (-2, 2), lambda x: x),
    ("ones(4, n)*x where x: vector[n]", (-2, 2), lambda x: np.full(4, np.sum(x))),
    ("zeros(4, n)*x + ones(4) where x: vector[n]", (-2, 2), lambda x: np.ones(4)),
]
# What is not in the page's list, but occurs in printed derivatives.
CASES += [
    ("prodothers(x)", (0.5, 2), lambda x: np.prod(x) / x),
    ("prodothers(A)", (0.5, 2), lambda a: np.prod(a, axis=1, keepdims=True) / a),
    ("prod(A, 1)", (-2, 2), _axis(np.prod, 0, keepdims=True)),
    ("prod(A, 2)", (-2, 2), _axis(np.prod, 1)),
    ("cumsum(A, 1)", (-2, 2), _axis(np.cumsum, 0)),
    ("cumsum(A, 2)", (-2, 2), _axis(np.cumsum, 1)),
    ("eigmaxproj(Q)", (-2, 2), lambda a: np.outer(*2 * (np.linalg.eigh(_symmetric(a))[1][:, -1],))),
    ("dexpm(Q, E) where Q: matrix[n, n], E: matrix[n, n]", (-1, 1), lambda q, e: _block(scipy.linalg.expm, q, e)),
    (
        "dlogm(Q + 5*I, E) where Q: matrix[n, n], E: matrix[n, n]",
        (-1, 1),
        lambda q, e: _block(scipy.linalg.logm, q + _FIVE, e),
    ),
    (
        "dsqrtm(Q + 5*I, E) where Q: matrix[n, n], E: matrix[n, n]",
        (-1, 1),
        lambda q, e: _block(scipy.linalg.sqrtm, q + _FIVE, e),
    ),
    (
        "dadj(Q, E) where Q: matrix[n, n], E: matrix[n, n]",
        (-1, 1),
        lambda q, e: (_adjugate(q + e) - _adjugate(q - e)) / 2,
    ),
    ("eigvecs(Q)*diag(sin(eigvals(Q)))*eigvecs(Q)'", (-2, 2), lambda a: scipy.linalg.sinm(_symmetric(a))),
    ("svdleft(A)*diag(svdvals(A).^2)*svdright(A)'", (-2, 2), lambda a: _singular(a, np.square)),
    ("polar(A)", (-2, 2), lambda a: _singular(a, np.ones_like)),
    ("svdmaxproj(A)", (-2, 2), lambda a: _singular(a, lambda s: (s == s[0]) * 1.0)),
    ("eigmaxresolvent(Q)", (-2, 2), lambda a: np.linalg.pinv(_top(a) * np.eye(3) - _symmetric(a), rcond=1e-10)),
    ("eiggaps(c) where c: vector[3]", (-2, 2), lambda c: 1 / (c - c[:, None] + np.diag(np.full(3, np.inf)))),
    ("svdsums(c) where c: vector[3]", (1, 2), lambda c: 1 / (c + c[:, None])),
    ("rows(A)*x", (-2, 2), lambda a, x: 4 * x),
    ("numel(A)*x", (-2, 2), lambda a, x: 12 * x),
]
SHAPES = {"s": "", "x": "m", "y": "m", "z": "n", "A": "mn", "B": "mn", "Q": "nn"}


def arguments(text, function, low, high):
    """Random arrays for the parameters: of their declared types, else of the shapes that go with their names."""
    rng = np.random.default_rng(0)
    arrays = {}
    for p in function.definition().parameters:
        if f"{p.name}: " in text:
            shape = tuple(d.evaluate(SIZES) for d in p.shape)
        else:
            shape = tuple(SIZES[letter] for letter in SHAPES[p.name])
        arrays[p.name] = rng.uniform(low, high, size=shape)
    return arrays


def difference(function, arrays, name):
    """The Jacobian of a NumPy function by central differences with one step of extrapolation."""
    array = arrays[name]
    value = np.asarray(function(*arrays.values()))
    numeric = np.zeros(value.shape + array.shape)
    for index in np.ndindex(array.shape):
        ends = []
        for step in (1e-4, -1e-4, 5e-5, -5e-5):
            moved = array.copy()
            moved[index] += step
            ends.append(np.asarray(function(*{**arrays, name: moved}.values())))
        numeric[(..., *index)] = (4 * (ends[2] - ends[3]) / 1e-4 - (ends[0] - ends[1]) / 2e-4) / 3
    return numeric


@pytest.mark.parametrize(("text", "bounds", "reference"), CASES, ids=[text for text, _, _ in CASES])
def test_value_and_derivative(text, bounds, reference):
    function = mg.function(text)
    arrays = arguments(text, function, *bounds)
    value = np.asarray(function(**arrays))
    truth = np.asarray(reference(*arrays.values()))
    assert value.shape == truth.shape
    assert np.allclose(value, truth, rtol=1e-10, atol=1e-12)
    for name in arrays:
        jacobian = function.jac(name)(**arrays)
        assert np.allclose(jacobian, difference(reference, arrays, name), rtol=1e-6, atol=1e-7), name


def test_every_function_of_the_page_is_tested():
    page = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
    section = page[page.index("## Functions") : page.index("## Blocks")]
    words = set(re.findall(r"[a-z]+[a-z0-9]*", " ".join(re.findall(r"`([^`]*)`", section))))
    known = set(BUILTINS) | abbreviations()
    tested = {word for text, _, _ in CASES for word in re.findall(r"[a-z]+[a-z0-9]*(?=\()", text)}
    assert (words & known) - tested == {"grad"}  # that is tested everywhere else
    assert len(words & known) > 75
