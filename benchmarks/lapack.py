"""BLAS and LAPACK for the experts' Numba code, by the addresses that SciPy gives to Cython.

Enters: C-contiguous float64 arrays.  Leaves: functions for `njit` code, each one call of a routine.  Always holds:
LAPACK sees a C-ordered matrix as its transpose, so the lower triangle that it works on is the upper one of the array.
Not for: anybody but the experts: matgrad has its own.
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from numba import njit
from numba.extending import get_cython_function_address

Array = Any


def _routine(module: str, name: str, count: int) -> Any:
    address = get_cython_function_address(f"scipy.linalg.cython_{module}", name)
    return ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * count)(address)


_dpotrf = _routine("lapack", "dpotrf", 5)
_dpotri = _routine("lapack", "dpotri", 5)
_dsyrk = _routine("blas", "dsyrk", 10)
_dsymm = _routine("blas", "dsymm", 12)

_L = np.array([ord("L")], np.uint8)
_N = np.array([ord("N")], np.uint8)


@njit
def cholesky(A: Array) -> None:
    """The factor U of A = U'*U in the upper triangle of A."""
    n = np.array([A.shape[0], 0], np.int32)
    _dpotrf(_L.ctypes, n.ctypes, A.ctypes, n.ctypes, n[1:].ctypes)
    if n[1] != 0:
        raise ValueError("not positive definite")


@njit
def inverse_of_cholesky(A: Array) -> None:
    """The inverse of U'*U in the upper triangle, where U was."""
    n = np.array([A.shape[0], 0], np.int32)
    _dpotri(_L.ctypes, n.ctypes, A.ctypes, n.ctypes, n[1:].ctypes)


@njit
def gram(A: Array, C: Array) -> None:
    """The upper triangle of C = A'*A."""
    n = np.array([A.shape[1], A.shape[0]], np.int32)
    factor = np.array([1.0, 0.0])
    _dsyrk(
        _L.ctypes,
        _N.ctypes,
        n.ctypes,
        n[1:].ctypes,
        factor.ctypes,
        A.ctypes,
        n.ctypes,
        factor[1:].ctypes,
        C.ctypes,
        n.ctypes,
    )


@njit
def times_symmetric(A: Array, S: Array, C: Array) -> None:
    """C = A*S for a symmetric S, of which the upper triangle is read."""
    n = np.array([S.shape[0], A.shape[0]], np.int32)
    factor = np.array([1.0, 0.0])
    _dsymm(
        _L.ctypes, _L.ctypes, n.ctypes, n[1:].ctypes, factor.ctypes, S.ctypes, n.ctypes, A.ctypes, n.ctypes,
        factor[1:].ctypes, C.ctypes, n.ctypes,
    )  # fmt: skip


@njit
def mirror(A: Array) -> None:
    """Copies the upper triangle into the lower one, by tiles that fit into the cache."""
    n = A.shape[0]
    tile = 32
    for first in range(0, n, tile):
        for left in range(0, first + 1, tile):
            for i in range(first, min(first + tile, n)):
                for j in range(left, min(left + tile, i)):
                    A[i, j] = A[j, i]
