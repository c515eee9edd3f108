"""What a benchmark objective is.

Enters: the pieces that `cases/` gives.  Leaves: `Objective`.  Always holds: all forms of an objective take the same
arguments, in the order of the parameters of matgrad's function.  Not for: running it (`contenders.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Array = Any
Formula = Callable[..., Any]
Sizes = Mapping[str, int]
EXAMPLES = Path(__file__).parents[1] / "examples"
SIZES = ("small", "medium", "large")
# Fits are measured near their optimum, where a form that multiplies the square of the residual out loses its digits.
RESIDUAL = 1e-6


@dataclass(frozen=True)
class Objective:
    """A function, and its gradient in `variables`, written for everybody.

    `numpy` and `numba` are an expert's code by hand: (value, gradient), the gradient a tuple where there are several
    variables.  `formula(np, ...)` is the value as one writes it down, for NumPy's namespace as JAX and autograd have
    it; `jax` and `torch` are the value as an expert writes it for these libraries.
    """

    name: str
    file: str
    variables: tuple[str, ...]
    sizes: tuple[Sizes, Sizes, Sizes]
    data: Callable[[np.random.Generator, Sizes], dict[str, Array]]
    formula: Formula
    torch: Formula
    numpy: Formula
    numba: Formula
    jax: Formula | None = None

    def arguments(self, size: str) -> dict[str, Array]:
        """The arguments at one of `SIZES`: the same numbers in every process."""
        return self.data(np.random.default_rng(1), self.sizes[SIZES.index(size)])

    def size_text(self, size: str) -> str:
        """The sizes as one reads them: `m=20, n=5`."""
        return ", ".join(f"{name}={value}" for name, value in self.sizes[SIZES.index(size)].items())
