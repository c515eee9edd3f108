"""How many threads BLAS may use in a kernel.

Enters: the number of operations that a kernel takes, and `MATGRAD_NUM_THREADS`.  Leaves: `some_threads`, and the
addresses with which compiled code does the same.  Always holds: little work is done by one thread, more by at most
`MATGRAD_NUM_THREADS`; the number of threads of SciPy's OpenBLAS is afterwards what it was before, also when several
kernels run at once, which then have the least of their numbers.  OpenBLAS shares out every product of more than about
64 x 64 x 64 numbers, and then each thread waits for the slowest: on a busy computer that takes milliseconds instead of
microseconds.  Not for: other BLAS libraries, which are left alone; loops of our own, which run in the thread of the
caller.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from . import build

FEW_OPERATIONS = 20_000_000  # below (about half a millisecond), one thread

# Word 0: how many kernels run with fewer threads now.  Word 1: the number of threads before.  Word 2: their number now.
# Read and written only by who holds the interpreter's lock.
state = np.zeros(3, np.int64)


@cache
def most() -> int:
    """The greatest number of threads: `MATGRAD_NUM_THREADS`; 0 if it is not set (BLAS decides)."""
    text = os.environ.get("MATGRAD_NUM_THREADS", "").strip()
    return int(text) if text.isdecimal() else 0


@contextlib.contextmanager
def some_threads(operations: int) -> Iterator[None]:
    """Runs the block with as many threads of BLAS as so many operations are worth (0: it does not use BLAS)."""
    wanted = 1 if operations < FEW_OPERATIONS else most()
    get, put = addresses() if operations > 0 and wanted > 0 else (0, 0)
    if get == 0:
        yield
        return
    begin, end = _switches()
    begin(state.ctypes.data, get, put, wanted)
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
