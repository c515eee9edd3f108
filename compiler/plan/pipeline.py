"""The passes of the planner, in order.

Enters: expressions.  Leaves: tasks, then a program.  Always holds: each pass leaves what it was given equal in value.
Not for: what a pass does (its own file says that).

    structure.py    diagonals as vectors, slices before sums
    squares.py      squares of what projections leave over are made of differences
    choices.py      other forms of the whole program, each planned by the next passes: `price.py` says what they cost
    distribute.py   sums are multiplied out where that is cheaper
    build.py        expressions become tasks: `contract.py`, `component.py` and `order.py` choose the order of products,
                    `product.py` the routine, `atoms.py` the factorization
    update.py       sums and multiples of products are done by the products
    fuse.py         tasks share loops, or are never stored
    steps.py        buffers and steps (`loops.py`, `windows.py`)
    short_rows.py   functions over short rows are done over vectors
    rows.py         passes over large arrays are joined
    memory.py       the workspace is shared
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..kernel.program import Buffer, Program, Require
from ..tensor.expr import Expr, Symbol, topological
from ..tensor.sparse import is_sparse
from .build import Builder, Use
from .choices import Form, Report, chosen, work
from .distribute import distributed
from .expand import spread_over_sparse
from .fuse import Fusion, reachable
from .guess import Guess
from .memory import compacted
from .price import price
from .rows import passes_joined
from .short_rows import rows_flattened
from .squares import apart
from .steps import Steps
from .structure import structured
from .tasks import Leaf, Shape, Task, sizes_in
from .update import updated


@dataclass(frozen=True, slots=True)
class Tasks:
    """The tasks of a program, before loops are fused.  `early` are those that depend on fixed data only."""

    inputs: tuple[Buffer, ...]
    tasks: Sequence[Task]
    uses: Sequence[Use]  # of the results
    shapes: Sequence[Shape]
    checks: Sequence[Task]
    requirements: Sequence[Require]
    early: frozenset[Task] = frozenset()

    @property
    def roots(self) -> list[Task]:
        """The tasks that are wanted for themselves."""
        return [*(use.task for use in self.uses), *self.checks]


def tasks_of(
    results: Sequence[Expr],
    parameters: Sequence[Symbol],
    guess: Guess,
    fixed: frozenset[str] = frozenset(),
    fast: bool = False,
    report: Report | None = None,
) -> Tasks:
    """The tasks that compute the results; `report` is told what was tried."""

    def cost(made: Tasks) -> float:
        return price((task for task in made.tasks if task not in made.early), guess)

    roots = apart(structured(results))
    if any(map(is_sparse, topological(*roots))):  # forms are judged by what dense products cost
        return tasks_of_form(Form(tuple(roots)), parameters, guess, fixed, fast)
    report = report or Report()
    form = chosen(roots, guess, lambda form: cost(tasks_of_form(form, parameters, guess, fixed, fast)), report)
    # A product that several contractions could use may be one that none of them would make for itself.
    sharings = (True, False) if work(form) <= report.left else (True,)
    plans = [tasks_of_form(form, parameters, guess, fixed, fast, sharing) for sharing in sharings]
    return min(plans, key=cost)


def tasks_of_form(
    form: Form,
    parameters: Sequence[Symbol],
    guess: Guess,
    fixed: frozenset[str] = frozenset(),
    fast: bool = False,
    sharing: bool = True,
) -> Tasks:
    """The tasks that compute the results in this form; with `sharing`, products are preferred that others want too."""
    sparse = any(map(is_sparse, topological(*form.roots)))
    roots = spread_over_sparse(form.roots) if sparse else distributed(form.roots, guess, form.grams)
    builder = Builder(parameters, guess, fixed, fast, form.congruences, sharing)
    uses = builder.results(roots)
    names = fixed.union(*(d.names for p in parameters if p.name in fixed for d in p.shape))
    tasks, uses = updated(builder.tasks, uses, _early(builder.tasks, fixed, names))
    return Tasks(
        tuple(builder.inputs),
        reachable(tasks, [*(use.task for use in uses), *builder.checks]),
        uses,
        [root.shape for root in roots],
        builder.checks,
        list(builder.requirements.values()),
        _early(tasks, fixed, names),
    )


def _early(tasks: Sequence[Task], fixed: frozenset[str], names: frozenset[str]) -> frozenset[Task]:
    """The tasks that depend on fixed data, and on sizes that these have, only."""
    found: set[Task] = set()
    if fixed:
        for task in tasks:
            if isinstance(task, Leaf):
                known = task.buffer.name in fixed
            else:
                known = all(operand in found for operand in task.operands)
                known = known and all(size.names <= names for size in sizes_in(task))
            if known:
                found.add(task)
    return frozenset(found)


def program_of(made: Tasks, guess: Guess, requirements: Sequence[Require]) -> Program:
    """The program of the tasks."""
    fusion = Fusion(made.tasks, made.roots)
    steps = Steps(fusion, made.inputs, made.uses, made.shapes, guess)
    program = steps.program([*requirements, *made.requirements])
    return compacted(passes_joined(rows_flattened(program, guess), guess))
