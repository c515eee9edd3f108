"""The Matrix Cookbook, sections 2.1 to 2.8: every formula against the book, finite differences and the planned
kernel."""

from __future__ import annotations

import numpy as np
import pytest

from matgrad.compiler.kernel.interpret import run
from matgrad.compiler.plan import plan
from matgrad.compiler.plan.atoms import NoRoutine
from matgrad.compiler.tensor.evaluate import evaluate
from tests.cookbook.cookbook import DOCUMENT, SIZES, array, data, document, identical, read
from tests.support import unsimplified

LINES = [line for line in read() if line.supported]

# Formulas in which matgrad's expression is the book's, after simplification.  One that gets lost is a loss of beauty.
IDENTICAL_AT_LEAST = 102


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.number)
def test_formula(line):
    arrays = data(line)
    derived = line.derivative().definition()
    ours = evaluate(derived.results[0], arrays, SIZES)
    theirs = evaluate(unsimplified(f"{line.expected} where {line.types}").results[0], arrays, SIZES)
    scale = 1 + np.max(np.abs(theirs))
    assert np.shape(ours) == np.shape(theirs)
    assert np.allclose(ours, theirs, rtol=1e-8, atol=1e-9 * scale)
    try:
        program = plan(derived.results, derived.parameters, SIZES)
    except NoRoutine:
        pass
    else:
        status, (planned,) = run(program, [arrays[p.name] for p in derived.parameters])
        assert status == 0
        assert np.allclose(planned, theirs, rtol=1e-8, atol=1e-9 * scale)


@pytest.mark.parametrize("line", [line for line in LINES if line.variable], ids=lambda line: line.number)
def test_against_differences(line):
    arrays = data(line)
    definition = unsimplified(f"{line.text} where {line.types}")  # as it is written, before any rule
    variable = next(p for p in definition.parameters if p.name == line.variable)
    direction = array(variable, np.random.default_rng(99))
    ends = []
    for step in (1e-4, -1e-4, 5e-5, -5e-5):
        moved = arrays | {variable.name: arrays[variable.name] + step * direction}
        ends.append(evaluate(definition.results[0], moved, SIZES))
    slope = (4 * (ends[2] - ends[3]) / 1e-4 - (ends[0] - ends[1]) / 2e-4) / 3
    ours = evaluate(line.derivative().definition().results[0], arrays, SIZES)
    assert np.allclose(
        np.tensordot(ours, direction, direction.ndim), slope, rtol=1e-6, atol=1e-6 * (1 + np.max(np.abs(slope)))
    )


def test_forms_of_the_book():
    same = sum(map(identical, LINES))
    assert same >= IDENTICAL_AT_LEAST


def test_the_book_is_complete():
    numbers = {int(line.number.rstrip("bc")) for line in read() if line.number != "2.2"}
    unnumbered = {96}  # the definition of f for 97 and 98
    assert numbers == set(range(32, 145)) - unnumbered
    assert sum(not line.supported for line in read()) <= 5


def test_document(rewrite):
    if rewrite:
        DOCUMENT.write_text(document(), encoding="utf-8")
    assert document() == DOCUMENT.read_text(encoding="utf-8")
