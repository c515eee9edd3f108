"""Scalar operations in compiled loops against NumPy and SciPy, over the whole range of numbers.

What enters is the table of operations. What leaves are test results. What always holds: each operation is in a
compiled test. Not for: derivatives.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from matgrad.compiler.kernel.program import Program
from matgrad.compiler.kernel.scalars import SCALARS
from matgrad.runtime.kernel import Kernel

from .programs import both, map_program

Array = Any

# How far from NumPy and SciPy in units of the last place, where it is more than 4; SciPy's errors are part of that.
UNITS = {"erfc": 300, "normcdf": 300, "lgamma": 2000, "digamma": 20, "trigamma": 10, "polygamma": 100, "pow": 4}
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


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_accuracy(dtype: str) -> None:
    """The own functions against the C library's in 64 bits of mantissa, on many numbers."""
    wider = np.longdouble if np.finfo(np.longdouble).nmant > 60 else np.float64
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
    for half, names in enumerate(HALVES):
        results = dict(zip(names, kernel(half, dtype)[1].run(x, x, x), strict=True))
        for name in sorted({"exp", "expm1", "log", "log1p", "tanh", "sigmoid", "softplus"} & set(names)):
            with np.errstate(all="ignore"):
                exact = np.asarray(SCALARS[name].numpy(x.astype(wider)))
                rounded = exact.astype(dtype)
                units = np.abs(results[name].astype(wider) - exact) / np.spacing(np.abs(rounded)).astype(wider)
                units = np.where(np.isfinite(rounded), units, 0)
            same = np.isfinite(rounded) == np.isfinite(results[name])
            assert same.all(), f"{name} at {x[~same][:5]}"
            worst = int(np.argmax(units))
            limit = 1.5 if name in ("exp", "expm1", "log", "log1p") else 2.5
            assert units[worst] <= limit, f"{name}({x[worst]!r}) = {results[name][worst]!r}: {units[worst]} units"


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
