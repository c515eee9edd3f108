"""Loops over shifted windows of the same arrays made one loop over what the windows have in common.

Enters: the steps of a program.  Leaves: the steps, some of them put together in `Joined`.  Always holds: the meaning is
that of the steps one after another, up to the order of additions; what costs no more than reading it is computed anew
at each shift in place of being stored.  Not for: loops that read what another one of them writes.

The adjoint of a slice adds into a window of an array.  So a function of `x[1:n]` and `x[0:n-1]` has a gradient that is
set, and added to twice; here each of its elements is written once, but for those near the ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ..tensor.dims import Dim
from .common_range import Joined, Member, common_range
from .program import Buffer, Load, Loop, Ref, Require, Routine, Rows, Step, Store, View
from .shifts import ZERO, Body, aligned, is_whole, needed_for

_CHEAP = frozenset({"add", "sub", "mul", "neg", "abs", "max", "min"})
_MOST_AGAIN = 6  # operations of a value that is computed anew


def joined(steps: Sequence[Step]) -> list[Step | Joined]:
    """The steps with loops over windows of one array joined."""
    result: list[Step | Joined] = list(steps)
    added_to = {s.view.buffer for step in steps if isinstance(step, Loop) for s in step.stores if s.accumulate}
    for base in steps:
        if isinstance(base, Loop | Routine) and _written(base) & added_to:
            result = _Group(result, base).steps()
    return _with_makers(result)


class _Group:
    """The loops that write one array, which the first of them, `base`, sets as a whole."""

    def __init__(self, steps: list[Step | Joined], base: Loop | Routine) -> None:
        self.all = steps
        self.base = base

    def steps(self) -> list[Step | Joined]:
        """The steps with the group joined, if there is one that can be."""
        start = next((k for k, s in enumerate(self.all) if s is self.base), None)
        loop = _as_loop(self.base)
        if start is None or loop is None:
            return self.all
        for store in loop.stores:
            if is_whole(store) and not store.accumulate:
                found = self._joined(start, loop, store.view.buffer)
                if found is not None:
                    return found
        return self.all

    def _joined(self, start: int, base: Loop, target: Buffer) -> list[Step | Joined] | None:
        loops = {start: base}
        for position in range(start + 1, len(self.all)):
            step = self.all[position]
            if target not in buffers_of(step):
                continue
            if not isinstance(step, Loop) or not _adds(step, target):
                break
            if _is_long(step, target):  # else it is added later
                loops[position] = step
        if len(loops) < 2 or not base.extents:
            return None
        found = self._together(loops, self._without_stored(loops), target)
        return found or self._together(loops, loops, target)

    def _together(
        self, loops: Mapping[int, Loop], kept: Mapping[int, Loop], target: Buffer
    ) -> list[Step | Joined] | None:
        """All steps with those that are kept joined, and the sums over the same elements if that can be."""
        sums = {
            k: loop for k in range(max(loops)) if k not in kept and (loop := self._sum(k, target, loops)) is not None
        }
        for more in (sums, {}) if sums else ({},):
            found = dict(sorted({**kept, **more}.items()))
            members = {k: m for k, loop in found.items() if (m := _member(loop, target)) is not None}
            if not loops.keys() <= members.keys():
                return None
            made = common_range(list(members.values()), target, tuple(self._planned(k) for k in found))
            placed = self._placed(set(found), {k: found[k] for k in found if k not in members}, made, target)
            if placed is not None:
                return placed
        return None

    def _sum(self, position: int, target: Buffer, loops: Mapping[int, Loop]) -> Loop | None:
        """The loop at a position, if it only adds up what it makes of elements that the others read too."""
        step = self.all[position]
        if not isinstance(step, Loop) or len(step.extents) != 1 or len(target.shape) != 1:
            return None
        size = (target.shape[0] - step.extents[0]).value
        alone = all(s.reduce == "sum" and not s.labels and not s.accumulate for s in step.stores)
        shared = _read(step) & {b for loop in loops.values() for b in _read(loop) if b.shape}
        return step if alone and shared and size is not None and size >= 0 else None

    def _planned(self, position: int) -> Loop | Routine:
        step = self.all[position]
        assert isinstance(step, Loop | Routine)
        return step

    def _without_stored(self, loops: Mapping[int, Loop]) -> dict[int, Loop]:
        """The loops, and those of which they read a value that is cheap, with that value computed where it is read."""
        found = dict(loops)
        for buffer in dict.fromkeys(a.view.buffer for loop in loops.values() for a in loop.loads):
            writers = [k for k, s in enumerate(self.all) if buffer in _written(s)]
            readers = {k for k, s in enumerate(self.all) if buffer in _read(s)}
            if buffer.role != "work" or len(writers) != 1 or not readers <= loops.keys() or writers[0] > min(readers):
                continue
            maker = found.get(writers[0], self.all[writers[0]])
            if not isinstance(maker, Loop) or writers[0] in loops:
                continue
            values = [s for s in maker.stores if s.view.buffer == buffer]
            changed = {b for k in range(writers[0] + 1, max(readers) + 1) for b in _written(self.all[k])}
            if (
                len(values) == 1
                and is_whole(values[0])
                and not values[0].accumulate
                and _is_cheap(maker, values[0].value)
                and not changed & {a.view.buffer for a in maker.loads}
                and all(_translation(a, values[0]) is not None for k in readers for a in found[k].loads
                        if a.view.buffer == buffer)
            ):  # fmt: skip
                for k in readers:
                    found[k] = _inlined(found[k], maker, values[0])
                found[writers[0]] = replace(maker, stores=tuple(s for s in maker.stores if s is not values[0]))
        return {k: found[k] for k in sorted(found)}

    def _placed(
        self, chosen: set[int], rest: Mapping[int, Loop], made: Joined | None, target: Buffer
    ) -> list[Step | Joined] | None:
        """All steps, the joined ones at one place; None where what stands between them forbids it."""
        if made is None:
            return None
        first, last = min(chosen), max(chosen)
        early: list[Step | Joined] = []
        late: list[Step | Joined] = []
        for k in range(first, last + 1):
            step = self.all[k]
            if k in chosen:
                if any(_conflict(other, step) and not (_adds(other, target) and _adds(step, target)) for other in late):
                    return None
                if k in rest and rest[k].stores:
                    early.append(rest[k])
            elif any(_conflict(self.all[c], step) for c in chosen if c < k) or any(_conflict(o, step) for o in late):
                late.append(step)
            else:
                early.append(step)
        return [*self.all[:first], *early, made, *late, *self.all[last + 1 :]]


def _with_makers(steps: Sequence[Step | Joined]) -> list[Step | Joined]:
    """The steps with the loops that store what joined ones read put before them, if they can be run block by block."""
    result = list(steps)
    for step in steps:
        if isinstance(step, Joined):
            place = result.index(step)
            makers: list[tuple[int, Member]] = []
            for k in range(place - 1, -1, -1):
                earlier = result[k]
                maker = _maker(earlier, step) if isinstance(earlier, Loop) else None
                own = {other for other, _ in makers}
                if maker and not any(_conflict(earlier, result[o]) for o in range(k + 1, place) if o not in own):
                    makers.insert(0, (k, maker))
            gone = {k for k, _ in makers}
            shown = (*(member.loop for _, member in makers), *step.shown)
            result[place] = replace(step, makers=tuple(member for _, member in makers), shown=shown)
            result = [s for k, s in enumerate(result) if k not in gone]
    return result


def _maker(loop: Loop, reader: Joined) -> Member | None:
    """The loop as one that stores what joined ones read; None if it is none, or cannot be run row by row."""
    order = len(reader.inner.labels)
    arrays = [s for s in loop.stores if s.labels]
    places = [aligned(Load(s.view, s.labels), order) for s in arrays if is_whole(s) and not s.accumulate]
    made = {s.view.buffer for s in arrays}
    read = [a for a in reader.inner.loop.loads if a.view.buffer in made]
    if (
        not read
        or len(loop.extents) != order
        or len(places) < len(arrays)
        or len({place and place[0] for place in places}) != 1
        or any(s.reduce != "sum" or s.accumulate for s in loop.stores if not s.labels)
        or _written(reader) & buffers_of(loop)
    ):
        return None
    for load in read:
        at = aligned(load, order)
        # Row k of what is read is that of the array, or one before it.
        if at is None or at[0][0] != 0 or at[1][0] > reader.inner.begins[0]:
            return None
    place = places[0]
    return Member(loop, *place) if place else None


def _member(loop: Loop, target: Buffer) -> Member | None:
    """The loop as one of those that are joined for the target, if it can be."""
    own: tuple[tuple[int, ...], tuple[int, ...]] | None = None
    for store in loop.stores:
        if store.view.buffer == target:
            own = aligned(Load(store.view, store.labels), len(loop.extents))
            if own is None:
                return None
        elif not (store.reduce == "sum" and not store.labels) and not is_whole(store):
            return None
    if own is None:
        if len(loop.extents) != 1 or len(target.shape) != 1 or not loop.stores:
            return None
        own = (0,), (0,)
    return Member(loop, *own)


def _translation(load: Load, store: Store) -> dict[int, tuple[int, Dim]] | None:
    """For each label of the loop that stored a value the label and the shift at which it is read."""
    found = aligned(load, len(store.labels))
    own = aligned(Load(store.view, store.labels), len(store.labels))
    if found is None or own is None:
        return None
    return {mine: (label, Dim.of(begin)) for mine, label, begin in zip(own[0], *found, strict=True)}


def _inlined(loop: Loop, maker: Loop, store: Store) -> Loop:
    """The loop with the value that another one stored computed anew."""
    body = Body(loop.extents)
    known: dict[Ref, Ref] = {}
    for k, load in enumerate(loop.loads):
        if load.view.buffer == store.view.buffer:
            shifts = _translation(load, store)
            assert shifts is not None
            labels, begins = zip(*(shifts[label] for label in range(len(shifts))), strict=True)
            (known[Ref("load", k)],) = body.insert(maker, [store.value], labels, begins)
    same = tuple(range(len(loop.extents)))
    values = body.insert(loop, [s.value for s in loop.stores], same, [ZERO] * len(same), known)
    return body.loop([replace(s, value=value) for s, value in zip(loop.stores, values, strict=True)])


def _is_cheap(loop: Loop, value: Ref) -> bool:
    needed = needed_for(loop, [value])
    return len(needed) <= _MOST_AGAIN and all(loop.ops[ref.index].function in _CHEAP for ref in needed)


def _as_loop(step: Loop | Routine) -> Loop | None:
    """A step that sets an array, as a loop; None for other routines."""
    if isinstance(step, Loop):
        return step
    if step.name != "fill" or step.scalars[0].views:
        return None
    (view,) = step.outputs
    labels = tuple(range(len(view.shape)))
    return Loop(view.shape, (), (), (Store(view, labels, Ref("const", value=step.scalars[0].constant)),))


def _is_long(loop: Loop, target: Buffer) -> bool:
    """Whether a loop goes through all of the target but for elements near its ends."""
    member = _member(loop, target)
    return member is not None and len(loop.extents) == len(target.shape) and all(
        (size - end).value is not None for size, (_, end) in zip(target.shape, member.box(), strict=True)
    )  # fmt: skip


def _adds(loop: Step | Joined, target: Buffer) -> bool:
    """Whether all that a step does is to add to elements of the target."""
    return (
        isinstance(loop, Loop)
        and len(loop.stores) == 1
        and loop.stores[0].view.buffer == target
        and loop.stores[0].accumulate
        and loop.stores[0].reduce is None
        and all(load.view.buffer != target for load in loop.loads)
    )


def _views(step: Step | Joined) -> Iterator[tuple[View, bool]]:
    """All views of a step, and whether they are written."""
    if isinstance(step, Loop):
        yield from ((load.view, False) for load in step.loads)
        yield from ((store.view, True) for store in step.stores)
    elif isinstance(step, Routine):
        yield from ((view, False) for view in (*step.inputs, *(v for scale in step.scalars for v in scale.views)))
        yield from ((view, True) for view in step.outputs)
    else:
        if isinstance(step, Rows):
            inner: Sequence[Loop | Routine] = step.steps
        else:
            inner = (*(m.loop for m in step.makers), *step.members) if isinstance(step, Joined) else ()
        for one in inner:
            yield from _views(one)


def buffers_of(step: Step | Joined) -> set[Buffer]:
    """The buffers that a step reads or writes."""
    return {view.buffer for view, _ in _views(step)}


def _written(step: Step | Joined) -> set[Buffer]:
    return {view.buffer for view, written in _views(step) if written}


def _read(step: Step | Joined) -> set[Buffer]:
    return {view.buffer for view, written in _views(step) if not written}


def _conflict(first: Step | Joined, second: Step | Joined) -> bool:
    """Whether the order of two steps matters."""
    if isinstance(first, Require) or isinstance(second, Require):
        return True
    return bool(_written(first) & buffers_of(second) or buffers_of(first) & _written(second))
