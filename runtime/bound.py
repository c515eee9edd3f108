"""Functions with data fixed: what the inner loop of an optimizer calls.

Enters: a function and some of its arguments.  Leaves: a callable of the others.  Always holds: the data are not copied
where they fit already, and are held as long as the bound function lives.  Not for: changing data in place, which is
not noticed.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..grammar import errors
from . import records
from .arguments import arranged, as_array, is_sparse
from .compiled import Compiled, Misfit
from .entries import Entries
from .signature import Limits, Signature, limits_read, listed, samples, signature

if TYPE_CHECKING:
    from ..compiler.kernel.program import Program
    from ..compiler.plan import Split
    from .compilation import Compilation
    from .direct import Direct
    from .function import Function
    from .kernel import Kernel

Array = Any


class Parts(NamedTuple):
    """What serves the calls of a signature: a kernel, the sizes that it is for, and its last arguments, which were
    computed ahead; `record` is what another process needs, None where it is known already."""

    kernel: Compiled | Direct
    limits: Limits
    ahead: list[Array]
    record: dict[str, Any] | None = None


class BoundFunction:
    """The function of the remaining parameters, in the function's order; `k(w, out=g)` writes into `g`.

    Raises what calls of the function raise.
    """

    def __init__(self, function: Function, data: Mapping[str, Any], fast: bool) -> None:
        self._function, self._fast = function, fast
        self._given, self._data = dict(data), function.held(data)  # as given, and as kernels take them
        self._kernels: dict[tuple[Split, str], tuple[Kernel, list[Array]]] = {}
        self._last: Split | None = None
        self._sample: Sequence[Array] | None = None  # what stands for the arguments of the last slow call
        self._parts: dict[Signature, Parts] = {}
        self._lock = threading.RLock()
        self._forget()

    def _forget(self) -> None:
        """Starts without anything that depends on the data."""
        self._kernels.clear()
        self._parts.clear()
        self._entries = Entries(self._slow_call)
        self._entry: Callable[..., Any] = self._entries.first

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the parameters that are not fixed, in order."""
        return tuple(name for name in self._function.parameters if name not in self._given)

    @functools.cached_property
    def _free_inputs(self) -> tuple[str, ...]:
        return tuple(name for name in self._function.inputs if name not in self._data)

    @functools.cached_property
    def _takes_inputs(self) -> bool:
        """Whether kernels take the arguments as they are given; asked at every call, so it is not worked out there."""
        return self._free_inputs == self.parameters

    def __call__(self, *arguments: Any, out: Any = None, **named: Any) -> Any:
        if named:
            arguments = arranged("the bound function", self.parameters, arguments, named)
        if not self._takes_inputs and len(arguments) == len(self.parameters):
            arguments = tuple(self._function.held(dict(zip(self.parameters, arguments, strict=True))).values())
        return self._entry(*arguments) if out is None else self._entry(*arguments, out=out)

    def _slow_call(self, *arguments: Any, out: Any = None) -> Any:
        """A call for whose arguments there is no entry: finds the kernel, and makes one."""
        free = self._free_inputs
        if len(arguments) != len(free):
            raise errors.ArgumentError(f"{len(arguments)} arguments for ({', '.join(self.parameters)})")
        names = self._function.inputs
        given = self._data | dict(zip(free, arguments, strict=True))
        ordered = [given[name] for name in names]
        made = self._made(ordered) if any(map(is_sparse, ordered)) else None
        arrays = [as_array(name, value) for name, value in zip(names, ordered, strict=True)]
        with self._lock:
            sign = signature(ordered, arrays)
            parts = made or self._parts.get(sign) or self._stored(sign, arrays) or self._made(ordered)
            try:
                result = self._run(parts, arrays, out)
            except Misfit:
                parts = self._made(ordered)
                result = self._run(parts, arrays, out)
            self._parts[sign] = parts._replace(record=None)
            self._sample = samples(arrays)
            if isinstance(parts.kernel, Compiled):
                fixed = {k: arrays[k] for k, name in enumerate(names) if name in self._data}
                fixed |= dict(enumerate(parts.ahead, len(names)))
                self._entries.add(parts.kernel, parts.limits, fixed)
                self._entry = self._entries.first
                key = self._function.identity(sign)
                if parts.record is not None and key is not None:
                    records.write("bound", self._key(key, sign), parts.record)
        return result

    def _run(self, parts: Parts, arrays: Sequence[Array], out: Any) -> Any:
        if isinstance(parts.kernel, Compiled):
            assert parts.kernel.address, "compiled before the first call, whose result must not differ from the others"
        return parts.kernel.run(*arrays, *parts.ahead, out=out)

    def _key(self, function: tuple[Any, ...], sign: Signature) -> tuple[Any, ...]:
        return (*function, sorted(self._data), self._fast, sign)

    def _stored(self, sign: Signature, arrays: Sequence[Array]) -> Parts | None:
        """What serves a signature, as another process has left it, or None.

        Raises DomainError where bound data lack a declared attribute, mg.Error where they do not fit.
        """
        key = self._function.identity(sign)
        kept = None if key is None else records.read("bound", self._key(key, sign))
        if kept is None:
            return None
        kernel = Compiled.read(kept["kernel"])
        first = None if kept["ahead"] is None else Compiled.read(kept["ahead"])
        if not kernel.is_compiled or (first is not None and not first.is_compiled):
            return None
        fixed = [a for a, name in zip(arrays, self._function.inputs, strict=True) if name in self._data]
        for number, routine, text in kept["checks"]:
            from .attributes import check_array

            check_array(routine, text, fixed[number])
        ahead = [] if first is None else [np.asarray(value) for value in first.run(*fixed)]
        return Parts(kernel, limits_read(kept["limits"]), ahead)

    def _made(self, arguments: Sequence[Any]) -> Parts:
        """What serves calls with these arguments.  Raises DomainError where bound data lack a declared attribute."""
        return self._kernel(self._function.compilation(arguments), arguments)

    def _kernel(self, compilation: Compilation, arguments: Sequence[Any]) -> Parts:
        names = frozenset(self._data)
        made = compilation.split(arguments, names, self._fast)
        if made is None:
            return Parts(*compilation.kernel(arguments), [])
        from .attributes import check_array, checks
        from .kernel import Kernel

        parts, dtype, limits = made
        bound = [p for p in compilation.definition.parameters if p.name in names]
        checked = [(k, *check) for k, p in enumerate(bound) for check in checks(p)]
        first = None if parts.ahead is None else Kernel(parts.ahead, dtype, tuple(range(len(parts.ahead.outputs))))
        if (parts, dtype) not in self._kernels:
            data = [as_array(p.name, self._data[p.name]) for p in bound]
            for number, routine, text in checked:
                check_array(routine, text, data[number])
            ahead: list[Array] = []
            if first is not None:
                assert first.address, "compiled, for the interpreter keeps pivots in another form"
                ahead = [np.asarray(value) for value in first.run(*data)]
            self._kernels[parts, dtype] = (Kernel(parts.each, dtype, compilation.nest, repr(self)), ahead)
        self._last = parts
        kernel, ahead = self._kernels[parts, dtype]
        record = {
            "kernel": kernel.record(),
            "ahead": None if first is None else first.record(),
            "limits": listed(limits),
            "checks": checked,
        }
        return Parts(kernel, limits, ahead, record)

    def _settle(self) -> None:
        """Plans for the sizes of the last call, where another process had."""
        if self._last is None and self._sample is not None:
            arguments = [
                self._data.get(name, sample) for name, sample in zip(self._function.inputs, self._sample, strict=True)
            ]
            self._made(arguments)

    def plan(self) -> str:
        """The kernel programs of the last call: what ran once, and what runs at each call."""
        self._settle()
        if self._last is None:
            raise errors.Error("nothing is planned before the first call", hint="call the function once")
        once = "" if self._last.ahead is None else f"once:\n{_indented(self._last.ahead)}\n\n"
        return f"{once}at each call:\n{_indented(self._last.each)}"

    @property
    def data(self) -> Mapping[str, Any]:
        """What is fixed, by the names of the parameters."""
        return self._given

    @property
    def held(self) -> Mapping[str, Any]:
        """What is fixed, as kernels take it."""
        return self._data

    def copy(self) -> BoundFunction:
        """Another one with these data, which `rebind` of this one does not change."""
        made = BoundFunction(self._function, self._given, self._fast)
        made._last, made._kernels, made._sample = self._last, dict(self._kernels), self._sample
        return made

    def compiled(self, orders: Mapping[str, int], single: bool) -> tuple[Kernel, list[Array]]:
        """The kernel for the sizes of the last call (for medium ones if there was none), and what was computed ahead.

        `orders` are those of the remaining parameters; `single` says that their arrays are of float32.  Raises what a
        call raises, and mg.Error where there is no kernel.
        """
        self._settle()
        arrays = [np.asarray(a) for a in self._data.values() if np.ndim(a)]
        single = single and all(a.dtype == np.float32 for a in arrays if a.dtype.kind == "f")
        dtype = "float32" if single else "float64"
        if self._last is not None and (self._last, dtype) in self._kernels:
            return self._kernels[self._last, dtype]
        samples: dict[str, Any] = {name: np.broadcast_to(np.float32(0), (1,) * order) for name, order in orders.items()}
        ordered = [(self._data | samples)[name] for name in self._function.inputs]
        compilation = self._function.compilation(ordered)
        sizes = compilation.known_sizes(self._data)
        for parameter in compilation.definition.parameters:
            if parameter.name in samples:
                shape = tuple(dim.evaluate(sizes) for dim in parameter.shape)
                samples[parameter.name] = np.broadcast_to(np.dtype(dtype).type(0), shape) if shape else 0
        ordered = [(self._data | samples)[name] for name in self._function.inputs]
        from .kernel import Kernel

        parts = self._kernel(compilation, ordered)
        if not isinstance(parts.kernel, Kernel):
            raise errors.Error("this function has no kernel of its own", found="it is evaluated by NumPy and SciPy")
        return parts.kernel, parts.ahead

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
            if name not in self._given:
                raise errors.ArgumentError(f"{name} was not bound", found=f"bound are {', '.join(self._given)}")
        self._given |= data
        self._data |= self._function.held(data)
        for name in ("njit", "address"):  # these hold the data of their moment
            self.__dict__.pop(name, None)
        self._last = None
        self._forget()

    def __reduce__(self) -> tuple[Any, ...]:
        return BoundFunction, (self._function, self._given, self._fast)

    def __repr__(self) -> str:
        return f"<{self._function!r} with {', '.join(self._given)} bound>"


def _indented(program: Program) -> str:
    return "\n".join("    " + line for line in str(program).splitlines())
