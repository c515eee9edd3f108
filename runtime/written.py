"""Functions as they are written in a text: what is known of them without reading it, and their syntax trees.

Enters: a source text.  Leaves: its functions, by name.  Always holds: a text that was read before on this computer,
without an error, is not parsed until a syntax tree is asked for.  Not for: meaning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from . import records

if TYPE_CHECKING:
    from ..compiler.language.definition import Definition
    from ..grammar import syntax
    from ..grammar.source import Source


class Text:
    """A text: a `program` of functions, or one `expression` (which may be a single function)."""

    def __init__(self, source: Source, form: str) -> None:
        self.source, self.form = source, form
        kept = records.read("text", self.key)
        self.is_known = kept is not None
        self.functions: dict[str | None, Written]
        if kept is not None:
            self.functions = {name: Written(self, name, tuple(n), tuple(u), s) for name, n, u, s in kept}
        else:
            self.functions = {name: Written(self, name, *_names(tree, self.table)) for name, tree in self.trees.items()}

    @property
    def key(self) -> tuple[str, str]:
        """What makes the text the same."""
        return self.form, self.source.text

    def keep(self) -> None:
        """Notes that the text has no errors."""
        if not self.is_known:
            records.write("text", self.key, [(w.name, w.names, w.untyped, w.sparse) for w in self.functions.values()])
            self.is_known = True

    @cached_property
    def trees(self) -> dict[str | None, syntax.Function]:
        """The syntax trees.  Raises mg.SyntaxError, mg.NameError."""
        from ..grammar.parse import parse_expression, parse_program

        parsed = parse_program(self.source) if self.form == "program" else (parse_expression(self.source),)
        return {tree.name: tree for tree in parsed}

    @cached_property
    def table(self) -> dict[str, syntax.Function]:
        """Those that have names, which the others may call."""
        return {name: tree for name, tree in self.trees.items() if name is not None}


class Written:
    """One function: its name (None for an expression), its parameters, which of them have no type, and the attributes
    of those that are sparse.

    `bases` has the definitions that its derivatives share, by the orders of the parameters without type.
    """

    def __init__(
        self,
        text: Text,
        name: str | None,
        names: tuple[str, ...],
        untyped: tuple[str, ...],
        sparse: Mapping[str, Sequence[str]],
    ) -> None:
        self.text, self.name, self.names, self.untyped, self.sparse = text, name, names, untyped, sparse
        self.bases: dict[tuple[int, ...], Definition] = {}

    @property
    def is_known(self) -> bool:
        """Whether it is known to have no errors."""
        return self.text.is_known

    @property
    def source(self) -> Source:
        """The text that it stands in."""
        return self.text.source

    @property
    def key(self) -> tuple[str, str, str | None] | None:
        """What makes it the same function; None for one that is in no text."""
        return (*self.text.key, self.name)

    @property
    def tree(self) -> syntax.Function:
        """The syntax tree."""
        return self.text.trees[self.name]

    @property
    def table(self) -> Mapping[str, syntax.Function]:
        """The functions that it may call."""
        return self.text.table


class Parsed(Written):
    """A function that is given as a syntax tree."""

    def __init__(self, source: Source, tree: syntax.Function, table: Mapping[str, syntax.Function]) -> None:
        self._source, self._tree, self._table = source, tree, table
        self.name = tree.name
        self.names, self.untyped, self.sparse = _names(tree, table)
        self.bases = {}

    @property
    def is_known(self) -> bool:
        return False

    @property
    def source(self) -> Source:
        return self._source

    @property
    def key(self) -> None:
        return None

    @property
    def tree(self) -> syntax.Function:
        return self._tree

    @property
    def table(self) -> Mapping[str, syntax.Function]:
        return self._table


def _names(
    tree: syntax.Function, table: Mapping[str, syntax.Function]
) -> tuple[tuple[str, ...], tuple[str, ...], dict[str, Sequence[str]]]:
    """The parameters, those without a type, and the attributes of those that are sparse."""
    from ..compiler.language.definition import free_names

    names = tuple(free_names(tree, table)) if tree.name is None else tuple(p.name for p in tree.parameters)
    declared = {p.name for p in tree.parameters if p.type is not None}
    types = {p.name: p.type.attributes for p in tree.parameters if p.type is not None}
    sparse = {name: attributes for name, attributes in types.items() if "sparse" in attributes}
    return names, tuple(name for name in names if name not in declared), dict(sparse)
