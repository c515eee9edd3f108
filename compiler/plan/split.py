"""What can be computed once when some arguments are fixed.

Enters: results, parameters, and the names of the fixed ones.  Leaves: a program that is run when they are given, and
one that is run at each call, with what the first one has computed among its inputs.  Always holds: together they
compute what one program would; by default no form is used whose rounding errors are larger (`X'*(X*w)` stays two
products), with `fast` any.  Not for: running them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ..kernel.program import Buffer, Program, Require
from ..tensor.expr import Expr, Symbol
from ..tensor.sparse import carried
from .build import Use
from .guess import Guess
from .pipeline import Tasks, program_of, tasks_of
from .steps import free_name
from .tasks import Cells, Leaf, Part, Task, own
from .update import redirected


@dataclass(frozen=True, slots=True)
class Split:
    """`ahead` takes the fixed parameters, in order; its outputs are the last inputs of `each`, whose first ones are all
    parameters.  `ahead` is None where nothing is worth being kept."""

    ahead: Program | None
    each: Program


def split(
    results: Sequence[Expr],
    parameters: Sequence[Symbol],
    fixed: Collection[str],
    sizes: Mapping[str, int] | None = None,
    requirements: Sequence[Require] = (),
    fast: bool = False,
) -> Split:
    """The two programs.

    Raises KeyError for a symbol that is not among the parameters, NoRoutine.
    """
    guess, parameters = Guess(sizes), carried(parameters)
    made = tasks_of(results, parameters, guess, frozenset(fixed), fast)
    kept = _kept(made, guess)
    if not kept:
        return Split(None, program_of(made, guess, requirements))
    ahead = _ahead(made, kept, parameters, fixed, guess, requirements)
    leaves: dict[Task, Leaf] = {}
    taken = {p.name for p in parameters}.union(*(d.names for p in parameters for d in p.shape))
    for number, task in enumerate(kept):
        dtype = task.dtype if isinstance(task, Part) else "real"
        leaves[task] = Leaf(Buffer(free_name(f"kept{number}", taken), task.shape, "input", dtype))
    redirect = {task: own(leaf) for task, leaf in leaves.items()}
    for task in made.tasks:
        redirected(task, redirect)
    each = Tasks(
        (*made.inputs, *(leaf.buffer for leaf in leaves.values())),
        [*leaves.values(), *(task for task in made.tasks if task not in leaves)],
        [Use(leaves.get(use.task, use.task), use.axes) for use in made.uses],
        made.shapes,
        [check for check in made.checks if check not in made.early],
        made.requirements,
    )
    return Split(ahead, program_of(each, guess, requirements))


def _ahead(
    made: Tasks, kept: Sequence[Task], parameters: Sequence[Symbol], fixed: Collection[str], guess: Guess,
    requirements: Sequence[Require],
) -> Program:  # fmt: skip
    inputs = tuple(buffer for buffer in made.inputs if buffer.name in fixed)
    given = [p for p in parameters if p.name in fixed]
    names = frozenset(fixed).union(*(d.names for p in given for d in p.shape))
    tasks = Tasks(
        inputs,
        made.tasks,
        [Use(task, tuple(range(len(task.shape)))) for task in kept],
        [task.shape for task in kept],
        [check for check in made.checks if check in made.early],
        [r for r in made.requirements if r.value.names <= names],
    )
    return program_of(tasks, guess, [r for r in requirements if r.value.names <= names])


def _kept(made: Tasks, guess: Guess) -> list[Task]:
    """The tasks of fixed data that the others read, and that are not larger than what they are made of."""
    late = set(made.tasks) - made.early
    wanted = {use.task for use in made.uses if use.task in made.early}
    kept: list[Task] = []
    for task in reversed(made.tasks):
        if task in late:
            wanted.update(operand for operand in task.operands if operand in made.early)
        elif task in wanted and not isinstance(task, Leaf):
            if _worth(task, guess):
                kept.append(task)
            else:
                late.add(task)
                wanted.update(task.operands)
    return kept[::-1]


def _worth(task: Task, guess: Guess) -> bool:
    if not isinstance(task, Cells) or task.reduce is not None:
        return True
    made_of: set[Task] = set(task.operands)
    return bool(task.body.ops) and guess.volume(task.shape) <= sum(guess.volume(t.shape) for t in made_of)
