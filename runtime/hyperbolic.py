"""Hyperbolic functions and their inverses, as formulas that vectorise.

Enters: floats of 32 or 64 bits.  Leaves: Numba intrinsics with the names of `compiler/kernel/scalars.py`.  Always
holds: as in `elementary.py`; within 2 units of the last place.  Not for: the hyperbolic tangent, which stands
there.

The methods are those of W. J. Cody and W. Waite, "Software Manual for the Elementary Functions" (1980).
"""

from __future__ import annotations

from .arithmetic import NAN, Real, function
from .elementary import LOG_TWO, half_exp_of, log1p_of

# (sinh(x)/x - 1) / z in z = x^2, for |x| <= 1, for 64 and for 32 bits, by interpolation at the Chebyshev points.
_SINH = (
    (
        0.16666666666666666,
        0.008333333333333299,
        0.00019841269841324471,
        2.7557319191250885e-06,
        2.50521177239532e-08,
        1.6057676882739472e-10,
        7.746278224810814e-13,
    ),
    (
        0.16666675422947197,
        0.008331759570221503,
        0.0002025930680550778,
    ),
)


@function
def sinh(x: Real) -> Real:
    """The hyperbolic sine."""
    size = x.abs()
    z = x * x
    half = half_exp_of(size)
    return (size <= 1.0).choose(size + size * z * z.polynomial(_SINH[x.single]), half - 0.25 / half).with_sign_of(x)


@function
def cosh(x: Real) -> Real:
    """The hyperbolic cosine."""
    half = half_exp_of(x.abs())
    return half + 0.25 / half


@function
def asinh(x: Real) -> Real:
    """The inverse of the hyperbolic sine."""
    size = x.abs()
    z = size * size
    return _log1p_of_double(size, size + z / ((z + 1.0).sqrt() + 1.0)).with_sign_of(x)


@function
def acosh(x: Real) -> Real:
    """The inverse of the hyperbolic cosine."""
    t = x - 1.0
    value = _log1p_of_double(x, t + (t * t + t * 2.0).sqrt())
    return (x < 1.0).choose(x.constant(NAN), value)


def _log1p_of_double(x: Real, near: Real) -> Real:
    """log(1 + near), or log(2x) where x is so large that its square may overflow."""
    large = x > (2.0**30 if x.single else 2.0**60)
    return log1p_of(large.choose(x, near)) + large.choose(x.constant(LOG_TWO), 0.0)


@function
def atanh(x: Real) -> Real:
    """The inverse of the hyperbolic tangent."""
    size = x.abs()
    return (log1p_of((size + size) / (1.0 - size)) * 0.5).with_sign_of(x)
