"""Windows of arrays: where the elements are that a task reads or a routine takes.

Enters: views and places.  Leaves: views.  Always holds: positions that are affine in the labels are strides and
offsets, so that diagonals, slices and reshapes cost nothing.  Not for: copies.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..kernel.program import View
from ..tensor.dims import Dim
from .tasks import ONE, ZERO, Place, Shape


def located(view: View, place: Place, sizes: Shape, labels: Sequence[int]) -> View:
    """The elements of a view at a place, as a view with one axis per label."""
    offset = view.offset
    strides = dict.fromkeys(labels, ZERO)
    for index, stride in zip(place, view.strides, strict=True):
        offset = offset + index.offset * stride
        for label, factor in index.terms:
            strides[label] = strides[label] + (stride if factor == ONE else stride * factor)
    return View(view.buffer, offset, tuple(strides[label] for label in labels), tuple(sizes[label] for label in labels))


def grouped(view: View, labels: Sequence[int], groups: Sequence[tuple[int, ...]]) -> View | None:
    """The view with the labels of each group as one axis; None if they don't lie in one stride."""
    strides: list[Dim] = []
    shape: list[Dim] = []
    axis = {label: k for k, label in enumerate(labels)}
    for group in groups:
        size, stride = ONE, ONE
        for position, label in enumerate(reversed(group)):
            if position and view.strides[axis[label]] != stride * size:
                return None
            if not position:
                stride = view.strides[axis[label]]
            size = size * view.shape[axis[label]]
        strides.append(stride)
        shape.append(size)
    return View(view.buffer, view.offset, tuple(strides), tuple(shape))
