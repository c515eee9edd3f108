"""The planner: from tensor expressions to a kernel program.

Enters: results, parameters and sizes.  Leaves: a `Program`.  Always holds: the program computes what `evaluate.py`
says, for every size, whatever the sizes it was planned for; planning is deterministic.  Not for: symbolic algebra
(`simplify.py`) and for the kernels themselves (`emit.py`).

The passes, in order:

    structure.py    diagonals as vectors, slices before sums; `distribute.py` multiplies sums out where that is cheaper
    build.py        expressions become tasks: `contract.py`, `component.py` and `order.py` choose the order of products,
                    `product.py` the routine, `atoms.py` the factorization
    update.py       sums and multiples of products are done by the products
    fuse.py         tasks share loops, or are never stored
    steps.py        buffers and steps (`loops.py`, `windows.py`)
    rows.py         passes over large arrays are joined
    memory.py       the workspace is shared
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..expr import Expr, Symbol
from ..program import Program, Require
from .build import Builder
from .distribute import distributed
from .fuse import Fusion
from .guess import Guess
from .memory import compacted
from .rows import passes_joined
from .steps import Steps
from .structure import structured
from .update import updated

__all__ = ["plan"]


def plan(
    results: Sequence[Expr],
    parameters: Sequence[Symbol],
    sizes: Mapping[str, int] | None = None,
    requirements: Sequence[Require] = (),
) -> Program:
    """The program that computes the results: `out0`, `out1`, ...

    `sizes` are the sizes to be fast for; `requirements` are checked first.  Raises KeyError for a symbol that is not
    among the parameters.
    """
    guess = Guess(sizes)
    roots = distributed(structured(results), guess)
    builder = Builder(parameters, guess)
    uses = builder.results(roots)
    tasks, uses = updated(builder.tasks, uses)
    fusion = Fusion(tasks, [use.task for use in uses] + builder.checks)
    requirements = [*requirements, *builder.requirements.values()]
    program = Steps(fusion, uses, [root.shape for root in roots], guess).program(builder.inputs, requirements)
    return compacted(passes_joined(program, guess))
