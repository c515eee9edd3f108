"""Plans of random expressions give the values of the expressions."""

from __future__ import annotations

import pytest

from matgrad import DomainError
from matgrad.compiler.kernel.interpret import run
from matgrad.compiler.plan import plan
from matgrad.compiler.tensor.evaluate import evaluate

from .checking import planned_right
from .generator import SIZES, SYMBOLS, Generator, data

OTHER_SIZES = [{"m": 1, "n": 3, "k": 0}, {"m": 0, "n": 3, "k": 1}, {"m": 2, "n": 4, "k": 1}]


@pytest.mark.parametrize("seed", range(300))
def test_random_expressions(seed: int) -> None:
    results = Generator(seed).grow(3 + seed % 12)
    planned_right(results, SYMBOLS, data(SYMBOLS, SIZES, seed), SIZES, SIZES if seed % 3 else None)


@pytest.mark.parametrize("seed", range(300, 420))
def test_random_expressions_of_sizes_that_were_not_planned_for(seed: int) -> None:
    results = Generator(seed).grow(3 + seed % 12)
    sizes = OTHER_SIZES[seed % len(OTHER_SIZES)]
    arrays = data(SYMBOLS, sizes, seed)
    planned_for = {"m": 3000, "n": 700, "k": 50}
    try:
        for result in results:
            evaluate(result, arrays, sizes)
    except DomainError as error:
        assert "of nothing" in str(error)
        program = plan(results, SYMBOLS, planned_for)
        status, _ = run(program, [arrays[s.name] for s in SYMBOLS])
        assert "of nothing" in program.failures[status - 1]
        return
    planned_right(results, SYMBOLS, arrays, sizes, planned_for)


@pytest.mark.parametrize("seed", [3, 14, 15, 92])
def test_planning_is_deterministic(seed: int) -> None:
    programs = {str(plan(Generator(seed).grow(12), SYMBOLS, SIZES)) for _ in range(3)}
    assert len(programs) == 1
