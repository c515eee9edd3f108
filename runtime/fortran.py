"""Calls of BLAS and LAPACK in compiled code.

Enters: values.  Leaves: `fortran`, which makes a Numba intrinsic for a routine.  Always holds: what Fortran takes by
reference is put on the stack; the precision is that of the arrays.  Not for: sizes where plain loops are faster.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types

from . import blas
from .intrinsics import Pointer, intrinsic, intrinsic_of_arity


def fortran(name: str, parameters: str) -> Any:
    """The intrinsic for the routine `name`, without the letter of its precision.

    `parameters` has a letter for each: `c` a character (as its code), `i` an integer, `r` a real number, `p` an array,
    and `o` the integer `info`, which is not passed but returned.
    """
    kinds = parameters.replace(" ", "")
    passed = kinds.replace("o", "")

    def typer(context: Any, *operands: Any) -> Any:
        dtype = next(o.dtype for o in operands if isinstance(o, Pointer) and isinstance(o.dtype, types.Float))
        by_kind = {"c": types.intp, "i": types.intp, "r": dtype}
        wanted = [o if kind == "p" else by_kind[kind] for kind, o in zip(passed, operands, strict=True)]

        def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            integer = ir.IntType(blas.integer_bits())
            values = iter(args)
            addresses = []
            info = None
            for kind in kinds:
                if kind == "o":
                    info = cgutils.alloca_once(builder, integer)
                    addresses.append(info)
                    continue
                value = next(values)
                if kind != "p":
                    width = {"c": ir.IntType(8), "i": integer}.get(kind)
                    if width is not None and width.width < 64:
                        value = builder.trunc(value, width)
                    place = cgutils.alloca_once(builder, value.type)
                    builder.store(value, place)
                    value = place
                addresses.append(value)
            symbol = blas.symbol(("s" if dtype == types.float32 else "d") + name)
            bytes_pointer = ir.IntType(8).as_pointer()
            addresses = [builder.bitcast(a, bytes_pointer) for a in addresses]
            function = builder.module.globals.get(symbol)
            if function is None:
                kind = ir.FunctionType(ir.VoidType(), [bytes_pointer] * len(addresses))
                function = ir.Function(builder.module, kind, symbol)
                function.attributes.add("nounwind")
            builder.call(function, addresses)
            if info is None:
                return ir.IntType(64)(0)
            return builder.sext(builder.load(info), ir.IntType(64)) if integer.width < 64 else builder.load(info)

        return types.intp(*wanted), generate

    return intrinsic_of_arity(typer, len(passed))


@intrinsic
def blas_integer(typing_context: Any, pointer: Any, index: Any) -> Any:
    """Element `index` of an array of BLAS's integers (pivots), at an address of 64-bit integers."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        integer = ir.IntType(blas.integer_bits())
        value = builder.load(builder.gep(builder.bitcast(args[0], integer.as_pointer()), [args[1]]))
        return builder.sext(value, ir.IntType(64)) if integer.width < 64 else value

    return types.intp(pointer, types.intp), generate
