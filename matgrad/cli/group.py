"""The group of commands, found by their files, and what happens to errors.

Enters: arguments.  Leaves: the command's output.  Always holds: a command's module is loaded when it is used; an
`mg.Error` is printed as it renders and ends the process with status 1, an interruption with 130.  Not for: what a
command does.
"""

from __future__ import annotations

import importlib
import pkgutil
import shlex
from typing import Any

import click

from .. import __version__
from ..grammar.errors import Error, suggest
from . import commands
from .output import echo_error
from .settings import color_option, with_color

INTERRUPTED = 130  # the status that shells give to what is ended by Ctrl-C


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
        return with_color(command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first argument names; an error that suggests another name."""
        name = args[0]
        if not name.startswith("-") and name not in self.list_commands(ctx):
            raise click.UsageError(f"there is no command {name!r}: {self.hint(ctx, args)}", ctx)
        return super().resolve_command(ctx, args)

    def hint(self, ctx: click.Context, args: list[str]) -> str:
        """What was probably meant instead of a command that there is not."""
        name = args[0]
        close = suggest(name, self.list_commands(ctx))
        if close:
            return f"did you mean {close}?"
        if name.isalpha():
            return f"the commands are {', '.join(self.list_commands(ctx))}"
        return f"write what to do with it, for example matgrad explain {shlex.join(args)}"

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; errors of matgrad end it."""
        try:
            return super().invoke(ctx)
        except Error as error:
            echo_error(error)
            ctx.exit(1)
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            ctx.exit(INTERRUPTED)


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="`matgrad COMMAND --help` shows examples. Commands that print data have --json.",
    params=[color_option()],
)
@click.version_option(__version__, "-V", "--version", message="matgrad %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Derivatives of matrix expressions, as formulas and as compiled kernels.

    What is the gradient of tr(A*B) by A, and why?

    \b
      matgrad explain "tr(A*B)" --wrt A

    The answer is B'. More that can be asked:

    \b
      matgrad grad "tr(A*B*A'*C)" --wrt A    the derivative, without the reasons
      matgrad jac "A*B" --wrt A              a matrix by a matrix
      matgrad check ridge.mg                 are all derivatives of a file right?
      matgrad minimize ridge.mg --data data.csv --target y --var w --set lam=0.1
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
