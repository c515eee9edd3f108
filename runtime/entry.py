"""Doorways: a kernel as a built-in function of Python, with some arguments fixed or none.

Enters: a kernel's address, its interface, fixed arguments, and a Python function for all calls that are not
the usual ones.  Leaves: a built-in function.  Always holds: it takes the remaining arguments positionally and
`out=`; a usual call (arrays that are C-contiguous and of the kernel's dtype, Python numbers) costs a fraction of a
microsecond; every other call goes to the fallback.  Not for: what happens in the compiled part (`entry_code.py`).
"""

from __future__ import annotations

import ctypes
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from ..compiler.kernel.layout import Layout
from . import build, threads
from . import entry_words as words
from .interface import Interface

Array = Any
Nest = Any  # the number of an output, or a tuple of nests: how the results are put together
Limits = Mapping[tuple[int, int], tuple[int, int]]  # (input, axis) -> smallest and largest size

_LARGEST = 2**62
_TESTED = ((3, 11), (3, 12), (3, 13))


def doorway(
    address: int,
    interface: Interface,
    layout: Layout,
    dtype: Any,
    fallback: Callable[..., Any],
    nest: Nest,
    fixed: Mapping[int, Array],
    limits: Limits,
) -> Callable[..., Any] | None:
    """The built-in function for a kernel at an address, or None where this Python or this kernel has none.

    `fixed` has arrays of the kernel's dtype, C-contiguous, by the number of their input (of order 0 for numbers).
    """
    free = [k for k in range(len(interface.inputs)) if k not in fixed]
    counts = (layout.length, len(free), len(interface.outputs))
    too_many = any(c > most for c, most in zip(counts, words.MOST, strict=True))
    if too_many or not _structures_as_expected():
        return None
    dtype = np.dtype(dtype)
    table = np.zeros(layout.length, np.int64)
    for k, array in fixed.items():
        table[layout.inputs[k]] = array.ctypes.data
        table[list(layout.input_sizes[k])] = array.shape
    sections: dict[int, list[int]] = {
        words.ARGUMENTS: [],
        words.LIMITS: [],
        words.INPUTS: [],
        words.OUTPUTS: [],
        words.RESULT: _steps(nest),
        words.TEMPLATE: table.tolist(),
    }
    for k in free:
        buffer = interface.inputs[k]
        kind = words.ARRAY if buffer.shape else (words.INTEGER if buffer.dtype == "int" else words.REAL)
        sizes = layout.input_sizes[k]
        sections[words.ARGUMENTS] += [kind, len(sizes), layout.inputs[k], sizes[0] if sizes else 0]
        for axis in range(len(sizes)):
            sections[words.LIMITS] += limits.get((k, axis), (0, _LARGEST))
    for sizes, place in zip(layout.input_sizes, layout.inputs, strict=True):
        sections[words.INPUTS] += [place, len(sizes), sizes[0] if sizes else 0]
    for sizes, place in zip(layout.output_sizes, layout.outputs, strict=True):
        sections[words.OUTPUTS] += [len(sizes), place, sizes[0] if sizes else 0]

    descriptor = np.zeros(words.HEADER + sum(map(len, sections.values())), np.int64)
    start = words.HEADER
    for word, section in sections.items():
        descriptor[word] = start
        descriptor[start : start + len(section)] = section
        start += len(section)
    get_threads, set_threads = threads.addresses() if interface.blas else (0, 0)
    values = {
        words.KERNEL: address,
        words.LENGTH: layout.length,
        words.COUNT: len(free),
        words.FALLBACK: id(fallback),
        words.ARRAY_TYPE: id(np.ndarray),
        words.DESCR: id(dtype),
        words.FLOAT_TYPE: id(float),
        words.FLOAT64_TYPE: id(np.float64),
        words.INT_TYPE: id(int),
        words.OUT_NAME: id(_OUT),
        words.NONE: id(None),
        words.TUPLE_TYPE: id(tuple),
        words.NEW: _numpy_function(93),
        words.TYPE_NUMBER: dtype.num,
        words.SINGLE: int(dtype == np.float32),
        words.BOUND_ELEMENTS: sum(a.size for a in fixed.values()),
        words.POOL: _pool().ctypes.data,
        words.INPUT_COUNT: len(interface.inputs),
        words.OUTPUT_COUNT: len(interface.outputs),
        words.RESULT_LENGTH: len(sections[words.RESULT]),
        words.BYTES: layout.bytes,
        words.GET_THREADS: get_threads,
        words.SET_THREADS: set_threads,
        words.THREAD_STATE: threads.state.ctypes.data,
        words.FEW_OPERATIONS: threads.FEW_OPERATIONS,
        words.MOST_THREADS: threads.most(),
    }
    for word, value in values.items():
        descriptor[word] = value
    return _builtin(descriptor, (fallback, dtype, *fixed.values()))


_OUT = "out"  # interned, as the names of keywords in calls are


def _steps(nest: Nest) -> list[int]:
    """The instructions that put the results together: k takes output k, -k makes a tuple of the last k objects."""
    if isinstance(nest, int):
        return [nest]
    return [step for part in nest for step in _steps(part)] + [-len(nest)]


class _MethodDef(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


_FASTCALL_KEYWORDS = 0x0080 | 0x0002


@cache
def _method() -> _MethodDef:
    return _MethodDef(b"kernel", build.entry_address(), _FASTCALL_KEYWORDS, None)


def _builtin(descriptor: Array, keep: Sequence[Any]) -> Callable[..., Any]:
    make = ctypes.pythonapi.PyCFunction_NewEx
    make.restype, make.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.py_object, ctypes.py_object]
    # The third argument is meant for the module's name, and is kept alive with the function.
    function: Callable[..., Any] = make(ctypes.addressof(_method()), descriptor, tuple(keep))
    return function


@cache
def _pool() -> Array:
    return np.zeros(words.POOL_CLASSES * words.POOL_SLOTS, np.int64)


@cache
def _numpy_function(index: int) -> int:
    """The address of a function of NumPy's C interface, by its fixed number (93: PyArray_New)."""
    capsule = np._core.multiarray._ARRAY_API  # type: ignore[attr-defined]
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    table = get(capsule, None)
    assert table is not None
    return int((ctypes.c_void_p * (index + 1)).from_address(table)[index] or 0)


@cache
def _structures_as_expected() -> bool:
    """Whether this is a Python that was tested, and objects look in it and in NumPy as `entry_words.py` says."""
    has_lock = getattr(sys, "_is_gil_enabled", lambda: True)()  # borrowed references need it
    if sys.implementation.name != "cpython" or sys.version_info[:2] not in _TESTED or not has_lock:
        return False
    if platform.machine() not in ("x86_64", "AMD64"):
        return False

    def word(address: int) -> int:
        return ctypes.c_int64.from_address(address).value

    def half(address: int) -> int:
        return ctypes.c_int32.from_address(address).value

    array, number, pair = np.zeros((3, 5)), 1.5, (None, number_key := 7.25)
    start = id(array)
    shape = word(start + words.ARRAY_SIZES)
    return (
        ctypes.sizeof(ctypes.c_void_p) == 8
        and word(start + words.TYPE) == id(np.ndarray)
        and word(start + words.HEAD) == array.ctypes.data
        and half(start + words.ARRAY_ORDER) == 2
        and (word(shape), word(shape + 8)) == (3, 5)
        and word(start + words.ARRAY_DESCR) == id(np.dtype(np.float64))
        and half(start + words.ARRAY_FLAGS) & words.READY == words.READY
        and ctypes.c_double.from_address(id(number) + words.HEAD).value == number
        and ctypes.c_double.from_address(id(np.float64(number)) + words.HEAD).value == number
        and word(id(pair) + words.HEAD) == 2
        and word(id(pair) + words.HEAD + 16) == id(number_key)
    )
