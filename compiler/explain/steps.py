"""A derivation as data: what is shown, what it means, and why.

Enters: nothing (plain values, made by the other modules).  Leaves: `Derived`, which the renderers write.  Always holds:
the shown side of a step, read as an expression of the language (`d(X)` being the differential of X), has the value of
its `expression`; steps with equal left sides have equal values.  Not for: layout.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...grammar import syntax
from ...grammar.syntax import Node
from ..printing.notation import index, name
from ..tensor.expr import Expr, Symbol


@dataclass(frozen=True)
class Reason:
    """Why a step may be taken: the name of a rule, its text, where it is to be found, and a remark."""

    name: str
    text: str = ""
    reference: str = ""
    remark: str = ""


@dataclass(frozen=True)
class Shown:
    """An expression as it is written: `body`, which may use names bound in `where`.

    With `indices`, `body` is the element at these indices (index notation)."""

    body: Node
    where: tuple[syntax.Binding, ...] = ()
    indices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """`left = shown`, because of the reasons; `expression` is what is meant."""

    left: Node
    shown: Shown
    expression: Expr
    reasons: tuple[Reason, ...] = ()

    @property
    def head(self) -> Node:
        """The left side as it is written: with the indices where the right side has them."""
        if not self.shown.indices or isinstance(self.left, syntax.Index):
            return self.left
        return index(self.left, [name(letter) for letter in self.shown.indices])


@dataclass(frozen=True)
class Section:
    """Some steps with a title; the differentials in them are along changes of the variable."""

    title: str
    steps: tuple[Step, ...]
    variable: str = ""


@dataclass(frozen=True)
class Named:
    """An object of the derivation, and what it is: a parameter, a name for a part of the function (`shown`) or for what
    `remark` says, the function, a differential, a derivative."""

    name: Node
    expression: Expr
    shown: Shown | None = None
    remark: str = ""


@dataclass(frozen=True)
class Derived:
    """A whole derivation of `results`, which are what `derive` gives.

    `directions` are the differentials of the variables, by the names of the variables."""

    title: str
    objects: tuple[Named, ...]
    sections: tuple[Section, ...]
    results: tuple[Expr, ...]
    directions: tuple[tuple[str, Symbol], ...]

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps in order."""
        return tuple(step for section in self.sections for step in section.steps)
