"""What a shell may complete: files, and the names of functions and parameters in them.

Enters: what was typed so far.  Leaves: completions.  Always holds: where the text that was typed has an error, there
are none.  Not for: commands and options, which click completes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from ..grammar.errors import Error

if TYPE_CHECKING:
    from ..runtime.function import Function


def sources(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Files, by the shell."""
    return [CompletionItem(incomplete, type="file")]


def functions(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The functions of the file."""
    return [CompletionItem(f.name) for f in found(ctx) if f.name is not None and f.name.startswith(incomplete)]


def parameters(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The parameters of the function, or of all functions; of several with commas between them, the last one."""
    before, comma, last = incomplete.rpartition(",")
    name = ctx.params.get("name")
    names = {p: None for f in found(ctx) if name in (None, f.name) for p in f.parameters}
    return [CompletionItem(f"{before}{comma}{p}") for p in names if p.startswith(last)]


def found(ctx: click.Context) -> list[Function]:
    """The functions of FILE_OR_EXPR."""
    from .inputs import STDIN, read_functions

    # An option without its value, which is what is being typed, leaves the arguments unparsed.
    source = ctx.params.get("source") or ctx.params.get("file") or next(iter(ctx.args), None)
    if not source or source == STDIN:
        return []
    try:
        return read_functions(source)
    except Error:
        return []
