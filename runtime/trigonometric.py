"""Trigonometric functions and their inverses, as formulas that vectorise.

Enters: floats of 32 or 64 bits.  Leaves: Numba intrinsics with the names of `compiler/kernel/scalars.py`.  Always
holds: as in `elementary.py`; within 2 units of the last place.  Not for: angles beyond 2^20
in `near_sin` and its like; for them kernels take `sin`, the C library's.

The angle is reduced by multiples of pi/2 in four parts, after W. J. Cody and W. Waite, "Software Manual for the
Elementary Functions" (1980); the arc tangent's argument by those of pi/4.
"""

from __future__ import annotations

from typing import Any

from .arithmetic import INF, Condition, Real, function
from .elementary import library

# Series in z = x^2, for 64 and for 32 bits, by interpolation at the Chebyshev points in 60 digits:
# (sin(x)/x - 1) / z and (cos(x) - 1 + z/2) / z^2 for |x| <= pi/4,
_SIN = (
    (
        -0.16666666666666666,
        0.008333333333330925,
        -0.00019841269836722418,
        2.755731608381636e-06,
        -2.5051127944014184e-08,
        1.5917848524808034e-10,
    ),
    (
        -0.16666664650292082,
        0.008332745936380418,
        -0.00019587387068464046,
    ),
)
_COS = (
    (
        0.041666666666666664,
        -0.0013888888888887382,
        2.480158729874307e-05,
        -2.7557317260008837e-07,
        2.087614382799313e-09,
        -1.1382456778061164e-11,
    ),
    (
        0.04166666464745738,
        -0.0013888300696903895,
        2.454743721019279e-05,
    ),
)
# (atan(x)/x - 1) / z for |x| <= tan(pi/8),
_ATAN = (
    (
        -0.3333333333333333,
        0.1999999999999548,
        -0.14285714284657894,
        0.11111111014561013,
        -0.09090904549884611,
        0.0769218253511664,
        -0.06664502215671353,
        0.05858068756860806,
        -0.05085030492807691,
        0.03921955253246738,
        -0.019162068915809672,
    ),
    (
        -0.3333333175381697,
        0.1999953879477189,
        -0.1426389711259802,
        0.10743099667669502,
        -0.06449835224578432,
    ),
)
# and (asin(x)/x - 1) / z for |x| <= 1/2.
_ASIN = (
    (
        0.16666666666666669,
        0.07499999999998425,
        0.04464285714637338,
        0.030381944137085216,
        0.0223721730020056,
        0.0173523912659092,
        0.013971235301124917,
        0.011478952690254089,
        0.010324318288763578,
        0.005450878187643824,
        0.017419357965078285,
        -0.0148814093931001,
        0.02877844261277394,
    ),
    (
        0.1666666633654049,
        0.07500094761172908,
        0.04459931916286952,
        0.031101727829082083,
        0.017143716819193525,
        0.0337007263214529,
    ),
)
_HALF_PI = (1.5707963267341256, 6.077100506303966e-11, 2.0222662487111665e-21, 8.4784276603689e-32)
# pi/2 and pi/4, each in two parts.
_ANGLES = (
    ((1.5707963267948966, 6.123233995736766e-17), (0.7853981633974483, 3.061616997868383e-17)),
    ((1.5707963705062866, -4.371138828673793e-08), (0.7853981852531433, -2.1855694143368964e-08)),
)
_TAN_EIGHTH = 0.41421356237309503


def _quadrant(x: Real) -> tuple[Real, Real, Any]:
    """(r, c, k) with x = k pi/2 + r + c, |r| <= pi/4, c small against r; k: an integer with its low bits."""
    y = x.widened()
    k, bits = y.nearest_multiple(1.5707963267948966)
    a, w = y - k * _HALF_PI[0], k * _HALF_PI[1]
    b = a - w
    taken = a - b
    lost = (taken - w) + (a - (b + taken))
    w = k * _HALF_PI[2]
    r = b - w
    c = (((b - r) - w) + lost) - k * _HALF_PI[3]
    if not x.single:
        return r, c, bits
    short = r.narrowed(x)
    return short, (r - short.widened()).narrowed(x), bits


def _sine_and_cosine(r: Real, c: Real) -> tuple[Real, Real]:
    """(sin(r + c), cos(r + c)) for |r| <= pi/4."""
    z = r * r
    half = z * 0.5
    sine = r + (r * z * z.polynomial(_SIN[r.single]) + (c - c * half))
    near = 1.0 - half
    cosine = near + (((1.0 - near) - half) + (z * z * z.polynomial(_COS[r.single]) - r * c))
    return sine, cosine


@function
def near_sin(x: Real) -> Real:
    """The sine, for |x| <= 2^20."""
    r, c, k = _quadrant(x)
    sine, cosine = _sine_and_cosine(r, c)
    value = x.bit(k, 0).choose(cosine, sine)
    return _tiny(x).choose(x, x.bit(k, 1).choose(-value, value))


@function
def near_cos(x: Real) -> Real:
    """The cosine, for |x| <= 2^20."""
    r, c, k = _quadrant(x)
    sine, cosine = _sine_and_cosine(r, c)
    value = x.bit(k, 0).choose(-sine, cosine)
    return x.bit(k, 1).choose(-value, value)


@function
def near_tan(x: Real) -> Real:
    """The tangent, for |x| <= 2^20."""
    r, c, k = _quadrant(x)
    sine, cosine = _sine_and_cosine(r, c)
    odd = x.bit(k, 0)
    return _tiny(x).choose(x, odd.choose(-cosine, sine) / odd.choose(sine, cosine))


def _tiny(x: Real) -> Condition:
    return x.abs() < (1e-6 if x.single else 1e-10)


def _angle(above: Real, below: Real) -> Real:
    """The arc tangent of `above / below`, for numbers that are not negative and not both 0 or both inf."""
    steep = above > below
    num, den = steep.choose(below, above), steep.choose(above, below)
    # Of num/den <= 1: beyond tan(pi/8) it is pi/4 + atan((num - den)/(num + den)).
    middle = num > den * _TAN_EIGHTH
    t = middle.choose(num - den, num) / middle.choose(num + den, den)
    z = t * t
    series = t * z * z.polynomial(_ATAN[t.single])
    (right, right_rest), (half, half_rest) = _ANGLES[t.single]
    rest = middle.choose(t.constant(half_rest), 0.0)
    flat = middle.choose(t.constant(half), 0.0)
    # flat + t + series, or pi/2 minus that.
    value = flat + (t + (series + rest))
    far = (right - flat) - (t + (series + (rest - right_rest)))
    return steep.choose(far, value)


@function
def atan(x: Real) -> Real:
    """The arc tangent."""
    size = x.abs()
    large = size > (1e9 if x.single else 1e18)
    angle = _angle(large.choose(size.constant(1e18), size), x.constant(1.0))
    return _tiny(x).choose(x, angle.with_sign_of(x))


@function
def atan2(a: Real, b: Real) -> Real:
    """The angle of the point (b, a)."""
    above, below = a.abs(), b.abs()
    # The sum of both must not overflow.
    limit, factor = (2.0**100, 2.0**-60) if a.single else (2.0**1000, 2.0**-600)
    large = (above > limit) | (below > limit)
    scale = large.choose(a.constant(factor), 1.0)
    equal = above.equals(below) & (above.equals(0.0) | above.equals(INF))
    angle = equal.choose(
        above.equals(0.0).choose(a.constant(0.0), _ANGLES[0][1][0]), _angle(above * scale, below * scale)
    )
    high, rest = _ANGLES[a.single][0]
    far = high * 2.0 - (angle - rest * 2.0)
    return (b.constant(1.0).with_sign_of(b) < 0.0).choose(far, angle).with_sign_of(a)


def _asin_series(x: Real, z: Real) -> Real:
    """asin(x) - x, where z = x^2 <= 1/4."""
    return x * z * z.polynomial(_ASIN[x.single])


@function
def asin(x: Real) -> Real:
    """The arc sine."""
    size = x.abs()
    small = size <= 0.5
    z = small.choose(x * x, (1.0 - size) * 0.5)
    t = small.choose(size, z.sqrt())
    series = _asin_series(t, z)
    right, rest = _ANGLES[x.single][0]
    # pi/2 - 2 asin(sqrt((1 - x)/2)), from the half of it
    far = (right * 0.5 - t) - (series - rest * 0.5)
    return small.choose(t + series, far + far).with_sign_of(x)


@function
def acos(x: Real) -> Real:
    """The arc cosine."""
    size = x.abs()
    small = size <= 0.5
    z = small.choose(x * x, (1.0 - size) * 0.5)
    t = small.choose(x, z.sqrt())
    series = _asin_series(t, z)
    right, rest = _ANGLES[x.single][0]
    middle = right - (t + (series - rest))
    near = (t + series) * 2.0
    far = (right - ((t + series) - rest)) * 2.0
    return small.choose(middle, (x < 0.0).choose(far, near))


sin, cos, tan = library("sin"), library("cos"), library("tan")
