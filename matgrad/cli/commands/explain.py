"""`matgrad explain`: how a derivative comes about, and what its kernel saves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...grammar.errors import FileError
from .. import completion, records, settings
from ..inputs import ExpressionCommand, choose_variable, fn_option, known, read_function, sizes, source_argument
from ..output import console, echo_json
from ..settings import json_option

if TYPE_CHECKING:
    from rich.text import Text

    from ...compiler.explain import Explanation
    from ...compiler.explain.layout import Line
    from ...runtime.function import Function
    from ...runtime.saving import Saving

STYLES = {
    "title": "bold",
    "name": "cyan",
    "value": "",
    "result": "bold",
    "sign": "dim",
    "rule": "green",
    "text": "",
    "reference": "dim",
    "fold": "yellow",
}


@click.command("explain", cls=ExpressionCommand, short_help="Show how a derivative comes about, step by step.")
@source_argument
@click.option(
    "--wrt",
    metavar="NAME",
    help="The parameter to differentiate by (several: --wrt U,V).",
    shell_complete=completion.parameters,
)
@fn_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "latex", "html"]),
    default="text",
    show_default=True,
    help="What to write.",
)
@click.option("--all", "everything", is_flag=True, help="Show long derivations in full.")
@click.option("--plan", "planned", is_flag=True, help="Show what is computed, and what the plan saves.")
@click.option(
    "--size",
    "lengths",
    metavar="NAME=NUMBER",
    multiple=True,
    callback=sizes,
    help="A size to count operations for, with --plan.",
)
@click.option("--svg", metavar="FILE", help="Draw the formulas and the program as graphs, with --plan.")
@json_option
def command(
    source: str,
    wrt: str | None,
    name: str | None,
    form: str,
    everything: bool,
    planned: bool,
    lengths: dict[str, int],
    svg: str | None,
    as_json: bool,
) -> None:
    """Show how a derivative comes about: the gradient of a scalar, the Jacobian of an array.

    Each step stands with the name of the rule that was used. The function is simplified first; then its differential is
    taken, the differential of the parameter is brought to the end of each term, and what stands before it is the
    derivative, which is simplified again.

    \b
    Examples:
      matgrad explain "tr(A*B)" --wrt A               the gradient of a scalar
      matgrad explain "A*B" --wrt A                   a matrix by a matrix
      matgrad explain "hess(x'*A*x, x)"               a derivative as it stands
      matgrad explain examples/ridge.mg --wrt w --format html > ridge.html
      matgrad explain examples/ridge.mg --wrt w --plan --size m=1000 --size n=100
      matgrad explain examples/ridge.mg --wrt w --plan --svg plan.svg

    With --plan: why the kernel is fast. Its operations beside those of the formulas evaluated from left to right, the
    forms that the planner tried, the steps with their operations and the results that share them, the memory of
    temporaries. With --svg: the formulas and the program as graphs, side by side.
    """
    from ...runtime.explanation import written_derivative

    if as_json and form != "text":
        raise click.UsageError("--json and --format exclude one another")
    if planned and form != "text":
        raise click.UsageError("--plan is written as text only")
    if (lengths or svg) and not planned:
        raise click.UsageError(f"--{'size' if lengths else 'svg'} goes with --plan")
    function = read_function(source, name)
    operation = "grad" if not function.definition().results[0].order else "jac"
    written = written_derivative(function) if wrt is None else None
    if written is not None:
        explanation = function.explain(format=form, fold=not everything)
        function, (operation, *_) = written
    else:
        variables = [known(part.strip(), function.parameters, "parameter") for part in (wrt or "").split(",") if part]
        variables = variables or [choose_variable(function, None)]
        explanation = function.explain(*variables, format=form, fold=not everything)
    if planned:
        show_plan(function, operation, explanation, lengths, svg)
    elif as_json:
        echo_json(records.derivation(explanation.derived))
    elif form != "text":
        click.echo(str(explanation))
    else:
        show(explanation)


def show(explanation: Explanation) -> None:
    """Print a derivation with colours where the terminal has them."""
    from ...compiler.explain.layout import WIDTH, lines

    screen = console()
    width = max(60, screen.width) if screen.is_terminal else WIDTH
    for line in lines(explanation.derived, width, explanation.fold):
        screen.print(styled(line), soft_wrap=True)


def show_plan(
    function: Function, operation: str, explanation: Explanation, lengths: dict[str, int], svg: str | None
) -> None:
    """Print what the plan of a derivative saves; draw it to a file."""
    from ...compiler.explain.layout import results
    from ...runtime.saving import saving
    from ..account import lines

    with console(stderr=True).status("planning ..."):
        account = saving(function, operation, explanation.derived, lengths)
    if svg is not None:
        write_picture(svg, account, explanation.derived.title)
    if settings.as_json():
        echo_json(records.plan(account, explanation.derived.title))
        return
    screen = console()
    for line in [*results(explanation.derived), [], *lines(account)]:
        screen.print(styled(line), soft_wrap=True)


def write_picture(path: str, account: Saving, title: str) -> None:
    """Write the picture of the formulas and the program."""
    from ...runtime.picture import picture

    drawn = picture(account.before, account.after, account.labels, account.sizes, title)
    try:
        Path(path).write_text(drawn, encoding="utf-8")
    except OSError as error:
        raise FileError(f"cannot write {path}: {error.strerror}") from error


def styled(line: Line) -> Text:
    """A line with the styles of its pieces."""
    from rich.text import Text

    text = Text()
    for style, piece in line:
        text.append(piece, STYLES[style])
    text.rstrip()
    return text
