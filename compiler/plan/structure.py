"""Rewrites expressions so that structure saves work: before anything is planned.

Enters: expressions.  Leaves: expressions of the same value, without bound names.  Always holds: nothing gets dearer.
Diagonal matrices become vectors; a diagonal or a slice of a sum or of an elementwise function becomes the sum or
function of diagonals or slices.  Not for: algebra with named rules (`simplify.py`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..tensor import algebra
from ..tensor.contraction import add, contract, delta, transpose
from ..tensor.dims import Dim
from ..tensor.expr import Atom, Contract, Expr, Map, Structure, Sum, Symbol, expand, topological
from ..tensor.labels import Factor
from ..tensor.properties import has
from .expand import terms_apart


def structured(results: Sequence[Expr]) -> list[Expr]:
    """The expressions rewritten."""
    roots = [expand(result) for result in results]
    order = topological(*roots)
    uses: dict[Expr, int] = dict.fromkeys(roots, 2)
    for current in order:
        for operand in dict.fromkeys(current.operands):
            uses[operand] = uses.get(operand, 0) + 1
    new: dict[Expr, Expr] = {}
    for current in order:
        operands = tuple(new[o] for o in current.operands)
        same = all(a is b for a, b in zip(operands, current.operands, strict=True))
        made = current if same else algebra.with_operands(current, operands)
        shared = frozenset(new[o] for o in current.operands if uses[o] > 1)
        new[current] = _improved(made, shared)
    return [new[root] for root in roots]


def _improved(current: Expr, shared: frozenset[Expr]) -> Expr:
    """`shared` are operands that are made as a whole anyway."""
    if isinstance(current, Atom) and current.function == "inv":
        argument = current.arguments[0]
        if has(argument, "orthogonal"):
            return transpose(argument)
        if has(argument, "diagonal"):
            return algebra.diagonal(algebra.power(_improved(algebra.diagonal(argument), frozenset()), -1))
    if isinstance(current, Atom) and current.function == "det" and has(current.arguments[0], "diagonal"):
        return algebra.reduce_("prod", _improved(algebra.diagonal(current.arguments[0]), frozenset()), (0,))
    if isinstance(current, Atom) and current.function == "logdet":
        argument = current.arguments[0]
        if has(argument, "diagonal") and has(argument, "posdef"):  # else the sign must be checked
            logs = algebra.map_("log", (_improved(algebra.diagonal(argument), frozenset()),))
            return contract([(logs, (0,))], (), {0: logs.shape[0]})
    if isinstance(current, Sum):
        return add([(c, _improved(t, shared)) for c, t in current.terms], current.shape)
    if isinstance(current, Contract):
        thin = _thinned(current)
        if thin is not current:
            return _improved(thin, frozenset())
        banded = _banded(current)
        if banded is not current:
            return banded
        spread = _spread(current, shared)
        return spread if spread is not current else _sunk(current, shared)
    return current


MOST_BANDS = 4  # terms that several sums of diagonals become: beyond, one is multiplied after the other


def _banded(current: Contract) -> Expr:
    """A factor that is a sum of diagonals, each in another place, multiplied out: the matrix is never made, and nothing
    cancels."""
    positions = [k for k, (factor, _) in enumerate(current.factors) if isinstance(factor, Sum) and _is_banded(factor)]
    if not positions or len(current.factors) == 1:
        return current
    if len(positions) > 1 and math.prod(len(current.factors[k][0].operands) for k in positions) > MOST_BANDS:
        return current
    return add([(c, _improved(term, frozenset())) for c, term in terms_apart(current, positions[0])], current.shape)


def _is_banded(factor: Sum) -> bool:
    bands = [_band(term) for _, term in factor.terms]
    return factor.order == 2 and None not in bands and len(set(bands)) == len(bands)


def _band(term: Expr) -> tuple[str, tuple[Dim, ...], tuple[int, ...]] | None:
    """The place of a matrix that is one diagonal with zeros around it; None for other matrices."""
    if isinstance(term, Structure):
        return (term.kind, term.parameters, (0, 1)) if term.kind in ("delta", "select") else None
    if not isinstance(term, Contract) or len(term.sizes) > 2:
        return None
    places = [(f.kind, f.parameters, at) for f, at in term.factors if isinstance(f, Structure)]
    rest = [f for f, _ in term.factors if not isinstance(f, Structure)]
    return places[0] if len(places) == 1 and set(places[0][2]) == {0, 1} and all(f.order == 1 for f in rest) else None


def _spread(current: Contract, shared: frozenset[Expr]) -> Expr:
    """A sum of blocks that is itself a block of something: every block is placed at once where it belongs."""
    positions = [k for k, (factor, _) in enumerate(current.factors) if not isinstance(factor, Structure)]
    if len(positions) != 1 or len(current.factors) == 1:
        return current
    factor, at = current.factors[positions[0]]
    placing = all(f.kind in ("select", "pair", "delta") for f, _ in current.factors if isinstance(f, Structure))
    if (
        not isinstance(factor, Sum)
        or factor in shared
        or not placing
        or not all(_placed(term) for _, term in factor.terms)
    ):
        return current
    rest = [f for k, f in enumerate(current.factors) if k != positions[0]]
    sizes = dict(enumerate(current.sizes))
    terms = [(c, contract([*rest, (term, at)], range(current.order), sizes)) for c, term in factor.terms]
    return add([(c, _improved(term, frozenset())) for c, term in terms], current.shape)


def _placed(term: Expr) -> bool:
    """Whether it is a block of zeros with something in a place; a slice, which reads a place, is none."""
    if not isinstance(term, Contract):
        return False
    places = [(factor.kind, at) for factor, at in term.factors if isinstance(factor, Structure)]
    return bool(places) and all(
        kind in ("pair", "delta") or (kind == "select" and at[1] < term.order) for kind, at in places
    )


def is_blocks(factor: Sum) -> bool:
    """Whether it is a block matrix: a sum of matrices with zeros around them, each in another place."""
    places = [
        frozenset((f.parameters, at) for f, at in term.factors if isinstance(f, Structure) and f.kind == "select")
        for _, term in factor.terms
        if isinstance(term, Contract) and _placed(term)
    ]
    outputs = [frozenset((parameters, at[1]) for parameters, at in place) for place in places]
    return factor.order == 2 and len(factor.terms) == len(set(outputs))


def _thinned(current: Contract) -> Expr:
    """Diagonal matrices as vectors: D[i, j] is D[i, i] * delta(i, j)."""
    factors: list[Factor] = []
    changed = False
    for factor, at in current.factors:
        if len(at) == 2 and at[0] != at[1] and not isinstance(factor, Structure) and has(factor, "diagonal"):
            size = factor.shape[0]
            factors += [(algebra.diagonal(factor), at[:1]), (delta(size), at)]
            changed = True
        else:
            factors.append((factor, at))
    if not changed:
        return current
    # A lone diagonal matrix is its own diagonal form.
    if len(current.factors) == 1 and isinstance(current.factors[0][0], Symbol) and len(current.sizes) == current.order:
        return current
    return contract(factors, range(current.order), dict(enumerate(current.sizes)))


def _sunk(current: Contract, shared: frozenset[Expr]) -> Expr:
    """Diagonals and slices of sums and elementwise functions, taken before the sum or function is computed."""
    for position, (factor, at) in enumerate(current.factors):
        if not isinstance(factor, Sum | Map) or factor in shared:
            continue
        slices = _slices(current, position)
        if len(set(at)) == len(at) and not slices:
            continue
        sizes = dict(enumerate(current.sizes))
        renamed = {sliced: current.factors[k][1][0] for k, sliced in slices.items()}
        labels = list(dict.fromkeys(renamed.get(label, label) for label in at))
        inner = _restricted(factor, at, [current.factors[k] for k in slices], labels, sizes)
        rest = [f for k, f in enumerate(current.factors) if k != position and k not in slices]
        return _improved(_contracted([*rest, (inner, tuple(labels))], range(current.order), sizes), shared)
    return current


def _contracted(factors: list[Factor], outputs: Sequence[int], sizes: dict[int, Dim]) -> Expr:
    """The contraction over the labels that are there."""
    used = {label for _, at in factors for label in at} | set(outputs)
    return contract(factors, outputs, {label: sizes[label] for label in sorted(used)})


def _slices(current: Contract, position: int) -> dict[int, int]:
    """Positions of the `select` factors that slice this factor and nothing else, with the label they slice."""
    at = current.factors[position][1]
    found: dict[int, int] = {}
    for k, (factor, (*_, label)) in enumerate((f, labels or (-1,)) for f, labels in current.factors):
        if not isinstance(factor, Structure) or factor.kind != "select" or label < current.order or label not in at:
            continue
        others = [j for j, (_, labels) in enumerate(current.factors) if label in labels and j not in (k, position)]
        if not others and current.factors[k][1][0] not in at:
            found[k] = label
    return found


def _restricted(
    factor: Expr, at: tuple[int, ...], slices: list[Factor], labels: list[int], sizes: dict[int, Dim]
) -> Expr:
    shape = tuple(sizes[label] for label in labels)

    def inside(operand: Expr) -> Expr:
        return _improved(_contracted([(operand, at), *slices], labels, sizes), frozenset())

    if isinstance(factor, Sum):
        return add([(c, inside(term)) for c, term in factor.terms], shape)
    assert isinstance(factor, Map)
    return algebra.map_(factor.function, [inside(argument) for argument in factor.arguments])
