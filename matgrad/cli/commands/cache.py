"""`matgrad cache`: the compiled kernels that are kept on disk."""

from __future__ import annotations

import click

from ..output import echo_json, size_text
from ..settings import json_option


@click.group("cache", short_help="Show or clear the kernels kept on disk.")
def command() -> None:
    """Show or clear the compiled kernels that are kept on disk.

    Each kernel is planned and compiled once and then loaded from a folder of the user's cache. Clearing it is always
    safe: what is missing is made again. What was not used for the longest time is removed when the folder grows beyond
    256 MB, or what MATGRAD_CACHE_SIZE says (500M, 2G; 0 keeps nothing).

    \b
    Examples:
      matgrad cache info
      matgrad cache clear
    """


@command.command()
@json_option
def info(as_json: bool) -> None:
    """Print the folder, the number of its entries (kernels, routines and plans), and their size."""
    from ...runtime.cache import kept

    found = kept()
    if as_json:
        folder = None if found.folder is None else str(found.folder)
        echo_json({"folder": folder, "entries": found.files, "bytes": found.size, "largest": found.largest})
    elif found.folder is None:
        why = "there is no folder that only you can write to" if found.largest else "MATGRAD_CACHE_SIZE is 0"
        click.echo(f"nothing is kept: {why}")
    else:
        click.echo(f"folder   {found.folder}\nentries  {found.files}")
        click.echo(f"size     {size_text(found.size)} of at most {size_text(found.largest)}")


@command.command()
@json_option
def clear(as_json: bool) -> None:
    """Remove all entries."""
    from ...runtime.cache import clear as remove

    removed = remove()
    if as_json:
        echo_json({"removed": removed.files, "bytes": removed.size})
        return
    click.echo(f"removed {removed.files} files, {size_text(removed.size)}")
