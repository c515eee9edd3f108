"""The compiled doorway of kernels: from the arguments of a Python call to the address table, and back.

Enters: a call of a built-in function whose `self` is a descriptor (`entry.py`).  Leaves: the results, or whatever
the fallback returns or raises.  Always holds: an argument is used only if it is exactly what the kernel expects (type,
dtype, order, C-contiguous, aligned, sizes within the plan's limits); at the first that is not, the fallback, a Python
function, is called with all of them.  Not for: errors, which the fallback finds again and explains.

`enter` is compiled by Numba, but all of its values are machine words: addresses of Python objects, which are read at the
offsets of CPython's and NumPy's public structures (`entry.py` verifies these before it makes the first doorway).
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from .entry_words import (
    ALIGNED,
    ARGUMENTS,
    ARRAY,
    ARRAY_DESCR,
    ARRAY_FLAGS,
    ARRAY_ORDER,
    ARRAY_SIZES,
    ARRAY_TYPE,
    BOUND_ELEMENTS,
    BYTES,
    COUNT,
    DESCR,
    FALLBACK,
    FLOAT64_TYPE,
    FLOAT_TYPE,
    HEAD,
    INPUT_COUNT,
    INPUTS,
    INT_TYPE,
    INTEGER,
    KERNEL,
    LARGEST_KEPT,
    LENGTH,
    LIMITS,
    LONG_WORK,
    MOST_ARGUMENTS,
    MOST_OUTPUTS,
    MOST_WORDS,
    NEW,
    NONE,
    OUT_NAME,
    OUTPUT_COUNT,
    OUTPUTS,
    POOL,
    POOL_SLOTS,
    READY,
    REAL,
    RESULT,
    RESULT_LENGTH,
    SINGLE,
    SMALL,
    SMALL_WORDS,
    TEMPLATE,
    TUPLE_TYPE,
    TYPE,
    TYPE_NUMBER,
)

WORD = ir.IntType(64)

def _intrinsic(arity: int, body: Any, result: Any = types.intp, integers: bool = True) -> Any:
    names = ", ".join(f"a{k}" for k in range(arity))

    def typer(context: Any, *operands: Any) -> Any:
        def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            return body(builder, *args)

        return result(*([types.intp] * arity if integers else operands)), generate

    scope: dict[str, Any] = {"typer": typer}
    exec(f"def call(context, {names}):\n    return typer(context, {names})", scope)
    return intrinsic(scope["call"])


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

    return _intrinsic(arity, body)


_vectorcall = _python("PyObject_Vectorcall", 4)
_new_tuple = _python("PyTuple_New", 1)
_as_integer = _python("PyLong_AsLongLong", 1)
_error = _python("PyErr_Occurred", 0)
_clear_error = _python("PyErr_Clear", 0, ir.VoidType())
_incref = _python("Py_IncRef", 1, ir.VoidType())
_allocate = _python("PyMem_RawMalloc", 1)
_free = _python("PyMem_RawFree", 1, ir.VoidType())
_save_thread = _python("PyEval_SaveThread", 0)
_restore_thread = _python("PyEval_RestoreThread", 1, ir.VoidType())

peek = _intrinsic(1, lambda b, a: b.load(_at(b, a, WORD)))
_peek32 = _intrinsic(1, lambda b, a: b.zext(b.load(_at(b, a, ir.IntType(32))), WORD))


def _poke_body(builder: Any, address: Any, value: Any) -> Any:
    builder.store(value, _at(builder, address, WORD))
    return WORD(0)


_poke = _intrinsic(2, _poke_body)


def _exchange_body(builder: Any, address: Any, value: Any) -> Any:
    return builder.atomic_rmw("xchg", _at(builder, address, WORD), value, "seq_cst")


_exchange = _intrinsic(2, _exchange_body)


def _call_body(builder: Any, address: Any, table: Any) -> Any:
    function = ir.FunctionType(WORD, [WORD])
    return builder.call(_at(builder, address, function), [table])


_call_kernel = _intrinsic(2, _call_body)


def _new_array_body(builder: Any, function: Any, kind: Any, order: Any, sizes: Any, number: Any) -> Any:
    i32 = ir.IntType(32)
    signature = ir.FunctionType(WORD, [WORD, i32, WORD, i32, WORD, WORD, i32, i32, WORD])
    zero, none = WORD(0), i32(0)
    numbers = builder.trunc(order, i32), builder.trunc(number, i32)
    arguments = [kind, numbers[0], sizes, numbers[1], zero, zero, none, none, zero]
    return builder.call(_at(builder, function, signature), arguments)


_new_array = _intrinsic(5, _new_array_body)


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


_as_float = _intrinsic(2, _as_float_body)


def _narrow_body(builder: Any, source: Any, target: Any) -> Any:
    """Stores the double at `source` as a float at `target`."""
    value = builder.load(_at(builder, source, ir.DoubleType()))
    builder.store(builder.fptrunc(value, ir.FloatType()), _at(builder, target, ir.FloatType()))
    return WORD(0)


_narrow = _intrinsic(2, _narrow_body)


def _from_integer_body(builder: Any, value: Any, target: Any, single: Any) -> Any:
    """Stores an integer as a number of the kernel's dtype."""
    is_single = builder.icmp_signed("!=", single, WORD(0))
    with builder.if_else(is_single) as (yes, no):
        with yes:
            builder.store(builder.sitofp(value, ir.FloatType()), _at(builder, target, ir.FloatType()))
        with no:
            builder.store(builder.sitofp(value, ir.DoubleType()), _at(builder, target, ir.DoubleType()))
    return WORD(0)


_from_integer = _intrinsic(3, _from_integer_body)


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


_release = _intrinsic(3, _release_body)


@intrinsic(prefer_literal=True)
def _stack(context: Any, count: Any) -> Any:
    """The address of `count` words on the stack, at a multiple of 64."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        place = cgutils.alloca_once(builder, ir.ArrayType(WORD, count.literal_value))
        place.align = 64
        return builder.ptrtoint(place, WORD)

    return types.intp(count), generate


def enter(self: Any, args: Any, count: Any, names: Any) -> Any:
    """The built-in function: (descriptor, argument vector, number of positional arguments, names of the others)."""
    d = peek(self + HEAD)
    fallback = peek(d + 8 * FALLBACK)
    if count != peek(d + 8 * COUNT):
        return _vectorcall(fallback, args, count, names)
    out = 0
    if names != 0:
        if peek(names + HEAD) != 1 or peek(names + HEAD + 8) != peek(d + 8 * OUT_NAME):
            return _vectorcall(fallback, args, count, names)
        out = peek(args + 8 * count)
        if out == peek(d + 8 * NONE):
            out = 0
    array_type = peek(d + 8 * ARRAY_TYPE)
    dtype = peek(d + 8 * DESCR)
    single = peek(d + 8 * SINGLE)
    table = _stack(MOST_WORDS)
    template = d + 8 * peek(d + 8 * TEMPLATE)
    for k in range(peek(d + 8 * LENGTH)):
        _poke(table + 8 * k, peek(template + 8 * k))

    # Arguments
    numbers = _stack(MOST_ARGUMENTS)
    elements = peek(d + 8 * BOUND_ELEMENTS)
    spec = d + 8 * peek(d + 8 * ARGUMENTS)
    limit = d + 8 * peek(d + 8 * LIMITS)
    for k in range(count):
        argument = peek(args + 8 * k)
        kind = peek(spec)
        order = peek(spec + 8)
        address = table + 8 * peek(spec + 16)
        sizes = table + 8 * peek(spec + 24)
        spec += 32
        found = peek(argument + TYPE)
        if kind == ARRAY:
            if (
                found != array_type
                or peek(argument + ARRAY_DESCR) != dtype
                or _peek32(argument + ARRAY_ORDER) != order
                or _peek32(argument + ARRAY_FLAGS) & ALIGNED != ALIGNED
            ):
                return _vectorcall(fallback, args, count, names)
            axes = peek(argument + ARRAY_SIZES)
            product = 1
            for j in range(order):
                size = peek(axes + 8 * j)
                if size < peek(limit) or size > peek(limit + 8):
                    return _vectorcall(fallback, args, count, names)
                limit += 16
                _poke(sizes + 8 * j, size)
                product *= size
            elements += product
            _poke(address, peek(argument + HEAD))
            continue
        place = numbers + 8 * k
        _poke(address, place)
        if found == peek(d + 8 * INT_TYPE):
            value = _as_integer(argument)
            if value == -1 and _error() != 0:
                _clear_error()
                return _vectorcall(fallback, args, count, names)
            if kind == INTEGER:
                _poke(place, value)
            else:
                _from_integer(value, place, single)
        elif kind == REAL and (found == peek(d + 8 * FLOAT_TYPE) or found == peek(d + 8 * FLOAT64_TYPE)):
            if single != 0:
                _narrow(argument + HEAD, place)
            else:
                _poke(address, argument + HEAD)
        else:
            return _vectorcall(fallback, args, count, names)

    # Do the sizes fit together?  The kernel answers, and tells those of the outputs.
    kernel = peek(d + 8 * KERNEL)
    _poke(table, 0)
    if _call_kernel(kernel, table) != 0:
        return _vectorcall(fallback, args, count, names)

    # Outputs
    objects = _stack(MOST_OUTPUTS)
    cells = _stack(MOST_OUTPUTS)
    outputs = d + 8 * peek(d + 8 * OUTPUTS)
    output_count = peek(d + 8 * OUTPUT_COUNT)
    if out != 0:
        wanted = 0
        for k in range(output_count):
            if peek(outputs + 24 * k) > 0:
                wanted += 1
        listed = peek(out + TYPE) == peek(d + 8 * TUPLE_TYPE)
        if wanted == 0 or (listed and peek(out + HEAD) != wanted) or (not listed and wanted != 1):
            return _vectorcall(fallback, args, count, names)
        item = 0
        for k in range(output_count):
            order = peek(outputs + 24 * k)
            if order == 0:
                continue
            given = peek(out + HEAD + 8 + 8 * item) if listed else out
            item += 1
            if (
                peek(given + TYPE) != array_type
                or peek(given + ARRAY_DESCR) != dtype
                or _peek32(given + ARRAY_ORDER) != order
                or _peek32(given + ARRAY_FLAGS) & READY != READY
            ):
                return _vectorcall(fallback, args, count, names)
            axes = peek(given + ARRAY_SIZES)
            sizes = table + 8 * peek(outputs + 24 * k + 16)
            length = 8 if single == 0 else 4
            for j in range(order):
                if peek(axes + 8 * j) != peek(sizes + 8 * j):
                    return _vectorcall(fallback, args, count, names)
                length *= peek(axes + 8 * j)
            start = peek(given + HEAD)
            # An output that overlaps an argument or another output is the fallback's business.
            inputs = d + 8 * peek(d + 8 * INPUTS)
            for j in range(peek(d + 8 * INPUT_COUNT)):
                other = peek(table + 8 * peek(inputs + 24 * j))
                sizes = table + 8 * peek(inputs + 24 * j + 16)
                extent = 8 if single == 0 else 4
                for q in range(peek(inputs + 24 * j + 8)):
                    extent *= peek(sizes + 8 * q)
                if start < other + extent and other < start + length:
                    return _vectorcall(fallback, args, count, names)
            for j in range(k):
                if peek(outputs + 24 * j) > 0:
                    other = peek(objects + 8 * j)
                    if start < peek(cells + 8 * j) and peek(other + HEAD) < start + length:
                        return _vectorcall(fallback, args, count, names)
            _poke(objects + 8 * k, given)
            _poke(cells + 8 * k, start + length)
            _poke(table + 8 * peek(outputs + 24 * k + 8), start)
    for k in range(output_count):
        order = peek(outputs + 24 * k)
        if order == 0:
            _poke(table + 8 * peek(outputs + 24 * k + 8), cells + 8 * k)
        elif out == 0:
            sizes = table + 8 * peek(outputs + 24 * k + 16)
            made = _new_array(peek(d + 8 * NEW), array_type, order, sizes, peek(d + 8 * TYPE_NUMBER))
            if made == 0:
                _release(objects, outputs, k)
                return 0
            _poke(objects + 8 * k, made)
            _poke(table + 8 * peek(outputs + 24 * k + 8), peek(made + HEAD))

    # Workspace: on the stack when small, else a block that no other call has meanwhile.
    need = peek(table + 8 * peek(d + 8 * BYTES))
    pool = peek(d + 8 * POOL)
    power = 12
    block = _stack(SMALL_WORDS)
    if need > SMALL:
        while (1 << power) < need:
            power += 1
        block = 0
        for k in range(POOL_SLOTS):
            if block == 0:
                block = _exchange(pool + 8 * (power * POOL_SLOTS + k), 0)
        if block == 0:
            raw = _allocate((1 << power) + 128)
            if raw == 0:
                if out == 0:
                    _release(objects, outputs, output_count)
                return _vectorcall(fallback, args, count, names)
            block = (raw + 127) & -64
            _poke(block - 8, raw)
    _poke(table, block)

    # The work
    if elements + (need >> 3) > LONG_WORK:
        thread = _save_thread()
        status = _call_kernel(kernel, table)
        _restore_thread(thread)
    else:
        status = _call_kernel(kernel, table)
    if need > SMALL:
        if power <= LARGEST_KEPT:
            for k in range(POOL_SLOTS):
                if block != 0:
                    block = _exchange(pool + 8 * (power * POOL_SLOTS + k), block)
        if block != 0:
            _free(peek(block - 8))
    if status != 0:
        if out == 0:
            _release(objects, outputs, output_count)
        return _vectorcall(fallback, args, count, names)

    # Results
    for k in range(output_count):
        if peek(outputs + 24 * k) == 0:
            _poke(objects + 8 * k, _as_float(cells + 8 * k, single))
        elif out != 0:
            _incref(peek(objects + 8 * k))
    program = d + 8 * peek(d + 8 * RESULT)
    values = _stack(MOST_OUTPUTS)
    top = 0
    for k in range(peek(d + 8 * RESULT_LENGTH)):
        step = peek(program + 8 * k)
        if step >= 0:
            _poke(values + 8 * top, peek(objects + 8 * step))
            top += 1
        else:
            made = _new_tuple(-step)
            top += step
            for j in range(-step):
                _poke(made + HEAD + 8 + 8 * j, peek(values + 8 * (top + j)))
            _poke(values + 8 * top, made)
            top += 1
    return peek(values)
