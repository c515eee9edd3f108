"""Constraints: matgrad functions of variables and data as functions of the packed vector.

Enters: the constraints given to `minimize`.  Leaves: constraints as SciPy takes them.  Always holds: a matgrad function
brings its own Jacobian; whatever else is given goes to SciPy unchanged.  Not for: bounds (`problem.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ...grammar.errors import ArgumentError
from .objective import assembled
from .packing import Part
from .problem import Problem

if TYPE_CHECKING:
    from ..function import Function

Array = Any


def listed(constraints: Any) -> list[Any]:
    """The constraints, also where one is given alone."""
    return list(constraints) if isinstance(constraints, (list, tuple)) else [constraints]


def is_ours(constraint: Any) -> bool:
    """Whether it is a mapping with a matgrad function."""
    from ..function import Function

    return isinstance(constraint, Mapping) and isinstance(constraint.get("fun"), Function)


def parameters_of(constraints: Any) -> set[str]:
    """The names of all parameters of constraints that are matgrad functions."""
    return {name for c in listed(constraints) if is_ours(c) for name in c["fun"].parameters}


def for_scipy(constraints: Any, problem: Problem, method: str) -> list[Any]:
    """The constraints as SciPy takes them.

    Raises ArgumentError for a constraint with a parameter that has no value, or with no variable.
    """
    for constraint in listed(constraints):
        if isinstance(constraint, Mapping) and not callable(constraint.get("fun")):
            raise ArgumentError(
                "a constraint has no function",
                found=f"it has {', '.join(map(repr, constraint)) or 'nothing'}",
                needed='{"type": "eq", "fun": g} with a function g',
            )
    return [_packed(c, problem, method) if is_ours(c) else c for c in listed(constraints)]


def _packed(constraint: Mapping[str, Any], problem: Problem, method: str) -> Any:
    g: Function = constraint["fun"]
    kind = constraint.get("type")
    if kind not in ("eq", "ineq"):
        raise ArgumentError(
            "a constraint has no type", found=f"its type is {kind!r}", needed='"eq" (g = 0) or "ineq" (g >= 0)'
        )
    names = [name for name in g.parameters if name in problem.variables]
    missing = [name for name in g.parameters if name not in names and name not in problem.further]
    if missing or not names:
        title = f"the constraint's parameter {missing[0]} has no value" if missing else "a constraint without variables"
        raise ArgumentError(
            title, found=f"the constraint is {g!r}", hint=f"the variables are {', '.join(problem.variables)}"
        )
    data = {name: problem.further[name] for name in g.parameters if name not in names}
    value = g.bind(**data)
    jacobians = {name: g.jac(name).bind(**data) for name in names}
    packing = problem.packing

    def arrays(x: Array) -> list[Array]:
        by_name = dict(zip(problem.variables, packing.unpack(x), strict=True))
        return [by_name[name] for name in names]

    def evaluate(x: Array) -> Array:
        return np.ravel(value(*arrays(x)))

    def jacobian(x: Array) -> Array:
        chosen = arrays(x)
        blocks = {}
        for part in packing.parts:
            if part.name in jacobians:
                blocks[part.name] = part.pack_gradient(jacobians[part.name](*chosen)).reshape(-1, part.size)
        rows = len(next(iter(blocks.values())))
        return np.hstack([blocks.get(part.name, np.zeros((rows, part.size))) for part in packing.parts])

    if method != "trust-constr":
        return {"type": kind, "fun": evaluate, "jac": jacobian}
    from scipy.optimize import NonlinearConstraint

    second = _hessian(g, names, data, np.shape(value(*arrays(problem.start))), problem)
    return NonlinearConstraint(evaluate, 0, 0 if kind == "eq" else np.inf, jacobian, second)


def _hessian(
    g: Function, names: list[str], data: Mapping[str, Any], shape: tuple[int, ...], problem: Problem
) -> Callable[[Array, Array], Array]:
    """(x, v) -> the Hessian of <v, g> by the packed vector; `shape` is that of the values of g."""
    places = [problem.variables.index(name) for name in names]
    kernels = {(u, w): g.vjp(u).jac(w).bind(**data) for u in names for w in names}

    def block(u: Part, w: Part) -> Callable[..., Array]:
        if (u.name, w.name) not in kernels:
            return lambda *_: np.zeros(u.shape + w.shape)

        def apply(*arrays: Array) -> Array:
            return kernels[u.name, w.name](*(arrays[k] for k in places), np.reshape(arrays[-1], shape))

        return apply

    parts = problem.packing.parts
    return assembled(problem, [[block(u, w) for w in parts] for u in parts])
