"""What a call costs when there is little to compute: `python -m benchmarks.calls`.

Enters: options.  Leaves: a table and results/calls.json.  Always holds: all compute value and gradient of the same
objective, from NumPy arrays to NumPy arrays where nothing else is said.  Not for: large problems.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import click
import numpy as np
from numba import njit

import matgrad as mg

from . import report
from .contenders import jax, torch
from .machine import keep_to_one_core
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


@njit
def _quadratic_numba_out(A: Array, x: Array, g: Array) -> float:
    n = len(x)
    value = 0.0
    for i in range(n):
        forward = backward = 0.0
        for j in range(n):
            forward += A[i, j] * x[j]
            backward += A[j, i] * x[j]
        g[i] = forward + backward
        value += forward * x[i]
    return value


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


def quadratic() -> dict[str, Callable[[], Any]]:
    """`x'*A*x`, n = 5."""
    rng = np.random.default_rng(1)
    A, x = rng.normal(size=(5, 5)), rng.normal(size=5)
    g = np.empty(5)
    f = mg.function("fn f(A: matrix[n, n], x: vector[n]) = x'*A*x").value_and_grad("x")
    k = f.bind(A=A)
    return {
        "matgrad, bound, out=": lambda: k(x, out=g),
        "matgrad, bound": lambda: k(x),
        "matgrad": lambda: f(A, x),
        "matgrad, by name": lambda: f(A=A, x=x),
        "numba": lambda: _quadratic_numba(A, x),
        "numba, out": lambda: _quadratic_numba_out(A, x, g),
        "numpy": lambda: _quadratic_numpy(A, x),
        "jax, own arrays": jax(lambda A, x: x @ A @ x, {"A": A, "x": x}, [1]),
        "torch, own arrays": torch(lambda A, x: x @ A @ x, {"A": A, "x": x}, [1]),
    }


def ridge() -> dict[str, Callable[[], Any]]:
    """Ridge regression with five arguments, 20 x 5."""
    rng = np.random.default_rng(1)
    X, y, w = rng.normal(size=(20, 5)), rng.normal(size=20), rng.normal(size=5)
    g = np.empty(5)
    text = "fn f(X: matrix[m, n], y: vector[m], w: vector[n], lam: scalar, s: scalar) = s*normfro(X*w - y)^2 + lam*w'*w"
    f = mg.function(text).value_and_grad("w")
    k = f.bind(X=X, y=y, lam=0.1, s=0.5)

    def formula(X: Any, y: Any, w: Any, lam: Any, scale: Any) -> Any:
        r = X @ w - y
        return scale * (r @ r) + lam * (w @ w)

    arguments = {"X": X, "y": y, "w": w, "lam": 0.1, "s": 0.5}
    return {
        "matgrad, bound, out=": lambda: k(w, out=g),
        "matgrad, bound": lambda: k(w),
        "matgrad": lambda: f(X, y, w, 0.1, 0.5),
        "matgrad, by name": lambda: f(X=X, y=y, w=w, lam=0.1, s=0.5),
        "numba": lambda: _ridge_numba(X, y, w, 0.1, 0.5),
        "numpy": lambda: _ridge_numpy(X, y, w, 0.1, 0.5),
        "jax, own arrays": jax(formula, arguments, [2]),
        "torch, own arrays": torch(formula, arguments, [2]),
    }


@click.command(help=__doc__.splitlines()[0] if __doc__ else "")
@click.option("--quick", is_flag=True, help="Measure for a shorter time.")
@click.option("--save/--no-save", default=True, help="Write the results.", show_default=True)
def main(quick: bool, save: bool) -> None:
    """Measures and reports."""
    warnings.simplefilter("ignore")  # peers announce deprecations
    keep_to_one_core()
    effort = QUICK if quick else FULL
    times = {objective.__name__: interleaved(objective(), effort) for objective in (quadratic, ridge)}
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
    calls = dict.fromkeys(row["call"] for row in rows)
    return ["call", *names.values()], [[c, *(report.microseconds(times.get((c, o))) for o in names)] for c in calls]


if __name__ == "__main__":
    main()
