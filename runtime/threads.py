"""BLAS without its threads, for kernels with little work.

Enters: the number of operations that a kernel takes.  Leaves: `one_thread`, and the addresses with which compiled code
does the same.  Always holds: the number of threads of SciPy's OpenBLAS is afterwards what it was before, also when
several kernels run at once.  OpenBLAS shares out every product of more than about 64 x 64 x 64 numbers, and then each
thread waits for the slowest: on a busy computer that takes milliseconds instead of microseconds.  Not for: other BLAS
libraries, which are left alone.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from . import build

FEW_OPERATIONS = 20_000_000  # below (about half a millisecond), one thread

# Word 0: how many kernels run with one thread now.  Word 1: the number of threads before.  Read and written only by who
# holds the interpreter's lock.
state = np.zeros(2, np.int64)


@contextlib.contextmanager
def one_thread(operations: int) -> Iterator[None]:
    """Runs the block with one thread of BLAS where it takes few operations."""
    get, put = addresses() if 0 < operations < FEW_OPERATIONS else (0, 0)
    if get == 0:
        yield
        return
    begin, end = _switches()
    begin(state.ctypes.data, get, put)
    try:
        yield
    finally:
        end(state.ctypes.data, put)


@cache
def _switches() -> tuple[Any, Any]:
    # Compiled: Python would let another thread run between two of their steps.
    return build.thread_functions()


@cache
def functions() -> tuple[Any, Any]:
    """OpenBLAS's functions that tell and set the number of threads; None where SciPy has another BLAS."""
    root = importlib.util.find_spec("scipy")
    for folder in (root and root.submodule_search_locations) or ():
        here = Path(folder)
        for place in (here.parent / "scipy.libs", here / ".dylibs", here / ".libs"):
            for path in sorted(place.glob("*scipy_openblas*")):
                with contextlib.suppress(OSError, AttributeError):
                    library = ctypes.CDLL(str(path))
                    suffix = "64_" if hasattr(library, "scipy_openblas_get_num_threads64_") else ""
                    get = getattr(library, f"scipy_openblas_get_num_threads{suffix}")
                    put = getattr(library, f"scipy_openblas_set_num_threads{suffix}")
                    get.restype, get.argtypes = ctypes.c_int, []
                    put.restype, put.argtypes = None, [ctypes.c_int]
                    return get, put
    return None, None


@cache
def addresses() -> tuple[int, int]:
    """The addresses of `functions()`; 0 where there are none."""
    get, put = functions()
    if get is None:
        return 0, 0
    return tuple(ctypes.cast(f, ctypes.c_void_p).value or 0 for f in (get, put))  # type: ignore[return-value]
