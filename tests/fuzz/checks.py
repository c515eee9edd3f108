"""What must hold of a program: matgrad's values and derivatives against NumPy and differences.

A check returns a complaint, or an empty text.  What cannot be judged (values that are not finite, differences that do
not converge, because a kink is near or the numbers are large) is passed over and counted.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

import matgrad as mg
from matgrad.compiler.kernel.interpret import run
from matgrad.compiler.language.definition import Definition
from matgrad.compiler.plan import plan
from matgrad.compiler.plan.atoms import NoRoutine
from matgrad.compiler.tensor.evaluate import evaluate, size_names
from matgrad.runtime.sparse import held

from .productions import INTEGERS
from .programs import Program, array, data

Array = Any
LARGEST = 1e4
MOST_VARIABLES = 2  # to differentiate by; the second derivative is taken by one
# Of the evaluation, of the plan, of what is printed.
EXACT, PLANNED = 1e-9, 1e-8


class Unclear(Exception):
    """The program cannot be judged at these data."""


def complaint(program: Program, seed: int, kernels: bool = False) -> str:
    """What is wrong with matgrad's answers, or an empty text.  Raises Unclear.

    With `kernels` values and derivatives are also computed by compiled kernels, through calls.
    """
    arrays = data(program.parameters, seed)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            truths = program.values(arrays)
        except (np.linalg.LinAlgError, ValueError) as error:
            raise Unclear from error
        if not all(np.all(np.isfinite(t)) and np.max(np.abs(t)) <= LARGEST for t in truths):
            raise Unclear
        function = program.function
        found = _values(function, arrays, truths, kernels)
        if found or not program.parameters:
            return found
        if program.further is not None:
            program = replace(program, further=None)
            function = program.function
        rng = np.random.default_rng(seed + 1)
        # The orthogonal parameter is trusted: rules that use it are not true around it.
        variables = [name for name in program.parameters if name not in ("Q", "W", *INTEGERS)]
        rng.shuffle(variables)
        judged: list[str] = []
        for name in variables[:MOST_VARIABLES]:
            try:
                found = _derivatives(function, program, arrays, name, rng, not judged)
            except Unclear:
                continue
            if found:
                return found
            judged.append(name)
        if variables and not judged:
            raise Unclear
        return _programs(function, program, arrays, judged, kernels) if judged else ""


def _values(function: mg.Function, arrays: dict[str, Array], truths: Sequence[Array], kernels: bool) -> str:
    definition = definition_for(function, arrays)
    for result, truth in zip(definition.results, truths, strict=True):
        found = differs("value", evaluate(result, arrays, _sizes(definition, arrays)), truth, EXACT)
        if found:
            return found
    if len(truths) > 1 or kernels:
        computed = planned(definition, arrays)
        found = next(
            filter(None, (differs("planned value", p, t, EXACT) for p, t in zip(computed, truths, strict=True))), ""
        )
        if kernels and not found:
            given = function(**arrays)
            returned = given if len(truths) > 1 else (given,)
            found = next(
                filter(None, (differs("compiled value", p, t, EXACT) for p, t in zip(returned, truths, strict=True))),
                "",
            )
        if found or len(truths) > 1:
            return found
    return printed("value", function, arrays, truths[0])


def _derivatives(
    function: mg.Function,
    program: Program,
    arrays: dict[str, Array],
    name: str,
    rng: np.random.Generator,
    second: bool,
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
    tangent = definition_for(function.jvp(name), arrays)
    last = tangent.parameters[-1].name
    found = differs(f"jvp by {name}", evaluated(tangent, arrays | {last: direction}), slope, tolerance)
    if found:
        return found
    derived = function.jac(name) if slope.ndim else function.grad(name)
    gradient = definition_for(derived, arrays)
    derivative = evaluated(gradient, arrays)
    what = f"{'Jacobian' if slope.ndim else 'gradient'} by {name}"
    found = differs(what, np.tensordot(derivative, direction, direction.ndim), slope, tolerance)
    if found or not second:
        return found
    found = printed(what, derived, arrays, derivative)
    if found or slope.ndim:
        return found
    try:
        return _second(function, arrays, name, direction, along, gradient)
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
    slope, doubt = along(lambda moved: evaluated(gradient, moved))
    product = definition_for(function.hvp(name), arrays)
    last = product.parameters[-1].name
    value = evaluated(product, arrays | {last: direction})
    tolerance = max(1e-6, 30 * doubt)
    found = differs(f"hvp by {name}", value, slope, tolerance)
    if found:
        return found
    hessian = evaluated(definition_for(function.hess(name), arrays), arrays)
    return differs(f"Hessian by {name}", np.tensordot(hessian, direction, direction.ndim), value, 1e-7)


def _programs(
    function: mg.Function, program: Program, arrays: dict[str, Array], variables: Sequence[str], kernels: bool
) -> str:
    """The program of the value and all gradients together (or of the Jacobian), against the evaluation."""
    scalar = not program.value(arrays).ndim
    derived = function.value_and_grad(*variables) if scalar else function.jac(variables[0])
    definition = definition_for(derived, arrays)
    sizes = _sizes(definition, arrays)
    truths = [evaluate(r, arrays, sizes) for r in definition.results]
    what = f"{'gradient' if scalar else 'Jacobian'} by {', '.join(variables)}"
    pairs = list(zip(planned(definition, arrays), truths, strict=True))
    if not scalar:  # its value has no part in the program of the Jacobian
        base = definition_for(function, arrays)
        pairs.append((planned(base, arrays)[0], evaluated(base, arrays)))
    found = next(filter(None, (differs(f"planned {what}", p, t, PLANNED) for p, t in pairs)), "")
    if kernels and not found:
        returned = derived(*(arrays[name] for name in derived.parameters))
        flat = [returned] if not scalar else [returned[0], *(returned[1] if len(variables) > 1 else returned[1:])]
        found = next(
            filter(None, (differs(f"compiled {what}", p, t, PLANNED) for p, t in zip(flat, truths, strict=True))), ""
        )
    return found


def printed(what: str, function: mg.Function, arrays: dict[str, Array], truth: Array) -> str:
    """What is printed parses again, with equal values."""
    text = function.text() if not function._untyped else _text(definition_for(function, arrays))
    try:
        again = mg.function(text)
    except mg.TypeError as error:  # the derivative of x'*W*y + x'*A*y, say, is one that would make W dense
        if "sparse" in str(error):
            return ""
        raise
    if set(again.parameters) - arrays.keys():
        return f"printed {what}: other parameters"
    return differs(f"printed {what}", evaluated(definition_for(again, arrays), arrays), truth, PLANNED)


def _text(definition: Definition) -> str:
    from matgrad.compiler.printing.printer import function_text

    return function_text("f", definition.parameters, definition.results, definition.several)


def definition_for(function: mg.Function, arrays: dict[str, Array]) -> Definition:
    """The function for parameters of these orders."""
    return function.definition(tuple(np.ndim(arrays[name]) for name in function._untyped))


def _sizes(definition: Definition, arrays: dict[str, Array]) -> dict[str, int]:
    integers = {p.name: int(arrays[p.name]) for p in definition.parameters if "integer" in p.attributes}
    return size_names(list(definition.parameters), arrays) | integers


def evaluated(definition: Definition, arrays: dict[str, Array]) -> Array:
    return evaluate(definition.results[0], arrays, _sizes(definition, arrays))


def planned(definition: Definition, arrays: dict[str, Array]) -> Sequence[Array]:
    """The results of the program; those of the evaluation where there is none.  Raises Unclear if it fails."""
    sizes = _sizes(definition, arrays)
    try:
        program = plan(definition.results, definition.parameters, sizes)
    except NoRoutine:
        return [evaluate(r, arrays, sizes) for r in definition.results]
    except mg.TypeError as error:  # the Jacobian of W*x, say, is W, which is not made dense
        if "sparse" in str(error):
            raise Unclear from error
        raise
    status, outputs = run(program, held_arguments(definition, arrays))
    if status:
        raise Unclear
    return outputs


def held_arguments(definition: Definition, arrays: dict[str, Array]) -> list[Array]:
    """The arguments as programs take them: a sparse matrix as its arrays."""
    found: list[Array] = []
    for p in definition.parameters:
        found += held(p.name, p.attributes, arrays[p.name]) if "sparse" in p.attributes else [arrays[p.name]]
    return found


def differs(what: str, found: Array, truth: Array, tolerance: float) -> str:
    found, truth = np.asarray(found), np.asarray(truth)
    if found.shape != truth.shape:
        return f"{what}: shape {found.shape} instead of {truth.shape}"
    size = 1 + np.max(np.abs(truth), initial=0.0)
    error = np.max(np.abs(found - truth), initial=0.0)
    return "" if error <= tolerance * size else f"{what}: off by {error:.3g} (size {size:.3g})"
