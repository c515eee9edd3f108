"""Reductions as tasks: max, min, prod, logsumexp; and the softmax that shares the exponentials of a logsumexp.

Enters: a `Reduce`, or a function of elements that may be a softmax.  Leaves: its `Use`.  Always holds: the exponentials
of a logsumexp do not overflow, and are computed once; what needs an element requires one.  Not for: sums of products
(`contract.py`).
"""

from __future__ import annotations

import math

from ..kernel.program import Require
from ..tensor import algebra
from ..tensor.contraction import add
from ..tensor.expr import Contract, Expr, Map, Reduce, Sum
from .build import Builder, Use
from .tasks import BodyBuilder, Cells, Place, Read, Shape, Task, number, plain


def reduction(builder: Builder, expression: Reduce) -> Use:
    """The use of a reduction."""
    if expression.function == "logsumexp":
        shift, _, total = _exponentials(builder, expression)
        whole = tuple(plain(k) for k in range(expression.order))
        body = BodyBuilder()
        result = body.op("add", body.op("log", body.read(Read(total, whole))), body.read(Read(shift, whole)))
        return builder.define(expression, builder.task(Cells(expression.shape, expression.order, body.finish(result))))
    if expression.function in ("max", "min"):
        for axis in expression.axes:
            size = expression.argument.shape[axis]
            if size.value is None or size.value < 1:
                builder.requirements.setdefault(
                    size, Require(size - 1, f"{expression.function} of nothing: {size} is 0")
                )
    return builder.define(expression, _extreme(builder, expression.function, expression))


def _extreme(builder: Builder, function: str, expression: Reduce) -> Task:
    """The reduction of the argument by a function, over labels that follow those that are kept."""
    body = BodyBuilder()
    result = builder.cell(body, expression.argument, _place(expression))
    return builder.task(Cells(_extents(expression), expression.order, body.finish(result), function))


def _exponentials(builder: Builder, expression: Reduce) -> tuple[Task, Task, Task]:
    """Of a logsumexp: what is subtracted (the maximum where it is finite, else 0), the exponentials, and their sums."""
    key = ("exponentials", expression)
    if key not in builder.factorizations:
        order, shape = expression.order, expression.argument.shape
        body = BodyBuilder()
        # Of nan nothing is needed: the exponentials are nan.
        top = body.read(Read(_extreme(builder, "top", expression), tuple(plain(k) for k in range(order))))
        finite = body.op("lt", body.op("abs", top), number(math.inf))
        shift = builder.task(Cells(expression.shape, order, body.finish(body.op("where", finite, top, number(0.0)))))
        body = BodyBuilder()
        argument = builder.cell(body, expression.argument, tuple(plain(k) for k in range(len(shape))))
        shifted = body.op("sub", argument, body.read(Read(shift, tuple(map(plain, _axes(expression)[:order])))))
        powers = builder.task(Cells(shape, len(shape), body.finish(body.op("exp", shifted))))
        body = BodyBuilder()
        sums = body.finish(body.read(Read(powers, _place(expression))))
        total = builder.task(Cells(_extents(expression), order, sums, "sum"))
        builder.factorizations[key] = (shift, powers, total)
    shift, powers, total = builder.factorizations[key]
    return shift, powers, total


def softmax(builder: Builder, expression: Map) -> Use | None:
    """The use of an exp that is a softmax, or None: exp(x - logsumexp(x)) divides the exponentials of the logsumexp."""
    inner = expression.arguments[0]
    if not isinstance(inner, Sum) or len(inner.terms) < 2:
        return None
    for coefficient, term in inner.terms:
        found = _broadcast_logsumexp(term)
        if coefficient != -1 or found is None:
            continue
        reduced, at = found
        rest = add([t for t in inner.terms if t[1] is not term], inner.shape)
        if rest.order != reduced.argument.order:  # a diagonal of the softmax
            continue
        # The argument's axes in the order of the expression's: the logsumexp may be that of a transpose.
        kept = [k for k in range(rest.order) if k not in reduced.axes]
        others = iter(reduced.axes)
        order = [kept[at.index(k)] if k in at else next(others) for k in range(rest.order)]
        if rest is not algebra.permute(reduced.argument, order):
            continue
        _, powers, total = _exponentials(builder, reduced)
        body = BodyBuilder()
        place = tuple(plain(order.index(axis)) for axis in range(rest.order))
        # One division for each row.
        scale = body.op("reciprocal", body.read(Read(total, tuple(plain(k) for k in at))))
        quotient = body.op("mul", body.read(Read(powers, place)), scale)
        task = builder.task(Cells(expression.shape, expression.order, body.finish(quotient)))
        return builder.define(expression, task)
    return None


def _broadcast_logsumexp(term: Expr) -> tuple[Reduce, tuple[int, ...]] | None:
    """A logsumexp, and the axes of the term that are its own."""
    if isinstance(term, Reduce):
        return (term, tuple(range(term.order))) if term.function == "logsumexp" else None
    if isinstance(term, Contract) and len(term.factors) == 1 and len(term.sizes) == term.order:
        factor, at = term.factors[0]
        if isinstance(factor, Reduce) and factor.function == "logsumexp":
            return factor, at
    return None


def _axes(expression: Reduce) -> list[int]:
    """The axes of the argument, those that are kept first."""
    return [*(k for k in range(expression.argument.order) if k not in expression.axes), *expression.axes]


def _place(expression: Reduce) -> Place:
    """Where the argument is read: the kept axes have the first labels."""
    order = _axes(expression)
    return tuple(plain(order.index(axis)) for axis in range(len(order)))


def _extents(expression: Reduce) -> Shape:
    """The sizes of the labels of `_place`."""
    return tuple(expression.argument.shape[axis] for axis in _axes(expression))
