"""Which calls share a kernel: equal orders, classes of sizes, and dtype.

Enters: arguments of calls.  Leaves: signatures, as plain lists that can be part of a name in the store.  Always holds:
sizes of one class are within a factor of four of one another; where every array with a type is of float32, work is
done in float32.  Not for: whether the sizes fit together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .arguments import is_sparse

Array = Any
Limits = dict[tuple[int, int], tuple[int, int]]  # (input, axis) -> smallest and largest size
Signature = tuple[str, tuple[tuple[int, ...], ...]]


def signature(arguments: Sequence[Any], arrays: Sequence[Array]) -> Signature:
    """The signature of a call; `arrays` are the arguments as arrays."""
    return dtype_of(arguments, arrays), tuple(tuple(map(size_class, a.shape)) for a in arrays)


def dtype_of(arguments: Sequence[Any], arrays: Sequence[Array]) -> str:
    """`float32` or `float64`."""
    typed = [isinstance(v, np.ndarray | np.generic) or is_sparse(v) for v in arguments]
    given = [a for a, has_type in zip(arrays, typed, strict=True) if has_type and a.dtype.kind == "f"]
    single = bool(given) and all(a.dtype == np.float32 for a in given)
    return "float32" if single else "float64"


def samples(arrays: Sequence[Array]) -> list[Array]:
    """Arrays of the same shapes and dtypes that take no memory; numbers as they are."""
    return [np.broadcast_to(a.dtype.type(0), a.shape) if a.ndim else a for a in arrays]


def size_class(size: int) -> int:
    """The class of a size."""
    return (size.bit_length() + 1) // 2


def bounds(kind: int) -> tuple[int, int]:
    """The least and the greatest size of a class."""
    return (1 << max(2 * kind - 2, 0) if kind else 0), (1 << max(2 * kind, 0)) - 1 if kind else 0


def listed(limits: Mapping[tuple[int, int], tuple[int, int]]) -> list[tuple[int, int, int, int]]:
    """Limits for JSON."""
    return sorted((*place, *sizes) for place, sizes in limits.items())


def limits_read(data: Sequence[Sequence[int]]) -> Limits:
    """Limits from what JSON makes of them."""
    return {(k, axis): (least, greatest) for k, axis, least, greatest in data}
