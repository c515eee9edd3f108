"""`matgrad minimize`: fit a function of a file to data."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...grammar.errors import FileError
from .. import completion, records
from ..data import DataOptions, collect, shaped
from ..inputs import (
    ExpressionCommand,
    assignments,
    bounds,
    fn_option,
    known,
    listing,
    numbers,
    read_function,
    sizes,
    source_argument,
    values,
)
from ..output import console, echo_json, seconds_text, table
from ..settings import json_option
from ..tables import read_array

if TYPE_CHECKING:
    from rich.status import Status
    from rich.table import Table

    from ...runtime.function import Function
    from ...runtime.optimization.objective import Progress
    from ...runtime.optimization.optimize import Minimum

Array = Any
REDRAW = 0.05  # seconds between two lines of progress
ROUNDING = 1e-13  # L-BFGS-B ends where a step lowers the value by no more than this part of it
SHOWN = 12  # arrays with at most so many entries are printed in full


@click.command("minimize", cls=ExpressionCommand, short_help="Minimize a function over some of its parameters.")
@source_argument
@fn_option
@click.option(
    "--var",
    "names",
    metavar="NAME",
    multiple=True,
    help="A variable (several: --var U,V).",
    shell_complete=completion.parameters,
)
@click.option("--data", "files", metavar="[NAME=]FILE", multiple=True, help="Data: .csv, .npy or .npz; see above.")
@click.option(
    "--target", "targets", metavar="[NAME=]COLUMN", multiple=True, help="A column that is a parameter of its own."
)
@click.option("--features", metavar="NAME", help="The parameter that gets all other columns of the table.")
@click.option("--drop", metavar="COLUMN", multiple=True, help="A column that is not used.")
@click.option("--standardize", is_flag=True, help="Shift and scale these columns to mean 0 and variance 1.")
@click.option("--intercept", is_flag=True, help="Add a last column of ones to them.")
@click.option("--set", "given", metavar="NAME=NUMBER", multiple=True, callback=values, help="The value of a parameter.")
@click.option(
    "--start",
    "starts",
    metavar="NAME=NUMBER|FILE",
    multiple=True,
    callback=assignments,
    help="Where a variable starts.",
)
@click.option(
    "--bounds",
    "limits",
    metavar="NAME=LOW:HIGH",
    multiple=True,
    callback=bounds,
    help="Bounds; an end may be left out.",
)
@click.option(
    "--size", "lengths", metavar="NAME=NUMBER", multiple=True, callback=sizes, help="A size that no data have."
)
@click.option("--method", metavar="NAME", help="A method of scipy.optimize.minimize.  [default: L-BFGS-B]")
@click.option("--tolerance", type=float, default=1e-8, show_default=True, help="Of the largest entry of the gradient.")
@click.option("--max-iterations", type=click.IntRange(1), default=10_000, show_default=True, help="End after so many.")
@click.option("--show", metavar="[NAME=]EXPR", multiple=True, help="Print the value of an expression at the minimum.")
@click.option("--output", metavar="FILE.npz", help="Write the variables to a file.")
@json_option
def command(
    source: str,
    name: str | None,
    names: tuple[str, ...],
    files: tuple[str, ...],
    targets: tuple[str, ...],
    features: str | None,
    drop: tuple[str, ...],
    standardize: bool,
    intercept: bool,
    given: dict[str, Any],
    starts: dict[str, str],
    limits: dict[str, Any],
    lengths: dict[str, int],
    method: str | None,
    tolerance: float,
    max_iterations: int,
    show: tuple[str, ...],
    output: str | None,
    as_json: bool,
) -> None:
    """Minimize a scalar function over some of its parameters.

    The other parameters get their values from files and from --set:

    \b
      --data FILE.csv       a table: the columns of --target are a vector, all
                            others the columns of the matrix among the parameters
      --data NAME=FILE      one parameter, from a .csv, .npy or .npz
      --data FILE.npz       the parameters whose names are in the file
      --set NAME=NUMBER     one parameter; --set NAME=1,2,3 for a vector

    \b
    Examples:
      matgrad minimize examples/logistic.mg --var w --set lam=0.01 \\
          --data examples/data/breast_cancer.csv --target malignant --standardize
      matgrad minimize examples/matrix_factorization.mg --var U,V \\
          --data T=ratings.npy --set lam=0.1 --size k=5 --output factors.npz
      matgrad minimize "(1-a)^2 + 100*(b-a^2)^2" --var a,b --start a=-1

    The exit status is 1 if the method did not converge.
    """
    from ...compiler.printing.printer import text as formula
    from ...runtime.optimization.optimize import minimize

    function = read_function(source, name)
    variables = chosen_variables(function, names, given)
    for limited in limits:
        known(limited, variables, "variable")
    if output is not None:
        check_output(output)
    table_options = DataOptions(files, targets, features, drop, standardize, intercept, given)
    data = collect(function, variables, table_options)
    shown = [shown_expression(text, [*data, *variables]) for text in show]
    options: dict[str, Any] = {"maxiter": max_iterations}
    if (method or "L-BFGS-B").lower() == "l-bfgs-b":
        options |= {"maxfun": 100 * max_iterations, "gtol": tolerance, "ftol": ROUNDING}
    screen = console()
    if not as_json:
        for variable in variables:
            gradient = formula(function.grad(variable).definition().results[0])
            screen.print(f"gradient of {function.name or 'f'} by {variable}: {gradient}", markup=False, soft_wrap=True)
        screen.print(f"data: {', '.join(map(described, data.items()))}", markup=False, soft_wrap=True)
    with screen.status("compiling ...") as status:
        found = minimize(
            function,
            variables,
            data,
            starting(function, starts, variables),
            bounds=limits,
            method=method,
            sizes=lengths,
            callback=reporter(status),
            tol=tolerance,
            options=options,
        )
    everything = {**data, **found.arrays}
    values = {label: f(**{name: everything[name] for name in f.parameters}) for label, f in shown}
    if output is not None:
        write(output, found.arrays)
    converged = bool(found.success or found.gradient_norm <= tolerance)
    if as_json:
        echo_json(records.minimum(found, values, converged))
        click.get_current_context().exit(0 if converged else 1)
    screen.print(summary(found))
    for label, value in [*found.arrays.items(), *values.items()]:
        screen.print(f"{label} = {value_text(value)}", markup=False, soft_wrap=True)
    if not converged:
        raise click.ClickException(f"not converged: {found.message}")


def chosen_variables(function: Function, names: tuple[str, ...], given: dict[str, Any]) -> list[str]:
    """The variables of --var; an error that lists the parameters if there is none."""
    variables = [part.strip() for name in names for part in name.split(",")]
    if not variables:
        rest = [p for p in function.parameters if p not in given]
        raise click.UsageError(f"over which parameters? Choose with --var{listing('parameters', rest)}")
    return [known(variable, function.parameters, "parameter") for variable in dict.fromkeys(variables)]


def starting(function: Function, starts: dict[str, str], variables: list[str]) -> dict[str, Array]:
    """The starting values of --start: numbers or files."""
    orders = {p.name: len(p.shape) for p in function.definition().parameters}
    found = {}
    for name, text in starts.items():
        known(name, variables, "variable")
        found[name] = numbers(text)
        if found[name] is None:
            found[name] = shaped(read_array(text, name), orders[name], f"{name} in {text}")
    return found


def shown_expression(text: str, names: list[str]) -> tuple[str, Function]:
    """The label and the function of --show."""
    from ...runtime.program import function

    label, sign, rest = text.partition("=")
    labelled = bool(sign) and label.strip().isidentifier() and not rest.startswith("=")
    made = function(rest if labelled else text)
    for parameter in made.parameters:
        known(parameter, names, "parameter or variable")
    return (label.strip() if labelled else text), made


def reporter(status: Status) -> Callable[[Progress], None]:
    """The callback that shows where the search is."""
    last = 0.0

    def report(progress: Progress) -> None:
        nonlocal last
        if progress.seconds - last >= REDRAW:
            last = progress.seconds
            slope = f"largest gradient {progress.gradient_norm:.1e}"
            status.update(f"iteration {progress.iteration}   value {progress.value:.10g}   {slope}")

    return report


def summary(found: Minimum) -> Table:
    """The table of the result."""
    per_call = found.evaluation_seconds / max(found.evaluations, 1)
    made = table("", "start>", "end>", "")
    made.add_row("value", f"{found.start_value:.10g}", f"{found.value:.10g}", "")
    made.add_row("largest gradient", f"{found.start_gradient_norm:.2e}", f"{found.gradient_norm:.2e}", "")
    made.add_row("iterations", "", str(found.iterations), f"{found.method}: {found.message}")
    made.add_row("time", "", seconds_text(found.seconds), f"after the first call: {seconds_text(found.first_call)}")
    made.add_row("value and gradient", "", seconds_text(per_call), f"each of {found.evaluations} calls")
    return made


def value_text(value: Array) -> str:
    """A number, the entries of a small array, or what a large one is like."""
    import numpy as np

    if not np.ndim(value):
        return f"{value:.10g}"
    if value.size <= SHOWN:
        return np.array2string(value, precision=6, separator=", ", max_line_width=100)
    shape = " x ".join(map(str, value.shape))
    return f"{shape} numbers from {value.min():.6g} to {value.max():.6g}"


def described(item: tuple[str, Array]) -> str:
    """A name with its number, or with the size of its array."""
    import numpy as np

    name, value = item
    return f"{name} {' x '.join(map(str, np.shape(value)))}" if np.ndim(value) else f"{name} = {value:g}"


def check_output(path: str) -> None:
    """Raises FileError where the result could not be written, before time is spent on it."""
    folder = Path(path).absolute().parent
    if not path.endswith(".npz"):
        raise click.UsageError(f"--output is the name of an .npz file, not {path!r}")
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise FileError(f"cannot write {path}", found=f"there is no folder {folder} that can be written to")


def write(path: str, arrays: dict[str, Array]) -> None:
    """Write the arrays, all or nothing."""
    import numpy as np

    part = f"{path}.{os.getpid()}.part"
    try:
        with open(part, "wb") as file:
            np.savez(file, **arrays)
        os.replace(part, path)
    except OSError as error:
        Path(part).unlink(missing_ok=True)
        raise FileError(f"cannot write {path}: {error.strerror}") from error
