"""Products with sparse parameters: by routines that go through the elements that are stored.

Enters: a contraction with sparse factors.  Leaves: its `Use`.  Always holds: no sparse matrix is made dense; where that
would be needed, `SparseError` says what a sparse matrix can do.  Not for: products of dense factors
(`contract.py`), by which what is left is made.

A sparse factor is multiplied by the dense factors that share one of its summed labels, the fewest columns first; where
it meets nothing but itself and weights (X'*diag(w)*X), its Gram matrix is made; and where it is multiplied element by
element and summed along its rows (diag(X*A')), the inner products of the rows.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from ..tensor.contraction import contract, ones
from ..tensor.dims import Dim
from ..tensor.expr import Contract, Expr, Symbol, symbol
from ..tensor.labels import Factor
from ..tensor.sparse import is_sparse
from .build import Builder, Use, refused
from .tasks import Call, Window, plain, window

Labels = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Step:
    """A sparse factor times the dense factors at these positions, summed over a label."""

    sparse: int
    label: int
    dense: tuple[int, ...]


def sparse_contraction(builder: Builder, expression: Contract) -> Use:
    """The use of a contraction with sparse factors.  Raises mg.TypeError where it would need them dense."""
    factors = list(expression.factors)
    sizes = dict(enumerate(expression.sizes))
    outputs = tuple(range(expression.order))
    while any(is_sparse(f) for f, _ in factors):
        step = _cheapest(builder, factors, sizes, outputs)
        if step is not None:
            made: list[Factor] | None = _product(builder, factors, sizes, outputs, step)
        else:
            made = _gram(builder, factors, sizes, outputs) or _inner(builder, factors, sizes, outputs)
        if made is None:
            raise refused(next(f.name for f, _ in factors if isinstance(f, Symbol) and is_sparse(f)))
        factors = made
    used = {label for _, at in factors for label in at} | set(outputs)
    rest = contract(factors, outputs, {label: sizes[label] for label in sorted(used)})
    use = builder.use(rest)
    builder.uses[expression] = use
    return use


def _cheapest(builder: Builder, factors: list[Factor], sizes: dict[int, Dim], outputs: Labels) -> _Step | None:
    """The product with the fewest columns."""
    best: tuple[float, int, _Step] | None = None
    for k, (sparse, at) in enumerate(factors):
        if not is_sparse(sparse) or at[0] == at[1]:
            continue
        for label, other in (at, at[::-1]):
            dense = tuple(j for j, (_, labels) in enumerate(factors) if j != k and label in labels)
            if label in outputs or any(is_sparse(factors[j][0]) for j in dense):
                continue
            columns = _columns(factors, sizes, outputs, dense, label)
            if other in columns:
                continue
            price = builder.guess.volume(tuple(sizes[c] for c in columns)) + (0.5 if not dense else 0.0)
            entry = (price, -k, _Step(k, label, dense))
            if best is None or entry[:2] < best[:2]:
                best = entry
    return best[2] if best is not None else None


def _columns(
    factors: list[Factor], sizes: dict[int, Dim], outputs: Labels, dense: Sequence[int], label: int
) -> list[int]:
    """The labels of the product of some factors but one: those that anything else needs."""
    elsewhere = set(outputs).union(*(at for j, (_, at) in enumerate(factors) if j not in dense))
    inside = {other for j in dense for other in factors[j][1]}
    return sorted((inside & elsewhere) - {label})


def _product(
    builder: Builder, factors: list[Factor], sizes: dict[int, Dim], outputs: Labels, step: _Step
) -> list[Factor]:
    """The factors after a product of a sparse and of dense ones."""
    sparse, at = factors[step.sparse]
    assert isinstance(sparse, Symbol)
    columns = _columns(factors, sizes, outputs, step.dense, step.label)
    row = at[1] if at[0] == step.label else at[0]
    size = sizes[step.label]
    parts = [factors[j] for j in step.dense]
    used = {label for _, labels in parts for label in labels} | {step.label}
    dense = contract(parts, (step.label, *columns), {label: sizes[label] for label in sorted(used)})
    name = "csr_product" if at[1] == step.label else "csr_product_transposed"
    shape = (sizes[row], *(sizes[c] for c in columns))
    key = (f"{name} {sparse.name}", dense)
    if key not in builder.factorizations:
        use = builder.use(dense)
        extents = (*shape, size)
        rest = tuple(range(1, len(shape)))
        read = use.read((plain(len(shape)), *(plain(k) for k in rest)))
        groups = ((0,), rest) if rest else ((0,),)
        right = Window(read, ((len(shape),), rest) if rest else ((len(shape),),), extents)
        carrier, _, *arrays = _parts(builder, sparse)
        call = Call(name, shape, (carrier, *arrays, right), groups=groups, name=sparse.name)
        builder.factorizations[key] = (builder.task(call),)
    made = _placeholder(builder, Use(builder.factorizations[key][0], tuple(range(len(shape)))), shape)
    gone = {step.sparse, *step.dense}
    return [*(f for j, f in enumerate(factors) if j not in gone), (made, (row, *columns))]


def _gram(builder: Builder, factors: list[Factor], sizes: dict[int, Dim], outputs: Labels) -> list[Factor] | None:
    """The factors with X'*diag(w)*X made; None where there is no such product."""
    for (j, (first, at)), (k, (second, there)) in itertools.combinations(enumerate(factors), 2):
        if first is not second or not isinstance(first, Symbol) or not is_sparse(first) or at[0] != there[0]:
            continue
        label = at[0]
        weights = [i for i, (_, labels) in enumerate(factors) if i not in (j, k) and label in labels]
        if label in outputs or at[1] == there[1] or any(factors[i][1] != (label,) for i in weights):
            continue
        size = first.shape[0]
        weight = contract([factors[i] for i in weights], (label,), {label: size}) if weights else ones((size,))
        key = (f"csr_gram {first.name}", weight)
        shape = (first.shape[1], first.shape[1])
        if key not in builder.factorizations:
            use = builder.use(weight)
            call = Call("csr_gram", shape, (*_parts(builder, first), window(use.task)), name=first.name)
            builder.factorizations[key] = (builder.task(call),)
        made = _placeholder(builder, Use(builder.factorizations[key][0], (0, 1)), shape, ("symmetric",))
        gone = {j, k, *weights}
        return [*(f for i, f in enumerate(factors) if i not in gone), (made, (at[1], there[1]))]
    return None


def _inner(builder: Builder, factors: list[Factor], sizes: dict[int, Dim], outputs: Labels) -> list[Factor] | None:
    """The factors with diag(X*A') made, for a dense A; None where there is no such product."""
    for k, (sparse, at) in enumerate(factors):
        row, column = at if len(at) == 2 else (-1, -1)
        dense = [j for j, (_, labels) in enumerate(factors) if j != k and column in labels]
        others = set(outputs).union(*(labels for j, (_, labels) in enumerate(factors) if j not in (k, *dense)))
        if not isinstance(sparse, Symbol) or not is_sparse(sparse) or row == column or column in outputs:
            continue
        inside = {label for j in dense for label in factors[j][1]}
        if any(is_sparse(factors[j][0]) for j in dense) or row not in inside or (inside & others) - {row, column}:
            continue
        parts = [factors[j] for j in dense]
        matrix = contract(parts, (row, column), {label: sizes[label] for label in sorted(inside | {row, column})})
        key = (f"csr_inner {sparse.name}", matrix)
        if key not in builder.factorizations:
            read = builder.use(matrix).read((plain(0), plain(1)))
            right = Window(read, ((0,), (1,)), sparse.shape)
            carrier, _, *arrays = _parts(builder, sparse)
            call = Call("csr_inner", sparse.shape[:1], (carrier, *arrays, right), groups=((0,),), name=sparse.name)
            builder.factorizations[key] = (builder.task(call),)
        made = _placeholder(builder, Use(builder.factorizations[key][0], (0,)), sparse.shape[:1])
        gone = {k, *dense}
        return [*(f for j, f in enumerate(factors) if j not in gone), (made, (row,))]
    return None


def _parts(builder: Builder, sparse: Symbol) -> tuple[Window, ...]:
    """The arrays of a sparse matrix as operands: the sizes, pairs, the starts of its rows, columns and values."""
    carrier, pairs, starts, columns, data = builder.sparse[sparse.name]
    begins = Window(window(starts).read, ((0,),), sparse.shape[:1])
    return window(carrier), window(pairs), begins, window(columns), window(data)


def _placeholder(builder: Builder, use: Use, shape: tuple[Dim, ...], attributes: Sequence[str] = ()) -> Expr:
    """A symbol that stands for what a task computes."""
    made = symbol(f"product {use.task.number}", shape, attributes, "planned")
    builder.uses[made] = use
    return made
