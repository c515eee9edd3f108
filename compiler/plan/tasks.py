"""The planner's graph: tasks that each compute one array from others.

Enters: what `build.py` decides.  Leaves: tasks, which `fuse.py` groups and `steps.py` turns into steps.  Always holds:
a task's operands have smaller numbers; reads are affine in the labels, so that diagonals, slices and reshapes are
views.  Not for: memory; where an array lies is decided in `steps.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..kernel.program import Buffer
from ..tensor.dims import Dim

ZERO, ONE = Dim.of(0), Dim.of(1)
Shape = tuple[Dim, ...]


@dataclass(frozen=True, slots=True)
class Index:
    """The position on one axis: `offset` plus a multiple of each label."""

    terms: tuple[tuple[int, Dim], ...]
    offset: Dim = ZERO

    @property
    def label(self) -> int | None:
        """The label, if the position is just this."""
        plain = len(self.terms) == 1 and self.terms[0][1] == ONE and self.offset == ZERO
        return self.terms[0][0] if plain else None

    @property
    def labels(self) -> list[int]:
        """All labels in it."""
        return [label for label, _ in self.terms]

    def at(self, positions: Mapping[int, Index]) -> Index:
        """With every label replaced by a position."""
        if self.label is not None:
            return positions[self.terms[0][0]]
        terms: dict[int, Dim] = {}
        offset = self.offset
        for label, factor in self.terms:
            inner = positions[label]
            offset = offset + inner.offset * factor
            for name, step in inner.terms:
                terms[name] = terms.get(name, ZERO) + step * factor
        return Index(tuple(sorted(terms.items())), offset)


def plain(label: int) -> Index:
    """The position that is a label."""
    return Index(((label, ONE),))


Place = tuple[Index, ...]  # one position per axis


class Task:
    """Computes an array of `shape`; `name` says for people what it is."""

    __slots__ = ("name", "number", "shape")

    def __init__(self, shape: Shape, name: str = "") -> None:
        self.shape = shape
        self.name = name
        self.number = -1

    @property
    def operands(self) -> Sequence[Task]:
        """The tasks that it reads."""
        return ()


@dataclass(frozen=True, slots=True)
class Read:
    """A task's element at a place."""

    task: Task
    place: Place

    def at(self, positions: Mapping[int, Index]) -> Read:
        """With every label replaced by a position."""
        return Read(self.task, tuple(index.at(positions) for index in self.place))

    @property
    def labels(self) -> frozenset[int]:
        """The labels that it depends on."""
        return frozenset(label for index in self.place for label in index.labels)


@dataclass(frozen=True, slots=True)
class Cell:
    """An operand of a scalar operation: `read` and `op` by `position`, `const` by `value`, `size` by `dim`,
    `index` by `index` (a position as a number)."""

    kind: str
    position: int = -1
    value: float = 0.0
    dim: Dim | None = None
    index: Index | None = None


@dataclass(frozen=True, slots=True)
class Body:
    """A scalar function of reads: operations in order, and which is the result."""

    reads: tuple[Read, ...]
    ops: tuple[tuple[str, tuple[Cell, ...]], ...]
    result: Cell


class BodyBuilder:
    """Builds a `Body`; equal operations are made once."""

    def __init__(self) -> None:
        self.reads: dict[Read, Cell] = {}
        self.ops: dict[tuple[str, tuple[Cell, ...]], Cell] = {}

    def read(self, read: Read) -> Cell:
        """An element of another task."""
        return self.reads.setdefault(read, Cell("read", len(self.reads)))

    def op(self, function: str, *operands: Cell) -> Cell:
        """A scalar operation."""
        return self.ops.setdefault((function, operands), Cell("op", len(self.ops)))

    def product(self, cells: Sequence[Cell]) -> Cell:
        """The product of any number of cells."""
        result = cells[0] if cells else number(1.0)
        for cell in cells[1:]:
            result = self.op("mul", result, cell)
        return result

    def finish(self, result: Cell) -> Body:
        """The function whose value is `result`."""
        return Body(tuple(self.reads), tuple(self.ops), result)


def number(value: float) -> Cell:
    """A constant."""
    return Cell("const", value=value)


class Leaf(Task):
    """An argument."""

    __slots__ = ("buffer",)

    def __init__(self, buffer: Buffer) -> None:
        super().__init__(buffer.shape, buffer.name)
        self.buffer = buffer


class Cells(Task):
    """Every element by a scalar function.  Labels 0 .. order-1 are the axes, the further ones reduced by `reduce`."""

    __slots__ = ("body", "extents", "reduce")

    def __init__(self, extents: Shape, order: int, body: Body, reduce: str | None = None, name: str = "") -> None:
        super().__init__(extents[:order], name)
        self.extents = extents
        self.body = body
        self.reduce = reduce if len(extents) > order else None

    @property
    def operands(self) -> Sequence[Task]:
        return [read.task for read in self.body.reads]


@dataclass(frozen=True, slots=True)
class Window:
    """An operand of a routine: a read whose labels (with their sizes) are grouped into the routine's axes."""

    read: Read
    groups: tuple[tuple[int, ...], ...]
    extents: Shape


@dataclass(frozen=True, slots=True)
class Factor:
    """A scalar that multiplies: a constant and elements of order-0 tasks."""

    constant: float = 1.0
    tasks: tuple[Task, ...] = ()


class Product(Task):
    """A contraction of two arrays by a BLAS routine, times `alpha`, added to `base` if there is one (whose array it
    takes over).  Labels are numbered as in `Cells`; `body` says the same as a loop, for views that BLAS cannot take."""

    __slots__ = ("alpha", "base", "body", "extents", "groups", "inputs", "routine")

    def __init__(
        self, routine: str, extents: Shape, order: int, inputs: tuple[Window, ...], groups: tuple[tuple[int, ...], ...],
        body: Body, name: str = "",
    ) -> None:  # fmt: skip
        super().__init__(extents[:order], name)
        self.routine = routine
        self.extents = extents
        self.inputs = inputs
        self.groups = groups
        self.body = body
        self.alpha = Factor()
        self.base: Read | None = None

    @property
    def operands(self) -> Sequence[Task]:
        tasks = [window.read.task for window in self.inputs]
        tasks += self.alpha.tasks
        return [*tasks, self.base.task] if self.base is not None else tasks


class Call(Task):
    """Any other routine: a factorization, a solve.  `others` are its further results; a check has none at all."""

    __slots__ = ("checks", "failure", "groups", "inputs", "others", "routine")

    def __init__(
        self, routine: str, shape: Shape, inputs: tuple[Window, ...], failure: str = "",
        groups: tuple[tuple[int, ...], ...] | None = None, name: str = "",
    ) -> None:  # fmt: skip
        super().__init__(shape, name)
        self.routine = routine
        self.inputs = inputs
        self.failure = failure
        self.groups = tuple((k,) for k in range(len(shape))) if groups is None else groups
        self.others: list[Part] = []
        self.checks = routine.startswith("check_")

    @property
    def operands(self) -> Sequence[Task]:
        return [window.read.task for window in self.inputs]


class Part(Task):
    """A further result of a routine: pivots, a sign."""

    __slots__ = ("call", "dtype")

    def __init__(self, call: Call, shape: Shape, dtype: str = "real") -> None:
        super().__init__(shape, call.name)
        self.call = call
        self.dtype = dtype
        call.others.append(self)

    @property
    def operands(self) -> Sequence[Task]:
        return (self.call,)


@dataclass(frozen=True, slots=True)
class Patch:
    """Elements that an `Assembly` adds: over labels of `extents`, `body` at `place`."""

    extents: Shape
    place: Place
    body: Body


class Assembly(Task):
    """An array made of patches added to `base` (whose array it takes over), or to zeros."""

    __slots__ = ("base", "patches")

    def __init__(self, shape: Shape, base: Read | None, patches: tuple[Patch, ...], name: str = "") -> None:
        super().__init__(shape, name)
        self.base = base
        self.patches = patches

    @property
    def operands(self) -> Sequence[Task]:
        tasks = [read.task for patch in self.patches for read in patch.body.reads]
        return [*tasks, self.base.task] if self.base is not None else tasks


def own(task: Task) -> Read:
    """All of a task, label k on axis k."""
    return Read(task, tuple(plain(k) for k in range(len(task.shape))))


def window(task: Task, axes: Sequence[int] | None = None) -> Window:
    """All of a task as an operand of a routine; axis k of the window is axis `axes[k]`."""
    axes = range(len(task.shape)) if axes is None else axes
    return Window(own(task), tuple((axis,) for axis in axes), task.shape)


def through(read: Read) -> Read:
    """The same element, read from the array that the task is but a view of."""
    while isinstance(read.task, Cells) and read.task.reduce is None:
        body = read.task.body
        if body.ops or body.result.kind != "read":
            break
        inner = body.reads[body.result.position]
        if inner.labels != frozenset(range(len(read.task.shape))):
            break
        read = inner.at(dict(enumerate(read.place)))
    return read


def sizes_in(task: Task) -> Iterator[Dim]:
    """All sizes that computing a task needs."""
    yield from task.shape
    bodies: list[Body] = []
    places: list[Place] = []
    if isinstance(task, Cells | Product):
        yield from task.extents
        bodies.append(task.body)
    elif isinstance(task, Assembly):
        for patch in task.patches:
            yield from patch.extents
            bodies.append(patch.body)
            places.append(patch.place)
    for operand in task.inputs if isinstance(task, Product | Call) else ():
        yield from operand.extents
        places.append(operand.read.place)
    for body in bodies:
        places += [read.place for read in body.reads]
        for cell in [body.result, *(cell for _, cells in body.ops for cell in cells)]:
            if cell.dim is not None:
                yield cell.dim
            if cell.index is not None:
                places.append((cell.index,))
    for place in places:
        for index in place:
            yield index.offset
            yield from (factor for _, factor in index.terms)
