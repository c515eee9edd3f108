"""Value and gradient of the gallery's objectives: `python -m benchmarks.gallery`.

Enters: the objectives of docs/site.  Leaves: a table and results/gallery.json, from which the gallery takes its times.
Always holds: data are random and have the declared attributes, and the value at them is finite; the process keeps to
one core.  Not for: comparisons (`objectives.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click
import numpy as np
from rich.progress import track

from docs.site.objectives import OBJECTIVES, Entry
from matgrad.grammar.errors import DomainError
from matgrad.runtime.verification.sampling import STYLES, draw_arguments

from . import machine, report
from .timing import FULL, QUICK, interleaved


@click.command(help=__doc__.splitlines()[0] if __doc__ else "")
@click.option("--quick", is_flag=True, help="Measure for a shorter time.")
@click.option("--only", multiple=True, help="An objective; may be repeated.")
@click.option("--save/--no-save", default=True, help="Write the results.", show_default=True)
def main(quick: bool, only: Sequence[str], save: bool) -> None:
    """Times the objectives one after the other."""
    machine.keep_to_one_core()
    chosen = [entry for entry in OBJECTIVES if not only or entry.name in only]
    rows = [measured(entry, quick) for entry in track(chosen, description="gallery", transient=True)]
    columns = ["objective", "sizes", "µs", "median"]
    lines = [
        [row["objective"], row["sizes"], report.microseconds(row["best"]), report.microseconds(row["median"])]
        for row in rows
    ]
    report.show("Value and gradient, µs", columns, lines)
    if save:
        print("Written:", report.save("gallery", rows, effort="quick" if quick else "full"))


def measured(entry: Entry, quick: bool) -> dict[str, Any]:
    """The time of a call of the bound value and gradient, which returns a fresh array."""
    function = entry.function()
    data = arguments(entry, entry.sizes)
    variable = data.pop(entry.by)
    bound = function.value_and_grad(entry.by).bind(**data)
    timing = interleaved({"matgrad": lambda: bound(variable)}, QUICK if quick else FULL)["matgrad"]
    sizes = ", ".join(f"{name}={size}" for name, size in entry.sizes.items())
    return {"objective": entry.name, "sizes": sizes, "best": timing.best, "median": timing.median}


def arguments(entry: Entry, sizes: Mapping[str, int]) -> dict[str, Any]:
    """Random arguments of these sizes at which the value is finite, the variable near 0 if need be.

    Raises ValueError where there are none.
    """
    function = entry.function()
    for style, scale in [*((style, 1.0) for style in STYLES), ("normal", 1e-3)]:
        drawn = draw_arguments(function.definition().parameters, sizes, np.random.default_rng(1), style)
        drawn[entry.by] = drawn[entry.by] * scale
        try:
            if np.isfinite(function(**drawn)):
                return drawn
        except DomainError:
            continue
    raise ValueError(f"{entry.name} is finite at no arguments that were drawn")


if __name__ == "__main__":
    main()
