"""Those who compete: a call without arguments for each, which computes value and gradient.

Enters: an objective and its data.  Leaves: calls and their results as NumPy arrays.  Always holds: a library is
imported when it is asked for, works in float64 with one thread and on arrays of its own kind, so that no conversion is
counted against it; its call returns when the result is there.  Not for: timing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from .objective import EXAMPLES, Array, Formula, Objective

Call = Callable[[], Any]
PEERS = ("jax", "jax-expert", "torch", "autograd", "torch-compiled")
DEFAULT_PEERS = ("jax", "jax-expert", "torch")
EXPERTS = ("numpy", "numba")


def contenders(objective: Objective, arguments: Mapping[str, Array], peers: Sequence[str]) -> dict[str, Call]:
    """The calls by name: matgrad, the experts, and the peers that are asked for and have a form of the objective."""
    made = {"matgrad": matgrad(objective, arguments)}
    for name in EXPERTS:
        made[name] = partial(getattr(objective, name), *arguments.values())
    variables = [list(arguments).index(name) for name in objective.variables]
    makers: dict[str, Callable[[], Call]] = {
        "jax": lambda: jax(partial(objective.formula, _jax().numpy), arguments, variables),
        "torch": lambda: torch(objective.torch, arguments, variables),
        "torch-compiled": lambda: torch(_torch().compile(objective.torch), arguments, variables),
        "autograd": lambda: autograd(objective.formula, arguments, variables),
    }
    if objective.jax is not None:
        expert = objective.jax
        makers["jax-expert"] = lambda: jax(expert, arguments, variables)
    return made | {name: makers[name]() for name in peers if name in makers}


def matgrad(objective: Objective, arguments: Mapping[str, Array]) -> Call:
    """matgrad with the data bound; the gradient is a fresh array."""
    import matgrad as mg

    function = mg.load(EXAMPLES / f"{objective.file}.mg")[objective.name]
    data = {name: value for name, value in arguments.items() if name not in objective.variables}
    bound = function.value_and_grad(*objective.variables).bind(**data)
    return partial(bound, *(arguments[name] for name in objective.variables))


def jax(formula: Formula, arguments: Mapping[str, Array], variables: Sequence[int]) -> Call:
    """JAX, compiled; the data are arguments, for as constants they would be folded into the program."""
    library = _jax()
    compiled = library.jit(library.value_and_grad(formula, variables if len(variables) > 1 else variables[0]))
    own = [library.numpy.asarray(value) for value in arguments.values()]
    wait = library.block_until_ready
    return lambda: wait(compiled(*own))


def torch(formula: Formula, arguments: Mapping[str, Array], variables: Sequence[int]) -> Call:
    """PyTorch, eager (or a formula that it has compiled)."""
    library = _torch()
    own = [library.tensor(np.asarray(value)) for value in arguments.values()]
    leaves = [own[k].requires_grad_() for k in variables]
    gradient = library.autograd.grad

    def call() -> Any:
        value = formula(*own)
        return value, gradient(value, leaves)

    return call


def autograd(formula: Formula, arguments: Mapping[str, Array], variables: Sequence[int]) -> Call:
    """autograd."""
    import autograd as library
    import autograd.numpy as namespace

    differentiated = library.value_and_grad(formula, tuple(k + 1 for k in variables))
    return partial(differentiated, namespace, *arguments.values())


def numbers(result: Any) -> list[Array]:
    """Value and gradients of any contender's result as NumPy arrays."""
    value, gradient = result
    parts = gradient if isinstance(gradient, tuple | list) else (gradient,)
    return [np.asarray(part.detach() if hasattr(part, "detach") else part) for part in (value, *parts)]


def _jax() -> Any:
    import jax as library

    library.config.update("jax_enable_x64", True)
    library.config.update("jax_cpu_enable_async_dispatch", False)  # up to a third faster for short calls
    return library


def _torch() -> Any:
    import torch as library

    library.set_num_threads(1)
    return library
