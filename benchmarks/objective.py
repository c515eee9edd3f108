"""What a benchmark objective is.

Enters: the pieces that `cases/` gives.  Leaves: `Objective`.  Always holds: all forms of an objective take the same
arguments, in the order of the parameters of matgrad's function.  Not for: running it (`contenders.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

Array = Any
Formula = Callable[..., Any]
Sizes = Mapping[str, int]
Random = np.random.Generator
EXAMPLES = Path(__file__).parents[1] / "examples"
SIZES = ("small", "medium", "large")
# Fits are measured near their optimum, where a form that multiplies the square of the residual out loses its digits.
RESIDUAL = 1e-6


@dataclass(frozen=True)
class Objective:
    """A function, what of it is wanted, and how everybody writes that.

    `source` is matgrad's text, with a function called `name`.  What is wanted is `of`: value and gradient in the
    `variables`, or the Hessian, the Jacobian or the product of the Hessian with a direction (the last argument).
    `formula(np, ...)` is the function as one writes it down and `expert(np, ...)` as somebody does who knows libraries
    that differentiate, both for the names of `namespaces.py`.  `numpy` and `numba` are an expert's code by hand for
    what is wanted (value and gradient, the gradient a tuple where there are several variables; or an array), and
    `naive` is the textbook's, in NumPy, where it is another.  `without` says which contenders are left out
    (at a size: `name:size`), and why.
    """

    name: str
    source: str
    variables: tuple[str, ...]
    sizes: tuple[Sizes, Sizes, Sizes]
    data: Callable[[Random, Sizes], dict[str, Array]]
    formula: Formula
    numpy: Formula
    numba: Formula | None = None
    naive: Formula | None = None
    expert: Formula | None = None
    of: Literal["gradient", "hess", "jac", "hvp"] = "gradient"
    without: Mapping[str, str] | None = None

    def arguments(self, size: str) -> dict[str, Array]:
        """The arguments at one of `SIZES`: the same numbers in every process."""
        return self.data(np.random.default_rng(1), self.sizes[SIZES.index(size)])

    def size_text(self, size: str) -> str:
        """The sizes as one reads them: `m=20, n=5`."""
        return ", ".join(f"{name}={value}" for name, value in self.sizes[SIZES.index(size)].items())


def example(name: str) -> str:
    """The text of an example file."""
    return (EXAMPLES / f"{name}.mg").read_text(encoding="utf-8")
