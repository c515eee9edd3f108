"""Results: files, tables in the terminal, tables in Markdown, plots.

Enters: what was measured.  Leaves: files in `results/`.  Always holds: a results file carries the machine's
description.  Not for: measuring, or deciding what is good.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from . import machine

RESULTS = Path(__file__).parent / "results"


def save(name: str, rows: Sequence[dict[str, Any]], **facts: Any) -> Path:
    """Writes the rows with the machine's description, one row a line, to results/NAME.json."""
    head = json.dumps({"machine": machine.description(), **facts}, indent=1)[:-2]
    lines = ",\n".join(f"  {json.dumps(row)}" for row in rows)
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(f'{head},\n "rows": [\n{lines}\n ]\n}}\n')
    return path


def load(name: str) -> dict[str, Any]:
    """What `save` wrote.  Raises OSError if there is nothing."""
    found: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text())
    return found


def exists(name: str) -> bool:
    """Whether `save` has written results of this name."""
    return (RESULTS / f"{name}.json").exists()


def show(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Prints a table; the first column is text, the others are numbers."""
    table = Table(title=title, title_justify="left")
    for k, column in enumerate(columns):
        table.add_column(column, justify="right" if k else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    # A file or a pipe gets the whole width.
    (Console() if sys.stdout.isatty() else Console(width=250)).print(table)


def markdown(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The same as a Markdown table."""
    lines = [f"| {' | '.join(columns)} |", "|---" + "|---:" * (len(columns) - 1) + "|"]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows]) + "\n"


def geometric_mean(values: Sequence[float]) -> float:
    """The geometric mean; nan of nothing."""
    return math.exp(sum(map(math.log, values)) / len(values)) if values else math.nan


def microseconds(seconds: float | None) -> str:
    """`0.35`, `12.4`, `1016`; a dash for nothing."""
    return "-" if seconds is None else digits(seconds * 1e6)


def digits(value: float) -> str:
    """A number with three digits that count."""
    if not math.isfinite(value):
        return "-"
    whole = len(str(int(abs(value)))) if abs(value) >= 1 else 0
    return f"{value:.{max(0, 3 - max(whole, 1))}f}" if value else "0"
