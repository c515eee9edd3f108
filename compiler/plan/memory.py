"""Reuse of the workspace: arrays that are no longer needed hold later ones, and updates happen in place.

Enters: a program.  Leaves: the same program with fewer buffers.  Always holds: a buffer is shared only between arrays
of one shape, one after the other; a step works in place only where each element is read before it is written.
Not for: the order of the steps.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

from ..kernel.program import Buffer, Load, Loop, Program, Require, Routine, Rows, Scale, Step, View
from ..kernel.routines.table import ROUTINES
from .tasks import Shape


class _Holders:
    """Buffers of one shape, and when the arrays that they now hold are needed last."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}  # in the order in which they came
        self.busy: list[tuple[int, int, str]] = []  # a heap, what is free first at its top
        self.free: list[tuple[int, str]] = []  # a heap

    def give(self, name: str, until: int) -> None:
        """Notes that a buffer holds an array until then."""
        heapq.heappush(self.busy, (until, self.numbers.setdefault(name, len(self.numbers)), name))

    def take(self, position: int, in_place: Callable[[str], bool]) -> str | None:
        """A buffer for an array that is written at a position: rather one that is read there for the last time."""
        while self.busy and self.busy[0][0] < position:
            heapq.heappush(self.free, heapq.heappop(self.busy)[1:])
        ending = []
        while self.busy and self.busy[0][0] == position:
            ending.append(heapq.heappop(self.busy))
        chosen = next((entry for entry in ending if in_place(entry[2])), None)
        for entry in ending:
            if entry is not chosen:
                heapq.heappush(self.busy, entry)
        if chosen is not None:
            return chosen[2]
        return heapq.heappop(self.free)[1] if self.free else None


def compacted(program: Program) -> Program:
    """The program with its work buffers shared."""
    names: dict[str, Buffer] = {}
    steps = list(program.steps)
    last: dict[str, int] = {}
    first: dict[str, int] = {}
    for position, step in enumerate(steps):
        for view in views(step):
            last[view.buffer.name] = position
            first.setdefault(view.buffer.name, position)
    _into_outputs(program, steps, first, last, names)
    buffers = {b.name: b for b in (*program.work, *program.outputs)}
    holders: dict[tuple[Shape, str], _Holders] = {}
    # What a pass over rows keeps for itself gets room for a block of rows only: nobody else can use that room.
    local = {name for step in steps if isinstance(step, Rows) for name in step.local}
    for position, step in enumerate(steps):
        for buffer in dict.fromkeys(view.buffer for view in writes(step)):
            if buffer.role != "work" or buffer.name in names or buffer.name in local or first[buffer.name] != position:
                continue
            alike = holders.setdefault((buffer.shape, buffer.dtype), _Holders())
            chosen = alike.take(position, partial(_in_place, step, buffer.name, names=names))
            if chosen is not None:
                names[buffer.name] = buffers[chosen]
            alike.give(chosen or buffer.name, last[buffer.name])
    used = {names[b.name].name if b.name in names else b.name for b in program.work}
    work = tuple(b for b in program.work if b.name in used and b.name not in names)
    rename = {name: _final(names, name) for name in names}
    return replace(program, work=work, steps=tuple(renamed(step, rename) for step in steps))


def _final(names: dict[str, Buffer], name: str) -> Buffer:
    while names[name].name in names:
        name = names[name].name
    return names[name]


def _alike(a: Buffer, b: Buffer) -> bool:
    return a.shape == b.shape and a.dtype == b.dtype


def _into_outputs(
    program: Program, steps: list[Step], first: dict[str, int], last: dict[str, int], names: dict[str, Buffer]
) -> None:
    """A work array that turns into a result in place lies where the result will be."""
    for output in program.outputs:
        target = output
        while target.name in first:
            position = first[target.name]
            step = steps[position]
            found = next(
                (
                    view.buffer
                    for view in reads(step)
                    if view.buffer.role == "work"
                    and view.buffer.name not in names
                    and last[view.buffer.name] == position
                    and _alike(view.buffer, target)
                    and first[view.buffer.name] < position
                    and _in_place(step, target.name, view.buffer.name, {})
                ),
                None,
            )
            if found is None:
                break
            names[found.name] = output
            target = found


def _in_place(step: Step, new: str, old: str, names: dict[str, Buffer]) -> bool:
    """Whether the step may write the new array where the old one is that it reads."""

    def is_old(buffer: Buffer) -> bool:
        return _final(names, buffer.name).name == old if buffer.name in names else buffer.name == old

    if isinstance(step, Loop):
        loads = [(load.view, load.labels) for load in step.loads if is_old(load.view.buffer)]
        stores = [s for s in step.stores if s.view.buffer.name == new]
        full = len(step.extents)
        return (
            all(len(s.labels) == full and s.reduce is None and not s.accumulate for s in stores)
            and all(not is_old(s.view.buffer) for s in step.stores)
            and all(
                dict(zip(labels, view.strides, strict=True)) == dict(zip(s.labels, s.view.strides, strict=True))
                and view.offset == s.view.offset
                and len(set(labels)) == full
                for view, labels in loads
                for s in stores
            )
        )
    if isinstance(step, Routine) and ROUTINES[step.name].in_place:
        others = [v for v in step.inputs[:-1] if is_old(v.buffer)]
        source, target = step.inputs[-1], step.outputs[0]
        return (
            not others
            and is_old(source.buffer)
            and target.buffer.name == new
            and (source.offset, source.strides, source.shape) == (target.offset, target.strides, target.shape)
        )
    return False


def views(step: Step) -> list[View]:
    """All views of a step."""
    return [*reads(step), *writes(step)]


def reads(step: Step) -> list[View]:
    """What a step reads: an update reads what it adds to."""
    if isinstance(step, Rows):
        return [view for inner in step.steps for view in reads(inner)]
    if isinstance(step, Loop):
        return [load.view for load in step.loads] + [s.view for s in step.stores if s.accumulate]
    if isinstance(step, Routine):
        found = [*step.inputs, *(view for scale in step.scalars for view in scale.views)]
        if len(step.scalars) > 1 and step.scalars[1] != Scale(0.0):
            found += step.outputs
        return found
    return []


def writes(step: Step) -> list[View]:
    """What a step writes."""
    if isinstance(step, Rows):
        return [view for inner in step.steps for view in writes(inner)]
    if isinstance(step, Loop):
        return [store.view for store in step.stores]
    return list(step.outputs) if isinstance(step, Routine) else []


def renamed(step: Step, names: dict[str, Buffer]) -> Step:
    """The step with buffers replaced."""
    if not names or isinstance(step, Require):
        return step

    def view(old: View) -> View:
        return replace(old, buffer=names[old.buffer.name]) if old.buffer.name in names else old

    if isinstance(step, Rows):
        inner = tuple(renamed(s, names) for s in step.steps)
        axes = {(names[name].name if name in names else name): axis for name, axis in step.axes}
        local = frozenset(names[name].name if name in names else name for name in step.local)
        return Rows(step.extent, inner, tuple(axes.items()), local)  # type: ignore[arg-type]
    if isinstance(step, Loop):
        loads = tuple(Load(view(load.view), load.labels) for load in step.loads)
        return replace(step, loads=loads, stores=tuple(replace(s, view=view(s.view)) for s in step.stores))
    scalars = tuple(replace(scale, views=_each(view, scale.views)) for scale in step.scalars)
    return replace(step, inputs=_each(view, step.inputs), outputs=_each(view, step.outputs), scalars=scalars)


def _each(change: Callable[[View], View], found: Iterable[View]) -> tuple[View, ...]:
    return tuple(change(view) for view in found)
