"""`matgrad build`: compile a file ahead of time."""

from __future__ import annotations

import click

from .. import completion, records
from ..inputs import is_file, sizes
from ..output import console, echo_json
from ..settings import json_option


@click.command("build", short_help="Compile a file ahead of time.")
@click.argument("file", shell_complete=completion.sources)
@click.option(
    "-o", "--output", "folder", required=True, metavar="DIR", help="The folder to write to (made if missing)."
)
@click.option(
    "--wrt",
    multiple=True,
    metavar="NAME",
    help="A parameter to differentiate by: adds f_grad and f_value_and_grad, or f_jac. May be repeated.",
)
@click.option(
    "--fn", "name", metavar="NAME", help="Only this function of the file.", shell_complete=completion.functions
)
@click.option(
    "--emit",
    type=click.Choice(["module", "so"]),
    default="module",
    help="A Python module of kernels for Numba (the default), or a shared library with a C header and a Python module.",
)
@click.option(
    "--size",
    "given",
    multiple=True,
    callback=sizes,
    metavar="NAME=N",
    help="A size to be fast for; the results are right for all.",
)
@click.option(
    "--check", "only_check", is_flag=True, help="Write nothing; tell whether the files in DIR are up to date."
)
@json_option
def command(
    file: str,
    folder: str,
    wrt: tuple[str, ...],
    name: str | None,
    emit: str,
    given: dict[str, int],
    only_check: bool,
    as_json: bool,
) -> None:
    """Compile the functions of a file ahead of time, for use without matgrad.

    \b
    Examples:
      matgrad build examples/ridge.mg -o kernels --wrt w
          a Python module that needs NumPy and Numba
      matgrad build examples/ridge.mg -o kernels --wrt w --emit so
          a library for C, C++, and Python with NumPy alone
      matgrad build examples/ridge.mg -o kernels --check
          status 1 if ridge.mg changed since then

    Files appear when all of them are complete. --emit so needs a C compiler (cc, gcc, clang, or $CC).
    """
    from ...runtime import ahead

    if not is_file(file):
        raise click.UsageError(f"build takes a file: there is none called {file}")
    if only_check:
        check(file, folder, as_json)
        return
    with console(stderr=True).status(f"compiling {file} ..."):
        made = ahead.build(file, folder, wrt=wrt, fn=name, emit=emit, sizes=given)
    files = [str(path) for path in made if not any(part.endswith("_support") for part in path.parts)]
    if as_json:
        echo_json({"files": files})
    else:
        click.echo("\n".join(files))


def check(file: str, folder: str, as_json: bool) -> None:
    """Tell whether the files are up to date; status 1 if one is not."""
    from ...runtime import ahead

    found = ahead.stale(file, folder)
    if as_json:
        echo_json(records.stale(found))
    elif not found:
        click.echo(f"{folder} is up to date with {file}")
    for path, reason in () if as_json else found:
        click.echo(f"{path} {reason}", err=True)
    if found:
        click.get_current_context().exit(1)
