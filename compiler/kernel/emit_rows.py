"""Splits a fused pass over rows into what happens before it and what happens to each block of rows.

Enters: `Rows`.  Leaves: `Blocks`, made of ordinary steps whose views are windows of some rows from row number `row`.
Always holds: running the blocks one after another gives what the steps give one after another: a sum over the rows
starts from its neutral value before the first block, and every block adds to it.  Not for: finding what can be fused.

Where all products are of the rows with vectors, a block is a few rows, a number that the compiler knows: they are read
from memory once and then stand in the first cache, and the functions of a block fill whole vectors.  Else a block is as
many rows as stay in the second cache.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..tensor.dims import Dim, volume
from .emit_few import GROUP, is_of_rows
from .program import Buffer, Load, Loop, Op, Ref, Routine, Rows, Scale, Store, View
from .routines.table import ROUTINES
from .scalars import SERIES

# The elements of all rows of a block together, which stay in the second cache, and the most and the fewest rows; and
# likewise for columns, of which pieces are read.
_BLOCK = (16384, 256, 4)
_BLOCK_OF_COLUMNS = (65536, 1024, 64)


@dataclass(frozen=True, slots=True)
class Blocks:
    """`before`, then `steps` for each block; `row`, `rows` and `block` are the names of sizes that they use.

    With `few` the blocks are of so many rows, to which `few_steps` are what `steps` are to `rows` rows: the rest.
    """

    extent: Dim
    row_length: Dim
    columns: bool
    before: tuple[Loop | Routine, ...]
    steps: tuple[Loop | Routine, ...]
    few: int
    few_steps: tuple[Loop | Routine, ...]
    local: tuple[Buffer, ...]
    row: str
    rows: str
    block: str

    def block_text(self, length: str) -> str:
        """The number of rows of a block, when the rows of all arrays together have `length` elements."""
        elements, most, fewest = _BLOCK_OF_COLUMNS if self.columns else _BLOCK
        return f"max({fewest}, min({most}, {elements} // ({length}) & -{fewest}))"


def split_rows(step: Rows, number: int) -> Blocks:
    """The blocks of the `number`-th pass of a program.

    Raises ValueError for a step that can't be split along the rows.
    """
    few = _few(step)
    splitter = _split(step, number, 0, few)
    length = Dim.of(1)
    for buffer, axis in splitter.buffers.values():
        length = length + volume(dim for k, dim in enumerate(buffer.shape) if k != axis)
    local = tuple(
        splitter.some(buffer, axis) for name, (buffer, axis) in splitter.buffers.items() if name in step.local
    )
    return Blocks(
        step.extent,
        length,
        any(axis > 0 for _, axis in splitter.buffers.values()),
        tuple(splitter.before),
        tuple(splitter.steps),
        few,
        tuple(_split(step, number, few, few).steps) if few else (),
        local,
        splitter.row,
        splitter.rows,
        splitter.block,
    )


def _few(step: Rows) -> int:
    """How many rows a block has, if all products are of a few rows with vectors; else 0."""
    products = [s for s in _split(step, 1, GROUP, GROUP).steps if isinstance(s, Routine) and s.name != "copy"]
    if not products or not all(map(is_of_rows, products)):
        return 0
    costly = any(op.function in SERIES for s in step.steps if isinstance(s, Loop) for op in s.ops)
    return 2 * GROUP if costly else GROUP


def _split(step: Rows, number: int, count: int, block: int) -> _Splitter:
    """The steps for so many rows, in blocks of so many; 0 where only the kernel knows."""
    splitter = _Splitter(step, number, count, block)
    for inner in step.steps:
        splitter.add(inner)
    return splitter


class _Splitter:
    def __init__(self, step: Rows, number: int, count: int, block: int) -> None:
        suffix = str(number) if number > 1 else ""
        self.extent = step.extent
        self.axes = dict(step.axes)
        self.local = step.local
        self.row, self.rows, self.block = f"row{suffix}", f"rows{suffix}", f"block{suffix}"
        self.count = Dim.of(count or self.rows)
        self.most = Dim.of(block or self.block)
        self.buffers: dict[str, tuple[Buffer, int]] = {}
        self.before: list[Loop | Routine] = []
        self.steps: list[Loop | Routine] = []

    def add(self, step: Loop | Routine) -> None:
        if isinstance(step, Loop):
            self.loop(step)
        else:
            self.routine(step)

    def row_axis(self, view: View) -> int | None:
        """The axis of a view that runs over the rows."""
        axis = self.axes.get(view.buffer.name)
        if axis is None:
            return None
        self.buffers[view.buffer.name] = (view.buffer, axis)
        stride = view.buffer.view().strides[axis]
        for k, (size, step) in enumerate(zip(view.shape, view.strides, strict=True)):
            if step == stride and size == self.extent:
                return k
        raise ValueError(f"the view of {view.buffer.name} has no axis of rows")

    def some(self, buffer: Buffer, axis: int) -> Buffer:
        """The buffer for the rows of one block."""
        return replace(buffer, shape=(*buffer.shape[:axis], self.most, *buffer.shape[axis + 1 :]))

    def window(self, view: View) -> View:
        """The rows of the current block."""
        axis = self.row_axis(view)
        if axis is None:
            return view
        shape = (*view.shape[:axis], self.count, *view.shape[axis + 1 :])
        if view.buffer.name in self.local:
            strides = dict(
                zip(view.buffer.view().strides, self.some(*self.buffers[view.buffer.name]).view().strides, strict=True)
            )
            return View(view.buffer, view.offset, tuple(strides.get(s, s) for s in view.strides), shape)
        return View(view.buffer, view.offset + Dim.of(self.row) * view.strides[axis], view.strides, shape)

    def loop(self, loop: Loop) -> None:
        labels = set()
        for view, places in [(a.view, a.labels) for a in loop.loads] + [(s.view, s.labels) for s in loop.stores]:
            axis = self.row_axis(view)
            if axis is not None:
                labels.add(places[axis])
        if len(labels) != 1:
            raise ValueError("a loop of a fused pass needs one label that runs over the rows")
        (label,) = labels
        stores = []
        for store in loop.stores:
            if label in store.labels:
                stores.append(replace(store, view=self.window(store.view)))
                continue
            if store.reduce != "sum":
                raise ValueError("only sums can be taken over the rows of a fused pass")
            if not store.accumulate:
                self.before.append(Routine("fill", (store.view,), (), (Scale(0.0),)))
            stores.append(replace(store, accumulate=True))
        extents = (*loop.extents[:label], self.count, *loop.extents[label + 1 :])
        loads = tuple(Load(self.window(a.view), a.labels) for a in loop.loads)
        self.steps.append(_from_row(Loop(extents, loads, loop.ops, tuple(stores)), label, self.row))

    def routine(self, step: Routine) -> None:
        scalars = step.scalars
        (out,) = step.outputs
        if self.row_axis(out) is None:
            if ROUTINES[step.name].scalars != ("alpha", "beta"):
                raise ValueError(f"{step.name} does not add to its result")
            alpha, beta = (*scalars, *(Scale(), Scale(0.0))[len(scalars) :])
            self.before += _times(out, beta)
            scalars = (alpha, Scale(1.0))
        inputs = tuple(self.window(v) for v in step.inputs)
        self.steps.append(replace(step, inputs=inputs, outputs=(self.window(out),), scalars=scalars))


def _from_row(loop: Loop, label: int, row: str) -> Loop:
    """The loop with the number of a row in place of its number in the block."""
    number = Ref("label", label)
    if all(number not in op.operands for op in loop.ops) and all(s.value != number for s in loop.stores):
        return loop

    def moved(ref: Ref) -> Ref:
        if ref == number:
            return Ref("op", 0)
        return Ref("op", ref.index + 1) if ref.kind == "op" else ref

    first = Op("add", (Ref("size", dim=Dim.of(row)), number))
    ops = (first, *(Op(op.function, tuple(map(moved, op.operands))) for op in loop.ops))
    return Loop(loop.extents, loop.loads, ops, tuple(replace(s, value=moved(s.value)) for s in loop.stores))


def _times(view: View, factor: Scale) -> list[Loop | Routine]:
    """The steps that multiply a view by a factor."""
    if factor == Scale(0.0):
        return [Routine("fill", (view,), (), (factor,))]
    if factor == Scale(1.0):
        return []
    return [scaled(view, factor, (Load(view, tuple(range(len(view.shape)))),))]


def scaled(view: View, factor: Scale, loads: tuple[Load, ...]) -> Loop:
    """The loop that sets a view to a factor times what is loaded."""
    loads = (*loads, *(Load(v, ()) for v in factor.views))
    value = Ref("const", value=factor.constant)
    ops: list[Op] = []
    for k in range(len(loads)):
        ops.append(Op("mul", (value, Ref("load", k))))
        value = Ref("op", k)
    return Loop(view.shape, loads, tuple(ops), (Store(view, tuple(range(len(view.shape))), value),))
