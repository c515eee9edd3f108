"""The compiled routines of `compiler/kernel/routines`: what kernels call for products, factorizations and checks.

Enters: addresses, sizes and strides.  Leaves: for every routine the intrinsic that calls it (`from
matgrad.runtime.library import gemm`, in kernels and between routines), and `implementation`, its Python function, which
`lowering.py` translates.  Always holds: the parameters are the sizes in the order of their letters, the scalars, then
for each view (inputs first) its address and its strides, then scratch memory; the result is 0, or 1 if the routine
failed; sizes may be 0.  Parts are functions that routines share, and kernels do not call.  Not for: allocating.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from typing import Any

from ...compiler.kernel.routines.table import ROUTINES

# Not names of routines.
_MODULES = (
    *("blocks", "products", "symmetric", "moves", "triangular", "definite", "general", "spectral", "functions"),
    *("symmetric_functions", "sparse", "checks", "shared"),
)

# The parameters of parts: integers, reals, addresses of inputs, outputs and scratch memory.
PARTS = {"product": "iiiirr aii aii oii s", "turned": "ii ai oi", "leaf": "iiiir aii aii s"}


def symbol(name: str, dtype: str) -> str:
    """The name of a compiled routine."""
    return f"matgrad_{name}_{dtype}"


def parse_symbol(text: str) -> tuple[str, str] | None:
    """(name, dtype) of the symbol of a routine or part; None for other names."""
    name, _, dtype = text.removeprefix("matgrad_").rpartition("_")
    return (name, dtype) if text.startswith("matgrad_") and (name in ROUTINES or name in PARTS) else None


def implementation(name: str) -> Callable[..., Any]:
    """The Python function of a routine or part.  Raises KeyError if there is none."""
    for module in _MODULES:
        found = vars(importlib.import_module(f".{module}", __name__)).get(name)
        if inspect.isfunction(found):  # not the caller of a routine of another module
            return found
    raise KeyError(name)


def speed(name: str) -> int:
    """LLVM's level of optimisation (`native.emit`): some loops are written in vectors already."""
    return 1 if name in ("product", "turned", "mirror") else 3


def parameters(name: str, dtype: Any) -> tuple[Any, ...]:
    """The Numba types of the parameters of a routine or part."""
    from numba.core import types

    from ..intrinsics import Pointer

    if name in PARTS:
        by_letter = {
            "i": types.intp,
            "r": dtype,
            "a": Pointer(dtype, 0),
            "o": Pointer(dtype, 1),
            "s": Pointer(dtype, 30),
        }
        return tuple(by_letter[letter] for letter in PARTS[name].replace(" ", ""))
    signature = ROUTINES[name]
    kinds: list[Any] = [types.intp] * len(signature.letters) + [dtype] * len(signature.scalars)
    for position, pattern in enumerate((*signature.inputs, *signature.outputs)):
        # Inputs are only read, so they may share a tag; outputs overlap them only in place.
        tag = 0 if signature.in_place or position < len(signature.inputs) else 1 + position
        if position in signature.integers:
            kinds.append(Pointer(types.int64, 20 + position))
        else:
            kinds.append(Pointer(dtype, tag))
        kinds += [types.intp] * sum(c.isalpha() for c in pattern)
    if signature.scratch is not None:
        kinds.append(Pointer(dtype, 30))
    return tuple(kinds)


def _caller(name: str) -> Any:
    """The intrinsic that calls the compiled routine."""
    from llvmlite import ir
    from numba.core import types

    from ..intrinsics import Pointer, intrinsic_of_arity

    model = parameters(name, types.float64)

    def typer(context: Any, *operands: Any) -> Any:
        dtype = next(
            (o.dtype for o in operands if isinstance(o, Pointer) and isinstance(o.dtype, types.Float)), types.float64
        )
        wanted = [
            o if isinstance(m, Pointer) else (dtype if isinstance(m, types.Float) else m)
            for m, o in zip(model, operands, strict=True)
        ]

        def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            text = symbol(name, str(dtype))
            function = builder.module.globals.get(text)
            if function is None:
                kind = ir.FunctionType(ir.IntType(64), [a.type for a in args])
                function = ir.Function(builder.module, kind, text)
                function.attributes.add("nounwind")
            casts = [builder.bitcast(a, k) for a, k in zip(args, function.function_type.args, strict=True)]
            return builder.call(function, casts)

        return types.intp(*wanted), generate

    return intrinsic_of_arity(typer, len(model))


def __getattr__(name: str) -> Any:
    if name not in ROUTINES and name not in PARTS:
        raise AttributeError(name)
    globals()[name] = _caller(name)
    return globals()[name]
