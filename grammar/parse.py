"""The parser: from a text to its syntax tree.

Enters: a `Source`.  Leaves: functions or rules as the nodes of `syntax.py`, or an `Error` that points at the text.
Always holds: any text whatever gives one or the other, in time linear in its length, without recursion.  Not for:
functions' and variables' meaning; the names of built-in functions are the compiler's.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import kept
from .checks import check_function, check_program, check_rules
from .errors import Error
from .source import Source
from .syntax import Function, RuleFile

if TYPE_CHECKING:
    from lark import Lark


def parse_program(source: Source) -> tuple[Function, ...]:
    """Parse a file of functions.

    Raises:
        SyntaxError: the text is not in the language.
        NameError: a name is bound twice in a function, two functions share a name, or a name is reserved.
    """
    functions: tuple[Function, ...] = _parse(source, "program", check_program)
    return functions


def parse_expression(source: Source) -> Function:
    """Parse one expression, with or without a `where` clause, or one `fn`.

    An expression becomes a function whose name is None and whose parameters are those of its `where` clause.

    Raises:
        SyntaxError: the text is not in the language.
        NameError: a name is bound twice, or is reserved.
    """
    function: Function = _parse(source, "expression", check_function)
    return function


def parse_rules(source: Source) -> RuleFile:
    """Parse a rule file.

    Raises:
        SyntaxError: the text is not in the language.
        NameError: two rules share a name.
    """
    rules: RuleFile = _parse(source, "rules", check_rules)
    return rules


def parse_rule_file(path: Path) -> tuple[Source, RuleFile]:
    """Parse a rule file of the package, once for all processes.  Raises what `parse_rules` raises."""
    source = Source(path.name, path.read_text(encoding="utf-8"))
    return source, kept.made(path.name, _identity() + source.text.encode(), lambda: parse_rules(source))


@functools.cache
def _identity() -> bytes:
    """The files of this folder, on which depends what the parser makes of a text."""
    files = sorted(file for file in Path(__file__).parent.iterdir() if file.suffix in (".py", ".lark"))
    return b"\0".join(file.read_bytes() for file in files)


def _parse(source: Source, start: str, check: Callable[[Source, Any], None]) -> Any:
    """Read `source` as the rule `start` of the grammar; errors of parsing and of `check` get their source here."""
    # Lark costs more to import than all of the rest, and most processes find their kernels ready.
    from lark import UnexpectedToken

    from .diagnose import diagnose

    try:
        try:
            tree = _parser().parse(source.text, start=start)
        except UnexpectedToken as unexpected:
            raise diagnose(source, start, _parser(), unexpected) from None
        check(source, tree)
    except Error as error:
        error.source = source
        raise
    return tree


@functools.cache
def _parser() -> Lark:
    """The parser, built once for all three starts.

    Lark keeps its tables in a file (2 ms to read, 40 ms to build); it checks that they belong to this grammar, and
    builds them anew where it cannot read them.
    """
    from lark import Lark

    from .lexer import Lexer
    from .tree import TreeBuilder

    tables = kept.file("grammar.tables")
    return Lark(
        Path(__file__).with_name("matgrad.lark").read_text(encoding="utf-8"),
        start=["program", "expression", "rules"],
        parser="lalr",
        lexer=Lexer,
        transformer=TreeBuilder(),
        maybe_placeholders=False,
        cache=str(tables) if tables else False,
    )
