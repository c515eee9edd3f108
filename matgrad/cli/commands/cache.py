"""`matgrad cache`: the compiled kernels that are kept on disk."""

from __future__ import annotations

import click

from ..output import echo_json, size_text
from ..settings import json_option


@click.group("cache", short_help="Show or clear the kernels kept on disk.")
def command() -> None:
    """Show or clear the compiled kernels that are kept on disk.

    Each kernel is compiled once and then loaded from a folder of the user's cache. Clearing it is always safe: what is
    missing is compiled again.

    \b
    matgrad cache info
    matgrad cache clear
    """


@command.command()
@json_option
def info(as_json: bool) -> None:
    """Print the folder, the number of kernels, and their size."""
    from ...runtime.cache import kept

    found = kept()
    if as_json:
        folder = None if found.folder is None else str(found.folder)
        echo_json({"folder": folder, "kernels": found.files, "bytes": found.size})
    elif found.folder is None:
        click.echo("nothing is kept: there is no folder that only you can write to")
    else:
        click.echo(f"folder   {found.folder}\nkernels  {found.files}\nsize     {size_text(found.size)}")


@command.command()
@json_option
def clear(as_json: bool) -> None:
    """Remove all kernels."""
    from ...runtime.cache import clear as remove

    removed = remove()
    if as_json:
        echo_json({"removed": removed.files, "bytes": removed.size})
        return
    click.echo(f"removed {removed.files} files, {size_text(removed.size)}")
