"""Where the time of a kernel goes: `python -m benchmarks.steps OBJECTIVE SIZE`, or `... EXPRESSION`.

Enters: an objective and a size, or a part of the name of an expression of `awareness.py`.  Leaves: the plan with the
time of each step.  Always holds: a step's time is what the program up to it takes more than the program before it, so
that what runs is what the planner made.  Not for: steps of a few nanoseconds, whose differences are noise.
"""

from __future__ import annotations

import dataclasses
import sys
from functools import partial
from typing import Any

import matgrad as mg
from matgrad.runtime.kernel import Kernel

from .cases import objectives
from .expressions import expressions
from .machine import keep_to_one_core
from .report import microseconds
from .timing import interleaved


def main(name: str, size: str | None = None) -> None:
    """Prints the steps."""
    function, arguments = _objective(name, size) if size else _expression(name)
    function(*arguments)
    program = function.compilation(arguments).current()
    steps = program.steps
    beginnings = [dataclasses.replace(program, steps=steps[:count]) for count in range(len(steps) + 1)]
    calls = {str(count): partial(Kernel(beginning).entry(), *arguments) for count, beginning in enumerate(beginnings)}
    times = [timing.best for timing in interleaved(calls).values()]
    lines = [str(beginning).splitlines() for beginning in beginnings]
    print(f"{microseconds(times[0]):>10}  call, sizes")
    for k, time in enumerate(times[1:]):
        first, *rest = lines[k + 1][len(lines[k]) :]
        print(f"{microseconds(time - times[k]):>10}  {first}")
        for line in rest:
            print(f"{'':10}  {line}")
    print(f"{microseconds(times[-1]):>10}  together")


def _objective(name: str, size: str) -> tuple[mg.Function, list[Any]]:
    objective = objectives()[name]
    function = mg.loads(objective.source)[objective.name]
    derive = function.value_and_grad if objective.of == "gradient" else getattr(function, objective.of)
    return derive(*objective.variables), list(objective.arguments(size).values())


def _expression(name: str) -> tuple[mg.Function, list[Any]]:
    expression = next(e for e in expressions() if name in e.name)
    return expression.function(), list(expression.arguments().values())


if __name__ == "__main__":
    keep_to_one_core()
    main(*sys.argv[1:])
