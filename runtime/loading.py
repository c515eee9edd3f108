"""Kernels of a Python module that was built ahead of time: compiled at the first need, kept beside the module.

Enters: Python functions of a module that `matgrad build` wrote, in which copies of this file and of what it imports
stand in a folder of their own.  Leaves: tokens of kernels for the callers (`njit_code.call`).  Always holds: the
machine code is the one that matgrad makes (`build.py`); symbols of two modules are different; what is kept in
`__pycache__` is used only if nothing that shaped it has changed, and counts as missing where it is damaged.  Not for:
matgrad's own cache (`store.py`).
"""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import json
import os
import re
import tempfile
import threading
from collections.abc import Callable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import numba
from numba import types

from . import blas, library, native
from .njit_code import token

_HERE = Path(__file__).resolve().parent
_MARK = "_" + hashlib.sha256(str(_HERE).encode()).hexdigest()[:12]
_lock = threading.RLock()
_addresses: dict[str, int] = {}


def kernel(function: Callable[[Any], int]) -> int:
    """The token of a kernel, a function of the address table."""
    name = f"matgrad_kernel_{function.__name__}"
    kinds = (types.CPointer(types.int64),)
    return token(lambda: _address(name, inspect.getsource(function), lambda: native.lower(function, kinds, name)))


def _address(name: str, text: str, lower: Callable[[], str], speed: int = 3) -> int:
    with _lock:
        if name not in _addresses:
            path = _HERE / "__pycache__" / f"{name}-{hashlib.sha256(f'{_stamp()}{text}'.encode()).hexdigest()[:24]}.o"
            found = _read(path)
            if found is None:
                # Names of our own functions are those of this module alone.
                text = str(native.assembly(lower()))  # as LLVM writes it, with names without quotes
                marked = re.sub(r"@matgrad_(?!blas)", f"@{_MARK}matgrad_", text)
                found = native.emit(marked, [_MARK + name], speed=speed)
                _keep(path, *found)
            code, needed = found
            symbols = {n: address for n in needed if (address := _needed(n))}
            _addresses[name] = native.load(code, symbols, [_MARK + name])[_MARK + name]
        return _addresses[name]


def _needed(symbol: str) -> int:
    """The address of what compiled code calls; 0 for functions of the C library."""
    if blas.is_symbol(symbol):
        return blas.address_of(symbol)
    routine = library.parse_symbol(symbol.removeprefix(_MARK))
    if routine is None:
        return 0
    name, dtype = routine
    own = library.symbol(name, dtype)
    kinds = library.parameters(name, getattr(types, dtype))
    return _address(own, own, lambda: native.lower(library.implementation(name), kinds, own), library.speed(name))


@cache
def _stamp() -> str:
    """Everything besides the text that the code depends on."""
    digest = hashlib.sha256()
    for path in sorted(_HERE.parent.rglob("*.py")):
        digest.update(path.read_bytes())
    versions = [numba.__version__, llvm.llvm_version_info]
    with contextlib.suppress(PackageNotFoundError):
        versions.append(version("scipy"))  # whose BLAS has integers of a certain width
    return json.dumps([digest.hexdigest(), versions, llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()])


def _read(path: Path) -> tuple[bytes, list[str]] | None:
    with contextlib.suppress(OSError, ValueError):
        digest, needed, code = path.read_bytes().split(b"\n", 2)
        if hashlib.sha256(needed + code).hexdigest().encode() == digest:
            return code, json.loads(needed)
    return None


def _keep(path: Path, code: bytes, needed: list[str]) -> None:
    names = json.dumps(needed).encode()
    with contextlib.suppress(OSError):
        path.parent.mkdir(exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        with os.fdopen(descriptor, "wb") as file:
            file.write(hashlib.sha256(names + code).hexdigest().encode() + b"\n" + names + b"\n" + code)
        os.replace(temporary, path)
