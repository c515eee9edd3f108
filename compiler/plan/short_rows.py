"""Functions over short rows become functions over one long vector.

Enters: a program.  Leaves: the same program with some loops in up to three parts: what goes before the functions, row
by row, into an array; the functions, over all elements of it; and what comes after.  Always holds: an operation at
every element is done as often as before.  Not for: loops whose rows are long, or lie one after another in all arrays,
so that they are one vector anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ..kernel.collapse import collapse
from ..kernel.program import Buffer, Load, Loop, Op, Program, Ref, Step, Store, View
from ..kernel.scalars import SERIES
from ..tensor.dims import Dim
from .guess import Guess
from .steps import free_name

SHORT = 64  # elements of a row: below, a vector's worth of functions is often not filled


def rows_flattened(program: Program, guess: Guess) -> Program:
    """The program with functions over short rows done over vectors."""
    work = list(program.work)
    buffers = (*program.inputs, *program.outputs)
    taken = {b.name for b in buffers}.union(*(d.names for b in buffers for d in b.shape))

    def buffer(shape: tuple[Dim, ...]) -> View:
        number = len(work) + 1
        while free_name(f"t{number}", taken) in {b.name for b in work}:
            number += 1
        work.append(Buffer(free_name(f"t{number}", taken), shape, "work"))
        return work[-1].view()

    steps: list[Step] = []
    for step in program.steps:
        parts = _Parts(step, buffer).loops() if isinstance(step, Loop) and _is_short(step, guess) else [step]
        steps += parts
    return replace(program, steps=tuple(steps), work=tuple(work))


def _is_short(loop: Loop, guess: Guess) -> bool:
    if not any(op.function in SERIES for op in loop.ops):
        return False
    extents = collapse(loop).extents
    stored = {s.view.buffer for s in loop.stores}
    return len(extents) > 1 and guess(extents[-1]) < SHORT and not any(a.view.buffer in stored for a in loop.loads)


class _Parts:
    """A loop, sorted into what is done over the vector (`inside`), and what goes before and comes after."""

    def __init__(self, loop: Loop, buffer: Callable[[tuple[Dim, ...]], View]) -> None:
        self.loop = loop = collapse(loop)
        self.buffer = buffer
        self.order = len(loop.extents)
        self.labels = tuple(range(self.order))
        self.whole = Buffer("", loop.extents, "work").view()
        self.depths: list[int] = []
        for op in loop.ops:
            self.depths.append(max(map(self.depth, op.operands), default=0))
        self.inside: set[Ref] = set()
        self.early: set[Ref] = {Ref("load", k) for k in range(len(loop.loads))}  # needs no function over the vector
        self.given: dict[Ref, None] = {}  # is put into an array before
        for k, op in enumerate(loop.ops):
            self.sort(Ref("op", k), op)

    def depth(self, ref: Ref) -> int:
        """In how many loops a value stands."""
        if ref.kind == "load":
            return max(self.loop.loads[ref.index].labels, default=-1) + 1
        return self.depths[ref.index] if ref.kind == "op" else ref.index + 1 if ref.kind == "label" else 0

    def is_flat(self, view: View, labels: tuple[int, ...]) -> bool:
        """Whether a view runs through all elements one after another."""
        return labels == self.labels and view.strides == self.whole.strides

    def is_vector(self, ref: Ref) -> bool:
        """Whether a value is known in a loop over the vector."""
        if ref.kind == "load":
            load = self.loop.loads[ref.index]
            return not load.labels or self.is_flat(load.view, load.labels)
        return ref.kind in ("const", "size") or ref in self.inside

    def sort(self, ref: Ref, op: Op) -> None:
        costly = op.function in SERIES and self.depth(ref) == self.order
        missing = [r for r in op.operands if not self.is_vector(r)]
        if costly and all(r in self.early for r in missing):
            self.inside.add(ref)
            self.given.update(dict.fromkeys(missing))
        elif not missing and self.depth(ref) == self.order and any(r in self.inside for r in op.operands):
            self.inside.add(ref)
        elif all(r in self.early or r.kind not in ("load", "op") for r in op.operands):
            self.early.add(ref)

    def loops(self) -> list[Loop]:
        """The parts."""
        loop = self.loop
        if not self.inside:
            return [loop]
        within = [s for s in loop.stores if s.value in self.inside and self.is_done_within(s)]
        after = [s for s in loop.stores if s not in within]
        places: dict[Ref, View] = {ref: self.buffer(loop.extents) for ref in self.given}
        before = [Store(view, self.labels, ref) for ref, view in places.items()]
        for store in within:
            if store.labels and not store.accumulate:
                places.setdefault(store.value, store.view)
        wanted = self.needed([s.value for s in after], stop=self.inside | self.given.keys())
        results = [ref for ref in wanted if ref in self.inside and ref not in places]
        for ref in results:
            places[ref] = self.buffer(loop.extents)
            within.append(Store(places[ref], self.labels, ref))
        found = [self.part(before, {})] if before else []
        found.append(self.part(within, {ref: places[ref] for ref in self.given}))
        return [*found, self.part(after, places)] if after else found

    def is_done_within(self, store: Store) -> bool:
        if store.reduce is not None:
            return not store.labels
        return self.is_flat(store.view, store.labels)

    def needed(self, refs: Sequence[Ref], stop: set[Ref]) -> list[Ref]:
        """The values that the values are made of, up to those where it stops; in order."""
        found: set[Ref] = set()
        work = list(refs)
        while work:
            ref = work.pop()
            if ref not in found and ref.kind in ("load", "op"):
                found.add(ref)
                if ref.kind == "op" and ref not in stop:
                    work.extend(self.loop.ops[ref.index].operands)
        return sorted(found, key=lambda ref: (ref.kind, ref.index))

    def part(self, stores: Sequence[Store], places: dict[Ref, View]) -> Loop:
        """The loop that makes the stores, with the values of `places` read from there."""
        loop = self.loop
        loads: list[Load] = []
        ops: list[Op] = []
        made: dict[Ref, Ref] = {}
        for ref in self.needed([s.value for s in stores], set(places)):
            if ref in places or ref.kind == "load":
                made[ref] = Ref("load", len(loads))
                loads.append(Load(places[ref], self.labels) if ref in places else loop.loads[ref.index])
            else:
                op = loop.ops[ref.index]
                made[ref] = Ref("op", len(ops))
                ops.append(Op(op.function, tuple(made.get(r, r) for r in op.operands)))
        moved = tuple(replace(s, value=made.get(s.value, s.value)) for s in stores)
        return Loop(loop.extents, tuple(loads), tuple(ops), moved)
