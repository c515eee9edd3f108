"""How long until the first gradient, in fresh processes: `python -m benchmarks.start`.

Enters: options.  Leaves: a table and results/start.json.  Always holds: `cold` starts with an empty cache folder,
`warm` with the folder that an earlier process has filled; the libraries take turns.  Not for: long computations.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import click

from . import report

LIBRARIES = ("matgrad", "jax", "torch", "numba")


@click.command(help=__doc__.splitlines()[0] if __doc__ else "")
@click.option("--rounds", default=5, help="How often each is started.", show_default=True)
@click.option("--save/--no-save", default=True, help="Write the results.", show_default=True)
def main(rounds: int, save: bool) -> None:
    """Starts the programs and reports the least of each time."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in LIBRARIES}
    with tempfile.TemporaryDirectory() as folder:
        for name in LIBRARIES:  # what Python itself keeps of a module, all have
            first(name, Path(folder))
        for _ in range(rounds):
            for name in LIBRARIES:
                with tempfile.TemporaryDirectory() as empty:
                    cold = first(name, Path(empty))
                warm = first(name, Path(folder))
                times = {"import": warm["import"], "cold": cold["first"], "warm": warm["first"]}
                found[name].append(
                    {f"{k}, {clock}": t for k, by_clock in times.items() for clock, t in by_clock.items()}
                )
    rows = [{"library": name, **{k: min(r[k] for r in runs) for k in runs[0]}} for name, runs in found.items()]
    report.show("Until the first gradient of ridge regression, after `import numpy`, ms", *table(rows))
    if save:
        print("Written:", report.save("start", rows))


def first(library: str, cache: Path) -> dict[str, dict[str, float]]:
    """The times of one process; every library keeps its files in the folder."""
    environment = {
        **os.environ,
        "XDG_CACHE_HOME": str(cache),
        "NUMBA_CACHE_DIR": str(cache),
        "JAX_COMPILATION_CACHE_DIR": str(cache),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }
    command = [sys.executable, "-m", f"benchmarks.first.with_{library}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    times: dict[str, dict[str, float]] = json.loads(done.stdout)
    return times


def table(rows: list[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Columns and rows for the reader."""
    columns = [
        "library",
        "import",
        "first gradient, cold",
        "first gradient, warm",
        "cold, processor",
        "warm, processor",
    ]
    keys = ("import, wall", "cold, wall", "warm, wall", "cold, processor", "warm, processor")
    return columns, [[r["library"], *(f"{r[k] * 1e3:.0f}" for k in keys)] for r in rows]


if __name__ == "__main__":
    main()
