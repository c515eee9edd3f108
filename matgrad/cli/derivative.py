"""The commands that print a derivative: grad, hess, jac.

Enters: FILE_OR_EXPR and a parameter.  Leaves: the derivative in the language, in LaTeX, or as the kernel's source.
Always holds: what is printed for a function of a file parses again.  Not for: deriving.
"""

from __future__ import annotations

import click

from .inputs import ExpressionCommand, choose_variable, fn_option, read_function, source_argument


def derivative_command(operation: str, summary: str, examples: str) -> click.Command:
    """The command that prints one kind of derivative."""

    @click.command(operation, cls=ExpressionCommand, short_help=summary)
    @source_argument
    @click.option(
        "--wrt", metavar="NAME", help="The parameter to differentiate by; may be left out where there is one."
    )
    @fn_option
    @click.option("--latex", is_flag=True, help="Print LaTeX.")
    @click.option("--source", "kernel", is_flag=True, help="Print the Python source of the generated kernel.")
    def command(source: str, wrt: str | None, name: str | None, latex: bool, kernel: bool) -> None:
        if latex and kernel:
            raise click.UsageError("--latex and --source exclude one another")
        function = read_function(source, name)
        variable = choose_variable(function, wrt)
        derived = getattr(function, operation)(variable)
        if latex:
            text = derived.latex()
        elif kernel:
            text = derived.source()
        elif function.name is None:
            from ..compiler.printing.printer import text as formula

            text = formula(derived.definition().results[0])
        else:
            text = derived.text()
        click.echo(text)

    command.help = f"""{summary}

    FILE_OR_EXPR is a file (whatever ends in .mg, or exists), else an expression, which may declare types: "x'*A*x
    where A: symmetric matrix[n, n]". Undeclared names take the shapes that make it fit.

    \b
    {examples}

    For a function of a file whose derivative contains sizes, a whole `fn` is printed, which can be used in a file.
    """
    return command
