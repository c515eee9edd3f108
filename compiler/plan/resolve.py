"""A contraction with its structural factors resolved into positions.

Enters: a `Contract`.  Leaves: `Network`.  Always holds: a `delta`, `select` or `pair` factor becomes the position of a
label in terms of others (a diagonal, a slice, a reshape) wherever it can; what remains is an indicator.
Not for: planning.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence

from ..tensor.contraction import contract, size_scalar, symmetric
from ..tensor.dims import Dim
from ..tensor.expr import Contract, Expr, Structure, Symbol, symbol
from .tasks import ONE, ZERO, Index, Place, plain

Factor = tuple[Expr, tuple[int, ...]]


class Network:
    """A contraction with its structural factors resolved: label -> position, in terms of the labels that remain."""

    def __init__(self, expression: Contract) -> None:
        self.expression = expression
        self.sizes = dict(enumerate(expression.sizes))
        self.position: dict[int, Index] = {label: plain(label) for label in self.sizes}
        self.factors: list[Factor] = []
        # For each label that is replaced, the structural factor that says by what.
        self.defining: dict[int, Factor] = {}
        for factor, at in expression.factors:
            if not (isinstance(factor, Structure) and self._resolve(factor, at)):
                self.factors.append((factor, at))
        self.outputs = [self.position[label] for label in range(expression.order)]
        needed = {label for index in self.outputs for label in index.labels}
        for label, size in self.sizes.items():
            if size == ONE and label not in needed:  # a sum of one term
                fixed = {other: plain(other) for other in self.sizes} | {label: Index(())}
                self.position = {other: index.at(fixed) for other, index in self.position.items()}
        self.kept = frozenset(label for index in self.outputs for label in index.labels)
        self.labels = [frozenset(label for index in self.place(at) for label in index.labels) for _, at in self.factors]
        inside: frozenset[int] = frozenset().union(*self.labels)
        remaining = {label for index in self.position.values() for label in index.labels}
        # Summed labels without factor: each counts its size.
        for label in sorted(remaining - inside - self.kept):
            self.factors.append((size_scalar(self.sizes[label]), ()))
            self.labels.append(frozenset())
        self.places: dict[Expr, list[int]] = {}
        for k, (factor, _) in enumerate(self.factors):
            self.places.setdefault(factor, []).append(k)
        self.made: dict[tuple[int, tuple[int, ...], bool], Expr] = {}

    def _resolve(self, factor: Structure, at: tuple[int, ...]) -> bool:
        """Replaces the last label by what the structure says, if it is still free."""
        target = at[-1]
        sources = [self.position[label] for label in at[:-1]]
        if factor.kind not in ("delta", "select", "pair") or self.position[target].label != target:
            return False
        if any(target in index.labels for index in sources):
            return False
        offset = factor.parameters[0] if factor.kind == "select" else ZERO
        terms: dict[int, Dim] = {}
        for index, scale in zip(sources, (ONE, factor.shape[0]), strict=False):
            offset = offset + index.offset * scale
            for label, step in index.terms:
                terms[label] = terms.get(label, ZERO) + step * scale
        replacement = {label: plain(label) for label in self.sizes}
        replacement[target] = Index(tuple(sorted(terms.items())), offset)
        self.position = {label: index.at(replacement) for label, index in self.position.items()}
        self.defining[target] = (factor, at)
        return True

    def place(self, at: tuple[int, ...]) -> Place:
        """Where a factor is read."""
        return tuple(self.position[label] for label in at)

    @property
    def scattered(self) -> bool:
        """Whether the result is zero but at some positions, or is reshaped."""
        return self._whole(self.outputs, self.expression.shape) is None

    def whole(self, member: int) -> list[int] | None:
        """The labels of a factor's axes, if all of it is read: no diagonal, no slice."""
        factor, at = self.factors[member]
        return self._whole(self.place(at), factor.shape)

    def _whole(self, place: Sequence[Index], shape: tuple[Dim, ...]) -> list[int] | None:
        labels = [index.label for index in place]
        found = [
            label for label, size in zip(labels, shape, strict=True) if label is not None and self.sizes[label] == size
        ]
        return found if len(set(found)) == len(shape) else None

    def part(self, members: Sequence[int], outputs: Sequence[int], shadow: bool = False) -> Expr:
        """The product of some factors as an expression with these (remaining) labels as outputs.

        Its `shadow` has symbols in place of the factors: it tells products apart as well, and is cheaper to make.
        """
        key = (sum(1 << k for k in members), tuple(outputs), shadow)
        if key not in self.made:
            chosen = [self.factors[k] for k in members]
            seen: set[int] = set()
            work = [label for _, at in chosen for label in at]
            while work:
                label = work.pop()
                if label in self.defining and label not in seen:
                    seen.add(label)
                    chosen.append(self.defining[label])
                    work.extend(self.defining[label][1])
            used = {label for _, at in chosen for label in at} | set(outputs)
            if shadow:
                chosen = [(shadow_of(factor), at) for factor, at in chosen]
            self.made[key] = contract(chosen, outputs, {label: self.sizes[label] for label in sorted(used)})
        return self.made[key]

    def components(self) -> list[list[int]]:
        """The factors, grouped by common summed labels."""
        groups: list[tuple[set[int], list[int]]] = []
        for k, labels in enumerate(self.labels):
            summed = set(labels - self.kept)
            members = [k]
            rest = []
            for others, inside in groups:
                if others & summed:
                    summed |= others
                    members = inside + members
                else:
                    rest.append((others, inside))
            groups = [*rest, (summed, sorted(members))]
        return [members for _, members in sorted(groups, key=lambda g: g[1])]


def shadow_of(factor: Expr) -> Expr:
    """A symbol that stands for a factor."""
    if isinstance(factor, Structure | Symbol):
        return factor
    if factor not in _shadows:
        _shadows[factor] = symbol("#" + factor.key.hex(), factor.shape, ["symmetric"] if symmetric(factor) else [])
    return _shadows[factor]


_shadows: weakref.WeakKeyDictionary[Expr, Symbol] = weakref.WeakKeyDictionary()
