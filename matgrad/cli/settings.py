"""The options that every command has: --color and --json.

Enters: a command.  Leaves: the same command with these options; what the user chose.  Always holds: the choice is that
of the process, whichever of its (nested) commands had the option.  Not for: printing (`output.py`).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import click

COLOR, JSON = "matgrad.color", "matgrad.json"
Command = Callable[..., Any]


def keep(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
    """Keeps the value of an option, where it is given, for the whole process."""
    if value:
        ctx.find_root().meta[COLOR if parameter.name == "color" else JSON] = value


def color_option() -> click.Option:
    """`--color always`."""
    return click.Option(
        ["--color"],
        type=click.Choice(["auto", "always", "never"]),
        expose_value=False,
        callback=keep,
        help="Whether to use colours.  [default: auto]",
    )


def json_option(command: Command) -> Command:
    """`--json`, for a command that has a parameter `as_json`."""

    def told(ctx: click.Context, parameter: click.Parameter, value: bool) -> bool:
        keep(ctx, parameter, value)
        return value

    return click.option(
        "--json", "as_json", is_flag=True, is_eager=True, callback=told, help="Print one JSON object, for programs."
    )(command)


def with_color(command: click.Command) -> click.Command:
    """The command, and the commands below it, with `--color`."""
    if not any(parameter.name == "color" for parameter in command.params):
        command.params.append(color_option())
    if isinstance(command, click.Group):
        for below in command.commands.values():
            with_color(below)
    return command


def chosen(key: str) -> Any:
    """What the user chose; None where there is no command or no choice."""
    ctx = click.get_current_context(silent=True)
    return None if ctx is None else ctx.find_root().meta.get(key)


def colored() -> bool | None:
    """Whether to colour: True, False, or None where it depends on what the output is.

    `--color` decides, then NO_COLOR (https://no-color.org), then FORCE_COLOR.
    """
    wanted = chosen(COLOR)
    if wanted in ("always", "never"):
        return bool(wanted == "always")
    if os.environ.get("NO_COLOR"):
        return False
    return True if os.environ.get("FORCE_COLOR") else None


def as_json() -> bool:
    """Whether the output is JSON."""
    return bool(chosen(JSON))
