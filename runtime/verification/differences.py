"""Directional derivatives by finite differences, with an estimate of their error.

Enters: a function of a number, array-valued.  Leaves: its derivative at 0.  Always holds: a result whose estimated
error is small, or `Unsettled`.  Not for: derivatives that are known.

Source: C. J. F. Ridders, Accurate computation of F'(x) and F'(x)F''(x), Advances in Engineering Software 4 (1982)
75-76.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...grammar.errors import DomainError

Array = Any

STEPS = (0.05, 2e-3, 1e-4)  # the first steps that are tried; each is halved up to HALVINGS times
HALVINGS = 6
ENOUGH = 1e-11  # of the relative error, at which no further step is needed
SETTLED = 2e-9


class Unsettled(Exception):
    """The differences do not tend to a limit: a kink, a jump, or the end of the domain is near."""


def derivative_at_zero(function: Callable[[float], Array], floor: float) -> Array:
    """The derivative of `function` at 0, relative to the larger of its entries and `floor`.

    Raises Unsettled where the central differences do not settle, or the one-sided ones disagree.
    """
    for step in STEPS:
        try:
            return _extrapolated(function, step, floor)
        except (Unsettled, DomainError):
            continue
    raise Unsettled


def _extrapolated(function: Callable[[float], Array], step: float, floor: float) -> Array:
    center = np.asarray(function(0.0))
    row: list[Array] = []
    gaps: list[float] = []  # between the one-sided differences: proportional to the step where there is no kink
    best, least = None, np.inf
    for halving in range(HALVINGS):
        h = step / 2**halving
        ahead, behind = np.asarray(function(h)), np.asarray(function(-h))
        if not (np.all(np.isfinite(ahead)) and np.all(np.isfinite(behind))):
            raise Unsettled
        gaps.append(float(np.max(np.abs(ahead - 2 * center + behind), initial=0.0)) / h)
        above, row = row, [(ahead - behind) / (2 * h)]
        for order, coarser in enumerate(above, start=1):
            row.append(row[-1] + (row[-1] - coarser) / (4**order - 1))
        if above:
            error = max(_largest(row[-1] - row[-2]), _largest(row[-1] - above[-1]))
            if error < least:
                best, least = row[-1], error
        if best is not None and halving >= 2 and least <= ENOUGH * max(_largest(best), floor):
            break
    assert best is not None
    scale = max(_largest(best), floor)
    kink = gaps[-1] > gaps[0] / 2 and gaps[-1] > 1e-6 * scale
    if kink or not least <= SETTLED * scale:
        raise Unsettled
    return best


def _largest(array: Array) -> float:
    return float(np.max(np.abs(array), initial=0.0))
