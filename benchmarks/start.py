"""How long until the first gradient, in fresh processes: `python -m benchmarks.start`.

Enters: options.  Leaves: a table and results/start.json.  Always holds: `cold` starts with an empty cache folder,
`warm` with the folder that an earlier process has filled; what is kept with Python's bytecode is there for all
libraries; they take turns.  Not for: long computations.
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
from .objective import EXAMPLES

# matgrad built ahead of time has no cache: its cold and its warm start are the same.
LIBRARIES = {
    "matgrad": "matgrad", "matgrad, built ahead": "ahead", "numba": "numba", "jax": "jax", "torch, eager": "torch",
    "pytensor": "pytensor",
}  # fmt: skip


@click.command(help=__doc__.splitlines()[0] if __doc__ else "")
@click.option("--rounds", default=5, help="How often each is started.", show_default=True)
@click.option("--save/--no-save", default=True, help="Write the results.", show_default=True)
def main(rounds: int, save: bool) -> None:
    """Starts the programs and reports the least of each time."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in LIBRARIES}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        built = ["build", str(EXAMPLES / "ridge.mg"), "-o", str(folder / "built"), "--wrt", "w", "--emit", "so"]
        subprocess.run([sys.executable, "-m", "matgrad", *built], check=True, capture_output=True)
        for library in LIBRARIES.values():  # what Python itself keeps of a module, all have
            first(library, folder, folder)
        for _ in range(rounds):
            for name, library in LIBRARIES.items():
                with tempfile.TemporaryDirectory() as empty:
                    cold = first(library, Path(empty), folder)
                warm = first(library, folder, folder)
                times = {f"cold_{key}": value for key, value in cold.items()}
                found[name].append(times | {f"warm_{key}": value for key, value in warm.items()})
    rows = [{"library": name, **{k: min(r[k] for r in runs) for k in runs[0]}} for name, runs in found.items()]
    report.show("Until the first gradient of ridge regression, after `import numpy`, ms", *table(rows))
    if save:
        print("Written:", report.save("start", rows, rounds=rounds))


def first(library: str, cache: Path, folder: Path) -> dict[str, float]:
    """The times of one process; every library keeps its files in `cache`."""
    environment = {
        **os.environ,
        "PYTHONDONTWRITEBYTECODE": "",  # what is installed has its modules compiled
        "XDG_CACHE_HOME": str(cache),
        "NUMBA_CACHE_DIR": str(cache),
        "JAX_COMPILATION_CACHE_DIR": str(cache),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "PYTENSOR_FLAGS": f"base_compiledir={cache}",
        "MATGRAD_BUILT": str(folder / "built"),
    }
    command = [sys.executable, "-m", f"benchmarks.first.with_{library}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    times: dict[str, float] = json.loads(done.stdout)
    return times


def table(rows: list[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Columns and rows for the reader: milliseconds of the clock, and of the processor."""
    columns = ["library"]
    keys = []
    for title, key in (("import", "warm_import"), ("cold", "cold_first"), ("warm", "warm_first")):
        columns += [title, f"{title}, processor"]
        keys += [f"{key}_clock", f"{key}_processor"]
    return columns, [[r["library"], *(f"{r[k] * 1e3:.0f}" for k in keys)] for r in rows]


if __name__ == "__main__":
    main()
