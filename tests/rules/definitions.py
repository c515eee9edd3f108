"""The checker of `def` lines: abbreviations against NumPy."""

from __future__ import annotations

import numpy as np
import scipy.special

from matgrad.compiler.calculus.rulebook import Key, instantiate, rulebook
from matgrad.compiler.tensor.dims import Dim
from matgrad.compiler.tensor.evaluate import evaluate
from matgrad.compiler.tensor.expr import symbol

from .checker import Refused

# The names that users write, and what they mean along an axis (None: of everything).
TRUTHS = {
    "mean": lambda x, axis: np.mean(x, axis=axis, keepdims=axis == 0),
    "var": lambda x, axis: np.var(x),
    "softmax": lambda x, axis: scipy.special.softmax(x, axis=axis),
    "logsoftmax": lambda x, axis: scipy.special.log_softmax(x, axis=axis),
}


def check_definition(key: Key) -> None:
    """Raises Refused unless the abbreviation is what its name says."""
    name, _, literal = key
    axis = None if not literal else int(literal) - 1
    x = symbol("x", (Dim.of("m"), Dim.of("n")))
    array = np.random.default_rng(5).normal(size=(5, 3))
    template = rulebook().definitions[key]
    value = evaluate(instantiate(template.value, {template.parameters[0]: x}), {"x": array}, {"m": 5, "n": 3})
    truth = TRUTHS[name](array, axis)
    if value.shape != truth.shape or not np.allclose(value, truth):
        raise Refused(f"{name} is not {truth}")
