"""What functions that call kernels from Numba code are written with (`njit_text.py` writes them).

Enters: arguments of Numba code.  Leaves: intrinsics: checks at compile time, the address table on the stack, the call
of a kernel.  Always holds: nothing calls into Python; a kernel's address never gets into Numba's cache on disk (Numba
sees that the code depends on this process).  Not for: kernels (`intrinsics.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.core.imputils import impl_ret_borrowed

from .intrinsics import intrinsic

_WORD = ir.IntType(64)
_addresses: list[Callable[[], int]] = []


def token(address: Callable[[], int]) -> int:
    """The number of a kernel, for `call`; its address is asked for when code that calls it is compiled."""
    _addresses.append(address)
    return len(_addresses) - 1


def _literal(*kinds: Any) -> bool:
    """Whether the types are those of constants: Numba asks for a type without them again, after a refusal."""
    return all(isinstance(kind, types.Literal) for kind in kinds)


def _refuse(name: str, needed: str, found: Any) -> TypingError:
    return TypingError(f"{name} must be {needed}, found is {found}")


def is_real(kind: Any) -> bool:
    """Whether a Numba type is that of a real number."""
    return isinstance(kind, types.Integer | types.Float | types.Boolean)


def _array_typer(name: Any, order: Any, real: Any, x: Any) -> Any:
    wanted, ndim = real.instance_type, order.literal_value
    kinds = ("a number", "a vector", "a matrix")
    if not isinstance(x, types.Array) or x.ndim != ndim or not is_real(x.dtype):
        what = kinds[ndim] if ndim < 3 else f"an array of {ndim} dimensions"
        raise _refuse(name.literal_value, f"{what} of {wanted}", x)
    return types.Array(wanted, ndim, "C")


@intrinsic
def as_array(context: Any, name: Any, order: Any, real: Any, x: Any) -> Any:
    """The argument as a C-contiguous array of reals; a copy only where it is not one already."""
    if not _literal(name, order):
        return None
    result = _array_typer(name, order, real, x)
    fits = x.dtype == result.dtype and x.layout == "C" and x.aligned
    if fits:
        result = x
    dtype = np.dtype(str(result.dtype))

    def copied(x: Any) -> Any:
        return np.ascontiguousarray(x.astype(dtype))

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if fits:
            return impl_ret_borrowed(context, builder, sig.return_type, args[3])
        return context.compile_internal(builder, copied, result(x), [args[3]])

    return result(name, order, real, x), generate


@intrinsic
def as_number(context: Any, name: Any, real: Any, x: Any) -> Any:
    """The argument as a real number."""
    if not _literal(name):
        return None
    if not is_real(x):
        raise _refuse(name.literal_value, "a number", x)
    result = real.instance_type

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return context.cast(builder, args[2], sig.args[2], result)

    return result(name, real, types.unliteral(x)), generate


@intrinsic
def as_integer(context: Any, name: Any, x: Any) -> Any:
    """The argument as an integer."""
    if not _literal(name):
        return None
    if not isinstance(x, types.Integer):
        raise _refuse(name.literal_value, "an integer", x)

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return context.cast(builder, args[1], sig.args[1], types.int64)

    return types.int64(name, types.unliteral(x)), generate


@intrinsic
def stack(context: Any, count: Any) -> Any:
    """`count` integers on the stack, all 0, at a multiple of 64; it is taken once, also in a loop."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        place = cgutils.alloca_once(builder, ir.ArrayType(_WORD, count.literal_value))
        place.align = 64
        return builder.bitcast(place, _WORD.as_pointer())

    return types.CPointer(types.int64)(count), generate


@intrinsic
def data(context: Any, x: Any) -> Any:
    """The address of an array's elements."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.ptrtoint(context.make_array(x)(context, builder, args[0]).data, _WORD)

    return types.int64(x), generate


@intrinsic
def place(context: Any, memory: Any, index: Any) -> Any:
    """The address of an integer on the stack."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.ptrtoint(builder.gep(args[0], [args[1]]), _WORD)

    return types.int64(memory, types.intp), generate


@intrinsic
def put(context: Any, memory: Any, index: Any, value: Any) -> Any:
    """Stores a number in the place of an integer on the stack."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        builder.store(args[2], builder.bitcast(builder.gep(args[0], [args[1]]), args[2].type.as_pointer()))
        return context.get_dummy_value()

    return types.none(memory, types.intp, value), generate


@intrinsic
def get(context: Any, memory: Any, index: Any, real: Any) -> Any:
    """The number of type `real` in the place of an integer on the stack, as a float64."""
    kind = real.instance_type

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        start = builder.gep(args[0], [args[1]])
        value = builder.load(builder.bitcast(start, context.get_value_type(kind).as_pointer()))
        return context.cast(builder, value, kind, types.float64)

    return types.float64(memory, types.intp, real), generate


def _constant(context: Any, builder: Any, address: int, name: str) -> Any:
    return builder.ptrtoint(context.add_dynamic_addr(builder, address, info=name), _WORD)


@intrinsic
def at(context: Any, address: Any) -> Any:
    """An address that is known when the code is compiled (of data that are kept)."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _constant(context, builder, address.literal_value, "matgrad_data")

    return types.int64(address), generate


@intrinsic
def call(context: Any, kernel: Any, table: Any) -> Any:
    """Calls the kernel of a token with an address table, and returns its status."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        address = _constant(context, builder, _addresses[kernel.literal_value](), "matgrad_kernel")
        function = ir.FunctionType(_WORD, [_WORD.as_pointer()])
        return builder.call(builder.inttoptr(address, function.as_pointer()), [args[1]])

    return types.int64(kernel, table), generate


@intrinsic
def address_of(context: Any, pointer: Any) -> Any:
    """A pointer as an integer."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.ptrtoint(args[0], _WORD)

    return types.int64(pointer), generate
