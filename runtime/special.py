"""Derivatives of the logarithm of the gamma function: digamma, trigamma, polygamma.

Enters: floats of 32 or 64 bits.  Leaves: Numba intrinsics.  Always holds: the values are those of SciPy; near its
roots digamma is accurate to the last places of 1, not of the value.  Not for: complex arguments.

Source: Abramowitz and Stegun, "Handbook of Mathematical Functions", 6.3.5-6.3.7, 6.3.18, 6.4.6, 6.4.7, 6.4.10,
6.4.12 and, for the Hurwitz zeta function, the summation formula of Euler and Maclaurin, 23.1.30.
"""

from __future__ import annotations

import math
from fractions import Fraction

from .arithmetic import INF, NAN, Real, function
from .elementary import log_of

# Bernoulli's numbers B2, B4, ...
_BERNOULLI = [
    Fraction(1, 6),
    Fraction(-1, 30),
    Fraction(1, 42),
    Fraction(-1, 30),
    Fraction(5, 66),
    Fraction(-691, 2730),
    Fraction(7, 6),
    Fraction(-3617, 510),
    Fraction(43867, 798),
    Fraction(-174611, 330),
]
_STEPS = 10  # of the recurrence, after which the asymptotic series are accurate


def _to_integer(x: Real) -> Real:
    """The distance from the nearest integer, with sign (0 for very large numbers)."""
    return x - x.call("llvm.rint")


def _digamma(x: Real) -> Real:
    negative = x < 0.0
    y = negative.choose(1.0 - x, x)
    value = x.constant(0.0)
    for k in range(_STEPS):
        value = value - 1.0 / (y + float(k))
    y = y + float(_STEPS)
    inverse = 1.0 / (y * y)
    series = inverse.polynomial((0.0, *(float(b / (2 * k)) for k, b in enumerate(_BERNOULLI[:7], 1))))
    value = value + log_of(y) - 0.5 / y - series
    rest = _to_integer(x)
    reflected = value - math.pi / (rest * math.pi).library("tan")
    reflected = rest.equals(0.0).choose(x.constant(NAN), reflected)
    return x.equals(0.0).choose(-x.constant(INF).with_sign_of(x), negative.choose(reflected, value))


@function
def digamma(x: Real) -> Real:
    """The derivative of lgamma."""
    return _digamma(x)


@function
def trigamma(x: Real) -> Real:
    """The second derivative of lgamma."""
    negative = x <= 0.0
    y = negative.choose(1.0 - x, x)
    value = x.constant(0.0)
    for k in range(_STEPS):
        step = 1.0 / (y + float(k))
        value = value + step * step
    inverse = 1.0 / (y + float(_STEPS))
    square = inverse * inverse
    series = square.polynomial((1.0, *(float(b) for b in _BERNOULLI[:7])))
    value = value + inverse * series + square * 0.5
    sine = (_to_integer(x) * math.pi).library("sin")
    return negative.choose(math.pi**2 / (sine * sine) - value, value)


@function
def polygamma(k: Real, x: Real) -> Real:
    """The k-th derivative of digamma, k = 0, 1, 2, ..."""
    s = k + 1.0
    sign = 1.0 - 2.0 * (s - 2.0 * (s * 0.5).call("llvm.floor"))  # (-1)^s
    size = x.abs()
    below = size - size.call("llvm.floor")
    negative = x <= 0.0
    first = _zeta(s, negative.choose(1.0 - below, x))
    value = negative.choose(sign * (_zeta(s, below) - _zeta(s, size + 1.0)) + first, first)
    value = (negative & below.equals(0.0)).choose(x.constant(INF), value)
    return k.equals(0.0).choose(_digamma(x), sign * s.library("tgamma") * value)


def _zeta(s: Real, q: Real) -> Real:
    """The sum of (q + j)^-s over j = 0, 1, ..., for s > 1 and q > 0."""
    total = s.constant(0.0)
    for j in range(_STEPS):
        total = total + (q + float(j)).library("pow", -s)
    q = q + float(_STEPS)
    power = q.library("pow", -s)
    total = total + q * power / (s - 1.0) + power * 0.5
    inverse = 1.0 / q
    factor = s * power * inverse
    for k, b in enumerate(_BERNOULLI, 1):
        total = total + factor * float(b / math.factorial(2 * k))
        factor = factor * (s + float(2 * k - 1)) * (s + float(2 * k)) * inverse * inverse
    return total
