"""What is said of one routine: its shapes, its meaning, its price.

Enters: nothing.  Leaves: `Signature`, and `Failure`, which the meanings raise.  Not for: the routines themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...tensor.dims import Dim
from ..program import Routine

Array = Any
FREE = Dim.of(0)


class Failure(Exception):
    """A routine's requirement does not hold.  Raised by the NumPy implementations, with what they computed."""

    def __init__(self, *outputs: Array) -> None:
        super().__init__()
        self.outputs = outputs


@dataclass(frozen=True, slots=True)
class Signature:
    """One routine.

    `shapes` names the sizes of its views, inputs before `->`: `"mk,kn->mn"`; a last axis in brackets may be missing
    (`"nn,n[k]->n[k]"`), and `*` is a view of any order.  `numpy(*inputs)` returns the outputs (without alpha and
    beta), or raises `Failure`.  `thirds` is three times the number of operations, a function of the sizes in
    the order of their first appearance; `scratch` is the number of 8-byte words that it needs besides its views;
    `integers` are the positions of the views (inputs, then outputs) of dtype int.
    """

    name: str
    shapes: str
    numpy: Callable[..., Array]
    thirds: Callable[..., Dim]
    scalars: tuple[str, ...] = ()
    can_fail: bool = False
    in_place: bool = False
    scratch: Callable[..., Dim] | None = None
    integers: tuple[int, ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        """The shape of each input."""
        return tuple(part for part in self.shapes.split("->")[0].split(",") if part)

    @property
    def outputs(self) -> tuple[str, ...]:
        """The shape of each output."""
        text = self.shapes.split("->")[1]
        return tuple(text.split(",")) if text != "none" else ()

    @property
    def letters(self) -> str:
        """The names of the sizes, in the order of their first appearance."""
        return "".join(dict.fromkeys(c for c in self.shapes.split("->none")[0] if c.isalpha()))

    def sizes(self, step: Routine) -> dict[str, Dim]:
        """The sizes of a step.  Raises ValueError where the views do not fit the shapes."""
        found: dict[str, Dim] = {}
        patterns = (*self.inputs, *self.outputs)
        views = (*step.inputs, *step.outputs)
        if len(self.inputs) != len(step.inputs) or len(self.outputs) != len(step.outputs):
            count = f"{len(step.inputs)} inputs, {len(step.outputs)} outputs"
            raise ValueError(f"{self.name} takes {self.shapes}, not {count}")
        for pattern, view in zip(patterns, views, strict=True):
            if pattern == "*":
                continue
            letters = pattern.replace("[", "").replace("]", "")
            if "[" in pattern and len(view.shape) == len(letters) - 1:
                found.setdefault(letters[-1], Dim.of(1))
                letters = letters[:-1]
            if len(letters) != len(view.shape):
                raise ValueError(f"{self.name}: {view.buffer.name} has order {len(view.shape)}, needed is {pattern}")
            for letter, size in zip(letters, view.shape, strict=True):
                if found.setdefault(letter, size) != size:
                    raise ValueError(f"{self.name}: size {letter} is both {found[letter]} and {size}")
        return found
