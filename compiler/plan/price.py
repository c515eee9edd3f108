"""What tasks cost, all together, to compare plans of the same results.

Enters: tasks and sizes as numbers.  Leaves: nanoseconds, roughly (`order.py` has the constants).  Always holds:
deterministic.  Not for: costs that are reported (`kernel/cost.py`).
"""

from __future__ import annotations

from collections.abc import Iterable

from ..kernel.routines.table import ROUTINES
from ..tensor.dims import Dim
from .guess import Guess
from .order import CALL, GEMM, LOOP, PASS, SOLVE
from .tasks import Assembly, Call, Cells, Product, Task

_RATES = {
    "gemm": GEMM,
    "syrk": GEMM,
    "syr2k": GEMM,
    "gemmt": GEMM,
    "symm": GEMM,
    "gemv": PASS / 2,
    "symv": PASS / 2,
    "cumsum": PASS,
    "cumsum_reversed": PASS,
}


def price(tasks: Iterable[Task], guess: Guess) -> float:
    """The cost of the tasks."""
    return sum(_price(task, guess) for task in tasks)


def _price(task: Task, guess: Guess) -> float:
    stored = PASS * guess.volume(task.shape)
    if isinstance(task, Cells):
        return (LOOP * (len(task.body.ops) + (task.reduce is not None)) + 0.2 * PASS) * guess.volume(task.extents)
    if isinstance(task, Assembly):
        return stored + sum(LOOP * (1 + len(p.body.ops)) * guess.volume(p.extents) for p in task.patches)
    if not isinstance(task, Product | Call):
        return 0.0
    name = task.routine
    if name not in ROUTINES:
        return CALL
    rate = _RATES.get(name, GEMM if name.startswith("trmm") else SOLVE)
    return CALL + rate * _operations(task, guess) + stored


def _operations(task: Product | Call, guess: Guess) -> float:
    signature = ROUTINES[task.routine]
    sizes: dict[str, Dim] = {}
    for pattern, window in zip(signature.inputs, task.inputs, strict=True):
        letters = pattern.replace("[", "").replace("]", "")
        for letter, group in zip(letters, window.groups, strict=False):
            volume = guess.volume(tuple(window.extents[label] for label in group))
            sizes.setdefault(letter, Dim.of(int(volume)))
    thirds = signature.thirds(*(sizes.get(letter, Dim.of(1)) for letter in signature.letters))
    return thirds.evaluate({}) / 3
