"""Functions with data fixed: what the inner loop of an optimizer calls.

Enters: a function and some of its arguments.  Leaves: a callable of the others.  Always holds: the data are not copied
where they fit already, and are held as long as the bound function lives.  Not for: changing data in place, which is
not noticed.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..compiler.ahead import Split, multiplied_out, split
from ..compiler.expr import Expr, Symbol
from ..compiler.printer import text
from ..grammar import errors
from .arguments import arranged, as_array
from .attributes import check_now
from .compilation import Compilation

if TYPE_CHECKING:
    from .direct import Direct
    from .function import Function
    from .kernel import Kernel


class BoundFunction:
    """The function of the remaining parameters, in the function's order; `k(w, out=g)` writes into `g`.

    Raises what calls of the function raise.
    """

    def __init__(self, function: Function, data: Mapping[str, Any], fast: bool) -> None:
        self._function, self._data, self._fast = function, dict(data), fast
        self._computed: list[tuple[Symbol, Expr]] = []
        self._ahead: dict[str, tuple[Compilation, list[Any]]] = {}
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
        compilation, values = self._rest(self._function.compilation(ordered), ordered)
        ordered += values
        names = [p.name for p in compilation.definition.parameters]
        bound = self._data.keys() | set(names[len(names) - len(values) :])
        kernel, limits = compilation.kernel(ordered, frozenset(bound))
        if kernel not in self._entries:
            fixed = {k: as_array(name, ordered[k]) for k, name in enumerate(names) if name in bound}
            self._entries[kernel] = kernel.entry(fixed, self._slow_call, limits)
        self._entry = self._entries[kernel]
        return kernel.run(*ordered, out=out)

    def _rest(self, whole: Compilation, arguments: list[Any]) -> tuple[Compilation, list[Any]]:
        """What is left to compute at each call, and the values computed ahead, which are its last arguments.

        Raises DomainError where bound data lack a declared attribute.
        """
        dtype = whole.dtype(arguments)
        if dtype not in self._ahead:
            for parameter in whole.definition.parameters:
                if parameter.name in self._data:
                    check_now(parameter, self._data[parameter.name])
            parts = self._split(whole, whole.sizes(arguments))
            self._computed = [] if parts is None else list(zip(parts.symbols, parts.first.results, strict=True))
            if parts is None:
                self._ahead[dtype] = (whole, [])
            else:
                data = [as_array(p.name, self._data[p.name]).astype(dtype) for p in parts.first.parameters]
                kernel, _ = Compilation(parts.first, tuple(range(len(parts.symbols)))).kernel(data)
                self._ahead[dtype] = (whole.of(parts.rest), list(kernel.run(*data)))
        rest, values = self._ahead[dtype]
        return rest, values

    def plan(self) -> str:
        """What is computed once, and the kernel program of each call, as of the last call."""
        if not self._ahead:
            raise errors.Error("nothing is planned before the first call", hint="call the function once")
        rest, _ = next(reversed(self._ahead.values()))
        once = [f"{s.name} = {text(e)}" for s, e in self._computed]
        return "\n".join([*(["once:", *("    " + line for line in once), ""] if once else []), str(rest.current())])

    def _split(self, whole: Compilation, sizes: dict[str, int]) -> Split | None:
        """What to compute ahead; with `fast` also by multiplying out, where that leaves less work per call."""
        parts = split(whole.definition, self._data, sizes, self._fast)
        if self._fast:
            other = split(multiplied_out(whole.definition), self._data, sizes, True)
            left = whole.definition if parts is None else parts.rest
            if other is not None and whole.of(other.rest).cost(sizes) < whole.of(left).cost(sizes):
                return other
        return parts

    @functools.cached_property
    def njit(self) -> Any:
        """The function of the remaining parameters for other code compiled by Numba, as `Function.njit`.

        It holds the data of this moment: `rebind` does not change it, and they are kept until the process ends.
        """
        from .njit import njit_function

        return njit_function(self._function, self._data)

    @functools.cached_property
    def address(self) -> int:
        """The address of the function as a C function, as `Function.address`; holds the data of this moment."""
        from .callback import address

        return address(self._function, self._data)

    def low_level_callable(self) -> Any:
        """The `scipy.LowLevelCallable`, as `Function.low_level_callable`; holds the data of this moment."""
        from .callback import low_level_callable

        return low_level_callable(self._function, self._data)

    def rebind(self, **data: Any) -> None:
        """Changes data that were given to `bind`.  Raises ArgumentError for a name that was not."""
        for name in data:
            if name not in self._data:
                raise errors.ArgumentError(f"{name} was not bound", found=f"bound are {', '.join(self._data)}")
        self._data |= data
        self._ahead.clear()
        self._entries.clear()
        self._entry = self._slow_call

    def __repr__(self) -> str:
        return f"<{self._function!r} with {', '.join(self._data)} bound>"
