"""The four fits of examples/fit.py by matgrad, and by JAX and SciPy: `python -m benchmarks.fits`.

Enters: options.  Leaves: a table and results/fits.json.  Always holds: both use L-BFGS-B of SciPy with the same start,
bounds and tolerances, and their minima agree; they take turns in one process.  Not for: one call of an objective.
"""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
import numpy as np
import scipy.optimize

from . import report
from .machine import keep_to_one_core

EXAMPLE = Path(__file__).parents[1] / "examples" / "fit.py"
TOLERANCE = 1e-6  # of the minima, relative

Array = Any


def _logistic(jax: Any, w: Array, X: Array, y: Array, lam: float) -> Any:
    z = X @ w
    return jax.numpy.mean(jax.nn.softplus(z) - y * z) + lam / 2 * w @ w


def _factorization(jax: Any, U: Array, V: Array, T: Array, lam: float) -> Any:
    numpy = jax.numpy
    return numpy.sum((T - U @ V.T) ** 2) / 2 + lam / 2 * (numpy.sum(U**2) + numpy.sum(V**2))


def _gaussian_process(jax: Any, a: Array, b: Array, c: Array, X: Array, y: Array) -> Any:
    numpy = jax.numpy
    r = numpy.sum(X**2, axis=1)
    D = r[:, None] + r - 2 * X @ X.T
    S = numpy.exp(a - numpy.exp(-2 * b) * D / 2) + numpy.exp(c) * numpy.eye(len(y))
    L = numpy.linalg.cholesky(S)
    z = jax.scipy.linalg.solve_triangular(L, y, lower=True)
    return z @ z / 2 + numpy.sum(numpy.log(numpy.diag(L)))


def _graphical_lasso(jax: Any, W: Array) -> Any:
    return -2 * jax.numpy.sum(jax.numpy.log(jax.numpy.diag(jax.numpy.linalg.cholesky(W))))


WITH_JAX: dict[str, Callable[..., Any]] = {
    "logistic": _logistic,
    "nonnegative_factorization": _factorization,
    "gaussian_process": _gaussian_process,
    "graphical_lasso": _graphical_lasso,
}
SYMMETRIC = {"graphical_lasso": "W"}  # searched by its lower triangle, as `mg.minimize` does


@click.command(help=__doc__.splitlines()[0] if __doc__ else "")
@click.option("--rounds", default=5, help="How often each fit is made.", show_default=True)
@click.option("--save/--no-save", default=True, help="Write the results.", show_default=True)
def main(rounds: int, save: bool) -> None:
    """Fits, compares the minima, and reports the least time of each."""
    keep_to_one_core()
    specification = importlib.util.spec_from_file_location("fit", EXAMPLE)
    assert specification is not None and specification.loader is not None
    example = importlib.util.module_from_spec(specification)
    sys.modules["fit"] = example  # dataclasses look their module up
    specification.loader.exec_module(example)
    rows = [measured(name, fit(), example.OPTIONS, rounds) for name, fit in example.FITS.items()]
    report.show("Fits by L-BFGS-B; ms of processor time", *table(rows))
    if save:
        print("Written:", report.save("fits", rows))


def measured(name: str, fit: Any, options: dict[str, Any], rounds: int) -> dict[str, Any]:
    """One row.  Raises ValueError where the minima differ."""
    solvers = {"matgrad": fit.minimum, "jax": with_jax(name, fit, options)}
    firsts: dict[str, float] = {}
    found: dict[str, Any] = {}
    seconds: dict[str, list[float]] = {solver: [] for solver in solvers}
    for count in range(rounds + 1):
        for solver, solve in solvers.items():
            began = time.process_time()
            result = solve()
            took = time.process_time() - began
            if count == 0:
                firsts[solver], found[solver] = took, result
            else:
                seconds[solver].append(took)
    ours, theirs = found["matgrad"], found["jax"]
    if abs(ours.value - theirs.fun) > TOLERANCE * abs(ours.value):
        raise ValueError(f"{name}: the minima are {ours.value} and {theirs.fun}")
    return {
        "fit": name,
        "value": ours.value,
        "evaluations": {"matgrad": ours.evaluations, "jax": int(theirs.nfev)},
        "first": firsts,
        "seconds": {solver: min(times) for solver, times in seconds.items()},
    }


def with_jax(name: str, fit: Any, options: dict[str, Any]) -> Callable[[], Any]:
    """The fit as somebody writes it who has JAX and SciPy: arrays are packed by hand."""
    import jax

    jax.config.update("jax_enable_x64", True)
    start = {variable: np.asarray(fit.start[variable], float) for variable in fit.variables}
    rows, columns = np.tril_indices(len(start[SYMMETRIC[name]])) if name in SYMMETRIC else (None, None)

    def unpacked(x: Array) -> list[Array]:
        if rows is not None:
            n = len(start[SYMMETRIC[name]])
            lower = jax.numpy.zeros((n, n)).at[rows, columns].set(x)
            return [lower + lower.T - jax.numpy.diag(jax.numpy.diag(lower))]
        arrays, at = [], 0
        for array in start.values():
            arrays.append(x[at : at + array.size].reshape(array.shape))
            at += array.size
        return arrays

    def packed(arrays: Mapping[str, Array]) -> Array:
        if rows is not None:
            return np.asarray(arrays[SYMMETRIC[name]])[rows, columns]
        return np.concatenate([np.broadcast_to(arrays[k], start[k].shape).ravel() for k in start])

    data = {k: jax.numpy.asarray(v) if np.ndim(v) else v for k, v in fit.data.items()}
    both = jax.jit(jax.value_and_grad(lambda x: WITH_JAX[name](jax, *unpacked(x), **data)))

    def called(x: Array) -> tuple[float, Array]:
        value, gradient = both(x)
        if not np.isfinite(value):  # SciPy's line search would stop
            return 1e10, np.zeros_like(x)
        return float(value), np.asarray(gradient, float)

    bounds = None
    if fit.bounds:
        ends = [{k: infinite(end[side], sign) for k, end in fit.bounds.items()} for side, sign in ((0, -1), (1, 1))]
        bounds = scipy.optimize.Bounds(*map(packed, ends))
    x = packed(start)
    return lambda: scipy.optimize.minimize(called, x, jac=True, method="L-BFGS-B", bounds=bounds, options=options)


def infinite(end: Any, sign: int) -> Any:
    """An end of bounds, infinite where there is none."""
    return sign * np.inf if end is None else end


def table(rows: list[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Columns and rows for the reader."""
    columns = ["fit", "value", "evaluations", "matgrad", "JAX + SciPy", "ratio", "first: matgrad", "first: JAX + SciPy"]
    lines = []
    for row in rows:
        ours, theirs = row["seconds"]["matgrad"], row["seconds"]["jax"]
        lines.append(
            [
                row["fit"].replace("_", " "),
                f"{row['value']:.6g}",
                f"{row['evaluations']['matgrad']}, {row['evaluations']['jax']}",
                *(report.digits(t * 1e3) for t in (ours, theirs)),
                f"{theirs / ours:.1f}",
                *(f"{row['first'][solver] * 1e3:.0f}" for solver in ("matgrad", "jax")),
            ]
        )
    return columns, lines


if __name__ == "__main__":
    main()
