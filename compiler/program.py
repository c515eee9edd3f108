"""The kernel program: what the planner decides and the kernels do, as a list of steps over strided views.

Enters: nothing (plain values, built by the planner).  Leaves: `Program`, which `interpret.py` runs with NumPy (the
oracle of the tests) and `emit.py` prints as Numba source.  Always holds: every buffer is written before it is
read; inputs are never written; a step's output does not overlap its inputs unless the routine says that it works
in place; all sizes, offsets and strides are `Dim`s, in elements.  Not for: choosing anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .dims import Dim


@dataclass(frozen=True, slots=True)
class Buffer:
    """A C-contiguous array of reals of `shape` (order 0 is a single number).

    `role` is `input` (an argument, or data fixed by bind), `output` (a result) or `work` (a part of the workspace).
    `dtype` is `real` (float64 or float32, one for the whole program) or `int` (pivots; an `integer scalar` argument).
    """

    name: str
    shape: tuple[Dim, ...]
    role: str
    dtype: str = "real"

    def view(self) -> View:
        """All of the buffer."""
        strides: list[Dim] = []
        step = Dim.of(1)
        for size in reversed(self.shape):
            strides.insert(0, step)
            step = step * size
        return View(self, Dim.of(0), tuple(strides), self.shape)


@dataclass(frozen=True, slots=True)
class View:
    """A strided window of a buffer: element (i, j, ...) is at `offset + i*strides[0] + j*strides[1] + ...`."""

    buffer: Buffer
    offset: Dim
    strides: tuple[Dim, ...]
    shape: tuple[Dim, ...]

    @property
    def T(self) -> View:  # noqa: N802 - NumPy's name
        """The transposed window."""
        return View(self.buffer, self.offset, self.strides[::-1], self.shape[::-1])

    def permuted(self, axes: tuple[int, ...]) -> View:
        """Axis k of the result is axis `axes[k]` of this."""
        return View(self.buffer, self.offset, tuple(self.strides[a] for a in axes), tuple(self.shape[a] for a in axes))


@dataclass(frozen=True, slots=True)
class Ref:
    """An operand of a scalar operation in a `Loop`: `kind` is

    - `load`: element of `loads[index]` at the current labels,
    - `op`: the value of `ops[index]`,
    - `const`: the number `value`,
    - `size`: the size `dim` as a number.
    """

    kind: str
    index: int = -1
    value: float = 0.0
    dim: Dim | None = None


@dataclass(frozen=True, slots=True)
class Load:
    """Reads `view` at the loop's `labels` (one label per axis of the view; a label may stand twice: a diagonal)."""

    view: View
    labels: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Op:
    """One scalar operation: the name of an entry in `scalars.py` and its operands."""

    function: str
    operands: tuple[Ref, ...]


@dataclass(frozen=True, slots=True)
class Store:
    """Writes `value` to `view` at `labels` (distinct).  Labels of the loop that are not among them are reduced by
    `reduce` (`sum`, `max`, `min` or `prod`); `accumulate` adds to what `view` holds instead of overwriting it
    (only without `reduce`, or with `sum`)."""

    view: View
    labels: tuple[int, ...]
    value: Ref
    reduce: str | None = None
    accumulate: bool = False


@dataclass(frozen=True, slots=True)
class Loop:
    """A fused elementwise loop over an index space, outermost label first.

    For every point: all `loads`, then `ops` in order (static single assignment), then all `stores`.
    No store's view is also loaded, except at exactly the same elements.
    """

    extents: tuple[Dim, ...]
    loads: tuple[Load, ...]
    ops: tuple[Op, ...]
    stores: tuple[Store, ...]


@dataclass(frozen=True, slots=True)
class Routine:
    """A call of a routine of `routines.py` (BLAS, LAPACK, and their like), with views and scalar factors.

    `scalars` are factors such as BLAS's alpha and beta.  A routine that can fail (a Cholesky factorization) stops the
    kernel with a status; `failure` is the text that says what was required, naming the argument or expression.
    """

    name: str
    outputs: tuple[View, ...]
    inputs: tuple[View, ...]
    scalars: tuple[Scale, ...] = ()
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Scale:
    """The number `constant` times all the order-0 `views` (alpha and beta of BLAS)."""

    constant: float = 1.0
    views: tuple[View, ...] = ()


@dataclass(frozen=True, slots=True)
class Rows:
    """Steps fused along a common axis: the meaning is that of the `steps` one after another.

    The kernel runs all of them for one value of the axis (or a block of values), then for the next, so that a row
    of a large input is read once.  `axes[k]` tells for each buffer that has it (by name) which axis that is;
    `local` names the work buffers that then need only one row (or block).
    """

    extent: Dim
    steps: tuple[Loop | Routine, ...]
    axes: tuple[tuple[str, int], ...]
    local: frozenset[str] = frozenset()


Step = Loop | Routine | Rows


@dataclass(frozen=True, slots=True)
class Program:
    """All steps that compute the outputs from the inputs.

    The status of a run is 0, or 1 + the position in `failures` of the routine that failed.
    """

    inputs: tuple[Buffer, ...]
    outputs: tuple[Buffer, ...]
    work: tuple[Buffer, ...]
    steps: tuple[Step, ...]

    @property
    def failures(self) -> tuple[str, ...]:
        """The distinct failure texts of the routines, in the order of the steps."""
        return tuple(dict.fromkeys(s.failure for s in self.flat() if isinstance(s, Routine) and s.failure))

    def flat(self) -> Iterator[Loop | Routine]:
        """The steps in the order of their meaning, fused ones included."""
        for step in self.steps:
            if isinstance(step, Rows):
                yield from step.steps
            else:
                yield step
