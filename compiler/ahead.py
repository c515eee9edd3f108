"""What depends on bound data alone, computed once: the split of a definition into a first part and the rest.

Enters: a definition and the names of the parameters that are fixed.  Leaves: the expressions to compute ahead, each with
the symbol that stands for it in the rest.  Always holds: the rest is no more work per call and reads no more memory;
rounding errors grow by no more than a small factor, for no Gram matrix and no inverse is formed unless `fast` says so
(of a definite matrix the Cholesky factor is kept).  Not for: choosing orders of products, which the planner does.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from . import algebra
from .contraction import oriented
from .dims import Dim
from .elaborate import ATTRIBUTES, Definition
from .expr import Atom, Constant, Contract, Expr, Size, Structure, Sum, Symbol, symbol, topological
from .properties import has, properties

MOST_TERMS = 16  # into which a product of sums is multiplied out
UNKNOWN = 100  # what a size is taken for that is not known


@dataclass(frozen=True)
class Split:
    """`first` computes the values of `symbols` from the fixed parameters; `rest` has these as further parameters."""

    first: Definition
    symbols: tuple[Symbol, ...]
    rest: Definition


def split(definition: Definition, fixed: Collection[str], sizes: Mapping[str, int], fast: bool = False) -> Split | None:
    """The split for these fixed parameters, or None if nothing is worth computing ahead."""
    hoist = _Hoist(frozenset(fixed), sizes, fast)
    results = hoist.results(definition.results)
    if not hoist.made:
        return None
    symbols = tuple(hoist.made.values())
    parameters = tuple(p for p in definition.parameters if p.name in hoist.fixed)
    first = replace(definition, parameters=parameters, results=tuple(hoist.made), several=True, requirements=())
    rest = replace(definition, parameters=(*definition.parameters, *symbols), results=results)
    return Split(first, symbols, rest)


def multiplied_out(definition: Definition) -> Definition:
    """The definition with products of sums multiplied out, which brings constant factors together: X'*X and X'*y of
    `X'*(X*w - y)`.  It squares the conditioning."""
    results = []
    for root in definition.results:
        done: dict[Expr, Expr] = {}
        for current in topological(root):
            operands = tuple(done[o] for o in current.operands)
            built = current if operands == current.operands else algebra.with_operands(current, operands)
            done[current] = _expanded(built) if isinstance(built, Contract) else built
        results.append(done[root])
    return replace(definition, results=tuple(results))


def _expanded(product: Contract) -> Expr:
    choices = [f.terms if isinstance(f, Sum) else ((Fraction(1), f),) for f, _ in product.factors]
    if not 1 < math.prod(map(len, choices)) <= MOST_TERMS:
        return product
    sizes = dict(enumerate(product.sizes))
    terms = []
    for choice in itertools.product(*choices):
        factors = [(e, at) for (_, e), (_, at) in zip(choice, product.factors, strict=True)]
        coefficient = math.prod((c for c, _ in choice), start=Fraction(1))
        terms.append((coefficient, algebra.contract(factors, range(product.order), sizes)))
    return algebra.add(terms, product.shape)


class _Hoist:
    def __init__(self, fixed: frozenset[str], sizes: Mapping[str, int], fast: bool) -> None:
        self.fixed, self.sizes, self.fast = fixed, sizes, fast
        self.made: dict[Expr, Symbol] = {}
        self._constant: dict[Expr, bool] = {}

    def results(self, roots: Sequence[Expr]) -> tuple[Expr, ...]:
        """The roots with constant parts replaced."""
        order = topological(*roots)
        for current in order:
            leaf = isinstance(current, Symbol) and current.name not in self.fixed
            self._constant[current] = not leaf and all(self._constant[o] for o in current.operands)
        rebuilt: dict[Expr, Expr] = {}
        for current in order:
            if self._constant[current]:
                rebuilt[current] = current
                continue
            operands = tuple(self._kept(o) if self._constant[o] else rebuilt[o] for o in current.operands)
            if isinstance(current, Contract):
                rebuilt[current] = self._contraction(current, operands)
            elif operands == current.operands:
                rebuilt[current] = current
            else:
                rebuilt[current] = algebra.with_operands(current, operands)
        return tuple(self._kept(r) if self._constant[r] else rebuilt[r] for r in roots)

    def _kept(self, expression: Expr) -> Expr:
        """What a constant operand becomes: a symbol, something made of symbols, or itself."""
        if isinstance(expression, Atom) and expression.function == "inv" and not self.fast:
            (matrix,) = expression.arguments
            if not has(matrix, "psd"):
                return expression
            factor = algebra.atom("inv", [self._symbol(algebra.atom("chol", [matrix], matrix.shape), {"lower"})], matrix.shape)
            n = matrix.shape[0]
            return algebra.contract([(factor, (2, 0)), (factor, (2, 1))], (0, 1), {0: n, 1: n, 2: n})
        if not self._worthy(expression):
            return expression
        return self._value(expression)

    def _value(self, expression: Expr) -> Expr:
        """The symbol for a constant expression, or the transpose of that for its transpose."""
        kept, flipped = oriented(expression) if expression.order == 2 else (expression, False)
        value = self._symbol(kept, properties(kept) & set(ATTRIBUTES))
        return algebra.transpose(value) if flipped else value

    def _symbol(self, expression: Expr, attributes: Collection[str]) -> Symbol:
        if expression not in self.made:
            self.made[expression] = symbol(f"ahead{len(self.made) + 1}", expression.shape, attributes)
        return self.made[expression]

    def _worthy(self, expression: Expr) -> bool:
        """Whether an expression costs work, and its value takes no more memory than what it is made of."""
        if isinstance(expression, Symbol | Constant | Size | Structure) or algebra.number_value(expression) is not None:
            return False
        if isinstance(expression, Sum) and len(expression.terms) == 1:
            return self._worthy(expression.terms[0][1])
        if isinstance(expression, Contract):
            if len([f for f, at in expression.factors if at]) <= 1 and len(expression.sizes) == expression.order:
                return False
            if not self.fast and expression.order and _is_gram(expression.operands):
                return False
        leaves = [e for e in topological(expression) if isinstance(e, Symbol)]
        return bool(leaves) and self._volume(expression.shape) <= sum(self._volume(leaf.shape) for leaf in leaves)

    def _contraction(self, current: Contract, operands: tuple[Expr, ...]) -> Expr:
        """The contraction with connected groups of constant factors replaced by their products."""
        placed = [(o, at) for o, (_, at) in zip(operands, current.factors, strict=True)]
        constant = [self._constant[o] or o in self.made.values() for o in current.operands]
        outer = set(range(current.order)) | {
            label for (_, at), c in zip(current.factors, constant, strict=True) if not c for label in at
        }
        kept = [f for f, c in zip(placed, constant, strict=True) if not c]
        for group in _groups([f for f, c in zip(current.factors, constant, strict=True) if c], outer):
            labels = sorted({label for _, at in group for label in at} & outer)
            sizes = {label: current.sizes[label] for _, at in group for label in at}
            product = algebra.contract(group, labels, sizes)
            worthy = len(group) > 1 and self._worthy(product) and (self.fast or not labels or not _has_inverse(group))
            if worthy:
                kept.append((self._value(product), tuple(labels)))
            else:
                kept += [(self._kept(f), at) for f, at in group]
        used = {label for _, at in kept for label in at} | set(range(current.order))
        return algebra.contract(kept, range(current.order), {label: current.sizes[label] for label in used})

    def _volume(self, shape: tuple[Dim, ...]) -> int:
        known = {name: self.sizes.get(name, UNKNOWN) for dim in shape for name in dim.names}
        volume = 1
        for dim in shape:
            volume *= max(dim.evaluate(known), 1)
        return volume


def _is_gram(factors: Sequence[Expr]) -> bool:
    """Whether a matrix is multiplied by itself."""
    matrices = [f for f in factors if f.order == 2]
    return len(set(matrices)) < len(matrices)


def _has_inverse(group: Sequence[tuple[Expr, tuple[int, ...]]]) -> bool:
    return any(isinstance(f, Atom) and f.function == "inv" for f, _ in group)


def _groups(
    factors: list[tuple[Expr, tuple[int, ...]]], outer: set[int]
) -> list[list[tuple[Expr, tuple[int, ...]]]]:
    """The factors connected by labels that nothing else has."""
    groups: list[tuple[set[int], list[tuple[Expr, tuple[int, ...]]]]] = []
    for factor, at in factors:
        inner = set(at) - outer
        members = [(factor, at)]
        separate = []
        for labels, group in groups:
            if labels & inner:
                inner |= labels
                members = group + members
            else:
                separate.append((labels, group))
        groups = [*separate, (inner, members)]
    return [group for _, group in groups]
