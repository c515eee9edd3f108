"""Functions that other code compiled by Numba calls, with no Python in between, and C callbacks made of them.

Enters: a function, and data that are fixed.  Leaves: a Numba dispatcher of the other parameters.  Always holds: the
arguments' types are checked when the calling code is compiled, sizes and requirements at each call, which raises
`mg.ShapeError` or `mg.DomainError`; fixed data are kept until the process ends, since compiled code holds their
addresses.  Not for: calls from Python, which are faster through the function itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..grammar import errors
from . import njit_text
from .arguments import convert

if TYPE_CHECKING:
    from .bound import BoundFunction
    from .function import Function
    from .kernel import Kernel

Array = Any
_kept: list[Any] = []


def njit_function(function: Function, bound: BoundFunction | None = None) -> Any:
    """The Numba function of the parameters that are not bound.

    Raises mg.Error for a function without a kernel, and for bound data what calls would raise.
    """
    import numba
    from numba.extending import overload
    from numba.types import unliteral

    free = function.sparse_parameters.intersection((bound or function).parameters)
    if free:
        name = min(free)
        raise errors.Error(
            f"{name} is sparse: compiled code cannot pass it",
            needed=f"a function with {name} fixed: f.bind({name}={name}).njit",
        )
    made = _Callers(function, bound)
    names = njit_text.identifiers(made.free, {"target"})
    title = njit_text.identifiers([function.name or "expression"], {*names, "target"})[0]
    scope: dict[str, Any] = {"made": made, "unliteral": unliteral}
    given = ", ".join(names)
    exec(
        f"def target({given}):\n    pass\n"
        f"def choose({given}):\n    return made.caller(({''.join(f'unliteral({name}), ' for name in names)}))\n"
        f"def {title}({given}):\n    return target({given})\n",
        scope,
    )
    overload(scope["target"])(scope["choose"])
    scope[title].__doc__ = f"{function!r}, for code compiled by Numba."
    return numba.njit(scope[title])


class _Callers:
    """The texts and data behind one Numba function."""

    def __init__(self, function: Function, bound: BoundFunction | None) -> None:
        self.function = function
        self.bound = bound.copy() if bound is not None else None
        self.free = bound.parameters if bound is not None else function.parameters
        _kept.append(self)

    def caller(self, kinds: tuple[Any, ...]) -> Any:
        """The Python function, for Numba, of arguments of these types."""
        from numba.core import types

        from . import njit_code

        orders = {name: getattr(kind, "ndim", 0) for name, kind in zip(self.free, kinds, strict=True)}
        dtypes = [str(kind.dtype) for kind in kinds if isinstance(kind, types.Array)]
        single = bool(dtypes) and all(d == "float32" for d in dtypes)
        if self.bound is not None:
            kernel, ahead = self.bound.compiled(orders, single)
            fixed = self._fixed(kernel, ahead)
        else:
            from .kernel import Kernel

            compilation = self.function.compilation([np.zeros((1,) * orders[name]) for name in self.free])
            dtype = "float32" if single else "float64"
            kernel, fixed = Kernel(compilation.current(), dtype, compilation.nest, repr(self.function)), {}
        _kept.append(fixed)
        token = njit_code.token(lambda: kernel.address)
        text = njit_text.caller_text("caller", kernel.program, kernel.nest, "KERNEL", fixed)
        scope: dict[str, Any] = {name: getattr(njit_code, name) for name in njit_text.NAMES}
        scope |= {"np": np, "real": getattr(types, str(kernel.dtype)), "KERNEL": token}
        scope |= {"ShapeError": errors.ShapeError, "DomainError": errors.DomainError}
        exec(compile(text, "<matgrad caller>", "exec"), scope)
        return scope["caller"]

    def _fixed(self, kernel: Kernel, ahead: list[Array]) -> dict[int, Array]:
        """The fixed arrays by the number of their input: the data, and last what was computed ahead."""
        assert self.bound is not None
        values: dict[int, Any] = dict(enumerate(ahead, len(self.function.inputs)))
        for k, name in enumerate(self.function.inputs):
            if name in self.bound.held:
                values[k] = self.bound.held[name]
        return {k: convert(kernel.program.inputs[k], value, kernel.dtype) for k, value in values.items()}
