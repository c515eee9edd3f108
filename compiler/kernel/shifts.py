"""Loops at other labels: what they read, compute and write when their labels are renamed and begin elsewhere.

Enters: loops, and for each of their labels which one it is in another loop, plus how much.  Leaves: that loop.  Always
holds: equal loads and operations are made once.  Not for: which loops are put together (`overlap.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..tensor.dims import Dim
from .program import Load, Loop, Op, Ref, Store, View

ZERO = Dim.of(0)


class Body:
    """The loads and operations of a loop while it is written; equal ones are made once."""

    def __init__(self, extents: Sequence[Dim]) -> None:
        self.extents = tuple(extents)
        self.loads: dict[Load, Ref] = {}
        self.ops: dict[Op, Ref] = {}

    def op(self, function: str, *operands: Ref) -> Ref:
        """An operation."""
        return self.ops.setdefault(Op(function, operands), Ref("op", len(self.ops)))

    def load(self, load: Load) -> Ref:
        """An element."""
        return self.loads.setdefault(load, Ref("load", len(self.loads)))

    def window(self, view: View, at: tuple[int, ...], labels: Sequence[int], begins: Sequence[Dim]) -> Load:
        """What a loop reads or writes at its labels `at`, where its label k is `labels[k]` here, plus `begins[k]`."""
        offset = view.offset
        for label, stride in zip(at, view.strides, strict=True):
            offset = offset + begins[label] * stride
        now = tuple(labels[label] for label in at)
        return Load(View(view.buffer, offset, view.strides, tuple(self.extents[k] for k in now)), now)

    def insert(
        self,
        loop: Loop,
        wanted: Sequence[Ref],
        labels: Sequence[int],
        begins: Sequence[Dim],
        known: Mapping[Ref, Ref] | None = None,
    ) -> list[Ref]:
        """Adds what values of a loop are made of, whose labels are understood as in `window`; the values here."""
        found = dict(known or {})

        def moved(ref: Ref) -> Ref:
            if ref not in found:
                if ref.kind == "load":
                    load = loop.loads[ref.index]
                    found[ref] = self.load(self.window(load.view, load.labels, labels, begins))
                elif ref.kind == "label":
                    label = Ref("label", labels[ref.index])
                    begin = begins[ref.index]
                    found[ref] = label if begin == ZERO else self.op("add", Ref("size", dim=begin), label)
                else:
                    return ref
            return found[ref]

        for ref in needed_for(loop, wanted):
            op = loop.ops[ref.index]
            found[ref] = self.op(op.function, *map(moved, op.operands))
        return [moved(ref) for ref in wanted]

    def loop(self, stores: Sequence[Store]) -> Loop:
        """The loop that makes the stores."""
        return Loop(self.extents, tuple(self.loads), tuple(self.ops), tuple(stores))


def needed_for(loop: Loop, wanted: Sequence[Ref]) -> list[Ref]:
    """The operations that values are made of, in order."""
    found: set[int] = set()
    work = list(wanted)
    while work:
        ref = work.pop()
        if ref.kind == "op" and ref.index not in found:
            found.add(ref.index)
            work.extend(loop.ops[ref.index].operands)
    return [Ref("op", k) for k in sorted(found)]


def aligned(load: Load, order: int) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Which label runs along each axis of the buffer, one each, and the number of the element where it begins."""
    strides = load.view.buffer.view().strides
    if sorted(load.labels) != list(range(order)) or len(set(strides)) != order:
        return None
    if set(load.view.strides) != set(strides):
        return None
    labels, begins = [], []
    rest = load.view.offset
    for stride in strides:
        labels.append(load.labels[load.view.strides.index(stride)])
        count = _multiple(rest, stride)
        begins.append(count)
        rest = rest - stride * count
    return (tuple(labels), tuple(begins)) if rest == ZERO and min(begins, default=0) >= 0 else None


def _multiple(offset: Dim, stride: Dim) -> int:
    """How often an offset has a stride: by the term that grows fastest."""
    leading, coefficient = stride.terms[0] if stride.terms else ((), 1)
    return dict(offset.terms).get(leading, 0) // coefficient


def is_whole(store: Store) -> bool:
    """Whether a store writes each element of its buffer."""
    buffer = store.view.buffer
    order = len(buffer.shape)
    return (
        store.reduce is None
        and order > 0
        and sorted(store.labels) == list(range(order))
        and store.view.offset == ZERO
        and sorted(map(str, store.view.strides)) == sorted(map(str, buffer.view().strides))
        and sorted(map(str, store.view.shape)) == sorted(map(str, buffer.shape))
    )
