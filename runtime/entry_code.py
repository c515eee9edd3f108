"""The compiled doorway of kernels: from the arguments of a Python call to the address table, and back.

Enters: a call of a built-in function whose `self` is a descriptor (`entry.py`).  Leaves: the results, or whatever the
fallback returns or raises.  Always holds: an argument is used only if it is exactly what the kernel expects (type,
dtype, order, C-contiguous, aligned, sizes within the plan's limits); at the first that is not, the fallback, a Python
function, is called with all of them.  Not for: errors, which the fallback finds again and explains.

`enter` is compiled as kernels are (`lowering.py`). All of its values are machine words: addresses of Python objects,
which are read at the offsets of CPython's and NumPy's public structures (`entry.py` verifies these before it makes the
first doorway).
"""

from __future__ import annotations

from typing import Any

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
    FEW_OPERATIONS,
    FLOAT64_TYPE,
    FLOAT_TYPE,
    GET_THREADS,
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
    MOST_THREADS,
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
    SET_THREADS,
    SINGLE,
    SMALL,
    SMALL_WORDS,
    TEMPLATE,
    THREAD_STATE,
    TUPLE_TYPE,
    TYPE,
    TYPE_NUMBER,
)
from .words import (
    allocate,
    as_float,
    as_integer,
    call_kernel,
    clear_error,
    error,
    exchange,
    free,
    from_integer,
    get_threads,
    incref,
    narrow,
    new_array,
    new_tuple,
    peek,
    peek32,
    poke,
    release,
    restore_thread,
    save_thread,
    set_threads,
    stack,
    vectorcall,
)


def enter(self: Any, args: Any, count: Any, names: Any) -> Any:
    """The built-in function: (descriptor, argument vector, number of positional arguments, names of the others)."""
    d = peek(self + HEAD)
    fallback = peek(d + 8 * FALLBACK)
    if count != peek(d + 8 * COUNT):
        return vectorcall(fallback, args, count, names)
    out = 0
    if names != 0:
        if peek(names + HEAD) != 1 or peek(names + HEAD + 8) != peek(d + 8 * OUT_NAME):
            return vectorcall(fallback, args, count, names)
        out = peek(args + 8 * count)
        if out == peek(d + 8 * NONE):
            out = 0
    array_type = peek(d + 8 * ARRAY_TYPE)
    dtype = peek(d + 8 * DESCR)
    single = peek(d + 8 * SINGLE)
    table = stack(MOST_WORDS)
    template = d + 8 * peek(d + 8 * TEMPLATE)
    for k in range(peek(d + 8 * LENGTH)):
        poke(table + 8 * k, peek(template + 8 * k))

    # Arguments
    numbers = stack(MOST_ARGUMENTS)
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
                or peek32(argument + ARRAY_ORDER) != order
                or peek32(argument + ARRAY_FLAGS) & ALIGNED != ALIGNED
            ):
                return vectorcall(fallback, args, count, names)
            axes = peek(argument + ARRAY_SIZES)
            product = 1
            for j in range(order):
                size = peek(axes + 8 * j)
                if size < peek(limit) or size > peek(limit + 8):
                    return vectorcall(fallback, args, count, names)
                limit += 16
                poke(sizes + 8 * j, size)
                product *= size
            elements += product
            poke(address, peek(argument + HEAD))
            continue
        place = numbers + 8 * k
        poke(address, place)
        if found == peek(d + 8 * INT_TYPE):
            value = as_integer(argument)
            if value == -1 and error() != 0:
                clear_error()
                return vectorcall(fallback, args, count, names)
            if kind == INTEGER:
                poke(place, value)
            else:
                from_integer(value, place, single)
        elif kind == REAL and (found == peek(d + 8 * FLOAT_TYPE) or found == peek(d + 8 * FLOAT64_TYPE)):
            if single != 0:
                narrow(argument + HEAD, place)
            else:
                poke(address, argument + HEAD)
        else:
            return vectorcall(fallback, args, count, names)

    # Do the sizes fit together?  The kernel answers, and tells those of the outputs.
    kernel = peek(d + 8 * KERNEL)
    poke(table, 0)
    if call_kernel(kernel, table) != 0:
        return vectorcall(fallback, args, count, names)

    # Outputs
    objects = stack(MOST_OUTPUTS)
    cells = stack(MOST_OUTPUTS)
    outputs = d + 8 * peek(d + 8 * OUTPUTS)
    output_count = peek(d + 8 * OUTPUT_COUNT)
    if out != 0:
        wanted = 0
        for k in range(output_count):
            if peek(outputs + 24 * k) > 0:
                wanted += 1
        listed = peek(out + TYPE) == peek(d + 8 * TUPLE_TYPE)
        if wanted == 0 or (listed and peek(out + HEAD) != wanted) or (not listed and wanted != 1):
            return vectorcall(fallback, args, count, names)
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
                or peek32(given + ARRAY_ORDER) != order
                or peek32(given + ARRAY_FLAGS) & READY != READY
            ):
                return vectorcall(fallback, args, count, names)
            axes = peek(given + ARRAY_SIZES)
            sizes = table + 8 * peek(outputs + 24 * k + 16)
            length = 8 if single == 0 else 4
            for j in range(order):
                if peek(axes + 8 * j) != peek(sizes + 8 * j):
                    return vectorcall(fallback, args, count, names)
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
                    return vectorcall(fallback, args, count, names)
            for j in range(k):
                if peek(outputs + 24 * j) > 0:
                    other = peek(objects + 8 * j)
                    if start < peek(cells + 8 * j) and peek(other + HEAD) < start + length:
                        return vectorcall(fallback, args, count, names)
            poke(objects + 8 * k, given)
            poke(cells + 8 * k, start + length)
            poke(table + 8 * peek(outputs + 24 * k + 8), start)
    for k in range(output_count):
        order = peek(outputs + 24 * k)
        if order == 0:
            poke(table + 8 * peek(outputs + 24 * k + 8), cells + 8 * k)
        elif out == 0:
            sizes = table + 8 * peek(outputs + 24 * k + 16)
            made = new_array(peek(d + 8 * NEW), array_type, order, sizes, peek(d + 8 * TYPE_NUMBER))
            if made == 0:
                release(objects, outputs, k)
                return 0
            poke(objects + 8 * k, made)
            poke(table + 8 * peek(outputs + 24 * k + 8), peek(made + HEAD))

    # Workspace: on the stack when small, else a block that no other call has meanwhile.
    need = peek(table + 8 * peek(d + 8 * BYTES))
    pool = peek(d + 8 * POOL)
    power = 12
    block = stack(SMALL_WORDS)
    if need > SMALL:
        while (1 << power) < need:
            power += 1
        block = 0
        for k in range(POOL_SLOTS):
            if block == 0:
                block = exchange(pool + 8 * (power * POOL_SLOTS + k), 0)
        if block == 0:
            raw = allocate((1 << power) + 128)
            if raw == 0:
                if out == 0:
                    release(objects, outputs, output_count)
                return vectorcall(fallback, args, count, names)
            block = (raw + 127) & -64
            poke(block - 8, raw)
    poke(table, block)

    # The work, with fewer threads of BLAS where there is little (`threads.py`)
    operations = peek(table + 8 * peek(d + 8 * BYTES) + 8)
    most = 0
    if operations > 0 and peek(d + 8 * GET_THREADS) != 0:
        most = 1
        if operations >= peek(d + 8 * FEW_OPERATIONS):
            most = peek(d + 8 * MOST_THREADS)
    state = peek(d + 8 * THREAD_STATE)
    put = peek(d + 8 * SET_THREADS)
    if most != 0:
        if peek(state) == 0:
            before = get_threads(peek(d + 8 * GET_THREADS))
            poke(state + 8, before)
            poke(state + 16, before)
        if most < peek(state + 16):
            set_threads(put, most)
            poke(state + 16, most)
        poke(state, peek(state) + 1)
    if elements + (need >> 3) > LONG_WORK:
        thread = save_thread()
        status = call_kernel(kernel, table)
        restore_thread(thread)
    else:
        status = call_kernel(kernel, table)
    if most != 0:
        poke(state, peek(state) - 1)
        if peek(state) == 0 and peek(state + 16) < peek(state + 8):
            set_threads(put, peek(state + 8))
    if need > SMALL:
        if power <= LARGEST_KEPT:
            for k in range(POOL_SLOTS):
                if block != 0:
                    block = exchange(pool + 8 * (power * POOL_SLOTS + k), block)
        if block != 0:
            free(peek(block - 8))
    if status != 0:
        if out == 0:
            release(objects, outputs, output_count)
        return vectorcall(fallback, args, count, names)

    # Results
    for k in range(output_count):
        if peek(outputs + 24 * k) == 0:
            poke(objects + 8 * k, as_float(cells + 8 * k, single))
        elif out != 0:
            incref(peek(objects + 8 * k))
    program = d + 8 * peek(d + 8 * RESULT)
    values = stack(MOST_OUTPUTS)
    top = 0
    for k in range(peek(d + 8 * RESULT_LENGTH)):
        step = peek(program + 8 * k)
        if step >= 0:
            poke(values + 8 * top, peek(objects + 8 * step))
            top += 1
        else:
            made = new_tuple(-step)
            top += step
            for j in range(-step):
                poke(made + HEAD + 8 + 8 * j, peek(values + 8 * (top + j)))
            poke(values + 8 * top, made)
            top += 1
    return peek(values)


def fewer(state: Any, get: Any, put: Any, most: Any) -> Any:
    """Begins work with at most so many threads of BLAS, as `enter` does."""
    if peek(state) == 0:
        before = get_threads(get)
        poke(state + 8, before)
        poke(state + 16, before)
    if most < peek(state + 16):
        set_threads(put, most)
        poke(state + 16, most)
    poke(state, peek(state) + 1)
    return 0


def as_before(state: Any, put: Any) -> Any:
    """Ends it."""
    poke(state, peek(state) - 1)
    if peek(state) == 0 and peek(state + 16) < peek(state + 8):
        set_threads(put, peek(state + 8))
    return 0
