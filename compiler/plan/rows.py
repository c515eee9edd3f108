"""Passes over a large array that are made one: row by row, so that every row is read from memory once.

What is said of rows holds for the columns of an array with many of them too.

Enters: a program.  Leaves: the same program with some steps put together in `Rows`.  Always holds: within a pass, a
step reads of another one only what belongs to the same rows; sums over the rows are complete when the pass ends.
Not for: arrays that stay in the cache anyway.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ..kernel.program import Buffer, Loop, Program, Require, Routine, Rows, Scale, Step, View
from ..kernel.routines.table import ROUTINES
from ..tensor.dims import Dim
from .guess import Guess
from .memory import reads, views, writes

# From this many elements on, an array does not stay in the cache between two passes.
LARGE = 20_000
# From this many on, it does not stay in the last cache either: then passes by columns, of which pieces are read, and
# with thin products, which are slower by blocks, are worth their while.
HUGE = 2_000_000
# Fewer rows, and fewer columns, than this are not worth a pass.
FEWEST = (16, 1024)
# Longer runs of steps are not tried: the search would take too long in large programs.
LONGEST = 24
ROUTINES_OF_ROWS = frozenset({"gemv", "ger", "copy", "gemm"})
# A product of two matrices with more rows or columns than this is bound by arithmetic, and slower by blocks.
THIN = 16


def passes_joined(program: Program, guess: Guess) -> Program:
    """The program with passes over the rows of large arrays joined."""
    steps = list(program.steps)
    buffers = {v.buffer.name: v.buffer for step in steps for v in views(step)}
    groups: dict[tuple[int, Dim], list[Buffer]] = {}
    for axis, fewest in enumerate(FEWEST):
        for buffer in buffers.values():
            large = len(buffer.shape) > 1 and guess.volume(buffer.shape) >= (HUGE if axis else LARGE)
            if large and guess(buffer.shape[axis]) >= fewest:
                groups.setdefault((axis, buffer.shape[axis]), []).append(buffer)
    for (axis, _), group in groups.items():
        joined: list[Step] | None = steps
        while joined is not None:
            steps = joined
            joined = _join(steps, group, axis, guess)
    return replace(program, steps=tuple(_localised(steps)))


def _join(steps: Sequence[Step], group: Sequence[Buffer], axis: int, guess: Guess) -> list[Step] | None:
    """The steps with the longest run of passes over arrays of the group joined; None if there is none."""
    names = {buffer.name: buffer for buffer in group}
    touched = [[v.buffer.name for v in views(s) if v.buffer.name in names] for s in steps]
    touching = [k for k, s in enumerate(steps) if touched[k] and isinstance(s, Loop | Routine)]
    after = _after(steps)
    for length in range(min(len(touching), LONGEST), 1, -1):
        for start in range(len(touching) - length + 1):
            chosen = touching[start : start + length]
            counts = [name for k in chosen for name in set(touched[k])]
            if len(counts) == len(set(counts)):
                continue  # nothing is read twice
            own = sum(1 << k for k in chosen)
            before = functools.reduce(operator.or_, (after[k] for k in chosen))
            members = [
                k for k in range(chosen[0], chosen[-1] + 1) if own >> k & 1 or (after[k] & own and before >> k & 1)
            ]
            found = _pass([steps[k] for k in members], names[touched[chosen[0]][0]], axis, guess)
            if found is not None:
                rest = [k for k in range(len(steps)) if k not in members]
                late = [k for k in rest if any(after[k] >> m & 1 for m in members)]
                early = [k for k in rest if k not in late]
                return [*(steps[k] for k in early), found, *(steps[k] for k in late)]
    return None


def _after(steps: Sequence[Step]) -> list[int]:
    """For each step the set (bit mask) of the steps that must come before it."""
    result: list[int] = []
    written: dict[str, int] = {}
    used: dict[str, int] = {}
    requirements = 0
    for position, step in enumerate(steps):
        mask = requirements
        read = {v.buffer.name for v in reads(step)}
        write = {v.buffer.name for v in writes(step)}
        for name in read:
            mask |= written.get(name, 0)
        for name in write:
            mask |= written.get(name, 0) | used.get(name, 0)
        for other in range(position):
            if mask >> other & 1:
                mask |= result[other]
        result.append(mask)
        for name in read:
            used[name] = used.get(name, 0) | 1 << position
        for name in write:
            written[name] = written.get(name, 0) | 1 << position
        # What can stop the kernel stays before what follows.
        if isinstance(step, Require) or (isinstance(step, Routine) and ROUTINES[step.name].name.startswith("check_")):
            requirements |= 1 << position
    return result


def _pass(members: Sequence[Step], buffer: Buffer, axis: int, guess: Guess) -> Rows | None:
    """The pass along an axis of the buffer, if all members can be part of one."""
    rows = _RowAxes(buffer, axis, guess)
    inner: list[Loop | Routine] = []
    for step in members:
        if not isinstance(step, Loop | Routine) or not (
            rows.loop(step) if isinstance(step, Loop) else rows.routine(step)
        ):
            return None
        inner.append(step)
    return Rows(buffer.shape[axis], tuple(inner), tuple(sorted(rows.axes.items())))


@dataclass
class _RowAxes:
    """Which axis of each buffer runs over the rows, found step by step."""

    buffer: Buffer
    axis: int
    guess: Guess
    axes: dict[str, int] = field(default_factory=dict)
    fixed: set[str] = field(default_factory=set)  # read as a whole by some step
    sums: set[str] = field(default_factory=set)  # complete only after the pass

    def __post_init__(self) -> None:
        self.axes[self.buffer.name] = self.axis

    @property
    def extent(self) -> Dim:
        return self.buffer.shape[self.axis]

    def position(self, view: View) -> int | None:
        """The axis of the view that runs over the rows; -1 if the view has none although its buffer has."""
        axis = self.axes.get(view.buffer.name)
        if axis is None:
            return None
        stride = view.buffer.view().strides[axis]
        found = [
            k
            for k, (size, step) in enumerate(zip(view.shape, view.strides, strict=True))
            if step == stride and size == self.extent
        ]
        return found[0] if len(found) == 1 and view.offset == Dim.of(0) else -1

    def claim(self, view: View, axis: int) -> bool:
        """Makes axis `axis` of the view the rows of its buffer."""
        name = view.buffer.name
        if name in self.fixed or name in self.sums or view.offset != Dim.of(0):
            return False
        if name in self.axes:
            return self.position(view) == axis
        whole = view.buffer.view().strides
        found = [
            k for k, stride in enumerate(whole) if stride == view.strides[axis] and view.buffer.shape[k] == self.extent
        ]
        if len(found) != 1:
            return False
        self.axes[name] = found[0]
        return self.position(view) == axis

    def hold(self, view: View) -> bool:
        """Notes that the view is read as a whole, by every row."""
        if view.buffer.name in self.axes or view.buffer.name in self.sums:
            return False
        self.fixed.add(view.buffer.name)
        return True

    def loop(self, loop: Loop) -> bool:
        """Whether the loop can be part of the pass."""
        labels: set[int] = set()
        accesses = [(a.view, a.labels) for a in loop.loads] + [(s.view, s.labels) for s in loop.stores]
        for view, at in accesses:
            axis = self.position(view)
            if axis == -1:
                return False
            if axis is not None:
                labels.add(at[axis])
        if len(labels) != 1:
            return False
        (label,) = labels
        if loop.extents[label] != self.extent:
            return False
        for load in loop.loads:
            if load.labels.count(label) > 1:
                return False
            if not (self.claim(load.view, load.labels.index(label)) if label in load.labels else self.hold(load.view)):
                return False
        for store in loop.stores:
            if label in store.labels:
                if not self.claim(store.view, store.labels.index(label)):
                    return False
            elif store.reduce != "sum" or not self.collect(store.view, store.accumulate):
                return False
        return True

    def collect(self, view: View, adds: bool) -> bool:
        """Notes that the view is a sum over the rows."""
        name = view.buffer.name
        if name in self.axes or name in self.fixed or (name in self.sums and not adds):
            return False
        self.sums.add(name)
        return True

    def routine(self, step: Routine) -> bool:
        """Whether the routine can be part of the pass."""
        signature = ROUTINES[step.name]
        if step.name not in ROUTINES_OF_ROWS:
            return False
        if any(not self.hold(view) for scale in step.scalars for view in scale.views):
            return False
        if step.name == "copy":
            (source,), (target,) = step.inputs, step.outputs
            axis = self.position(source)
            return axis is not None and axis >= 0 and self.claim(source, axis) and self.claim(target, axis)
        patterns = (*signature.inputs, *signature.outputs)
        operands = (*step.inputs, *step.outputs)
        letters: set[str] = set()
        for pattern, view in zip(patterns, operands, strict=True):
            axis = self.position(view)
            if axis == -1:
                return False
            if axis is not None:
                letters.add(pattern[axis])
        if len(letters) != 1:
            return False
        (letter,) = letters
        if any(pattern.count(letter) > 1 for pattern in patterns):
            return False
        if step.name == "gemm" and not self.is_thin(step, letter):
            return False
        for pattern, view in list(zip(patterns, operands, strict=True))[: len(step.inputs)]:
            has = letter in pattern[: len(view.shape)]
            if not (self.claim(view, pattern.index(letter)) if has else self.hold(view)):
                return False
        adds = len(step.scalars) > 1 and step.scalars[1] != Scale(0.0)
        (pattern,), (out,) = patterns[len(step.inputs) :], step.outputs
        if letter in pattern:
            return self.claim(out, pattern.index(letter))
        return step.name in ("gemv", "gemm") and self.collect(out, adds)

    def is_thin(self, step: Routine, letter: str) -> bool:
        """Whether a product reads a huge array for few columns of another one."""
        sizes = ROUTINES[step.name].sizes(step)
        volume = max(self.guess.volume(view.shape) for view in step.inputs)
        return volume >= HUGE and any(self.guess(n) <= THIN for name, n in sizes.items() if name != letter)


def _localised(steps: Sequence[Step]) -> list[Step]:
    """The passes with the work buffers named that only one of them uses."""
    uses: dict[str, int] = {}
    for step in steps:
        for name in {v.buffer.name for v in views(step)}:
            uses[name] = uses.get(name, 0) + 1
    result: list[Step] = []
    for step in steps:
        if isinstance(step, Rows):
            axes = dict(step.axes)
            parts = [v for v in views(step) if v.buffer.role == "work" and v.buffer.name in axes]
            kept = {v.buffer.name for v in parts if uses[v.buffer.name] == 1}
            kept -= {v.buffer.name for v in parts if axes[v.buffer.name] and not _is_whole(v)}
            step = replace(step, local=frozenset(kept))
        result.append(step)
    return result


def _is_whole(view: View) -> bool:
    """Whether a view is all of its buffer, in any order of the axes."""
    return view.offset == Dim.of(0) and sorted(map(str, view.strides)) == sorted(map(str, view.buffer.view().strides))
