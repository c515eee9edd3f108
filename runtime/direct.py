"""Functions for which there is no kernel: evaluated by NumPy and SciPy, with the interface of a kernel.

Enters: a definition that uses a matrix function without a compiled routine.  Leaves: results as those of kernels.
Always holds: the same checks of arguments, the same errors.  Not for: speed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..compiler.language.definition import Definition
from ..compiler.tensor.evaluate import evaluate
from ..grammar import errors
from .arguments import check_output, check_sizes, convert, inputs_of
from .attributes import check_now
from .interface import nested

Array = Any


class Direct:
    """The function of a definition's parameters.  `nest` is as for `Kernel`."""

    def __init__(self, definition: Definition, dtype: str, nest: Any) -> None:
        self.definition, self.dtype, self.nest = definition, np.dtype(dtype), nest
        self._inputs = inputs_of(definition)

    def run(self, *arguments: Any, out: Any = None) -> Any:
        """The results.  Raises mg.TypeError, mg.ShapeError, mg.DomainError."""
        arrays = [convert(b, value, self.dtype) for b, value in zip(self._inputs, arguments, strict=True)]
        sizes = check_sizes(self._inputs, arrays)
        self._check(sizes)
        for parameter, array in zip(self.definition.parameters, arrays, strict=True):
            check_now(parameter, array)
        named = {b.name: a for b, a in zip(self._inputs, arrays, strict=True)}
        results = [np.asarray(evaluate(r, named, sizes)) for r in self.definition.results]
        given = iter(() if out is None else out if isinstance(out, tuple) else (out,))
        finished = [self._finished(k, r, given, out is not None) for k, r in enumerate(results)]
        return nested(self.nest, finished)

    def _check(self, sizes: Mapping[str, int]) -> None:
        for size, failure in self.definition.requirements:
            if size.evaluate(sizes) < 0:
                raise errors.ShapeError(failure)

    def _finished(self, number: int, result: Array, given: Any, into: bool) -> Any:
        if not result.ndim:
            return float(result)
        if not into:
            return np.array(result, self.dtype, order="C")
        target: Any = next(given, None)
        check_output(f"out{number}", target, result.shape, self.dtype)
        target[...] = result
        return target
