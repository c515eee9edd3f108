"""A problem's value and gradient, as SciPy's optimizers call them.

Enters: a `Problem`, and packed vectors.  Leaves: finite values and gradients.  Always holds: a point at which the
function has no finite value or gradient is answered so that no optimizer stays there.  Not for: choosing a method.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...grammar.errors import DomainError
from .problem import Problem

Array = Any


@dataclass(frozen=True)
class Progress:
    """What a callback is given after each iteration."""

    iteration: int
    value: float
    gradient_norm: float
    seconds: float
    arrays: Mapping[str, Array]


@dataclass(frozen=True)
class Point:
    """A point with its value and gradient."""

    x: Array
    value: float
    gradient: Array


class Objective:
    """Value and gradient of a problem as functions of the packed vector.

    Where there is no finite value, the answer is that of a parabola that begins at the last good point with its value
    and slope and has its minimum at a quarter of the step: a line search comes back to there, a trust region shrinks.

    Raises DomainError if there is no finite value at the start.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self._single = len(problem.variables) == 1
        self._kernel = problem.function.value_and_grad(*problem.variables).bind(**problem.data)
        began = time.perf_counter()
        try:
            value, gradient = self._evaluated(problem.start)
        except DomainError as error:
            error.hint = error.hint or "give another starting point"
            raise
        self.first_call = time.perf_counter() - began
        if not (np.isfinite(value) and np.all(np.isfinite(gradient))):
            found = f"the value there is {value}" + ("" if not np.isfinite(value) else ", the gradient is not finite")
            raise DomainError(
                "the function has no finite value and gradient at the start",
                found=found,
                hint="give another starting point",
            )
        self.start_value, self.start_gradient = value, gradient
        self.last = Point(problem.start, value, gradient)
        self.worst = value
        self.count = 0
        self.seconds = 0.0

    def __call__(self, x: Array) -> tuple[float, Array]:
        """Value and gradient at x."""
        if self._good(x):
            return self.last.value, self.last.gradient
        step = x - self.last.x
        fall = -float(self.last.gradient @ step)
        fall = fall if fall > 0 else 1e-3 * (1 + abs(self.last.value))
        return self.last.value + fall, step * (3 * fall / max(float(step @ step), np.finfo(float).tiny))

    def value_only(self, x: Array) -> float:
        """The value at x, for methods that only compare values: more than the worst one where there is none."""
        return self.last.value if self._good(x) else self.worst + 1 + abs(self.worst)

    def at(self, x: Array) -> Point:
        """The point x, which was evaluated before; evaluates it again unless it was the last one."""
        return self.last if np.array_equal(x, self.last.x) else Point(x, *self._evaluated(x))

    def result(self, x: Array) -> tuple[Array, float, list[Array]]:
        """x with the value and the gradients by the variables; the last good point if x is none."""
        try:
            value, gradients = self._kernel(*self.problem.packing.unpack(x))
        except DomainError:
            value = np.nan
        if not np.isfinite(value):
            x = self.last.x
            value, gradients = self._kernel(*self.problem.packing.unpack(x))
        return x, float(value), [gradients] if self._single else list(gradients)

    def _good(self, x: Array) -> bool:
        """Evaluate at x; whether value and gradient are finite, in which case it is the last point now."""
        self.count += 1
        began = time.perf_counter()
        try:
            value, gradient = self._evaluated(x)
        except DomainError:
            return False
        finally:
            self.seconds += time.perf_counter() - began
        if not (np.isfinite(value) and np.all(np.isfinite(gradient))):
            return False
        self.last = Point(np.array(x), value, gradient)
        self.worst = max(self.worst, value)
        return True

    def _evaluated(self, x: Array) -> tuple[float, Array]:
        value, gradients = self._kernel(*self.problem.packing.unpack(x))
        return float(value), self.problem.packing.pack_gradient([gradients] if self._single else gradients)


class Watched:
    """The callback that SciPy is given: it counts the iterations and calls the user's callback."""

    def __init__(self, objective: Objective, callback: Callable[[Progress], Any] | None) -> None:
        self._objective, self._callback = objective, callback
        self._began = time.perf_counter()
        self.iterations = 0
        self.stopped = False
        self.x: Array = objective.problem.start
        self._at = objective.last

    def __call__(self, x: Array, *_: Any) -> None:
        """After an iteration that ended at x."""
        self.iterations += 1
        self.x = np.array(x)
        if self._callback is None:
            return
        if not np.array_equal(x, self._at.x):
            self._at = self._objective.at(self.x)
        problem = self._objective.problem
        norm = problem.projected_norm(x, self._at.gradient)
        seconds = time.perf_counter() - self._began
        try:
            self._callback(Progress(self.iterations, self._at.value, norm, seconds, problem.named(self.x)))
        except StopIteration:
            self.stopped = True
            raise


def hessian_product(problem: Problem) -> Callable[[Array, Array], Array]:
    """(x, v) -> H(x) v, for packed vectors."""
    f, names, packing = problem.function, problem.variables, problem.packing
    if len(names) == 1:
        product = f.hvp(names[0]).bind(**problem.data)
        return lambda x, v: packing.pack_gradient([product(*packing.unpack(x), *packing.unpack(v))])
    blocks = [[f.grad(u).jvp(w).bind(**problem.data) for w in names] for u in names]

    def apply(x: Array, v: Array) -> Array:
        arrays, directions = packing.unpack(x), packing.unpack(v)
        return packing.pack_gradient(
            [sum(np.asarray(b(*arrays, d)) for b, d in zip(row, directions, strict=True)) for row in blocks]
        )

    return apply


def hessian(problem: Problem) -> Callable[[Array], Array]:
    """x -> H(x), for packed vectors."""
    f, names = problem.function, problem.variables
    if len(names) == 1:
        return assembled(problem, [[f.hess(names[0]).bind(**problem.data)]])
    return assembled(problem, [[f.grad(u).jac(w).bind(**problem.data) for w in names] for u in names])


def assembled(problem: Problem, blocks: Sequence[Sequence[Callable[..., Array]]]) -> Callable[..., Array]:
    """The matrix by the packed vector, of blocks that are functions of the variables and of further arguments."""
    packing = problem.packing

    def apply(x: Array, *further: Array) -> Array:
        arrays = packing.unpack(x)
        columns = []
        for part, row in zip(packing.parts, blocks, strict=True):
            packed = packing.pack_gradient(
                [block(*arrays, *further) for block in row]
            )  # (shape of the part, size of x)
            columns.append(part.pack_gradient(np.moveaxis(packed, -1, 0)))
        return np.concatenate(columns, axis=-1)

    return apply
