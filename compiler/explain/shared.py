"""What several outputs of a kernel program share.

Enters: a program.  Leaves: the steps, and parts of loops, on which the first output and some other one depend, with
their operations.  Always holds: an operation is shared only if its value reaches both outputs.  Not for: the cost of
whole programs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..kernel.cost import Cost, loop_cost, routine_cost
from ..kernel.program import Buffer, Loop, Program, Ref, Require, Routine, Store, step_lines
from ..tensor.dims import Dim, volume

Step = Loop | Routine | Require
# Which operations and stores of a step an output needs; of a routine, store 0.
Part = tuple[frozenset[int], frozenset[int]]


@dataclass(frozen=True)
class Shared:
    """A step, or the part of a loop, that several outputs need: how it is written, and its operations."""

    lines: tuple[str, ...]
    operations: Cost


def shared_steps(program: Program) -> list[Shared]:
    """What the first output shares with the others, but for what takes the same few operations for all sizes."""
    steps = list(program.flat())
    first, *others = (needs(steps, output) for output in program.outputs)
    found: list[Shared] = []
    for position, step in enumerate(steps):
        of_first = first.get(position)
        parts = [of_other[position] for of_other in others if position in of_other]
        if of_first is None or not parts:
            continue
        ops = of_first[0] & frozenset().union(*(part[0] for part in parts))
        stores = of_first[1] & frozenset().union(*(part[1] for part in parts))
        if isinstance(step, Routine):
            thirds, lines = routine_cost(step), step_lines(step)
        elif isinstance(step, Loop):
            thirds, lines = loop_cost(part_of(step, ops, stores)), loop_lines(step, ops, stores)
        else:
            continue
        if thirds.value is None:
            found.append(Shared(tuple(lines), Cost(thirds)))
    return found


def needs(steps: Sequence[Step], output: Buffer) -> dict[int, Part]:
    """What an output needs of each step, by the position of the step."""
    wanted = {output.name}
    found: dict[int, Part] = {}
    for position in range(len(steps) - 1, -1, -1):
        step = steps[position]
        if isinstance(step, Loop):
            stores = frozenset(k for k, store in enumerate(step.stores) if store.view.buffer.name in wanted)
            if stores:
                ops, loads = behind(step, [step.stores[k].value for k in stores])
                found[position] = (ops, stores)
                wanted -= {s.view.buffer.name for k, s in enumerate(step.stores) if k in stores and overwrites(s)}
                wanted |= {step.loads[k].view.buffer.name for k in loads}
        elif isinstance(step, Routine) and {view.buffer.name for view in step.outputs} & wanted:
            found[position] = (frozenset(), frozenset({0}))
            wanted = wanted_before(step, wanted)
    return found


def wanted_before(step: Routine, wanted: set[str]) -> set[str]:
    """The buffers that are needed before a routine that writes some of the wanted ones."""
    adds = len(step.scalars) > 1 and (step.scalars[1].constant != 0.0 or bool(step.scalars[1].views))
    whole = {v.buffer.name for v in step.outputs if v in (v.buffer.view(), v.buffer.view().T) and not adds}
    read = [*step.inputs, *(view for scale in step.scalars for view in scale.views)]
    return (wanted - whole) | {view.buffer.name for view in read}


def overwrites(store: Store) -> bool:
    """Whether a store leaves nothing of what its buffer held."""
    view = store.view
    return not store.accumulate and view in (view.buffer.view(), view.buffer.view().T)


def behind(loop: Loop, values: Sequence[Ref]) -> tuple[frozenset[int], frozenset[int]]:
    """The operations and the loads on which values depend."""
    ops: set[int] = set()
    loads: set[int] = set()
    work = list(values)
    while work:
        ref = work.pop()
        if ref.kind == "load":
            loads.add(ref.index)
        elif ref.kind == "op" and ref.index not in ops:
            ops.add(ref.index)
            work += loop.ops[ref.index].operands
    return frozenset(ops), frozenset(loads)


def part_of(loop: Loop, ops: frozenset[int], stores: frozenset[int]) -> Loop:
    """The loop with these operations (and all on which they depend) and stores alone."""
    number = {old: new for new, old in enumerate(sorted(ops))}

    def renumbered(ref: Ref) -> Ref:
        return replace(ref, index=number[ref.index]) if ref.kind == "op" else ref

    kept = tuple(replace(loop.ops[k], operands=tuple(map(renumbered, loop.ops[k].operands))) for k in sorted(ops))
    written = tuple(
        replace(loop.stores[k], value=renumbered(loop.stores[k].value))
        for k in sorted(stores)
        if loop.stores[k].value.kind != "op" or loop.stores[k].value.index in ops
    )
    return Loop(loop.extents, loop.loads, kept, written)


def loop_lines(loop: Loop, ops: frozenset[int], stores: frozenset[int]) -> list[str]:
    """How the shared part of a loop is written; the whole loop where what both need is stored for neither."""
    part = part_of(loop, ops, stores)
    return step_lines(part if part.stores else loop)


def memory(program: Program) -> Dim:
    """How many numbers the temporaries of a program take."""
    total = Dim.of(0)
    for buffer in program.work:
        total = total + volume(buffer.shape)
    return total
