"""Text on the terminal: errors and tables.

Enters: errors, and the cells of tables.  Leaves: text with colours where a terminal shows it, and plain text
elsewhere; JSON objects.  Not for: what is printed.
"""

from __future__ import annotations

import json
import math
import re
import sys
from typing import TYPE_CHECKING, Any

import click

from ..grammar.errors import Error
from .settings import as_json, colored

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

LABELS = re.compile(r"  (needed|hint): ")
WIDTH = 120  # of output that does not go to a terminal


def echo_error(error: Error) -> None:
    """Print an error to stderr, as it renders; where the output is JSON, to stdout as an object."""
    if as_json():
        echo_json({"error": error_record(error)})
        return
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
    click.echo("\n".join(lines), err=True, color=colored())


def error_record(error: Error) -> dict[str, Any]:
    """The parts of an error."""
    return {
        "kind": type(error).__name__,
        "title": error.title,
        "file": error.source.name if error.source and error.span else None,
        "line": error.line,
        "column": error.column,
        "found": error.found,
        "needed": error.needed,
        "hint": error.hint,
    }


def echo_json(record: dict[str, Any]) -> None:
    """Print one JSON object; numbers that are not finite, for which JSON has no notation, as null."""
    click.echo(json.dumps(finite(record), indent=2, ensure_ascii=False, allow_nan=False))


def finite(value: Any) -> Any:
    """The value with None for numbers that are not finite."""
    if isinstance(value, dict):
        return {key: finite(below) for key, below in value.items()}
    if isinstance(value, list | tuple):
        return [finite(below) for below in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def console(stderr: bool = False) -> Console:
    """Where tables and progress go: stdout; where the output is JSON, progress goes to stderr."""
    from rich.console import Console

    stderr = stderr or as_json()
    wanted = colored()
    if (sys.stderr if stderr else sys.stdout).isatty():
        return Console(highlight=False, stderr=stderr, color_system=None if wanted is False else "auto")
    if wanted:
        return Console(
            highlight=False, width=WIDTH, stderr=stderr, color_system="standard", force_terminal=True,
            force_interactive=False,
        )  # fmt: skip
    return Console(highlight=False, width=WIDTH, stderr=stderr, color_system=None, force_terminal=False)


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
