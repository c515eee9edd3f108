"""A compiled kernel as something to call.

Enters: a kernel program and a dtype.  Leaves: results, as fresh C-contiguous arrays (numbers as floats), or in the
arrays given as `out`.  Always holds: arguments are never modified; calls may come from several threads at once; what
does not fit raises an error that names the argument.  The first calls of a kernel that was never compiled on
this computer are interpreted: compiling takes as long as many of them.  Not for: choosing a program or a dtype.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ..compiler.kernel import interpret
from ..compiler.kernel.emit import emit
from ..compiler.kernel.layout import layout
from ..compiler.kernel.program import Loop, Program, Require
from ..compiler.kernel.routines import cost
from ..grammar import errors
from . import build
from .arguments import check_output, check_sizes, convert
from .entry import Limits, Nest, doorway
from .threads import one_thread

Array = Any


class Kernel:
    """The function of a program's inputs (positionally) that returns its outputs.

    `nest` says how: the number of an output, or a tuple of such; by default the single output or the tuple of all.
    Raises mg.TypeError, mg.ShapeError, mg.DomainError.
    """

    def __init__(self, program: Program, dtype: str = "float64", nest: Nest = None, title: str = "") -> None:
        self.program = program
        self.dtype = np.dtype(dtype)
        self.layout = layout(program)
        count = len(program.outputs)
        self.nest: Nest = nest if nest is not None else (0 if count == 1 else tuple(range(count)))
        self._title = title
        self._interpreted = 0
        self._calls = 0
        self._call: Callable[..., Any] = self.run

    @cached_property
    def source(self) -> str:
        """The text of the module that holds the kernel."""
        return emit(self.program, str(self.dtype), self._title).text

    @cached_property
    def address(self) -> int:
        """The address of the compiled kernel (`compiler/kernel/layout.py` tells how to call it)."""
        return build.kernel_address(self.source)

    @cached_property
    def _function(self) -> Callable[[int], int]:
        return build.c_function(self.address)

    def __call__(self, *arguments: Any, out: Any = None) -> Any:
        if self._calls < _SLOW_CALLS:
            self._calls += 1
            if self._calls == _SLOW_CALLS:
                self._call = self.entry()
        return self._call(*arguments) if out is None else self._call(*arguments, out=out)

    def entry(
        self,
        fixed: Mapping[int, Array] | None = None,
        fallback: Callable[..., Any] | None = None,
        limits: Limits | None = None,
    ) -> Callable[..., Any]:
        """The fastest function of the inputs that are not `fixed` (positionally, and `out=`).

        `fixed` gives arguments by number: the function keeps references to the arrays where they are already
        C-contiguous and of the kernel's dtype.  Calls that need conversion or fail go to `fallback`, by default `run`;
        so do those with a size outside of `limits` ((input, axis) -> smallest and largest).
        """
        given = {k: convert(self.program.inputs[k], value, self.dtype) for k, value in (fixed or {}).items()}
        if fallback is None:
            fallback = _Slow(self, given) if given else self.run
        made = doorway(self.address, self.program, self.layout, self.dtype, fallback, self.nest, given, limits or {})
        return made or fallback

    def run(self, *arguments: Any, out: Any = None) -> Any:
        """The same as calling, for arguments of any kind: converts them, or says what does not fit."""
        inputs = self.program.inputs
        if len(arguments) != len(inputs):
            names = ", ".join(b.name for b in inputs)
            raise errors.ArgumentError(f"{len(arguments)} arguments for ({names})")
        arrays = [convert(b, value, self.dtype) for b, value in zip(inputs, arguments, strict=True)]
        if self._is_interpreted(arrays):
            status, values = interpret.run(self.program, arrays, self.dtype)
            self._check(status)
            results = [np.array(v) for v in values]
            self._given(out, [v.shape for v in values])
        else:
            table = self._table(arrays)
            results = self._outputs(table, arrays, out)
            self._start(table, results)
        return self._nested(self.nest, self._finished(results, out))

    def _is_interpreted(self, arrays: Sequence[Array]) -> bool:
        """Whether the call runs in the interpreter: one of the first, little work, and no compiled kernel at hand."""
        if "address" in self.__dict__ or self._interpreted >= _INTERPRETED_CALLS:
            return False
        sizes = check_sizes(self.program.inputs, arrays)
        loops = [step.extents for step in self.program.flat() if isinstance(step, Loop)]
        points = max((math.prod(d.evaluate(sizes) for d in extents) for extents in loops), default=0)
        if points > _MOST_POINTS or cost(self.program).evaluate(**sizes) > _MOST_FLOPS or build.is_kept(self.source):
            return False
        self._interpreted += 1
        return True

    def _table(self, arrays: Sequence[Array]) -> Array:
        """The address table with everything about the inputs, and what the kernel answers about sizes."""
        table = np.zeros(self.layout.length, np.int64)
        for array, place, sizes in zip(arrays, self.layout.inputs, self.layout.input_sizes, strict=True):
            table[place] = array.ctypes.data
            table[list(sizes)] = array.shape
        status = self._function(table.ctypes.data)
        if status != 0:
            check_sizes(self.program.inputs, arrays)
            raise AssertionError(f"the kernel refused the sizes ({status})")
        return table

    def _outputs(self, table: Array, arrays: Sequence[Array], out: Any) -> list[Array]:
        """An array for each output: the given one where the kernel can write to it."""
        shapes = [tuple(int(table[k]) for k in sizes) for sizes in self.layout.output_sizes]
        given = self._given(out, shapes)
        results: list[Array] = []
        for k, shape in enumerate(shapes):
            wanted = given.get(k)
            usable = (
                wanted is not None
                and wanted.flags.c_contiguous
                and wanted.flags.aligned
                and not any(np.may_share_memory(wanted, a) for a in arrays)
                and not any(np.may_share_memory(wanted, other) for j, other in given.items() if j != k)
            )
            kind = np.int64 if self.program.outputs[k].dtype == "int" else self.dtype
            results.append(wanted if usable else np.empty(shape, kind))
        return results

    def _given(self, out: Any, shapes: Sequence[tuple[int, ...]]) -> dict[int, Array]:
        """The arrays of `out` by the number of their output, checked."""
        if out is None:
            return {}
        wanted = [k for k, shape in enumerate(self.layout.output_sizes) if shape]
        arrays = out if isinstance(out, tuple) else (out,)
        if len(arrays) != len(wanted):
            names = ", ".join(self.program.outputs[k].name for k in wanted)
            raise errors.ArgumentError(f"out needs {len(wanted)} arrays ({names})", found=f"{len(arrays)} were given")
        return {
            k: check_output(self.program.outputs[k].name, a, shapes[k], self.dtype)
            for k, a in zip(wanted, arrays, strict=True)
        }

    def _start(self, table: Array, results: Sequence[Array]) -> None:
        """Runs the compiled kernel.  Raises mg.DomainError, mg.ShapeError."""
        for place, result in zip(self.layout.outputs, results, strict=True):
            table[place] = result.ctypes.data
        workspace = np.empty(int(table[self.layout.bytes]) + 64, np.uint8)
        table[0] = (workspace.ctypes.data + 63) & -64
        with one_thread(int(table[self.layout.operations])):
            status = self._function(table.ctypes.data)
        self._check(status)

    def _check(self, status: int) -> None:
        """Raises mg.DomainError or mg.ShapeError for the status of a run."""
        if status > 0:
            failure = self.program.failures[status - 1]
            required = any(isinstance(s, Require) and s.failure == failure for s in self.program.flat())
            raise (errors.ShapeError if required else errors.DomainError)(failure)

    def _finished(self, results: Sequence[Array], out: Any) -> list[Any]:
        """The results as the user gets them."""
        given = iter(out if isinstance(out, tuple) else (out,))
        finished: list[Any] = []
        for result in results:
            if result.ndim == 0:
                finished.append(float(result))
            elif out is None:
                finished.append(result)
            else:
                target = next(given)
                if target is not result:
                    target[...] = result
                finished.append(target)
        return finished

    def _nested(self, nest: Nest, results: Sequence[Any]) -> Any:
        return results[nest] if isinstance(nest, int) else tuple(self._nested(part, results) for part in nest)


class _Slow:
    """A kernel's `run` with arguments fixed."""

    def __init__(self, kernel: Kernel, fixed: Mapping[int, Array]) -> None:
        self.kernel = kernel
        self.fixed = fixed

    def __call__(self, *arguments: Any, out: Any = None) -> Any:
        inputs = self.kernel.program.inputs
        free = [k for k in range(len(inputs)) if k not in self.fixed]
        if len(arguments) != len(free):
            names = ", ".join(inputs[k].name for k in free)
            raise errors.ArgumentError(f"{len(arguments)} arguments for ({names})")
        given = {**self.fixed, **dict(zip(free, arguments, strict=True))}
        return self.kernel.run(*(given[k] for k in range(len(inputs))), out=out)


_SLOW_CALLS = 3  # that do without a doorway
_INTERPRETED_CALLS = 2
_MOST_POINTS, _MOST_FLOPS = 10**6, 10**8  # of interpreted calls: the interpreter holds all points of a loop at once
