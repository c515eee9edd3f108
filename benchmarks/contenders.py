"""Who competes in a cell, and who does not, and why.

Enters: an objective at a size.  Leaves: the calls by name, and reasons for those that are left out.  Always holds: the
order is that of the tables, matgrad first; the experts' code by hand is in NumPy and, where that is another, in Numba.
Not for: how a library is called (`peers.py`); timing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from . import peers
from .objective import Array, Objective
from .peers import Contender, plain

EXPERTS = ("numpy", "numba")
PEERS = ("jax", "jax-expert", "torch", "torch-compiled", "pytensor", "casadi", "autograd", "naive")
CASADI_ELEMENTS = 40_000  # of all arguments: its products of matrices are plain loops
COMPILED_REASON = "a call of compiled PyTorch costs 20 µs and more, so only large sizes are measured"


def makers(
    objective: Objective, size: str, arguments: Mapping[str, Array]
) -> tuple[dict[str, Callable[[], Contender]], dict[str, str]]:
    """How each contender is made, and for those who do not compete the reason."""
    expert = objective.expert or objective.formula
    makers: dict[str, Callable[[], Contender]] = {"numpy": lambda: plain(partial(objective.numpy, *arguments.values()))}
    makers["matgrad"] = lambda: matgrad(objective, arguments)
    if (numba := objective.numba) is not None:
        makers["numba"] = lambda: plain(partial(numba, *arguments.values()))
    makers["jax"] = lambda: peers.jax(objective, objective.formula, arguments)
    if objective.expert is not None or objective.of == "jac":
        makers["jax-expert"] = lambda: peers.jax(objective, expert, arguments, forward=True)
    makers["torch"] = lambda: peers.torch(objective, expert, arguments)
    makers["torch-compiled"] = lambda: peers.torch(objective, expert, arguments, compiled=True)
    makers["pytensor"] = lambda: peers.pytensor(objective, expert, arguments)
    makers["casadi"] = lambda: peers.casadi(objective, objective.formula, arguments)
    makers["autograd"] = lambda: peers.autograd(objective, objective.formula, arguments)
    if (naive := objective.naive) is not None:
        makers["naive"] = lambda: plain(partial(naive, *arguments.values()))
    without = {}
    for key, reason in (objective.without or {}).items():
        name, _, only = key.partition(":")
        if only in ("", size):
            without[name] = reason
    if size != "large":
        without["torch-compiled"] = COMPILED_REASON
    if sum(getattr(a, "size", 1) for a in arguments.values()) > CASADI_ELEMENTS:
        without["casadi"] = "products of large matrices are plain loops in CasADi"
    return {name: make for name, make in makers.items() if name not in without}, without


def matgrad(objective: Objective, arguments: Mapping[str, Array]) -> Contender:
    """matgrad with the data bound; results are fresh arrays."""
    import matgrad as mg

    function = mg.loads(objective.source)[objective.name]
    free = dict.fromkeys(objective.variables)
    derive = function.value_and_grad if objective.of == "gradient" else getattr(function, objective.of)
    given = [arguments[name] for name in free]
    data = {name: value for name, value in arguments.items() if name not in free}
    if objective.of == "hvp":
        given.append(data.pop(list(arguments)[-1]))
    return plain(partial(derive(*free).bind(**data), *given))
