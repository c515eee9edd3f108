"""Runs a kernel program with NumPy: the meaning of every step, in the plainest way.

Enters: a `Program` and the input arrays.  Leaves: the status and the output arrays.  Always holds: results are those
of the compiled kernel up to rounding.  It is the oracle of the tests, and answers calls while a kernel is not yet
compiled.  Not for: speed of large loops (an index space is held in memory as a whole).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..tensor.dims import Dim
from .program import Buffer, Loop, Program, Ref, Require, Routine, Scale, Store, View
from .routines.moves import mirrored
from .routines.products import ONE_TRIANGLE
from .routines.signature import Failure
from .routines.table import ROUTINES
from .scalars import SCALARS

Array = Any


class SizeMismatch(Exception):
    """Axis `axis` of input `position` has size `found` where the other inputs ask for `needed`."""

    def __init__(self, position: int, axis: int, found: int, needed: Dim, value: int) -> None:
        super().__init__(position, axis, found, needed, value)
        self.position, self.axis, self.found, self.needed, self.value = position, axis, found, needed, value


def sizes_of(
    inputs: Sequence[Buffer], shapes: Sequence[Sequence[int]], integers: Mapping[str, int] | None = None
) -> dict[str, int]:
    """The value of every size name, `integers` (those of integer arguments) included.  Raises SizeMismatch.

    A name is defined by the first axis that is this plain name; a name that stands in composed sizes only
    by the first axis that is linear in it.
    """
    sizes = dict(integers or {})
    axes = [(p, a, dim) for p, buffer in enumerate(inputs) for a, dim in enumerate(buffer.shape)]
    for position, axis, dim in axes:
        if dim.name is not None:
            sizes.setdefault(dim.name, shapes[position][axis])
    for position, axis, dim in axes:
        solved = solve_size(dim, sizes)
        if solved is not None:
            name, rest = solved
            sizes[name] = shapes[position][axis] - rest.evaluate(sizes)
    for position, axis, dim in axes:
        value = dim.evaluate(sizes)
        if value != shapes[position][axis]:
            raise SizeMismatch(position, axis, shapes[position][axis], dim, value)
    return sizes


def solve_size(dim: Dim, known: Mapping[str, Any] | set[str]) -> tuple[str, Dim] | None:
    """(name, rest) if `dim` is `name + rest` with every name in rest known and name not, else None."""
    unknown = [name for name in dim.names if name not in known]
    if len(unknown) != 1:
        return None
    rest = dim - Dim.of(unknown[0])
    return None if unknown[0] in rest.names else (unknown[0], rest)


def run(program: Program, arguments: Sequence[Array], dtype: Any = np.float64) -> tuple[int, tuple[Array, ...]]:
    """Runs the program: (status, outputs).  Arguments are arrays (or numbers) in the order of the inputs.

    Raises SizeMismatch.
    """
    arrays = [
        np.ascontiguousarray(a, dtype=np.int64 if b.dtype == "int" else dtype).reshape(np.shape(a))
        for a, b in zip(arguments, program.inputs, strict=True)
    ]
    machine = _Machine(program, arrays, np.dtype(dtype))
    status = 0
    with np.errstate(all="ignore"):
        for step in program.flat():
            failed = machine.step(step)
            if failed:
                status = 1 + program.failures.index(failed)
                break
    return status, tuple(machine.array(b.view()) for b in program.outputs)


class _Machine:
    """The memory of one run: every buffer as a flat array."""

    def __init__(self, program: Program, arguments: list[Array], dtype: np.dtype[Any]) -> None:
        self.dtype = dtype
        integers = {
            b.name: int(a) for b, a in zip(program.inputs, arguments, strict=True) if b.dtype == "int" and not b.shape
        }
        self.sizes = sizes_of(program.inputs, [np.shape(a) for a in arguments], integers)
        self.memory: dict[str, Array] = {}
        for buffer, array in zip(program.inputs, arguments, strict=True):
            self.memory[buffer.name] = array.reshape(-1)
        # What is not an input starts as NaN, so that a plan that reads before it writes is found out.
        for buffer in (*program.outputs, *program.work):
            count = int(np.prod(self.shape(buffer.shape), dtype=np.int64))
            full = np.full(count, np.nan, dtype) if buffer.dtype == "real" else np.full(count, -1, np.int64)
            self.memory[buffer.name] = full

    def shape(self, dims: Sequence[Dim]) -> tuple[int, ...]:
        return tuple(d.evaluate(self.sizes) for d in dims)

    def array(self, view: View) -> Array:
        """The view as an array that shares the memory."""
        flat = self.memory[view.buffer.name]
        shape = self.shape(view.shape)
        if 0 in shape:
            return np.empty(shape, flat.dtype)
        strides = self.shape(view.strides)
        offset = view.offset.evaluate(self.sizes)
        reach = [(n - 1) * s for n, s in zip(shape, strides, strict=True)]
        first, last = offset + sum(min(r, 0) for r in reach), offset + sum(max(r, 0) for r in reach)
        if first < 0 or last >= flat.size:
            raise IndexError(f"view of {view.buffer.name} reaches from {first} to {last}, it has {flat.size} elements")
        item = flat.itemsize
        return np.lib.stride_tricks.as_strided(flat[offset:], shape, [s * item for s in strides])

    def step(self, step: Loop | Routine | Require) -> str:
        """Runs one step; the failure text, or nothing."""
        if isinstance(step, Require):
            return step.failure if step.value.evaluate(self.sizes) < 0 else ""
        return self.routine(step) if isinstance(step, Routine) else self.loop(step)

    def scale(self, scale: Scale) -> float:
        value = scale.constant
        for view in scale.views:
            value = value * float(self.array(view))
        return value

    def routine(self, step: Routine) -> str:
        signature = ROUTINES[step.name]
        signature.sizes(step)
        try:
            results = signature.numpy(*(np.array(self.array(v)) for v in step.inputs))
        except Failure as failed:
            if step.failure:
                return step.failure
            results = failed.outputs
        factors = [self.scale(s) for s in step.scalars]
        outputs = [self.array(v) for v in step.outputs]
        if len(outputs) == 1 and not isinstance(results, tuple):
            results = (results,)
        for out, result in zip(outputs, results, strict=True):
            if not factors:
                out[...] = result
                continue
            value = factors[0] * np.asarray(result, self.dtype)
            if len(factors) > 1 and factors[1] != 0:
                value = value + factors[1] * out
            if step.name in ONE_TRIANGLE:
                value = mirrored(value)
            out[...] = value
        return ""

    def loop(self, loop: Loop) -> str:
        space = self.shape(loop.extents)
        order = len(space)
        loads = []
        for load in loop.loads:
            array = self.array(load.view)
            labels = list(dict.fromkeys(load.labels))
            # A repeated label reads a diagonal; then the axes are put at their places in the index space.
            array = np.einsum(array, list(load.labels), labels) if len(labels) < len(load.labels) else array
            array = np.transpose(array, np.argsort(labels)) if labels else array
            loads.append(array.reshape([space[k] if k in labels else 1 for k in range(order)]))
        values: list[Array] = []

        def operand(ref: Ref) -> Array:
            if ref.kind == "load":
                return loads[ref.index]
            if ref.kind == "op":
                return values[ref.index]
            if ref.kind == "label":
                along = [space[ref.index] if k == ref.index else 1 for k in range(order)]
                return np.arange(space[ref.index], dtype=self.dtype).reshape(along)
            number = ref.value if ref.kind == "const" else _known(ref).evaluate(self.sizes)
            return self.dtype.type(number)

        for op in loop.ops:
            result = SCALARS[op.function].numpy(*(operand(r) for r in op.operands))
            values.append(np.asarray(result, self.dtype))
        # A value that was only loaded must not change with what is stored before it.
        values_of = [np.array(operand(s.value)) if s.value.kind == "load" else operand(s.value) for s in loop.stores]
        stored = [
            (store, self.reduced(store, np.broadcast_to(value, space)))
            for store, value in zip(loop.stores, values_of, strict=True)
        ]
        for store, value in stored:
            out = self.array(store.view)
            out[...] = out + value if store.accumulate else value
        return ""

    def reduced(self, store: Store, value: Array) -> Array:
        """The value of a store with its axes in the order of the labels of the view."""
        others = tuple(k for k in range(value.ndim) if k not in store.labels)
        if others:
            if store.reduce == "sum":
                value = np.sum(value, axis=others)
            elif store.reduce == "prod":
                value = np.prod(value, axis=others)
            elif store.reduce in ("max", "top"):
                value = np.max(value, axis=others, initial=-np.inf)
            elif store.reduce == "min":
                value = np.min(value, axis=others, initial=np.inf)
            else:
                raise ValueError(f"labels {others} are neither stored nor reduced")
        kept = sorted(store.labels)
        return np.transpose(value, [kept.index(k) for k in store.labels])


def _known(ref: Ref) -> Dim:
    assert ref.dim is not None
    return ref.dim
