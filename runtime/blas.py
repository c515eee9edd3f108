"""BLAS and LAPACK for compiled code: SciPy's own copies, by address.

Enters: nothing.  Leaves: `register` and `address_of`, which make a routine known to LLVM under a name of our own.
Always holds: a name tells the width of the integers, so that code compiled for another width can't be linked by
mistake.  Not for: choosing between BLAS and loops, which `runtime/library` does.
"""

from __future__ import annotations

import ctypes
import re
from functools import cache
from typing import Any

_PREFIX = "matgrad_blas"


@cache
def _tables() -> tuple[dict[str, Any], ...]:
    # These are the C tables that Cython modules import; SciPy documents the routines in them.
    from scipy.linalg import cython_blas, cython_lapack

    return cython_blas.__pyx_capi__, cython_lapack.__pyx_capi__


@cache
def integer_bits() -> int:
    """Width of the integers of SciPy's BLAS: 32, or 64 in an ILP64 build."""
    name = _capsule_name(_tables()[0]["ddot"])
    found = re.search(r"\(([^,]*?) ?\*", name)
    kind = found.group(1) if found else "int"
    return 32 if kind == "int" else 64


def symbol(routine: str) -> str:
    """The name under which compiled code calls a routine such as `dgemm`."""
    return f"{_PREFIX}{integer_bits()}_{routine}"


def address_of(name: str) -> int:
    """The address of a symbol made by `symbol`.  Raises KeyError if SciPy has no such routine, or other integers."""
    routine = name.removeprefix(f"{_PREFIX}{integer_bits()}_")
    for table in _tables():
        if routine in table:
            capsule = table[routine]
            get = ctypes.pythonapi.PyCapsule_GetPointer
            get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
            pointer = get(capsule, _capsule_name(capsule).encode())
            assert pointer is not None
            return int(pointer)
    raise KeyError(name)


def is_symbol(name: str) -> bool:
    """Whether a name is one that `symbol` makes."""
    return name.startswith(_PREFIX)


def _capsule_name(capsule: Any) -> str:
    get = ctypes.pythonapi.PyCapsule_GetName
    get.restype, get.argtypes = ctypes.c_char_p, [ctypes.py_object]
    name = get(capsule)
    assert name is not None
    return str(name.decode())
