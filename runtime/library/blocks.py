"""Matrix products of any shape in vectors of this machine: the part `product`, on which gemm and its kin stand.

Enters: addresses, sizes, strides (`runtime/library`).  Leaves: functions.  Always holds: operands have any strides; C
is read only if beta is not 0; sums are formed in the same order in every run.  Not for: BLAS.

The result is made of tiles that stay in registers (`tiles.py`): vectors along one side of C, the numbers of the other
operand one by one.  Large operands are taken in blocks that fit the cache, and packed: the one that is read in vectors
tile by tile, the other one so that its columns are contiguous.  (K. Goto, R. van de Geijn, Anatomy of high-performance
matrix multiplication, 2008.)
"""

from __future__ import annotations

from typing import Any

from ...compiler.kernel.routines.blocking import DEPTH, SIDE
from ..intrinsics import number, shift
from ..tiles import copied, has_masks, lanes, local_tile, tile, tile_columns, tile_vectors
from . import turned

_ROWS = SIDE // 2  # of a packed block, in the direction of vectors


def product(
    part: Any, m: Any, k: Any, n: Any, alpha: Any, beta: Any,
    A: Any, a0: Any, a1: Any, B: Any, b0: Any, b1: Any, C: Any, c0: Any, c1: Any, scratch: Any,
) -> Any:  # fmt: skip
    """C = alpha A B + beta C: all of it (part 0), or at least the lower (1) or the upper (-1) triangle."""
    if m == 0 or n == 0:
        return 0
    width = lanes(C)
    steps = (k + DEPTH - 1) // DEPTH
    # Vectors along the rows or along the columns of C: half cycles for the products, transposing, storing.
    down = (m + width - 1) // width * n * k
    down += 0 if a0 == 1 or m == 1 else 2 * m * k
    down += 0 if c0 == 1 or m == 1 else 4 * m * n * steps
    across = (n + width - 1) // width * m * k
    across += 0 if b1 == 1 or n == 1 else 2 * n * k
    across += 0 if c1 == 1 or n == 1 else 4 * m * n * steps
    if across < down:
        part, m, n = -part, n, m
        A, a0, a1, B, b0, b1 = B, b1, b0, A, a1, a0
        c0, c1 = c1, c0
    one = number(C, 1.0)
    whole = m // width * width == m or has_masks(C) == 1
    packs_left = (a0 != 1 and m > 1) or (n > 24 and a1 * k > 16384) or not whole
    packs_right = m > 128
    rows, columns, depth = _share(m, _ROWS), _share(n, SIDE), _share(k, DEPTH)
    room = (rows + width - 1) // width * width * depth  # for the left block
    left, right = A, B
    l1, r0, r1 = a1, b0, b1
    packed = -1
    p = 0
    while p < k or p == 0:
        terms = min(depth, k - p)
        for j in range(0, n, columns):
            wide = min(columns, n - j)
            right = shift(B, p * b0 + j * b1)
            if packs_right:
                right, r0, r1 = shift(scratch, room), 1, terms
                _pack_right(terms, wide, shift(B, p * b0 + j * b1), b0, b1, right)
            for i in range(0, m, rows):
                high = min(rows, m - i)
                left = shift(A, i * a0 + p * a1)
                if packs_left:
                    left, l1 = scratch, 0
                    if packed != i + p * m:
                        _pack_left(high, terms, shift(A, i * a0 + p * a1), a0, a1, left)
                        packed = i + p * m
                _block(
                    part, i, j, high, terms, wide, alpha, beta if p == 0 else one, left, l1, right, r0, r1,
                    shift(C, i * c0 + j * c1), c0, c1,
                )  # fmt: skip
        p += max(terms, 1)
    return 0


def _share(n: Any, most: Any) -> Any:
    """The size of the fewest equal parts of n that have at most so many, with whole vectors."""
    parts = (n + most - 1) // most
    if parts <= 1:
        return max(n, 1)
    return min(most, ((n + parts - 1) // parts + 7) // 8 * 8)


def _pack_left(m: Any, k: Any, A: Any, a0: Any, a1: Any, P: Any) -> Any:
    """P = A by tiles: for each of them, column after column, with zeros below A."""
    width, vectors = lanes(A), (m + lanes(A) - 1) // lanes(A)
    tiles = (vectors + tile_vectors(A) - 1) // tile_vectors(A)
    i = 0
    while tiles > 0:
        own = (vectors + tiles - 1) // tiles
        vectors, tiles = vectors - own, tiles - 1
        high = own * width
        for q in range(0, high, width):
            count = min(width, m - i)
            source, target = shift(A, i * a0), shift(P, q)
            p = 0
            if a0 == 1 and (count == width or has_masks(A) == 1):
                while p < k:
                    copied(count, shift(source, p * a1), shift(target, p * high))
                    p += 1
            elif a1 == 1 and count == width:
                turned(width, k, source, a0, target, high)
                p = k
            while p < k:
                for r in range(width):
                    target[p * high + r] = source[r * a0 + p * a1] if r < count else number(P, 0.0)
                p += 1
            i += width
        P = shift(P, high * k)
    return 0


def _pack_right(k: Any, n: Any, B: Any, b0: Any, b1: Any, P: Any) -> Any:
    """P = B by columns."""
    if b1 == 1 and b0 != 1:
        return turned(k, n, B, b0, P, k)
    for j in range(n):
        source, target = shift(B, j * b1), shift(P, j * k)
        for p in range(k):
            target[p] = source[p * b0]
    return 0


def _block(
    part: Any, i0: Any, j0: Any, m: Any, k: Any, n: Any, alpha: Any, beta: Any,
    A: Any, a1: Any, B: Any, b0: Any, b1: Any, C: Any, c0: Any, c1: Any,
) -> Any:  # fmt: skip
    """The product of blocks, tile by tile; they stand at (i0, j0) in the matrix, and a1 = 0 says that A is packed."""
    width = lanes(C)
    zero = number(C, 0.0)
    panels = (n + tile_columns(C) - 1) // tile_columns(C)
    all_vectors = (m + width - 1) // width
    all_tiles = (all_vectors + tile_vectors(C) - 1) // tile_vectors(C)
    few, less_wide = all_vectors // all_tiles, n // panels
    more, wider = all_vectors - few * all_tiles, n - less_wide * panels
    j = 0
    for panel in range(panels):
        wide = less_wide + 1 if panel < wider else less_wide
        i = 0
        for t in range(all_tiles):
            vectors = few + 1 if t < more else few
            high = min(vectors * width, m - i)
            if (part != 1 or i0 + i + high > j0 + j) and (part != -1 or j0 + j + wide > i0 + i):
                rest = high - (vectors - 1) * width
                left = shift(A, i * k if a1 == 0 else i)
                l1 = vectors * width if a1 == 0 else a1
                right = shift(B, j * b1)
                target = shift(C, i * c0 + j * c1)
                if c0 == 1 and (rest == width or has_masks(C) == 1):
                    tile(vectors, wide, k, alpha, beta, left, l1, right, b0, b1, target, c1, rest)
                else:
                    own = local_tile(C)
                    step = vectors * width
                    tile(vectors, wide, k, alpha, zero, left, l1, right, b0, b1, own, step, rest)
                    for q in range(high):
                        for r in range(wide):
                            if beta == zero:
                                target[q * c0 + r * c1] = own[q + r * step]
                            else:
                                target[q * c0 + r * c1] = own[q + r * step] + beta * target[q * c0 + r * c1]
            i += vectors * width
        j += wide
    return 0
