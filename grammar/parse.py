"""The parser: from a text to its syntax tree.

Enters: a `Source`.  Leaves: functions or rules as the nodes of `syntax.py`, or an `Error` that points at the text.
Always holds: any text whatever gives one or the other, in time linear in its length, without recursion.  Not for:
functions' and variables' meaning; the names of built-in functions are the compiler's.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    """The parser, built once for all three starts."""
    from lark import Lark

    from .lexer import Lexer
    from .tree import TreeBuilder

    return Lark(
        Path(__file__).with_name("matgrad.lark").read_text(encoding="utf-8"),
        start=["program", "expression", "rules"],
        parser="lalr",
        lexer=Lexer,
        transformer=TreeBuilder(),
        maybe_placeholders=False,
        cache=_tables_file() or False,
    )


def _tables_file() -> str | None:
    """The file in which lark keeps the parser's tables from process to process (2 ms to read, 40 ms to build).

    Lark checks that it belongs to this grammar, and builds the tables anew where it cannot read it.  Since it is a
    pickle, it is used only in a folder that nobody else can write to; None where there is no such folder.
    """
    from platformdirs import user_cache_path

    folder = user_cache_path("matgrad")
    if not folder.is_absolute():
        return None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
    except OSError:
        return None
    if hasattr(os, "getuid") and (status.st_uid != os.getuid() or status.st_mode & 0o022):
        return None
    return str(folder / f"grammar-{sys.implementation.cache_tag}.tables")
