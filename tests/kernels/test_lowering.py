"""The language of compiled code: functions compiled against the same functions run by Python.

What enters are functions of integers. What leaves are test results. What always holds: both give the same. Not for: the
kernels and routines that are written in it.
"""

from __future__ import annotations

import ctypes
import itertools
import linecache
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numba.core import types

from matgrad.runtime import native
from matgrad.runtime.intrinsics import Number, Pointer, shift

LIMIT = 3
NUMBERS = (-7, -1, 0, 1, 2, 5)


def compiled(function: Callable[..., Any], *kinds: Any) -> Callable[..., int]:
    """The compiled function."""
    symbol = f"tested_{function.__name__}"
    code, needed = native.emit(native.lower(function, kinds, symbol), [symbol])
    assert needed == []
    address = native.load(code, {}, [symbol])[symbol]
    arguments = [ctypes.c_void_p if isinstance(k, Pointer) else ctypes.c_int64 for k in kinds]
    return ctypes.CFUNCTYPE(ctypes.c_int64, *arguments)(address)


def arithmetic(a: Any, b: Any) -> Any:
    """Operators."""
    total = a * b - (a + b) * 3
    total += (a % 4) + 10 * (b // 3) - abs_of(a) if a < b <= 2 else (a & 6 | 1) << 2
    low, high = (a, b) if a < b else (b, a)
    return total * 100 + min(low, high, 1) - max(a, -b) + (high - low >> 1)


def abs_of(a: int) -> int:
    """Replaced by an intrinsic below."""
    return abs(a)


def conditions(a: Any, b: Any) -> Any:
    """`and`, `or`, `not`, chains, truth of numbers."""
    if a and not b:
        return 1
    if a == b or (a > LIMIT and 16 // (b + (b == 0)) > 1):
        return 2
    elif not (a < b) and -5 < b < 5:
        found = 3
    else:
        found = 4
        if b > 1:
            found = 5
    flag = a > 0
    return 10 * found + flag if flag else found


def loops(a: Any, b: Any) -> Any:
    """`for` in both directions, `while`, `break`, `continue`."""
    total = 0
    for i in range(a):
        for j in range(i, b):
            if j == 3:
                break
            if (i + j) % 2 == 0:
                continue
            total += 10 * i + j
    for k in range(b, a, -2):
        total += k * k
    step = 2 if a < b else -1
    for k in range(a, b, step):
        total -= k
        k = 100  # does not change the course of the loop
    p = 0
    while p < b:
        p += 2
        if p > 4:
            return total + 1000
    return total


def entries(n: Any, x: Any) -> Any:
    """Reads and writes arrays."""
    total = 0.0 * x[0]
    y = shift(x, n)
    for i in range(n):
        total += x[i] / (1 + i)
        x[i], y[i] = -x[i], total
    y[n - 1] -= n
    return 0 if total > 0 else 1


@pytest.mark.parametrize("function", [conditions, loops])
def test_integers(function: Callable[..., int]) -> None:
    call = compiled(function, types.intp, types.intp)
    for a, b in itertools.product(NUMBERS, repeat=2):
        assert call(a, b) == function(a, b), (a, b)


def test_arithmetic(monkeypatch: pytest.MonkeyPatch) -> None:
    from matgrad.runtime.words import _words

    negated = _words(1, lambda builder, a: builder.neg(a))
    expected = {(a, b): arithmetic(a, b) for a, b in itertools.product(NUMBERS, repeat=2) if a <= 0}
    monkeypatch.setitem(globals(), "abs_of", negated)
    call = compiled(arithmetic, types.intp, types.intp)
    assert {pair: call(*pair) for pair in expected} == expected


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_arrays(dtype: str) -> None:
    call = compiled(entries, types.intp, Pointer(getattr(types, dtype), 1))
    x = np.arange(-2.0, 4.0).astype(dtype)
    assert call(3, x.ctypes.data) == 1
    np.testing.assert_allclose(x, [2, 1, 0, -2, -2.5, -5.5])


def mean(n: Any, x: Any) -> Number:
    """A real number, whose type is that of the array."""
    total = 0 * x[0]
    for i in range(n):
        total += x[i]
    return total / n if n > 0 else 0


def spread(n: Any, x: Any) -> Any:
    """Uses a helper that returns one."""
    middle = mean(n, x)
    x[n] = middle + mean(1, x) / 3
    return 1 if mean(0, x) == 0.0 else 0


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_helpers_return_real_numbers(dtype: str) -> None:
    kinds = types.intp, Pointer(getattr(types, dtype), 1)
    assert f'define internal {"double" if dtype == "float64" else "float"} @"mean' in native.lower(spread, kinds, "it")
    x = np.array([1.0, 2.0, 6.5, 0.0], dtype)
    expected = x.copy()
    assert compiled(spread, *kinds)(3, x.ctypes.data) == spread(3, expected)
    np.testing.assert_allclose(x, expected, rtol=1e-6 if dtype == "float32" else 1e-15)


def half(n: Any, x: Any) -> Any:
    """A helper that does not say so."""
    return x[n] / 2


def careless(n: Any, x: Any) -> Any:
    """Uses it."""
    x[0] = half(n, x)
    return 0


def test_other_functions_return_integers() -> None:
    with pytest.raises(TypeError, match="half returns float64, and is not annotated with Number"):
        native.lower(careless, (types.intp, Pointer(types.float64, 1)), "tested_nothing")


def unknown(a: Any) -> Any:
    """Outside of the language."""
    with open(a) as file:
        return file


def mixed(a: Any) -> Any:
    """An integer that becomes a real number."""
    b = a
    b = 0.5
    return b


@pytest.mark.parametrize("function", [unknown, mixed])
def test_what_cannot_be_compiled(function: Callable[..., int]) -> None:
    with pytest.raises(TypeError):
        native.lower(function, (types.intp,), "tested_nothing")


def nested(levels: int) -> Any:
    """A constant that comes from outside."""

    def function(a: Any, b: Any) -> Any:
        return a * levels + b if levels else 0

    return function


def test_constants_from_outside() -> None:
    assert compiled(nested(3), types.intp, types.intp)(4, 5) == 17


def test_long_functions() -> None:
    """In sections, with values that go from one to another, and returns from within."""
    lines = ["def function(a, b):", "    total = a"]
    for k in range(300):
        lines += [f"    s = {k}", f"    for i in range(b % {k + 2}):", "        s += i * a", f"    p[{k % 7}] += s"]
        if k % 50 == 30:
            lines += [f"    if p[{k % 7}] > 9999:", f"        return {k}", "    total += p[0]"]
    lines.append("    return total")
    text = "\n".join(lines).replace("function(a, b)", "function(a, b, p)")
    scope: dict[str, Any] = {}
    linecache.cache["<long>"] = (len(text), None, text.splitlines(True), "<long>")
    exec(compile(text, "<long>", "exec"), scope)
    kinds = (types.intp, types.intp, Pointer(types.int64, 1))
    assert "define internal i64 @tested_function_" in native.lower(scope["function"], kinds, "tested_function")
    call = compiled(scope["function"], *kinds)
    for a, b in ((1, 0), (2, 5), (3, 40), (-20, 17), (50, 1000)):
        mine, theirs = np.zeros(7, np.int64), [0] * 7
        assert call(a, b, mine.ctypes.data) == scope["function"](a, b, theirs)
        assert mine.tolist() == theirs
