"""The differential of an array in index notation: `dF[i,j] = A[i,k]*dX[k,l]*B[l,j]`.

Enters: a differential that is linear in dX, and a Jacobian.  Leaves: elements, with the indices i, j of F and k, l of
dX wherever these are free.  Always holds: an index that is not one of F is summed within its term.  Not for: factors of
order 3 and more, and not for differentials inside of factors (`None`).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from ...grammar.syntax import Node
from ..printing import notation
from ..printing.indices import LETTERS
from ..tensor import algebra
from ..tensor.dims import Dim
from ..tensor.expr import Contract, Expr, Structure, Symbol
from .moves import terms_of
from .steps import Shown
from .typeset import Typesetter

Placed = tuple[Expr, tuple[int, ...]]


class Elements:
    """Writes elements of a differential of an array with `order` indices, along `direction`."""

    def __init__(self, typesetter: Typesetter, order: int, direction: Symbol) -> None:
        self._typesetter, self._order, self._direction = typesetter, order, direction
        letters = [letter for letter in LETTERS if letter not in typesetter.taken]
        count = order + direction.order
        self._of_function, self._of_direction, self._more = letters[:order], letters[order:count], letters[count:]
        self._sizes: dict[str, Dim] = {}

    @property
    def indices(self) -> list[Node]:
        """The indices of F."""
        return [notation.name(letter) for letter in self._of_function]

    def differential(self, line: Expr) -> Shown | None:
        """The element of a line of the differential."""
        return self._sum([(c, self._in_line(term)) for c, term in terms_of(line)])

    def collected(self, jacobian: Expr) -> Shown | None:
        """The element as the sum of elements of the Jacobian times those of dX."""
        return self._sum([(c, self._with_direction(term)) for c, term in terms_of(jacobian)])

    def _sum(self, parts: Sequence[tuple[Fraction, Node | None]]) -> Shown | None:
        nodes = []
        for coefficient, node in parts:
            if node is None:
                return None
            nodes.append((coefficient < 0, notation.with_coefficient(abs(coefficient), node)))
        return Shown(notation.plus(sorted(nodes, key=lambda n: n[0])), (), tuple(self._of_function)) if nodes else None

    def _in_line(self, term: Expr) -> Node | None:
        if not isinstance(term, Contract):
            term_factors: tuple[Placed, ...] = ((term, tuple(range(term.order))),)
        else:
            term_factors = term.factors
        names = dict(enumerate(self._of_function))
        moving = [at for factor, at in term_factors if factor is self._direction]
        for at in moving[:1]:
            for label, letter in zip(at, self._of_direction, strict=True):
                names.setdefault(label, letter)
        return self._product(term_factors, names, []) if moving else None

    def _with_direction(self, term: Expr) -> Node | None:
        factors = term.factors if isinstance(term, Contract) else ((term, tuple(range(term.order))),)
        names = dict(enumerate((*self._of_function, *self._of_direction)))
        last = (self._direction, tuple(range(self._order, self._order + self._direction.order)))
        return self._product(factors, names, [last])

    def _product(self, factors: Sequence[Placed], names: dict[int, str], last: list[Placed]) -> Node | None:
        """The factors at their indices, each beside one with which it shares an index."""
        rest = sorted(factors, key=lambda f: not is_delta(f[0]))
        ordered: list[Placed] = []
        if last:
            ordered, rest = rest, []
        here = 0
        while rest:
            found = next((f for f in rest if here in f[1]), None) or next((f for f in rest if f[1]), rest[0])
            rest.remove(found)
            ordered.append(found)
            here = next((label for label in found[1] if any(label in at for _, at in rest)), -1)
        nodes: list[Node] = []
        for factor, at in [*ordered, *last]:
            for label, size in zip(at, factor.shape, strict=True):
                if label not in names:
                    names[label] = self._fresh(size, names)
            node = self._element(factor, [notation.name(names[label]) for label in at])
            if node is None:
                return None
            nodes.append(node)
        return notation.scaled(nodes, None)

    def _fresh(self, size: Dim, names: dict[int, str]) -> str:
        """A letter for a summed index: one letter has one size in all terms."""
        for letter in self._more:
            if letter not in names.values() and self._sizes.setdefault(letter, size) == size:
                return letter
        raise AssertionError("more indices than letters")

    def _element(self, factor: Expr, indices: list[Node]) -> Node | None:
        if is_delta(factor):
            return notation.call("delta", *indices)
        if factor.order > 2:
            return None
        if factor is self._direction:
            node = self._typesetter.differential(factor)
            return notation.index(node, indices) if indices else node
        found = self._typesetter.split(factor)
        if found is None or found[0] != 1 or isinstance(factor, Structure):
            return None
        return notation.index(found[1], indices) if indices else found[1]


def is_delta(expression: Expr) -> bool:
    """Whether an expression is the identity."""
    return bool(expression.order) and expression is algebra.delta(expression.shape[0])
