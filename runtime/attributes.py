"""Declared attributes of arguments: checked in the kernel at every call, or once where data are bound.

Enters: parameters, and programs or arrays.  Leaves: programs that check, or DomainErrors that name the attribute.
Always holds: a check costs no more than reading the argument once; definiteness shows in the Cholesky factorization,
and orthogonality is trusted.  Not for: what the attributes mean for the calculus.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..compiler.kernel.routines.checks import CHECKS
from ..grammar import errors

if TYPE_CHECKING:
    from ..compiler.kernel.program import Program
    from ..compiler.tensor.expr import Symbol

Array = Any

# The attributes that routines check, and what others say.
_CHECKED = ("symmetric", "lower", "upper", "diagonal", "positive", "nonneg")
IMPLIED = {"posdef": "symmetric", "psd": "symmetric"}


def checks(parameter: Symbol) -> list[tuple[str, str]]:
    """The routines that check a parameter, and the text of their failure."""
    declared = parameter.attributes | {IMPLIED[a] for a in parameter.attributes & IMPLIED.keys()}
    names = [a for a in _CHECKED if a in declared]
    if "positive" in names:
        names = [a for a in names if a != "nonneg"]
    return [
        (f"check_{name}", f"{parameter.name} is not {name} (it is declared {_declared(parameter, name)})")
        for name in names
    ]


def _declared(parameter: Symbol, name: str) -> str:
    return (
        name
        if name in parameter.attributes
        else next(a for a in sorted(parameter.attributes) if IMPLIED.get(a) == name)
    )


def checking(program: Program, parameters: Sequence[Symbol], trusted: Collection[str]) -> Program:
    """The program with checks of the declared attributes of all parameters but the trusted ones."""
    from ..compiler.kernel.program import Require, Routine

    added = tuple(
        Routine(routine, (), (buffer.view(),), failure=text)
        for parameter, buffer in zip(parameters, program.inputs, strict=False)
        if parameter.name not in trusted
        for routine, text in checks(parameter)
    )
    first = next((k for k, step in enumerate(program.steps) if not isinstance(step, Require)), len(program.steps))
    return replace(program, steps=program.steps[:first] + added + program.steps[first:])


def check_now(parameter: Symbol, array: Array) -> None:
    """Raises DomainError unless the array has the parameter's attributes."""
    for routine, text in checks(parameter):
        check_array(routine, text, array)


def check_array(routine: str, text: str, array: Array) -> None:
    """Raises DomainError with the text unless the array passes the routine of a check."""
    _, holds = CHECKS[routine]
    if not holds(np.asarray(array, float)):
        raise errors.DomainError(text)
