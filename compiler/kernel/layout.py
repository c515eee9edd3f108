"""The address table through which a kernel is called: one array of 64-bit integers.

Enters: a `Program`.  Leaves: `Layout`, the place of everything in the table.  Always holds: the order is

    0                     address of the workspace, or 0: check the sizes, fill in what follows them, do nothing else
    inputs                the address of each
    outputs               the address of each
    sizes of the inputs   the axes of the first, of the second, ...
    sizes of the outputs  likewise: written by the kernel
    bytes                 size of the workspace, a multiple of 64: written by the kernel
    operations            about how many floating-point operations it takes, 0 if none in BLAS: written by the kernel

Arrays are C-contiguous and of the kernel's dtype (`integer scalar`s: 64-bit integers); numbers are arrays of one
element.  The kernel returns 0, -(1 + k) if the k-th axis of the inputs does not fit the others, or 1 + the
position of a failure in `Program.failures`.  Not for: filling the table, which the runtime does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .program import Program


@dataclass(frozen=True, slots=True)
class Layout:
    """Positions in the address table of a program."""

    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    input_sizes: tuple[tuple[int, ...], ...]
    output_sizes: tuple[tuple[int, ...], ...]
    bytes: int

    @property
    def length(self) -> int:
        """The number of entries."""
        return self.bytes + 2

    @property
    def operations(self) -> int:
        """The place of the number of operations."""
        return self.bytes + 1

    @property
    def axes(self) -> tuple[tuple[int, int], ...]:
        """(input, axis) for each axis of the inputs, in the order of the statuses."""
        return tuple((p, a) for p, sizes in enumerate(self.input_sizes) for a in range(len(sizes)))


def layout(program: Program) -> Layout:
    """The layout of the table for a program."""
    return layout_of([len(b.shape) for b in program.inputs], [len(b.shape) for b in program.outputs])


def layout_of(inputs: Sequence[int], outputs: Sequence[int]) -> Layout:
    """The layout of the table for inputs and outputs of these orders."""
    place = 1

    def take(count: int) -> tuple[int, ...]:
        nonlocal place
        place += count
        return tuple(range(place - count, place))

    input_places, output_places = take(len(inputs)), take(len(outputs))
    input_sizes, output_sizes = tuple(map(take, inputs)), tuple(map(take, outputs))
    return Layout(input_places, output_places, input_sizes, output_sizes, take(1)[0])
