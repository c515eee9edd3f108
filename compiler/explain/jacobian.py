"""The derivative of an array as the Jacobian matrix of vectors, with Kronecker products.

Enters: the Jacobian of an array F by X, of order 3 or 4.  Leaves: how the Jacobian matrix of vec(F) by vec(X), columns
first, is written.  Always holds: what is written has the value of the matrix.  Not for: Jacobians that are matrices
already, and not for terms that have no such form (`None`).
"""

from __future__ import annotations

from ...grammar.syntax import Node
from ..printing import notation
from ..tensor import algebra
from ..tensor.dims import Dim
from ..tensor.expr import Contract, Expr, Shape, Symbol, structure, symbol
from .moves import apart, connected, terms_of
from .steps import Shown
from .typeset import Typesetter

Placed = tuple[Expr, tuple[int, ...]]


def commutation(shape: Shape, name: str) -> Symbol:
    """The matrix K with `K*vec(X) = vec(X')` for matrices X of this shape."""
    m, n = shape
    sizes = {0: n * m, 1: m * n, 2: m, 3: n}
    factors = [(structure("pair", (n, m, n * m)), (3, 2, 0)), (structure("pair", (m, n, m * n)), (2, 3, 1))]
    return symbol(name, (n * m, m * n), (), "name", algebra.contract(factors, (0, 1), sizes))


def vectorized(jacobian: Expr, order: int) -> Expr:
    """A tensor with its first `order` indices, and the others, joined to one index each, columns first."""
    sizes: dict[int, Dim] = dict(enumerate(jacobian.shape))
    factors: list[Placed] = [(jacobian, tuple(sizes))]
    outputs: list[int] = []
    for start, stop in ((0, order), (order, jacobian.order)):
        if start == stop:
            continue
        label = start
        if stop - start == 2:
            label = len(sizes)
            pair = jacobian.shape[start:stop]
            sizes[label] = pair[0] * pair[1]
            factors.append((structure("pair", (*pair, sizes[label])), (start, start + 1, label)))
        outputs.append(label)
    return algebra.contract(factors, outputs, sizes)


class Kronecker:
    """Writes Jacobians as matrices.  `swap` is the name of the commutation matrix of X, `swapped` tells whether it was
    used."""

    def __init__(self, typesetter: Typesetter, order: int, swap: Node) -> None:
        self._typesetter, self._order, self._swap = typesetter, order, swap
        self.swapped = False

    def shown(self, jacobian: Expr) -> Shown | None:
        """The Jacobian matrix; None where a term has no Kronecker form."""
        nodes: list[tuple[bool, Node]] = []
        for coefficient, term in terms_of(jacobian):
            node = self._term(term)
            if node is None:
                return None
            nodes.append((coefficient < 0, notation.with_coefficient(abs(coefficient), node)))
        return Shown(notation.plus(sorted(nodes, key=lambda n: n[0]))) if nodes else None

    def _term(self, term: Expr) -> Node | None:
        scalar, tensor = apart(term)
        if not isinstance(tensor, Contract):
            return None
        factors = list(tensor.factors)
        node = self._elementwise(tensor, factors) or self._groups(tensor, factors)
        if node is None or algebra.number_value(scalar) == 1:
            return node
        scale = self._node(scalar)
        return None if scale is None else notation.scaled([scale], node)

    def _elementwise(self, term: Contract, factors: list[Placed]) -> Node | None:
        """`diag(vec(E))` for dF = E .* dX, `diag(vec(E))*K` for dF = E .* dX'."""
        if self._order != 2 or term.order != 4:
            return None
        for ends, swapped in ((((0, 2), (1, 3)), False), (((0, 3), (1, 2)), True)):
            deltas: list[Placed] = [(algebra.delta(term.sizes[a]), (a, b)) for a, b in ends]
            rest = [f for f in factors if f not in deltas]
            if len(rest) != len(factors) - 2 or not rest or any({2, 3} & set(at) for _, at in rest):
                continue
            weights = self._part(term, rest, (0, 1))
            if weights is None:
                return None
            return self._times(notation.call("diag", notation.call("vec", weights)), swapped)
        return None

    def _groups(self, term: Contract, factors: list[Placed]) -> Node | None:
        """Products of parts that each have some of the indices."""
        parts: dict[tuple[int, ...], list[Placed]] = {}
        for group in connected(factors):
            outputs = tuple(sorted({label for _, at in group for label in at if label < term.order}))
            parts.setdefault(outputs, []).extend(group)
        if {label for outputs in parts for label in outputs} != set(range(term.order)):
            return None
        rows, columns = tuple(range(self._order)), tuple(range(self._order, term.order))

        def part(at: tuple[int, ...]) -> Node | None:
            return self._part(term, parts[at], at)

        if all(set(at) <= set(rows) or set(at) <= set(columns) for at in parts):
            left, right = ([f for at, group in parts.items() if set(at) <= set(side) for f in group]
                           for side in (rows, columns))  # fmt: skip
            sides = [self._part(term, left, rows), self._part(term, right, columns)]
            vectors = [n if n is None or len(s) == 1 else notation.call("vec", n)
                       for n, s in zip(sides, (rows, columns), strict=True)]  # fmt: skip
            first, second = vectors
            return None if first is None or second is None else notation.times(first, notation.transposed(second))
        patterns: list[tuple[tuple[int, ...], tuple[int, ...], bool]] = []
        match len(rows), len(columns):
            case 2, 2:
                patterns = [((1, 3), (0, 2), False), ((1, 2), (0, 3), True)]
            case 2, 1:
                patterns = [((1,), (0, 2), False), ((1, 2), (0,), False)]
            case 1, 2:
                patterns = [((2,), (0, 1), False), ((1,), (0, 2), True)]
        for outer, inner, swapped in patterns:
            if set(parts) == {outer, inner}:
                left_node, right_node = part(outer), part(inner)
                if left_node is None or right_node is None:
                    return None
                if len(rows) == 1:
                    left_node = notation.transposed(left_node)
                return self._times(notation.call("kron", left_node, right_node), swapped)
        return None

    def _times(self, node: Node, swapped: bool) -> Node:
        self.swapped = self.swapped or swapped
        return notation.times(node, self._swap) if swapped else node

    def _part(self, term: Contract, factors: list[Placed], outputs: tuple[int, ...]) -> Node | None:
        used = {label for _, at in factors for label in at} | set(outputs)
        sizes = {label: term.sizes[label] for label in used}
        return self._node(algebra.contract(factors, outputs, sizes))

    def _node(self, expression: Expr) -> Node | None:
        shown = self._typesetter.shown(expression)
        return None if shown.where or shown.indices else shown.body
