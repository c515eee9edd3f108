"""Functions with data fixed: what the inner loop of an optimizer calls.

Enters: a function and some of its arguments.  Leaves: a callable of the others.  Always holds: the data are not copied
where they fit already, and are held as long as the bound function lives.  Not for: changing data in place, which is
not noticed.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..compiler.kernel.program import Program
from ..compiler.plan import Split
from ..grammar import errors
from .arguments import arranged, as_array
from .attributes import check_now
from .compilation import Compilation, Limits
from .direct import Direct

if TYPE_CHECKING:
    from .function import Function
    from .kernel import Kernel


Array = Any


class BoundFunction:
    """The function of the remaining parameters, in the function's order; `k(w, out=g)` writes into `g`.

    Raises what calls of the function raise.
    """

    def __init__(self, function: Function, data: Mapping[str, Any], fast: bool) -> None:
        self._function, self._data, self._fast = function, dict(data), fast
        self._kernels: dict[tuple[Split, str], tuple[Kernel, list[Array]]] = {}
        self._last: Split | None = None
        self._entries: dict[Kernel | Direct, Callable[..., Any]] = {}
        self._entry: Callable[..., Any] = self._slow_call

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the parameters that are not fixed, in order."""
        return tuple(name for name in self._function.parameters if name not in self._data)

    def __call__(self, *arguments: Any, out: Any = None, **named: Any) -> Any:
        if named:
            arguments = arranged("the bound function", self.parameters, arguments, named)
        return self._entry(*arguments) if out is None else self._entry(*arguments, out=out)

    def _slow_call(self, *arguments: Any, out: Any = None) -> Any:
        """A call for whose arguments the entry in use is not made: finds the kernel, and makes it the entry."""
        free = self.parameters
        if len(arguments) != len(free):
            raise errors.ArgumentError(f"{len(arguments)} arguments for ({', '.join(free)})")
        given = self._data | dict(zip(free, arguments, strict=True))
        ordered = [given[name] for name in self._function.parameters]
        compilation = self._function.compilation(ordered)
        kernel, limits, ahead = self._kernel(compilation, ordered)
        ordered += ahead
        if kernel not in self._entries:
            names = [p.name for p in compilation.definition.parameters]
            fixed = {
                k: as_array(name, value)
                for k, (name, value) in enumerate(zip(names, ordered, strict=False))
                if name in self._data
            }
            fixed |= {len(names) + k: value for k, value in enumerate(ahead)}
            self._entries[kernel] = kernel.entry(fixed, self._slow_call, limits)
        self._entry = self._entries[kernel]
        return kernel.run(*ordered, out=out)

    def _kernel(self, compilation: Compilation, arguments: list[Any]) -> tuple[Kernel | Direct, Limits, list[Array]]:
        """The kernel of a call, the sizes that it is for, and what was computed ahead, its last arguments.

        Raises DomainError where bound data lack a declared attribute.
        """
        names = frozenset(self._data)
        made = compilation.split(arguments, names, self._fast)
        if made is None:
            return *compilation.kernel(arguments), []
        parts, dtype, limits = made
        if (parts, dtype) not in self._kernels:
            from .kernel import Kernel

            data = [as_array(p.name, self._data[p.name]) for p in compilation.definition.parameters if p.name in names]
            for parameter in compilation.definition.parameters:
                if parameter.name in names:
                    check_now(parameter, self._data[parameter.name])
            ahead: list[Array] = []
            if parts.ahead is not None:
                first = Kernel(parts.ahead, dtype, tuple(range(len(parts.ahead.outputs))))
                assert first.address, "compiled, for the interpreter keeps pivots in another form"
                ahead = [np.asarray(value) for value in first.run(*data)]
            self._kernels[parts, dtype] = (Kernel(parts.each, dtype, compilation.nest, repr(self)), ahead)
        self._last = parts
        kernel, ahead = self._kernels[parts, dtype]
        return kernel, limits, ahead

    def plan(self) -> str:
        """The kernel programs of the last call: what ran once, and what runs at each call."""
        if self._last is None:
            raise errors.Error("nothing is planned before the first call", hint="call the function once")
        once = "" if self._last.ahead is None else f"once:\n{_indented(self._last.ahead)}\n\n"
        return f"{once}at each call:\n{_indented(self._last.each)}"

    @property
    def data(self) -> Mapping[str, Any]:
        """What is fixed, by the names of the parameters."""
        return self._data

    def copy(self) -> BoundFunction:
        """Another one with these data, which `rebind` of this one does not change."""
        made = BoundFunction(self._function, self._data, self._fast)
        made._last, made._kernels = self._last, dict(self._kernels)
        return made

    def compiled(self, orders: Mapping[str, int], single: bool) -> tuple[Kernel, list[Array]]:
        """The kernel for the sizes of the last call (for medium ones if there was none), and what was computed ahead.

        `orders` are those of the remaining parameters; `single` says that their arrays are of float32.  Raises what a
        call raises, and mg.Error where there is no kernel.
        """
        single = single and all(np.asarray(a).dtype == np.float32 for a in self._data.values() if np.ndim(a))
        dtype = "float32" if single else "float64"
        if self._last is not None and (self._last, dtype) in self._kernels:
            return self._kernels[self._last, dtype]
        samples: dict[str, Any] = {name: np.broadcast_to(np.float32(0), (1,) * order) for name, order in orders.items()}
        ordered = [(self._data | samples)[name] for name in self._function.parameters]
        compilation = self._function.compilation(ordered)
        sizes = compilation.known_sizes(self._data)
        for parameter in compilation.definition.parameters:
            if parameter.name in samples:
                shape = tuple(dim.evaluate(sizes) for dim in parameter.shape)
                samples[parameter.name] = np.broadcast_to(np.dtype(dtype).type(0), shape) if shape else 0
        ordered = [(self._data | samples)[name] for name in self._function.parameters]
        kernel, _, ahead = self._kernel(compilation, ordered)
        if isinstance(kernel, Direct):
            raise errors.Error("this function has no kernel of its own", found="it is evaluated by NumPy and SciPy")
        return kernel, ahead

    @functools.cached_property
    def njit(self) -> Any:
        """The function of the remaining parameters for other code compiled by Numba, as `Function.njit`.

        It holds the data of this moment: `rebind` does not change it, and they are kept until the process ends.
        """
        from .njit import njit_function

        return njit_function(self._function, self)

    @functools.cached_property
    def address(self) -> int:
        """The address of the function as a C function, as `Function.address`; holds the data of this moment."""
        from .callback import address

        return address(self._function, self)

    def low_level_callable(self) -> Any:
        """The `scipy.LowLevelCallable`, as `Function.low_level_callable`; holds the data of this moment."""
        from .callback import low_level_callable

        return low_level_callable(self._function, self)

    def rebind(self, **data: Any) -> None:
        """Changes data that were given to `bind`.  Raises ArgumentError for a name that was not."""
        for name in data:
            if name not in self._data:
                raise errors.ArgumentError(f"{name} was not bound", found=f"bound are {', '.join(self._data)}")
        self._data |= data
        for name in ("njit", "address"):  # these hold the data of their moment
            self.__dict__.pop(name, None)
        self._kernels.clear()
        self._entries.clear()
        self._entry = self._slow_call

    def __repr__(self) -> str:
        return f"<{self._function!r} with {', '.join(self._data)} bound>"


def _indented(program: Program) -> str:
    return "\n".join("    " + line for line in str(program).splitlines())
