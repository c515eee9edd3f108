"""`matgrad build`: compile a file ahead of time."""

from __future__ import annotations

import click

from ..inputs import sizes


@click.command("build", short_help="Compile a file ahead of time.")
@click.argument("file", type=click.Path(dir_okay=False))
@click.option(
    "-o", "--output", "folder", required=True, metavar="DIR", help="The folder to write to (made if missing)."
)
@click.option(
    "--wrt",
    multiple=True,
    metavar="NAME",
    help="A parameter to differentiate by: adds f_grad and f_value_and_grad, or f_jac. May be repeated.",
)
@click.option("--fn", "name", metavar="NAME", help="Only this function of the file.")
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
def command(
    file: str, folder: str, wrt: tuple[str, ...], name: str | None, emit: str, given: dict[str, int], only_check: bool
) -> None:
    """Compile the functions of a file ahead of time, for use without matgrad.

    \b
    matgrad build examples/ridge.mg -o kernels --wrt w               a Python module: NumPy and Numba
    matgrad build examples/ridge.mg -o kernels --wrt w --emit so     C, C++, and Python with NumPy alone
    matgrad build examples/ridge.mg -o kernels --check               status 1 if ridge.mg changed since then

    Files appear when all of them are complete. --emit so needs a C compiler (cc, gcc, clang, or $CC).
    """
    from ...runtime import ahead

    if only_check:
        found = ahead.stale(file, folder)
        for path, reason in found:
            click.echo(f"{path} {reason}", err=True)
        if found:
            click.get_current_context().exit(1)
        click.echo(f"{folder} is up to date with {file}")
        return
    for path in ahead.build(file, folder, wrt=wrt, fn=name, emit=emit, sizes=given):
        if not any(part.endswith("_support") for part in path.parts):
            click.echo(path)
