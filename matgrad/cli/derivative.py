"""The commands that print a derivative: grad, hess, jac.

Enters: FILE_OR_EXPR and a parameter.  Leaves: the derivative in the language, in LaTeX, or as the kernel's source.
Always holds: what is printed for a function of a file parses again.  Not for: deriving.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from . import completion, records
from .inputs import ExpressionCommand, choose_variable, fn_option, read_function, source_argument
from .output import echo_json
from .settings import json_option

if TYPE_CHECKING:
    from ..runtime.function import Function


def derivative_command(operation: str, summary: str, examples: str) -> click.Command:
    """The command that prints one kind of derivative."""

    @click.command(operation, cls=ExpressionCommand, short_help=summary)
    @source_argument
    @click.option(
        "--wrt",
        metavar="NAME",
        help="The parameter to differentiate by; may be left out where there is one.",
        shell_complete=completion.parameters,
    )
    @fn_option
    @click.option("--latex", is_flag=True, help="Print LaTeX.")
    @click.option("--source", "kernel", is_flag=True, help="Print the Python source of the generated kernel.")
    @json_option
    def command(source: str, wrt: str | None, name: str | None, latex: bool, kernel: bool, as_json: bool) -> None:
        if latex and kernel:
            raise click.UsageError("--latex and --source exclude one another")
        function = read_function(source, name)
        variable = choose_variable(function, wrt)
        derived = getattr(function, operation)(variable)
        if as_json:
            record = records.derivative(function, operation, variable, derived, text_of(function, derived))
            echo_json(record | ({"source": derived.source()} if kernel else {}))
            return
        click.echo(derived.latex() if latex else derived.source() if kernel else text_of(function, derived))

    command.help = f"""{summary}

    FILE_OR_EXPR is a file (whatever ends in .mg, or exists), `-` for standard input, else an expression, which may
    declare types: "x'*A*x where A: symmetric matrix[n, n]". Undeclared names take the shapes that make it fit.

    \b
    Examples:
      {examples}
      cat ridge.mg | matgrad {operation} - --wrt w

    For a function of a file whose derivative contains sizes, a whole `fn` is printed, which can be used in a file.
    """
    return command


def text_of(function: Function, derived: Function) -> str:
    """The derivative in the language: of an expression an expression, also where that is in index notation."""
    from ..compiler.printing.printer import text

    return text(derived.definition().results[0]) if function.name is None else derived.text()
