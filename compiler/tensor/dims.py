"""Symbolic sizes: polynomials with integer coefficients in size names, `min(...)` and `max(...)`.

Enters: names and integers.  Leaves: `Dim` values.  Always holds: equal polynomials are equal values, whatever
the order they were written in.  Not for: proving inequalities; what cannot be decided is checked at the call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

Atom = Any  # str, or ("min" | "max", Dim, Dim)
Monomial = tuple[tuple[Atom, int], ...]


class Dim:
    """An integer-valued polynomial: the size of an axis, an offset or a stride."""

    __slots__ = ("_hash", "terms")

    terms: tuple[tuple[Monomial, int], ...]

    def __init__(self, terms: Mapping[Monomial, int]) -> None:
        self.terms = tuple(sorted(((m, c) for m, c in terms.items() if c), key=_order))
        self._hash = hash(self.terms)

    @staticmethod
    def of(value: int | str | Dim) -> Dim:
        """The size that an integer or a name stands for."""
        if isinstance(value, Dim):
            return value
        return Dim({(): value}) if isinstance(value, int) else Dim({((value, 1),): 1})

    @property
    def value(self) -> int | None:
        """The integer that this is, or None when it depends on names."""
        if not self.terms:
            return 0
        return self.terms[0][1] if len(self.terms) == 1 and not self.terms[0][0] else None

    @property
    def is_nonneg(self) -> bool:
        """Whether it is not negative, whatever the sizes in it are; False where that does not show."""
        return all(count >= 0 and all(isinstance(atom, str) for atom, _ in monomial) for monomial, count in self.terms)

    @property
    def name(self) -> str | None:
        """The single name that this is, or None."""
        if len(self.terms) == 1:
            (monomial, coefficient) = self.terms[0]
            if coefficient == 1 and len(monomial) == 1 and monomial[0][1] == 1 and isinstance(monomial[0][0], str):
                return monomial[0][0]
        return None

    @property
    def names(self) -> frozenset[str]:
        """All names in it."""
        found: set[str] = set()
        for monomial, _ in self.terms:
            for atom, _ in monomial:
                if isinstance(atom, str):
                    found.add(atom)
                else:
                    found |= atom[1].names | atom[2].names
        return frozenset(found)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Dim) and self.terms == other.terms

    def __hash__(self) -> int:
        return self._hash

    def __add__(self, other: Dim | int) -> Dim:
        terms = dict(self.terms)
        for monomial, coefficient in Dim.of(other).terms:
            terms[monomial] = terms.get(monomial, 0) + coefficient
        return Dim(terms)

    __radd__ = __add__

    def __mul__(self, other: Dim | int) -> Dim:
        terms: dict[Monomial, int] = {}
        for left, a in self.terms:
            for right, b in Dim.of(other).terms:
                powers = dict(left)
                for atom, power in right:
                    powers[atom] = powers.get(atom, 0) + power
                monomial = tuple(sorted(powers.items(), key=lambda item: _atom_text(item[0])))
                terms[monomial] = terms.get(monomial, 0) + a * b
        return Dim(terms)

    __rmul__ = __mul__

    def __neg__(self) -> Dim:
        return self * -1

    def __sub__(self, other: Dim | int) -> Dim:
        return self + (-Dim.of(other))

    def __rsub__(self, other: int) -> Dim:
        return Dim.of(other) + (-self)

    def evaluate(self, sizes: Mapping[str, int]) -> int:
        """The integer for these sizes.  Raises KeyError for a name that is not among them."""
        total = 0
        for monomial, coefficient in self.terms:
            product = coefficient
            for atom, power in monomial:
                product *= (
                    sizes[atom]
                    if isinstance(atom, str)
                    else _EXTREMES[atom[0]](atom[1].evaluate(sizes), atom[2].evaluate(sizes))
                ) ** power
            total += product
        return total

    def substitute(self, sizes: Mapping[str, Dim]) -> Dim:
        """This size with names replaced."""
        if not (self.names & sizes.keys()):
            return self
        total = Dim({})
        for monomial, coefficient in self.terms:
            product = Dim.of(coefficient)
            for atom, power in monomial:
                if isinstance(atom, str):
                    factor = sizes.get(atom, Dim.of(atom))
                else:
                    factor = extreme(atom[0], atom[1].substitute(sizes), atom[2].substitute(sizes))
                for _ in range(power):
                    product = product * factor
            total = total + product
        return total

    def __str__(self) -> str:
        if not self.terms:
            return "0"
        text = ""
        for monomial, coefficient in sorted(self.terms, key=lambda term: term[1] < 0):  # m-i, not -i+m
            factors = [_atom_text(atom) for atom, power in monomial for _ in range(power)]
            if abs(coefficient) != 1 or not factors:
                factors.insert(0, str(abs(coefficient)))
            sign = ("-" if coefficient < 0 else "+") if text else ("-" if coefficient < 0 else "")
            text += sign + "*".join(factors)
        return text

    def __repr__(self) -> str:
        return f"Dim({self})"


def extreme(kind: str, a: Dim, b: Dim) -> Dim:
    """`min(a, b)` or `max(a, b)` as a size."""
    difference = (a - b).value
    if difference is not None:
        return Dim.of(_EXTREMES[kind](difference, 0)) + b
    first, second = sorted((a, b), key=str)
    return Dim({(((kind, first, second), 1),): 1})


def volume(sizes: Iterable[Dim]) -> Dim:
    """The product of sizes: the number of elements of an array."""
    total = Dim.of(1)
    for size in sizes:
        total = total * size
    return total


_EXTREMES: dict[str, Callable[[int, int], int]] = {"min": min, "max": max}


def _atom_text(atom: Atom) -> str:
    return atom if isinstance(atom, str) else f"{atom[0]}({atom[1]}, {atom[2]})"


def _order(term: tuple[Monomial, int]) -> tuple[int, str]:
    # Higher degree first, then by name; the constant comes last, as one writes `n-1`.
    return (-sum(power for _, power in term[0]), "*".join(_atom_text(atom) for atom, _ in term[0]))
