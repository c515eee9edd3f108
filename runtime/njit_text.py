"""The text of a function for Numba that calls a kernel: from arguments to the address table, and from it to results.

Enters: a kernel program, the dtype, and which inputs are fixed.  Leaves: Python source of one function.  Always
holds: it is written with the names of `njit_code.py`, `np`, `real`, `ShapeError` and `DomainError`; what does not fit
raises. Not for: compiling it.
"""

from __future__ import annotations

import builtins
import json
import keyword
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..compiler.kernel.layout import layout
from ..compiler.kernel.program import Program, Require

NAMES = ("as_array", "as_integer", "as_number", "at", "call", "data", "get", "place", "put", "stack")
_RESERVED = {*NAMES, *keyword.kwlist, *dir(builtins), "np", "real", "ShapeError", "DomainError"}
_SMALL = 512  # words of workspace that are taken on the stack


def identifiers(names: Sequence[str], taken: set[str]) -> list[str]:
    """A Python identifier for each name; they become `taken`."""
    found = []
    for name in names:
        wish = base = re.sub(r"\W", "_", name)
        k = 2
        while wish in taken or not wish.isidentifier():
            wish, k = f"{base}_{k}" if base.isidentifier() else f"_{base}_{k}", k + 1
        taken.add(wish)
        found.append(wish)
    return found


def caller_text(
    name: str,
    program: Program,
    nest: Any,
    kernel: str,
    fixed: Mapping[int, Any] | None = None,
    docstring: Sequence[str] = (),
) -> str:
    """The function `name` of the inputs that are not `fixed` (arrays by the number of their input).

    `kernel` is the name of the kernel's token; `nest` is that of `Kernel`; `docstring` has the lines of one.
    """
    fixed = fixed or {}
    places = layout(program)
    taken = {*_RESERVED, name, kernel}
    parameters = identifiers([b.name for b in program.inputs], taken)
    table, numbers, status, work, block = identifiers(["table", "numbers", "status", "work", "block"], taken)
    outputs = identifiers([b.name for b in program.outputs], taken)
    free = [p for k, p in enumerate(parameters) if k not in fixed]
    lines = [f"def {name}({', '.join(free)}):"]
    lines += docstring
    body: list[str] = [f"{table} = stack({places.length})", f"{numbers} = stack({len(parameters) + len(outputs)})"]
    arrays: list[str] = []
    for k, (buffer, identifier) in enumerate(zip(program.inputs, parameters, strict=True)):
        slot, sizes = places.inputs[k], places.input_sizes[k]
        if k in fixed:
            array = np.asarray(fixed[k])
            body.append(f"{table}[{slot}] = at({array.ctypes.data})  # {buffer.name}")
            body += [f"{table}[{size}] = {n}" for size, n in zip(sizes, array.shape, strict=True)]
        elif buffer.shape:
            (made,) = identifiers([identifier + "_"], taken)
            body.append(f'{made} = as_array("{identifier}", {len(buffer.shape)}, real, {identifier})')
            body.append(f"{table}[{slot}] = data({made})")
            body += [f"{table}[{size}] = {made}.shape[{axis}]" for axis, size in enumerate(sizes)]
            arrays.append(made)
        else:
            convert = f'as_integer("{identifier}", ' if buffer.dtype == "int" else f'as_number("{identifier}", real, '
            body.append(f"put({numbers}, {k}, {convert}{identifier}))")
            body.append(f"{table}[{slot}] = place({numbers}, {k})")
    body.append(f"{table}[0] = 0  # asks whether the sizes fit, and for those of the results and the workspace")
    body.append(f"{status} = call({kernel}, {table})")
    body.append(f"if {status} != 0:")
    seen: set[str | None] = set()
    for position, (k, axis) in enumerate(places.axes):
        dim = program.inputs[k].shape[axis]
        if dim.name is None or dim.name in seen:  # the first axis of a name defines it
            error = f"ShapeError({_quoted(_axis_text(program, k, axis))})"
            body += [f"    if {status} == {-1 - position}:", f"        raise {error}"]
        seen.add(dim.name)
    body.append('    raise ShapeError("the sizes do not fit")')
    for k, (buffer, identifier) in enumerate(zip(program.outputs, outputs, strict=True)):
        if buffer.shape:
            shape = "".join(f"{table}[{size}], " for size in places.output_sizes[k])
            body.append(f"{identifier} = np.empty(({shape.strip()}), real)")
            body.append(f"{table}[{places.outputs[k]}] = data({identifier})")
        else:
            body.append(f"{table}[{places.outputs[k]}] = place({numbers}, {len(parameters) + k})")
    body += [
        f"{work} = {table}[{places.bytes}]",
        f"if {work} <= {8 * _SMALL}:",
        f"    {block} = stack({_SMALL})",
        f"    {table}[0] = place({block}, 0)",
        f"    {status} = call({kernel}, {table})",
        "else:",
        f"    memory = np.empty({work} + 64, np.uint8)",
        f"    {table}[0] = (data(memory) + 63) & -64",
        f"    {status} = call({kernel}, {table})",
        f"    {table}[0] = memory.size  # so that the memory lives until here",
    ]
    if arrays:
        # A use behind the call: Numba drops an array after its last use.
        body.append(f"{table}[0] = {' + '.join(f'{a}.size' for a in (*arrays, *_array_names(program, outputs)))}")
    for position, failure in enumerate(program.failures, 1):
        required = any(isinstance(s, Require) and s.failure == failure for s in program.flat())
        error = "ShapeError" if required else "DomainError"
        body += [f"if {status} == {position}:", f"    raise {error}({_quoted(failure)})"]
    results = [
        identifier if buffer.shape else f"get({numbers}, {len(parameters) + k}, real)"
        for k, (buffer, identifier) in enumerate(zip(program.outputs, outputs, strict=True))
    ]
    body.append(f"return {nested_text(nest, results)}")
    return "\n".join([*lines, *("    " + line for line in body)]) + "\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _array_names(program: Program, outputs: Sequence[str]) -> list[str]:
    return [name for buffer, name in zip(program.outputs, outputs, strict=True) if buffer.shape]


def _axis_text(program: Program, k: int, axis: int) -> str:
    buffer = program.inputs[k]
    return (
        f"the shape of {buffer.name} does not fit the other arguments: axis {axis} must have size {buffer.shape[axis]}"
    )


def nested_text(nest: Any, results: Sequence[str]) -> str:
    """The results put together as `Kernel` does: an expression."""
    if isinstance(nest, int):
        return results[nest]
    return f"({', '.join(nested_text(part, results) for part in nest)}{',' if len(nest) == 1 else ''})"
