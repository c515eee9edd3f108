"""What NumPy's functions do with their operands: a common shape, and calls of the language's functions.

Enters: expressions.  Leaves: expressions.  Always holds: arrays are aligned at their last dimensions.  Not for: the
functions (`numpy_functions.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...compiler.language.elaborate import Elaborator
from ...compiler.language.wording import describe
from ...compiler.tensor import algebra
from ...compiler.tensor.dims import Dim
from ...compiler.tensor.expr import Expr
from ...grammar import errors, syntax
from .traced import ONE, Tape

NOWHERE = syntax.Span(0, 0)


def aligned(tape: Tape, name: str, *operands: Expr) -> tuple[Expr, ...]:
    """The operands at their common shape, aligned at their last dimensions."""
    order = max(o.order for o in operands)
    shape: list[Dim] = [ONE] * order
    for operand in operands:
        for axis, size in enumerate(operand.shape, order - operand.order):
            if shape[axis] == ONE:
                shape[axis] = size
            elif size != ONE and not tape.same(size, shape[axis]):
                misfit(tape, name, operands)
    expanded = []
    for operand in operands:
        lead = order - operand.order
        axes = [-1 if size == ONE != shape[lead + k] else lead + k for k, size in enumerate(operand.shape)]
        expanded.append(operand if operand.shape == tuple(shape) else algebra.broadcast(operand, axes, tuple(shape)))
    return tuple(expanded)


def misfit(tape: Tape, name: str, operands: Sequence[Expr]) -> None:
    """Raises the error of operands whose shapes do not fit."""
    hint = ""
    if name in ("matmul", "dot") and len(operands) == 2 and all(o.order == 2 for o in operands):
        (_, inner), (rows, columns) = operands[0].shape, operands[1].shape
        if inner == columns:
            hint = "the transpose of the second would fit: A @ B.T"
        elif operands[0].shape[0] == rows:
            hint = "the transpose of the first would fit: A.T @ B"
    tape.fail(f"shapes do not fit in {name}", found=_described(operands), hint=hint)


def _described(operands: Sequence[Expr]) -> str:
    return ", ".join(f"operand {k} is {describe(o.shape)}" for k, o in enumerate(operands, 1))


def of_language(name: str) -> Callable[..., Expr]:
    """The function of the language with that name, of arrays."""

    def function(tape: Tape, *arguments: Any) -> Expr:
        from ...compiler.language.builtins import call

        operands = [tape.value(a) for a in arguments]
        places = tuple(syntax.Name(NOWHERE, f"operand {k}") for k in range(1, len(operands) + 1))
        scope = Elaborator(None, {}, tape.sizes, {}, {})
        try:
            value = call(scope, syntax.Call(NOWHERE, name, NOWHERE, places), list(operands))
        except errors.Error as error:
            tape.fail(error.title, found=_described(operands), kind=type(error))
        assert isinstance(value, Expr)
        return value

    return function
