"""A compiled kernel as something to call: converted arguments in, fresh arrays (or those given as `out`) out.

Enters: the interface of a kernel and the address of its code.  Leaves: results, as fresh C-contiguous arrays (numbers
as floats), or in the arrays given as `out`.  Always holds: arguments are never modified; calls may come from several
threads at once; no part of the compiler is imported.  Not for: making code (`kernel.py`), or the usual calls, which
are made of machine words (`entry.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..compiler.kernel.layout import layout_of
from ..grammar import errors
from . import build
from .arguments import check_output, convert
from .entry import Limits, Nest, doorway
from .interface import Interface, nest_read, nested
from .threads import some_threads

Array = Any


class Misfit(Exception):
    """Sizes that do not fit together; whoever has the program says which."""


class Compiled:
    """The function of a kernel's inputs (positionally) that returns its outputs.

    `nest` says how: the number of an output, or a tuple of such.  `symbol` is the name of the code in the store.
    """

    def __init__(self, interface: Interface, dtype: str, nest: Nest, symbol: str = "") -> None:
        self.interface, self.nest, self._symbol = interface, nest, symbol
        self.dtype = np.dtype(dtype)
        orders = ([len(a.shape) for a in part] for part in (interface.inputs, interface.outputs))
        self.layout = layout_of(*orders)
        self._address = 0
        self._callable: Callable[[int], int] | None = None

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> Compiled:
        """The kernel of a record."""
        return cls(Interface.read(record["interface"]), record["dtype"], nest_read(record["nest"]), record["symbol"])

    def record(self) -> dict[str, Any]:
        """All that another process needs to find and call the kernel, for JSON."""
        return {"interface": self.interface, "dtype": str(self.dtype), "nest": self.nest, "symbol": self.symbol}

    @property
    def symbol(self) -> str:
        """The name of the code in the store."""
        return self._symbol

    @property
    def is_compiled(self) -> bool:
        """Whether there is code for it in this process, or on disk."""
        try:
            return self.address != 0
        except KeyError:
            return False

    def begin(self, then: Callable[[], None]) -> None:
        """Begins to make the code, if it is missing; `then` is called when it is there."""

    # These are no cached properties: in Python 3.11 those hold a lock of their own. Whoever waits for the compiler with
    # it, and whoever compiles and needs an address, would wait for one another.
    @property
    def address(self) -> int:
        """The address of the code.  Raises KeyError if it is not kept."""
        if self._address == 0:
            self._address = self._found()
        return self._address

    def _found(self) -> int:
        return build.kept_address(self.symbol)

    @property
    def _function(self) -> Callable[[int], int]:
        if self._callable is None:
            self._callable = build.c_function(self.address)
        return self._callable

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
        given = {k: convert(self.interface.inputs[k], value, self.dtype) for k, value in (fixed or {}).items()}
        if fallback is None:
            fallback = _Slow(self, given) if given else self.run
        made = doorway(self.address, self.interface, self.layout, self.dtype, fallback, self.nest, given, limits or {})
        return made or fallback

    def run(self, *arguments: Any, out: Any = None) -> Any:
        """The same as calling, for arguments of any kind: converts them, or says what does not fit."""
        return self._compute(self._converted(arguments), out)

    def _converted(self, arguments: Sequence[Any]) -> list[Array]:
        inputs = self.interface.inputs
        if len(arguments) != len(inputs):
            names = ", ".join(b.name for b in inputs)
            raise errors.ArgumentError(f"{len(arguments)} arguments for ({names})")
        return [convert(b, value, self.dtype) for b, value in zip(inputs, arguments, strict=True)]

    def _compute(self, arrays: Sequence[Array], out: Any) -> Any:
        table = self._table(arrays)
        results = self._outputs(table, arrays, out)
        self._start(table, results)
        return nested(self.nest, self._finished(results, out))

    def _misfit(self, arrays: Sequence[Array]) -> None:
        """Raises what says which sizes do not fit."""
        raise Misfit

    def _table(self, arrays: Sequence[Array]) -> Array:
        """The address table with everything about the inputs, and what the kernel answers about sizes."""
        table = np.zeros(self.layout.length, np.int64)
        for array, place, sizes in zip(arrays, self.layout.inputs, self.layout.input_sizes, strict=True):
            table[place] = array.ctypes.data
            table[list(sizes)] = array.shape
        status = self._function(table.ctypes.data)
        if status != 0:
            self._misfit(arrays)
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
            kind = np.int64 if self.interface.outputs[k].dtype == "int" else self.dtype
            results.append(wanted if usable else np.empty(shape, kind))
        return results

    def _given(self, out: Any, shapes: Sequence[tuple[int, ...]]) -> dict[int, Array]:
        """The arrays of `out` by the number of their output, checked."""
        if out is None:
            return {}
        outputs = self.interface.outputs
        wanted = [k for k, output in enumerate(outputs) if output.shape]
        arrays = out if isinstance(out, tuple) else (out,)
        if len(arrays) != len(wanted):
            names = ", ".join(outputs[k].name for k in wanted)
            raise errors.ArgumentError(f"out needs {len(wanted)} arrays ({names})", found=f"{len(arrays)} were given")
        return {k: check_output(outputs[k].name, a, shapes[k], self.dtype) for k, a in zip(wanted, arrays, strict=True)}

    def _start(self, table: Array, results: Sequence[Array]) -> None:
        """Runs the compiled kernel.  Raises mg.DomainError, mg.ShapeError."""
        for place, result in zip(self.layout.outputs, results, strict=True):
            table[place] = result.ctypes.data
        workspace = np.empty(int(table[self.layout.bytes]) + 64, np.uint8)
        table[0] = (workspace.ctypes.data + 63) & -64
        with some_threads(int(table[self.layout.operations])):
            status = self._function(table.ctypes.data)
        self._check(status)

    def _check(self, status: int) -> None:
        """Raises mg.DomainError or mg.ShapeError for the status of a run."""
        if status > 0:
            failure, required = self.interface.failures[status - 1]
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


class _Slow:
    """A kernel's `run` with arguments fixed."""

    def __init__(self, kernel: Compiled, fixed: Mapping[int, Array]) -> None:
        self.kernel = kernel
        self.fixed = fixed

    def __call__(self, *arguments: Any, out: Any = None) -> Any:
        inputs = self.kernel.interface.inputs
        free = [k for k in range(len(inputs)) if k not in self.fixed]
        if len(arguments) != len(free):
            names = ", ".join(inputs[k].name for k in free)
            raise errors.ArgumentError(f"{len(arguments)} arguments for ({names})")
        given = {**self.fixed, **dict(zip(free, arguments, strict=True))}
        return self.kernel.run(*(given[k] for k in range(len(inputs))), out=out)
