"""From a definition to kernels: one plan per class of sizes, one kernel per plan and dtype.

Enters: a definition and the arguments of calls.  Leaves: kernels.  Always holds: sizes of one class (within a factor of
four of one another) and equal dtypes use the same kernel, and kernels of equal programs are one; what has no kernel is
evaluated directly.  Not for: what a kernel is (`kernel.py`).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..compiler.kernel.cost import cost
from ..compiler.kernel.program import Program, Require
from ..compiler.language.definition import Definition
from ..compiler.plan import Split, plan, split
from ..compiler.plan.atoms import NoRoutine
from ..compiler.plan.expand import multiplied_out
from ..compiler.plan.guess import UNKNOWN
from ..compiler.show import show, wanted
from ..compiler.tensor.sparse import carried
from ..grammar import errors
from .arguments import as_array, check_sizes, convert, inputs_of, is_sparse, refuse_sparse
from .attributes import checking
from .direct import Direct
from .signature import Limits, bounds, dtype_of, size_class

if TYPE_CHECKING:
    from .kernel import Kernel

Array = Any
MOST_CLASSES = 64  # classes of sizes that are kept: a program that meets more starts again


class Compilation:
    """The kernels of a definition.  `nest` says how outputs are returned, as `Kernel` takes it."""

    def __init__(self, definition: Definition, nest: Any = None, title: str = "") -> None:
        self.definition = replace(definition, parameters=carried(definition.parameters))
        self.nest, self._title = nest, title
        self._lock = threading.RLock()
        self._programs: dict[tuple[int, ...], Program | None] = {}
        self._splits: dict[tuple[tuple[int, ...], frozenset[str], bool], Split | None] = {}
        self._kernels: dict[tuple[Program | None, str], Kernel | Direct] = {}
        self._names = tuple(sorted({name for p in self.definition.parameters for d in p.shape for name in d.names}))
        self._last: Program | None = None
        self.sample: Sequence[Any] | None = None  # what stands for the arguments of the last call, if one was made

    def kernel(self, arguments: Sequence[Any]) -> tuple[Kernel | Direct, Limits]:
        """The kernel for the arguments, and the sizes of each axis for which it is the right one.

        Raises mg.TypeError, mg.ShapeError, which name the argument.
        """
        arrays = self._arrays(arguments)
        program, limits = self._program(arrays)
        return self._kernel(program, dtype_of(arguments, arrays)), limits

    def _program(self, arrays: Sequence[Array]) -> tuple[Program | None, Limits]:
        sizes = self._sizes(arrays)
        classes = tuple(size_class(sizes[name]) for name in self._names)
        with self._lock:
            if classes not in self._programs:
                if len(self._programs) >= MOST_CLASSES:
                    self._programs.clear()
                made = self._planned(sizes)
                self._programs[classes] = next((p for p in self._programs.values() if p == made), made)
            self._last = self._programs[classes]
            return self._last, self._limits(classes)

    def _limits(self, classes: Sequence[int]) -> Limits:
        found = dict(zip(self._names, map(bounds, classes), strict=True))
        return {
            (k, axis): found[dim.name]
            for k, p in enumerate(self.definition.parameters)
            for axis, dim in enumerate(p.shape)
            if dim.name is not None
        }

    def _arrays(self, arguments: Sequence[Any]) -> list[Array]:
        for parameter, argument in zip(self.definition.parameters, arguments, strict=True):
            if is_sparse(argument) and "sparse" not in parameter.attributes:
                refuse_sparse(parameter.name)
        return [as_array(p.name, a) for p, a in zip(self.definition.parameters, arguments, strict=True)]

    def split(self, arguments: Sequence[Any], fixed: frozenset[str], fast: bool) -> tuple[Split, str, Limits] | None:
        """The programs for data that are fixed: one to run once and one for each call, the dtype, and the sizes of each
        axis for which they are the right ones; None where the definition is evaluated directly.

        The second checks the declared attributes of the other parameters only.  With `fast` also products that are
        multiplied out (`X'*X`), where that leaves fewer operations per call.
        """
        arrays = self._arrays(arguments)
        sizes = self._sizes(arrays)
        key = (tuple(size_class(sizes[name]) for name in self._names), fixed, fast)
        with self._lock:
            if key not in self._splits:
                self._splits[key] = self._made_split(sizes, fixed, fast)
            made = self._splits[key]
        return None if made is None else (made, dtype_of(arguments, arrays), self._limits(key[0]))

    def _made_split(self, sizes: Mapping[str, int], fixed: frozenset[str], fast: bool) -> Split | None:
        parameters = self.definition.parameters
        forms = [self.definition.results]
        if fast:
            forms.append(multiplied_out(self.definition.results))
        try:
            made = [split(form, parameters, fixed, sizes, self._requirements(), fast) for form in forms]
        except NoRoutine:
            return None
        best = min(made, key=lambda s: cost(s.each).evaluate(**sizes))
        return replace(best, each=checking(best.each, parameters, fixed))

    def _sizes(self, arrays: Sequence[Array]) -> dict[str, int]:
        buffers = inputs_of(self.definition)
        usual = [b.dtype == "real" and len(b.shape) == a.ndim for b, a in zip(buffers, arrays, strict=True)]
        read = [a if u else convert(b, a, a.dtype) for b, a, u in zip(buffers, arrays, usual, strict=True)]
        return check_sizes(buffers, read)

    def known_sizes(self, data: Mapping[str, Any]) -> dict[str, int]:
        """The sizes that some of the arguments tell, and medium ones for the others."""
        found: dict[str, int] = {}
        for parameter in self.definition.parameters:
            if parameter.name in data:
                shape = np.shape(data[parameter.name])
                found |= {d.name: n for d, n in zip(parameter.shape, shape, strict=False) if d.name is not None}
        return dict.fromkeys(self._names, UNKNOWN) | found

    def _kernel(self, program: Program | None, dtype: str) -> Kernel | Direct:
        from .kernel import Kernel  # with llvmlite, which whoever only prints derivatives needs not wait for

        with self._lock:
            if (program, dtype) not in self._kernels:
                if program is None and any(p.role == "carrier" for p in self.definition.parameters):
                    raise errors.TypeError(
                        "a function of a sparse matrix needs a kernel",
                        found="this one uses a function that has none: it is evaluated by NumPy and SciPy",
                        hint="declare the matrix without sparse",
                    )
                if program is None:
                    made: Kernel | Direct = Direct(self.definition, dtype, self.nest)
                else:
                    made = Kernel(program, dtype, self.nest, self._title)
                    show("plan", self._title, str(program))
                    if wanted("kernel"):
                        show("kernel", self._title, made.source)
                self._kernels[program, dtype] = made
            return self._kernels[program, dtype]

    def _planned(self, sizes: Mapping[str, int]) -> Program | None:
        """The program for the sizes; None if it needs a matrix function that has no routine."""
        try:
            return self.program(sizes)
        except NoRoutine:
            return None

    def program(self, sizes: Mapping[str, int] | None = None) -> Program:
        """The kernel program that is planned for the sizes, or for medium ones.  Raises NoRoutine."""
        parameters = self.definition.parameters
        planned = plan(self.definition.results, parameters, sizes, self._requirements())
        return checking(planned, parameters, ())

    def _requirements(self) -> list[Require]:
        return [Require(size, failure) for size, failure in self.definition.requirements]

    def current(self) -> Program:
        """The program of the last call, or the one for medium sizes.

        Raises mg.Error for a function that is evaluated directly.
        """
        try:
            last = self._last if self.sample is None else self._program(self._arrays(self.sample))[0]
            return last if last is not None else self.program()
        except NoRoutine as missing:
            raise errors.Error(
                "this function has no kernel of its own", found=f"{missing} is evaluated by NumPy and SciPy"
            ) from None

    def source(self, dtype: str) -> str:
        """The Python source of the kernel of `current`."""
        kernel = self._kernel(self.current(), dtype)
        assert not isinstance(kernel, Direct)
        return kernel.source

    def cost(self, sizes: Mapping[str, int]) -> Any:
        """The operations of the program that is planned for the sizes (for medium ones if there are none)."""
        known = {n for p in self.definition.parameters for d in p.shape for n in d.names}
        known |= {p.name for p in self.definition.parameters if "integer" in p.attributes}
        for name, size in sizes.items():
            if name not in known or size < 0:
                raise errors.ArgumentError(
                    f"there is no size {name}" if name not in known else f"the size {name} is negative",
                    found=f"the sizes are {', '.join(sorted(known))}" if known else "there are none",
                )
        counted = cost(self._planned(sizes) or self.current() if sizes else self.current())
        missing = sorted(counted.thirds.names - sizes.keys())
        if sizes and missing:
            raise errors.ArgumentError(
                f"the cost also depends on {', '.join(missing)}",
                found=f"it is {counted}",
                hint=f"give {', '.join(f'{name}=...' for name in missing)} too",
            )
        return counted.evaluate(**sizes) if sizes else counted


def nest_of(definition: Definition, gradients: bool) -> Any:
    """How the results of a definition are returned: one, a tuple, or (value, (gradient, ...))."""
    count = len(definition.results)
    if gradients:
        return (0, tuple(range(1, count)))
    return tuple(range(count)) if definition.several else 0
