"""NumPy's sums, means, variances, extremes and running sums, along axes.

Enters: a traced array, an axis, several, or None for all.  Leaves: expressions.  Always holds: axes are counted as
NumPy does, and stay with size 1 where `keepdims` says so.  Not for: options about memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...compiler.calculus.rulebook import instantiate, rulebook
from ...compiler.tensor import algebra
from ...compiler.tensor.dims import Dim, volume
from ...compiler.tensor.expr import Expr, structure
from ...grammar import errors
from .operands import of_language
from .traced import ONE, Tape, Traced


def _axes(tape: Tape, array: Expr, axis: Any) -> tuple[int, ...]:
    given = range(array.order) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes = tuple(sorted(a + array.order if a < 0 else a for a in given))
    if any(not 0 <= a < array.order for a in axes):
        tape.fail(f"axis {axis} is out of range: the array has {array.order} dimensions")
    return axes


def _kept(array: Expr, reduced: Expr, axes: tuple[int, ...], keepdims: bool) -> Expr:
    if not keepdims:
        return reduced
    shape = tuple(ONE if k in axes else size for k, size in enumerate(array.shape))
    return algebra.broadcast(reduced, [k for k in range(array.order) if k not in axes], shape)


def sum_(tape: Tape, a: Any, axis: Any = None, keepdims: bool = False) -> Expr:
    """`np.sum`."""
    array = tape.value(a)
    axes = _axes(tape, array, axis)
    return _kept(array, algebra.sum_over(array, axes), axes, keepdims)


def mean(tape: Tape, a: Any, axis: Any = None, keepdims: bool = False) -> Expr:
    """`np.mean`."""
    array = tape.value(a)
    count = volume(array.shape[k] for k in _axes(tape, array, axis))
    return algebra.product(algebra.power(algebra.size_scalar(count), -1), sum_(tape, a, axis, keepdims))


def reduction(name: str) -> Callable[..., Expr]:
    """`np.max`, `np.min` or `np.prod`."""

    def reduction(tape: Tape, a: Any, axis: Any = None, keepdims: bool = False) -> Expr:
        array = tape.value(a)
        axes = _axes(tape, array, axis)
        return _kept(array, algebra.reduce_(name, array, axes), axes, keepdims)

    return reduction


def var(tape: Tape, a: Any, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Expr:
    """`np.var`."""
    array = tape.value(a)
    if axis is None and not ddof and not keepdims:
        template = rulebook().definitions["var", 1, ""]
        return instantiate(template.value, {template.parameters[0]: array})
    apart = Traced(tape, array) - Traced(tape, mean(tape, a, axis, keepdims=True))
    total = sum_(tape, apart * apart, axis, keepdims)
    count = algebra.size_scalar(volume(array.shape[k] for k in _axes(tape, array, axis)))
    return algebra.product(algebra.power(algebra.difference(count, algebra.number(ddof)), -1), total)


def std(tape: Tape, a: Any, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Expr:
    """`np.std`."""
    return algebra.map_("sqrt", (var(tape, a, axis, ddof, keepdims),))


def cumsum(tape: Tape, a: Any, axis: int | None = None) -> Expr:
    """`np.cumsum` of a vector or a matrix."""
    array = tape.value(a)
    flat = a if array.order == 1 else Traced(tape, ravel(tape, a))
    if axis is None or array.order == 1:
        return of_language("cumsum")(tape, flat)
    (at,) = _axes(tape, array, axis)
    if array.order != 2:
        tape.fail("np.cumsum is traced for vectors and matrices", kind=errors.TypeError)
    size = array.shape[at]
    running = structure("tril", (size, size), Dim.of(0))
    return algebra.matmul(running, array) if at == 0 else algebra.matmul(array, algebra.transpose(running))


def ravel(tape: Tape, a: Any) -> Expr:
    """The elements row by row."""
    array = tape.value(a)
    turned = algebra.transpose(array) if array.order == 2 else array  # row by row
    return of_language("vec")(tape, Traced(tape, turned))
