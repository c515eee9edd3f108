"""The group of commands, found by their files, and what happens to errors.

Enters: arguments.  Leaves: the command's output.  Always holds: a command's module is loaded when it is used; an
`mg.Error` is printed as it renders and ends the process with status 1.  Not for: what a command does.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import click

from .. import __version__
from ..grammar.errors import Error, suggest
from . import commands
from .output import echo_error


class Commands(click.Group):
    """The commands of the package `commands`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the files."""
        return sorted(module.name for module in pkgutil.iter_modules(commands.__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a file, or None."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = importlib.import_module(f".commands.{cmd_name}", __package__).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first argument names; an error that suggests another name."""
        name = args[0]
        if not name.startswith("-") and name not in self.list_commands(ctx):
            close = suggest(name, self.list_commands(ctx))
            hint = f"did you mean {close}?" if close else f"the commands are {', '.join(self.list_commands(ctx))}"
            raise click.UsageError(f"there is no command {name!r}: {hint}", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; errors of matgrad end it."""
        try:
            return super().invoke(ctx)
        except Error as error:
            echo_error(error)
            ctx.exit(1)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="`matgrad COMMAND --help` shows examples.",
)
@click.version_option(__version__, "-V", "--version", message="matgrad %(version)s")
def cli() -> None:
    """Derivatives of matrix expressions, as formulas and as compiled kernels.

    \b
    matgrad grad "tr(A*B*A'*C)" --wrt A        print a derivative
    matgrad check ridge.mg                     test every derivative of a file
    matgrad minimize ridge.mg --data data.csv --var w --set lam=0.1
    """
