"""The error function and the normal distribution, as formulas that vectorise.

Enters: floats of 32 or 64 bits.  Leaves: Numba intrinsics with the names of `compiler/kernel/scalars.py`.  Always
holds: as in `elementary.py`; within 4 units of the last place, erf and normpdf within 2.  Not for: other distributions.

Up to 1 erf is a series; beyond, and for erfc from 3/4 on, exp(x^2)*erfc(x) = p(t)/(x + 3) with a polynomial of
t = (x - 3)/(x + 3), after M. M. Shepherd and J. G. Laframboise, Math. Comp. 36 (1981).
"""

from __future__ import annotations

from .arithmetic import Real, function
from .elementary import exp_of

# erf(x)/x - 1 in x^2 for |x| <= 1, for 64 and for 32 bits, by interpolation at the Chebyshev points in 60 digits,
_ERF = (
    (
        0.12837916709551256,
        -0.3761263890318354,
        0.1128379167094491,
        -0.026866170643221454,
        0.005223977606976882,
        -0.0008548325968458515,
        0.00012055294691019695,
        -1.4924732685547565e-05,
        1.644737131425841e-06,
        -1.620806570472169e-07,
        1.371821876204936e-08,
        -7.792387776976447e-10,
    ),
    (
        0.12837916584006193,
        -0.3761262659768305,
        0.1128359380059722,
        -0.026854168335587018,
        0.005188994224216874,
        -0.0008015956189705131,
        7.872582762231369e-05,
    ),
)
# and exp(x^2)*erfc(x)*(x + 3) in t for x >= 0.74.
_ERFC = (
    (
        1.0740069070883398,
        -0.8833944531698837,
        0.5902283571041018,
        -0.31046726190054613,
        0.11952776128728304,
        -0.02682723462540149,
        -0.0012124166266879544,
        0.0030340620192335957,
        -0.0005483097060927233,
        -0.0002767780362735364,
        0.00010756168323290794,
        3.039932493256135e-05,
        -1.7472072513946675e-05,
        -4.753393680356122e-06,
        2.7721531276687565e-06,
        1.0070549878355789e-06,
        -4.25689965399615e-07,
        -2.3955085673577674e-07,
        7.134639152350434e-08,
        4.587668691837143e-08,
        -1.6616427552288214e-08,
    ),
    (
        1.0740069092743187,
        -0.8833943236044453,
        0.5902280593944095,
        -0.3104722337618245,
        0.11953391316539837,
        -0.026775313849926864,
        -0.0012549894237755012,
        0.0028305942192370934,
        -0.00043317508365134675,
    ),
)
_ROOT_HALF = 0.7071067811865476


def _tail(x: Real) -> Real:
    """exp(x^2)*erfc(x) for x >= 0.74."""
    inverse = 1.0 / (x + 3.0)
    return ((x - 3.0) * inverse).polynomial(_ERFC[x.single]) * inverse


def _exp_of_square(x: Real, factor: float) -> Real:
    """exp(factor * x^2) for a factor that is a power of 2, up to sign: the square with all its digits."""
    short = x.shortened()
    return exp_of(short * short * factor, (x - short) * (x + short) * factor)


def _near_series(x: Real, z: Real) -> Real:
    """erf(x) for z = x^2 <= 1."""
    return x + x * z.polynomial(_ERF[x.single])


@function
def erf(x: Real) -> Real:
    """The error function."""
    size = (x.abs() > 6.0).choose(x.constant(6.0), x.abs())
    z = size * size
    far = 1.0 - exp_of(-z) * _tail(size)
    return (size <= 1.0).choose(_near_series(x.abs(), z), far).with_sign_of(x)


@function
def erfc(x: Real) -> Real:
    """1 - erf(x), with all its digits for large x."""
    size = x.abs()
    size = (size > 28.0).choose(size.constant(28.0), size)
    tail = _exp_of_square(size, -1.0) * _tail(size)
    far = (x < 0.0).choose(2.0 - tail, tail)
    return (size <= 0.75).choose(1.0 - _near_series(x, x * x), far)


@function
def normcdf(x: Real) -> Real:
    """The distribution function of the standard normal distribution."""
    size = x.abs()
    size = (size > 39.0).choose(size.constant(39.0), size)
    tail = _exp_of_square(size, -0.5) * _tail(size * _ROOT_HALF) * 0.5
    far = (x < 0.0).choose(tail, 1.0 - tail)
    return (size <= 1.06).choose(0.5 + _near_series(x * _ROOT_HALF, x * x * 0.5) * 0.5, far)


@function
def normpdf(x: Real) -> Real:
    """The density of the standard normal distribution."""
    size = x.abs()
    size = (size > 39.0).choose(size.constant(39.0), size)
    return _exp_of_square(size, -0.5) * 0.3989422804014327
