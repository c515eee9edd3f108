"""What is known about linear algebra, in operations and in time: `python -m benchmarks.awareness`.

Enters: options.  Leaves: a table and results/awareness.json.  Always holds: matgrad's result agrees with the form by
hand before anything is timed; its operations are counted in the program that runs.  Not for: gradients of the usual
objectives (`objectives.py`).
"""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from functools import partial
from typing import Any

import click
import numpy as np
from rich.progress import Progress

from . import report
from .cell import difference
from .expressions import expressions
from .expressions.expression import Expression
from .machine import keep_to_one_core
from .timing import FULL, QUICK, Effort, interleaved

TOLERANCE = 1e-8


@click.command(help=__doc__.splitlines()[0] if __doc__ else "")
@click.option("--quick", is_flag=True, help="Measure for a shorter time.")
@click.option("--only", multiple=True, help="A suite, or a part of an expression's name; may be repeated.")
@click.option("--save/--no-save", default=True, help="Write the results.", show_default=True)
def main(quick: bool, only: Sequence[str], save: bool) -> None:
    """Measures and reports."""
    keep_to_one_core()
    chosen = [e for e in expressions() if not only or any(o == e.suite or o in e.name for o in only)]
    with Progress(transient=True) as progress:
        rows = [measured(expression, QUICK if quick else FULL) for expression in progress.track(chosen)]
    report.show("Operations (millions) and times (µs)", *table(rows))
    print(*summary(rows), sep="\n")
    if save:
        print("Written:", report.save("awareness", rows))


def measured(expression: Expression, effort: Effort) -> dict[str, Any]:
    """Operations and times of an expression; {"suite", "name", "error"} where it fails."""
    row: dict[str, Any] = {"suite": expression.suite, "name": expression.name}
    try:
        arguments = expression.arguments()
        function = expression.function()
        call = partial(function, *arguments.values())
        row |= {
            "naive": expression.naive(),
            "flops": float(function.cost(**expression.sizes)),
            "best": expression.best(**expression.sizes),
        }
        calls = {"matgrad": call, "by_hand": partial(expression.by_hand, *arguments.values())}
        if expression.gradient:
            data = {name: value for name, value in arguments.items() if name not in expression.gradient}
            calls["bound"] = partial(function.bind(**data), *(arguments[name] for name in expression.gradient))
        if expression.published is not None:
            calls["published"] = partial(expression.published, *arguments.values())
        truth = _arrays(calls["by_hand"]())
        for name, form in calls.items():
            error = difference(_arrays(form()), truth)
            if error > TOLERANCE:
                return {**row, "error": f"{name} differs from the form by hand by {error:.1e}"}
        row["times"] = {name: timing._asdict() for name, timing in interleaved(calls, effort).items()}
    except Exception as error:  # one that fails is reported, and the others go on
        place = traceback.extract_tb(error.__traceback__)[-1]
        row["error"] = f"{type(error).__name__}: {error} ({place.filename.rsplit('/', 1)[-1]}:{place.lineno})"
    return row


def _arrays(result: Any) -> list[Any]:
    return [np.asarray(part) for part in (result if isinstance(result, tuple) else (result,))]


def table(rows: Sequence[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Columns and rows for the reader."""
    columns = [
        "expression", "suite", "as written", "best known", "matgrad", "matgrad / best",
        "time by hand", "time matgrad", "by hand / matgrad",
    ]  # fmt: skip
    lines = []
    for row in rows:
        if "error" in row:
            lines.append([row["name"], row["suite"], row["error"].splitlines()[0][:70], *[""] * 6])
            continue
        hand, ours = row["times"]["by_hand"]["best"], row["times"]["matgrad"]["best"]
        millions = [report.digits(row[k] / 1e6) for k in ("naive", "best", "flops")]
        ratio = row["flops"] / row["best"]
        lines.append([
            row["name"], row["suite"], *millions, f"{ratio:.3f}",
            report.microseconds(hand), report.microseconds(ours), f"{hand / ours:.2f}",
        ])  # fmt: skip
    return columns, lines


def summary(rows: Sequence[dict[str, Any]]) -> list[str]:
    """What passes, and what does not."""
    done = [row for row in rows if "times" in row]
    lines = []
    for suite in dict.fromkeys(row["suite"] for row in rows):
        members = [row for row in done if row["suite"] == suite]
        within = sum(row["flops"] <= 1.05 * row["best"] for row in members)
        ratios = [row["times"]["by_hand"]["best"] / row["times"]["matgrad"]["best"] for row in members]
        count = sum(row["suite"] == suite for row in rows)
        lines.append(
            f"{suite}: operations within 1.05 of the best known: {within} of {count}; "
            f"time within 1.15 of the form by hand: {sum(r >= 1 / 1.15 for r in ratios)}; "
            f"geometric mean by hand / matgrad {report.geometric_mean(ratios):.2f}"
        )
    for row in done:
        if "published" in row["times"]:
            free, bound = (
                row["times"]["published"]["best"] / row["times"][form]["best"] for form in ("matgrad", "bound")
            )
            lines.append(
                f"{row['name']}: {free:.1f} times as fast as the published form, {bound:.1f} times with data bound"
            )
    return lines + [f"failed: {row['suite']} {row['name']}: {row['error']}" for row in rows if "error" in row]


if __name__ == "__main__":
    main()
