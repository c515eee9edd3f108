"""What a kernel's source is written with, for Numba: arrays as bare pointers, sums that may be reordered, choices.

Enters: names used in kernels and library routines.  Leaves: Numba intrinsics and the `Pointer` type.  Always holds:
nothing raises, allocates or calls into Python.  Buffers of different `Pointer` types are told to LLVM not to overlap
(by type-based alias metadata), which is what lets it vectorise loops without run-time tests; so every buffer of a
kernel has a tag of its own.  Not for: use outside of compiled code.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic as numba_intrinsic
from numba.extending import lower_builtin, models, register_model

INT = ir.IntType(64)
Number = Any  # the annotation of a helper that returns a number, of the precision of its arrays, and no integer


def intrinsic(typer: Callable[..., Any]) -> Any:
    """Numba's decorator: integers that stand in the source are known to the typer."""
    return numba_intrinsic(prefer_literal=True)(typer)


def intrinsic_of_arity(typer: Any, count: int) -> Any:
    """The intrinsic of `count` arguments for a typer of any number of them."""
    # Numba looks at the names of the parameters, so a function that has them is made.
    names = ", ".join(f"a{k}" for k in range(count))
    scope: dict[str, Any] = {"typer": typer}
    exec(f"def call(context, {names}):\n    return typer(context, {names})", scope)
    return intrinsic(scope["call"])


class Pointer(types.Type):
    """Address of an array of `dtype`; `p[i]` is its i-th element, unchecked.  Equal tags may overlap."""

    def __init__(self, dtype: types.Type, tag: int) -> None:
        self.dtype = dtype
        self.tag = tag
        super().__init__(f"Pointer({dtype}, {tag})")


@register_model(Pointer)
class _PointerModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, pointer: Pointer) -> None:
        super().__init__(manager, pointer, manager.lookup(pointer.dtype).get_data_type().as_pointer())


@infer_global(operator.getitem)
class _GetItem(AbstractTemplate):  # type: ignore[misc]
    def generic(self, args: tuple[Any, ...], kws: Any) -> Any:
        if isinstance(args[0], Pointer) and isinstance(args[1], types.Integer):
            return signature(args[0].dtype, args[0], types.intp)
        return None


@infer_global(operator.setitem)
class _SetItem(AbstractTemplate):  # type: ignore[misc]
    def generic(self, args: tuple[Any, ...], kws: Any) -> Any:
        if isinstance(args[0], Pointer) and isinstance(args[1], types.Integer):
            return signature(types.none, args[0], types.intp, args[0].dtype)
        return None


def _tag(builder: Any, instruction: Any, tag: int) -> None:
    module = builder.module
    root = module.add_metadata(["matgrad buffers"])
    buffer = module.add_metadata([f"buffer {tag}", root])
    instruction.set_metadata("tbaa", module.add_metadata([buffer, buffer, INT(0)]))


def load(builder: Any, kind: Any, pointer: Any, index: Any) -> Any:
    """The code of `pointer[index]`, for a type with tag or without."""
    value = builder.load(builder.gep(pointer, [index]))
    if isinstance(kind, Pointer):
        _tag(builder, value, kind.tag)
    return value


def store(builder: Any, kind: Any, pointer: Any, index: Any, value: Any) -> None:
    """Writes the code of `pointer[index] = value`."""
    instruction = builder.store(value, builder.gep(pointer, [index]))
    if isinstance(kind, Pointer):
        _tag(builder, instruction, kind.tag)


def _load(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return load(builder, sig.args[0], *args)


def _store(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    store(builder, sig.args[0], *args)
    return context.get_dummy_value()


lower_builtin(operator.getitem, Pointer, types.Integer)(_load)
lower_builtin(operator.setitem, Pointer, types.Integer, types.Any)(_store)


@intrinsic
def array(typing_context: Any, table: Any, slot: Any, dtype: Any) -> Any:
    """The array of numbers of type `dtype` whose address is `table[slot]`."""
    result = Pointer(dtype.instance_type, slot.literal_value)

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        address = builder.load(builder.gep(args[0], [INT(slot.literal_value)]))
        return builder.inttoptr(address, context.get_value_type(result))

    return result(table, slot, dtype), generate


@intrinsic
def part(typing_context: Any, memory: Any, offset: Any, tag: Any, dtype: Any) -> Any:
    """The array of type `dtype` that starts `offset` bytes behind `memory`, with a tag of its own."""
    result = Pointer(dtype.instance_type, tag.literal_value)

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        start = builder.bitcast(args[0], ir.IntType(8).as_pointer())
        index = context.cast(builder, args[1], sig.args[1], types.intp)
        return builder.bitcast(builder.gep(start, [index]), context.get_value_type(result))

    return result(memory, offset, tag, dtype), generate


@intrinsic
def shift(typing_context: Any, pointer: Any, offset: Any) -> Any:
    """The array that starts at element `offset` of an array."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.gep(args[0], [args[1]])

    return pointer(pointer, types.intp), generate


@intrinsic
def prefetch(typing_context: Any, pointer: Any, offset: Any) -> Any:
    """Asks for the memory around element `offset` of an array, which may lie outside of it."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        word = ir.IntType(32)
        place = builder.bitcast(builder.gep(args[0], [args[1]]), ir.IntType(8).as_pointer())
        kind = ir.FunctionType(ir.VoidType(), [place.type, word, word, word])
        function = builder.module.declare_intrinsic("llvm.prefetch", (place.type,), kind)
        builder.call(function, [place, word(0), word(3), word(1)])  # to read, into all caches, data
        return INT(0)

    return types.intp(pointer, types.intp), generate


@intrinsic
def address(typing_context: Any, pointer: Any) -> Any:
    """The address as an integer."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.ptrtoint(args[0], INT)

    return types.intp(pointer), generate


def _reorderable(method: str) -> Callable[..., Any]:
    def typer(typing_context: Any, a: Any, b: Any) -> Any:
        def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            # Only these two flags: the others would break inf and nan.
            return getattr(builder, method)(args[0], args[1], flags=("reassoc", "contract"))

        return (a(a, a), generate) if isinstance(a, types.Float) else None

    return typer


plus = intrinsic(_reorderable("fadd"))  # the sum of two terms of a longer sum, which may be added in any order
times = intrinsic(_reorderable("fmul"))  # likewise for products


@intrinsic
def larger(typing_context: Any, a: Any, b: Any) -> Any:
    """The larger of two numbers; anything where one is nan."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = args[0].type
        function = builder.module.declare_intrinsic("llvm.maxnum", (kind,), ir.FunctionType(kind, [kind, kind]))
        return builder.call(function, args, fastmath=("nnan", "nsz"))

    return (a(a, a), generate) if isinstance(a, types.Float) else None


@intrinsic
def number(typing_context: Any, like: Any, value: Any) -> Any:
    """A number of the type of an array's elements."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return args[1]

    return (like.dtype(like, like.dtype), generate) if isinstance(like, Pointer) else None
