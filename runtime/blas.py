"""BLAS and LAPACK for compiled code: SciPy's own copies, by address.

Enters: nothing.  Leaves: `register` and `address_of`, which make a routine known to LLVM under a name of our own.
Always holds: a name tells the width of the integers, so that code compiled for another width can't be linked by
mistake.  Not for: choosing between BLAS and loops, which `runtime/library` does.
"""

from __future__ import annotations

import ctypes
import importlib.machinery
import importlib.util
import re
import sys
from functools import cache
from typing import Any

_PREFIX = "matgrad_blas"


@cache
def _tables() -> tuple[dict[str, Any], ...]:
    # These are the C tables that Cython modules import; SciPy documents the routines in them.
    return tuple(_module(name).__pyx_capi__ for name in ("scipy.linalg.cython_blas", "scipy.linalg.cython_lapack"))


def _module(name: str) -> Any:
    """The module; without the rest of scipy.linalg where that is not imported yet (20 ms instead of 180)."""
    if "scipy.linalg" not in sys.modules:
        root = importlib.util.find_spec("scipy")
        folders = [f"{folder}/linalg" for folder in (root and root.submodule_search_locations) or ()]
        spec = importlib.machinery.PathFinder.find_spec(name, folders)
        if spec is not None and spec.loader is not None:
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            sys.modules.pop(name, None)  # so that a later import of scipy.linalg goes its usual way
            return module
    return importlib.import_module(name)


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
    routine = routine_of(name)
    for table in _tables():
        if routine in table:
            capsule = table[routine]
            get = ctypes.pythonapi.PyCapsule_GetPointer
            get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
            pointer = get(capsule, _capsule_name(capsule).encode())
            assert pointer is not None
            return int(pointer)
    raise KeyError(name)


def routine_of(name: str) -> str:
    """The routine of a symbol: `dgemm`."""
    return name.removeprefix(f"{_PREFIX}{integer_bits()}_")


def is_symbol(name: str) -> bool:
    """Whether a name is one that `symbol` makes."""
    return name.startswith(_PREFIX)


def _capsule_name(capsule: Any) -> str:
    get = ctypes.pythonapi.PyCapsule_GetName
    get.restype, get.argtypes = ctypes.c_char_p, [ctypes.py_object]
    name = get(capsule)
    assert name is not None
    return str(name.decode())
