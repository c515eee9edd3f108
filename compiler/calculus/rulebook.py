"""The rule files: read once, and instantiated like any other text of the language.

Enters: `rules/*.rules`.  Leaves: differentials, definitions, rules and laws by name.  Always holds: a right side means
what the elaborator makes of it, so that a line of text is the whole of a rule.  Not for: matching (`match.py`).
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ...grammar import syntax
from ...grammar.parse import parse_rule_file
from ...grammar.source import Source
from ..language.elaborate import Elaborator, Value
from ..language.sizes import Sizes
from ..tensor.expr import Expr

Key = tuple[str, int, str]  # name, number of parameters, and the literal second parameter or ""


@dataclass(frozen=True)
class Template:
    """A right side with the names of its parameters; `reference` is the comment behind the line."""

    parameters: tuple[str, ...]
    value: syntax.Node
    text: str
    reference: str = ""


@dataclass(frozen=True)
class Rulebook:
    """Everything that the rule files say.  `texts` are the lines of rules and laws, `references` the comments behind
    them."""

    differentials: dict[Key, Template] = field(default_factory=dict)
    definitions: dict[Key, Template] = field(default_factory=dict)
    rules: dict[str, syntax.Rule] = field(default_factory=dict)
    laws: dict[str, syntax.Rule] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    references: dict[str, str] = field(default_factory=dict)


@functools.cache
def rulebook() -> Rulebook:
    """The rules of all files."""
    book = Rulebook()
    for path in sorted((Path(__file__).parent.parent / "rules").glob("*.rules")):
        read(*parse_rule_file(path), book)
    return book


def read(source: Source, rules: syntax.RuleFile, book: Rulebook) -> None:
    """Enters the lines of one file into the book."""
    for line in rules.lines:
        text = source.text[line.span.start : line.span.end].strip()
        comment = source.text[line.span.end :].partition("\n")[0].strip().removeprefix("#").strip()
        if isinstance(line, syntax.Differential):
            book.differentials[_key(line.name, line.parameters)] = _template(line.parameters, line.value, text, comment)
        elif line.kind == "def":
            assert isinstance(line.left, syntax.Call)
            book.definitions[_key(line.left.name, line.left.arguments)] = _template(
                line.left.arguments, line.right, text
            )
        else:
            (book.rules if line.kind == "rule" else book.laws)[line.name] = line
            book.texts[line.name], book.references[line.name] = text, comment


def _key(name: str, parameters: tuple[syntax.Node, ...]) -> Key:
    literal = next((p.text for p in parameters if isinstance(p, syntax.Number)), "")
    return name, len(parameters), literal


def _template(parameters: tuple[syntax.Node, ...], value: syntax.Node, text: str, reference: str = "") -> Template:
    return Template(tuple(p.id if isinstance(p, syntax.Name) else "" for p in parameters), value, text, reference)


def instantiate(value: syntax.Node, names: Mapping[str, Value]) -> Expr:
    """The value of a right side with these values for its names."""
    scope = Elaborator(None, {}, Sizes(), dict(names), {})
    return scope.expression(scope.value(value), value)
