"""Indexing of traced arrays, as NumPy does it.

Enters: a traced array and a key: integers, slices without step, None, Ellipsis.  Leaves: a traced array.  Always holds:
an index that cannot lie inside is an error; what cannot be decided is checked at the call.  Not for: masks and arrays
of indices.
"""

from __future__ import annotations

from typing import Any

from ...compiler.language.indexing import selection
from ...compiler.tensor import algebra
from ...compiler.tensor.dims import Dim
from ...compiler.tensor.expr import Expr
from ...grammar import errors
from .traced import ONE, Tape, Traced


def item(array: Traced, key: Any) -> Traced:
    """`array[key]`: integers, slices without step, None and Ellipsis."""
    tape, value = array.tape, array.value
    keys = list(key) if isinstance(key, tuple) else [key]
    given = sum(k is not None and k is not Ellipsis for k in keys)
    if Ellipsis not in [k for k in keys if not isinstance(k, Traced)]:
        keys.append(Ellipsis)
    position = next(n for n, k in enumerate(keys) if k is Ellipsis)
    keys[position : position + 1] = [slice(None)] * (value.order - given)
    if given > value.order:
        tape.fail(f"too many indices: the array has {value.order} dimensions")
    factors: list[tuple[Expr, tuple[int, ...]]] = [(value, tuple(range(value.order)))]
    sizes = dict(enumerate(value.shape))
    outputs: list[int] = []
    axis = 0
    for entry in keys:
        label = len(sizes) + value.order
        if entry is None:
            sizes[label] = ONE
            outputs.append(label)
            continue
        total = value.shape[axis]
        if isinstance(entry, slice) and entry.step in (None, 1):
            ends = [None if end is None else _whole(tape, end) for end in (entry.start, entry.stop)]
            start = Dim.of(0) if ends[0] is None else _from_end(ends[0], total)
            stop = total if ends[1] is None else _from_end(ends[1], total)
            outputs.append(label)
        elif not isinstance(entry, slice):
            start = _from_end(_whole(tape, entry), total)
            stop = start + 1
        else:
            tape.fail("slices with a step cannot be traced", kind=errors.TypeError)
        for slack in (start, total - stop, stop - start):
            if not tape.sizes.not_negative(slack, f"an index is out of range: this dimension has size {total}"):
                tape.fail("the index is out of range", found=f"this dimension has size {total}")
        if start == Dim.of(0) and stop == total and outputs and outputs[-1] == label:
            outputs[-1] = axis
        else:
            sizes[label] = stop - start
            factors.append((selection(start, stop - start, total), (label, axis)))
        axis += 1
    return Traced(tape, algebra.contract(factors, outputs, sizes))


def _whole(tape: Tape, entry: Any) -> int:
    if isinstance(entry, Traced) or not hasattr(entry, "__index__") or isinstance(entry, bool):
        tape.fail("an index is a whole number or a slice", found=f"it is {entry!r}", kind=errors.TypeError)
    return int(entry)


def _from_end(index: int, total: Dim) -> Dim:
    return total + index if index < 0 else Dim.of(index)
