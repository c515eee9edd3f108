"""What is to be minimized: the variables, their packing and bounds, the data, and the derivatives that methods ask for.

Enters: the arguments of `minimize`.  Leaves: a `Problem`.  Always holds: every parameter of the function is either a
variable or has a value; the variables are in the order of the function's parameters.  Not for: calling SciPy.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...compiler.language.definition import Definition
from ...compiler.language.infer import preferences
from ...compiler.tensor.evaluate import size_names
from ...compiler.tensor.expr import Symbol
from ...grammar import errors
from .packing import Packing, Part

if TYPE_CHECKING:
    from ..function import Function

Array = Any
SEED = 0  # of the random numbers at which matrices start


class Problem:
    """A checked problem.  `bounds` says in words which bounds there are; it is empty where there are none.

    `data` are the values of the function's parameters, `further` also those that only constraints have (`elsewhere`).
    """

    def __init__(
        self,
        function: Function,
        variables: str | Sequence[str],
        data: Mapping[str, Any],
        start: Any,
        bounds: Mapping[str, tuple[Any, Any]],
        sizes: Mapping[str, int],
        elsewhere: Iterable[str],
    ) -> None:
        if not isinstance(getattr(function, "parameters", None), tuple):
            raise errors.TypeError(
                "minimize is of a matgrad function",
                found=f"it is given a {type(function).__name__}",
                hint="mg.function(text) makes one of a text, mg.trace(f) of a Python function",
            )
        wanted = [variables] if isinstance(variables, str) else list(variables)
        if not wanted:
            raise errors.ArgumentError(
                "over which variables?",
                found=f"the parameters are {', '.join(function.parameters)}",
                hint=f'write minimize(f, "{function.parameters[0]}", ...)' if function.parameters else "",
            )
        self.function = function
        self.variables = tuple(name for name in function.parameters if name in wanted)
        for name in wanted:
            known(name, function.parameters, "parameter")
        given = start_arrays(start, self.variables)
        self.data = {name: data[name] for name in function.parameters if name in data}
        self.further = dict(data)
        self._check_names(given, bounds, set(elsewhere))
        orders = {name: np.ndim(value) for name, value in [*self.data.items(), *given.items()]}
        self.definition = definition_for(function, orders)
        symbols = {p.name: p for p in self.definition.parameters}
        chosen = [symbols[name] for name in self.variables]
        check_variables(chosen)
        self.sizes = all_sizes(symbols, {**self.data, **given}, sizes)
        parts = [Part.of(s.name, shape_of(s, self.sizes), s.attributes) for s in chosen]
        self.packing = Packing(parts)
        starts = {}
        for s, part in zip(chosen, parts, strict=True):
            starts[s.name] = given.get(s.name)
            if starts[s.name] is None:
                starts[s.name] = default_start(s, part.shape)
            check_start(starts[s.name], part, s)
        self.start = np.array(self.packing.pack(starts))
        self._set_bounds(chosen, bounds)
        self.start = np.clip(self.start, self.low, self.high)

    def _check_names(self, given: Mapping[str, Array], bounds: Mapping[str, Any], elsewhere: set[str]) -> None:
        parameters = self.function.parameters
        both = [name for name in self.variables if name in self.data]
        if both:
            raise errors.ArgumentError(
                f"{both[0]} is a variable and has a value in the data",
                hint=f"give the value at which {both[0]} starts as start={{{both[0]!r}: ...}}",
            )
        missing = [name for name in parameters if name not in self.data and name not in self.variables]
        if missing:
            raise errors.ArgumentError(
                f"neither a variable nor in the data: {', '.join(missing)}",
                found=f"variables: {', '.join(self.variables)}\ndata: {', '.join(self.data) or 'none'}",
            )
        for name in (*given, *bounds):
            known(name, self.variables, "variable")
        for name in self.further:
            if name not in elsewhere:
                known(name, parameters, "parameter")

    def _set_bounds(self, chosen: Iterable[Symbol], bounds: Mapping[str, tuple[Any, Any]]) -> None:
        self.bounds = []
        lows, highs = [], []
        for s, part in zip(chosen, self.packing.parts, strict=True):
            least = np.finfo(float).tiny if "positive" in s.attributes else 0.0 if "nonneg" in s.attributes else -np.inf
            if least > -np.inf:
                self.bounds.append(f"{s.name} is declared {'positive' if least else 'nonneg'}")
            low, high = -np.inf, np.inf
            if s.name in bounds:
                self.bounds.append(f"{s.name} has bounds")
                low, high = bound_ends(s.name, bounds[s.name])
            try:
                low = part.pack(np.broadcast_to(np.asarray(low, float), part.shape))
                high = part.pack(np.broadcast_to(np.asarray(high, float), part.shape))
            except (ValueError, TypeError):
                raise errors.ShapeError(
                    f"the bounds of {s.name} do not fit its shape", found=f"{s.name} has the shape {part.shape}"
                ) from None
            low = np.maximum(low, least)
            if not np.all(low <= high):
                raise errors.ArgumentError(
                    f"the bounds of {s.name} leave nothing: the lower one is above the upper one"
                )
            lows.append(low)
            highs.append(high)
        self.low, self.high = np.concatenate(lows), np.concatenate(highs)

    def named(self, x: Array) -> dict[str, Array]:
        """The arrays of a vector by name, as copies; scalars as floats."""
        parts = zip(self.packing.parts, self.packing.unpack(x), strict=True)
        return {part.name: array.copy() if part.shape else float(array) for part, array in parts}

    def projected_norm(self, x: Array, gradient: Array) -> float:
        """The largest entry of the gradient, as far as the bounds let x move against it."""
        if self.bounds:
            gradient = x - np.clip(x - gradient, self.low, self.high)
        return float(np.max(np.abs(gradient), initial=0.0))


def known(name: str, names: Sequence[str], what: str) -> None:
    """Raises ArgumentError unless `name` is one of `names`."""
    if name not in names:
        close = errors.suggest(name, names)
        raise errors.ArgumentError(
            f"there is no {what} {name}",
            found=f"the {what}s are {', '.join(names)}",
            hint=f"did you mean {close}?" if close else "",
        )


def start_arrays(start: Any, variables: Sequence[str]) -> dict[str, Array]:
    """The starting arrays that are given, by name."""
    if start is None:
        return {}
    if not isinstance(start, Mapping):
        if len(variables) != 1:
            raise errors.ArgumentError(
                "start is one array, and there are several variables",
                hint=f"start={{{', '.join(f'{name!r}: ...' for name in variables)}}}",
            )
        start = {variables[0]: start}
    return {name: numbers(name, value) for name, value in start.items()}


def numbers(name: str, value: Any) -> Array:
    """A starting value as a float64 array."""
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "biuf":
            raise ValueError
        return array.astype(float)
    except ValueError:
        raise errors.TypeError(f"the start of {name} holds no real numbers", found=f"it is {value!r:.60}") from None


def check_start(start: Array, part: Part, variable: Symbol) -> None:
    """Raises ShapeError or DomainError for a start that is not in the variable's space."""
    if start.shape != part.shape:
        raise errors.ShapeError(
            f"the start of {part.name} has another shape",
            found=f"it is {start.shape}",
            needed=f"{part.shape}, which the data or the sizes ask for",
        )
    if not np.allclose(part.unpack(part.pack(start)), start, rtol=1e-8, atol=0, equal_nan=True):
        declared = ", ".join(sorted(variable.attributes))
        raise errors.DomainError(f"the start of {part.name} is not what {part.name} is declared to be: {declared}")


def check_variables(variables: Iterable[Symbol]) -> None:
    """Raises ArgumentError for what is not searched in a linear space."""
    for s in variables:
        for attribute in ("integer", "orthogonal", "sparse"):
            if attribute in s.attributes:
                raise errors.ArgumentError(
                    f"{s.name} is declared {attribute}: it cannot be a variable",
                    hint="minimize searches real numbers and linear spaces of matrices",
                )


def definition_for(function: Function, orders: Mapping[str, int]) -> Definition:
    """The function's meaning where the arrays with these orders are given; other orders are the likeliest that fit."""
    untyped = function._untyped
    options = [(orders[name],) if name in orders else preferences(name) for name in untyped]
    first: errors.ShapeError | None = None
    for choice in itertools.product(*options):
        try:
            definition = function.definition(choice)
        except errors.ShapeError as error:
            first = first or error
            continue
        if not definition.several and not definition.results[0].order:
            return definition
    if first is not None:
        raise first
    return function.definition()  # whose gradient, asked for next, explains what is not scalar


def all_sizes(symbols: Mapping[str, Symbol], arrays: Mapping[str, Any], sizes: Mapping[str, int]) -> dict[str, int]:
    """The sizes that the arrays and `sizes` give to the size names."""
    names = sorted({n for s in symbols.values() for dim in s.shape for n in dim.names})
    for name, size in sizes.items():
        known(name, names, "size")
        if size < 0:
            raise errors.ArgumentError(f"the size {name} is negative", found=f"{name} = {size}")
    for name, array in arrays.items():
        if np.ndim(array) != symbols[name].order:
            raise errors.ShapeError(
                f"{name} has {symbols[name].order} dimensions", found=f"the given array has {np.ndim(array)}"
            )
    return {**size_names([symbols[name] for name in arrays], arrays), **sizes}


def shape_of(variable: Symbol, sizes: Mapping[str, int]) -> tuple[int, ...]:
    """The shape of a variable.  Raises ArgumentError for a size that nothing determines."""
    lacking = sorted({n for dim in variable.shape for n in dim.names} - sizes.keys())
    if lacking:
        raise errors.ArgumentError(
            f"the size {lacking[0]} of {variable.name} is not known",
            found="neither data nor start have it",
            hint=f"sizes={{{lacking[0]!r}: ...}}",
        )
    return tuple(dim.evaluate(sizes) for dim in variable.shape)


def default_start(variable: Symbol, shape: tuple[int, ...]) -> Array:
    """Where a variable starts that is given no start."""
    attributes = variable.attributes
    positive = bool(attributes & {"positive", "nonneg"})
    if variable.order == 2 and attributes & {"posdef", "psd", "diagonal", "lower", "upper"}:
        return np.eye(shape[0], shape[1])
    if variable.order < 2 or "symmetric" in attributes:
        return np.ones(shape) if positive else np.zeros(shape)
    # Zero, and any matrix with equal columns, is a saddle point of factorizations and networks.
    drawn = np.random.default_rng(SEED).normal(size=shape) / np.sqrt(max(shape[-1], 1))
    return np.abs(drawn) if positive else drawn


def bound_ends(name: str, ends: Any) -> tuple[Any, Any]:
    """The two ends of a bound, with infinities for None."""
    try:
        low, high = ends
    except (TypeError, ValueError):
        raise errors.ArgumentError(
            f"the bounds of {name} are a pair (low, high)", found=f"they are {ends!r:.60}", hint="None is no bound"
        ) from None
    return -np.inf if low is None else low, np.inf if high is None else high
