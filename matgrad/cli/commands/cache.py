"""`matgrad cache`: the compiled kernels that are kept on disk."""

from __future__ import annotations

import click

from ..output import size_text


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
def info() -> None:
    """Print the folder, the number of kernels, and their size."""
    from ...runtime.cache import kept

    found = kept()
    if found.folder is None:
        click.echo("nothing is kept: there is no folder that only you can write to")
    else:
        click.echo(f"folder   {found.folder}\nkernels  {found.files}\nsize     {size_text(found.size)}")


@command.command()
def clear() -> None:
    """Remove all kernels."""
    from ...runtime.cache import clear as remove

    removed = remove()
    click.echo(f"removed {removed.files} files, {size_text(removed.size)}")
