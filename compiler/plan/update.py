"""Sums of products without additions: BLAS adds to what is there, and multiplies by a scalar for nothing.

Enters: tasks and the uses of the results.  Leaves: both, changed.  Always holds: only products that nobody else reads
are changed.  Not for: additions that a loop does anyway.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..kernel.routines.products import ONE_TRIANGLE
from .build import Use
from .fuse import reachable
from .tasks import (
    Assembly,
    Body,
    BodyBuilder,
    Call,
    Cell,
    Cells,
    Factor,
    Leaf,
    Patch,
    Product,
    Read,
    Task,
    Window,
    number,
    plain,
    through,
)

ADDING = frozenset({"gemm", "gemv", "syrk", "syr2k", "gemmt", "symv"})


def updated(
    tasks: list[Task], results: Sequence[Use], early: frozenset[Task] = frozenset()
) -> tuple[list[Task], list[Use]]:
    """The tasks with scalings and sums of products done by the products; `early` ones stay apart from others."""
    readers: dict[Task, int] = {}
    alive = set(reachable(tasks, [use.task for use in results]))  # what nobody needs must not change a product
    for task in alive:
        for operand in task.operands:
            readers[operand] = readers.get(operand, 0) + 1
    for use in results:
        readers[use.task] = readers.get(use.task, 0) + 1
    redirect: dict[Task, Read] = {}
    made: list[Task] = []
    for task in tasks:
        redirected(task, redirect)
        if task in alive and isinstance(task, Cells) and task.reduce is None and task.shape:
            found = _Sum(task, readers, made, early).read()
            if found is not None:
                redirect[task] = found
                readers[found.task] = readers.get(task, 0)  # who reads the sum now reads the product
        made.append(task)
    for number_, task in enumerate(made):
        task.number = number_
    uses = []
    for use in results:
        if use.task in redirect:
            read = redirect[use.task]
            inner = {index.labels[0]: axis for axis, index in enumerate(read.place)}
            use = Use(read.task, tuple(inner[axis] for axis in use.axes))
        uses.append(use)
    return made, uses


def redirected(task: Task, redirect: dict[Task, Read]) -> None:
    """Reads what replaces a task."""
    if not redirect:
        return

    def moved(read: Read) -> Read:
        return redirect[read.task].at(dict(enumerate(read.place))) if read.task in redirect else read

    def body(old: Body) -> Body:
        return Body(tuple(map(moved, old.reads)), old.ops, old.result)

    if isinstance(task, Cells):
        task.body = body(task.body)
    elif isinstance(task, Product):
        task.body = body(task.body)
        task.inputs = tuple(Window(through(moved(w.read)), w.groups, w.extents) for w in task.inputs)
        task.alpha = Factor(task.alpha.constant, tuple(moved(Read(t, ())).task for t in task.alpha.tasks))
        task.base = moved(task.base) if task.base is not None else None
    elif isinstance(task, Call):
        task.inputs = tuple(Window(through(moved(w.read)), w.groups, w.extents) for w in task.inputs)
    elif isinstance(task, Assembly):
        task.patches = tuple(Patch(p.extents, p.place, body(p.body)) for p in task.patches)
        if task.base is not None:
            task.base = moved(task.base)


def _early(task: Task) -> bool:
    """Whether a scalar is made of arguments alone, so that it is there before everything else."""
    work = [task]
    while work:
        current = work.pop()
        if not isinstance(current, Leaf) and not (isinstance(current, Cells) and current.reduce is None):
            return False
        work.extend(current.operands)
    return True


def _halves(product: Product) -> bool:
    return product.routine in ONE_TRIANGLE and product.base is None


class _Sum:
    """A task read as a linear combination: products that only it reads, and the rest."""

    def __init__(self, task: Cells, readers: dict[Task, int], tasks: list[Task], early: frozenset[Task]) -> None:
        self.task = task
        self.early = early
        self.readers = readers
        self.tasks = tasks

    def read(self) -> Read | None:
        """What replaces the task, if all of it is done by products."""
        terms = self._terms()
        if terms is None:
            return None
        starters: list[tuple[Product, Read, Factor]] = []
        chain: list[tuple[Product, Read, Factor]] = []
        rest: list[tuple[Cell, bool]] = []
        products = [self._product(cell) for cell, _ in terms]
        # What computes one triangle adds to what is symmetric: to nothing, or to its like.
        halves = any(found is not None and _halves(found[0]) for found in products)
        for (cell, negative), found in zip(terms, products, strict=True):
            scale = self._scale(cell, found[1], negative) if found is not None else None
            if found is None or scale is None:
                rest.append((cell, negative))
            elif found[0].routine in ADDING and found[0].base is None:
                chain.append((*found, scale))
            elif not starters and not halves and (found[0].base is None or scale == Factor()):
                starters.append((*found, scale))  # it can't add: it comes first
            else:
                rest.append((cell, negative))
        chain = starters + sorted(chain, key=lambda item: not _halves(item[0]))
        # Alone beside other terms, a scaling is free in the loop.
        if not chain or (len(chain) == 1 and rest):
            return None
        previous: Read | None = None
        for product, read, scale in chain:
            product.alpha = Factor(product.alpha.constant * scale.constant, product.alpha.tasks + scale.tasks)
            if scale.tasks:
                self._later(product)
            inverse = {index.labels[0]: axis for axis, index in enumerate(read.place)}
            if previous is not None:
                # Axis k of the product is axis read.place[k] of the sum.
                product.base = previous.at({label: plain(axis) for label, axis in inverse.items()})
                self._later(product)
            previous = read
        assert previous is not None
        if not rest:
            return previous
        body = BodyBuilder()
        cells: dict[int, Cell] = {}
        result = body.read(previous)
        for cell, negative in rest:
            result = body.op("sub" if negative else "add", result, self._copied(body, cell, cells))
        self.task.body = body.finish(result)
        return None

    def _later(self, product: Product) -> None:
        """The product now needs its base or a factor: it moves to the end of the tasks so far."""
        self.tasks.remove(product)
        self.tasks.append(product)

    def _copied(self, body: BodyBuilder, cell: Cell, cells: dict[int, Cell]) -> Cell:
        if cell.kind == "read":
            return body.read(self.task.body.reads[cell.position])
        if cell.kind != "op":
            return cell
        if cell.position not in cells:
            function, operands = self.task.body.ops[cell.position]
            cells[cell.position] = body.op(function, *[self._copied(body, operand, cells) for operand in operands])
        return cells[cell.position]

    def _terms(self) -> list[tuple[Cell, bool]] | None:
        """The terms with their signs."""
        body = self.task.body
        found: list[tuple[Cell, bool]] = []
        work = [(body.result, False)]
        while work:
            cell, negative = work.pop()
            function, operands = body.ops[cell.position] if cell.kind == "op" else ("", ())
            if function in ("add", "sub"):
                work.append((operands[0], negative))
                work.append((operands[1], negative != (function == "sub")))
            elif function == "neg":
                work.append((operands[0], not negative))
            else:
                found.append((cell, negative))
        return found[::-1] if len(set(found)) == len(found) else None

    def _product(self, cell: Cell) -> tuple[Product, Read] | None:
        """The product that a term is a multiple of, if only this term reads it."""
        reads = [r for r in self._reads(cell) if r.task.shape]
        if len(reads) != 1:
            return None
        (read,) = reads
        product = read.task
        order = len(self.task.shape)
        if not isinstance(product, Product) or (product in self.early and self.task not in self.early):
            return None
        whole = sorted(index.label if index.label is not None else -1 for index in read.place) == list(range(order))
        once = self.readers.get(product) == 1 and sum(r.task is product for r in self.task.body.reads) == 1
        same = tuple(self.task.shape[index.labels[0]] for index in read.place) == product.shape if whole else False
        return (product, read) if whole and once and same else None

    def _reads(self, cell: Cell) -> list[Read]:
        found: dict[Read, None] = {}
        work = [cell]
        while work:
            current = work.pop()
            if current.kind == "read":
                found[self.task.body.reads[current.position]] = None
            elif current.kind == "op":
                work.extend(self.task.body.ops[current.position][1])
        return list(found)

    def _scale(self, cell: Cell, read: Read, negative: bool) -> Factor | None:
        """The factor of the product in a term."""
        body = BodyBuilder()
        constant = -1.0 if negative else 1.0
        tasks: list[Task] = []
        position = self.task.body.reads.index(read)
        while cell != Cell("read", position):
            if cell.kind != "op":
                return None
            function, operands = self.task.body.ops[cell.position]
            if function not in ("mul", "div"):
                return None
            inside = [k for k, operand in enumerate(operands) if read in self._reads(operand)]
            if len(inside) != 1 or (function == "div" and inside == [1]):
                return None
            other = operands[1 - inside[0]]
            if other.kind == "const" and function == "mul":
                constant *= other.value
            elif not all(_early(r.task) for r in self._reads(other)):
                return None
            elif other.kind == "read" and function == "mul":
                tasks.append(self.task.body.reads[other.position].task)
            else:
                body = BodyBuilder()
                copied = self._copied(body, other, {})
                result = copied if function == "mul" else body.op("div", number(1.0), copied)
                scalar = Cells((), 0, body.finish(result))
                self.tasks.append(scalar)
                tasks.append(scalar)
            cell = operands[inside[0]]
        return Factor(constant, tuple(tasks))
