"""From units to the steps of a kernel program: buffers, views, loops and calls.

Enters: the fusion's units.  Leaves: a `Program`.  Always holds: results are written where they belong, unless they are
arguments or stand twice; what an update takes over is not read by others.  Not for: reuse of the workspace.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence

from ..kernel.program import Buffer, Loop, Program, Require, Routine, Scale, Step, View
from ..kernel.routines.table import ROUTINES
from ..tensor.dims import Dim, volume
from .build import Use
from .fuse import Fusion, Unit
from .guess import Guess
from .layouts import layout
from .loops import LoopWriter
from .tasks import (
    ONE,
    Assembly,
    Call,
    Cells,
    Leaf,
    Part,
    Patch,
    Place,
    Product,
    Read,
    Shape,
    Task,
    Window,
    own,
    plain,
)
from .windows import grouped, located


def free_name(name: str, taken: Collection[str]) -> str:
    """The name, lengthened if an argument or a size has it already."""
    while name in taken:
        name += "_"
    return name


class Steps:
    """The program while it is written."""

    def __init__(
        self, fusion: Fusion, inputs: Sequence[Buffer], results: Sequence[Use], shapes: Sequence[Shape], guess: Guess
    ) -> None:
        self.fusion = fusion
        self.guess = guess
        self.inputs = tuple(inputs)
        self.names = {b.name for b in inputs}.union(*(d.names for b in inputs for d in b.shape))
        self.steps: list[Step] = []
        self.work: list[Buffer] = []
        dtypes = [use.task.dtype if isinstance(use.task, Part) else "real" for use in results]
        self.outputs = tuple(
            Buffer(free_name(f"out{k}", self.names), shape, "output", dtype)
            for k, (shape, dtype) in enumerate(zip(shapes, dtypes, strict=True))
        )
        self.views: dict[Task, View] = {}
        for task in fusion.tasks:
            if isinstance(task, Leaf):
                self.views[task] = task.buffer.view()
        copies: list[tuple[View, Read]] = []
        for use, buffer in zip(results, self.outputs, strict=True):
            order = range(len(use.axes))
            view = buffer.view().permuted(tuple(use.axes.index(axis) for axis in order))
            if use.task in self.views:
                copies.append((view, own(use.task)))
            else:
                self.views[use.task] = view
        self._allocate()
        for unit in fusion.order():
            self._unit(unit)
        for view, read in copies:
            self.steps.append(Routine("copy", (view,), (self.views[read.task],)))

    def program(self, requirements: Sequence[Require]) -> Program:
        """The finished program."""
        return Program(self.inputs, self.outputs, tuple(self.work), (*requirements, *self.steps))

    def buffer(self, shape: Shape, dtype: str = "real") -> Buffer:
        """A new part of the workspace."""
        made = Buffer(free_name(f"t{len(self.work) + 1}", self.names), shape, "work", dtype)
        self.work.append(made)
        return made

    def loop(self, extents: Shape) -> LoopWriter:
        """A new loop."""
        return LoopWriter(self.views, self.fusion, self.guess, extents)

    def _allocate(self) -> None:
        """Places for all tasks that are stored; an update shares that of its base."""
        counts: dict[Task, int] = {}
        stored = [t for t in self.fusion.tasks if t not in self.fusion.inlined and t not in self.fusion.virtual]
        for task in self.fusion.tasks:
            if task not in self.fusion.inlined:
                for other in self.fusion.needs(task):
                    counts[other] = counts.get(other, 0) + 1
        self.taken: set[Task] = set()
        views: list[Task] = []
        for task in reversed(stored):
            if isinstance(task, Call) and task.checks:
                continue
            if task not in self.views:
                views.append(task)
            base = task.base if isinstance(task, Product | Assembly) else None
            if base is not None and counts[base.task] == 1 and base.task not in self.views and base.task in stored:
                self.taken.add(task)
        following: dict[Task, Task] = {}
        for task in self.taken:
            assert isinstance(task, Product | Assembly) and task.base is not None
            following[task.base.task] = task
        called = {operand for task in stored if isinstance(task, Call) for operand in task.operands}
        for task in reversed(views):
            if task not in following:
                dtype = task.dtype if isinstance(task, Part) else "real"
                axes = tuple(range(len(task.shape)))
                if isinstance(task, Cells | Product) and task not in called:
                    axes = layout(task, self.fusion, self.views)
                shape = tuple(task.shape[axis] for axis in axes)
                self.views[task] = self.buffer(shape, dtype).view().permuted(tuple(map(axes.index, range(len(axes)))))
        for task in reversed(stored):
            if task in following:
                self.views[task] = self._base_view(following[task])

    def _base_view(self, task: Task) -> View:
        assert isinstance(task, Product | Assembly) and task.base is not None
        axes = [index.labels[0] for index in task.base.place]
        return self.views[task].permuted(tuple(axes))

    def _unit(self, unit: Unit) -> None:
        first = unit.members[0]
        if isinstance(first, Cells):
            loop = self.loop(unit.extents)
            for member, labels in zip(unit.members, unit.labels, strict=True):
                if member not in self.fusion.virtual:
                    assert isinstance(member, Cells)
                    value = loop.value(member, labels, unit)
                    order = len(member.shape)
                    loop.store(self.views[member], labels[:order], value, member.reduce)
            self.steps.append(loop.finish())
        elif isinstance(first, Product):
            self._product(first)
        elif isinstance(first, Assembly):
            self._assembly(first)
        elif isinstance(first, Call):
            self._call(first)

    def _start(self, task: Product | Assembly) -> None:
        """Copies the base of an update that cannot take it over."""
        if task.base is not None and task not in self.taken:
            self.steps.append(Routine("copy", (self._base_view(task),), (self.views[task.base.task],)))

    def _assembly(self, task: Assembly) -> None:
        view = self.views[task]
        self._start(task)
        tiled = task.base is None and tiles(task)
        if task.base is None and not tiled:
            self.steps.append(Routine("fill", (view,), (), (Scale(0.0),)))
        places: dict[tuple[Shape, Place], list[Patch]] = {}
        for patch in task.patches:
            places.setdefault((patch.extents, patch.place), []).append(patch)
        for (extents, place), patches in places.items():
            loop = self.loop(extents)
            labels = tuple(range(len(extents)))
            value, *others = [loop.body(patch.body, {k: plain(k) for k in labels}, None) for patch in patches]
            for other in others:
                value = loop.op("add", value, other)
            loop.store(located(view, place, extents, labels), labels, value, None, not tiled)
            self.steps.append(loop.finish())

    def _call(self, task: Call) -> None:
        outputs: list[View] = []
        after: list[Routine] = []
        if not task.checks:
            out = grouped(self.views[task], tuple(range(len(task.shape))), task.groups)
            if out is None:
                whole, out = self._packed(task.shape, task.groups)
                after.append(
                    Routine("copy", (self.views[task].permuted(tuple(itertools.chain(*task.groups))),), (whole,))
                )
            outputs.append(out)
        outputs += [
            self.views[part] if part in self.views else self.buffer(part.shape, part.dtype).view()
            for part in task.others
        ]
        inputs = tuple(self.operand(window) for window in task.inputs)
        self.steps.append(Routine(task.routine, tuple(outputs), inputs, failure=task.failure))
        self.steps += after

    def _packed(self, extents: Shape, groups: Sequence[tuple[int, ...]]) -> tuple[View, View]:
        """A new buffer with the labels in the order of the groups, and its view as an operand."""
        labels = tuple(itertools.chain(*groups))
        whole = self.buffer(tuple(extents[label] for label in labels)).view()
        packed = grouped(whole, labels, groups)
        assert packed is not None
        return whole, packed

    def operand(self, window: Window) -> View:
        """The view that a routine takes; a copy where labels of one of its axes don't lie in one stride."""
        found = self._window(window)
        if found is not None:
            return found
        labels = tuple(itertools.chain(*window.groups))
        whole, packed = self._packed(window.extents, window.groups)
        source = located(self.views[window.read.task], window.read.place, window.extents, labels)
        self.steps.append(Routine("copy", (whole,), (source,)))
        return packed

    def _window(self, window: Window) -> View | None:
        labels = tuple(itertools.chain(*window.groups))
        view = located(self.views[window.read.task], window.read.place, window.extents, labels)
        return grouped(view, labels, window.groups)

    def _product(self, task: Product) -> None:
        self._start(task)
        beta = Scale(0.0) if task.base is None else Scale(1.0)
        alpha = Scale(task.alpha.constant, tuple(self.views[t] for t in task.alpha.tasks))
        out = grouped(self.views[task], tuple(range(len(task.shape))), task.groups)
        inputs = [self._window(window) for window in task.inputs]
        if None in inputs or out is None:
            # A loop is as fast where every element is used once; else a copy pays.
            if task.routine not in ("gemm", "syrk", "gemmt"):
                self.steps.append(self._loop(task))
                return
            inputs = [self.operand(window) for window in task.inputs]
        whole: View | None = None
        if out is None:
            whole, out = self._packed(task.shape, task.groups)
            beta = Scale(0.0)
        views = tuple(view for view in inputs if view is not None)
        plain_call = alpha == Scale() and beta == Scale(0.0)
        scalars = () if plain_call else (alpha, beta)[: len(ROUTINES[task.routine].scalars)]
        self.steps.append(Routine(task.routine, (out,), views, scalars))
        if whole is not None:
            loop = self.loop(task.shape)
            labels = tuple(itertools.chain(*task.groups))
            loop.store(
                self.views[task], tuple(range(len(labels))), loop.load(whole, labels), None, task.base is not None
            )
            self.steps.append(loop.finish())

    def _loop(self, task: Product) -> Loop:
        loop = self.loop(task.extents)
        value = loop.body(task.body, {k: plain(k) for k in range(len(task.extents))}, None)
        value = loop.scaled(value, task.alpha)
        loop.store(self.views[task], tuple(range(len(task.shape))), value, "sum", task.base is not None)
        return loop.finish()


def tiles(task: Assembly) -> bool:
    """Whether the patches cover every element of the array exactly once: one reshape, or blocks side by side."""
    total = Dim.of(0)
    for patch in task.patches:
        total = total + volume(patch.extents)
    if total != volume(task.shape):
        return False
    if len(task.patches) == 1:
        (patch,) = task.patches
        labels = [label for index in patch.place for label in index.labels]
        return len(set(labels)) == len(labels)
    return all(_apart(a, b) for a, b in itertools.combinations(task.patches, 2))


def _apart(a: Patch, b: Patch) -> bool:
    """Whether two blocks have no element in common: along some axis, one ends before the other begins."""
    for one, other in zip(a.place, b.place, strict=True):
        if any(len(index.terms) != 1 or index.terms[0][1] != ONE for index in (one, other)):
            return False
        ends = one.offset + a.extents[one.labels[0]], other.offset + b.extents[other.labels[0]]
        for gap in (other.offset - ends[0], one.offset - ends[1]):
            if all(coefficient >= 0 for _, coefficient in gap.terms):
                return True
    return False
