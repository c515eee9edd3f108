"""Value and gradient of the example objectives, against peers and experts: `python -m benchmarks.objectives`.

Enters: options.  Leaves: a table, results/objectives.json and a plot.  Always holds: each cell runs in its own process,
on one core, and its contenders take turns.  Not for: what a contender does (`contenders.py`, `cases/`).
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import click
from rich.progress import Progress

from . import report
from .cases import objectives
from .contenders import DEFAULT_PEERS, EXPERTS, PEERS
from .objective import SIZES

LIMIT = 180  # seconds for a cell


@click.command(help=__doc__.splitlines()[0] if __doc__ else "")
@click.option("--quick", is_flag=True, help="Measure for a shorter time.")
@click.option("--only", multiple=True, help="An objective, or OBJECTIVE:SIZE; may be repeated.")
@click.option("--peers", default=",".join(DEFAULT_PEERS), help=f"Some of {', '.join(PEERS)}.", show_default=True)
@click.option("--save/--no-save", default=True, help="Write the results.", show_default=True)
def main(quick: bool, only: Sequence[str], peers: str, save: bool) -> None:
    """Runs the cells and reports."""
    cells = [(name, size) for name in objectives() for size in SIZES if _wanted(name, size, only)]
    if not cells:
        raise click.BadParameter(f"the objectives are {', '.join(objectives())}", param_hint="--only")
    rows = []
    with Progress(transient=True) as progress:
        task = progress.add_task("cells", total=len(cells))
        for name, size in cells:
            progress.update(task, description=f"{name} {size}")
            rows.append(run(name, size, "quick" if quick else "full", peers.split(",")))
            progress.advance(task)
    report.show("Value and gradient, µs", *table(rows))
    print(*summary(rows), sep="\n")
    if save:
        print("Written:", report.save("objectives", rows, effort="quick" if quick else "full"))
        print("Written:", plot(rows))


def _wanted(name: str, size: str, only: Sequence[str]) -> bool:
    return not only or name in only or f"{name}:{size}" in only


def run(name: str, size: str, effort: str, peers: Sequence[str]) -> dict[str, Any]:
    """A cell, in a process of its own; {"objective", "size", "error"} where it fails."""
    command = [sys.executable, "-m", "benchmarks.cell", name, size, effort, *peers]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return {"objective": name, "size": size, "error": f"took more than {LIMIT} s"}
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        return {"objective": name, "size": size, "error": lines[-1] if lines else f"exit status {done.returncode}"}
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def ratio(row: dict[str, Any], others: Sequence[str]) -> float | None:
    """The least time of the others over matgrad's; None where matgrad has none."""
    times = {name: timing["best"] for name, timing in row.get("times", {}).items()}
    found = [times[name] for name in others if name in times]
    return min(found) / times["matgrad"] if found and "matgrad" in times else None


def table(rows: Sequence[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Columns and rows for the reader."""
    shown = [name for name in ("matgrad", *EXPERTS, *PEERS) if any(name in row.get("times", {}) for row in rows)]
    columns = ["objective", "sizes", *shown, "best peer / matgrad", "expert / matgrad"]
    lines = []
    for row in rows:
        if "error" in row:
            lines.append([row["objective"], row["size"], row["error"][:60], *[""] * (len(shown) + 1)])
            continue
        times = [
            "wrong" if name in row["wrong"] else report.microseconds(row["times"].get(name, {}).get("best"))
            for name in shown
        ]
        ratios = [ratio(row, PEERS), ratio(row, EXPERTS)]
        lines.append([row["objective"], row["sizes"], *times, *("-" if r is None else f"{r:.2f}" for r in ratios)])
    return columns, lines


def summary(rows: Sequence[dict[str, Any]]) -> list[str]:
    """The geometric means, the worst cells, and what failed."""
    lines = []
    for title, others, bound in (("best peer", PEERS, 0.95), ("expert", EXPERTS, 0.8)):
        ratios = {f"{row['objective']} {row['size']}": r for row in rows if (r := ratio(row, others)) is not None}
        if ratios:
            by_size = [
                f"{size} {report.geometric_mean([r for cell, r in ratios.items() if cell.endswith(' ' + size)]):.2f}"
                for size in SIZES
            ]
            mean = report.geometric_mean(list(ratios.values()))
            slow = [f"{cell} ({r:.2f})" for cell, r in ratios.items() if r < bound]
            lines.append(
                f"{title} / matgrad: geometric mean {mean:.2f} ({', '.join(by_size)}) over {len(ratios)} cells; "
                f"below {bound}: {', '.join(slow) or 'none'}"
            )
    failed = [f"{row['objective']} {row['size']}: {row['error']}" for row in rows if "error" in row]
    wrong = [f"{row['objective']} {row['size']}: {row['wrong']}" for row in rows if row.get("wrong")]
    return lines + [f"failed: {text}" for text in failed] + [f"different results: {text}" for text in wrong]


def plot(rows: Sequence[dict[str, Any]]) -> Any:
    """Draws the ratio of the best peer's and the best expert's time to matgrad's; the path of the file."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = [row for row in rows if ratio(row, EXPERTS) is not None]
    names = list(dict.fromkeys(row["objective"] for row in rows))
    figure, axes = pyplot.subplots(figsize=(9, 0.42 * len(names) + 1.6))
    colours = dict(zip(SIZES, ("#9ecae1", "#4292c6", "#084594"), strict=True))
    for others, marker, label in ((PEERS, "o", "best peer"), (EXPERTS, "|", "expert")):
        for size in SIZES:
            points = [
                (r, names.index(row["objective"])) for row in rows if row["size"] == size and (r := ratio(row, others))
            ]
            if points:
                offset = (SIZES.index(size) - 1) * 0.22
                axes.plot(
                    [x for x, _ in points], [y + offset for _, y in points], marker, color=colours[size],
                    markersize=7, markeredgewidth=2, label=f"{label}, {size}", linestyle="none",
                )  # fmt: skip
    axes.axvline(1, color="black", linewidth=1)
    axes.set_xscale("log")
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.grid(axis="x", which="both", alpha=0.25)
    axes.set_xlabel("time relative to matgrad's (to the right of 1: matgrad is faster)")
    axes.legend(fontsize=8, ncols=2)
    figure.tight_layout()
    path = report.RESULTS / "objectives.svg"
    report.RESULTS.mkdir(exist_ok=True)
    figure.savefig(path)
    return path


if __name__ == "__main__":
    main()
