"""The fuzzer's grammar: ways to write a value of some shape, each with its meaning in NumPy.

A shape is `s` (scalar), `n`, `m` (vectors), `r` (a row of n), `nn`, `mn`, `nm`, `mm`.  The meanings are an evaluator of
their own: they share nothing with matgrad.
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
    """`text` with places for the operands, whose shapes are `operands`; `meaning` computes with arrays."""

    shape: str
    text: str
    operands: tuple[str, ...]
    meaning: Callable[..., Array]
    smooth: bool = True


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
}

PRODUCTIONS: list[Production] = []


def _add(shape: str, text: str, operands: str, meaning: Callable[..., Array], smooth: bool = True) -> None:
    PRODUCTIONS.append(Production(shape, text, tuple(operands.split()), meaning, smooth))


def _softplus(x: Array) -> Array:
    return np.logaddexp(0, x)


def _shape(z: str) -> tuple[int, ...]:
    return (1, SIZES["n"]) if z == "r" else () if z == "s" else tuple(SIZES[letter] for letter in z)


def _definite(a: Array) -> Array:
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
for _z in ("s", "n", "m", "r", "nn", "mn", "nm", "mm"):
    for _name, _f in SMOOTH.items():
        _add(_z, f"{_name}({{0}})", _z, _f)
    for _name, _f in KINKED.items():
        _add(_z, f"{_name}({{0}})", _z, _f, False)
    for _name, _f in STEPS.items():  # away from the round numbers where they jump
        _add(_z, f"{_name}({{0}} + 0.0137)", _z, lambda x, f=_f: f(x + 0.0137), False)
    for _name, _f in ABOVE_ONE.items():
        if _name != "acosh":
            _add(_z, f"{_name}(1 + {{0}}.^2)", _z, lambda x, f=_f: f(1 + x**2))
        else:
            _add(_z, f"{_name}(2 + {{0}}.^2)", _z, lambda x, f=_f: f(2 + x**2))
    for _name, _f in INSIDE.items():
        _add(_z, f"{_name}(tanh({{0}})/2)", _z, lambda x, f=_f: f(np.tanh(x) / 2))
    for _ in range(3):  # likelier than the single functions
        _add(_z, "{0} + {1}", f"{_z} {_z}", np.add)
        _add(_z, "{0} - {1}", f"{_z} {_z}", np.subtract)
        _add(_z, "{0} .* {1}", f"{_z} {_z}", np.multiply)
        _add(_z, "{0}*{1}", f"s {_z}", np.multiply)
    _add(_z, "{0} ./ (1 + {1}.^2)", f"{_z} {_z}", lambda a, b: a / (1 + b**2))
    _add(_z, "{0} / (1 + {1}^2)", f"{_z} s", lambda a, b: a / (1 + b**2))
    _add(_z, "-{0}", _z, np.negative)
    _add(_z, "3*{0}", _z, lambda a: 3 * a)
    _add(_z, "{0}/2", _z, lambda a: a / 2)
    _add(_z, "0.3 - {0}", _z, lambda a: 0.3 - a)
    _add(_z, "{0}.^2", _z, np.square)
    _add(_z, "{0}.^3", _z, lambda a: a**3)
    _add(_z, "(1 + {0}.^2).^0.7", _z, lambda a: (1 + a**2) ** 0.7)
    _add(_z, "(1 + {0}.^2).^tanh({1})", f"{_z} {_z}", lambda a, b: (1 + a**2) ** np.tanh(b))
    _add(_z, "log(1 + exp({0}))", _z, _softplus)
    _add(_z, "exp(-{0}.^2)", _z, lambda a: np.exp(-(a**2)))
    _add(_z, "1 ./ (1 + exp(-{0}))", _z, scipy.special.expit)
    _add(_z, "max({0}, {1})", f"{_z} {_z}", np.maximum, False)
    _add(_z, "min({0}, {1})", f"{_z} {_z}", np.minimum, False)
    _add(_z, "where({0} > {1}, {2}, {3})", f"{_z} {_z} {_z} {_z}", lambda a, b, c, d: np.where(a > b, c, d), False)
    _add(_z, "where({0} > 0, log({0}), {0})", _z, lambda a: np.where(a > 0, np.log(np.where(a > 0, a, 1)), a), False)
    _add(_z, "clip({0}, -1, 1 + {1}.^2)", f"{_z} {_z}", lambda a, b: np.minimum(np.maximum(a, -1), 1 + b**2), False)
    _add(_z, "huber({0}, 0.5)", _z, lambda a: scipy.special.huber(0.5, a), False)
    _add(_z, "atan2({0}, 1 + {1}.^2)", f"{_z} {_z}", lambda a, b: np.arctan2(a, 1 + b**2))
    _add(_z, "xlogy({0}, 1 + {1}.^2)", f"{_z} {_z}", lambda a, b: scipy.special.xlogy(a, 1 + b**2))
    _add(_z, "polygamma(2, 1 + {0}.^2)", _z, lambda a: scipy.special.polygamma(2, 1 + a**2))

# Scalars.
for _z in ("n", "m", "r", "nn", "mn", "nm", "mm"):
    _add("s", "sum({0})", _z, np.sum)
    _add("s", "mean({0})", _z, np.mean)
    _add("s", "logsumexp({0})", _z, scipy.special.logsumexp)
    _add("s", "log(sum(exp({0})))", _z, scipy.special.logsumexp)
    _add("s", "var({0})", _z, np.var)
    _add("s", "max({0})", _z, np.max, False)
    _add("s", "min({0})", _z, np.min, False)
    _add("s", "normfro({0})", _z, np.linalg.norm)
    _add("s", "inner({0}, {1})", f"{_z} {_z}", lambda a, b: np.sum(a * b))
    _add("s", "normfro({0} - {1})^2", f"{_z} {_z}", lambda a, b: np.sum((a - b) ** 2))
    _add("s", "sqrt(1 + sum({0} .* {0}))", _z, lambda a: np.sqrt(1 + np.sum(a * a)))
for _z in ("n", "m"):
    _add("s", "{0}'*{1}", f"{_z} {_z}", np.dot)
    _add("s", "norm1({0})", _z, lambda a: np.linalg.norm(a, 1), False)
    _add("s", "norm2({0})", _z, np.linalg.norm)
    _add("s", "norminf({0})", _z, lambda a: np.linalg.norm(a, np.inf), False)
    _add("s", "norm2({0})^2", _z, lambda a: a @ a)
    _add("s", "prod({0})", _z, np.prod)
    _add("s", "{0}'*{2}*{1}", f"{_z} {_z} {_z}{_z}", lambda a, b, c: a @ c @ b)
    _add("s", "{0}[1]", _z, lambda a: a[1])
    _add("s", "{0}[-1]", _z, lambda a: a[-1])
    _add(_z, "{1}*{0}", f"{_z} {_z}{_z}", lambda a, b: b @ a)
    _add(_z, "{1}'*{0}", f"{_z} {_z}{_z}", lambda a, b: b.T @ a)
    _add(_z, "softmax({0})", _z, scipy.special.softmax)
    _add(_z, "logsoftmax({0})", _z, scipy.special.log_softmax)
    _add(_z, "cumsum({0})", _z, np.cumsum)
    _add(_z, "prodothers({0})", _z, _others)
    _add(_z, "diag({0})", f"{_z}{_z}", np.diag)
    _add(_z, "sum({0}, 2)", f"{_z}{_z}", lambda a: a.sum(1))
    _add(_z, "sum({0}, 1)'", f"{_z}{_z}", lambda a: a.sum(0))
    _add(_z, "[{1}; {0}][:-1]", f"{_z} s", lambda a, b: np.append(b, a)[:-1])
    _add(_z, "{1}[0, :]", f"s {_z}{_z}", lambda a, b: b[0])
    _add(_z, "{0}[:, 1]", f"{_z}{_z}", lambda a: a[:, 1])
    _add(_z, "({1}'*{1} + I) \\ {0}", f"{_z} {_z}{_z}", lambda a, b: np.linalg.solve(_definite(b), a))
    _add(_z, "({1} + 9*I) \\ {0}", f"{_z} {_z}{_z}", lambda a, b: np.linalg.solve(b + 9 * np.eye(len(a)), a))
    _add(f"{_z}{_z}", "{0}*{1}'", f"{_z} {_z}", np.outer)
    _add(f"{_z}{_z}", "outer({0}, {1})", f"{_z} {_z}", np.outer)
    _add(f"{_z}{_z}", "diag({0})", _z, np.diag)
    _add(f"{_z}{_z}", "{0} .* {1}", f"{_z} {_z}{_z}", lambda a, b: a[:, None] * b)
    _add(f"{_z}{_z}", "{1} + {0}'", f"{_z} {_z}{_z}", lambda a, b: b + a)
    _add(
        f"{_z}{_z}",
        f"unvec(kron({{0}}, {{1}}), {_z}, {_z})",
        f"{_z} {_z}",
        lambda a, b: np.reshape(np.kron(a, b), (len(a), len(a)), order="F"),
    )

# Square matrices.
for _z in ("nn", "mm"):
    _k = SIZES[_z[0]]
    for _ in range(3):
        _add(_z, "{0}*{1}", f"{_z} {_z}", np.matmul)
    _add(_z, "{0}'", _z, np.transpose)
    _add(_z, "{0}'*{1}", f"{_z} {_z}", lambda a, b: a.T @ b)
    _add(_z, "{0}*{1}'", f"{_z} {_z}", lambda a, b: a @ b.T)
    _add(_z, "{0} + {0}'", _z, lambda a: a + a.T)
    _add(_z, "{0} + I", _z, lambda a, k=_k: a + np.eye(k))
    _add(_z, "{1}*I - {0}", f"{_z} s", lambda a, b, k=_k: b * np.eye(k) - a)
    _add(_z, "inv({0}'*{0} + I)", _z, lambda a: np.linalg.inv(_definite(a)))
    _add(_z, "inv({0} + 9*I)", _z, lambda a, k=_k: np.linalg.inv(a + 9 * np.eye(k)))
    _add(_z, "{1} / ({0}'*{0} + I)", f"{_z} {_z}", lambda a, b: b @ np.linalg.inv(_definite(a)))
    _add(_z, "tril({0})", _z, np.tril)
    _add(_z, "triu({0}, 1)", _z, lambda a: np.triu(a, 1))
    _add(_z, "adj({0})", _z, _adjugate)
    _add(_z, "expm({0}/9)", _z, lambda a: scipy.linalg.expm(a / 9))
    _add(_z, "sqrtm({0}'*{0} + I)", _z, lambda a: scipy.linalg.sqrtm(_definite(a)))
    _add(_z, "logm({0}'*{0} + I)", _z, lambda a: scipy.linalg.logm(_definite(a)))
    _add(_z, "chol({0}'*{0} + I)", _z, lambda a: np.linalg.cholesky(_definite(a)))
    _add(_z, "{0}^2", _z, lambda a: a @ a)
    _add(_z, "softmax({0}, 2)", _z, lambda a: scipy.special.softmax(a, axis=1))
    _add(_z, "softmax({0}, 1)", _z, lambda a: scipy.special.softmax(a, axis=0))
    _add(_z, f"unvec(vec({{0}}) .* vec({{1}}), {_z[0]}, {_z[1]})", f"{_z} {_z}", np.multiply)
    _add(_z, f"kron({{0}}, {{1}})[:{_z[0]}, -{_z[1]}:]", f"{_z} {_z}", lambda a, b: np.kron(a, b)[: len(a), -len(a) :])
    _add(
        _z,
        f"[{{0}}, {{1}}; {{1}}', {{0}}][1:{_z[0]}+1, 0:{_z[1]}]",
        f"{_z} {_z}",
        lambda a, b: np.block([[a, b], [b.T, a]])[1 : len(a) + 1, : len(a)],
    )
    _add("s", "tr({0})", _z, np.trace)
    _add("s", "tr({0}*{1})", f"{_z} {_z}", lambda a, b: np.trace(a @ b))
    _add("s", "tr({0}*{1}*{0}'*{1})", f"{_z} {_z}", lambda a, b: np.trace(a @ b @ a.T @ b))
    _add("s", "det({0})", _z, np.linalg.det)
    _add("s", "logdet({0}'*{0} + I)", _z, lambda a: np.linalg.slogdet(_definite(a))[1])
    _add("s", "log(det({0}'*{0} + I))", _z, lambda a: np.linalg.slogdet(_definite(a))[1])
    _add("s", "logabsdet({0} + 9*I)", _z, lambda a, k=_k: np.linalg.slogdet(a + 9 * np.eye(k))[1])
    _add("s", "eigmax({0})", _z, lambda a: np.linalg.eigvalsh((a + a.T) / 2)[-1])
    _add("s", "eigmin({0})", _z, lambda a: np.linalg.eigvalsh((a + a.T) / 2)[0])
    _add("s", "sum(eigvals({0}).^3)", _z, lambda a: np.sum(np.linalg.eigvalsh((a + a.T) / 2) ** 3))
    _add("s", "{0} : {1}", f"{_z} {_z}", lambda a, b: np.sum(a * b))
    _add("s", "{0}[0, 1]", _z, lambda a: a[0, 1])

# Rectangles and rows.
for _z, _other in (("mn", "nm"), ("nm", "mn")):
    _i, _j = _z
    for _ in range(2):
        _add(_z, "{0}*{1}", f"{_z} {_j}{_j}", np.matmul)
        _add(_z, "{0}*{1}", f"{_i}{_i} {_z}", np.matmul)
        _add(f"{_i}{_i}", "{0}*{1}", f"{_z} {_other}", np.matmul)
        _add(_i, "{0}*{1}", f"{_z} {_j}", np.matmul)
        _add(_j, "{0}'*{1}", f"{_z} {_i}", lambda a, b: a.T @ b)
    _add(_z, "{0}'", _other, np.transpose)
    _add(f"{_i}{_i}", "{0}*{1}'", f"{_z} {_z}", lambda a, b: a @ b.T)
    _add(_z, "{0}*{1}'", f"{_i} {_j}", np.outer)
    _add(_z, "{0} + {1}", f"{_z} {_i}", lambda a, b: a + b[:, None])
    _add(_z, "{0} .* {1}'", f"{_z} {_j}", lambda a, b: a * b)
    _add(_z, "diag({1})*{0}", f"{_z} {_i}", lambda a, b: b[:, None] * a)
    _add(_other, "pinv({0})", _z, np.linalg.pinv)
    _add(_i, "sum({0}, 2)", _z, lambda a: a.sum(1))
    _add(_i, "mean({0}, 2)", _z, lambda a: a.mean(1))
    _add(_i, "max({0}, 2)", _z, lambda a: a.max(1), False)
    _add(_i, "logsumexp({0}, 2)", _z, lambda a: scipy.special.logsumexp(a, axis=1))
    _add(_i, "diag({0}*{1})", f"{_z} {_other}", lambda a, b: np.diag(a @ b))
    _add("s", "normnuc({0})", _z, lambda a: np.linalg.norm(a, "nuc"))
    _add("s", "norm2({0})", _z, lambda a: np.linalg.norm(a, 2))
    _add("s", "norm1({0})", _z, lambda a: np.linalg.norm(a, 1), False)
    _add("s", "norminf({0})", _z, lambda a: np.linalg.norm(a, np.inf), False)
    _add("s", "sum(svdvals({0}).^3)", _z, lambda a: np.sum(np.linalg.svd(a, compute_uv=False) ** 3))
    _add("s", "normfro({0}*{1} - {2})^2", f"{_z} {_other} {_i}{_i}", lambda a, b, c: np.sum((a @ b - c) ** 2))
_add("r", "{0}'", "n", lambda a: a[None])
_add("n", "{0}'", "r", lambda a: a[0])
_add("r", "{0}*{1}", "r nn", np.matmul)
_add("r", "{0}'*{1}", "m mn", lambda a, b: (a @ b)[None])
_add("r", "sum({0}, 1)", "mn", lambda a: a.sum(0, keepdims=True))
_add("r", "max({0}, 1)", "mn", lambda a: a.max(0, keepdims=True), False)
_add("r", "mean({0}, 1)", "nn", lambda a: a.mean(0, keepdims=True))
_add("r", "logsumexp({0}, 1)", "mn", lambda a: scipy.special.logsumexp(a, axis=0, keepdims=True))
_add("s", "{0}*{1}", "r n", lambda a, b: (a @ b)[0])
_add("mn", "{0} - {1}", "mn r", np.subtract)
_add("nn", "{0}*{1}", "n r", lambda a, b: np.outer(a, b))
_add("s", "sum(cross({0}[0:3], {1}[:3]))", "n m", lambda a, b: np.sum(np.cross(a[:3], b[:3])))
