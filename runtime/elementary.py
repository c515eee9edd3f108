"""The scalar functions of kernels, as formulas that vectorise.

Enters: floats of 32 or 64 bits.  Leaves: Numba intrinsics with the names of `compiler/scalars.py`.  Always holds: IEEE
behaviour as in NumPy (nan, inf, signed zero, subnormal numbers), no exceptions.  Not for: functions that need loops
(those are in `special.py`).
"""

from __future__ import annotations

from typing import Any

from .arithmetic import INF, Real, function


def _library(name: str, symbol: str = "") -> Any:
    """The function of the C library."""

    def formula(x: Real) -> Real:
        return x.library(symbol or name)

    formula.__name__ = name
    return function(formula)


def _truth(operator: str, name: str) -> Any:
    def formula(a: Real, b: Real) -> Real:
        return a.compare(operator, b).choose(a.constant(1.0), 0.0)

    formula.__name__ = name
    return function(formula)


def _exp(x: Real) -> Real:
    return x.library("exp")


def _log(x: Real) -> Real:
    return x.library("log")


def _log1p(x: Real) -> Real:
    return x.library("log1p")


def _expm1(x: Real) -> Real:
    return x.library("expm1")


@function
def exp(x: Real) -> Real:
    """e^x."""
    return _exp(x)


@function
def log(x: Real) -> Real:
    """The natural logarithm."""
    return _log(x)


@function
def log1p(x: Real) -> Real:
    """log(1 + x)."""
    return _log1p(x)


@function
def expm1(x: Real) -> Real:
    """e^x - 1."""
    return _expm1(x)


@function
def tanh(x: Real) -> Real:
    """The hyperbolic tangent."""
    e = _expm1(x.abs() * -2.0)
    return (-e / (e + 2.0)).with_sign_of(x)


@function
def sigmoid(x: Real) -> Real:
    """1 / (1 + e^-x), without overflow."""
    e = _exp(-x.abs())
    return (x >= 0.0).choose(x.constant(1.0), e) / (e + 1.0)


@function
def softplus(x: Real) -> Real:
    """log(1 + e^x), without overflow."""
    return x.maximum(0.0) + _log1p(_exp(-x.abs()))


@function
def xlogy(a: Real, b: Real) -> Real:
    """a*log(b), 0 where a is 0 (nan where b is nan)."""
    product = a * _log(b)
    return (a.equals(0.0) & ~b.is_nan()).choose(a.constant(0.0), product)


@function
def normpdf(x: Real) -> Real:
    """The density of the standard normal distribution."""
    return _exp(x * x * -0.5) * 0.3989422804014327


@function
def normcdf(x: Real) -> Real:
    """The distribution function of the standard normal distribution."""
    return (x * -0.7071067811865476).library("erfc") * 0.5


@function
def pow(x: Real, y: Real) -> Real:  # noqa: A001 - the operation's name
    """x^y."""
    return x.library("pow", y)


@function
def atan2(a: Real, b: Real) -> Real:
    """The angle of the point (b, a)."""
    return a.library("atan2", b)


@function
def reciprocal(x: Real) -> Real:
    """1/x."""
    return 1.0 / x


@function
def fabs(x: Real) -> Real:
    """The absolute value."""
    return x.abs()


@function
def sign(x: Real) -> Real:
    """-1, 0 or 1; nan for nan."""
    return (x > 0.0).choose(x.constant(1.0), (x < 0.0).choose(x.constant(-1.0), x.is_nan().choose(x, 0.0)))


@function
def sqrt(x: Real) -> Real:
    """The square root."""
    return x.sqrt()


@function
def floor(x: Real) -> Real:
    """The integer below."""
    return x.call("llvm.floor")


@function
def ceil(x: Real) -> Real:
    """The integer above."""
    return x.call("llvm.ceil")


@function
def maximum(a: Real, b: Real) -> Real:
    """The larger one; nan if one is nan."""
    return a.maximum(b)


@function
def minimum(a: Real, b: Real) -> Real:
    """The smaller one; nan if one is nan."""
    return a.minimum(b)


@function
def relu(x: Real) -> Real:
    """max(x, 0)."""
    return x.maximum(0.0)


@function
def clip(x: Real, low: Real, high: Real) -> Real:
    """x, or the nearer end of the interval."""
    return x.maximum(low).minimum(high)


@function
def huber(x: Real, delta: Real) -> Real:
    """x^2/2 up to delta, then linear; inf for a negative delta."""
    size = x.abs()
    inside = x * x * 0.5
    outside = delta * (size - delta * 0.5)
    return (delta < 0.0).choose(x.constant(INF), (size <= delta).choose(inside, outside))


@function
def logical_not(x: Real) -> Real:
    """1 where x is 0, else 0."""
    return x.equals(0.0).choose(x.constant(1.0), 0.0)


@function
def where(condition: Real, a: Real, b: Real) -> Real:
    """a where the condition is not 0, else b."""
    return condition.compare("!=", 0.0).choose(a, b)


@function
def mask(condition: Real, x: Real) -> Real:
    """x where the condition is not 0, else 0, whatever x is."""
    return condition.compare("!=", 0.0).choose(x, 0.0)


lt, le, gt = _truth("<", "lt"), _truth("<=", "le"), _truth(">", "gt")
ge, eq, ne = _truth(">=", "ge"), _truth("==", "eq"), _truth("!=", "ne")

sin, cos, tan = _library("sin"), _library("cos"), _library("tan")
asin, acos, atan = _library("asin"), _library("acos"), _library("atan")
sinh, cosh = _library("sinh"), _library("cosh")
asinh, acosh, atanh = _library("asinh"), _library("acosh"), _library("atanh")
erf, erfc, lgamma = _library("erf"), _library("erfc"), _library("lgamma")
