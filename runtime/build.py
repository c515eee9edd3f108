"""From a kernel's source to its address: compiled once, kept on disk, loaded with what it calls.

Enters: the text of a module with one function `kernel(table)`, or the name of a library routine.  Leaves: addresses
of their code.
Always holds: a function is compiled at most once per cache folder, whatever the number of processes and programs.
Not for: the calling convention (`compiler/kernel/layout.py`).
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import linecache
import re
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

from . import blas, identity, native, store

_lock = threading.RLock()
_addresses: dict[str, int] = {}


def kernel_address(text: str) -> int:
    """The address of the C function `int64 kernel(int64 *table)` of a kernel's source."""
    name = kernel_name(text)
    return _address(name, lambda: (lower_kernel(name, text), 3))


def kept_address(name: str) -> int:
    """The same, by the name of the kernel.  Raises KeyError if its code is not kept."""
    return _address(name, None)


def is_kept(text: str) -> bool:
    """Whether a kernel's source needs no compiling: it was compiled before, in this process or in another one."""
    name = kernel_name(text)
    return name in _addresses or _kept(name) is not None


def kernel_name(text: str) -> str:
    """The name of a kernel's code: equal texts have equal names."""
    return "matgrad_kernel_" + hashlib.sha256(text.encode()).hexdigest()[:40]


def _routine_address(name: str, dtype: str) -> int:
    symbol = f"matgrad_{name}_{dtype}"
    return _address(symbol, lambda: lower_routine(name, dtype))


def entry_address() -> int:
    """The address of the compiled doorway (`entry_code.enter`)."""
    head = object.__basicsize__  # differs between builds of Python
    return _entry_code(f"matgrad_enter_{head}", "enter", 4)


def thread_functions() -> tuple[Callable[[int, int, int, int], int], Callable[[int, int], int]]:
    """`fewer` and `as_before` of `entry_code.py` as functions that keep the interpreter's lock."""
    begin, end = _entry_code("matgrad_fewer", "fewer", 4), _entry_code("matgrad_as_before", "as_before", 2)
    word = ctypes.c_int64
    return ctypes.PYFUNCTYPE(word, word, word, word, word)(begin), ctypes.PYFUNCTYPE(word, word, word)(end)


def prepare(blas: bool) -> None:
    """Makes what calls of kernels need besides the kernels (those that use BLAS, or the others)."""
    entry_address()
    if blas:
        thread_functions()


def _entry_code(symbol: str, name: str, arity: int) -> int:
    def lowered() -> tuple[str, int]:
        from numba.core import types

        from . import entry_code

        return native.lower(getattr(entry_code, name), (types.intp,) * arity, symbol), 1

    return _address(symbol, lowered)


def _address(symbol: str, lower: Callable[[], tuple[str, int]] | None) -> int:
    if symbol not in _addresses:
        found = _kept(symbol)
        if found is None:
            if lower is None:
                raise KeyError(symbol)
            found = _compiled(symbol, lower)
        symbols = {name: address for name in found.needed if (address := _needed(name))}
        with _lock:
            if symbol not in _addresses:
                _addresses[symbol] = native.load(found.code, symbols, [symbol])[symbol]
    return _addresses[symbol]


class _Object(NamedTuple):
    """An object file, and the names of what it needs from elsewhere."""

    code: bytes
    needed: list[str]


def _kept(symbol: str) -> _Object | None:
    content = store.get(_entry_name(symbol))
    if content is None:
        return None
    names, _, code = content.partition(b"\n")
    return _Object(code, json.loads(names))


def _entry_name(symbol: str) -> str:
    return f"code {identity.code()} {symbol}"


def _compiled(symbol: str, lower: Callable[[], tuple[str, int]]) -> _Object:
    from numba.core.compiler_lock import global_compiler_lock

    # Numba's own lock comes first: whoever compiles a caller of a kernel holds it already.
    with global_compiler_lock:
        found = _kept(symbol)  # another thread may have been faster
        if found is None:
            text, speed = lower()
            found = _Object(*native.emit(text, [symbol], speed=speed))
            store.put(_entry_name(symbol), json.dumps(found.needed).encode() + b"\n" + found.code)
        return found


def _needed(name: str) -> int:
    """The address of what compiled code calls; 0 for functions of the C library."""
    if blas.is_symbol(name):
        return blas.address_of(name)
    routine = _routine(name)
    if routine:
        return _routine_address(*routine)
    if name.startswith("Py"):
        return ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value or 0
    return 0


def _routine(symbol: str) -> tuple[str, str] | None:
    """(name, dtype) of a routine's symbol, as `library.parse_symbol`, without the table of routines."""
    found = re.fullmatch(r"matgrad_(\w+)_(float64|float32)", symbol)
    return (found[1], found[2]) if found else None


def lower_kernel(name: str, text: str) -> str:
    """The LLVM text of the kernel that a source defines, as a C function of that name."""
    from numba import types

    scope: dict[str, Any] = {}
    linecache.cache[f"<{name}>"] = (len(text), None, text.splitlines(True), f"<{name}>")  # for `inspect`
    exec(compile(text, f"<{name}>", "exec"), scope)
    return native.lower(scope["kernel"], (types.CPointer(types.int64),), name)


def lower_routine(name: str, dtype: str, vector_bytes: int = 0) -> tuple[str, int]:
    """The LLVM text of a routine or part of the library, and the level of optimisation (`native.emit`) for it.

    It is for this computer's vectors, or for those of a width.
    """
    from numba.core import types

    from . import library

    kinds = library.parameters(name, getattr(types, dtype))
    text = native.lower(library.implementation(name), kinds, library.symbol(name, dtype), vector_bytes)
    return text, library.speed(name)


def c_function(address: int) -> Callable[[int], int]:
    """A kernel as a Python function of the table's address; it runs without the interpreter's lock."""
    return ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)(address)
