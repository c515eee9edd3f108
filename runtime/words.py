"""Machine words: memory, the stack, and Python's C interface, for `entry_code.py`.

Enters: addresses.  Leaves: Numba intrinsics of integers of 64 bits.  Always holds: nothing is checked; an object is its
address.  Not for: kernels.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types

from .intrinsics import intrinsic, intrinsic_of_arity

WORD = ir.IntType(64)


def _words(arity: int, body: Any) -> Any:
    """The intrinsic of `arity` words that `body(builder, *words)` generates."""

    def typer(context: Any, *operands: Any) -> Any:
        def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            return body(builder, *args)

        return types.intp(*[types.intp] * arity), generate

    return intrinsic_of_arity(typer, arity)


def _at(builder: Any, address: Any, kind: Any) -> Any:
    return builder.inttoptr(address, kind.as_pointer())


def _python(name: str, arity: int, result: Any = WORD) -> Any:
    """A function of Python's C interface on words; void and int results become words too."""

    def body(builder: Any, *args: Any) -> Any:
        function = builder.module.globals.get(name)
        if function is None:
            function = ir.Function(builder.module, ir.FunctionType(result, [WORD] * arity), name)
        value = builder.call(function, args)
        return WORD(0) if isinstance(result, ir.VoidType) else value

    return _words(arity, body)


vectorcall = _python("PyObject_Vectorcall", 4)
new_tuple = _python("PyTuple_New", 1)
as_integer = _python("PyLong_AsLongLong", 1)
error = _python("PyErr_Occurred", 0)
clear_error = _python("PyErr_Clear", 0, ir.VoidType())
incref = _python("Py_IncRef", 1, ir.VoidType())
allocate = _python("PyMem_RawMalloc", 1)
free = _python("PyMem_RawFree", 1, ir.VoidType())
save_thread = _python("PyEval_SaveThread", 0)
restore_thread = _python("PyEval_RestoreThread", 1, ir.VoidType())

peek = _words(1, lambda b, a: b.load(_at(b, a, WORD)))
peek32 = _words(1, lambda b, a: b.zext(b.load(_at(b, a, ir.IntType(32))), WORD))


def _poke_body(builder: Any, address: Any, value: Any) -> Any:
    builder.store(value, _at(builder, address, WORD))
    return WORD(0)


poke = _words(2, _poke_body)


def _exchange_body(builder: Any, address: Any, value: Any) -> Any:
    return builder.atomic_rmw("xchg", _at(builder, address, WORD), value, "seq_cst")


exchange = _words(2, _exchange_body)


def _call_body(builder: Any, address: Any, table: Any) -> Any:
    function = ir.FunctionType(WORD, [WORD])
    return builder.call(_at(builder, address, function), [table])


call_kernel = _words(2, _call_body)


def _get_threads_body(builder: Any, function: Any) -> Any:
    signature = ir.FunctionType(ir.IntType(32), [])
    return builder.sext(builder.call(_at(builder, function, signature), []), WORD)


get_threads = _words(1, _get_threads_body)


def _set_threads_body(builder: Any, function: Any, count: Any) -> Any:
    signature = ir.FunctionType(ir.VoidType(), [ir.IntType(32)])
    builder.call(_at(builder, function, signature), [builder.trunc(count, ir.IntType(32))])
    return WORD(0)


set_threads = _words(2, _set_threads_body)


def _new_array_body(builder: Any, function: Any, kind: Any, order: Any, sizes: Any, number: Any) -> Any:
    i32 = ir.IntType(32)
    signature = ir.FunctionType(WORD, [WORD, i32, WORD, i32, WORD, WORD, i32, i32, WORD])
    zero, none = WORD(0), i32(0)
    numbers = builder.trunc(order, i32), builder.trunc(number, i32)
    arguments = [kind, numbers[0], sizes, numbers[1], zero, zero, none, none, zero]
    return builder.call(_at(builder, function, signature), arguments)


new_array = _words(5, _new_array_body)


def _as_float_body(builder: Any, address: Any, single: Any) -> Any:
    """A Python float of the number at an address."""
    name = "PyFloat_FromDouble"
    function = builder.module.globals.get(name)
    if function is None:
        function = ir.Function(builder.module, ir.FunctionType(WORD, [ir.DoubleType()]), name)
    short = builder.fpext(builder.load(_at(builder, address, ir.FloatType())), ir.DoubleType())
    # Eight bytes can be read in both cases: the number stands in a word of the stack.
    value = builder.select(
        builder.icmp_signed("!=", single, WORD(0)), short, builder.load(_at(builder, address, ir.DoubleType()))
    )
    return builder.call(function, [value])


as_float = _words(2, _as_float_body)


def _narrow_body(builder: Any, source: Any, target: Any) -> Any:
    """Stores the double at `source` as a float at `target`."""
    value = builder.load(_at(builder, source, ir.DoubleType()))
    builder.store(builder.fptrunc(value, ir.FloatType()), _at(builder, target, ir.FloatType()))
    return WORD(0)


narrow = _words(2, _narrow_body)


def _from_integer_body(builder: Any, value: Any, target: Any, single: Any) -> Any:
    """Stores an integer as a number of the kernel's dtype."""
    is_single = builder.icmp_signed("!=", single, WORD(0))
    with builder.if_else(is_single) as (yes, no):
        with yes:
            builder.store(builder.sitofp(value, ir.FloatType()), _at(builder, target, ir.FloatType()))
        with no:
            builder.store(builder.sitofp(value, ir.DoubleType()), _at(builder, target, ir.DoubleType()))
    return WORD(0)


from_integer = _words(3, _from_integer_body)


def _release_body(builder: Any, objects: Any, outputs: Any, count: Any) -> Any:
    """Drops the arrays among the first `count` outputs."""
    function = builder.module.globals.get("Py_DecRef")
    if function is None:
        function = ir.Function(builder.module, ir.FunctionType(ir.VoidType(), [WORD]), "Py_DecRef")
    with cgutils.for_range(builder, count) as loop:
        order = builder.load(_at(builder, builder.add(outputs, builder.mul(loop.index, WORD(24))), WORD))
        with builder.if_then(builder.icmp_signed(">", order, WORD(0))):
            place = builder.add(objects, builder.mul(loop.index, WORD(8)))
            builder.call(function, [builder.load(_at(builder, place, WORD))])
    return WORD(0)


release = _words(3, _release_body)


@intrinsic
def stack(context: Any, count: Any) -> Any:
    """The address of `count` words on the stack, at a multiple of 64."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        place = cgutils.alloca_once(builder, ir.ArrayType(WORD, count.literal_value))
        place.align = 64
        return builder.ptrtoint(place, WORD)

    return types.intp(count), generate
