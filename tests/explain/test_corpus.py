"""Every line of the derivations of the gallery, of the Matrix Cookbook, and of random programs is right."""

from __future__ import annotations

import pytest

import matgrad as mg
from matgrad.compiler.explain.words import text
from tests.explain.corpus import Case, cookbook, counted, gallery, randoms

RANDOM = 20


@pytest.mark.parametrize("case", gallery(), ids=lambda case: case.name)
def test_gallery(case: Case) -> None:
    assert case.lines() >= 3


def test_cookbook() -> None:
    derivations, lines, without = counted(cookbook())
    assert not without
    assert lines > 4 * derivations > 300


def test_random_programs() -> None:
    derivations, lines, without = counted(randoms(RANDOM, first=7000))
    assert len(without) < derivations / 4
    assert lines > 3 * derivations


def test_shares_that_other_shares_are_made_of() -> None:
    """d(z) is opened where it stands, and not within the differential of the logarithm beside it."""
    f = mg.function("{ z = X*w; d'*(log(cumsum(exp(z))) - z) } where X: matrix[m, n], w: vector[n]")
    lines = [text(step.shown.body) for step in f.explain("w").derived.sections[1].steps]
    assert lines[1] == "d'*(d(log(cumsum(exp(z)))) - X*dw)"
    assert lines[-2].count("dw") == 1


def test_names_of_parts_are_not_bound_again() -> None:
    f = mg.function("(T + n) .* (floor(T .* T + 0.0137) ./ (1 + relu(cos(T)).^2)) where T: tensor[m, n, n]")
    explanation = f.explain("T")
    for item in explanation.derived.objects:
        if item.shown is not None:
            assert text(item.name) not in [binding.name for binding in item.shown.where]
    assert Case("tensors", f, "T").lines() >= 4
