"""What a test expression is.

Enters: the pieces that the suites give.  Leaves: `Expression`.  Always holds: the text declares the types of all its
parameters.  Not for: running it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import matgrad as mg
from matgrad.runtime.verification.sampling import draw_arguments

from ..naive import naive_flops

Array = Any


@dataclass(frozen=True)
class Expression:
    """A function of the language, with the sizes at which it is measured.

    `best` gives operations for the sizes; `by_hand` takes the arguments in order.  `written` is the expression as the
    suite has it where the language needs another form; the naive count is of that.  `published` is somebody's code that
    is compared too.
    """

    suite: str
    name: str
    text: str
    sizes: Mapping[str, int]
    best: Callable[..., float]
    by_hand: Callable[..., Any]
    written: str | None = None
    written_shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    gradient: tuple[str, ...] = ()
    published: Callable[..., Any] | None = None

    def function(self) -> mg.Function:
        """The function; with its gradient where that is what is measured."""
        function = mg.function(self.text)
        return function.value_and_grad(*self.gradient) if self.gradient else function

    def arguments(self) -> dict[str, Array]:
        """Random arguments that have the declared properties."""
        parameters = mg.function(self.text).definition().parameters
        return draw_arguments(parameters, self.sizes, np.random.default_rng(1))

    def naive(self) -> float:
        """The operations as written."""
        shapes = {name: np.shape(value) for name, value in self.arguments().items()} | dict(self.written_shapes)
        return naive_flops(self.written or self.text, shapes | dict.fromkeys(self.sizes, ()))
