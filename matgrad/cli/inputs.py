"""The arguments that commands share: FILE_OR_EXPR, --fn, --wrt.

Enters: what was typed.  Leaves: functions, and names of their parameters.  Always holds: a wrong choice is a usage
error that lists what there is.  Not for: data (`tables.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..grammar.errors import suggest

if TYPE_CHECKING:
    from ..runtime.function import Function


class ExpressionCommand(click.Command):
    """A command whose argument may be an expression that begins with a minus sign: `matgrad grad "-x'*x"`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Arguments that begin with one `-` and are no option of this command are put after `--`."""
        if "--" in args:
            return super().parse_args(ctx, args)
        options = {name for parameter in self.get_params(ctx) for name in parameter.opts}
        negative = [a for a in args if len(a) > 1 and a[0] == "-" and a[1] != "-" and a[:2] not in options]
        rest = [a for a in args if a not in negative]
        return super().parse_args(ctx, [*rest, "--", *negative] if negative else rest)


source_argument = click.argument("source", metavar="FILE_OR_EXPR")
fn_option = click.option("--fn", "name", metavar="NAME", help="The function of the file, where it has several.")


def is_file(text: str) -> bool:
    """Whether FILE_OR_EXPR is the name of a file: one that exists, or any that ends in .mg."""
    if text.endswith(".mg"):
        return True
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # too long, or with characters that no file name has
        return False


def read_functions(source: str) -> list[Function]:
    """The functions of FILE_OR_EXPR."""
    from ..runtime.function import function, load

    return list(load(source)) if is_file(source) else [function(source)]


def read_function(source: str, name: str | None) -> Function:
    """The function of FILE_OR_EXPR that `--fn` names; without it, the only one."""
    functions = read_functions(source)
    names = [f.name or "the expression" for f in functions]
    if name is not None:
        for function in functions:
            if function.name == name:
                return function
        raise click.UsageError(f"there is no function {name!r}{listing('functions', names, name)}")
    if len(functions) != 1:
        if not functions:
            raise click.UsageError(f"{source} holds no function")
        raise click.UsageError(f"{source} holds several functions: choose one with --fn{listing('functions', names)}")
    return functions[0]


def choose_variable(function: Function, name: str | None) -> str:
    """The parameter that `--wrt` names; without it, the only one."""
    parameters = function.parameters
    if name is None and len(parameters) == 1:
        return parameters[0]
    if name is None:
        raise click.UsageError(f"by which parameter? Choose one with --wrt{listing('parameters', parameters)}")
    return known(name, parameters, "parameter")


def known(name: str, names: Sequence[str], what: str) -> str:
    """`name`, if it is one of `names`."""
    if name not in names:
        raise click.UsageError(f"there is no {what} {name!r}{listing(f'{what}s', names, name)}")
    return name


def listing(what: str, names: Sequence[str], typed: str = "") -> str:
    """The end of a message that lists what there is, and says what was probably meant."""
    close = suggest(typed, names) if typed else None
    text = f"\n  the {what} are {', '.join(names)}" if names else f"\n  there are no {what}"
    return text + (f"\n  hint: did you mean {close}?" if close else "")


def assignments(ctx: click.Context, parameter: click.Parameter, typed: tuple[str, ...]) -> dict[str, str]:
    """The values of an option that is written NAME=VALUE and may be repeated."""
    found: dict[str, str] = {}
    for value in typed:
        name, sign, text = value.partition("=")
        if not sign or not name.strip().isidentifier() or not text.strip():
            raise click.BadParameter(f"{value!r} is not of the form NAME=VALUE", ctx, parameter)
        if name.strip() in found:
            raise click.BadParameter(f"{name.strip()} is given twice", ctx, parameter)
        found[name.strip()] = text.strip()
    return found


def sizes(ctx: click.Context, parameter: click.Parameter, typed: tuple[str, ...]) -> dict[str, int]:
    """The values of `--size m=1000`."""
    found = {}
    for name, text in assignments(ctx, parameter, typed).items():
        try:
            found[name] = int(float(text)) if float(text).is_integer() else -1
        except (ValueError, OverflowError):
            found[name] = -1
        if found[name] < 0:
            raise click.BadParameter(f"the size {name} is a whole number, not {text!r}", ctx, parameter)
    return found


def numbers(text: str) -> float | list[float] | None:
    """A number, or several with commas between them; None for any other text."""
    try:
        found = [float(part) for part in text.strip("[]").split(",")]
    except ValueError:
        return None
    return found if "," in text or text.startswith("[") else found[0]


def values(ctx: click.Context, parameter: click.Parameter, typed: tuple[str, ...]) -> dict[str, Any]:
    """The values of `--set lam=0.1` or `--set v=1,2,3`."""
    found: dict[str, Any] = {}
    for name, text in assignments(ctx, parameter, typed).items():
        found[name] = numbers(text)
        if found[name] is None:
            raise click.BadParameter(
                f"{name} is set to a number, or to numbers with commas between them, not to {text!r}", ctx, parameter
            )
    return found


def bounds(ctx: click.Context, parameter: click.Parameter, typed: tuple[str, ...]) -> dict[str, Any]:
    """The values of `--bounds w=0:1`, `--bounds w=0:`, `--bounds w=:1`."""
    found: dict[str, Any] = {}
    for name, text in assignments(ctx, parameter, typed).items():
        low, sign, high = text.partition(":")
        try:
            found[name] = float(low) if low.strip() else None, float(high) if high.strip() else None
        except ValueError:
            sign = ""
        if not sign:
            raise click.BadParameter(f"{text!r} is not of the form LOW:HIGH", ctx, parameter)
    return found
