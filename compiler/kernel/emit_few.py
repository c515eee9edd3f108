"""Prints the products of a few rows of a matrix, a number that is known, with vectors.

Enters: a `gemv` whose matrix is by rows and has a multiple of `GROUP` of them, as its rows or (transposed) as its
columns.  Leaves: its lines.  Always holds: the rows of a group share the loads of the vector, and those of the sum of
multiples of them its loads and stores.  Not for: other matrices, which the library's routine takes.
"""

from __future__ import annotations

import itertools

from .emit_text import Names, Writer
from .program import Load, Loop, Routine, View

GROUP = 8  # rows at a time: their sums, or their factors, stay in registers
FAR = 2**20  # elements: arrays with more are at best in the last cache


def is_of_rows(step: Loop | Routine) -> bool:
    """Whether a step is a product of a few rows that can be printed."""
    if not isinstance(step, Routine) or step.name != "gemv" or len(step.inputs[0].strides) != 2:
        return False
    matrix, vector = step.inputs
    if _is_few(matrix, 0) and matrix.strides[1].value == 1:
        return vector.strides[0].value == 1
    return _is_few(matrix, 1) and matrix.strides[0].value == 1 and step.outputs[0].strides[0].value == 1


def ahead_text(names: Names, matrix: View, extent: str, rows: int) -> str:
    """The number of elements of the next rows, if the matrix is far from the processor; else 0."""
    stride = names.factor(matrix.strides[0 if _is_few(matrix, 0) and matrix.strides[1].value == 1 else 1])
    return f"{rows}*{stride} if ({extent})*{stride} > {FAR} else 0"


def write_prefetch(out: Writer, matrix: View, ahead: str, line: int) -> None:
    """Asks for the next rows of a matrix, which arrive while these are worked on; `line` elements come at once."""
    names = out.names
    label = names.fresh("j")
    out.functions.add("prefetch")
    out.line(f"for {label} in range(0, {ahead}, {line}):")
    pointer = names.identifier(matrix.buffer.name)
    out.line(f"    prefetch({pointer}, {names.dim(matrix.offset)} + {ahead} + {label})")
    names.release(label)


def _is_few(matrix: View, axis: int) -> bool:
    count = matrix.shape[axis].value
    return count is not None and count % GROUP == 0 and count > 0


def write_few(out: Writer, step: Routine, alpha: str, beta: str) -> None:
    """Writes the product; `alpha` and `beta` are the texts of the factors."""
    matrix, vector = step.inputs
    (result,) = step.outputs
    dots = _is_few(matrix, 0) and matrix.strides[1].value == 1
    rows = matrix.shape[0 if dots else 1].value or 0
    names = out.names
    local: list[str] = []
    one = names.number(1.0)

    def fresh(wish: str) -> str:
        local.append(names.fresh(wish))
        return local[-1]

    first = ""
    if rows > GROUP:
        first = fresh("first")
        out.line(f"for {first} in range(0, {rows}, {GROUP}):")
        out.depth += 1
    stride = matrix.strides[0 if dots else 1]
    offset = " + ".join(
        text for text in (names.dim(matrix.offset), f"{first}*{names.factor(stride)}" if first else "0") if text != "0"
    )
    pointers = [fresh("r") for _ in range(GROUP)]
    out.functions.add("shift")
    out.line(f"{pointers[0]} = shift({names.identifier(matrix.buffer.name)}, {offset or '0'})")
    for before, after in itertools.pairwise(pointers):
        out.line(f"{after} = shift({before}, {names.dim(stride)})")
    places = [(f"({first} + {k})" if first else str(k),) for k in range(GROUP)]
    j = fresh("j")
    if dots:
        sums = [fresh("s") for _ in range(GROUP)]
        for name in sums:
            out.line(f"{name} = {names.number(0.0)}")
        out.line(f"for {j} in range({names.dim(matrix.shape[1])}):")
        out.functions.add("plus")
        shared = fresh("x")
        out.line(f"    {shared} = {out.element(Load(vector, (0,)), (j,))}")
        for name, pointer in zip(sums, pointers, strict=True):
            out.line(f"    {name} = plus({name}, {pointer}[{j}] * {shared})")
        for name, place in zip(sums, places, strict=True):
            target = out.element(Load(result, (0,)), place)
            value = name if alpha == one else f"{alpha} * {name}"
            out.line(f"{target} = {value}" if beta == names.number(0.0) else f"{target} = {value} + {beta} * {target}")
    else:
        factors = [fresh("a") for _ in range(GROUP)]
        for name, place in zip(factors, places, strict=True):
            element = out.element(Load(vector, (0,)), place)
            out.line(f"{name} = {element if alpha == one else f'{alpha} * {element}'}")
        out.line(f"for {j} in range({names.dim(matrix.shape[0])}):")
        target = out.element(Load(result, (0,)), (j,))
        terms = " + ".join(f"{name} * {pointer}[{j}]" for name, pointer in zip(factors, pointers, strict=True))
        out.line(f"    {target} += {terms}")
    if first:
        out.depth -= 1
    for name in local:
        names.release(name)
