"""`matgrad check`: parse, infer shapes, and test every derivative numerically."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .. import records
from ..inputs import ExpressionCommand, is_file, read_functions, source_argument
from ..output import console, echo_json, table
from ..settings import json_option

if TYPE_CHECKING:
    from ...runtime.function import Function
    from ...runtime.verification.check import Outcome


@click.command("check", cls=ExpressionCommand, short_help="Test every derivative of a file numerically.")
@source_argument
@json_option
def command(source: str, as_json: bool) -> None:
    """Parse a file, infer shapes, and test every derivative numerically.

    Each function is tested by each of its parameters: the gradient (of a scalar function) or the Jacobian, entry by
    entry, and second derivatives along a random direction, against finite differences at three random points. The
    numbers drawn have the declared attributes; a point next to a kink is drawn again.

    \b
    Examples:
      matgrad check examples/ridge.mg
      matgrad check "sum(log(X*w))"

    The exit status is 1 if a derivative fails.
    """
    from ...runtime.verification.check import TOLERANCE, checked

    functions = read_functions(source)
    screen = console()
    outcomes: list[Outcome] = []
    made = table("function", "by", "derivative", "relative error>", "")
    with screen.status("checking ...") as status:
        for function in functions:
            if not as_json:
                screen.print(signature(function), markup=False, soft_wrap=True)
            for outcome in checked(function):
                outcomes.append(outcome)
                status.update(f"checking ... {outcome.function} by {outcome.variable}")
                verdict = "[green]ok[/]" if outcome.passed else "[bold red]FAILED[/]"
                error = f"{outcome.error:.1e}" if outcome.error == outcome.error else ""
                note = f"{verdict} {outcome.note}" if outcome.note else verdict
                made.add_row(outcome.function, outcome.variable, outcome.derivative, error, note)
    if as_json:
        passed = all(outcome.passed for outcome in outcomes)
        found = [records.outcome(outcome) for outcome in outcomes]
        echo_json({"passed": passed, "tolerance": TOLERANCE, "derivatives": found})
        click.get_current_context().exit(0 if passed else 1)
    if outcomes:
        screen.print(made)
    failed = sum(not outcome.passed for outcome in outcomes)
    where = f" of {source}" if is_file(source) else ""
    if failed:
        raise click.ClickException(f"{failed} of {len(outcomes)} derivatives{where} failed (tolerance {TOLERANCE:.0e})")
    screen.print(
        f"all {len(outcomes)} derivatives{where} agree with finite differences (tolerance {TOLERANCE:.0e})",
        markup=False,
    )


def signature(function: Function) -> str:
    """The function's name with the types of its parameters and results."""
    from ...compiler.printing.printer import type_of
    from ...compiler.printing.unparse import type_text

    definition = function.definition()
    parameters = ", ".join(f"{p.name}: {type_text(type_of(p))}" for p in definition.parameters)
    results = ", ".join(type_text(type_of(result)) for result in definition.results)
    return f"{function.name or 'expression'}({parameters}) -> {f'({results})' if definition.several else results}"
