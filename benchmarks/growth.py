"""How time grows: of calls with n, of compiling with the size of the program: `python -m benchmarks.growth`.

Enters: options.  Leaves: two tables, results/growth.json and a plot.  Always holds: each program is compiled in a
process of its own, with an empty cache.  Not for: comparisons (`objectives.py`).
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from typing import Any

import click
from rich.progress import Progress

from . import report
from .growing import FAMILIES, OBJECTIVES

LIMIT = 60  # seconds for a program
SIZES = (3, 10, 30, 100, 300, 1000, 3000)
NODES = (10, 30, 100, 300, 1000)


@click.command(help=__doc__.splitlines()[0] if __doc__ else "")
@click.option("--quick", is_flag=True, help="Leave out the largest.")
@click.option("--save/--no-save", default=True, help="Write the results.", show_default=True)
def main(quick: bool, save: bool) -> None:
    """Measures and reports."""
    curves = [("call", name, SIZES) for name in OBJECTIVES] + [("compile", name, NODES) for name in FAMILIES]
    rows: list[dict[str, Any]] = []
    with Progress(transient=True) as progress:
        for kind, name, sizes in progress.track(curves):
            for n in sizes[: -1 if quick else None]:
                rows.append(run(kind, name, n))
                if "error" in rows[-1]:
                    break  # what is larger would not do better
    report.show("Value and gradient, µs, over n", *calls_table(rows))
    report.show("From the text to the kernel, ms, over the nodes of the function", *compile_table(rows))
    if save:
        print("Written:", report.save("growth", rows))
        print("Written:", plot(rows))


def run(kind: str, name: str, n: int) -> dict[str, Any]:
    """One point, in a process of its own; with "error" where it fails, "skipped" where it is too large to measure."""
    command = [sys.executable, "-m", "benchmarks.growing", kind, name, str(n)]
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "XDG_CACHE_HOME": folder}
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT, env=environment)
        except subprocess.TimeoutExpired:
            return {"kind": kind, "name": name, "n": n, "error": f"took more than {LIMIT} s"}
    row: dict[str, Any] = {"kind": kind, "name": name, "n": n}
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        return {**row, "error": lines[-1] if lines else f"exit status {done.returncode}"}
    return row | json.loads(done.stdout.strip().splitlines()[-1])


def calls_table(rows: Sequence[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Time over n: a row for each objective, and how it grows at the end: the power of n."""
    rows = [row for row in rows if row["kind"] == "call"]
    sizes = sorted({row["n"] for row in rows})
    lines = []
    for name in dict.fromkeys(row["name"] for row in rows):
        times = {row["n"]: row["seconds"] for row in rows if row["name"] == name and "seconds" in row}
        failed = {row["n"] for row in rows if row["name"] == name and "error" in row}
        points = sorted(times.items())[-2:]
        power = (
            math.log(points[1][1] / points[0][1]) / math.log(points[1][0] / points[0][0])
            if len(points) > 1
            else math.nan
        )
        cells = ["failed" if n in failed else report.microseconds(times.get(n)) for n in sizes]
        lines.append([name, *cells, f"{power:.1f}"])
    return ["objective", *(f"n={n}" for n in sizes), "power at the end"], lines


def compile_table(rows: Sequence[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """The stages of each program, in milliseconds."""
    stages = ("build", "plan", "emit", "compile")
    lines = []
    for row in rows:
        if row["kind"] == "compile" and "error" in row:
            lines.append([row["name"], str(row["n"]), row["error"][:60], *[""] * len(stages)])
        elif row["kind"] == "compile":
            total = sum(row[stage] for stage in stages)
            lines.append(
                [row["name"], str(row["nodes"]), *(f"{row[s] * 1e3:.0f}" for s in stages), f"{total * 1e3:.0f}"]
            )
    return ["program", "nodes", "text to derivative", "plan", "source", "machine code", "together"], lines


def plot(rows: Sequence[dict[str, Any]]) -> Any:
    """Draws both; the path of the file."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(12, 5))
    for name in OBJECTIVES:
        points = [(row["n"], row["seconds"] * 1e6) for row in rows if row["name"] == name and "seconds" in row]
        if points:
            left.plot(*zip(*points, strict=True), "o-", markersize=3, label=name)
    left.set(xlabel="n", ylabel="µs for value and gradient", xscale="log", yscale="log")
    for name in FAMILIES:
        points = [
            (row["nodes"], sum(row[s] for s in ("build", "plan", "emit", "compile")))
            for row in rows
            if row["name"] == name and "nodes" in row
        ]
        if points:
            right.plot(*zip(*points, strict=True), "o-", markersize=3, label=name)
    right.set(xlabel="nodes", ylabel="seconds from the text to the kernel", xscale="log", yscale="log")
    for axes in (left, right):
        axes.grid(alpha=0.25, which="both")
        axes.legend(fontsize=8)
    figure.tight_layout()
    path = report.RESULTS / "growth.svg"
    report.RESULTS.mkdir(exist_ok=True)
    figure.savefig(path)
    return path


if __name__ == "__main__":
    main()
