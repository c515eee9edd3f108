"""Contractions as tasks.

Enters: a `Contract`.  Leaves: its `Use`.  Always holds: parts that share no summed label are made separately, and what
is only placed somewhere is not made dense.  Not for: products of several factors (`component.py`).
"""

from __future__ import annotations

from fractions import Fraction

from ..tensor import algebra
from ..tensor.expr import Contract, Expr, Structure
from .build import Builder, Use
from .component import cells, component
from .tasks import Assembly, BodyBuilder, Patch, number, plain


def contraction(builder: Builder, expression: Contract) -> Use:
    """The use of a contraction in canonical orientation."""
    builder.register.planned(expression)
    net = builder.register.network(expression)
    if net.scattered:
        patch = scattered(builder, expression, Fraction(1))
        assert patch is not None
        return builder.define(expression, builder.task(Assembly(expression.shape, None, (patch,))))
    outputs = [index.labels[0] for index in net.outputs]
    components = net.components()
    covered = frozenset().union(*net.labels) >= net.kept
    if len(components) == 1 and covered and any(not net.labels[k] <= net.kept for k in components[0]):
        return component(builder, expression, net, components[0], outputs)
    if len(net.factors) == 1:
        axes = net.whole(0)
        if axes is not None and sorted(outputs) == sorted(axes):
            inner = builder.use(net.factors[0][0])
            return Use(inner.task, tuple(inner.axes[axes.index(label)] for label in outputs))
    single = [members[0] for members in components if len(members) == 1 and net.labels[members[0]] <= net.kept]
    parts = builder.register.known_parts(net, single, net.kept)
    inside = {k for chosen, _ in parts for k in chosen}
    parts += [(members, frozenset().union(*(net.labels[k] for k in members)) & net.kept)
              for members in components if members[0] not in single]  # fmt: skip
    factors = [(net.factors[k][0], net.place(net.factors[k][1])) for k in single if k not in inside]
    for members, labels in parts:
        order = sorted(labels)
        factors.append((net.part(members, order), tuple(plain(label) for label in order)))
    if len(single) == len(net.factors):
        builder.register.remember(net, single, net.kept)
    return cells(builder, expression, net, factors, outputs, [])


def scattered(builder: Builder, expression: Expr, coefficient: Fraction) -> Patch | None:
    """`coefficient` times a contraction that is zero outside of some positions (or reshaped), as a patch; else None."""
    if not isinstance(expression, Contract) or not any(isinstance(f, Structure) for f, _ in expression.factors):
        return None
    net = builder.register.network(expression)
    if not net.scattered:
        return None
    labels = sorted(net.kept)
    core = net.part(range(len(net.factors)), labels)
    body = BodyBuilder()
    local = {label: plain(k) for k, label in enumerate(labels)}
    cell = builder.cell(body, core, tuple(plain(k) for k in range(len(labels))))
    if coefficient != 1:
        for piece in algebra.pieces(coefficient):
            cell = body.op("mul", number(piece), cell)
    place = tuple(index.at(local) for index in net.outputs)
    return Patch(tuple(net.sizes[label] for label in labels), place, body.finish(cell))
