"""Several labels of a loop made one, where all its arrays are gone through as through one axis.

Enters: a `Loop`.  Leaves: a `Loop`.  Always holds: the meaning is the same.  Not for: the order of the labels.
"""

from __future__ import annotations

from ..tensor.dims import Dim
from .program import Load, Loop, Ref, Store, View


def collapse(loop: Loop) -> Loop:
    """The loop with neighbouring labels made one wherever every view runs through both as through one."""
    numbers = [r.index for r in references(loop) if r.kind == "label"]
    for k in range(len(loop.extents) - 1):
        inner = loop.extents[k + 1]
        accesses = [(a.view, a.labels) for a in loop.loads] + [(s.view, s.labels) for s in loop.stores]
        if max(numbers, default=-1) < k and all(_runs_through(view, labels, k, inner) for view, labels in accesses):
            extents = (*loop.extents[:k], loop.extents[k] * inner, *loop.extents[k + 2 :])
            loads = tuple(Load(*_merged(a.view, a.labels, k, extents[k])) for a in loop.loads)
            stores = tuple(
                Store(*_merged(s.view, s.labels, k, extents[k]), s.value, s.reduce, s.accumulate) for s in loop.stores
            )
            return collapse(Loop(extents, loads, loop.ops, stores))
    return loop


def references(loop: Loop) -> list[Ref]:
    """All operands of a loop's operations and stores."""
    return [*(r for op in loop.ops for r in op.operands), *(s.value for s in loop.stores)]


def _runs_through(view: View, labels: tuple[int, ...], k: int, inner: Dim) -> bool:
    if k not in labels and k + 1 not in labels:
        return True
    if labels.count(k) != 1 or labels.count(k + 1) != 1:
        return False
    return view.strides[labels.index(k)] == view.strides[labels.index(k + 1)] * inner


def _merged(view: View, labels: tuple[int, ...], k: int, extent: Dim) -> tuple[View, tuple[int, ...]]:
    strides, shape, kept = [], [], []
    for label, stride, size in zip(labels, view.strides, view.shape, strict=True):
        if label != k:
            strides.append(stride)
            shape.append(extent if label == k + 1 else size)
            kept.append(label - 1 if label > k else label)
    return View(view.buffer, view.offset, tuple(strides), tuple(shape)), tuple(kept)
