"""The gradients of the gallery's objectives agree with finite differences of their values."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.gallery import arguments
from docs.site.objectives import OBJECTIVES, Entry


@pytest.mark.parametrize("entry", OBJECTIVES, ids=lambda entry: entry.name)
def test_gradient(entry: Entry) -> None:
    small = dict(zip(entry.sizes, (11, 5, 3, 2), strict=False))
    function = entry.function()
    data = arguments(entry, small)
    x = np.asarray(data.pop(entry.by), float)
    along = np.random.default_rng(2).normal(size=x.shape)
    types = next(p.attributes for p in function.definition().parameters if p.name == entry.by)
    if types & {"symmetric", "posdef", "psd"}:
        along = along + along.T
    estimates = []
    for h in (2e-4, 1e-4):
        ends = [function(**data, **{entry.by: x + sign * h * along}) for sign in (1, -1)]
        estimates.append((ends[0] - ends[1]) / (2 * h))
    truth = (4 * estimates[1] - estimates[0]) / 3
    found = np.sum(function.grad(entry.by)(**data, **{entry.by: x}) * along)
    assert found == pytest.approx(truth, rel=1e-6, abs=1e-7)
