"""Which tasks share a loop, and which are never stored.

Enters: tasks.  Leaves: units in the order of execution: a routine, or a group of loops over one index space.  Always
holds: within a group, a task reads another one only at the same elements, and never a reduction; units depend on
earlier units only.  Not for: memory.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .tasks import Assembly, Body, Call, Cells, Leaf, Part, Place, Product, Read, Shape, Task, through

# Functions that are about as cheap as loading an operand.
CHEAP = frozenset({"add", "sub", "mul", "neg", "max", "min", "where", "mask", "lt", "le", "gt", "ge", "eq", "ne", "not",
                   "abs", "relu", "sign", "clip"})  # fmt: skip
# What an operation that is not cheap weighs, and how much a loop may weigh: compilers are slow on long bodies.
DEAR = 3
MOST_WEIGHT = 72


@dataclass(eq=False)
class Unit:
    """Tasks that are computed together.  `labels[k]` maps the labels of member k to those of the group."""

    extents: Shape
    members: list[Task] = field(default_factory=list)
    labels: list[tuple[int, ...]] = field(default_factory=list)
    number: int = 0
    before: int = 0  # bit mask of all units that must come first

    def mapped(self, task: Task) -> tuple[int, ...] | None:
        """The labels of the group that are the labels of this member."""
        for member, labels in zip(self.members, self.labels, strict=True):
            if member is task:
                return labels
        return None


class Fusion:
    """The decisions for one program.  `kept` are tasks that must be stored: results."""

    def __init__(self, tasks: Sequence[Task], kept: Iterable[Task]) -> None:
        self.kept = set(kept)
        self.tasks = reachable(tasks, self.kept)
        self.whole: set[Task] = set()  # operands of routines
        self.loops: dict[Task, list[Task]] = {}  # tasks and the loops that read them
        self.spaces: dict[Task, set[int]] = {}  # sizes of the index spaces they are read in
        for task in self.tasks:
            self._count(task)
        self.inlined: set[Task] = set()
        self.weight: dict[Task, int] = {}
        self.dear: dict[Task, bool] = {}
        for task in self.tasks:
            if isinstance(task, Cells):
                self._decide(task)
        self.virtual: set[Task] = set()
        self.units: list[Unit] = []
        self.unit_of: dict[Task, Unit] = {}
        for task in self.tasks:
            if task not in self.inlined and not isinstance(task, Leaf | Part):
                self._place(task)
        self._hide()

    def _count(self, task: Task) -> None:
        if isinstance(task, Cells | Assembly):
            bodies = [task.body] if isinstance(task, Cells) else [patch.body for patch in task.patches]
            sizes = [len(task.extents)] if isinstance(task, Cells) else [len(patch.extents) for patch in task.patches]
            for body, size in zip(bodies, sizes, strict=True):
                for read in dict.fromkeys(body.reads):
                    self.loops.setdefault(read.task, []).append(task)
                    self.spaces.setdefault(read.task, set()).add(size)
            if isinstance(task, Assembly) and task.base is not None:
                self.whole.add(task.base.task)
        else:
            self.whole.update(task.operands)

    def _decide(self, task: Cells) -> None:
        """Whether a task is computed anew wherever a loop reads it."""
        weight = sum(1 if function in CHEAP else DEAR for function, _ in task.body.ops)
        dear = any(function not in CHEAP for function, _ in task.body.ops)
        for read in task.body.reads:
            if read.task in self.inlined:
                weight += self.weight[read.task]
                dear = dear or self.dear[read.task]
        self.weight[task], self.dear[task] = weight, dear
        if task.reduce is not None or task in self.kept or task in self.whole:
            return
        readers = self.loops.get(task, [])
        once = len(readers) == 1 and self.spaces[task] == {len(task.extents)}
        once = once and sum(read.task is task for body in _bodies(readers[0]) for read in body.reads) == 1
        scalar = not task.shape and weight <= 2
        if not task.body.ops or (once and weight <= MOST_WEIGHT // 2) or (not dear and weight <= 1) or scalar:
            self.inlined.add(task)

    def reads(self, bodies: Iterable[Body]) -> list[Read]:
        """The stored elements that loops read, through everything that is inlined."""
        found: dict[Read, None] = {}
        work = [read for body in bodies for read in body.reads]
        seen: set[Read] = set()
        while work:
            read = work.pop()
            if read in seen:
                continue
            seen.add(read)
            if read.task in self.inlined:
                assert isinstance(read.task, Cells)
                positions = dict(enumerate(read.place))
                work.extend(inner.at(positions) for inner in read.task.body.reads)
            else:
                found[read] = None
        return list(found)

    def needs(self, task: Task) -> list[Task]:
        """The stored tasks that a task reads."""
        if isinstance(task, Cells):
            return list(dict.fromkeys(read.task for read in self.reads([task.body])))
        if isinstance(task, Assembly):
            stored = [read.task for read in self.reads(patch.body for patch in task.patches)]
            return list(dict.fromkeys(stored + ([task.base.task] if task.base is not None else [])))
        return list(dict.fromkeys(task.operands))

    def _place(self, task: Task) -> None:
        needs = [self.unit_of[_owner(t)] for t in self.needs(task) if _owner(t) in self.unit_of]
        if isinstance(task, Cells):
            reads = self.reads([task.body])
            for unit in reversed(self.units):
                if len(unit.extents) == len(task.extents) and isinstance(unit.members[0], Cells):
                    labels = self._joins(task, reads, unit, needs)
                    if labels is not None:
                        self._join(task, unit, labels, needs)
                        return
        unit = Unit(task.extents if isinstance(task, Cells) else (), number=len(self.units))
        self.units.append(unit)
        self._join(task, unit, tuple(range(len(unit.extents))), needs)

    def _joins(self, task: Cells, reads: Sequence[Read], unit: Unit, needs: Sequence[Unit]) -> tuple[int, ...] | None:
        """The best labels under which a task can join a group."""
        bit = 1 << unit.number
        if any(other is not unit and other.before & bit for other in needs):
            return None
        order = len(task.extents)
        if sum(self.weight.get(m, 0) for m in unit.members) + self.weight[task] > MOST_WEIGHT:
            return None
        permutations = itertools.permutations(range(order)) if order <= 4 else iter([tuple(range(order))])
        best: tuple[int, tuple[int, ...]] | None = None
        theirs = {
            (read.task, _renamed(read.place, labels))
            for member, labels in zip(unit.members, unit.labels, strict=True)
            for read in self.reads(_bodies(member))
        }
        for labels in permutations:
            if any(unit.extents[label] != extent for label, extent in zip(labels, task.extents, strict=True)):
                continue
            score = 0
            for read in reads:
                place = _renamed(read.place, labels)
                inside = unit.mapped(read.task)
                if inside is not None:
                    member = read.task
                    assert isinstance(member, Cells)
                    if member.reduce is not None or [index.label for index in place] != list(inside):
                        score = -1
                        break
                    score += 2
                elif (read.task, place) in theirs and read.place:
                    score += 1
            if score >= 0 and (best is None or score > best[0]):
                best = (score, labels)
        if best is None or best[0] == 0:
            return None
        return best[1]

    def _join(self, task: Task, unit: Unit, labels: tuple[int, ...], needs: Sequence[Unit]) -> None:
        unit.members.append(task)
        unit.labels.append(labels)
        self.unit_of[task] = unit
        before = unit.before
        for other in needs:
            if other is not unit:
                before |= other.before | 1 << other.number
        if before != unit.before:
            unit.before = before
            for other in self.units:
                if other.before >> unit.number & 1:
                    other.before |= before

    def _hide(self) -> None:
        """Members that only their own group reads are not stored."""
        outside: set[Task] = set(self.kept)
        for task in self.tasks:
            if task in self.inlined or isinstance(task, Leaf | Part):
                continue
            for other in self.needs(task):
                if other in self.unit_of and self.unit_of[other] is not self.unit_of[task]:
                    outside.add(other)
        for task in self.tasks:
            if isinstance(task, Cells) and task not in self.inlined and task not in outside:
                self.virtual.add(task)

    def order(self) -> list[Unit]:
        """The units, each after all that it needs."""
        ready = [unit.number for unit in self.units if not unit.before]
        heapq.heapify(ready)
        waiting = [unit for unit in self.units if unit.before]
        done = 0
        result: list[Unit] = []
        while ready:
            unit = self.units[heapq.heappop(ready)]
            result.append(unit)
            done |= 1 << unit.number
            for other in [u for u in waiting if not u.before & ~done]:
                heapq.heappush(ready, other.number)
                waiting.remove(other)
        assert not waiting, "a cycle of units"
        return result


def _owner(task: Task) -> Task:
    return task.call if isinstance(task, Part) else task


def _bodies(task: Task) -> list[Body]:
    if isinstance(task, Cells):
        return [task.body]
    return [patch.body for patch in task.patches] if isinstance(task, Assembly) else []


def _renamed(place: Place, labels: Sequence[int]) -> Place:
    from .tasks import plain

    positions = {k: plain(label) for k, label in enumerate(labels)}
    return tuple(index.at(positions) for index in place)


def reachable(tasks: Sequence[Task], roots: Iterable[Task]) -> list[Task]:
    """The tasks that the roots need."""
    needed: set[Task] = set()
    work = list(roots)
    while work:
        task = work.pop()
        if task not in needed:
            needed.add(task)
            work.extend(task.operands)
    return [task for task in tasks if task in needed]


__all__ = ["Call", "Product", "through"]
