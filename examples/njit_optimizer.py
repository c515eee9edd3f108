"""Optimizers compiled by Numba that call a kernel of matgrad and never return to Python.

Fits the logistic regression of examples/logistic.mg to the breast cancer data by gradient descent and by L-BFGS, twice
each: as code compiled by Numba with `k.njit`, and as the very same Python code with the kernel `k`. Prints the time per
step of both. Run it from anywhere: python examples/njit_optimizer.py
"""

import time
from pathlib import Path
from typing import Any

import numba
import numpy as np

import matgrad as mg

HERE = Path(__file__).resolve().parent
Array = Any


@numba.njit  # type: ignore[untyped-decorator]
def gradient_descent(objective: Any, w: Array, rate: float, steps: int) -> tuple[float, Array, int]:
    """`steps` steps of gradient descent: the last value, where it is, and the number of steps."""
    value = np.inf
    for _ in range(steps):
        value, slope = objective(w)
        w = w - rate * slope
    return value, w, steps


@numba.njit  # type: ignore[untyped-decorator]
def lbfgs(objective: Any, w: Array, tolerance: float, steps: int) -> tuple[float, Array, int]:
    """L-BFGS with the last 8 pairs and backtracking, until the gradient is small.

    The two-loop recursion of Nocedal and Wright, "Numerical Optimization", algorithm 7.4.
    """
    kept = 8
    moves, turns = np.zeros((kept, w.size)), np.zeros((kept, w.size))
    products, factors = np.zeros(kept), np.zeros(kept)
    value, slope = objective(w)
    count = 0
    for step in range(steps):
        if np.max(np.abs(slope)) < tolerance:
            return value, w, step
        direction = -slope
        newest_first = range(count - 1, max(count - kept, 0) - 1, -1)
        for i in newest_first:
            j = i % kept
            factors[j] = np.sum(moves[j] * direction) / products[j]
            direction = direction - factors[j] * turns[j]
        if count > 0:
            j = (count - 1) % kept
            direction = direction * (products[j] / np.sum(turns[j] * turns[j]))
        else:
            direction = direction / max(1.0, np.sqrt(np.sum(slope * slope)))
        for i in range(max(count - kept, 0), count):
            j = i % kept
            direction = direction + (factors[j] - np.sum(turns[j] * direction) / products[j]) * moves[j]
        along, size = np.sum(slope * direction), 1.0
        new = w + direction
        new_value, new_slope = objective(new)
        while not new_value <= value + 1e-4 * size * along and size > 1e-12:
            size = size / 2
            new = w + size * direction
            new_value, new_slope = objective(new)
        product = np.sum((new - w) * (new_slope - slope))
        if product > 0.0:
            j = count % kept
            moves[j], turns[j], products[j] = new - w, new_slope - slope, product
            count += 1
        w, value, slope = new, new_value, new_slope
    return value, w, steps


def standardized_data() -> tuple[Array, Array]:
    """The measurements with an intercept, and the labels."""
    table = np.loadtxt(HERE / "data" / "breast_cancer.csv", delimiter=",", skiprows=1)
    X, y = table[:, :-1], table[:, -1].copy()
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    return np.column_stack([X, np.ones(len(X))]), y


def timed(optimizer: Any, objective: Any, *arguments: Any) -> tuple[float, float, int]:
    """The value reached, the best of five times per step in microseconds, and the number of steps."""
    times = []
    for _ in range(5):
        start = time.perf_counter()
        value, _, steps = optimizer(objective, *arguments)
        times.append((time.perf_counter() - start) / steps)
    return value, min(times) * 1e6, steps


def main() -> None:
    """Print the table."""
    X, y = standardized_data()
    print(f"{'':34}{'value':>14}{'steps':>7}{'Python':>10}{'njit':>10}   microseconds a step")
    for rows in (len(X), 20):
        data = np.ascontiguousarray(X[:rows]), y[:rows]
        k = mg.load(HERE / "logistic.mg").logistic.value_and_grad("w").bind(X=data[0], y=data[1], lam=0.01)
        w = np.zeros(X.shape[1])
        for name, optimizer, arguments in (
            ("gradient descent", gradient_descent, (w, 0.05, 2000)),
            ("L-BFGS", lbfgs, (w, 1e-8, 200)),
        ):
            optimizer(k.njit, *arguments)  # compiles
            value, compiled, steps = timed(optimizer, k.njit, *arguments)
            other, interpreted, _ = timed(optimizer.py_func, k, *arguments)
            assert abs(value - other) < 1e-9 * abs(value)
            title = f"{name}, {rows} observations"
            print(f"{title:34}{value:14.9f}{steps:7}{interpreted:10.2f}{compiled:10.2f}")


if __name__ == "__main__":
    main()
