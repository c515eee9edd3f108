"""The order in which an array of the workspace holds its axes.

Enters: a task, and where the arrays lie whose place is known.  Leaves: its axes, outermost first.  Always holds: any
order is right; the one chosen suits the loops that write and read the array, so that these go through all their arrays
in one direction.  Not for: results, whose order is given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..kernel.program import View
from .fuse import Fusion
from .tasks import ONE, Body, Cells, Product, Read, Task


def layout(task: Cells | Product, fusion: Fusion, views: Mapping[Task, View]) -> tuple[int, ...]:
    """The axes of the task's array."""
    order = len(task.shape)
    if order < 2:
        return tuple(range(order))
    if isinstance(task, Product) and any(len(group) > 1 for group in task.groups):
        return tuple(label for group in task.groups for label in group)  # as the routine writes it
    votes = [0] * order
    if isinstance(task, Cells) and task.reduce is None:
        for label in _inner(fusion.reads([task.body]), views):
            if label < order:
                votes[label] += 1
    for reader in fusion.loops.get(task, ()):
        if isinstance(reader, Cells):
            inner = list(_inner(fusion.reads([reader.body]), views))
            inner += [label for label, stride in enumerate(_strides(reader, views)) if stride == ONE]
            for axis, index in enumerate(_place(task, reader.body)):
                votes[axis] += inner.count(index) if index is not None else 0
    last = max(range(order), key=lambda axis: (votes[axis], axis))
    return (*(axis for axis in range(order) if axis != last), last)


def _inner(reads: Sequence[Read], views: Mapping[Task, View]) -> Iterator[int]:
    """For each read of an array whose place is known, the label along which it lies side by side."""
    for read in reads:
        if read.task in views and len(read.place) > 1:
            for index, stride in zip(read.place, views[read.task].strides, strict=True):
                if stride == ONE and index.label is not None:
                    yield index.label


def _strides(task: Cells, views: Mapping[Task, View]) -> Sequence[object]:
    return views[task].strides if task in views and len(task.shape) > 1 else ()


def _place(task: Task, body: Body) -> Sequence[int | None]:
    """The labels at which a body reads the task."""
    return next((tuple(index.label for index in read.place) for read in body.reads if read.task is task), ())
