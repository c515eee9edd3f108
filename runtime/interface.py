"""How a kernel is called and what its statuses mean: all that the runtime needs of a kernel program to run its code.

Enters: a kernel program, or the JSON of an interface.  Leaves: `Interface`s.  Always holds: it is plain data, so that a
process that finds its kernels on disk needs no part of the compiler.  Not for: computing anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from ..compiler.kernel.program import Program


class Array(NamedTuple):
    """An input or output: `shape` has the texts of its sizes; `dtype` is `real` or `int`, as of a program's buffers."""

    name: str
    shape: tuple[str, ...]
    dtype: str


class Interface(NamedTuple):
    """Inputs, outputs, the texts of the failures (whether it is a shape that is wrong), and whether BLAS is used."""

    inputs: tuple[Array, ...]
    outputs: tuple[Array, ...]
    failures: tuple[tuple[str, bool], ...]
    blas: bool

    @staticmethod
    def of(program: Program) -> Interface:
        """The interface of a program's kernel."""
        from ..compiler.kernel.program import Require
        from ..compiler.kernel.routines.table import uses_blas

        required = {s.failure for s in program.flat() if isinstance(s, Require)}
        inputs, outputs = (
            tuple(Array(b.name, tuple(map(str, b.shape)), b.dtype) for b in buffers)
            for buffers in (program.inputs, program.outputs)
        )
        failures = tuple((text, text in required) for text in program.failures)
        return Interface(inputs, outputs, failures, uses_blas(program))

    @staticmethod
    def read(data: Sequence[Any]) -> Interface:
        """From what JSON makes of an interface."""
        inputs, outputs, failures, blas = data
        arrays = [tuple(Array(n, tuple(shape), dtype) for n, shape, dtype in part) for part in (inputs, outputs)]
        return Interface(arrays[0], arrays[1], tuple((text, required) for text, required in failures), blas)


def nested(nest: Any, results: Sequence[Any]) -> Any:
    """The results put together: `nest` is the number of one, or a tuple of nests."""
    return results[nest] if isinstance(nest, int) else tuple(nested(part, results) for part in nest)


def nest_read(data: Any) -> Any:
    """How results are put together, from what JSON makes of it: lists become tuples."""
    return tuple(nest_read(part) for part in data) if isinstance(data, list) else data
