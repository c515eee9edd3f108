"""Random arguments for a function: sizes that fit its types, and arrays that have the declared attributes.

Enters: a definition, and a random number generator.  Leaves: sizes and arrays by name.  Always holds: what is drawn has
the attributes of its parameter; equal generators draw equal numbers.  Not for: whether the function exists at the
numbers drawn (a logarithm of a negative number); whoever needs that draws again, in another style.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ...compiler.language.definition import Definition
from ...compiler.tensor.expr import Symbol
from ..optimization.packing import SYMMETRIC, Part

Array = Any

# How numbers are drawn: of both signs; positive; small. Square matrices are near the identity in the last two.
STYLES = ("normal", "positive", "small")
PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29)


def size_names(definition: Definition) -> list[str]:
    """The names of all sizes of the parameters, in order of appearance."""
    integers = {p.name for p in definition.parameters if "integer" in p.attributes}
    names = dict.fromkeys(n for p in definition.parameters for dim in p.shape for n in sorted(dim.names))
    return [name for name in names if name not in integers]


def fitting_sizes(definition: Definition, most: int) -> Iterator[dict[str, int]]:
    """Sizes at which the function can be called, and values of its integer parameters; at most so many.

    Distinct primes come first, larger ones for earlier names: data matrices are tall then, as X'*X wants them.  Nothing
    is yielded for a function whose requirements no sizes up to 8 fulfil.
    """
    names = size_names(definition)
    integers = [p.name for p in definition.parameters if "integer" in p.attributes]
    distinct = itertools.permutations(reversed(PRIMES[: max(len(names), 2)]), len(names))
    equal = itertools.product(range(8, -1, -1), repeat=len(names)) if len(names) <= 5 else ()
    found = 0
    for values in itertools.chain(distinct, equal):
        for offset in range(3):
            sizes = dict(zip(names, values, strict=True))
            sizes |= {name: offset + number for number, name in enumerate(integers)}
            if fits(definition, sizes):
                yield sizes
                found += 1
                break
        if found == most:
            return


def fits(definition: Definition, sizes: Mapping[str, int]) -> bool:
    """Whether the definition's requirements hold for these sizes."""
    dims = [dim for p in definition.parameters for dim in p.shape] + [dim for dim, _ in definition.requirements]
    return all(dim.evaluate(sizes) >= 0 for dim in dims)


def draw_arguments(
    parameters: Sequence[Symbol], sizes: Mapping[str, int], rng: np.random.Generator, style: str = "normal"
) -> dict[str, Array]:
    """An array (a number for a scalar) for each parameter."""
    return {
        p.name: sizes[p.name]
        if "integer" in p.attributes
        else draw(p, tuple(dim.evaluate(sizes) for dim in p.shape), rng, style)
        for p in parameters
    }


def draw(parameter: Symbol, shape: tuple[int, ...], rng: np.random.Generator, style: str = "normal") -> Array:
    """An array of this shape with the parameter's attributes."""
    attributes = parameter.attributes
    numbers = _numbers(shape, rng, style)
    square = len(shape) == 2 and shape[0] == shape[1]
    if attributes & {"positive", "nonneg"}:
        numbers = np.abs(numbers) + 0.3
    elif square and style != "normal":
        numbers = numbers / (2 * max(shape[0], 1)) + np.eye(shape[0])
    if not shape:
        return float(numbers)
    if attributes & {"posdef", "psd"}:
        numbers = numbers @ numbers.T / max(shape[0], 1) + np.eye(shape[0])
    elif attributes & SYMMETRIC:
        numbers = (numbers + numbers.T) / 2
    elif "orthogonal" in attributes:
        numbers = np.linalg.qr(numbers)[0]
    part = Part.of(parameter.name, shape, attributes)
    if part.free is None:
        return numbers
    if square and attributes & {"lower", "upper", "diagonal"}:
        # Away from singular: what is declared triangular or diagonal is usually divided by.
        signs = np.where(np.diag(numbers) < 0, -1.0, 1.0)
        numbers = numbers + np.diag(signs)
    return part.unpack(part.pack(numbers))


def _numbers(shape: tuple[int, ...], rng: np.random.Generator, style: str) -> Array:
    if style == "normal":
        return rng.normal(size=shape)
    low, high = (0.4, 1.6) if style == "positive" else (-0.25, 0.25)
    return rng.uniform(low, high, size=shape)
