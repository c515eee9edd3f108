"""Functions that other code compiled by Numba calls, with no Python in between, and C callbacks made of them.

Enters: a function, and data that are fixed.  Leaves: a Numba dispatcher of the other parameters.  Always holds: the
arguments' types are checked when the calling code is compiled, sizes and requirements at each call, which raises
`mg.ShapeError` or `mg.DomainError`; fixed data are kept until the process ends, since compiled code holds their
addresses.  Not for: calls from Python, which are faster through the function itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..compiler.plan.atoms import NoRoutine
from ..compiler.program import Buffer
from ..grammar import errors
from . import njit_text
from .arguments import as_array, check_sizes, convert
from .attributes import check_now
from .kernel import Kernel

if TYPE_CHECKING:
    from .function import Function

Array = Any
_kept: list[Any] = []


def njit_function(function: Function, bound: Mapping[str, Any] | None = None) -> Any:
    """The Numba function of the parameters that are not bound.

    Raises mg.Error for a function without a kernel, and for bound data what calls would raise.
    """
    import numba
    from numba.extending import overload
    from numba.types import unliteral

    made = _Callers(function, bound or {})
    names = njit_text.identifiers([name for name in function.parameters if name not in made.bound], {"target"})
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

    def __init__(self, function: Function, bound: Mapping[str, Any]) -> None:
        self.function = function
        self.bound = {name: as_array(name, value) for name, value in bound.items()}
        _kept.append(self)

    def caller(self, kinds: tuple[Any, ...]) -> Any:
        """The Python function, for Numba, of arguments of these types."""
        from numba.core import types

        from . import njit_code

        free = [name for name in self.function.parameters if name not in self.bound]
        orders = {name: getattr(kind, "ndim", 0) for name, kind in zip(free, kinds, strict=True)}
        samples = [self.bound.get(n, np.zeros((1,) * orders.get(n, 0))) for n in self.function.parameters]
        dtypes = [str(kind.dtype) for kind in kinds if isinstance(kind, types.Array)]
        dtypes += [str(a.dtype) for a in self.bound.values() if a.ndim]
        dtype = "float32" if dtypes and all(d == "float32" for d in dtypes) else "float64"
        kernel, fixed = self._kernel(samples, dtype)
        token = njit_code.token(lambda: kernel.address)
        text = njit_text.caller_text("caller", kernel.program, kernel.nest, "KERNEL", fixed)
        scope: dict[str, Any] = {name: getattr(njit_code, name) for name in njit_text.NAMES}
        scope |= {"np": np, "real": getattr(types, dtype), "KERNEL": token}
        scope |= {"ShapeError": errors.ShapeError, "DomainError": errors.DomainError}
        exec(compile(text, "<matgrad caller>", "exec"), scope)
        return scope["caller"]

    def _kernel(self, samples: list[Array], dtype: str) -> tuple[Kernel, dict[int, Array]]:
        """The kernel, and the fixed arrays by the number of their input."""
        compilation = self.function.compilation(samples)
        parameters = compilation.definition.parameters
        for parameter in parameters:
            if parameter.name in self.bound:
                check_now(parameter, self.bound[parameter.name])
        if not self.bound:
            program = compilation.current()
        else:
            try:
                program = compilation.program(self._sizes(parameters), frozenset(self.bound))
            except NoRoutine as missing:
                raise errors.Error(
                    "this function has no kernel of its own", found=f"{missing} is evaluated by NumPy and SciPy"
                ) from None
        fixed = {
            k: convert(buffer, self.bound[buffer.name], np.dtype(dtype))
            for k, buffer in enumerate(program.inputs)
            if buffer.name in self.bound
        }
        _kept.append(fixed)
        return Kernel(program, dtype, compilation.nest, repr(self.function)), fixed

    def _sizes(self, parameters: Any) -> dict[str, int]:
        given = [p for p in parameters if p.name in self.bound]
        buffers = [Buffer(p.name, p.shape, "input", "int" if "integer" in p.attributes else "real") for p in given]
        arrays = [convert(b, self.bound[b.name], np.float64) for b in buffers]
        found = check_sizes(buffers, arrays)
        return found | {b.name: int(a) for b, a in zip(buffers, arrays, strict=True) if b.dtype == "int"}
