"""Minimizing a function of arrays: matgrad's kernels under SciPy's optimizers.

Enters: a scalar function, the names of its variables, and its data.  Leaves: a `Minimum` with named arrays.  Always
holds: value and gradient come from one call of one bound kernel; structured variables stay in their spaces; a point at
which the function has no finite value is never accepted.  Not for: how arrays become a vector (`packing.py`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ...grammar import errors
from .constraints import for_scipy, parameters_of
from .objective import Objective, Progress, Watched, hessian, hessian_product
from .problem import Problem

if TYPE_CHECKING:
    from ..function import Function

Array = Any

# What SciPy's methods take, by their names in small letters.
METHODS = (
    *("Nelder-Mead", "Powell", "CG", "BFGS", "Newton-CG", "L-BFGS-B", "TNC", "COBYLA", "COBYQA", "SLSQP"),
    *("trust-constr", "dogleg", "trust-ncg", "trust-exact", "trust-krylov"),
)
WITHOUT_GRADIENT = frozenset({"nelder-mead", "powell", "cobyla", "cobyqa"})
WITH_HESSIAN = frozenset({"dogleg", "trust-exact"})
WITH_HESSIAN_PRODUCT = frozenset({"newton-cg", "trust-ncg", "trust-krylov", "trust-constr"})
WITH_BOUNDS = WITHOUT_GRADIENT | {"l-bfgs-b", "tnc", "slsqp", "trust-constr"}
WITH_CONSTRAINTS = frozenset({"cobyla", "cobyqa", "slsqp", "trust-constr"})


@dataclass(frozen=True)
class Minimum:
    """Where an optimizer ended: `result["w"]` is the array of the variable w.

    `gradient_norm` is the largest entry of the gradient, where bounds let the variable move.  `evaluations` counts the
    calls of the kernel, `evaluation_seconds` is the time spent in them, `first_call` the time of the first one, which
    includes making the kernel and is not part of `seconds`.  `scipy` is SciPy's own result.
    """

    arrays: dict[str, Array]
    value: float
    gradients: dict[str, Array]
    gradient_norm: float
    start_value: float
    start_gradient_norm: float
    iterations: int
    evaluations: int
    seconds: float
    evaluation_seconds: float
    first_call: float
    success: bool
    message: str
    method: str
    scipy: Any = field(repr=False)

    def __getitem__(self, name: str) -> Array:
        if name not in self.arrays:
            raise errors.ArgumentError(
                f"{name} is not a variable of this minimum", found=f"the variables are {', '.join(self.arrays)}"
            )
        return self.arrays[name]


def minimize(
    function: Function,
    variables: str | Sequence[str],
    data: Mapping[str, Any] | None = None,
    start: Any = None,
    *,
    bounds: Mapping[str, tuple[Any, Any]] | None = None,
    constraints: Mapping[str, Any] | Sequence[Any] = (),
    method: str | None = None,
    sizes: Mapping[str, int] | None = None,
    callback: Callable[[Progress], Any] | None = None,
    tol: float | None = None,
    options: Mapping[str, Any] | None = None,
) -> Minimum:
    """Minimize a scalar function over some of its parameters, the others being given in `data`.

    Args:
        function: the objective.
        variables: one name, or several.
        data: the values of all other parameters, and of those that only constraints have.
        start: the starting point: a mapping of arrays by name, or one array where there is one variable.  Where it is
            left out, scalars and vectors start at 0 (at 1 if they are positive or nonneg), positive definite, diagonal
            and triangular matrices at the identity, other symmetric ones at 0, and all other matrices at small random
            numbers of a fixed seed.
        bounds: `{"w": (low, high)}`; each end is None, a number, or an array in the shape of the variable.  Variables
            that are declared nonneg or positive are bounded by that.
        constraints: those of `scipy.optimize.minimize`, over the packed vector, or `{"type": "eq", "fun": g}` (g = 0)
            and `{"type": "ineq", "fun": g}` (g >= 0) with a matgrad function g of variables and data, whose Jacobian
            matgrad supplies.
        method: a method of `scipy.optimize.minimize`; L-BFGS-B by default, with constraints SLSQP.  Those that use
            Hessians get them (dogleg, trust-exact) or their products with vectors (Newton-CG, the other trust methods).
        sizes: sizes that neither data nor start determine.
        callback: called after each iteration; raising StopIteration ends the search.
        tol, options: handed to SciPy.

    A symmetric variable is searched by its lower triangle, a diagonal or triangular one by its free entries.  At a
    point where the value is not finite or does not exist (a matrix that is not positive definite), the optimizer is
    told to take a shorter step.

    Raises `mg.ArgumentError` for parameters without a value and for what the method does not take, `mg.ShapeError`
    for a function that is not scalar, `mg.DomainError` where the function has no finite value at the start.
    """
    from scipy import optimize

    problem = Problem(function, variables, data or {}, start, bounds or {}, sizes or {}, parameters_of(constraints))
    chosen = chosen_method(method, bool(constraints), problem)
    key = chosen.lower()
    objective = Objective(problem)
    watched = Watched(objective, callback)
    arguments: dict[str, Any] = {"method": chosen, "tol": tol, "options": dict(options or {})}
    if key not in WITHOUT_GRADIENT:
        arguments["jac"] = True
    if key in WITH_HESSIAN:
        arguments["hess"] = hessian(problem)
    if key in WITH_HESSIAN_PRODUCT:
        arguments["hessp"] = hessian_product(problem)
    if problem.bounds:
        arguments["bounds"] = optimize.Bounds(problem.low, problem.high)
    if constraints:
        arguments["constraints"] = for_scipy(constraints, problem, key)
    called = objective.value_only if key in WITHOUT_GRADIENT else objective
    began = time.perf_counter()
    try:
        if problem.packing.size:
            found = optimize.minimize(called, problem.start, callback=watched, **arguments)
        else:
            found = optimize.OptimizeResult(x=problem.start, success=True, message="the variables have no entries")
    except StopIteration:  # some methods let it pass
        found = optimize.OptimizeResult(x=watched.x)
    seconds = time.perf_counter() - began
    if watched.stopped:
        found.update(success=False, message="the callback ended the search")
    evaluations, evaluation_seconds = objective.count, objective.seconds
    x, value, gradients = objective.result(np.asarray(found.x, float))
    return Minimum(
        arrays=problem.named(x),
        value=value,
        gradients=dict(zip(problem.variables, gradients, strict=True)),
        gradient_norm=problem.projected_norm(x, problem.packing.pack_gradient(gradients)),
        start_value=objective.start_value,
        start_gradient_norm=problem.projected_norm(problem.start, objective.start_gradient),
        iterations=int(found.get("nit", watched.iterations)),
        evaluations=evaluations,
        seconds=seconds,
        evaluation_seconds=evaluation_seconds,
        first_call=objective.first_call,
        success=bool(found.success),
        message=str(found.message),
        method=chosen,
        scipy=found,
    )


def chosen_method(method: str | None, constrained: bool, problem: Problem) -> str:
    """SciPy's name of the method.  Raises ArgumentError for an unknown one, and for one that lacks what is asked."""
    names = {name.lower(): name for name in METHODS}
    key = (method or ("SLSQP" if constrained else "L-BFGS-B")).lower()
    if key not in names:
        close = errors.suggest(key, names)
        raise errors.ArgumentError(
            f"there is no method {method}",
            found=f"the methods are {', '.join(METHODS)}",
            hint=f"did you mean {names[close]}?" if close else "",
        )
    if problem.bounds and key not in WITH_BOUNDS:
        raise errors.ArgumentError(
            f"{names[key]} takes no bounds",
            found="bounds: " + ", ".join(problem.bounds),
            hint="L-BFGS-B, TNC, SLSQP and trust-constr take bounds and gradients",
        )
    if constrained and key not in WITH_CONSTRAINTS:
        raise errors.ArgumentError(
            f"{names[key]} takes no constraints", hint="SLSQP and trust-constr take constraints and gradients"
        )
    return names[key]
