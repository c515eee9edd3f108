"""Scalar operations in compiled loops against NumPy and SciPy, over the whole range of numbers.

What enters is the table of operations. What leaves are test results. What always holds: each operation is in a
compiled test. Not for: derivatives.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import mpmath
import numpy as np
import pytest

import matgrad as mg
from matgrad.compiler.kernel.program import Program
from matgrad.compiler.kernel.scalars import SCALARS
from matgrad.runtime.kernel import Kernel

from .programs import both, map_program

Array = Any

# How far from NumPy and SciPy in units of the last place, where it is more than 4; SciPy's errors are part of that.
UNITS = {
    "erfc": 300,
    "normcdf": 300,
    "normpdf": 300,
    "lgamma": 8,
    "digamma": 20,
    "trigamma": 10,
    "polygamma": 100,
    "pow": 4,
}
HALVES = [sorted(SCALARS)[k::2] for k in range(2)]


@cache
def kernel(half: int, dtype: str) -> tuple[Program, Kernel]:
    program = map_program([(name, SCALARS[name].arity) for name in HALVES[half]])
    made = Kernel(program, dtype)
    assert made.address  # compiled
    return program, made


def numbers(dtype: str) -> list[Array]:
    """Operands: everyday numbers, all magnitudes, and the special ones in all combinations."""
    rng = np.random.default_rng(1)
    info = np.finfo(dtype)
    special = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 3.0, np.inf, -np.inf, np.nan, 800.0, -800.0, 1e-8, 88.0, -104.0, 710.0]
    special += [-745.2, float(info.max), float(info.tiny), float(info.tiny) / 8, -float(info.tiny) / 8]
    grid = [g.ravel() for g in np.meshgrid(special, special, special[:10])]
    powers = [rng.uniform(info.minexp * 0.3, info.maxexp * 0.3, 4000) for _ in grid]
    wide = [rng.choice([-1.0, 1.0], 4000) * 10.0**p for p in powers]
    plain = [rng.normal(size=4000) * 3 for _ in grid]
    unit = [rng.uniform(-1, 1, 4000) for _ in grid]
    with np.errstate(over="ignore"):
        return [np.concatenate(parts).astype(dtype) for parts in zip(grid, wide, plain, unit, strict=True)]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("half", range(len(HALVES)))
def test_values(half: int, dtype: str) -> None:
    program, compiled = kernel(half, dtype)
    a, b, c = numbers(dtype)
    expected, found = both(program, (a, b, c), compiled)
    for name, e, f in zip(HALVES[half], expected, found, strict=True):
        where = np.ones(len(a), bool)
        least = 0.0
        if name == "polygamma":
            where = (a >= 0) & (a < 20) & (a == np.floor(a)) & (np.abs(b) < 1e3)
        elif name == "lgamma":
            where = (np.abs(a) >= np.finfo(dtype).tiny) & (a > -np.inf)  # SciPy has inf, -inf there
        elif name == "digamma" and dtype == "float64":
            where = a > -0.5  # SciPy loses digits near the poles: see below
        if name in ("lgamma", "digamma"):
            least = 1.0  # near the roots the error is absolute
        with np.errstate(all="ignore"):
            allowed = UNITS.get(name, 4) * np.spacing(np.maximum(np.abs(e), least))
            good = (e == f) | (np.isnan(e) & np.isnan(f)) | (np.abs(e - f) <= allowed)
        bad = np.flatnonzero(where & ~good)
        shown = [(a[k], b[k], c[k], e[k], f[k]) for k in bad[:5]]
        assert not len(bad), f"{name}: {len(bad)} values differ, such as (a, b, c, expected, found) = {shown}"


LIMITS = {"erfc": 4.0, "normcdf": 4.0}  # units of the last place; else 2
SERIES = {"exp", "expm1", "log", "log1p", "tanh", "sigmoid", "softplus", "asin", "acos", "atan", "sinh", "cosh",
          "asinh", "acosh", "atanh", "normpdf"}  # fmt: skip
ANGLES = ["sin", "cos", "tan"]
WIDE = np.longdouble if np.finfo(np.longdouble).nmant > 60 else np.float64


def exact(name: str, x: Array) -> Array:
    """A function's values in 64 bits of mantissa, by the C library or by mpmath."""
    if name not in ("erf", "erfc", "normcdf"):
        return np.asarray(SCALARS[name].numpy(x))
    function = {"erf": mpmath.erf, "erfc": mpmath.erfc, "normcdf": lambda x: mpmath.erfc(-x / mpmath.sqrt(2)) / 2}[name]
    with mpmath.workprec(120):
        values = [function(mpmath.mpf(float(v))) for v in np.clip(x, -60, 60)]
        high = np.array([float(v) for v in values], WIDE)
        return high + np.array([float(v - mpmath.mpf(float(h))) for v, h in zip(values, high, strict=True)], WIDE)


def assert_accurate(name: str, x: Array, found: Array) -> None:
    with np.errstate(all="ignore"):
        truth = exact(name, x.astype(WIDE))
        rounded = truth.astype(x.dtype)
        units = np.abs(found.astype(WIDE) - truth) / np.spacing(np.abs(rounded)).astype(WIDE)
        units = np.where(np.isfinite(rounded), units, 0)
    same = np.isfinite(rounded) == np.isfinite(found)
    assert same.all(), f"{name} at {x[~same][:5]}"
    worst = int(np.argmax(units))
    assert units[worst] <= LIMITS.get(name, 2.0), f"{name}({x[worst]!r}) = {found[worst]!r}: {units[worst]} units"


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_accuracy(dtype: str) -> None:
    """The own functions against values of more digits, on many numbers."""
    rng = np.random.default_rng(2)
    info = np.finfo(dtype)
    parts = [
        rng.uniform(np.log(float(info.tiny)), np.log(float(info.max)), 20000),
        rng.uniform(-2, 2, 20000),
        np.exp(rng.uniform(np.log(float(info.tiny)) + 1, np.log(float(info.max)) - 1, 20000)),
        -np.exp(rng.uniform(-30, 0, 20000)),
        1 + rng.normal(size=20000) * 1e-3,
    ]
    x = np.concatenate(parts).astype(dtype)
    some = np.concatenate([p[:300] for p in (*parts, rng.normal(size=300) * 8)]).astype(dtype)
    near = np.concatenate([parts[0] * 1000, parts[1], parts[3], np.arange(-2000, 2000) * np.pi / 2]).astype(dtype)
    far = rng.normal(size=len(near)).astype(dtype) * 2.0**30
    for half, names in enumerate(HALVES):
        run = kernel(half, dtype)[1].run
        for name, found in zip(names, run(x, x, x), strict=True):
            if name in SERIES:
                assert_accurate(name, x, found)
        for name, found in zip(names, run(some, some, some), strict=True):
            if name in ("erf", "erfc", "normcdf"):
                assert_accurate(name, some, found)
        for angles in (near, far):  # by series, and by the C library
            for name, found in zip(names, run(angles, angles, angles), strict=True):
                if name in ANGLES:
                    assert_accurate(name, angles, found)


def found_by_kernels(names: list[str], dtype: str, *operands: Array) -> dict[str, Array]:
    """The values of compiled loops, for operands that come in order."""
    found = {}
    for half, inside in enumerate(HALVES):
        values = kernel(half, dtype)[1].run(*(operands * 3)[:3])
        found |= {name: value for name, value in zip(inside, values, strict=True) if name in names}
    return found


def exact_values(function: Any, *operands: Array) -> tuple[Array, Array]:
    """A function's values by mpmath: the nearest numbers, and what is missing of them in units of the last place."""
    with mpmath.workprec(160):
        values = [function(*(mpmath.mpf(float(v)) for v in point)) for point in zip(*operands, strict=True)]
        dtype = operands[0].dtype
        near = np.array([float(v) for v in values]).astype(dtype)
        rest = np.array([float(v - mpmath.mpf(float(n))) for v, n in zip(values, near, strict=True)])
    return near, rest / np.spacing(np.abs(near)).astype(float)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_powers_and_angles(dtype: str) -> None:
    rng = np.random.default_rng(5)
    info = np.finfo(dtype)
    lowest, highest = np.log(float(info.tiny)) + 1, np.log(float(info.max)) - 1
    most = -lowest / np.log(2)
    bases = [np.exp(rng.normal(size=400)), np.exp(rng.uniform(lowest, highest, 400)), 1 + rng.normal(size=400) * 1e-3,
             np.exp2(rng.uniform(-1, 1, 400))]  # fmt: skip
    exponents = [rng.normal(size=400) * 3, rng.uniform(-1, 1, 400), rng.normal(size=400) * most * 200,
                 rng.uniform(-most, most, 400)]  # fmt: skip
    x, y = np.concatenate(bases).astype(dtype), np.concatenate(exponents).astype(dtype)
    with np.errstate(all="ignore"):
        size = y.astype(float) * np.log(x.astype(float))
    x, y = x[(size > lowest) & (size < highest)], y[(size > lowest) & (size < highest)]
    near, rest = exact_values(lambda a, b: a**b, x, y)
    units = np.abs((found_by_kernels(["pow"], dtype, x, y)["pow"] - near) / np.spacing(near) - rest)
    assert len(x) > 1200 and units.max() <= 2, (x[np.argmax(units)], y[np.argmax(units)], units.max())

    signs = rng.choice([-1.0, 1.0], (2, 1000))
    a = np.concatenate([rng.normal(size=600), signs[0] * np.exp(rng.uniform(lowest, highest, 1000))]).astype(dtype)
    b = np.concatenate([rng.normal(size=600), signs[1] * np.exp(rng.uniform(lowest, highest, 1000))]).astype(dtype)
    near, rest = exact_values(mpmath.atan2, a, b)
    normal = np.abs(near) >= info.tiny
    found = found_by_kernels(["atan2"], dtype, a, b)["atan2"]
    units = np.abs((found - near) / np.spacing(np.abs(near)) - rest)[normal]
    assert normal.sum() > 1000 and units.max() <= 2
    assert np.all(np.abs(found - near)[~normal] <= 2 * info.smallest_subnormal)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_gamma(dtype: str) -> None:
    rng = np.random.default_rng(6)
    info = np.finfo(dtype)
    ends = [np.exp(rng.uniform(np.log(float(info.tiny)), 0, 300)), np.exp(rng.uniform(2, 60, 300))]
    roots = [1 + rng.normal(size=100) * 1e-3, 2 + rng.normal(size=100) * 1e-3]
    x = np.concatenate([rng.uniform(0, 12, 600), *ends, *roots]).astype(dtype)
    near, rest = exact_values(mpmath.loggamma, x)
    units = np.abs((found_by_kernels(["lgamma"], dtype, x)["lgamma"] - near) / np.spacing(np.abs(near)) - rest)
    assert units.max() <= 4, (x[np.argmax(units)], units.max())
    # At other roots the error is that of the last places of 1.
    x = np.concatenate([rng.uniform(0, 12, 200), -rng.uniform(0, 12, 200), ends[1][:50]]).astype(dtype)
    limits = {"lgamma": 5, "digamma": 10, "trigamma": 5}
    truths = {
        "lgamma": lambda v: mpmath.log(abs(mpmath.gamma(v))) if v < 100 else mpmath.loggamma(v),
        "digamma": mpmath.digamma,
        "trigamma": lambda v: mpmath.polygamma(1, v),
    }
    for name, found in found_by_kernels(list(limits), dtype, x).items():
        near, _ = exact_values(truths[name], x)
        units = np.abs(found - near) / np.spacing(np.maximum(np.abs(near), 1).astype(dtype))
        assert units.max() <= limits[name], (name, x[np.argmax(units)], units.max())


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_ends_of_powers_and_angles(dtype: str) -> None:
    """Zeros with their signs, infinities and nan, numbers next to 1, and whole numbers, even and odd, of any size."""
    plain = [0, 1, 0.5, 2, 3, 4, 2.5, 100001, 1e16, 2.0**53 + 1, 2.0**52 + 0.5, 1e308, 5e-324, 1e-310, np.inf]
    with np.errstate(all="ignore"):
        numbers = np.array([*plain, *(-v for v in plain), np.nan, 1 - 2.0**-53, 1 + 2.0**-52, -0.0], dtype)
        a, b = (grid.ravel() for grid in np.meshgrid(numbers, numbers))
        for name, found in found_by_kernels(["pow", "atan2"], dtype, a, b).items():
            expected = SCALARS[name].numpy(a, b)
            near = np.abs(found - expected) <= 2 * np.spacing(np.abs(expected))
            same = (found == expected) | (near & (expected != 0)) | (np.isnan(found) & np.isnan(expected))
            same &= (np.signbit(found) == np.signbit(expected)) | np.isnan(expected)
            assert same.all(), (name, a[~same][:5], b[~same][:5], found[~same][:5])


def test_digamma_of_negative_numbers() -> None:
    # By the recurrence from above 0, in more digits where the computer has them.
    x = np.random.default_rng(3).uniform(-6, 0, 2000)
    value = np.zeros(len(x), np.longdouble)
    y = x.astype(np.longdouble)
    for _ in range(30):
        value -= 1 / y
        y += 1
    value += np.log(y) - 1 / (2 * y) - 1 / (12 * y**2) + 1 / (120 * y**4) - 1 / (252 * y**6) + 1 / (240 * y**8)
    half = next(k for k, names in enumerate(HALVES) if "digamma" in names)
    found = kernel(half, "float64")[1].run(x, x, x)[HALVES[half].index("digamma")]
    assert np.all(np.abs(found - value) <= 20 * np.spacing(np.maximum(np.abs(value), 1).astype(float)))


def test_signed_zeros() -> None:
    odd = {"sqrt", "sin", "tan", "asin", "atan", "sinh", "tanh", "asinh", "atanh", "expm1", "log1p", "neg", "erf"}
    for half, names in enumerate(HALVES):
        program, compiled = kernel(half, "float64")
        zero = np.array([-0.0, 0.0])
        expected, found = both(program, (zero, zero + 2, zero + 3), compiled)
        for name, e, f in zip(names, expected, found, strict=True):
            if name in odd:
                assert np.array_equal(np.signbit(e), np.signbit(f)), name


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_short_and_long_loops(dtype: str) -> None:
    """A loop of few functions has another form where it is long."""
    function = mg.function("fn f(x: vector[n]) = sum(exp(-x) .* x)").value_and_grad("x")
    rng = np.random.default_rng(7)
    x = rng.normal(size=1100)
    made = Kernel(function.compilation((x,)).program(), dtype)
    assert made.address  # compiled
    for n in (0, 1, 7, 8, 33, 255, 256, 257, 263, 287, 320, 1100):
        value, gradient = made.run(x[:n].astype(dtype))
        y = x[:n].astype(dtype).astype(float)
        bound = 1e-14 if dtype == "float64" else 1e-5
        assert abs(value - np.sum(np.exp(-y) * y)) <= bound * (1 + np.sum(np.exp(-y) * np.abs(y)))
        assert np.abs(gradient - np.exp(-y) * (1 - y)).max(initial=0) <= bound * 100, n
