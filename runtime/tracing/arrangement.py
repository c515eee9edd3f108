"""NumPy's functions that put arrays together and take them apart: `np.concatenate`, `np.diff`, `np.tensordot`, ...

Enters: traced arrays, or numbers and small arrays among them.  Leaves: expressions.  Always holds: sizes that are put
together add up.  Not for: indexing (`items.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...compiler.language.indexing import selection
from ...compiler.tensor import algebra
from ...compiler.tensor.dims import Dim
from ...compiler.tensor.expr import Expr
from ...grammar import errors
from .operands import misfit
from .traced import ONE, Tape, Traced


def _concatenate(tape: Tape, arrays: Any, axis: int = 0) -> Expr:
    parts = [tape.value(a) for a in arrays]
    order = parts[0].order
    at = axis + order if axis < 0 else axis
    if any(p.order != order for p in parts) or not 0 <= at < order:
        misfit(tape, f"np.concatenate along axis {axis}", parts)
    for k, size in enumerate(parts[0].shape):
        if k != at and not all(tape.same(p.shape[k], size) for p in parts):
            misfit(tape, f"np.concatenate along axis {axis}", parts)
    total = Dim.of(0)
    for part in parts:
        total = total + part.shape[at]
    start, placed = Dim.of(0), []
    for part in parts:
        size = part.shape[at]
        labels = tuple(range(order))
        outputs = tuple(order if k == at else k for k in labels)
        sizes = {**dict(enumerate(parts[0].shape)), at: size, order: total}
        factors = [(part, labels), (selection(start, size, total), (at, order))]
        placed.append(algebra.contract(factors, outputs, sizes))
        start = start + size
    return algebra.total(*placed)


def _with_axis(array: Expr, at: int) -> Expr:
    """The array with a further axis of size 1."""
    shape = (*array.shape[:at], ONE, *array.shape[at:])
    return algebra.broadcast(array, [k for k in range(array.order + 1) if k != at], shape)


def _stack(tape: Tape, arrays: Any, axis: int = 0) -> Expr:
    parts = [tape.value(a) for a in arrays]
    at = axis + parts[0].order + 1 if axis < 0 else axis
    if any(p.order != parts[0].order for p in parts) or not 0 <= at <= parts[0].order:
        misfit(tape, f"np.stack along axis {axis}", parts)
    return _concatenate(tape, [Traced(tape, _with_axis(p, at)) for p in parts], at)


def _hstack(tape: Tape, arrays: Any) -> Expr:
    parts = [tape.value(a) for a in arrays]
    return _concatenate(tape, [Traced(tape, p) for p in parts], int(parts[0].order > 1))


def _vstack(tape: Tape, arrays: Any) -> Expr:
    parts = [tape.value(a) for a in arrays]
    return _concatenate(tape, [Traced(tape, _with_axis(p, 0) if p.order == 1 else p) for p in parts])


def _expand_dims(tape: Tape, a: Any, axis: int) -> Expr:
    array = tape.value(a)
    return _with_axis(array, axis + array.order + 1 if axis < 0 else axis)


def _diff(tape: Tape, a: Any, n: int = 1, axis: int = -1) -> Expr:
    made = Traced(tape, tape.value(a))
    for _ in range(n):
        at = axis + made.ndim if axis < 0 else axis
        lead = (slice(None),) * at
        made = made[(*lead, slice(1, None))] - made[(*lead, slice(None, -1))]
    return made.value


def _tensordot(tape: Tape, a: Any, b: Any, axes: Any = 2) -> Expr:
    left, right = tape.value(a), tape.value(b)
    if isinstance(axes, int):
        pairs = [(left.order - axes + k, k) for k in range(axes)]
    else:
        one, two = ([x] if isinstance(x, int) else list(x) for x in axes)
        pairs = [(i % max(left.order, 1), j % max(right.order, 1)) for i, j in zip(one, two, strict=True)]
    if any(not (0 <= i < left.order and j < right.order) for i, j in pairs) or not all(
        tape.same(left.shape[i], right.shape[j]) for i, j in pairs
    ):
        misfit(tape, "np.tensordot", (left, right))
    labels = list(range(left.order))
    others = [left.order + k for k in range(right.order)]
    for i, j in pairs:
        others[j] = i
    summed = {i for i, _ in pairs}
    outputs = [k for k in labels if k not in summed] + [k for k in others if k >= left.order]
    sizes = dict(zip(others, right.shape, strict=True)) | dict(enumerate(left.shape))
    return algebra.contract([(left, tuple(labels)), (right, tuple(others))], outputs, sizes)


def _matrix_power(tape: Tape, a: Any, n: int) -> Any:
    if not isinstance(n, int) or n < 1:
        tape.fail("np.linalg.matrix_power is traced for whole powers from 1 on", kind=errors.TypeError)
    factor = Traced(tape, tape.value(a))
    made = factor
    for _ in range(n - 1):
        made = made @ factor
    return made


def _multi_dot(tape: Tape, arrays: Any) -> Any:
    made, *rest = (Traced(tape, tape.value(a)) for a in arrays)
    for factor in rest:
        made = made @ factor
    return made


HANDLERS: dict[str, Callable[..., Any]] = {
    "concatenate": _concatenate,
    "stack": _stack,
    "hstack": _hstack,
    "vstack": _vstack,
    "expand_dims": _expand_dims,
    "diff": _diff,
    "tensordot": _tensordot,
    "matrix_power": _matrix_power,
    "multi_dot": _multi_dot,
    "copy": lambda tape, a: tape.value(a),
}
