"""What a call costs when there is little to compute: `python -m benchmarks.calls`.

Enters: options.  Leaves: a table and results/calls.json.  Always holds: all compute value and gradient of the same
objective, from NumPy arrays to NumPy arrays where nothing else is said.  Not for: large problems.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import click
import numpy as np
from numba import njit

import matgrad as mg

from . import peers, report
from .machine import keep_to_one_core
from .objective import Formula, Objective
from .timing import FULL, QUICK, interleaved

Array = Any


@njit
def _quadratic_numba(A: Array, x: Array) -> Any:
    n = len(x)
    g = np.empty(n)
    value = 0.0
    for i in range(n):
        forward = backward = 0.0
        for j in range(n):
            forward += A[i, j] * x[j]
            backward += A[j, i] * x[j]
        g[i] = forward + backward
        value += forward * x[i]
    return value, g


def _quadratic_numpy(A: Array, x: Array) -> Any:
    forward = A @ x
    return x @ forward, forward + x @ A


@njit(fastmath={"reassoc", "contract"})
def _ridge_numba(X: Array, y: Array, w: Array, lam: float, scale: float) -> Any:
    m, n = X.shape
    g = np.empty(n)
    value = 0.0
    for j in range(n):
        value += lam * w[j] * w[j]
        g[j] = 2 * lam * w[j]
    for i in range(m):
        r = -y[i]
        for j in range(n):
            r += X[i, j] * w[j]
        value += scale * r * r
        for j in range(n):
            g[j] += 2 * scale * r * X[i, j]
    return value, g


def _ridge_numpy(X: Array, y: Array, w: Array, lam: float, scale: float) -> Any:
    r = X @ w - y
    return scale * (r @ r) + lam * (w @ w), 2 * (scale * (r @ X) + lam * w)


QUADRATIC = Objective(
    "quadratic", "fn quadratic(A: matrix[n, n], x: vector[n]) = x'*A*x", ("x",), ({"n": 5},) * 3,
    lambda rng, sizes: {"A": rng.normal(size=(5, 5)), "x": rng.normal(size=5)},
    formula=lambda np, A, x: np.dot(x, A @ x),
    numpy=_quadratic_numpy,
    numba=_quadratic_numba,
)  # fmt: skip


def _ridge_formula(np: Any, X: Any, y: Any, w: Any, lam: Any, scale: Any) -> Any:
    r = X @ w - y
    return scale * np.dot(r, r) + lam * np.dot(w, w)


RIDGE = Objective(
    "ridge",
    "fn ridge(X: matrix[m, n], y: vector[m], w: vector[n], lam: scalar, s: scalar) = s*normfro(X*w - y)^2 + lam*w'*w",
    ("w",), ({"m": 20, "n": 5},) * 3,
    lambda rng, sizes: {
        "X": rng.normal(size=(20, 5)), "y": rng.normal(size=20), "w": rng.normal(size=5), "lam": 0.1, "s": 0.5,
    },
    formula=_ridge_formula,
    numpy=_ridge_numpy,
    numba=_ridge_numba,
)  # fmt: skip


def calls(objective: Objective) -> dict[str, Callable[[], Any]]:
    """Who calls the objective, and how."""
    arguments = objective.arguments("small")
    values = list(arguments.values())
    (variable,) = objective.variables
    free = arguments[variable]
    out = np.empty_like(free)
    f = mg.function(objective.source).value_and_grad(variable)
    bound = f.bind(**{name: value for name, value in arguments.items() if name != variable})
    by_hand: dict[str, Callable[[], Any]] = {"numpy": partial(objective.numpy, *values)}
    if objective.numba is not None:
        by_hand["numba"] = partial(objective.numba, *values)
    makers: dict[str, Callable[[Objective, Formula, dict[str, Array]], peers.Contender]] = {
        "casadi, by its buffers": peers.casadi,
        "pytensor": peers.pytensor,
        "jax, own arrays": peers.jax,
        "torch, own arrays": peers.torch,
    }
    return {
        "matgrad, bound, out=": lambda: bound(free, out=out),
        "matgrad, bound": lambda: bound(free),
        "matgrad": lambda: f(*values),
        "matgrad, by name": lambda: f(**arguments),
        **by_hand,
        **{name: make(objective, objective.formula, arguments).call for name, make in makers.items()},
    }


@click.command(help=__doc__.splitlines()[0] if __doc__ else "")
@click.option("--quick", is_flag=True, help="Measure for a shorter time.")
@click.option("--save/--no-save", default=True, help="Write the results.", show_default=True)
def main(quick: bool, save: bool) -> None:
    """Measures and reports."""
    warnings.simplefilter("ignore")  # peers announce deprecations
    keep_to_one_core()
    effort = QUICK if quick else FULL
    times = {objective.name: interleaved(calls(objective), effort) for objective in (QUADRATIC, RIDGE)}
    rows = [
        {"objective": objective, "call": call, **timing._asdict()}
        for objective, timings in times.items()
        for call, timing in timings.items()
    ]
    report.show("A call for value and gradient, µs", *table(rows))
    if save:
        print("Written:", report.save("calls", rows))


def table(rows: list[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Columns and rows for the reader."""
    names = {"quadratic": "x'Ax, n = 5", "ridge": "ridge, 20 x 5, five arguments"}
    times = {(row["call"], row["objective"]): row["best"] for row in rows}
    made = dict.fromkeys(row["call"] for row in rows)
    return ["call", *names.values()], [[c, *(report.microseconds(times.get((c, o))) for o in names)] for c in made]


if __name__ == "__main__":
    main()
