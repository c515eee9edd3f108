"""Small kernel programs, and how to run them in both ways.

What enters are routines, operations and arrays. What leaves are programs and results. What always holds: the
interpreter and the compiled kernel get the very same arguments. Not for: tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from matgrad.compiler.kernel.interpret import run
from matgrad.compiler.kernel.program import Buffer, Load, Loop, Op, Program, Ref, Routine, Scale, Step, Store, View
from matgrad.compiler.kernel.routines.table import ROUTINES
from matgrad.compiler.tensor.dims import Dim
from matgrad.runtime.kernel import Kernel

Array = Any


def holder(name: str, shape: Sequence[Dim], layout: str, role: str, dtype: str = "real") -> Buffer:
    """A buffer for an array of `shape` that is held by rows, by columns, or `strided` (every second number)."""
    if layout == "columns":
        shape = shape[::-1]
    elif layout == "strided":
        shape = [*shape, Dim.of(2)]
    return Buffer(name, tuple(shape), role, dtype)


def window(buffer: Buffer, layout: str) -> View:
    """The array in such a buffer."""
    view = buffer.view()
    if layout == "columns":
        return view.T
    return View(buffer, view.offset, view.strides[:-1], view.shape[:-1]) if layout == "strided" else view


def stored(array: Array, layout: str) -> Array:
    """An array as such a buffer holds it."""
    if layout == "columns":
        return np.ascontiguousarray(array.T)
    return np.stack([array, np.full_like(array, np.nan)], axis=-1) if layout == "strided" else array


def both(program: Program, arguments: Sequence[Array], kernel: Kernel) -> tuple[list[Array], list[Array]]:
    """The outputs of the interpreter and of the compiled kernel."""
    status, expected = run(program, arguments, kernel.dtype)
    assert status == 0
    assert kernel.address  # compiled
    found = kernel.run(*arguments)
    return list(expected), [np.asarray(f) for f in (found if isinstance(found, tuple) else (found,))]


def map_program(functions: Sequence[tuple[str, int]]) -> Program:
    """For each (operation, number of operands) the array of its values at the inputs a, b, c."""
    n = Dim.of("n")
    inputs = tuple(Buffer(name, (n,), "input") for name in "abc")
    outputs = tuple(Buffer(f"{name}_out", (n,), "output") for name, _ in functions)
    loads = tuple(Load(b.view(), (0,)) for b in inputs)
    ops = tuple(Op(name, tuple(Ref("load", k) for k in range(arity))) for name, arity in functions)
    stores = tuple(Store(out.view(), (0,), Ref("op", k)) for k, out in enumerate(outputs))
    return Program(inputs, outputs, (), (Loop((n,), loads, ops, stores),))


def routine_program(name: str, layouts: Sequence[Sequence[str]], scalars: tuple[Scale, ...] = ()) -> Program:
    """Applies a routine once for each list of layouts (of its inputs, then outputs).

    Its inputs are A, B, ... of the first layouts, C, ... of the second, and so on; with two scalars `old` is what its
    output holds before.
    """
    signature = ROUTINES[name]
    shapes = [[Dim.of(c) for c in p if c.isalpha()] for p in (*signature.inputs, *signature.outputs)]
    count = len(signature.inputs)
    inputs: list[Buffer] = []
    outputs: list[Buffer] = []
    steps: list[Step] = []
    old = Buffer("old", tuple(shapes[-1]), "input")
    for number, kinds in enumerate(layouts):
        given = [holder(f"{'AB'[k]}{number}", shapes[k], kinds[k], "input") for k in range(count)]
        made = [holder(f"O{number}{k}", shapes[k], kinds[k], "output") for k in range(count, len(shapes))]
        results = tuple(window(b, kinds[count + k]) for k, b in enumerate(made))
        steps += [Routine("fill", (b.view(),), (), (Scale(0.0),)) for b in made]
        if len(scalars) > 1:
            steps.append(Routine("copy", (results[0],), (old.view(),)))
        views = tuple(window(b, kinds[k]) for k, b in enumerate(given))
        steps.append(Routine(name, results, views, scalars, f"{name} needs more" if signature.can_fail else ""))
        inputs += given
        outputs += made
    return Program((*inputs, *([old] if len(scalars) > 1 else [])), tuple(outputs), (), tuple(steps))
