"""The inner parts of matrix products, in vectors: a tile of the result, and what packs its operands.

Enters: addresses, sizes, strides.  Leaves: Numba intrinsics.  Always holds: the vectors are as wide as those of the
machine that the code is lowered for (`lowering.lower`); nothing outside of the arrays is read or written; the sums
of a tile are formed in the order of their terms.  Not for: choosing tiles, which `library/blocks.py` does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import types

from .intrinsics import INT, Pointer, intrinsic, intrinsic_of_arity

# Bytes of a vector: the vectors and the columns of the largest tile that stays in registers.
_TILES = {64: (3, 8), 32: (2, 6), 16: (2, 4)}
_BIT, _INDEX = ir.IntType(1), ir.IntType(32)
_FLAGS = ("contract",)


def _constant(value: Callable[[int, Any], int]) -> Any:
    """The intrinsic of an array for a number that depends on the width of vectors and the type of its elements."""

    def typer(context: Any, array: Any) -> Any:
        def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            return INT(value(builder.module.vector_bytes, array.dtype))

        return types.intp(array), generate

    return intrinsic_of_arity(typer, 1)


def _lanes(width: int, dtype: Any) -> int:
    return width * 8 // int(dtype.bitwidth)


lanes = _constant(_lanes)  # numbers in a vector
tile_vectors = _constant(lambda width, dtype: _TILES[width][0])  # of a tile's column, at most
tile_columns = _constant(lambda width, dtype: _TILES[width][1])
has_masks = _constant(lambda width, dtype: int(width == 64))  # whether a part of a vector is read as fast as all of it
vector_bytes = _constant(lambda width, dtype: width)


class _Vectors:
    """Instructions on vectors of the numbers of an array."""

    def __init__(self, builder: Any, real: Any, lanes: int) -> None:
        self.builder = builder
        self.real, self.lanes = real, lanes
        self.kind = ir.VectorType(real, lanes)
        self.zero = ir.Constant(self.kind, [0.0] * lanes)
        self.size = 8 if isinstance(real, ir.DoubleType) else 4
        self.name = f"v{lanes}f{8 * self.size}"

    def at(self, pointer: Any, index: Any) -> Any:
        """The address of an element of an array."""
        return self.builder.gep(pointer, [index])

    def columns(self, pointer: Any, distance: Any, count: int) -> list[Any]:
        """The addresses of so many columns."""
        found = [pointer]
        while len(found) < count:
            found.append(self.at(found[-1], distance))
        return found

    def splat(self, value: Any) -> Any:
        """A vector of equal numbers."""
        builder = self.builder
        kind = ir.VectorType(value.type, self.lanes)
        one = builder.insert_element(ir.Constant(kind, ir.Undefined), value, _INDEX(0))
        return builder.shuffle_vector(one, one, ir.Constant(ir.VectorType(_INDEX, self.lanes), [0] * self.lanes))

    def mask(self, count: Any) -> Any:
        """The first `count` lanes."""
        builder = self.builder
        numbers = ir.Constant(ir.VectorType(_INDEX, self.lanes), list(range(self.lanes)))
        return builder.icmp_unsigned("<", numbers, self.splat(builder.trunc(count, _INDEX)))

    def load(self, pointer: Any, mask: Any = None) -> Any:
        """The vector, with zeros outside of the mask, where nothing is read."""
        pointer = self.builder.bitcast(pointer, self.kind.as_pointer())
        if mask is None:
            return self.builder.load(pointer, align=self.size)
        kind = ir.FunctionType(self.kind, [pointer.type, _INDEX, mask.type, self.kind])
        function = _declared(self.builder.module, f"llvm.masked.load.{self.name}.p0", kind)
        return self.builder.call(function, [pointer, _INDEX(self.size), mask, self.zero])

    def store(self, value: Any, pointer: Any, mask: Any = None) -> None:
        """Writes the vector, nothing outside of the mask."""
        pointer = self.builder.bitcast(pointer, self.kind.as_pointer())
        if mask is None:
            self.builder.store(value, pointer, align=self.size)
            return
        kind = ir.FunctionType(ir.VoidType(), [self.kind, pointer.type, _INDEX, mask.type])
        function = _declared(self.builder.module, f"llvm.masked.store.{self.name}.p0", kind)
        self.builder.call(function, [value, pointer, _INDEX(self.size), mask])


def _declared(module: Any, name: str, kind: Any) -> Any:
    found = module.globals.get(name)
    return found or ir.Function(module, kind, name)


def _tile_function(module: Any, real: Any, count: int, vectors: int, columns: int) -> Any:
    """C = alpha A B + beta C for a tile of so many vectors (the last one in part) and columns."""
    name = f"tile_{vectors}_{columns}"
    if name in module.globals:
        return module.globals[name]
    pointer = real.as_pointer()
    kinds = [INT, real, real, pointer, INT, pointer, INT, INT, pointer, INT, INT]
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), kinds), name)
    function.linkage = "internal"
    for attribute in ("nounwind", "noinline"):
        function.attributes.add(attribute)
    k, alpha, beta, A, a1, B, b0, b1, C, c1, rest = function.args
    v = _Vectors(ir.IRBuilder(function.append_basic_block("start")), real, count)
    # Of each column the last vector may be a part of one.
    masks = [None] * (vectors - 1) + [v.mask(rest) if module.vector_bytes == 64 else None]
    sums = _sums(v, k, A, a1, v.columns(B, b1, columns), b0, masks)
    _stored(v, sums, alpha, beta, v.columns(C, c1, columns), masks)
    v.builder.ret_void()
    return function


def _sums(v: _Vectors, k: Any, A: Any, a1: Any, B: list[Any], b0: Any, masks: list[Any]) -> list[list[Any]]:
    """The products of the rows of A, at so many vectors, with columns at addresses `B`: vectors for each column."""
    builder = v.builder
    start = builder.block
    inside, after = (builder.function.append_basic_block(name) for name in ("inside", "after"))
    builder.cbranch(builder.icmp_signed(">", k, INT(0)), inside, after)
    builder.position_at_end(inside)
    p, left, offset = builder.phi(INT), builder.phi(A.type), builder.phi(INT)
    old = [[builder.phi(v.kind) for _ in masks] for _ in B]
    parts = [v.load(v.at(left, INT(q * v.lanes)), mask) for q, mask in enumerate(masks)]
    new: list[list[Any]] = []
    for column, sums in zip(B, old, strict=True):
        factor = v.splat(builder.load(v.at(column, offset)))
        terms = [builder.fmul(part, factor, flags=_FLAGS) for part in parts]
        new.append([builder.fadd(total, term, flags=_FLAGS) for total, term in zip(sums, terms, strict=True)])
    following = builder.add(p, INT(1), flags=("nsw",))
    carried = [
        (p, INT(0), following),
        (left, A, v.at(left, a1)),
        (offset, INT(0), builder.add(offset, b0, flags=("nsw",))),
        *((a, v.zero, b) for before, later in zip(old, new, strict=True) for a, b in zip(before, later, strict=True)),
    ]
    for phi, first, later in carried:
        phi.add_incoming(first, start)
        phi.add_incoming(later, inside)
    builder.cbranch(builder.icmp_signed("<", following, k), inside, after)
    builder.position_at_end(after)
    results: list[list[Any]] = []
    for column in new:
        results.append([builder.phi(v.kind) for _ in column])
        for phi, total in zip(results[-1], column, strict=True):
            phi.add_incoming(v.zero, start)
            phi.add_incoming(total, inside)
    return results


def _stored(v: _Vectors, sums: list[list[Any]], alpha: Any, beta: Any, C: list[Any], masks: list[Any]) -> None:
    """C = alpha sums + beta C, for columns at addresses `C`."""
    builder = v.builder
    scale, factor = v.splat(alpha), v.splat(beta)
    tile = [
        (v.at(place, INT(q * v.lanes)), builder.fmul(scale, total), mask)
        for place, column in zip(C, sums, strict=True)
        for q, (total, mask) in enumerate(zip(column, masks, strict=True))
    ]
    with builder.if_else(builder.fcmp_ordered("==", beta, ir.Constant(v.real, 0.0))) as (fresh, adding):
        with fresh:
            for place, value, mask in tile:
                v.store(value, place, mask)
        with adding:
            for place, value, mask in tile:
                old = builder.fmul(factor, v.load(place, mask), flags=_FLAGS)
                v.store(builder.fadd(value, old, flags=_FLAGS), place, mask)


def _tile(context: Any, *operands: Any) -> Any:
    """C = alpha A B + beta C for a tile: (vectors, columns, k, alpha, beta, A, a1, B, b0, b1, C, c1, rest).

    The tile has so many vectors of rows, of the last of them `rest` lanes, and so many columns.  Rows of A and C are
    side by side; A has columns at distance a1, C at c1; B has any strides.  With beta = 0, C is not read.
    """
    dtype = next(o.dtype for o in operands if isinstance(o, Pointer))
    wanted: list[Any] = [o if isinstance(o, Pointer) else types.intp for o in operands]
    wanted[3] = wanted[4] = dtype

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        vectors, columns, *rest = args
        module = builder.module
        most_vectors, most_columns = _TILES[module.vector_bytes]
        real = rest[1].type
        count = _lanes(module.vector_bytes, dtype)
        after = builder.append_basic_block()
        never = builder.append_basic_block()
        number = builder.add(builder.mul(vectors, INT(most_columns)), columns)
        switch = builder.switch(number, never)
        builder.position_at_end(never)
        builder.unreachable()
        for q in range(1, most_vectors + 1):
            for j in range(1, most_columns + 1):
                block = builder.append_basic_block()
                switch.add_case(INT(q * most_columns + j), block)
                builder.position_at_end(block)
                builder.call(_tile_function(module, real, count, q, j), rest)
                builder.branch(after)
        builder.position_at_end(after)
        return INT(0)

    return types.intp(*wanted), generate


tile = intrinsic_of_arity(_tile, 13)


def _transposed(context: Any, *operands: Any) -> Any:
    """Y = X' for a square of as many rows as vectors have lanes: (X, x0, Y, y0), with unit strides in their rows."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        X, x0, Y, y0 = args
        count = _lanes(builder.module.vector_bytes, operands[0].dtype)
        v = _Vectors(builder, X.type.pointee, count)
        rows = []
        for _ in range(count):
            rows.append(v.load(X))
            X = v.at(X, x0)
        # Blocks of half the size change places: with distance count/2, then half of that, ...
        half = count // 2
        while half:
            new = list(rows)
            for i in range(count):
                if i & half:
                    continue
                low = [j if not j & half else count + j - half for j in range(count)]
                high = [j + half if not j & half else count + j for j in range(count)]
                for target, lanes_ in ((i, low), (i + half, high)):
                    pattern = ir.Constant(ir.VectorType(_INDEX, count), lanes_)
                    new[target] = builder.shuffle_vector(rows[i], rows[i + half], pattern)
            rows = new
            half //= 2
        for row in rows:
            v.store(row, Y)
            Y = v.at(Y, y0)
        return INT(0)

    return types.intp(operands[0], types.intp, operands[2], types.intp), generate


transposed = intrinsic_of_arity(_transposed, 4)


def _copied(context: Any, *operands: Any) -> Any:
    """A vector of numbers side by side, zeros behind the first `count` of them: (count, X, Y)."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        count, X, Y = args
        v = _Vectors(builder, X.type.pointee, _lanes(builder.module.vector_bytes, operands[1].dtype))
        v.store(v.load(X, v.mask(count)), Y)
        return INT(0)

    return types.intp(types.intp, operands[1], operands[2]), generate


copied = intrinsic_of_arity(_copied, 3)


@intrinsic
def local_tile(context: Any, array: Any) -> Any:
    """Memory for the largest tile, on the stack."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        width = builder.module.vector_bytes
        vectors, columns = _TILES[width]
        real = args[0].type.pointee
        count = vectors * _lanes(width, array.dtype) * columns
        with builder.goto_entry_block():
            place = builder.alloca(ir.ArrayType(real, count))
        return builder.bitcast(place, real.as_pointer())

    return Pointer(array.dtype, 40)(array), generate
