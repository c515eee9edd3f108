"""The kernel of a program: compiled when it is needed, interpreted until then.

Enters: a kernel program and a dtype.  Leaves: what `Compiled` leaves.  Always holds: the first calls of a kernel that
was never compiled on this computer are interpreted, unless they are long or `MATGRAD_WAIT` is set, and agree with the
compiled ones to rounding; it is compiled meanwhile.  Not for: choosing a program or a dtype.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ..compiler.kernel import interpret
from ..compiler.kernel.cost import cost
from ..compiler.kernel.emit import emit
from ..compiler.kernel.program import Loop, Program
from . import background, build
from .arguments import check_sizes
from .compiled import Compiled
from .entry import Nest
from .interface import Interface, nested

Array = Any

INTERPRETED_CALLS = 2  # compiling takes as long as many of them
EARLY = True  # whether compiling begins after the first of them, in another thread
_MOST_POINTS, _MOST_FLOPS = 10**6, 10**8  # of interpreted calls: the interpreter holds all points of a loop at once


class Kernel(Compiled):
    """The function of a program's inputs (positionally) that returns its outputs.

    `nest` says how: the number of an output, or a tuple of such; by default the single output or the tuple of all.
    Raises mg.TypeError, mg.ShapeError, mg.DomainError.
    """

    def __init__(self, program: Program, dtype: str = "float64", nest: Nest = None, title: str = "") -> None:
        count = len(program.outputs)
        nested = nest if nest is not None else (0 if count == 1 else tuple(range(count)))
        super().__init__(Interface.of(program), dtype, nested)
        self.program = program
        self._title = title
        self._interpreted = 0
        self._job: background.Job | None = None

    @cached_property
    def source(self) -> str:
        """The text of the module that holds the kernel."""
        return emit(self.program, str(self.dtype), self._title).text

    @property
    def symbol(self) -> str:
        """The name of the code in the store."""
        return build.kernel_name(self.source)

    def _found(self) -> int:
        """The address of the code, compiled where it must be."""
        if self._job is not None:
            self._job.wait()
        return build.kernel_address(self.source)

    @property
    def is_compiled(self) -> bool:
        """Whether the code is loaded."""
        return self._address != 0

    def run(self, *arguments: Any, out: Any = None) -> Any:
        """The same as calling, for arguments of any kind: converts them, or says what does not fit."""
        arrays = self._converted(arguments)
        return self._interpret(arrays, out) if self._is_interpreted(arrays) else self._compute(arrays, out)

    def _interpret(self, arrays: Sequence[Array], out: Any) -> Any:
        status, values = interpret.run(self.program, arrays, self.dtype)
        self._check(status)
        results = [np.array(v) for v in values]
        self._given(out, [v.shape for v in values])
        return nested(self.nest, self._finished(results, out))

    def begin(self, then: Callable[[], None]) -> None:
        """Begins to compile in another thread, which afterwards calls `then`."""

        def work() -> None:
            build.kernel_address(self.source)
            build.prepare(self.interface.blas)
            then()

        if EARLY and self._job is None and not self.is_compiled:
            self._job = background.begin(work)

    def _is_interpreted(self, arrays: Sequence[Array]) -> bool:
        """Whether the call runs in the interpreter: one of the first, little work, and no compiled kernel at hand."""
        if self.is_compiled or self._interpreted >= INTERPRETED_CALLS or waits():
            return False
        sizes = check_sizes(self.program.inputs, arrays)
        loops = [step.extents for step in self.program.flat() if isinstance(step, Loop)]
        points = max((math.prod(d.evaluate(sizes) for d in extents) for extents in loops), default=0)
        if points > _MOST_POINTS or cost(self.program).evaluate(**sizes) > _MOST_FLOPS or build.is_kept(self.source):
            return False
        self._interpreted += 1
        return True

    def _misfit(self, arrays: Sequence[Array]) -> None:
        check_sizes(self.program.inputs, arrays)


def waits() -> bool:
    """Whether calls wait for compiled kernels (`MATGRAD_WAIT`)."""
    return os.environ.get("MATGRAD_WAIT", "0") not in ("", "0")
