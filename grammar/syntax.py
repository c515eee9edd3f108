"""The syntax tree: what the parser makes of a text, before any meaning.

Enters: nothing (these are plain values built by `parse.py`).  Leaves: frozen nodes, each with the span of
characters it was read from.  Always holds: operators of one precedence are flat (`Chain`), so the depth of
the tree is the nesting of brackets and not the length of the text.  Not for: names, shapes or types, which the
compiler gives.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple


class Span(NamedTuple):
    """Half-open range of character offsets into the source text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """Base of all syntax nodes."""

    span: Span

    @property
    def children(self) -> tuple[Node, ...]:
        """The operands, left to right."""
        return ()


@dataclass(frozen=True, slots=True, eq=False)
class Number(Node):
    """A literal as it was written: `2`, `0.5`, `1e-3`."""

    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Name(Node):
    """A use of a parameter, binding, size, or of `I`, `pi`, `inf`."""

    id: str


@dataclass(frozen=True, slots=True, eq=False)
class Call(Node):
    """`name(arguments)`: a function of the language or of the file."""

    name: str
    name_span: Span
    arguments: tuple[Node, ...]

    @property
    def children(self) -> tuple[Node, ...]:
        return self.arguments


@dataclass(frozen=True, slots=True, eq=False)
class Chain(Node):
    """`a op b op c ...`: left-associative operators of one precedence.

    `operators[k]` stands between `operands[k]` and `operands[k + 1]`; it is one of `+ -`, or of `* / \\ .* ./ :`,
    or `^ .^` (always exactly two operands there, since powers associate to the right), or a comparison (exactly two).
    """

    operands: tuple[Node, ...]
    operators: tuple[str, ...]

    @property
    def children(self) -> tuple[Node, ...]:
        return self.operands


@dataclass(frozen=True, slots=True, eq=False)
class Negate(Node):
    """Unary minus."""

    operand: Node

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.operand,)


@dataclass(frozen=True, slots=True, eq=False)
class Transpose(Node):
    """Postfix `'`."""

    operand: Node

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.operand,)


@dataclass(frozen=True, slots=True, eq=False)
class Slice(Node):
    """`start:stop` inside an index; an absent end is None, so `:` is `Slice(None, None)`."""

    start: Node | None
    stop: Node | None

    @property
    def children(self) -> tuple[Node, ...]:
        return tuple(end for end in (self.start, self.stop) if end is not None)


@dataclass(frozen=True, slots=True, eq=False)
class Index(Node):
    """`operand[subscripts]`."""

    operand: Node
    subscripts: tuple[Node, ...]

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.operand, *self.subscripts)


@dataclass(frozen=True, slots=True, eq=False)
class Block(Node):
    """A block matrix `[A, B; C, D]`, row by row."""

    rows: tuple[tuple[Node, ...], ...]

    @property
    def children(self) -> tuple[Node, ...]:
        return tuple(entry for row in self.rows for entry in row)


@dataclass(frozen=True, slots=True, eq=False)
class Tuple(Node):
    """`(a, b)`: several results, or several variables in the second argument of a derivative."""

    items: tuple[Node, ...]

    @property
    def children(self) -> tuple[Node, ...]:
        return self.items


@dataclass(frozen=True, slots=True, eq=False)
class Binding(Node):
    """`name = value`, or in index notation `name[i, j] = value` (`indices` is None without brackets), which may
    say its type: `name[i, j]: matrix[m, n] = value`."""

    name: str
    name_span: Span
    indices: tuple[str, ...] | None
    value: Node
    type: Type | None = None

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.value,)


@dataclass(frozen=True, slots=True, eq=False)
class Body(Node):
    """What stands after `=`: bindings, then one result (an expression, or a `Tuple`)."""

    bindings: tuple[Binding, ...]
    result: Node

    @property
    def children(self) -> tuple[Node, ...]:
        return (*self.bindings, self.result)


@dataclass(frozen=True, slots=True, eq=False)
class Type(Node):
    """`symmetric matrix[n, n]`: attributes, kind (`scalar vector matrix tensor`), and sizes as expressions."""

    attributes: tuple[str, ...]
    kind: str
    sizes: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Parameter(Node):
    """`name: type`, or a name alone."""

    name: str
    type: Type | None


@dataclass(frozen=True, slots=True, eq=False)
class Function(Node):
    """`fn name(parameters) = body`.  A bare expression is a function whose name is None: its `parameters` are
    those of its `where` clause (`"tr(A*B) where A: matrix[m, n]"`), and the others follow from its free names."""

    name: str | None
    name_span: Span
    parameters: tuple[Parameter, ...]
    body: Body


@dataclass(frozen=True, slots=True, eq=False)
class Differential(Node):
    """`d name(parameters) = value` in a rule file; the differential of parameter `X` is the name `dX`."""

    name: str
    parameters: tuple[Node, ...]
    value: Node


@dataclass(frozen=True, slots=True, eq=False)
class Rule(Node):
    """`rule name : left => right when condition and condition` in a rule file.

    `kind` is `rule` (rewrites left to right), `law` (`left == right`, true by the representation) or
    `def` (`def left = right`: the call on the left is expanded where it is written).
    """

    kind: str
    name: str
    left: Node
    right: Node
    conditions: tuple[Call, ...]


@dataclass(frozen=True, slots=True, eq=False)
class RuleFile(Node):
    """The lines of a `.rules` file, in order."""

    lines: tuple[Differential | Rule, ...]


def postorder(root: Node) -> Iterator[Node]:
    """Every node below `root`, operands before what uses them; no recursion."""
    stack: list[tuple[Node, bool]] = [(root, False)]
    while stack:
        node, opened = stack.pop()
        if opened:
            yield node
        else:
            stack.append((node, True))
            stack.extend((child, False) for child in reversed(node.children))


def names_in(root: Node) -> set[str]:
    """The names that occur in a tree."""
    return {node.id for node in postorder(root) if isinstance(node, Name)}
