"""The derivations that the tests check beside those of `test_steps.py`: of the gallery, the Matrix Cookbook, and random
programs.

`python -m tests.explain` counts all lines that are checked.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import matgrad as mg
from tests.cookbook.cookbook import read
from tests.explain.checker import NoPoint, check
from tests.fuzz.programs import program

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.mg"))
GALLERY = sorted((Path(__file__).parents[2] / "examples" / "gallery").glob("*.mg"))


class Case(NamedTuple):
    """A function and a parameter to differentiate by."""

    name: str
    function: mg.Function
    variable: str

    def lines(self) -> int:
        """Checks the derivation; how many lines it has."""
        scalar = not self.function.definition().results[0].order
        derivative = (self.function.grad if scalar else self.function.jac)(self.variable)
        explanation = self.function.explain(self.variable)
        results = explanation.derived.results
        assert all(a is b for a, b in zip(results, derivative.definition().results, strict=True))
        return check(explanation, derivative.definition())


def real(function: mg.Function) -> list[str]:
    """The parameters by which there is a derivative."""
    return [p.name for p in function.definition().parameters if not p.attributes & {"integer", "sparse"}]


def of_files(paths: list[Path]) -> list[Case]:
    """All functions of files by all of their parameters."""
    return [
        Case(f"{path.stem}-{function.name}-{variable}", function, variable)
        for path in paths
        for function in mg.load(path)
        for variable in real(function)
    ]


def examples() -> list[Case]:
    """The examples."""
    return of_files(EXAMPLES)


def gallery() -> list[Case]:
    """The gallery."""
    return of_files(GALLERY)


def cookbook() -> list[Case]:
    """The formulas of the Matrix Cookbook that are derivatives."""
    return [Case(line.number, line.function(), line.variable) for line in read() if line.supported and line.variable]


def randoms(count: int, first: int) -> Iterator[Case]:
    """Random programs of one result, each by one of its parameters."""
    for seed in range(first, first + count):
        rng = random.Random(seed)
        made = program(rng)
        if made.further is None and made.parameters:
            function = made.function
            variables = real(function)
        else:
            continue
        if variables:
            yield Case(f"random {seed}", function, rng.choice(variables))


def counted(cases: Iterator[Case] | list[Case]) -> tuple[int, int, list[Case]]:
    """The derivations that were checked, their lines, and those for which no smooth point was found."""
    derivations = lines = 0
    without = []
    for case in cases:
        try:
            lines += case.lines()
            derivations += 1
        except NoPoint:
            without.append(case)
    return derivations, lines, without
