"""The product that gemm and its kin stand on, for all widths of vectors that this computer has, against NumPy.

What enters are matrices of all layouts whose memory ends at a page that cannot be read. What leaves are test results.
What always holds: what lies between the elements of a result stays as it was. Not for: the routines themselves, which
`test_routines.py` runs in kernels.
"""

from __future__ import annotations

import ctypes
import itertools
import mmap
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
import pytest
from numba.core import types

import matgrad as mg
from matgrad.compiler.kernel.routines.table import ROUTINES
from matgrad.compiler.tensor.dims import Dim
from matgrad.runtime import library, native
from matgrad.runtime.kernel import Kernel
from matgrad.runtime.library.products import SHARED

from .programs import both, routine_program
from .test_routines import compare, first_argument, general

Array = Any
WIDTHS = [width for width in (16, 32, 64) if width <= native.own_vector_bytes()]
VARIANTS = [("float64", width) for width in WIDTHS] + [("float32", width) for width in WIDTHS]
LAYOUTS = ("rows", "columns", "strided", "backwards")
FACTORS = ((1.0, 0.0), (-1.5, 0.5), (0.25, 1.0))
PAGE = mmap.PAGESIZE
RNG = np.random.default_rng(11)


@cache
def address(name: str, dtype: str, width: int) -> int:
    """The address of a compiled part for vectors of a width."""
    symbol = f"tested_{width}_{name}_{dtype}"
    kinds = library.parameters(name, getattr(types, dtype))
    text = native.lower(library.implementation(name), kinds, symbol, width)
    code, needed = native.emit(text, [symbol], speed=library.speed(name))
    parts = {n: found for n in needed if (found := library.parse_symbol(n))}
    symbols = {n: address(part, kind, width) for n, (part, kind) in parts.items()}
    return native.load(code, symbols, [symbol])[symbol]


def function(dtype: str, width: int) -> Any:
    """The compiled part `product` for vectors of a width."""
    word, real, place = ctypes.c_int64, ctypes.c_double if dtype == "float64" else ctypes.c_float, ctypes.c_void_p
    matrix = (place, word, word)
    kind = ctypes.CFUNCTYPE(word, *[word] * 4, real, real, *matrix, *matrix, *matrix, place)
    return kind(address("product", dtype, width))


@cache
def fenced(number: int) -> Array:
    """Memory of bytes whose last one stands before a page that cannot be read."""
    memory = mmap.mmap(-1, 2**20 + PAGE)
    content = np.frombuffer(memory, np.uint8)
    protect = ctypes.CDLL(None).mprotect
    protect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    assert protect(content.ctypes.data + 2**20, PAGE, 0) == 0
    return content[: 2**20]


def laid_out(array: Array, layout: str, number: int) -> Array:
    """A copy of a matrix in fenced memory (of a number), with nan between its elements."""
    m, n = array.shape
    shape = {"columns": (n, m), "strided": (m, n, 2)}.get(layout, (m, n))
    count = int(np.prod(shape))
    memory = fenced(number)
    base = memory[memory.size - count * array.itemsize :].view(array.dtype)
    base[:] = np.nan
    whole = base.reshape(shape)
    if layout == "strided":
        whole = whole[..., 1]
    view = {"columns": whole.T, "backwards": whole[::-1, ::-1]}.get(layout, whole)
    view[...] = array
    return view


def run(call: Any, part: int, alpha: float, beta: float, A: Array, B: Array, C: Array) -> None:
    (m, k), n = A.shape, B.shape[1]
    signature = ROUTINES["gemm"]
    assert signature.scratch is not None
    words = signature.scratch(Dim.of(m), Dim.of(k), Dim.of(n)).evaluate({})
    scratch = np.full(words + 8, np.nan)
    place = (scratch.ctypes.data + 63) & -64
    views = [v for x in (A, B, C) for v in (x.ctypes.data, *(s // x.itemsize for s in x.strides))]
    assert call(part, m, k, n, alpha, beta, *views, place) == 0
    assert np.all(np.isnan(scratch[(place - scratch.ctypes.data) // 8 + words :]))


def check(dtype: str, width: int, sizes: tuple[int, int, int], layouts: tuple[str, str, str], part: int = 0) -> None:
    m, k, n = sizes
    call = function(dtype, width)
    A = laid_out(RNG.normal(size=(m, k)).astype(dtype), layouts[0], 0)
    B = laid_out(RNG.normal(size=(k, n)).astype(dtype), layouts[1], 1)
    exact = A.astype(float) @ B.astype(float)
    tolerance = (1e-15 if dtype == "float64" else 1e-6) * (k + 2) * 4
    asked = (
        np.ones((m, n), bool) if part == 0 else np.tri(m, n, dtype=bool) if part == 1 else np.tri(n, m, dtype=bool).T
    )
    for alpha, beta in FACTORS:
        old = RNG.normal(size=(m, n)).astype(dtype) if beta else np.full((m, n), np.nan, dtype)
        C = laid_out(old, layouts[2], 2)
        run(call, part, alpha, beta, A, B, C)
        expected = alpha * exact + (beta * old if beta else 0)
        np.testing.assert_allclose(C[asked], expected[asked], rtol=0, atol=tolerance, err_msg=f"{sizes} {layouts}")
        if layouts[2] == "strided":
            held = fenced(2).view(dtype)
            assert np.all(np.isnan(held[held.size - 2 * C.size :: 2]))


@pytest.mark.parametrize(("dtype", "width"), VARIANTS)
def test_small_sizes(dtype: str, width: int) -> None:
    sizes = [*itertools.product((0, 1, 2, 5), (0, 1, 3), (0, 1, 2, 5))]
    sizes += [*itertools.product((4, 7, 8, 9, 17, 25, 49), (2, 17), (3, 8, 11, 16, 33))]
    for size in sizes:
        for layouts in (("rows",) * 3, ("rows", "columns", "rows"), ("columns", "rows", "rows"), ("columns",) * 3):
            check(dtype, width, size, layouts)


@pytest.mark.parametrize(("dtype", "width"), VARIANTS)
def test_all_layouts(dtype: str, width: int) -> None:
    for layouts in itertools.product(LAYOUTS, repeat=3):
        for sizes in ((3, 4, 5), (19, 6, 33), (26, 40, 9)):
            check(dtype, width, sizes, layouts)


@pytest.mark.parametrize(("dtype", "width"), VARIANTS)
def test_beyond_blocks(dtype: str, width: int) -> None:
    """Sizes about those of blocks: one side large, or all."""
    for sizes in ((193, 7, 30), (5, 257, 40), (30, 9, 385), (130, 300, 50), (200, 20, 140), (40, 520, 11)):
        for layouts in (("rows",) * 3, ("columns", "columns", "rows"), ("rows", "columns", "columns")):
            check(dtype, width, sizes, layouts)
    check(dtype, width, (195, 260, 131), ("rows", "columns", "rows"))


@pytest.mark.parametrize("part", [1, -1])
@pytest.mark.parametrize(("dtype", "width"), VARIANTS)
def test_triangles(dtype: str, width: int, part: int) -> None:
    for n, k in ((1, 1), (2, 3), (9, 4), (33, 20), (70, 5), (210, 30)):
        for layouts in (("rows",) * 3, ("columns", "rows", "columns"), ("rows", "columns", "strided")):
            check(dtype, width, (n, k, n), layouts, part)


@pytest.mark.parametrize("width", WIDTHS)
def test_special_numbers(width: int) -> None:
    """inf and nan come through as in the definition, and nowhere else."""
    special = np.array([np.inf, -np.inf, np.nan, 0.0, 1.0])
    for m, k, n in ((3, 2, 4), (20, 9, 17), (40, 30, 5)):
        A, B = RNG.normal(size=(m, k)), RNG.normal(size=(k, n))
        A[RNG.random(A.shape) < 0.03] = RNG.choice(special)
        A[-1, -1], B[0, 0], B[-1, -1] = np.inf, 0.0, np.nan
        with np.errstate(invalid="ignore"):
            expected = np.array([[sum(a * b for a, b in zip(row, column, strict=True)) for column in B.T] for row in A])
        C = np.empty((m, n))
        run(function("float64", width), 0, 1.0, 0.0, A, B, C)
        np.testing.assert_array_equal(np.isfinite(C), np.isfinite(expected))
        np.testing.assert_allclose(C, expected, atol=1e-12)


def test_same_result_in_all_threads() -> None:
    call = function("float64", WIDTHS[-1])
    A, B = RNG.normal(size=(150, 300)), RNG.normal(size=(300, 90))

    def result(_: int) -> bytes:
        C = np.empty((150, 90))
        run(call, 0, 1.0, 0.0, A, B, C)
        return C.tobytes()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(result, range(40)))) == 1


HALVED = [n for n in ROUTINES if n.startswith(("tr", "cholesky")) and ROUTINES[n].scratch is not None]


@pytest.mark.parametrize("name", HALVED)
def test_matrices_that_are_halved(name: str) -> None:
    for n, k in ((16, 130), (33, 2), (130, 17)):
        compare(name, "float64", False, dict(zip(ROUTINES[name].letters, (n, k), strict=False)))


@pytest.mark.parametrize("name", ["gemm", "gemmt", "trmm_upper", "trsm_lower", "cholesky", "cholesky_inverse"])
def test_matrices_for_blas(name: str) -> None:
    """So large that BLAS, with all its threads, takes them."""
    n = 1030
    assert n**3 > SHARED
    program = routine_program(name, [("rows",) * 3])
    arguments = [first_argument(name, (n, n)), general(n, n)][: len(ROUTINES[name].inputs)]
    expected, found = both(program, arguments, Kernel(program))
    np.testing.assert_allclose(found[0], expected[0], rtol=0, atol=1e-10 * np.abs(expected[0]).max())


@pytest.mark.parametrize(
    ("m", "n", "k"), [(3, 4, 100), (1, 5, 77), (5, 5, 64), (6, 6, 65), (12, 3, 200), (4, 4, 10_000)]
)
def test_long_dot_products(m, n, k):
    """A small result of long rows: dot products instead of tiles."""
    rng = np.random.default_rng(m * n + k)
    A, B, C = rng.normal(size=(m, k)), rng.normal(size=(n, k)), rng.normal(size=(m, n))
    for dtype, tolerance in ((np.float64, 1e-12), (np.float32, 1e-4)):
        a, b, c = (x.astype(dtype) for x in (A, B, C))
        for _ in range(4):
            np.testing.assert_allclose(
                mg.function("C - 2*A*B'")(c, a, b), C - 2 * A @ B.T, rtol=tolerance, atol=k * tolerance
            )
            np.testing.assert_allclose(mg.function("A*A'")(a), A @ A.T, rtol=tolerance, atol=k * tolerance)
