"""Writes one fused loop.

Enters: the members of a group.  Leaves: a `Loop`.  Always holds: equal loads and operations are made once; what is not
stored is computed where it is read.  Not for: deciding what is stored (`fuse.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..kernel.program import Load, Loop, Op, Ref, Store, View
from .fuse import Fusion, Unit
from .guess import Guess
from .tasks import ONE, ZERO, Body, Cell, Cells, Factor, Index, Read, Shape, Task, plain
from .windows import located


class LoopWriter:
    """One fused loop while it is written; equal loads and operations are made once."""

    def __init__(self, views: Mapping[Task, View], fusion: Fusion, guess: Guess, extents: Shape) -> None:
        self.views = views
        self.fusion = fusion
        self.guess = guess
        self.extents = extents
        self.loads: dict[Load, Ref] = {}
        self.ops: dict[Op, Ref] = {}
        self.stores: list[Store] = []
        self.known: dict[Read, Ref] = {}

    def load(self, view: View, labels: tuple[int, ...]) -> Ref:
        """An element."""
        return self.loads.setdefault(Load(view, labels), Ref("load", len(self.loads)))

    def op(self, function: str, *operands: Ref) -> Ref:
        """An operation."""
        return self.ops.setdefault(Op(function, operands), Ref("op", len(self.ops)))

    def store(
        self, view: View, labels: tuple[int, ...], value: Ref, reduce: str | None, accumulate: bool = False
    ) -> None:
        """Writes a value."""
        self.stores.append(Store(view, labels, value, reduce, accumulate))

    def scaled(self, value: Ref, alpha: Factor) -> Ref:
        """A value times a scalar factor."""
        for task in alpha.tasks:
            value = self.op("mul", self.load(self.views[task], ()), value)
        return value if alpha.constant == 1.0 else self.op("mul", Ref("const", value=alpha.constant), value)

    def value(self, task: Cells, labels: Sequence[int], unit: Unit) -> Ref:
        """The value of a member of the group, computed here."""
        read = Read(task, tuple(plain(label) for label in labels[: len(task.shape)]))
        if task.reduce is None and read in self.known:
            return self.known[read]
        result = self.body(task.body, {k: plain(label) for k, label in enumerate(labels)}, unit)
        if task.reduce is None:
            self.known[read] = result
        return result

    def body(self, body: Body, positions: Mapping[int, Index], unit: Unit | None) -> Ref:
        """The value of a body; what it reads is computed here too if it is not stored."""
        work = [read.at(positions) for read in body.reads]
        while work:
            read = work[-1]
            inner = self._computed(read, unit)
            if read in self.known:
                work.pop()
            elif inner is None:
                self.known[read] = self._stored(read)
                work.pop()
            else:
                missing = [r for r in (i.at(inner[1]) for i in inner[0].reads) if r not in self.known]
                if missing:
                    work += missing
                else:
                    self.known[read] = self._run(*inner)
                    work.pop()
        return self._run(body, positions)

    def _computed(self, read: Read, unit: Unit | None) -> tuple[Body, dict[int, Index]] | None:
        task = read.task
        if not isinstance(task, Cells) or task.reduce is not None:
            return None
        here = unit is not None and unit.mapped(task) is not None
        if task in self.fusion.inlined or here:
            return task.body, dict(enumerate(read.place))
        return None

    def _stored(self, read: Read) -> Ref:
        labels = tuple(sorted(read.labels))
        return self.load(located(self.views[read.task], read.place, self.extents, labels), labels)

    def _run(self, body: Body, positions: Mapping[int, Index]) -> Ref:
        made: list[Ref] = []

        def ref(cell: Cell) -> Ref:
            match cell.kind:
                case "read":
                    return self.known[body.reads[cell.position].at(positions)]
                case "op":
                    return made[cell.position]
                case "const":
                    return Ref("const", value=cell.value)
                case "size":
                    return Ref("size", dim=cell.dim)
            assert cell.index is not None
            return self._position(cell.index.at(positions))

        for function, operands in body.ops:
            made.append(self.op(function, *[ref(cell) for cell in operands]))
        return ref(body.result)

    def _position(self, index: Index) -> Ref:
        total: Ref | None = None
        for label, factor in index.terms:
            part = Ref("label", label)
            if factor != ONE:
                part = self.op("mul", Ref("size", dim=factor), part)
            total = part if total is None else self.op("add", total, part)
        if total is None:
            return Ref("size", dim=index.offset)
        return total if index.offset == ZERO else self.op("add", total, Ref("size", dim=index.offset))

    def finish(self) -> Loop:
        """The loop, its labels in the order that suits the strides."""
        return ordered(Loop(self.extents, tuple(self.loads), tuple(self.ops), tuple(self.stores)), self.guess)


def ordered(loop: Loop, guess: Guess) -> Loop:
    """The same loop with its labels in another order: innermost is that along which most views are contiguous."""
    count = len(loop.extents)
    if count < 2:
        return loop
    total = guess.volume(loop.extents)
    score = [0.0] * count
    accesses = [(load.view, load.labels) for load in loop.loads] + [(s.view, s.labels) for s in loop.stores]
    for view, labels in accesses:
        weight = guess.volume(view.shape) / total
        for stride, label in zip(view.strides, labels, strict=True):
            score[label] += weight if stride == ONE else -weight / 2
    order = sorted(range(count), key=lambda label: (score[label], label))
    new = {label: k for k, label in enumerate(order)}
    if order == list(range(count)):
        return loop

    def ref(old: Ref) -> Ref:
        return Ref("label", new[old.index]) if old.kind == "label" else old

    return Loop(
        tuple(loop.extents[label] for label in order),
        tuple(Load(load.view, tuple(new[label] for label in load.labels)) for load in loop.loads),
        tuple(Op(op.function, tuple(ref(r) for r in op.operands)) for op in loop.ops),
        tuple(
            Store(s.view, tuple(new[label] for label in s.labels), ref(s.value), s.reduce, s.accumulate)
            for s in loop.stores
        ),
    )
