"""Sizes: the expressions that stand for them in a text, and what the open ones among them are found to be.

Enters: the sizes in types and arguments, and pairs of sizes that must be equal.  Leaves: sizes, declared shapes, and
what is left to check when the sizes of arguments are known.  Always holds: a size that was solved is never open again.
Not for: the shapes of results (`operators.py`, `functions/`).

Sizes are solved by restarting: two sizes that must be equal, one of them open, are made equal, and the function is
elaborated again, until nothing is open.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from ...grammar import errors, syntax
from ..tensor.dims import Dim, extreme
from ..tensor.expr import Shape, Symbol
from .wording import count, here

if TYPE_CHECKING:
    from .elaborate import Elaborator

OPEN = r"\w+\?\d+"  # how the sizes of parameters without type are called until they are known
ORDERS = {"scalar": 0, "vector": 1, "matrix": 2}


class Restart(Exception):
    """An open size was solved: elaborate again."""


@dataclass
class Sizes:
    """The sizes of one elaboration: open ones and what they were found to be, and what is left to check.

    `integers` are the parameters that stand in indices, which may be negative; `place` is the text that is elaborated.
    """

    solved: dict[str, Dim] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)
    integers: set[str] = field(default_factory=set)
    requirements: dict[Dim, str] = field(default_factory=dict)
    place: str = ""

    def fresh(self, key: str) -> Dim:
        """The size that is called `key`, open until it is solved."""
        if key in self.solved:
            return self.solved[key]
        self.open.add(key)
        return Dim.of(key)

    def equal(self, a: Dim, b: Dim) -> bool:
        """Whether the sizes are equal, or may be; solves an open one (by Restart), notes what cannot be decided."""
        if a == b:
            return True
        for left, right in ((a, b), (b, a)):
            if left.name in self.open and left.name not in right.names:
                assert left.name is not None
                self.solved = {k: d.substitute({left.name: right}) for k, d in self.solved.items()}
                self.solved[left.name] = right
                raise Restart
        plain = all(d.name is not None or d.value is not None for d in (a, b))
        if plain or (a - b).value is not None:
            return False
        where = f"shapes do not fit in {self.place}" if self.place else "sizes do not fit"
        for difference in (a - b, b - a):
            self.requirements.setdefault(difference, f"{where}: {a} and {b} must be equal")
        return True

    def close(self, parameters: Sequence[Symbol], letters: Iterator[str]) -> None:
        """Gives names to what is still open, and so free.  Raises Restart if there was any."""
        for parameter in parameters if self.open else ():
            for dim in parameter.shape:
                if dim.name in self.open:
                    assert dim.name is not None
                    self.solved[dim.name] = Dim.of(next(letters))
                    self.solved = {k: d.substitute({dim.name: self.solved[dim.name]}) for k, d in self.solved.items()}
                    self.open.discard(dim.name)
        if self.solved.keys() & {dim.name for p in parameters for dim in p.shape}:
            raise Restart

    def named(self, *texts: str) -> tuple[str, ...]:
        """The texts with letters for the open sizes."""
        keys = dict.fromkeys(key for text in texts for key in re.findall(OPEN, text))
        free = (letter for letter in size_letters() if not any(re.search(rf"\b{letter}\b", text) for text in texts))
        letters = dict(zip(keys, free, strict=False))
        return tuple(re.sub(OPEN, lambda key: letters[key.group()], text) for text in texts)

    def not_negative(self, slack: Dim, failure: str) -> bool:
        """Whether a number is at least 0, or may be; notes what cannot be decided."""
        if slack.value is not None:
            return slack.value >= 0
        if any(c < 0 for _, c in slack.terms) or slack.names & self.integers:
            self.requirements.setdefault(slack, failure)
        return True


def size_letters() -> Iterator[str]:
    """Names for sizes: m, n, p, ..."""
    yield from "mnpqrstuvw"
    number = 1
    while True:
        yield f"n{number}"
        number += 1


def size_of(scope: Elaborator, node: syntax.Node) -> Dim:
    """The size that a size expression stands for."""
    match node:
        case syntax.Number():
            value = Fraction(node.text) if len(node.text) < 20 else Fraction(0)
            if value.denominator != 1 or value < 0 or len(node.text) >= 20:
                scope.fail("a size is a whole number", node)
            return Dim.of(int(value))
        case syntax.Name():
            known = scope.names.get(node.id)
            if isinstance(known, Symbol) and "integer" in known.attributes:
                scope.sizes.integers.add(node.id)
                return Dim.of(node.id)
            if node.id not in scope.size_names:
                close = errors.suggest(node.id, scope.size_names)
                scope.fail(
                    f"{node.id} is not the name of a size",
                    node,
                    kind=errors.NameError,
                    hint=f"did you mean {close}?" if close else "sizes are the plain names in the types of parameters",
                )
            return scope.size_names[node.id]
        case syntax.Chain():
            if not set(node.operators) <= set("+-*"):
                scope.fail("a size is a name, a whole number, or made of them by + - * min max", node)
            total = size_of(scope, node.operands[0])
            for operator, operand in zip(node.operators, node.operands[1:], strict=True):
                other = size_of(scope, operand)
                total = total + other if operator == "+" else total - other if operator == "-" else total * other
            return total
        case syntax.Call(name="min" | "max") if len(node.arguments) == 2:
            return extreme(node.name, size_of(scope, node.arguments[0]), size_of(scope, node.arguments[1]))
    scope.fail("a size is a name, a whole number, or made of them by + - * min max", node)


def declared_shape(scope: Elaborator, declared: syntax.Type) -> Shape:
    """The shape that a type declares, in names of sizes of the scope."""
    order = ORDERS.get(declared.kind, len(declared.sizes))
    if len(declared.sizes) != order:
        scope.fail(
            f"a {declared.kind} has {count(order, 'size')}, here {here(len(declared.sizes))}",
            declared,
            hint="scalar, vector[n], matrix[m, n], tensor[a, b, c]",
        )
    return tuple(size_of(scope, size) for size in declared.sizes)
