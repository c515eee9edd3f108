"""Several arrays as one vector of free numbers, as optimizers and finite differences want them.

Enters: arrays with their declared attributes.  Leaves: vectors, and arrays again.  Always holds: a structured matrix
(symmetric, diagonal, triangular) is packed by its free entries, so that `unpack` never leaves the declared space, and
`pack_gradient` is the transpose of `unpack`: the gradient by the vector is that of f(unpack(x)).  Not for: bounds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = Any
SYMMETRIC = frozenset({"symmetric", "posdef", "psd"})


@dataclass(frozen=True)
class Part:
    """One array in the vector.

    A structured matrix has `rows` and `columns`: the places of its free entries, those of a symmetric one in the lower
    triangle, each of which stands for two entries unless it is on the diagonal.
    """

    name: str
    shape: tuple[int, ...]
    rows: Array | None = None
    columns: Array | None = None
    symmetric: bool = False

    @staticmethod
    def of(name: str, shape: Sequence[int], attributes: Iterable[str]) -> Part:
        """The part for an array of this shape that is declared with these attributes."""
        declared = set(attributes)
        symmetric = bool(declared & SYMMETRIC)
        lower = "lower" in declared or "diagonal" in declared
        upper = "upper" in declared or "diagonal" in declared
        if len(shape) != 2 or not (symmetric or lower or upper):
            return Part(name, tuple(shape))
        diagonal = lower + upper + symmetric > 1
        entries = np.ones(shape, dtype=bool)
        if lower or symmetric:
            entries = np.tril(entries)
        if upper or diagonal:
            entries = np.triu(entries)
        rows, columns = np.nonzero(entries)
        return Part(name, tuple(shape), rows, columns, symmetric and not diagonal)

    @property
    def size(self) -> int:
        """The number of free entries."""
        return math.prod(self.shape) if self.rows is None else len(self.rows)

    def pack(self, array: Array) -> Array:
        """The free entries of an array of the space."""
        return np.ravel(array) if self.rows is None else array[self.rows, self.columns]

    def unpack(self, vector: Array) -> Array:
        """The array with these free entries; without structure it shares the vector's memory."""
        if self.rows is None:
            return vector.reshape(self.shape)
        array = np.zeros(self.shape)
        array[self.rows, self.columns] = vector
        if self.symmetric:
            array[self.columns, self.rows] = vector
        return array

    def pack_gradient(self, gradient: Array) -> Array:
        """The derivatives by the free entries; `gradient` may have further axes before those of the array."""
        gradient = np.asarray(gradient)
        leading = gradient.shape[: gradient.ndim - len(self.shape)]
        if self.rows is None:
            return gradient.reshape(*leading, self.size)
        packed = gradient[..., self.rows, self.columns]
        if self.symmetric:
            mirrored = gradient[..., self.columns, self.rows]
            packed = np.where(self.rows == self.columns, packed, packed + mirrored)
        return packed


class Packing:
    """The parts of a vector, one after the other."""

    def __init__(self, parts: Iterable[Part]) -> None:
        self.parts = tuple(parts)
        self._slices = []
        start = 0
        for part in self.parts:
            self._slices.append(slice(start, start + part.size))
            start += part.size
        self.size = start

    def pack(self, arrays: Mapping[str, Array]) -> Array:
        """The vector of the arrays, which are given by name."""
        return self._joined([part.pack(np.asarray(arrays[part.name], float)) for part in self.parts])

    def unpack(self, vector: Array) -> list[Array]:
        """The arrays of a vector, in the order of the parts."""
        if len(self.parts) == 1:
            return [self.parts[0].unpack(vector)]
        return [part.unpack(vector[place]) for part, place in zip(self.parts, self._slices, strict=True)]

    def pack_gradient(self, gradients: Sequence[Array]) -> Array:
        """The gradient by the vector, from the gradients by the arrays."""
        return self._joined([part.pack_gradient(g) for part, g in zip(self.parts, gradients, strict=True)])

    def _joined(self, vectors: list[Array]) -> Array:
        return vectors[0] if len(vectors) == 1 else np.concatenate(vectors, axis=-1)
