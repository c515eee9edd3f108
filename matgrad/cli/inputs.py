"""The arguments that commands share: FILE_OR_EXPR, --fn, --wrt.

Enters: what was typed.  Leaves: functions, and names of their parameters.  Always holds: a wrong choice is a usage
error that lists what there is.  Not for: data (`tables.py`).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..grammar.errors import Error, FileError, suggest
from . import completion

if TYPE_CHECKING:
    from ..grammar.source import Source
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


STDIN = "-"
PROGRAM = re.compile(r"(?:\s|#[^\r\n]*[\r\n])*fn\b")


def source_argument(command: Any) -> Any:
    """The argument FILE_OR_EXPR, the parameter `source`."""
    return click.argument("source", metavar="FILE_OR_EXPR", shell_complete=completion.sources)(command)


def fn_option(command: Any) -> Any:
    """The option --fn, the parameter `name`."""
    told = "The function of the file, where it has several."
    return click.option("--fn", "name", metavar="NAME", help=told, shell_complete=completion.functions)(command)


def is_file(text: str) -> bool:
    """Whether FILE_OR_EXPR is the name of a file: one that exists, or any that ends in .mg."""
    if text.endswith(".mg"):
        return True
    try:
        return bool(text) and Path(text).exists()
    except (OSError, ValueError):  # too long, or with characters that no file name has
        return False


def read_functions(source: str) -> list[Function]:
    """The functions of FILE_OR_EXPR, of which there is at least one; `-` is standard input."""
    from ..grammar.source import Source, text_source

    if source == STDIN:
        functions = functions_of(Source("<stdin>", read_stdin()))
    elif is_file(source):
        functions = read_file(source)
    else:
        functions = functions_of(text_source(source))
    if not functions:
        raise Error(f"{source_name(source)} holds no function", hint="a function is written: fn f(x: vector[n]) = x'*x")
    return functions


def source_name(source: str) -> str:
    """How FILE_OR_EXPR is called in messages."""
    return "standard input" if source == STDIN else source


def functions_of(source: Source) -> list[Function]:
    """The functions of a text: of a program, or the one that an expression is."""
    from ..runtime.program import Program, function_of

    return list(Program(source)) if PROGRAM.match(source.text) else [function_of(source)]


def read_stdin() -> str:
    """The text that standard input holds."""
    data = sys.stdin.buffer.read()
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        found = f"byte {error.start + 1} is 0x{data[error.start]:02x}"
        raise FileError("standard input is not UTF-8 text", found=found) from None


def read_file(path: str) -> list[Function]:
    """The functions of a file; the error for one that is missing says what is there instead."""
    from ..runtime.program import load

    try:
        return list(load(path))
    except FileError as error:
        folder, name = Path(path).parent, Path(path).name
        if not Path(path).exists():
            there = [entry.name for entry in folder.glob("*.mg")] if folder.is_dir() else []
            close = suggest(name, there)
            error.hint = f"did you mean {folder / close}?" if close else error.hint
        elif Path(path).is_dir():
            there = sorted(str(entry) for entry in Path(path).glob("*.mg"))
            error.found = f"files in it are {', '.join(there[:5])}" if there else error.found
        raise


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
        several = f"{source_name(source)} holds several functions: choose one with --fn"
        raise click.UsageError(f"{several}{listing('functions', names)}")
    return functions[0]


def choose_variable(function: Function, name: str | None) -> str:
    """The parameter that `--wrt` names; without it, the only one."""
    parameters = function.parameters
    if name is None and len(parameters) == 1:
        return parameters[0]
    if name is None:
        hint = f"\n  hint: for example --wrt {parameters[0]}" if parameters else ""
        raise click.UsageError(f"by which parameter? Choose one with --wrt{listing('parameters', parameters)}{hint}")
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
