"""How many operations plans have: of expressions of many fields (`fields.txt`), of the benchmark's expressions and of
the example objectives (`suites.txt`).

A plan that becomes better makes a test fail too: write its number into the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

import matgrad as mg
from benchmarks.expressions import expressions
from matgrad.compiler.kernel.cost import cost
from matgrad.compiler.plan import plan
from matgrad.runtime.verification.sampling import draw_arguments

from .checking import planned_right

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[1] / "examples"
SMALL = (4, 7, 9, 10)


def cases() -> dict[str, dict[str, str]]:
    """The cases of `fields.txt` by name."""
    found = {}
    for block in (HERE / "fields.txt").read_text().split("case: ")[1:]:
        name, text, *lines = block.strip().splitlines()
        found[name] = {"text": text} | dict(line.split(": ", 1) for line in lines)
    return found


def pins() -> dict[tuple[str, str], str]:
    """The operations in `suites.txt`, by suite and name."""
    lines = [line for line in (HERE / "suites.txt").read_text().splitlines() if line and not line.startswith("#")]
    return {(suite, name): operations for suite, name, operations in (line.split(" | ") for line in lines)}


def syrk(n: int, k: int) -> int:
    return k * n * (n + 1)


def smaller(sizes: Mapping[str, int]) -> dict[str, int]:
    """Small sizes in the same order."""
    order = sorted(set(sizes.values()))
    return {name: SMALL[order.index(size)] for name, size in sizes.items()}


CASES, PINS = cases(), pins()
SUITES = {(e.suite, e.name): e for e in expressions()}
OBJECTIVES = {name: tuple(name.removesuffix("'").split(".")) for suite, name in PINS if suite == "objective"}


@pytest.mark.parametrize("name", CASES)
def test_fields(name: str) -> None:
    case = CASES[name]
    sizes = {k: int(v) for k, v in (part.split("=") for part in case["sizes"].split())}
    function = mg.function(case["text"])
    if "gradient" in case:
        function = function.value_and_grad(*case["gradient"].split())
    definition = function.definition()
    arrays = draw_arguments(definition.parameters, smaller(sizes), np.random.default_rng(1))
    program = planned_right(definition.results, definition.parameters, arrays, smaller(sizes), sizes)
    assert str(cost(program)) == case["cost"], str(program)
    assert cost(program).evaluate(**sizes) <= 1.1 * eval(case["best"], {"syrk": syrk} | sizes)
    assert function.cost(**sizes) == cost(program).evaluate(**sizes)


def test_all_suites_are_pinned() -> None:
    assert set(SUITES) == {key for key in PINS if key[0] != "objective"}


@pytest.mark.parametrize("key", SUITES, ids=" ".join)
def test_suites(key: tuple[str, str]) -> None:
    expression = SUITES[key]
    definition = expression.function().definition()
    program = plan(definition.results, definition.parameters, expression.sizes)
    assert str(cost(program)) == PINS[key], str(program)
    if key[0] != "GENO":
        best = expression.best(**expression.sizes)
        assert cost(program).evaluate(**expression.sizes) <= 1.05 * best


@pytest.mark.parametrize("name", OBJECTIVES)
def test_objectives(name: str) -> None:
    file, function, variables = OBJECTIVES[name]
    definition = mg.load(EXAMPLES / f"{file}.mg")[function].value_and_grad(*variables.split()).definition()
    program = plan(definition.results, definition.parameters)
    assert str(cost(program)) == PINS["objective", name], str(program)
