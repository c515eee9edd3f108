"""The scalar operations of a `Loop`: one table, from the name to its meaning and its price.

Enters: nothing.  Leaves: `SCALARS`, read by `interpret.py` (the NumPy implementation), by `emit.py` (the text in a
kernel) and by the cost model.  Always holds: IEEE behaviour as in NumPy and SciPy, no exceptions, NaN in gives NaN
out; conditions are 0.0 and 1.0.  A name that is not an operator of Python is a function of the same name in
`runtime/elementary.py`.  Not for: derivatives, and not for reductions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = Any  # a NumPy array or scalar


@dataclass(frozen=True, slots=True)
class Scalar:
    """One operation: `numpy(*operands)` is its meaning, `text.format(*operands)` its source in a kernel.

    `flops` is what it counts by the usual convention: 1 per operation or function, 0 for what only selects.
    """

    name: str
    arity: int
    numpy: Callable[..., Array]
    text: str
    flops: int


# Functions that are series, without calls: vectors speed them up much.
SERIES = frozenset({"exp", "expm1", "log", "log1p", "sigmoid", "softplus", "xlogy", "sin", "cos", "tan", "near_sin",
                    "near_cos", "near_tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh",
                    "erf", "erfc", "normcdf", "normpdf", "pow", "atan2", "lgamma", "digamma", "trigamma"})  # fmt: skip


def _special(name: str) -> Callable[..., Array]:
    # SciPy costs 0.1 s to import and most programs don't need it.
    def function(*operands: Array) -> Array:
        import scipy.special

        return getattr(scipy.special, name)(*operands)

    return function


def _sigmoid(x: Array) -> Array:
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


def _softplus(x: Array) -> Array:
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def _normcdf(x: Array) -> Array:
    return _special("ndtr")(x)


def _normpdf(x: Array) -> Array:
    return np.exp(-0.5 * np.square(x)) * 0.3989422804014327


def _trigamma(x: Array) -> Array:
    return _polygamma(1, x)


def _polygamma(k: Array, x: Array) -> Array:
    # The k-th derivative of digamma is (-1)^(k+1) k! zeta(k+1, x).  SciPy's zeta adds up the terms of negative x one by
    # one, for ever where x is large, so that only positive ones are given to it: the terms on both sides of 0.
    zeta = _special("zeta")
    x, s = np.asarray(x), np.maximum(k, 1) + 1
    size = np.minimum(np.abs(x), 2.0**52)
    below = size - np.floor(size)
    negative = (-1.0) ** s * (zeta(s, below) - zeta(s, size + 1)) + zeta(s, 1 - below)
    value = np.where(x <= 0, negative, zeta(s, np.where(x > 0, x, 1)))
    value = np.where((x <= 0) & (below == 0), np.inf, value)
    value = np.where(np.isnan(x) | (x == -np.inf), np.nan, value)
    return np.where(np.equal(k, 0), _special("digamma")(x), (-1.0) ** s * _special("gamma")(s) * value)


def _huber(x: Array, delta: Array) -> Array:
    return _special("huber")(delta, x)


def _number(condition: Array) -> Array:
    return np.multiply(condition, 1.0)


def _entry(name: str, arity: int, numpy: Callable[..., Array], flops: int = 1, text: str = "") -> Scalar:
    call = f"{name}({', '.join('{' + str(k) + '}' for k in range(arity))})"
    return Scalar(name, arity, numpy, text or call, flops)


SCALARS: dict[str, Scalar] = {
    entry.name: entry
    for entry in (
        # Arithmetic.
        _entry("add", 2, np.add, text="({0} + {1})"),
        _entry("sub", 2, np.subtract, text="({0} - {1})"),
        _entry("mul", 2, np.multiply, text="({0} * {1})"),
        _entry("div", 2, np.true_divide, text="({0} / {1})"),
        _entry("neg", 1, np.negative, text="(-{0})"),
        _entry("reciprocal", 1, np.reciprocal),
        _entry("pow", 2, np.power),
        _entry("abs", 1, np.abs, 1, "fabs({0})"),
        _entry("sign", 1, np.sign),
        _entry("sqrt", 1, np.sqrt),
        _entry("floor", 1, np.floor),
        _entry("ceil", 1, np.ceil),
        _entry("max", 2, np.maximum, 1, "maximum({0}, {1})"),
        _entry("min", 2, np.minimum, 1, "minimum({0}, {1})"),
        # Exponentials and what is made of them.
        _entry("exp", 1, np.exp),
        _entry("expm1", 1, np.expm1),
        _entry("log", 1, np.log),
        _entry("log1p", 1, np.log1p),
        _entry("sigmoid", 1, _sigmoid),
        _entry("softplus", 1, _softplus),
        _entry("xlogy", 2, _special("xlogy")),
        # Trigonometric and hyperbolic functions.
        _entry("sin", 1, np.sin),
        _entry("cos", 1, np.cos),
        _entry("tan", 1, np.tan),
        _entry("asin", 1, np.arcsin),
        _entry("acos", 1, np.arccos),
        _entry("atan", 1, np.arctan),
        _entry("atan2", 2, np.arctan2),
        _entry("sinh", 1, np.sinh),
        _entry("cosh", 1, np.cosh),
        _entry("tanh", 1, np.tanh),
        _entry("asinh", 1, np.arcsinh),
        _entry("acosh", 1, np.arccosh),
        _entry("atanh", 1, np.arctanh),
        # Special functions.
        _entry("erf", 1, _special("erf")),
        _entry("erfc", 1, _special("erfc")),
        _entry("normcdf", 1, _normcdf),
        _entry("normpdf", 1, _normpdf),
        _entry("lgamma", 1, _special("gammaln")),
        _entry("digamma", 1, _special("digamma")),
        _entry("trigamma", 1, _trigamma),
        _entry("polygamma", 2, _polygamma),
        # Piecewise functions.
        _entry("relu", 1, lambda x: np.maximum(x, 0)),
        _entry("clip", 3, lambda x, low, high: np.minimum(np.maximum(x, low), high)),
        _entry("huber", 2, _huber),
        # Conditions (0.0 or 1.0) and choices: not arithmetic.
        _entry("lt", 2, lambda a, b: _number(np.less(a, b)), 0),
        _entry("le", 2, lambda a, b: _number(np.less_equal(a, b)), 0),
        _entry("gt", 2, lambda a, b: _number(np.greater(a, b)), 0),
        _entry("ge", 2, lambda a, b: _number(np.greater_equal(a, b)), 0),
        _entry("eq", 2, lambda a, b: _number(np.equal(a, b)), 0),
        _entry("ne", 2, lambda a, b: _number(np.not_equal(a, b)), 0),
        _entry("not", 1, lambda a: _number(np.equal(a, 0)), 0, "logical_not({0})"),
        _entry("where", 3, lambda c, a, b: np.where(np.not_equal(c, 0), a, b), 0),
        _entry("mask", 2, lambda c, x: np.where(np.not_equal(c, 0), x, 0), 0),
    )
}
