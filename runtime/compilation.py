"""From a definition to kernels: one plan per class of sizes, one kernel per plan and dtype.

Enters: a definition and the arguments of calls.  Leaves: results.  Always holds: equal sizes and dtypes use the same
kernel; declared attributes are checked at the call.  Not for: what a kernel is (`kernel.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..compiler.elaborate import Definition
from ..compiler.evaluate import evaluate, size_names

Array = Any


class Compilation:
    """What computes the results of a definition."""

    def __init__(self, definition: Definition, nested: bool) -> None:
        self.definition = definition
        self._nested = nested

    def __call__(self, arguments: Sequence[Any], out: Any) -> Any:
        arrays = {p.name: np.asarray(a, float) for p, a in zip(self.definition.parameters, arguments, strict=True)}
        sizes = size_names(list(self.definition.parameters), arrays)
        results = [evaluate(r, arrays, sizes) for r in self.definition.results]
        plain = tuple(float(r) if r.ndim == 0 else np.ascontiguousarray(r) for r in results)
        if self._nested:
            return plain[0], plain[1:]
        return plain if self.definition.several else plain[0]
