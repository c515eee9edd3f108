"""Functions with data fixed: what the inner loop of an optimizer calls.

Enters: a function and some of its arguments.  Leaves: a callable of the others.  Always holds: the data are not copied
where they fit already, and are held as long as the bound function lives.  Not for: changing data in place, which is
not noticed.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..grammar import errors
from .arguments import arranged, as_array
from .attributes import check_now

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
        self._checked = False
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
        if not self._checked:
            for parameter in compilation.definition.parameters:
                if parameter.name in self._data:
                    check_now(parameter, self._data[parameter.name])
            self._checked = True
        kernel, limits = compilation.kernel(ordered, frozenset(self._data))
        if kernel not in self._entries:
            fixed = {k: as_array(name, given[name]) for k, name in enumerate(self._function.parameters) if name in self._data}
            self._entries[kernel] = kernel.entry(fixed, self._slow_call, limits)
        self._entry = self._entries[kernel]
        return kernel.run(*ordered, out=out)

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
        self._checked = False
        self._entries.clear()
        self._entry = self._slow_call

    def __repr__(self) -> str:
        return f"<{self._function!r} with {', '.join(self._data)} bound>"
