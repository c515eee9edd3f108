"""Gives routines the matrices that BLAS can take: copies where a view has no axis of stride 1.

Enters: a `Program`.  Leaves: the program with such views replaced by contiguous work buffers, copied before and, for
results, after.  Always holds: the meaning is the same.  Not for: vectors, which may have any stride, but for the one
that gemv reads or writes once for each row or column of its matrix.
"""

from __future__ import annotations

from dataclasses import replace

from .program import Buffer, Program, Routine, Scale, Step, View

_ANY_STRIDES = {"copy", "fill", "ger", "mirror", "csr_product", "csr_product_transposed", "csr_inner", "csr_gram"}


def with_unit_strides(program: Program) -> Program:
    """The program whose routines get matrices with one axis of stride 1."""
    work = list(program.work)
    steps: list[Step] = []
    for step in program.steps:
        if isinstance(step, Routine) and step.name not in _ANY_STRIDES and not step.name.startswith("check_"):
            steps += _expanded(step, work)
        else:
            steps.append(step)
    return replace(program, work=tuple(work), steps=tuple(steps))


def _expanded(step: Routine, work: list[Buffer]) -> list[Step]:
    copies: dict[View, View] = {}
    for view in (*step.inputs, *step.outputs):
        if view not in copies and (not _fits(view) or view == _repeated_vector(step)):
            buffer = Buffer(f"contiguous_{len(work) + 1}", view.shape, "work", view.buffer.dtype)
            work.append(buffer)
            copies[view] = buffer.view()
    if not copies:
        return [step]
    # The old value of a result is needed where it is added to.
    adds = len(step.scalars) > 1 and step.scalars[1] != Scale(0.0)
    read = (*step.inputs, *(step.outputs if adds else ()))
    inner = replace(
        step,
        inputs=tuple(copies.get(v, v) for v in step.inputs),
        outputs=tuple(copies.get(v, v) for v in step.outputs),
    )
    before = [Routine("copy", (copies[v],), (v,)) for v in dict.fromkeys(read) if v in copies]
    after = [Routine("copy", (v,), (copies[v],)) for v in step.outputs if v in copies]
    return [*before, inner, *after]


def _fits(view: View) -> bool:
    if len(view.shape) < 2:
        return True
    repeated = any(s.value == 0 and n.value != 1 for s, n in zip(view.strides, view.shape, strict=True))
    return any(s.value == 1 for s in view.strides) and not repeated


def _repeated_vector(step: Routine) -> View | None:
    """The vector of a product with a matrix that is gone through many times, if its elements are not side by side."""
    if step.name != "gemv":
        return None
    matrix, vector = step.inputs
    if matrix.strides[1].value != 1:
        (vector,) = step.outputs
    return vector if vector.strides[0].value != 1 else None
