"""From a kernel's source to its address: compiled once, kept on disk, loaded with what it calls.

Enters: the text of a module with one function `kernel(table)`, or the name of a library routine.  Leaves: addresses.
Always holds: a function is compiled at most once per cache folder, whatever the number of processes and programs.
Not for: the calling convention (`compiler/kernel/layout.py`).
"""

from __future__ import annotations

import ctypes
import hashlib
import linecache
import threading
from collections.abc import Callable
from typing import Any

from . import blas, library, native, store

_lock = threading.RLock()
_addresses: dict[str, int] = {}


def kernel_address(text: str) -> int:
    """The address of the C function `int64 kernel(int64 *table)` of a kernel's source."""
    name = _kernel_name(text)
    return _address(name, text, lambda: lower_kernel(name, text))


def is_kept(text: str) -> bool:
    """Whether a kernel's source needs no compiling: it was compiled before, in this process or in another one."""
    return _kernel_name(text) in _addresses or store.get(text) is not None


def _kernel_name(text: str) -> str:
    return "matgrad_kernel_" + hashlib.sha256(text.encode()).hexdigest()[:24]


def _routine_address(name: str, dtype: str) -> int:
    symbol = library.symbol(name, dtype)
    return _address(symbol, symbol, lambda: lower_routine(name, dtype))


def entry_address() -> int:
    """The address of the compiled doorway (`entry_code.enter`)."""
    head = object.__basicsize__  # differs between builds of Python
    return _entry_code(f"matgrad_enter_{head}", "enter", 4)


def thread_functions() -> tuple[Callable[[int, int, int], int], Callable[[int, int], int]]:
    """`quiet` and `loud` of `entry_code.py` as functions that keep the interpreter's lock."""
    begin, end = _entry_code("matgrad_quiet", "quiet", 3), _entry_code("matgrad_loud", "loud", 2)
    word = ctypes.c_int64
    return ctypes.PYFUNCTYPE(word, word, word, word)(begin), ctypes.PYFUNCTYPE(word, word, word)(end)


def _entry_code(symbol: str, name: str, arity: int) -> int:
    def lowered() -> str:
        from numba.core import types

        from . import entry_code

        return native.lower(getattr(entry_code, name), (types.intp,) * arity, symbol)

    return _address(symbol, symbol, lowered, speed=1)


def _address(symbol: str, text: str, lower: Callable[[], str], speed: int = 3) -> int:
    if symbol not in _addresses:
        entry = store.get(text) or _compiled(symbol, text, lower, speed)
        symbols = {name: found for name in entry.needed if (found := _needed(name))}
        with _lock:
            if symbol not in _addresses:
                _addresses[symbol] = native.load(entry.code, symbols, [symbol])[symbol]
    return _addresses[symbol]


def _compiled(symbol: str, text: str, lower: Callable[[], str], speed: int) -> store.Entry:
    from numba.core.compiler_lock import global_compiler_lock

    # Numba's own lock comes first: whoever compiles a caller of a kernel holds it already.
    with global_compiler_lock:
        entry = store.get(text)  # another thread may have been faster
        if entry is None:
            code, needed = native.emit(lower(), [symbol], speed=speed)
            entry = store.Entry(code, tuple(needed))
            store.put(text, entry)
        return entry


def _needed(name: str) -> int:
    """The address of what compiled code calls; 0 for functions of the C library."""
    if blas.is_symbol(name):
        return blas.address_of(name)
    routine = library.parse_symbol(name)
    if routine:
        return _routine_address(*routine)
    if name.startswith("Py"):
        return ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value or 0
    return 0


def lower_kernel(name: str, text: str) -> str:
    """The LLVM text of the kernel that a source defines, as a C function of that name."""
    from numba import types

    scope: dict[str, Any] = {}
    linecache.cache[f"<{name}>"] = (len(text), None, text.splitlines(True), f"<{name}>")  # for `inspect`
    exec(compile(text, f"<{name}>", "exec"), scope)
    return native.lower(scope["kernel"], (types.CPointer(types.int64),), name)


def lower_routine(name: str, dtype: str) -> str:
    """The LLVM text of a routine of the library."""
    from numba.core import types

    from ..compiler.kernel.routines import ROUTINES

    kinds = library.parameters(ROUTINES[name], getattr(types, dtype))
    return native.lower(library.implementation(name), kinds, library.symbol(name, dtype))


def c_function(address: int) -> Callable[[int], int]:
    """A kernel as a Python function of the table's address; it runs without the interpreter's lock."""
    return ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)(address)
