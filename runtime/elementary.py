"""The scalar functions of kernels, as formulas that vectorise.

Enters: floats of 32 or 64 bits.  Leaves: Numba intrinsics with the names of `compiler/kernel/scalars.py`.  Always
holds: IEEE behaviour as in NumPy (nan, inf, signed zero, subnormal numbers), no exceptions; exp, expm1, log, log1p,
tanh, sigmoid and softplus are within 2 units of the last place, and have no calls, so that loops vectorise.  Not for:
powers (`powers.py`), the gamma function (`special.py`).

The methods are the classical ones: W. J. Cody and W. Waite, "Software Manual for the Elementary Functions" (1980), for
the reduction of the argument; P. T. P. Tang, "Table-driven implementation of the expm1 function" and "of the logarithm
function", ACM TOMS 18 (1992) and 16 (1990), for the series in s = f/(2+f) and the compensation of rounding errors.
"""

from __future__ import annotations

from typing import Any

from .arithmetic import INF, NAN, Real, function


def library(name: str) -> Any:
    """The function of the C library."""

    def formula(x: Real) -> Real:
        return x.library(name)

    formula.__name__ = name
    return function(formula)


def _truth(operator: str, name: str) -> Any:
    def formula(a: Real, b: Real) -> Real:
        return a.compare(operator, b).choose(a.constant(1.0), 0.0)

    formula.__name__ = name
    return function(formula)


# Series, for 64 and for 32 bits, by interpolation at the Chebyshev points in 60 digits:
# (e^r - 1 - r) / r^2 in r, for |r| <= log(2)/2,
_EXP = (
    (
        0.5000000000000001,
        0.16666666666666669,
        0.041666666666623824,
        0.008333333333330039,
        0.0013888888917367081,
        0.00019841269863171557,
        2.4801521057868204e-05,
        2.7557268276905696e-06,
        2.7620201591031547e-07,
        2.5100472505694996e-08,
    ),
    (
        0.500000001353873,
        0.16666666681704215,
        0.04166646419740569,
        0.008333310844647862,
        0.0013933730715792083,
        0.00019891080463998843,
    ),
)
# and (log((1+s)/(1-s)) - 2s) / s^3 in s^2, for |s| <= (sqrt(2)-1)/(sqrt(2)+1).
_LOG = (
    (
        0.6666666666666666,
        0.4000000000000088,
        0.285714285708017,
        0.22222222392147034,
        0.1818179559386321,
        0.15386242218879392,
        0.1326870577297007,
        0.13087330476603717,
    ),
    (0.6666666655426973, 0.40000122025712326, 0.2855079973020907, 0.23331040834029354),
)
# and likewise for 0 <= s <= 1/3.
_LOG_WIDE = (
    (
        0.6666666666666666,
        0.40000000000014724,
        0.28571428567071666,
        0.22222222721178223,
        0.18181789247591532,
        0.15385575355515915,
        0.1331405748012178,
        0.12001897520712691,
        0.08796527026633891,
        0.16172973765241008,
    ),
    (
        0.6666666732397502,
        0.39999705079008624,
        0.28592426074669314,
        0.21705427072825917,
        0.2323025560694705,
    ),
)
# log(2) in two parts, of which the first has so many zeros at its end that its multiples are exact.
_LOG2 = ((0.6931471803691238, 1.9082149292705877e-10), (0.693145751953125, 1.4286068203094173e-06))


# The tanh series (tanh(x)/x - 1) / x^2 as a quotient of polynomials in x^2, for |x| <= 0.55.
_TANH = (
    (
        (-0.3333333333333333, -0.02050196496379387, -0.0001993183245513829),
        (1.0, 0.4615058948913806, 0.02329555102548226, 0.00020668398808152297),
    ),
    ((-0.33333331196499705, -0.001559125179064524), (1.0, 0.404673532275679)),
)
LOG_TWO = 0.6931471805599453


def _reduced(x: Real, offset: int) -> tuple[Real, Real, Real, Any]:
    """(k, r, c, b) with x = k log(2) + r + c, k an integer, |r| <= log(2)/2 and c the rounding error of r; the low bits
    of b are k + offset."""
    k, biased = x.nearest_multiple(LOG_TWO, offset)
    high, low = _LOG2[x.single]
    first, second = x - k * high, k * low
    r = first - second
    return k, r, (first - r) - second, biased


def exp_of(x: Real, rest: Real | None = None) -> Real:
    """e^x, or e^(x + rest) for a rest that is small against 1."""
    x = x.clamped(-150.0, 100.0) if x.single else x.clamped(-800.0, 720.0)
    _, r, c, biased = _reduced(x, 2 * x.bias)
    if rest is not None:
        total = r + rest
        r, c = total, ((r - total) + rest) + c
    return (r * r * r.polynomial(_EXP[x.single]) + c + r + 1.0).times_power_of_two(biased)


def exp_series(r: Real) -> Real:
    """e^r for |r| <= log(2)/2."""
    return r * r * r.polynomial(_EXP[r.single]) + r + 1.0


def exp_near(x: Real) -> Real:
    """e^x where it is a normal number, else anything."""
    _, r, _, biased = _reduced(x, x.bias)
    return exp_series(r) * x.power_of_two(biased)


def half_exp_of(x: Real) -> Real:
    """e^x / 2 for x >= 0."""
    x = (x > 720.0).choose(x.constant(720.0), x) if not x.single else (x > 100.0).choose(x.constant(100.0), x)
    _, r, c, biased = _reduced(x, 2 * x.bias - 1)
    return (r * r * r.polynomial(_EXP[x.single]) + c + r + 1.0).times_power_of_two(biased)


def expm1_of(x: Real) -> Real:
    """e^x - 1."""
    y = x.clamped(-50.0, 100.0) if x.single else x.clamped(-100.0, 720.0)
    large = y > (20.0 if x.single else 40.0)
    _, r, c, biased = _reduced(y, 2 * x.bias)
    rest = r * r * r.polynomial(_EXP[x.single]) + c
    power = x.power_of_two(biased, x.bias)
    e = r + rest
    small = (power * e + (power - 1.0)) + power * ((r - e) + rest)
    value = large.choose((rest + r + 1.0).times_power_of_two(biased), small)
    return (x.abs() < _TINY).choose(x, value)  # -0, and nothing lost


def _log_series(f: Real) -> tuple[Real, Real]:
    """(a, b) with log(1 + f) = f - (a - b), for 1 + f within a factor of sqrt(2) of 1."""
    s = f / (f + 2.0)
    z = s * s
    half = f * f * 0.5
    return half, s * (z * z.polynomial(_LOG[f.single]) + half)


def split_positive(x: Real) -> tuple[Real, Real]:
    """(m, k) with x = m * 2^k for a positive number, and m near 1, within a factor of sqrt(2)."""
    tiny, scale = (1.1754943508222875e-38, 25.0) if x.single else (2.2250738585072014e-308, 54.0)
    subnormal = x < tiny
    m, k = subnormal.choose(x * 2.0**scale, x).split(_ROOT_HALF)
    return m, subnormal.choose(k - scale, k)


def log_of(x: Real) -> Real:
    """The natural logarithm."""
    m, k = split_positive(x)
    f = m - 1.0
    a, b = _log_series(f)
    high, low = _LOG2[x.single]
    value = k * high - ((a - (b + k * low)) - f)
    return _log_edges(x, value, 0.0)


def log1p_of(x: Real) -> Real:
    """log(1 + x)."""
    u = x + 1.0
    m, k = u.split(_ROOT_HALF)
    near = k.equals(0.0)
    f = near.choose(x, m - 1.0)
    # What was lost in 1 + x.
    lost = (x >= 1.0).choose(1.0 - (u - x), x - (u - 1.0)) / u
    a, b = _log_series(f)
    high, low = _LOG2[x.single]
    value = k * high - ((a - (b + (near.choose(x.constant(0.0), lost) + k * low))) - f)
    return (x.abs() < _TINY).choose(x, _log_edges(x, value, -1.0))


def _log_edges(x: Real, value: Real, pole: float) -> Real:
    """The logarithm with its values at the pole, left of it, at infinity and at nan."""
    value = (x < INF).choose(value, x)
    value = x.equals(pole).choose(x.constant(-INF), value)
    return (x < pole).choose(x.constant(NAN), value)


_TINY = 1e-20
_ROOT_HALF = 0.70703125  # about sqrt(1/2), and short


@function
def exp(x: Real) -> Real:
    """e^x."""
    return exp_of(x)


@function
def log(x: Real) -> Real:
    """The natural logarithm."""
    return log_of(x)


@function
def log1p(x: Real) -> Real:
    """log(1 + x)."""
    return log1p_of(x)


@function
def expm1(x: Real) -> Real:
    """e^x - 1."""
    return expm1_of(x)


@function
def tanh(x: Real) -> Real:
    """The hyperbolic tangent."""
    size = x.abs()
    small = size < 0.55
    square = size * size
    p, q = _TANH[x.single]
    # The series, or 1 - 2/(e^2x + 1), by one division.
    above = small.choose(size * square * square.polynomial(p), -2.0)
    below = small.choose(square.polynomial(q), exp_near((size > 22.0).choose(size.constant(44.0), size + size)) + 1.0)
    return (small.choose(size, 1.0) + above / below).with_sign_of(x)


@function
def sigmoid(x: Real) -> Real:
    """1 / (1 + e^-x), without overflow."""
    e = exp_of(-x.abs())
    return (x >= 0.0).choose(x.constant(1.0), e) / (e + 1.0)


def _positive_part(x: Real) -> Real:
    return (x < 0.0).choose(x.constant(0.0), x)


@function
def softplus(x: Real) -> Real:
    """log(1 + e^x), without overflow."""
    e = exp_of(-x.abs())
    t = e / (e + 2.0)
    z = t * t
    return _positive_part(x) + (e - t * (e - z * z.polynomial(_LOG_WIDE[x.single])))


@function
def xlogy(a: Real, b: Real) -> Real:
    """a*log(b), 0 where a is 0 (nan where b is nan)."""
    product = a * log_of(b)
    return (a.equals(0.0) & ~b.is_nan()).choose(a.constant(0.0), product)


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
    return _positive_part(x)


@function
def clip(x: Real, low: Real, high: Real) -> Real:
    """x, or the nearer end of the interval."""
    return x.maximum(low).minimum(high)


@function
def huber(x: Real, delta: Real) -> Real:
    """x^2/2 up to delta, then linear; inf for a negative delta."""
    size = x.abs()
    inside = x * 0.5 * x
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
