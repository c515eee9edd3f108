"""The planner: from tensor expressions to a kernel program.

Enters: results, parameters and sizes.  Leaves: a `Program`.  Always holds: the program computes what `evaluate.py`
says, for every size, whatever the sizes it was planned for; planning is deterministic.  Not for: symbolic algebra
(`simplify.py`) and for the kernels themselves (`emit.py`).  The passes are listed in `pipeline.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..kernel.program import Program, Require
from ..tensor.expr import Expr, Symbol
from ..tensor.sparse import carried
from .guess import Guess
from .pipeline import program_of, tasks_of
from .split import Split, split

__all__ = ["Split", "plan", "split"]


def plan(
    results: Sequence[Expr],
    parameters: Sequence[Symbol],
    sizes: Mapping[str, int] | None = None,
    requirements: Sequence[Require] = (),
) -> Program:
    """The program that computes the results: `out0`, `out1`, ...

    `sizes` are the sizes to be fast for; `requirements` are checked first.  Raises KeyError for a symbol that is not
    among the parameters, NoRoutine for a matrix function that no routine computes.
    """
    guess = Guess(sizes)
    return program_of(tasks_of(results, carried(parameters), guess), guess, requirements)
