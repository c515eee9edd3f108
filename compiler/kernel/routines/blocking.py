"""How routines cut large matrices into parts, and the memory that they need for these.

Enters: sizes.  Leaves: the lengths of the parts, which the compiled routines use too, and numbers of 8-byte words.
Not for: how the parts are computed (`runtime/library`).
"""

from __future__ import annotations

from ...tensor.dims import Dim, extreme

# Products take blocks of their operands: the most terms of their sums, and the most rows or columns of a block.
DEPTH, SIDE = 256, 384


def blocks(m: Dim, k: Dim, n: Dim) -> Dim:
    """The memory for a block of each operand of a product, whose last vector may not be full."""
    depth, side = Dim.of(DEPTH), Dim.of(SIDE)
    return extreme("min", k, depth) * (extreme("min", m, side) + extreme("min", n, side) + 8)


def square_blocks(n: Dim) -> Dim:
    """The same for square matrices."""
    return blocks(n, n, n)


# Triangular matrices are halved until they have so many rows, which work on so many columns at a time.
LEAF, PANEL = 16, 128


def halving(n: Dim, k: Dim) -> Dim:
    """The memory for a triangular matrix and n x k numbers: for the smallest parts, and for products."""
    return LEAF * extreme("min", k, Dim.of(PANEL)) + blocks(n, n, k)


def halving_itself(n: Dim) -> Dim:
    """The same for a triangular matrix alone."""
    return halving(n, n)


# Up to so many rows, the product with a triangular matrix is that with a copy which has zeros in the other triangle.
FILLED = 48


def filling(n: Dim, k: Dim) -> Dim:
    """The memory for halving, and for such a copy."""
    rows = extreme("min", n, Dim.of(FILLED))
    return rows * rows + halving(n, k)


# A tile of a matrix that is compared with its transpose.
TILE = 32


def tile(n: Dim) -> Dim:
    """The memory for one, of a matrix of n rows."""
    return TILE * extreme("min", n, Dim.of(TILE))
