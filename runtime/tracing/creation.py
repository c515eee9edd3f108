"""NumPy's functions that make constant arrays, with sizes that are traced: `np.eye(X.shape[0], like=X)`.

Enters: sizes, numbers or traced ones, or an array whose sizes are taken.  Leaves: expressions.  Always holds: a size is
a number or one that `shape` or `size` of a traced array gave.  Not for: arrays of known sizes, which NumPy makes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...compiler.tensor import algebra
from ...compiler.tensor.dims import Dim
from ...compiler.tensor.expr import Expr, Size
from ...grammar import errors
from .traced import Tape, Traced


def _dim(tape: Tape, size: Any) -> Dim:
    if isinstance(size, Traced) and isinstance(size.value, Size):
        return size.value.dim
    if isinstance(size, Traced) or not hasattr(size, "__index__") or int(size) < 0:
        tape.fail(
            "this is no size of an array",
            kind=errors.TypeError,
            found=f"it is {size!r}",
            hint="sizes are whole numbers, and what X.shape and X.size give",
        )
    return Dim.of(int(size))


def _filled(tape: Tape, shape: Any, value: Any) -> Expr:
    dims = tuple(_dim(tape, size) for size in (shape if isinstance(shape, tuple | list) else (shape,)))
    return algebra.broadcast(_scalar(tape, value), (), dims)


def _scalar(tape: Tape, value: Any) -> Expr:
    made = tape.value(value)
    if made.order:
        tape.fail("an array is filled with a number", found=f"the value has {made.order} dimensions")
    return made


def _eye(tape: Tape, N: Any, M: Any = None, k: int = 0) -> Expr:
    size = _dim(tape, N)
    if k or (M is not None and not tape.same(_dim(tape, M), size)):
        tape.fail("np.eye is traced for square identities", kind=errors.TypeError)
    return algebra.delta(size)


def _full_like(tape: Tape, array: Any, value: Any) -> Expr:
    return algebra.broadcast(_scalar(tape, value), (), tape.value(array).shape)


def _creator(make: Callable[..., Expr]) -> Callable[..., Expr]:
    """The function without NumPy's options about memory; numbers are real."""

    def create(
        tape: Tape, *arguments: Any, dtype: Any = None, order: str = "C", device: Any = None, **options: Any
    ) -> Expr:
        if dtype not in (None, float):
            tape.fail("traced arrays hold real numbers", kind=errors.TypeError, found=f"dtype is {dtype!r}")
        return make(tape, *arguments, **options)

    return create


# np.zeros cannot be traced: NumPy asks for the values of its sizes before it asks us.
HANDLERS = {
    "eye": _creator(_eye),
    "identity": _creator(_eye),
    "ones": _creator(lambda tape, shape: _filled(tape, shape, 1)),
    "full": _creator(_filled),
    "zeros_like": _creator(lambda tape, array: _full_like(tape, array, 0)),
    "ones_like": _creator(lambda tape, array: _full_like(tape, array, 1)),
    "full_like": _creator(_full_like),
}
