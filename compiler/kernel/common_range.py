"""The range that loops over windows of one array have in common, and what is left of each of them.

Enters: loops, and where each of them lies in the array.  Leaves: `Joined`.  Always holds: every point of every loop is
in one part.  Not for: finding the loops (`overlap.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..tensor.dims import Dim, extreme
from .program import Buffer, Loop, Ref, Routine, Store, View
from .shifts import ZERO, Body

_MOST_OPERATIONS = 64  # of a loop: compilers are slow on long bodies, and registers are few

Box = tuple[tuple[Dim, Dim], ...]  # along each axis, where it begins and ends


@dataclass(frozen=True, slots=True)
class Member:
    """A loop, and where its label of each axis of the array begins: label `labels[a]` is that of axis `a`."""

    loop: Loop
    labels: tuple[int, ...]
    begins: tuple[int, ...]

    def box(self) -> Box:
        """The elements of the array that it is for."""
        extents = [self.loop.extents[label] for label in self.labels]
        return tuple((Dim.of(a), Dim.of(a) + n) for a, n in zip(self.begins, extents, strict=True))


@dataclass(frozen=True, slots=True)
class Joined:
    """The `members` one after another; or, where all of `common` are positive, first `inner`, then the `ends`.

    What the `makers` store is needed before; `inner` reads it in rows that are not behind its own.
    """

    members: tuple[Loop, ...]
    common: tuple[Dim, ...]
    inner: Member
    ends: tuple[Loop, ...]
    shown: tuple[Loop | Routine, ...]  # the steps as they were planned
    rows: Dim
    makers: tuple[Member, ...] = ()

    def sums(self) -> list[View]:
        """What the makers and the common part add up."""
        loops = [member.loop for member in (*self.makers, self.inner)]
        return [store.view for loop in loops for store in loop.stores if store.reduce is not None]

    def block(self, begin: Dim, count: Dim) -> list[Loop]:
        """The loops of the makers, and the common part, for some rows; they add to their sums."""
        found = []
        for member in (*self.makers, self.inner):
            first, *others = member.box()
            own = (extreme("max", first[0], begin), extreme("min", first[1], begin + count))
            found.append(_part(member, (own, *others)))
        return found


def common_range(members: Sequence[Member], target: Buffer, shown: tuple[Loop | Routine, ...]) -> Joined | None:
    """The loops joined: the common part of all of them, then what is left of each along each axis."""
    axes = range(len(target.shape))
    low = [Dim.of(max(m.begins[a] for m in members)) for a in axes]
    missing = [[(target.shape[a] - m.box()[a][1]).value for m in members] for a in axes]
    if any(value is None or value < 0 for values in missing for value in values):
        return None
    high = [target.shape[a] - max(v for v in missing[a] if v is not None) for a in axes]
    common = [h - b for b, h in zip(low, high, strict=True)]
    if any(n.value is not None and n.value <= 0 for n in common):
        return None
    inner = _merged(members, target, tuple(zip(low, high, strict=True)))
    written = {s.view.buffer for m in members for s in m.loop.stores}
    if len(inner.ops) > _MOST_OPERATIONS or any(a.view.buffer in written for a in inner.loads):
        return None
    ends: list[Loop] = []
    for axis in axes:
        for begin, end in ((ZERO, low[axis]), (high[axis], target.shape[axis])):
            for member in members:
                box = list(member.box())
                box[:axis] = zip(low[:axis], high[:axis], strict=True)
                # Both bounds of the member are numbers away from those of the array.
                box[axis] = (_larger(begin, box[axis][0]), _smaller(end, box[axis][1]))
                size = (box[axis][1] - box[axis][0]).value
                if size is not None and size > 0:
                    ends.append(_part(member, tuple(box)))
    short = tuple(_short(m.loop, target, low, high) for m in members)
    whole = Member(inner, tuple(axes), tuple(b.value or 0 for b in low))
    return Joined(short, tuple(common), whole, tuple(ends), shown, target.shape[0])


def _short(loop: Loop, target: Buffer, low: Sequence[Dim], high: Sequence[Dim]) -> Loop:
    """A member where nothing is common to all, so that the compiler knows that it is short and needs no vectors."""
    if len(loop.extents) != 1:
        return loop
    most = low[0] + (target.shape[0] - high[0])
    return replace(loop, extents=(extreme("min", loop.extents[0], most),))


def _larger(bound: Dim, own: Dim) -> Dim:
    """The larger of the begin of a part and that of a member, which is not beyond the common range."""
    value = (own - bound).value
    return own if value is not None and value > 0 else bound


def _smaller(bound: Dim, own: Dim) -> Dim:
    value = (own - bound).value
    return own if value is not None and value < 0 else bound


def _inserted(body: Body, member: Member, box: Box) -> tuple[list[Ref], tuple[int, ...], tuple[Dim, ...]]:
    """Adds a member's operations in a box: where its values are, and its labels and where they begin."""
    axis_of = {label: axis for axis, label in enumerate(member.labels)}
    labels = tuple(axis_of[k] for k in range(len(member.labels)))
    begins = tuple(box[a][0] - member.begins[a] for a in labels)
    return body.insert(member.loop, [s.value for s in member.loop.stores], labels, begins), labels, begins


def _part(member: Member, box: Box) -> Loop:
    """The loop of a member for a box, which adds to its sums."""
    body = Body([end - begin for begin, end in box])
    values, labels, begins = _inserted(body, member, box)
    stores = []
    for store, value in zip(member.loop.stores, values, strict=True):
        place = body.window(store.view, store.labels, labels, begins)
        adds = store.accumulate or store.reduce is not None
        stores.append(Store(place.view, place.labels, value, store.reduce, adds))
    return body.loop(stores)


def _merged(members: Sequence[Member], target: Buffer, box: Box) -> Loop:
    """One loop over the box, which writes each element of the target once."""
    body = Body([end - begin for begin, end in box])
    stores: list[Store] = []
    total: Ref | None = None
    for member in members:
        values, labels, begins = _inserted(body, member, box)
        for store, value in zip(member.loop.stores, values, strict=True):
            place = body.window(store.view, store.labels, labels, begins)
            if store.view.buffer != target:
                stores.append(Store(place.view, place.labels, value, store.reduce, store.accumulate))
            elif not store.accumulate:
                whole = place
                total = None if value == Ref("const", value=0.0) else value
            else:
                total = value if total is None else body.op("add", total, value)
    assert total is not None
    return body.loop([*stores, Store(whole.view, whole.labels, total)])
