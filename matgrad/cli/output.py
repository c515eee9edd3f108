"""Text on the terminal: errors and tables.

Enters: errors, and the cells of tables.  Leaves: text with colours where a terminal shows it, and plain text
elsewhere or where NO_COLOR is set.  Not for: what is printed.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import click

from ..grammar.errors import Error

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

LABELS = re.compile(r"  (needed|hint): ")
WIDTH = 120  # of output that does not go to a terminal


def plain() -> bool:
    """Whether the user wants no colours (https://no-color.org)."""
    return bool(os.environ.get("NO_COLOR"))


def echo_error(error: Error) -> None:
    """Print an error to stderr, as it renders."""
    title, *rest = str(error).splitlines()
    place, mark, what = title.partition("error: ")
    lines = [click.style(place, bold=True) + click.style(mark, fg="red", bold=True) + click.style(what, bold=True)]
    for line in rest:
        label = LABELS.match(line)
        if line.strip(" \t^") == "":
            line = click.style(line, fg="red", bold=True)
        elif label:
            line = click.style(label.group(), fg="cyan") + line[label.end() :]
        lines.append(line)
    click.echo("\n".join(lines), err=True, color=False if plain() else None)


def console() -> Console:
    """Where tables and progress go: stdout."""
    from rich.console import Console

    made = Console(highlight=False, soft_wrap=False)
    return made if made.is_terminal else Console(highlight=False, width=WIDTH)


def table(*columns: str) -> Table:
    """An empty table; columns whose names end in `>` are aligned to the right."""
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for column in columns:
        made.add_column(column.rstrip(">"), justify="right" if column.endswith(">") else "left", overflow="fold")
    return made


def seconds_text(seconds: float) -> str:
    """A duration with three digits and a unit that suits it."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def size_text(size: int) -> str:
    """A number of bytes with three digits and a unit that suits it."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= factor:
            return f"{size / factor:.3g} {unit}"
    return f"{size} bytes"
