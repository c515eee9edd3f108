"""The differential of a function, line by line: each line opens the outermost differentials by their rules.

Enters: a function and a variable.  Leaves: lines, each with the reasons for it; the last one is linear in `dX`.  Always
holds: the shares of the rules are those that `differentiate.tangent` computed, by the lines of the rule files; a line
with its symbols replaced by their values is the whole tangent.  Not for: what is made of the last line (`moves.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..calculus import differentiate as calculus
from ..tensor.contraction import symmetric
from ..tensor.expr import Contract, Expr, Sum, Symbol, symbol
from .reasons import SPACES, by_differential, by_rule
from .steps import Reason
from .typeset import Typesetter, substitute, top


class Differential:
    """The differential of `function` by `variable`.

    `direction` is the symbol dX; the symbols in `shares` stand for the differentials of parts of the function.
    """

    def __init__(self, function: Expr, variable: Symbol, typesetter: Typesetter) -> None:
        self.function, self.variable, self._typesetter = function, variable, typesetter
        attributes = {SPACES[a] for a in variable.attributes if a in SPACES}
        name = typesetter.fresh(f"d{variable.name}")
        self.direction = symbol(name, variable.shape, attributes, "direction")
        typesetter.primals[self.direction] = variable
        self.shares: dict[Symbol, Expr] = {}
        self._root = calculus.tangent(function, variable, self.direction, self._named)
        self.last = self._root

    def _named(self, current: Expr, value: Expr) -> Expr:
        """The symbol that stands for the differential of a part of the function."""
        if current is self.variable or (isinstance(value, Sum) and not value.terms):
            return value
        share = symbol(f"d{len(self.shares)}", value.shape, ("symmetric",) if symmetric(value) else (), "share", value)
        self.shares[share] = current
        self._typesetter.primals[share] = current
        return share

    def lines(self) -> Iterator[tuple[Expr, tuple[Reason, ...]]]:
        """The lines, the outermost rules first."""
        line = self._root
        if line not in self.shares:
            yield line, () if line is self.direction else (by_rule("no-dependence"),)
        while opened := self._outermost(line):
            line = self._replaced(line, {share: self._opened(share) for share in opened})
            self.last = line
            reasons = dict.fromkeys(reason for share in opened for reason in self._reasons(share))
            yield line, tuple(reasons)

    def _pending(self, line: Expr) -> list[Symbol]:
        below = top(line, lambda e: e in self.shares)
        return [e for e in below if isinstance(e, Symbol) and e in self.shares]

    def _outermost(self, line: Expr) -> list[Symbol]:
        """The shares in the line that are not parts of others in it."""
        pending = self._pending(line)
        inner = {e for share in pending for e in self._parts(share)}
        return [share for share in pending if share not in inner]

    def _parts(self, share: Symbol) -> set[Expr]:
        found: set[Expr] = set()
        work = [share]
        while work:
            for part in self._pending(_value(work.pop())):
                if part not in found:
                    found.add(part)
                    work.append(part)
        return found

    def _opened(self, share: Symbol) -> Expr:
        """The value of a share; that of a sum with its products opened too."""
        return self._replaced(_value(share), {p: _value(p) for p in self._products(share)})

    def _replaced(self, line: Expr, opened: Mapping[Symbol, Expr]) -> Expr:
        """The line with some shares opened; the others stay the same, also where opened ones are parts of them."""
        same: dict[Expr, Expr] = {share: share for share in self.shares}
        return substitute(line, same | dict(opened))

    def _products(self, share: Symbol) -> list[Symbol]:
        if not isinstance(self.shares[share], Sum):
            return []
        return [p for p in self._pending(_value(share)) if isinstance(self.shares[p], Contract)]

    def _reasons(self, share: Symbol) -> Iterator[Reason]:
        for opened in (share, *self._products(share)):
            yield from by_differential(self.shares[opened], self.variable, _value(opened))


def _value(share: Symbol) -> Expr:
    assert share.value is not None
    return share.value
