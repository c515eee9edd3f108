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


def variables_or_only(
    definition_parameters: Sequence[str], variables: Sequence[str | Sequence[str]]
) -> tuple[str, ...]:
    """The variables of a call such as `grad("U", "V")`, `grad(("U", "V"))`, or `grad()` of a function of one
    parameter."""
    flat = [name for v in variables for name in ([v] if isinstance(v, str) else v)]
    if not flat:
        if len(definition_parameters) != 1:
            raise ArgumentError(
                "which variable?",
                found=f"the parameters are {', '.join(definition_parameters)}",
                hint='write .grad("x")',
            )
        return tuple(definition_parameters)
    return tuple(flat)
