"""Every routine of the library in both precisions, compiled anew from its text, and run.

What enters is the table of routines. What leaves are test results. What always holds: nothing that was compiled before,
in this process or on the disk, is used, and a routine of the table that has no code fails. Not for: layouts and sizes
(`test_routines.py`), what kernels make of routines.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from numba.core import types

from matgrad.compiler.kernel.routines.table import ROUTINES
from matgrad.compiler.tensor.dims import Dim
from matgrad.runtime import blas, library, native
from matgrad.runtime.intrinsics import Pointer

from .test_routines import first_argument, general

Array = Any
WRITTEN_AS_LOOPS = {"copy", "fill", "check_nonneg", "check_positive"}  # by `emit.py`
SIZES = {"m": 6, "n": 4, "k": 3}


@cache
def address(name: str, dtype: str) -> int:
    """The address of a routine or part that was compiled anew, with all that it calls."""
    symbol = f"anew_{name}_{dtype}"
    kinds = library.parameters(name, getattr(types, dtype))
    code, needed = native.emit(
        native.lower(library.implementation(name), kinds, symbol), [symbol], speed=library.speed(name)
    )
    symbols = {n: blas.address_of(n) for n in needed if blas.is_symbol(n)}
    symbols |= {n: address(*found) for n in needed if (found := library.parse_symbol(n))}
    return native.load(code, symbols, [symbol])[symbol]


def call(name: str, dtype: str, inputs: Sequence[Array], outputs: Sequence[Array]) -> int:
    """Calls a routine with alpha = 1 and beta = 0, and arrays in the order of the memory."""
    signature = ROUTINES[name]
    sizes: dict[str, int] = {}
    views: list[int] = []
    for pattern, array in zip((*signature.inputs, *signature.outputs), (*inputs, *outputs), strict=True):
        letters = pattern.replace("[", "").replace("]", "")
        sizes |= dict(zip(letters, array.shape, strict=True))
        views += [array.ctypes.data, *(s // array.itemsize for s in array.strides)]
    arguments = [sizes[letter] for letter in signature.letters]
    arguments += [{"alpha": 1.0, "beta": 0.0}[s] for s in signature.scalars]
    arguments += views
    if signature.scratch is not None:
        words = signature.scratch(*(Dim.of(sizes[letter]) for letter in signature.letters)).evaluate({})
        scratch = np.full(words + 8, np.nan)
        arguments.append((scratch.ctypes.data + 63) & -64)
    real = ctypes.c_double if dtype == "float64" else ctypes.c_float
    kinds = [
        ctypes.c_void_p if isinstance(k, Pointer) else real if isinstance(k, types.Float) else ctypes.c_int64
        for k in library.parameters(name, getattr(types, dtype))
    ]
    status: int = ctypes.CFUNCTYPE(ctypes.c_int64, *kinds)(address(name, dtype))(*arguments)
    return status


def empty(name: str, dtype: str, sizes: dict[str, int]) -> list[Array]:
    """Memory for the outputs of a routine."""
    signature = ROUTINES[name]
    shapes = [tuple(sizes[c] for c in pattern if c.isalpha()) for pattern in signature.outputs]
    count = len(signature.inputs)
    return [np.zeros(s, np.int64 if count + k in signature.integers else dtype) for k, s in enumerate(shapes)]


def arguments(name: str, dtype: str) -> tuple[list[Array], list[Array], dict[str, int]]:
    """Inputs for the compiled routine, for its meaning, and sizes."""
    sizes = dict(SIZES)
    if name.startswith("csr_"):
        matrix = scipy.sparse.random_array((6, 4), density=0.5, format="csr", rng=1, dtype=dtype)
        counts = np.diff(matrix.indptr)
        holder = np.zeros((6, 4, 0), np.int64)
        rows = matrix.indptr[:-1].astype(np.int64)
        parts = [rows, matrix.indices.astype(np.int64), matrix.data]
        if name == "csr_gram":
            given = [holder, np.zeros((int(counts @ counts), 0), np.int64), *parts, general(6).astype(dtype)]
        elif name == "csr_inner":
            given = [holder, *parts, general(6, 4).astype(dtype)]
        else:
            given = [holder, *parts, general(6 if name.endswith("transposed") else 4, 3).astype(dtype)]
        return given, given, sizes
    if name.startswith("lu_"):
        A, B = general(4, 4).astype(dtype), general(4, 3).astype(dtype)
        factors = empty("lu", dtype, sizes)
        assert call("lu", dtype, [A], factors) == 0
        rest = [B] if len(ROUTINES[name].inputs) == 3 else []
        return [*factors, *rest], [*ROUTINES["lu"].numpy(A), *rest], sizes
    if name in ("svd", "singular_values"):
        sizes["k"] = 4
    shapes = [tuple(sizes[c] for c in pattern if c.isalpha()) for pattern in ROUTINES[name].inputs]
    plain = [first_argument(name, shapes[0]), *(general(*s) for s in shapes[1:])]
    if name == "eigh" or name == "symmetric_values":
        plain = [plain[0] + plain[0].T]
    if ROUTINES[name].inputs == ("n",):  # of eigenvalues
        plain = [np.array([1.0, 2.0, 4.0, 7.0])]
    if name in ("rank_ones", "rank_reciprocals", "largest_weights"):
        plain[1] = np.array([5.0, 5.0, 0.0])
    given = [np.ascontiguousarray(a, dtype) for a in plain]
    return given, given, sizes


def invariant(name: str, values: Sequence[Array]) -> Sequence[Array]:
    """What does not depend on the choice of signs, and on how row exchanges are held."""
    if name == "eigh":
        return [values[0], values[1] * values[0] @ values[1].T]
    if name == "svd":
        return [values[1], values[0] * values[1] @ values[2].T]
    return values[:1] if name == "lu" else values


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", [name for name in ROUTINES if name not in WRITTEN_AS_LOOPS])
def test_compiled_anew(name: str, dtype: str) -> None:
    given, plain, sizes = arguments(name, dtype)
    found = empty(name, dtype, sizes)
    assert call(name, dtype, given, found) == 0
    meant = ROUTINES[name].numpy(*plain)
    expected = meant if isinstance(meant, tuple) else (meant,)
    for f, e in zip(invariant(name, found), invariant(name, expected), strict=True):
        tolerance = (1e-12 if dtype == "float64" else 1e-4) * (1 + np.abs(e).max(initial=0))
        np.testing.assert_allclose(f, e, rtol=0, atol=tolerance)


def test_what_has_no_code_is_written_as_loops() -> None:
    for name in WRITTEN_AS_LOOPS:
        with pytest.raises(KeyError):
            library.implementation(name)
