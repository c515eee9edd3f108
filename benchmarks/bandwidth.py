"""How near passes over data come to the speed of memory: `python -m benchmarks.bandwidth`.

Enters: options.  Leaves: a table and results/bandwidth.json.  Always holds: what an objective is compared with reads
the same arrays once, and writes arrays like its gradients, and does nothing else; an elementwise one is compared with a
loop by hand (`limits.py`) too, whose results agree; they take turns.  Not for: objectives that are not passes over
their data.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import click
import numpy as np
from numba import njit
from rich.progress import track

from . import report
from .cases import objectives
from .cases.one_pass import FAST
from .cell import TOLERANCE, difference
from .contenders import matgrad
from .limits import LIMITS
from .machine import keep_to_one_core
from .objective import Sizes
from .timing import FULL, QUICK, Effort, interleaved

Array = Any
MODELS = (
    "least_squares", "ridge", "logistic", "poisson", "squared_hinge", "huber_loss", "probit", "exponential", "cauchy",
    "barrier", "logistic_product",
)  # fmt: skip
BEYOND = ("least_squares", "logistic", "poisson")  # of the models, with data that are larger than all caches
BEYOND_SIZES = {"m": 200_000, "n": 100}
ELEMENTWISE = tuple(LIMITS)


@njit(fastmath=FAST, cache=True)
def _read(a: Array) -> float:
    """Eight streams at once, as fast as one core reads."""
    n = len(a) // 8
    s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = 0.0
    for i in range(n):
        s0 += a[i]
        s1 += a[n + i]
        s2 += a[2 * n + i]
        s3 += a[3 * n + i]
        s4 += a[4 * n + i]
        s5 += a[5 * n + i]
        s6 += a[6 * n + i]
        s7 += a[7 * n + i]
    for i in range(8 * n, len(a)):
        s0 += a[i]
    return s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7


def _stream(arrays: list[Array], results: list[Array]) -> None:
    for array in arrays:
        _read(array)
    for array in results:
        array.fill(1.0)


@click.command(help=__doc__.splitlines()[0] if __doc__ else "")
@click.option("--quick", is_flag=True, help="Measure for a shorter time.")
@click.option("--save/--no-save", default=True, help="Write the results.", show_default=True)
def main(quick: bool, save: bool) -> None:
    """Measures and reports."""
    keep_to_one_core()
    effort = QUICK if quick else FULL
    cells = [(name, objectives()[name].sizes[-1]) for name in MODELS + ELEMENTWISE]
    cells += [(name, BEYOND_SIZES) for name in BEYOND]
    rows = [measured(*cell, effort) for cell in track(cells, description="objectives", transient=True)]
    report.show("Passes over data", *table(rows))
    if save:
        print("Written:", report.save("bandwidth", rows))


def measured(name: str, sizes: Sizes, effort: Effort) -> dict[str, Any]:
    """The bytes that are read and written at least, and the seconds for that and for the objective; or "error"."""
    objective = objectives()[name]
    arguments = objective.data(np.random.default_rng(1), sizes)
    row: dict[str, Any] = {"objective": name, "sizes": ", ".join(f"{k}={n}" for k, n in sizes.items())}
    try:
        ours = matgrad(objective, arguments)
        results = [np.empty_like(array) for array in ours.read(ours.call()) if array.ndim]
    except Exception as error:  # one that fails is reported, and the others go on
        return {**row, "error": f"{type(error).__name__}: {error}".splitlines()[0]}
    arrays = [np.ravel(array) for array in arguments.values() if np.ndim(array)]
    calls = {"matgrad": ours.call, "stream": partial(_stream, arrays, results)}
    if name in LIMITS:
        calls["by hand"] = partial(LIMITS[name], *arguments.values(), *results)
        value = calls["by hand"]()
        found = results if value is None else [np.asarray(value), *results]
        if not difference(found, ours.read(ours.call())) <= TOLERANCE:
            return {**row, "error": "the loop by hand has different results"}
    times = {name: timing.best for name, timing in interleaved(calls, effort).items()}
    amount = sum(array.nbytes for array in (*arrays, *results))
    return {**row, "bytes": amount, **times}


def table(rows: list[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Columns and rows for the reader."""
    columns = [
        "objective", "sizes", "MB", "matgrad, µs", "GB/s", "memory alone, µs", "GB/s", "by hand, µs",
        "matgrad / memory", "matgrad / the larger",
    ]  # fmt: skip
    lines = []
    for row in rows:
        if "error" in row:
            lines.append([row["objective"], row["sizes"], row["error"][:60], *[""] * 7])
            continue
        ours, stream, hand = row["matgrad"], row["stream"], row.get("by hand", 0.0)
        speeds = [f"{row['bytes'] / seconds / 1e9:.1f}" for seconds in (ours, stream)]
        lines.append([
            row["objective"], row["sizes"], f"{row['bytes'] / 1e6:.1f}", report.microseconds(ours), speeds[0],
            report.microseconds(stream), speeds[1], report.microseconds(hand) if hand else "-",
            f"{ours / stream:.2f}", f"{ours / max(stream, hand):.2f}",
        ])  # fmt: skip
    return columns, lines


if __name__ == "__main__":
    main()
