"""What must hold of a program: matgrad's values and derivatives against NumPy and differences.

A check returns a complaint, or an empty text.  What cannot be judged (values that are not finite, differences that do
not converge, because a kink is near or the numbers are large) is passed over and counted.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import matgrad as mg
from matgrad.compiler.kernel.interpret import run
from matgrad.compiler.language.definition import Definition
from matgrad.compiler.plan import plan
from matgrad.compiler.plan.atoms import NoRoutine
from matgrad.compiler.tensor.evaluate import evaluate, size_names

from .productions import SIZES
from .programs import Program, array, data

Array = Any
LARGEST = 1e4
MOST_VARIABLES = 2  # to differentiate by


class Unclear(Exception):
    """The program cannot be judged at these data."""


def complaint(program: Program, seed: int, kernels: bool = False) -> str:
    """What is wrong with matgrad's answers, or an empty text.  Raises Unclear.

    With `kernels` the value and the gradient are also computed by compiled kernels.
    """
    arrays = data(program.parameters, seed)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            truth = program.value(arrays)
        except (np.linalg.LinAlgError, ValueError) as error:
            raise Unclear from error
        if not np.all(np.isfinite(truth)) or np.max(np.abs(truth)) > LARGEST:
            raise Unclear
        function = mg.function(program.text)
        value = _evaluated(function.definition(), arrays)
        found = _differs("value", value, truth, 1e-9)
        if found:
            return found
        found = _differs("planned value", _planned(function.definition(), arrays), truth, 1e-9)
        found = found or _printed("value", function, arrays, truth)
        if found or not program.parameters:
            return found
        if kernels:
            found = _differs("compiled value", function(**arrays), truth, 1e-9)
            if found:
                return found
        rng = np.random.default_rng(seed + 1)
        # The orthogonal parameter is trusted: rules that use it are not true around it.
        variables = [name for name in program.parameters if name != "Q"]
        rng.shuffle(variables)
        judged = 0
        for name in variables[:MOST_VARIABLES]:
            try:
                found = _derivatives(function, program, arrays, name, rng, kernels)
            except Unclear:
                continue
            if found:
                return found
            judged += 1
        if variables and not judged:
            raise Unclear
    return ""


def _derivatives(
    function: mg.Function,
    program: Program,
    arrays: dict[str, Array],
    name: str,
    rng: np.random.Generator,
    kernels: bool,
) -> str:
    direction = array(name, rng, direction=True)

    def along(compute: Callable[[dict[str, Array]], Array]) -> tuple[Array, Array]:
        """The derivative of a computation along the direction, and how far it is to be believed."""
        estimates = []
        for step in (2e-4, 1e-4):
            ends = [compute(arrays | {name: arrays[name] + k * step * direction}) for k in (1, -1, 0.5, -0.5)]
            estimates.append((4 * (ends[2] - ends[3]) / step - (ends[0] - ends[1]) / (2 * step)) / 3)
        doubt = np.max(np.abs(estimates[0] - estimates[1]), initial=0.0)
        size = np.max(np.abs(estimates[1]), initial=0.0)
        if not np.isfinite(doubt) or size > LARGEST or doubt > 1e-5 * (1 + size):
            raise Unclear
        return estimates[1], doubt

    slope, doubt = along(program.value)
    tolerance = max(1e-6, 30 * doubt)
    scalar = slope.ndim == 0
    tangent = function.jvp(name).definition()
    last = tangent.parameters[-1].name
    found = _differs(f"jvp by {name}", _evaluated(tangent, arrays | {last: direction}), slope, tolerance)
    if found:
        return found
    derived = (function.grad(name) if scalar else function.jac(name)).definition()
    derivative = _evaluated(derived, arrays)
    what = f"{'gradient' if scalar else 'Jacobian'} by {name}"
    found = _differs(what, np.tensordot(derivative, direction, direction.ndim), slope, tolerance)
    found = found or _differs(f"planned {what}", _planned(derived, arrays), derivative, 1e-8)
    found = found or _printed(what, function.grad(name) if scalar else function.jac(name), arrays, derivative)
    if kernels and not found:
        found = _differs(
            f"compiled {what}", (function.grad(name) if scalar else function.jac(name))(**arrays), derivative, 1e-8
        )
    if found or not scalar:
        return found
    try:
        return _second(function, arrays, name, direction, along, derived)
    except mg.DomainError:  # eigenvalues and the like, where they are multiple
        return ""


def _second(
    function: mg.Function,
    arrays: dict[str, Array],
    name: str,
    direction: Array,
    along: Callable[..., tuple[Array, Array]],
    gradient: Definition,
) -> str:
    slope, doubt = along(lambda moved: _evaluated(gradient, moved))
    product = function.hvp(name).definition()
    last = product.parameters[-1].name
    value = _evaluated(product, arrays | {last: direction})
    tolerance = max(1e-6, 30 * doubt)
    found = _differs(f"hvp by {name}", value, slope, tolerance)
    if found:
        return found
    hessian = _evaluated(function.hess(name).definition(), arrays)
    return _differs(f"Hessian by {name}", np.tensordot(hessian, direction, direction.ndim), value, 1e-7)


def _printed(what: str, function: mg.Function, arrays: dict[str, Array], truth: Array) -> str:
    """What is printed parses again, with equal values."""
    again = mg.function(function.text())
    if set(again.parameters) - arrays.keys():
        return f"printed {what}: other parameters"
    orders = () if "fn " in function.text() else tuple(arrays[name].ndim for name in again.parameters)
    definition = again.definition(orders)
    sizes = size_names(list(definition.parameters), arrays)
    return _differs(f"printed {what}", evaluate(definition.results[0], arrays, sizes), truth, 1e-8)


def _evaluated(definition: Definition, arrays: dict[str, Array]) -> Array:
    return evaluate(definition.results[0], arrays, SIZES)


def _planned(definition: Definition, arrays: dict[str, Array]) -> Array:
    try:
        program = plan(definition.results, definition.parameters, SIZES)
    except NoRoutine:
        return _evaluated(definition, arrays)
    status, outputs = run(program, [arrays[p.name] for p in definition.parameters])
    if status:
        raise Unclear
    return outputs[0]


def _differs(what: str, found: Array, truth: Array, tolerance: float) -> str:
    found, truth = np.asarray(found), np.asarray(truth)
    if found.shape != truth.shape:
        return f"{what}: shape {found.shape} instead of {truth.shape}"
    size = 1 + np.max(np.abs(truth), initial=0.0)
    error = np.max(np.abs(found - truth), initial=0.0)
    return "" if error <= tolerance * size else f"{what}: off by {error:.3g} (size {size:.3g})"
