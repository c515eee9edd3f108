"""What several folders of tests need."""

from __future__ import annotations

from matgrad.compiler.language.definition import Definition, elaborate, free_names
from matgrad.grammar.parse import parse_expression
from matgrad.grammar.source import text_source


def unsimplified(text: str) -> Definition:
    """The definition of a text with declared types as it is written: no rule has touched it."""
    source = text_source(text)
    function = parse_expression(source)
    names = [p.name for p in function.parameters] if function.name is not None else free_names(function, {})
    return elaborate(function, source, {}, {}, names)
