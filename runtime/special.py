"""The logarithm of the gamma function and its derivatives: lgamma, digamma, trigamma, polygamma.

Enters: floats of 32 or 64 bits.  Leaves: Numba intrinsics.  Always holds: the values are those of SciPy; lgamma is
within 4 units of the last place for positive numbers; at its other roots, and at those of digamma, the error is that
of the last places of 1, not of the value.  Not for: complex arguments.

Source: Abramowitz and Stegun, "Handbook of Mathematical Functions", 6.1.15, 6.1.17, 6.1.41, 6.3.5-6.3.7, 6.3.18, 6.4.6,
6.4.7, 6.4.10, 6.4.12 and, for the Hurwitz zeta function, the summation formula of Euler and Maclaurin, 23.1.30.
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

# Series, for 64 and for 32 bits, by interpolation at the Chebyshev points in 60 digits:
# lgamma(2 + v) / (v (1 + v)) in v, for |v| <= 1/2,
_LGAMMA = (
    (
        0.42278433509846713,
        -0.10031730167435392,
        0.032965000621155864,
        -0.012384192193371297,
        0.00499864116469194,
        -0.0021081308339532027,
        0.0009153769225258352,
        -0.0004057073976405256,
        0.00018255263198029055,
        -8.309512288139664e-05,
        3.816899450869808e-05,
        -1.7661727092640293e-05,
        8.221243547899526e-06,
        -3.846868630984396e-06,
        1.813340925941714e-06,
        -8.554745925302383e-07,
        3.863844148542206e-07,
        -1.8333634733806836e-07,
        1.2211977636940668e-07,
        -5.832930129320894e-08,
    ),
    (
        0.42278432889888073,
        -0.10031729884740792,
        0.032965792867784276,
        -0.012384553439971857,
        0.004982936398151221,
        -0.002100970839108101,
        0.001013657714655592,
        -0.0004504985156192113,
    ),
)
# (lgamma(x) - (x - 1/2) log(x) + x - log(2 pi)/2) x in 1/x^2, for x >= 7.5,
_STIRLING = (
    (
        0.08333333333333333,
        -0.0027777777777696537,
        0.0007936507863392427,
        -0.0005952356137720749,
        0.0008413465300824167,
        -0.0018831919384224563,
        0.004909951316808812,
    ),
    (0.08333333323116696, -0.0027776747199736588, 0.0007781412593645086),
)
_HALF_LOG = 0.4189385332046727  # (log(2 pi) - 1)/2
# and sin(pi r)/r in r^2, for |r| <= 1/2.
_SINE = (
    (
        3.141592653589793,
        -5.167712780049969,
        2.5501640398773007,
        -0.5992645293189447,
        0.0821458865731029,
        -0.007370430505916932,
        0.0004662998161897927,
        -2.1903497074519306e-05,
        7.697826767219945e-07,
    ),
    (3.1415926400772007, -5.167710076668185, 2.5500773865270494, -0.5982904112735001, 0.07765591225837298),
)


def _sine(r: Real) -> Real:
    """sin(pi r) for |r| <= 1/2."""
    return r * (r * r).polynomial(_SINE[r.single])


def _to_integer(x: Real) -> Real:
    """The distance from the nearest integer, with sign (0 for very large numbers)."""
    return x - x.call("llvm.rint")


@function
def lgamma(x: Real) -> Real:
    """The logarithm of the absolute value of the gamma function."""
    negative = x < 0.0
    value = _lgamma_of_positive(negative.choose(1.0 - x, x))
    rest = _to_integer(x)
    value = negative.choose(log_of(math.pi / _sine(rest).abs()) - value, value)
    return (negative & rest.equals(0.0) | x.equals(-INF)).choose(x.constant(INF), value)


def _lgamma_of_positive(x: Real) -> Real:
    # By the recurrence 2 + v with |v| <= 1/2 is reached: at the roots, 1 and 2, nothing is lost.  Else by Stirling.
    large = x >= 8.0
    lowest, low = x < 0.5, x < 1.5
    v = lowest.choose(x, low.choose(x - 1.0, x - 2.0))
    product = x.constant(1.0)
    for k in range(1, 7):
        above = x >= k + 1.5
        product = product * above.choose(x - float(k), 1.0)
        v = above.choose(x - float(k + 2), v)
    product = low.choose(lowest.choose(x * (x + 1.0), x), product)
    logarithm = log_of(large.choose(x, product))
    near = v * (v + 1.0) * v.polynomial(_LGAMMA[x.single]) + low.choose(-logarithm, logarithm)
    inverse = 1.0 / x
    series = inverse * (inverse * inverse).polynomial(_STIRLING[x.single])
    return large.choose((x - 0.5) * (logarithm - 1.0) + (series + _HALF_LOG), near)


def _digamma(x: Real) -> Real:
    negative = x < 0.0
    y = negative.choose(1.0 - x, x)
    # The sum of 1/(y + k) as one fraction: no term of its parts is negative.
    low = y < float(_STEPS)
    top, bottom = x.constant(1.0), low.choose(y, 1.0)
    for k in range(1, _STEPS):
        factor = low.choose(y + float(k), 1.0)
        top, bottom = top * factor + bottom, bottom * factor
    y = low.choose(y + float(_STEPS), y)
    inverse = 1.0 / y
    square = inverse * inverse
    series = square.polynomial((0.0, *(float(b / (2 * k)) for k, b in enumerate(_BERNOULLI[:7], 1))))
    value = log_of(y) - (inverse * 0.5 + series) - low.choose(top / bottom, 0.0)
    rest = _to_integer(x)
    cosine = _sine(0.5 - rest.abs())
    reflected = value - cosine * math.pi / _sine(rest)
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
    sine = _sine(_to_integer(x))
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
