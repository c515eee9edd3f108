"""Powers with any exponent, as formulas that vectorise.

Enters: floats of 32 or 64 bits.  Leaves: the Numba intrinsic `pow`.  Always holds: as in `elementary.py`; within 2
units of the last place.  Not for: exponents that the compiler knows to be small integers, which are products.

The logarithm to base 2 is computed in two parts, together about 2^-65 of it: of s = (m-1)/(m+1), with the digits that
its quotient lost, log(m) = (2/3) s (3 + s^2 + r).  Products of numbers with half of the digits are exact: T. J. Dekker,
"A floating-point technique for extending the available precision", Numer. Math. 18 (1971).
"""

from __future__ import annotations

from .arithmetic import INF, NAN, Real, function
from .elementary import LOG_TWO, exp_of, exp_series, log_of, split_positive

# (3 atanh(s)/s - 3 - s^2) / s^4 in s^2, for |s| <= (sqrt(2)-1)/(sqrt(2)+1), by interpolation at the Chebyshev points.
_ATANH = (
    0.6,
    0.4285714285714407,
    0.33333333332469983,
    0.27272727506188965,
    0.23076892115035633,
    0.20002224826886314,
    0.17558880133956656,
    0.17589712158754267,
)
# 2/(3 log(2)), its first 26 digits, and the rest.
_SCALE = 0.9617966939259756
_SCALE_SHORT = 0.9617966860532761
_SCALE_REST = 7.872699542894897e-09
_LARGE = 1100.0  # beyond, powers of 2 are inf or 0


def _log2(x: Real) -> tuple[Real, Real]:
    """The logarithm to base 2 of a positive number: a part with half of the digits, and the rest."""
    m, k = split_positive(x)
    f, g = m - 1.0, m + 1.0
    inverse = 1.0 / g
    s = f * inverse
    short, g_short = s.shortened(), g.shortened()
    rest = inverse * ((f - short * g_short) - short * (m - (g_short - 1.0)))
    z, square = s * s, short * short
    r = z * z * z.polynomial(_ATANH) + rest * (short + s)
    factor = (square + 3.0 + r).shortened()
    factor_rest = r - ((factor - 3.0) - square)
    product = short * factor
    product_rest = rest * factor + factor_rest * s
    high = (product + product_rest).shortened()
    low = product_rest - (high - product)
    scaled, scaled_rest = high * _SCALE_SHORT, low * _SCALE + high * _SCALE_REST
    value = ((scaled + scaled_rest) + k).shortened()
    return value, scaled_rest - ((value - k) - scaled)


def _positive_power(x: Real, y: Real) -> Real:
    """x^y for x > 0, both finite."""
    if x.single:
        return exp_of(log_of(x.widened()) * y.widened()).narrowed(x)
    high, low = _log2(x)
    y_short = y.shortened()
    product = y_short * high
    rest = (y - y_short) * high + y * low
    rest = (product.abs() < _LARGE).choose(rest, 0.0)
    product = product.clamped(-_LARGE, _LARGE)
    k, biased = product.nearest_multiple(1.0, 2 * x.bias)
    return exp_series(((product - k) + rest) * LOG_TWO).times_power_of_two(biased)


@function
def pow(x: Real, y: Real) -> Real:  # noqa: A001 - the operation's name
    """x^y."""
    size = x.abs()
    whole = y.call("llvm.floor").equals(y)
    half = y * 0.5
    odd = whole & ~half.call("llvm.floor").equals(half)
    zero, infinite = size.equals(0.0), size.equals(INF)
    vanishes = (zero & (y > 0.0)) | (infinite & (y < 0.0))
    value = (zero | infinite).choose(vanishes.choose(x.constant(0.0), INF), _positive_power(size, y))
    value = size.equals(1.0).choose(x.constant(1.0), value)
    value = odd.choose(value.with_sign_of(x), value)
    value = ((x < 0.0) & (x > -INF) & ~whole | x.is_nan() | y.is_nan()).choose(x.constant(NAN), value)
    return (y.equals(0.0) | x.equals(1.0)).choose(x.constant(1.0), value)
