"""Several arrays as one vector of free numbers, as optimizers and finite differences want them.

Enters: arrays with their declared attributes.  Leaves: vectors, and arrays again.  Always holds: a structured matrix
(symmetric, diagonal, triangular) is packed by its free entries, so that `unpack` never leaves the declared space, and
`pack_gradient` is the transpose of `unpack`: the gradient by the vector is that of f(unpack(x)).  Not for: bounds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

Array = Any
SYMMETRIC = frozenset({"symmetric", "posdef", "psd"})


@dataclass(frozen=True)
class Part:
    """One array in the vector.

    A structured matrix has `free`: the places of its free entries in the flat matrix, those of a symmetric one in the
    lower triangle.  `mirrored` are then the places across the diagonal, each of which has the same number.
    """

    name: str
    shape: tuple[int, ...]
    free: Array | None = None
    mirrored: Array | None = None

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
        mirrored = columns * shape[1] + rows if symmetric and not diagonal else None
        return Part(name, tuple(shape), rows * shape[1] + columns, mirrored)

    @property
    def size(self) -> int:
        """The number of free entries."""
        return math.prod(self.shape) if self.free is None else len(self.free)

    def pack(self, array: Array) -> Array:
        """The free entries of an array of the space."""
        return np.ravel(array) if self.free is None else np.ravel(array)[self.free]

    def unpack(self, vector: Array) -> Array:
        """The array with these free entries; without structure it shares the vector's memory."""
        if self.free is None:
            return vector.reshape(self.shape)
        flat = np.zeros(math.prod(self.shape))
        flat[self.free] = vector
        if self.mirrored is not None:
            flat[self.mirrored] = vector
        return flat.reshape(self.shape)

    def pack_gradient(self, gradient: Array) -> Array:
        """The derivatives by the free entries; `gradient` may have further axes before those of the array."""
        gradient = np.asarray(gradient)
        leading = gradient.shape[: gradient.ndim - len(self.shape)]
        flat = gradient.reshape(*leading, math.prod(self.shape))
        if self.free is None:
            return flat
        if self.mirrored is None:
            return flat.take(self.free, axis=-1)
        return (flat.take(self.free, axis=-1) + flat.take(self.mirrored, axis=-1)) * self._shares

    @cached_property
    def _shares(self) -> Array:
        """1 for two entries of a symmetric matrix, a half for an entry on the diagonal, which is its own mirror."""
        return np.where(self.free == self.mirrored, 0.5, 1.0)


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
