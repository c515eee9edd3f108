"""Sizes as numbers, for the decisions of the planner.

Enters: the actual sizes, if they are known.  Leaves: numbers.  Always holds: a decision may be wrong for other sizes,
a program never is.  Not for: costs that are reported (`kernel/cost.py`).
"""

from __future__ import annotations

from collections.abc import Mapping

from ..tensor.dims import Dim

UNKNOWN = 100  # what a size is taken for that is not known


class Guess:
    """The numbers that sizes are taken for."""

    def __init__(self, sizes: Mapping[str, int] | None) -> None:
        self.sizes = dict(sizes or {})
        self.known: dict[Dim, float] = {}

    def __call__(self, dim: Dim) -> float:
        """The number for a size; at least 1, so that nothing looks free."""
        if dim not in self.known:
            for name in sorted(dim.names):
                self.sizes.setdefault(name, UNKNOWN)
            self.known[dim] = float(max(dim.evaluate(self.sizes), 1))
        return self.known[dim]

    def volume(self, shape: tuple[Dim, ...]) -> float:
        """The number of elements."""
        product = 1.0
        for dim in shape:
            product *= self(dim)
        return product
