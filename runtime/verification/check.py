"""Numerical check of derivatives: what matgrad derives against finite differences of what it evaluates.

Enters: a function.  Leaves: an `Outcome` for each of its derivatives.  Always holds: points are random, have the
declared attributes, and have sizes that are distinct primes where that fits; a derivative passes only if it agrees at
`POINTS` points.  Points at which the differences do not settle (a kink is near) are replaced by others.  Not for:
proofs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...compiler.tensor.expr import Symbol
from ...grammar.errors import DomainError, Error
from ...grammar.syntax import Tuple
from ..optimization.packing import Part
from .differences import Unsettled, derivative_at_zero
from .sampling import STYLES, draw_arguments, fitting_sizes

if TYPE_CHECKING:
    from ..function import Function

Array = Any

TOLERANCE = 1e-7  # of the relative error
POINTS = 3
SEEDS = 8  # for each choice of sizes and style
MOST_SIZES = 6
# Derivatives smaller than this part of the function's value are compared with that: rounding errors are of its size.
FLOOR = 1e-5


@dataclass(frozen=True)
class Outcome:
    """One derivative of one function: `error` is the worst relative error; `note` says what else went wrong."""

    function: str
    variable: str
    derivative: str
    error: float
    note: str = ""

    @property
    def passed(self) -> bool:
        """Whether the derivative agrees with the differences."""
        return not self.note and self.error <= TOLERANCE


@dataclass(frozen=True)
class Point:
    """Arguments at which the function has a finite value."""

    arguments: dict[str, Array]
    value: Array
    seed: int

    def along(self, function: Function, name: str, direction: Array) -> Array:
        """The derivative of `function` when the argument `name` moves along a direction."""
        here = self.arguments[name]

        def moved(step: float) -> Array:
            return function(**{**self.arguments, name: here + step * direction})

        scale = FLOOR * float(np.max(np.abs(self.value), initial=0.0)) + np.finfo(float).tiny
        return derivative_at_zero(moved, scale)

    def rng(self) -> np.random.Generator:
        """A generator of random directions at this point."""
        return np.random.default_rng([self.seed, 1])


# What a comparison gives: the derivative, and what it should be.
Pair = tuple[Array, Array]
Comparison = Callable[[Point, Part], Pair]


def checked(function: Function) -> Iterator[Outcome]:
    """The outcomes of the derivatives of a function by each of its real parameters, one after the other.

    A scalar function: the gradient, and the Hessian times a random vector.  Others: the Jacobian, and its products with
    random arrays from both sides.  A function with several results: each of these for each result.
    """
    name = function.name or "expression"
    parts = single_results(function)
    for number, part in enumerate(parts):
        label = name if len(parts) == 1 else f"{name} ({number + 1})"
        scalar = not part.definition().results[0].order
        points = Points(part)
        for parameter in part.definition().parameters:
            if not parameter.attributes & {"integer", "sparse"}:
                first = ("gradient", gradient) if scalar else ("Jacobian", jacobian)
                second = ("Hessian*v", hessian) if scalar else ("J*v, v*J", products)
                for derivative, comparison in (first, second):
                    error, note = _compared(part, parameter, comparison, points)
                    yield Outcome(label, parameter.name, derivative, error, note)


def single_results(function: Function) -> list[Function]:
    """The function, or one function for each result of one with several."""
    from ..function import Function

    syntax = function._syntax
    if syntax is None or not isinstance(syntax.body.result, Tuple):
        return [function]
    bodies = [replace(syntax.body, result=item) for item in syntax.body.result.items]
    return [Function(function._source, replace(syntax, body=b), function._functions) for b in bodies]


class Points:
    """Points at which a function has a finite value, drawn when they are asked for, the same ones every time."""

    def __init__(self, function: Function) -> None:
        self._drawn: list[Point] = []
        self._rest = self._draw(function)

    def __iter__(self) -> Iterator[Point]:
        yield from self._drawn
        for point in self._rest:
            self._drawn.append(point)
            yield point

    @staticmethod
    def _draw(function: Function) -> Iterator[Point]:
        definition = function.definition()
        for which, sizes in enumerate(fitting_sizes(definition, MOST_SIZES)):
            for style in STYLES:
                for seed in range(SEEDS):
                    rng = np.random.default_rng([which, seed])
                    arguments = draw_arguments(definition.parameters, sizes, rng, style)
                    try:
                        value = np.asarray(function(**arguments))
                    except DomainError:
                        continue
                    if np.all(np.isfinite(value)):
                        yield Point(arguments, value, seed)


def _compared(
    function: Function, parameter: Symbol, prepare: Callable[[Function, str], Comparison], points: Points
) -> tuple[float, str]:
    """The worst relative error over `POINTS` points, and a note if the derivative could not be compared."""
    worst, count, reason = 0.0, 0, "no random arguments give a finite value"
    try:
        compare = prepare(function, parameter.name)
        for point in points:
            part = Part.of(parameter.name, np.shape(point.arguments[parameter.name]), parameter.attributes)
            try:
                derivative, expected = compare(point, part)
            except Unsettled:
                reason = "finite differences do not settle"
                continue
            worst = max(worst, _relative_error(derivative, expected, point))
            count += 1
            if count == POINTS:
                return worst, ""
    except Error as error:
        return np.nan, str(error).splitlines()[0].removeprefix("error: ")
    return worst if count else np.nan, f"{reason} ({count} of {POINTS} points tested)"


def _relative_error(derivative: Array, expected: Array, point: Point) -> float:
    if not np.all(np.isfinite(derivative)):
        return np.inf
    floor = FLOOR * float(np.max(np.abs(point.value), initial=0.0))
    scale = max(*(float(np.max(np.abs(a), initial=0.0)) for a in (derivative, expected)), floor)
    difference = float(np.max(np.abs(derivative - expected), initial=0.0))
    return difference / scale if difference else 0.0


def gradient(function: Function, name: str) -> Comparison:
    """The gradient, entry by entry of the free ones; it must lie in the variable's space."""
    derived = function.grad(name)

    def compare(point: Point, part: Part) -> Pair:
        found = np.asarray(derived(**point.arguments))
        return _in_space(found, part), _by_free_entries(function, name, point, part)

    return compare


def jacobian(function: Function, name: str) -> Comparison:
    """The Jacobian, entry by entry of the free ones; its last indices must lie in the variable's space."""
    derived = function.jac(name)

    def compare(point: Point, part: Part) -> Pair:
        found = np.asarray(derived(**point.arguments))
        return _in_space(found, part), _by_free_entries(function, name, point, part)

    return compare


def hessian(function: Function, name: str) -> Comparison:
    """The Hessian times a random vector, against differences of the gradient."""
    product, slope = function.hvp(name), function.grad(name)

    def compare(point: Point, part: Part) -> Pair:
        direction = part.unpack(point.rng().normal(size=part.size))
        found = np.asarray(product(*point.arguments.values(), direction))
        return found, point.along(slope, name, direction)

    return compare


def products(function: Function, name: str) -> Comparison:
    """The Jacobian times a random array from the right against differences, and from the left against the right."""
    right, left = function.jvp(name), function.vjp(name)

    def compare(point: Point, part: Part) -> Pair:
        rng = point.rng()
        direction = part.unpack(rng.normal(size=part.size))
        weights = rng.normal(size=point.value.shape)
        expected = point.along(function, name, direction)
        found = np.asarray(right(*point.arguments.values(), direction))
        back = np.asarray(left(*point.arguments.values(), weights))
        pair = np.sum(back * direction), np.sum(weights * expected)
        return np.append(found, pair[0]), np.append(expected, pair[1])

    return compare


def _by_free_entries(function: Function, name: str, point: Point, part: Part) -> Array:
    columns = [point.along(function, name, part.unpack(unit)) for unit in np.eye(part.size)]
    return np.stack(columns, axis=-1) if columns else np.zeros((*point.value.shape, 0))


def _in_space(found: Array, part: Part) -> Array:
    """The derivatives by the free entries; not a number where the given ones do not lie in the space."""
    packed = part.pack_gradient(found)
    if part.free is not None:
        flat = found.reshape(*found.shape[: found.ndim - 2], -1)
        inside = np.zeros(flat.shape)
        inside[..., part.free] = flat[..., part.free]
        if part.mirrored is not None:
            inside[..., part.mirrored] = flat[..., part.free]
        if not np.allclose(inside, flat, rtol=1e-9, atol=1e-12 * float(np.max(np.abs(found), initial=0.0))):
            return np.full(packed.shape, np.nan)
    return packed
