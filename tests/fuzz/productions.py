"""The fuzzer's grammar: ways to write a value of some shape, each with its meaning in NumPy.

A shape is `s` (scalar), `n`, `m` (vectors), `r` (a row of n), `nn`, `mn`, `nm`, `mm`, `mnn` (a tensor).  The meanings
are an evaluator of their own: they share nothing with matgrad.  Further ones are in `calculus.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg
import scipy.special

Array = Any
SIZES = {"m": 4, "n": 3}


@dataclass(frozen=True)
class Production:
    """`text` with places for the operands, whose shapes are `operands`; `meaning` computes with arrays.

    An operand `@n` is a name of shape `n`; `names` are parameters that stand in the text."""

    shape: str
    text: str
    operands: tuple[str, ...]
    meaning: Callable[..., Array]
    smooth: bool = True
    names: tuple[str, ...] = ()


PARAMETERS = {
    "A": ("mn", "matrix[m, n]"),
    "C": ("mn", "matrix[m, n]"),
    "B": ("nm", "matrix[n, m]"),
    "X": ("nn", "matrix[n, n]"),
    "Y": ("nn", "matrix[n, n]"),
    "M": ("mm", "matrix[m, m]"),
    "S": ("nn", "symmetric matrix[n, n]"),
    "P": ("nn", "posdef matrix[n, n]"),
    "D": ("nn", "diagonal matrix[n, n]"),
    "L": ("nn", "lower matrix[n, n]"),
    "U": ("nn", "upper matrix[n, n]"),
    "Q": ("nn", "orthogonal matrix[n, n]"),
    "x": ("n", "vector[n]"),
    "y": ("n", "vector[n]"),
    "u": ("m", "vector[m]"),
    "v": ("m", "vector[m]"),
    "p": ("n", "positive vector[n]"),
    "s": ("s", "scalar"),
    "t": ("s", "scalar"),
    "c": ("s", "positive scalar"),
    "w": ("r", "matrix[1, n]"),
    "q": ("n", "nonneg vector[n]"),
    "G": ("nn", "psd matrix[n, n]"),
    "K": ("mn", "lower matrix[m, n]"),
    "T": ("mnn", "tensor[m, n, n]"),
    "W": ("sparse", "sparse matrix[m, n]"),
    "i": ("integer", "integer scalar"),
    "j": ("integer", "integer scalar"),
}
INTEGERS = {"i": 1, "j": 2}
SPARSE = np.array([[0.0, 1.5, 0.0], [-0.7, 0.0, 2.0], [0.0, 0.0, 0.0], [0.4, -1.1, 0.0]])
# By these a production differentiates: parameters whose space is that of all arrays.
FREE = {"n": ["x", "y", "p"], "m": ["u", "v"], "nn": ["X", "Y"], "mm": ["M"]}

PRODUCTIONS: list[Production] = []


def add(
    shape: str,
    text: str,
    operands: str,
    meaning: Callable[..., Array],
    smooth: bool = True,
    names: tuple[str, ...] = (),
) -> None:
    """Enters a production."""
    PRODUCTIONS.append(Production(shape, text, tuple(operands.split()), meaning, smooth, names))


def _softplus(x: Array) -> Array:
    return np.logaddexp(0, x)


def _values(a: Array) -> Array:
    return np.linalg.svd(a, compute_uv=False)


def definite(a: Array) -> Array:
    return a.T @ a + np.eye(a.shape[1])


def _others(x: Array) -> Array:
    return np.array([np.prod(np.delete(x, k)) for k in range(len(x))])


def _adjugate(a: Array) -> Array:
    n = len(a)
    minors = [[np.linalg.det(np.delete(np.delete(a, i, 0), j, 1)) for i in range(n)] for j in range(n)]
    return np.array(minors) * (-1.0) ** np.add.outer(np.arange(n), np.arange(n))


# Elementwise, of every shape.
SMOOTH = {
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
    "sigmoid": scipy.special.expit,
    "softplus": _softplus,
    "atan": np.arctan,
    "asinh": np.arcsinh,
    "erf": scipy.special.erf,
    "erfc": scipy.special.erfc,
    "normcdf": scipy.special.ndtr,
    "square": np.square,
    "normpdf": lambda x: np.exp(-x * x / 2) / np.sqrt(2 * np.pi),
    "expm1": np.expm1,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "exp": np.exp,
}
KINKED = {"abs": np.abs, "relu": lambda x: np.maximum(x, 0)}
STEPS = {"sign": np.sign, "floor": np.floor, "ceil": np.ceil}
# Of 1 + x^2 or of tanh(x)/2, which are in their domains.
ABOVE_ONE = {
    "log": np.log,
    "sqrt": np.sqrt,
    "lgamma": scipy.special.gammaln,
    "digamma": scipy.special.digamma,
    "acosh": np.arccosh,
    "trigamma": lambda x: scipy.special.polygamma(1, x),
}
INSIDE = {"asin": np.arcsin, "acos": np.arccos, "atanh": np.arctanh, "log1p": np.log1p, "tan": np.tan}
for _z in ("s", "n", "m", "r", "nn", "mn", "nm", "mm", "mnn"):
    for _name, _f in SMOOTH.items():
        add(_z, f"{_name}({{0}})", _z, _f)
    for _name, _f in KINKED.items():
        add(_z, f"{_name}({{0}})", _z, _f, False)
    for _name, _f in STEPS.items():  # away from the round numbers where they jump
        add(_z, f"{_name}({{0}} + 0.0137)", _z, lambda x, f=_f: f(x + 0.0137), False)
    for _name, _f in ABOVE_ONE.items():
        if _name != "acosh":
            add(_z, f"{_name}(1 + {{0}}.^2)", _z, lambda x, f=_f: f(1 + x**2))
        else:
            add(_z, f"{_name}(2 + {{0}}.^2)", _z, lambda x, f=_f: f(2 + x**2))
    for _name, _f in INSIDE.items():
        add(_z, f"{_name}(tanh({{0}})/2)", _z, lambda x, f=_f: f(np.tanh(x) / 2))
    for _ in range(3):  # likelier than the single functions
        add(_z, "{0} + {1}", f"{_z} {_z}", np.add)
        add(_z, "{0} - {1}", f"{_z} {_z}", np.subtract)
        add(_z, "{0} .* {1}", f"{_z} {_z}", np.multiply)
        add(_z, "{0}*{1}", f"s {_z}", np.multiply)
    add(_z, "{0} ./ (1 + {1}.^2)", f"{_z} {_z}", lambda a, b: a / (1 + b**2))
    add(_z, "{0} / (1 + {1}^2)", f"{_z} s", lambda a, b: a / (1 + b**2))
    add(_z, "-{0}", _z, np.negative)
    add(_z, "3*{0}", _z, lambda a: 3 * a)
    add(_z, "{0}/2", _z, lambda a: a / 2)
    add(_z, "0.3 - {0}", _z, lambda a: 0.3 - a)
    add(_z, "{0}.^2", _z, np.square)
    add(_z, "{0}.^3", _z, lambda a: a**3)
    add(_z, "(1 + {0}.^2).^0.7", _z, lambda a: (1 + a**2) ** 0.7)
    add(_z, "(1 + {0}.^2).^tanh({1})", f"{_z} {_z}", lambda a, b: (1 + a**2) ** np.tanh(b))
    add(_z, "log(1 + exp({0}))", _z, _softplus)
    add(_z, "exp(-{0}.^2)", _z, lambda a: np.exp(-(a**2)))
    add(_z, "1 ./ (1 + exp(-{0}))", _z, scipy.special.expit)
    add(_z, "max({0}, {1})", f"{_z} {_z}", np.maximum, False)
    add(_z, "min({0}, {1})", f"{_z} {_z}", np.minimum, False)
    add(_z, "where({0} > {1}, {2}, {3})", f"{_z} {_z} {_z} {_z}", lambda a, b, c, d: np.where(a > b, c, d), False)
    add(
        _z,
        "where({0} > 0.1031, log({0}), {0})",
        _z,
        lambda a: np.where(a > 0.1031, np.log(np.maximum(a, 0.1)), a),
        False,
    )
    add(_z, "clip({0}, -1, 1 + {1}.^2)", f"{_z} {_z}", lambda a, b: np.minimum(np.maximum(a, -1), 1 + b**2), False)
    for _sign, _compare in (("<", np.less), ("<=", np.less_equal), (">=", np.greater_equal)):
        add(
            _z,
            f"where({{0}} {_sign} {{1}}, {{0}}, {{1}})",
            f"{_z} {_z}",
            lambda a, b, f=_compare: np.where(f(a, b), a, b),
            False,
        )
    add(_z, "where({0} == {0}, {0}, log({0}))", _z, np.asarray)
    add(_z, "where({0} != {0}, 1/0, {0})", _z, np.asarray)
    for _letter in sorted(set(_z) & {"m", "n"}):
        add(_z, f"pi*{{0}}/{_letter}", _z, lambda a, k=SIZES[_letter]: np.pi * a / k)
        add(_z, f"1e-1*{{0}} + {_letter}", _z, lambda a, k=SIZES[_letter]: 0.1 * a + k)
    add(_z, "(2 + tanh({0})).^{1}", f"{_z} {_z}", lambda a, b: (2 + np.tanh(a)) ** b)
    add(_z, "huber({0}, 0.5)", _z, lambda a: scipy.special.huber(0.5, a), False)
    add(_z, "atan2({0}, 1 + {1}.^2)", f"{_z} {_z}", lambda a, b: np.arctan2(a, 1 + b**2))
    add(_z, "xlogy({0}, 1 + {1}.^2)", f"{_z} {_z}", lambda a, b: scipy.special.xlogy(a, 1 + b**2))
    add(_z, "polygamma(2, 1 + {0}.^2)", _z, lambda a: scipy.special.polygamma(2, 1 + a**2))

# Scalars.
for _z in ("n", "m", "r", "nn", "mn", "nm", "mm", "mnn"):
    add("s", "sum({0})", _z, np.sum)
    add("s", "mean({0})", _z, np.mean)
    add("s", "logsumexp({0})", _z, scipy.special.logsumexp)
    add("s", "log(sum(exp({0})))", _z, scipy.special.logsumexp)
    add("s", "var({0})", _z, np.var)
    add("s", "max({0})", _z, np.max, False)
    add("s", "min({0})", _z, np.min, False)
    add("s", "normfro({0})", _z, np.linalg.norm)
    add("s", "inner({0}, {1})", f"{_z} {_z}", lambda a, b: np.sum(a * b))
    add("s", "normfro({0} - {1})^2", f"{_z} {_z}", lambda a, b: np.sum((a - b) ** 2))
    add("s", "sqrt(1 + sum({0} .* {0}))", _z, lambda a: np.sqrt(1 + np.sum(a * a)))
for _z in ("n", "m"):
    add("s", "{0}'*{1}", f"{_z} {_z}", np.dot)
    add("s", "norm1({0})", _z, lambda a: np.linalg.norm(a, 1), False)
    add("s", "norm2({0})", _z, np.linalg.norm)
    add("s", "norminf({0})", _z, lambda a: np.linalg.norm(a, np.inf), False)
    add("s", "norm2({0})^2", _z, lambda a: a @ a)
    add("s", "prod({0})", _z, np.prod)
    add("s", "{0}'*{2}*{1}", f"{_z} {_z} {_z}{_z}", lambda a, b, c: a @ c @ b)
    add("s", "{0}[1]", _z, lambda a: a[1])
    add("s", "{0}[-1]", _z, lambda a: a[-1])
    add(_z, "{1}*{0}", f"{_z} {_z}{_z}", lambda a, b: b @ a)
    add(_z, "{1}'*{0}", f"{_z} {_z}{_z}", lambda a, b: b.T @ a)
    add(_z, "softmax({0})", _z, scipy.special.softmax)
    add(_z, "logsoftmax({0})", _z, scipy.special.log_softmax)
    add(_z, "cumsum({0})", _z, np.cumsum)
    add(_z, "prodothers({0})", _z, _others)
    add(_z, "diag({0})", f"{_z}{_z}", np.diag)
    add(_z, "sum({0}, 2)", f"{_z}{_z}", lambda a: a.sum(1))
    add(_z, "min({0}, 2)", f"{_z}{_z}", lambda a: a.min(1), False)
    add(_z, "prod({0}, 2)", f"{_z}{_z}", lambda a: a.prod(1))
    add(_z, "prod({0}, 1)'", f"{_z}{_z}", lambda a: a.prod(0))
    add(_z, "[{0}[1:]; {1}]", f"{_z} s", lambda a, b: np.append(a[1:], b))
    add(_z, f"{{0}} + ones({_z})", _z, lambda a: a + 1)
    add(_z, f"zeros({_z}) - {{0}}", _z, np.negative)
    add(_z, "eigvals({0})", f"{_z}{_z}", lambda a: np.linalg.eigvalsh((a + a.T) / 2))
    add(_z, "svdvals({0})", f"{_z}{_z}", lambda a: np.linalg.svd(a, compute_uv=False))
    add(_z, f"vec({{0}})[:{_z}]", f"{_z}{_z}", lambda a: np.ravel(a, order="F")[: len(a)])
    add(_z, f"kron({{0}}, {{1}})[{_z}:2*{_z}]", f"{_z} {_z}", lambda a, b: np.kron(a, b)[len(a) : 2 * len(a)])
    add(_z, "sum({0}, 1)'", f"{_z}{_z}", lambda a: a.sum(0))
    add(_z, "[{1}; {0}][:-1]", f"{_z} s", lambda a, b: np.append(b, a)[:-1])
    add(_z, "{1}[0, :]", f"s {_z}{_z}", lambda a, b: b[0])
    add(_z, "{0}[:, 1]", f"{_z}{_z}", lambda a: a[:, 1])
    add(_z, "({1}'*{1} + I) \\ {0}", f"{_z} {_z}{_z}", lambda a, b: np.linalg.solve(definite(b), a))
    add(_z, "({1} + 9*I) \\ {0}", f"{_z} {_z}{_z}", lambda a, b: np.linalg.solve(b + 9 * np.eye(len(a)), a))
    add(f"{_z}{_z}", "{0}*{1}'", f"{_z} {_z}", np.outer)
    add(f"{_z}{_z}", "outer({0}, {1})", f"{_z} {_z}", np.outer)
    add(f"{_z}{_z}", "diag({0})", _z, np.diag)
    add(f"{_z}{_z}", "{0} .* {1}", f"{_z} {_z}{_z}", lambda a, b: a[:, None] * b)
    add(f"{_z}{_z}", "{1} + {0}'", f"{_z} {_z}{_z}", lambda a, b: b + a)
    add(
        f"{_z}{_z}",
        f"unvec(kron({{0}}, {{1}}), {_z}, {_z})",
        f"{_z} {_z}",
        lambda a, b: np.reshape(np.kron(a, b), (len(a), len(a)), order="F"),
    )

# Square matrices.
for _z in ("nn", "mm"):
    _k = SIZES[_z[0]]
    for _ in range(3):
        add(_z, "{0}*{1}", f"{_z} {_z}", np.matmul)
    add(_z, "{0}'", _z, np.transpose)
    add(_z, "{0}'*{1}", f"{_z} {_z}", lambda a, b: a.T @ b)
    add(_z, "{0}*{1}'", f"{_z} {_z}", lambda a, b: a @ b.T)
    add(_z, "{0} + {0}'", _z, lambda a: a + a.T)
    add(_z, "{0} + I", _z, lambda a, k=_k: a + np.eye(k))
    add(_z, "{1}*I - {0}", f"{_z} s", lambda a, b, k=_k: b * np.eye(k) - a)
    add(_z, "inv({0}'*{0} + I)", _z, lambda a: np.linalg.inv(definite(a)))
    add(_z, "inv({0} + 9*I)", _z, lambda a, k=_k: np.linalg.inv(a + 9 * np.eye(k)))
    add(_z, "{1} / ({0}'*{0} + I)", f"{_z} {_z}", lambda a, b: b @ np.linalg.inv(definite(a)))
    add(_z, "tril({0})", _z, np.tril)
    add(_z, "triu({0}, 1)", _z, lambda a: np.triu(a, 1))
    add(_z, "adj({0})", _z, _adjugate)
    add(_z, "expm({0}/9)", _z, lambda a: scipy.linalg.expm(a / 9))
    add(_z, "sqrtm({0}'*{0} + I)", _z, lambda a: scipy.linalg.sqrtm(definite(a)))
    add(_z, "logm({0}'*{0} + I)", _z, lambda a: scipy.linalg.logm(definite(a)))
    add(_z, "chol({0}'*{0} + I)", _z, lambda a: np.linalg.cholesky(definite(a)))
    add(_z, "{0}^2", _z, lambda a: a @ a)
    add(_z, "softmax({0}, 2)", _z, lambda a: scipy.special.softmax(a, axis=1))
    add(_z, "logsoftmax({0}, 2)", _z, lambda a: scipy.special.log_softmax(a, axis=1))
    add(_z, "logsoftmax({0}, 1)", _z, lambda a: scipy.special.log_softmax(a, axis=0))
    add(_z, "cumsum({0}, 1)", _z, lambda a: np.cumsum(a, axis=0))
    add(_z, "cumsum({0}, 2)", _z, lambda a: np.cumsum(a, axis=1))
    add(_z, "transpose({0})", _z, np.transpose)
    add(_z, f"eye({_z[0]})*{{0}} .* ones({_z[0]}, {_z[0]})", _z, np.asarray)
    add(_z, "({0}'*{0} + I)^-1", _z, lambda a: np.linalg.inv(definite(a)))
    add(_z, "({0} + 9*I) \\ {1}", f"{_z} {_z}", lambda a, b, k=_k: np.linalg.solve(a + 9 * np.eye(k), b))
    add(_z, "tril({0}, -1)", _z, lambda a: np.tril(a, -1))
    add(_z, "pinv({0}'*{0} + I)", _z, lambda a: np.linalg.inv(definite(a)))
    add(_z, "[{1}, {2}'; {2}, {0}][:-1, 1:]", f"{_z} s {_z[0]}",
        lambda a, b, c: np.block([[np.full((1, 1), b), c[None]], [c[:, None], a]])[:-1, 1:])  # fmt: skip
    add("s", "norm2({0})", _z, lambda a: np.linalg.norm(a, 2))
    add("s", "normnuc({0})", _z, lambda a: np.linalg.norm(a, "nuc"))
    add("s", "det({0}'*{0} + I)^0.3", _z, lambda a: np.linalg.det(definite(a)) ** 0.3)
    add("s", "det(expm({0}/9))", _z, lambda a: np.exp(np.trace(a) / 9))
    add(_z, "softmax({0}, 1)", _z, lambda a: scipy.special.softmax(a, axis=0))
    add(_z, f"unvec(vec({{0}}) .* vec({{1}}), {_z[0]}, {_z[1]})", f"{_z} {_z}", np.multiply)
    add(_z, f"kron({{0}}, {{1}})[:{_z[0]}, -{_z[1]}:]", f"{_z} {_z}", lambda a, b: np.kron(a, b)[: len(a), -len(a) :])
    add(
        _z,
        f"[{{0}}, {{1}}; {{1}}', {{0}}][1:{_z[0]}+1, 0:{_z[1]}]",
        f"{_z} {_z}",
        lambda a, b: np.block([[a, b], [b.T, a]])[1 : len(a) + 1, : len(a)],
    )
    add("s", "tr({0})", _z, np.trace)
    add("s", "tr({0}*{1})", f"{_z} {_z}", lambda a, b: np.trace(a @ b))
    add("s", "tr({0}*{1}*{0}'*{1})", f"{_z} {_z}", lambda a, b: np.trace(a @ b @ a.T @ b))
    add("s", "det({0})", _z, np.linalg.det)
    add("s", "logdet({0}'*{0} + I)", _z, lambda a: np.linalg.slogdet(definite(a))[1])
    add("s", "log(det({0}'*{0} + I))", _z, lambda a: np.linalg.slogdet(definite(a))[1])
    add("s", "logabsdet({0} + 9*I)", _z, lambda a, k=_k: np.linalg.slogdet(a + 9 * np.eye(k))[1])
    add("s", "eigmax({0})", _z, lambda a: np.linalg.eigvalsh((a + a.T) / 2)[-1])
    add("s", "eigmin({0})", _z, lambda a: np.linalg.eigvalsh((a + a.T) / 2)[0])
    add("s", "sum(eigvals({0}).^3)", _z, lambda a: np.sum(np.linalg.eigvalsh((a + a.T) / 2) ** 3))
    add("s", "{0} : {1}", f"{_z} {_z}", lambda a, b: np.sum(a * b))
    add("s", "{0}[0, 1]", _z, lambda a: a[0, 1])

# Rectangles and rows.
for _z, _other in (("mn", "nm"), ("nm", "mn")):
    _i, _j = _z
    for _ in range(2):
        add(_z, "{0}*{1}", f"{_z} {_j}{_j}", np.matmul)
        add(_z, "{0}*{1}", f"{_i}{_i} {_z}", np.matmul)
        add(f"{_i}{_i}", "{0}*{1}", f"{_z} {_other}", np.matmul)
        add(_i, "{0}*{1}", f"{_z} {_j}", np.matmul)
        add(_j, "{0}'*{1}", f"{_z} {_i}", lambda a, b: a.T @ b)
    add(_z, "{0}'", _other, np.transpose)
    add(f"{_i}{_i}", "{0}*{1}'", f"{_z} {_z}", lambda a, b: a @ b.T)
    add(_z, "{0}*{1}'", f"{_i} {_j}", np.outer)
    add(_z, "{0} + {1}", f"{_z} {_i}", lambda a, b: a + b[:, None])
    add(_z, "{0} .* {1}'", f"{_z} {_j}", lambda a, b: a * b)
    add(_z, "diag({1})*{0}", f"{_z} {_i}", lambda a, b: b[:, None] * a)
    add(_other, "pinv({0})", _z, np.linalg.pinv)
    add(_i, f"{{0}}*ones({_j})", _z, lambda a: a.sum(1))
    add(_i, "sum(outer({1}, {2}) .* {0}, 2)", f"{_z} {_i} {_j}", lambda a, b, c: b * (a @ c))
    add(f"{_i}{_i}", f"unvec(vec({{0}}*{{1}}), {_i}, {_i})'", f"{_z} {_other}", lambda a, b: (a @ b).T)
    add("s", "diag({0})'*diag({1})", f"{_z} {_other}", lambda a, b: np.diag(a) @ np.diag(b))
    add("s", "kron({0}, {1}) : kron({1}, {0})'", f"{_z} {_other}", lambda a, b: np.sum(np.kron(a, b) * np.kron(b, a).T))
    add(_i, "sum({0}, 2)", _z, lambda a: a.sum(1))
    add(_i, "mean({0}, 2)", _z, lambda a: a.mean(1))
    add(_i, "max({0}, 2)", _z, lambda a: a.max(1), False)
    add(_i, "logsumexp({0}, 2)", _z, lambda a: scipy.special.logsumexp(a, axis=1))
    add(_i, "diag({0}*{1})", f"{_z} {_other}", lambda a, b: np.diag(a @ b))
    add("s", "normnuc({0})", _z, lambda a: np.linalg.norm(a, "nuc"))
    add("s", "norm2({0})", _z, lambda a: np.linalg.norm(a, 2))
    add("s", "norm1({0})", _z, lambda a: np.linalg.norm(a, 1), False)
    add("s", "norminf({0})", _z, lambda a: np.linalg.norm(a, np.inf), False)
    add("s", "sum(svdvals({0}).^3)", _z, lambda a: np.sum(np.linalg.svd(a, compute_uv=False) ** 3))
    add("s", "normfro({0}*{1} - {2})^2", f"{_z} {_other} {_i}{_i}", lambda a, b, c: np.sum((a @ b - c) ** 2))
add("r", "{0}'", "n", lambda a: a[None])
add("n", "{0}'", "r", lambda a: a[0])
add("r", "{0}*{1}", "r nn", np.matmul)
add("r", "{0}'*{1}", "m mn", lambda a, b: (a @ b)[None])
add("r", "sum({0}, 1)", "mn", lambda a: a.sum(0, keepdims=True))
add("r", "min({0}, 1)", "mn", lambda a: a.min(0, keepdims=True), False)
add("r", "max({0}, 1)", "mn", lambda a: a.max(0, keepdims=True), False)
add("r", "mean({0}, 1)", "nn", lambda a: a.mean(0, keepdims=True))
add("r", "logsumexp({0}, 1)", "mn", lambda a: scipy.special.logsumexp(a, axis=0, keepdims=True))
add("s", "{0}*{1}", "r n", lambda a, b: (a @ b)[0])
add("mn", "{0} - {1}", "mn r", np.subtract)
add("nn", "{0}*{1}", "n r", lambda a, b: np.outer(a, b))
add("s", "sum(cross({0}[0:3], {1}[:3]))", "n m", lambda a, b: np.sum(np.cross(a[:3], b[:3])))
add("s", "{2}[0:3]'*cross({0}[0:3], {1}[1:4])", "n m m", lambda a, b, c: c[:3] @ np.cross(a[:3], b[1:4]))
add(
    "s",
    "sum(svdvals({0})[1:3].^2) + max(svdvals({0}))",
    "mn",
    lambda a: _values(a)[1:3] @ _values(a)[1:3] + _values(a)[0],
)
