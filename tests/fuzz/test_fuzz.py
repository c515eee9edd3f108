"""A short run of the fuzzer; the long one is `python -m tests.fuzz --count 10000`."""

from __future__ import annotations

import random

from .productions import PARAMETERS, PRODUCTIONS
from .programs import program
from .runs import fuzz

SHORT = 60


def test_short_run():
    result = fuzz(SHORT, seed=2024, depth=3)
    assert not result.failures, "\n".join(f"{f.complaint}: {f.shrunk}" for f in result.failures)
    assert result.judged > SHORT * 0.7


def test_every_production_is_reached():
    seen = set()
    for number in range(4000):
        made = program(random.Random(number))
        stack = [*made.bindings, made.result]
        while stack:
            tree = stack.pop()
            if tree.production is not None:
                seen.add((tree.shape, tree.production.text))
            stack.extend(tree.operands)
    assert {(p.shape, p.text) for p in PRODUCTIONS} == seen


def test_leaves_of_every_shape():
    assert {p.shape for p in PRODUCTIONS} <= {shape for shape, _ in PARAMETERS.values()}
