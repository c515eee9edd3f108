"""Which derivative is meant: an operation and its variables.

Enters: what a user asks for.  Leaves: `Derivation`s.  Always holds: nothing of the compiler is imported.  Not for:
taking derivatives (`derive.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ...grammar.errors import ArgumentError


class Derivation(NamedTuple):
    """One operation: `variables` are names; `grad` and `value_and_grad` may have several, the others have one.

    `direction` is what the direction of `hvp jvp vjp` is called; by default v or s."""

    operation: str
    variables: tuple[str, ...]
    direction: str = ""


def parameters_are(names: Sequence[str]) -> str:
    """What an error says of the parameters there are."""
    return f"the parameters are {', '.join(names)}" if names else "the function has no parameters"


_SEVERAL = ("grad", "value_and_grad")  # what may be by several variables


def variables_of(
    operation: str, definition_parameters: Sequence[str], variables: Sequence[str | Sequence[str]]
) -> tuple[str, ...]:
    """The variables of a call such as `grad("U", "V")`, `grad(("U", "V"))`, or `grad()` of a function of one
    parameter.  Raises ArgumentError."""
    flat: list[str] = []
    for v in variables:
        flat.extend([v] if isinstance(v, str) or not isinstance(v, Sequence) else v)  # what is no name is told below
    for name in flat:
        if not isinstance(name, str):
            raise ArgumentError(
                "a variable is given by its name", found=f"{name!r} is no name", hint=f'write .{operation}("x")'
            )
    if not flat:
        if len(definition_parameters) != 1:
            raise ArgumentError(
                "which variable?",
                found=parameters_are(definition_parameters),
                hint=f'write .{operation}("{definition_parameters[0]}")' if definition_parameters else "",
            )
        return tuple(definition_parameters)
    if len(flat) > 1 and operation not in _SEVERAL:
        raise ArgumentError(
            f"{operation} is by one variable",
            found=f"there are {len(flat)}: {', '.join(flat)}",
            hint=f'.grad("{flat[0]}").jac("{flat[1]}") is a mixed second derivative' if operation == "hess" else "",
        )
    return tuple(flat)
