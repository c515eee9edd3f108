"""What several folders of tests need."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from matgrad.compiler.language.definition import Definition, elaborate, free_names
from matgrad.grammar.parse import parse_expression
from matgrad.grammar.source import text_source


def unsimplified(text: str) -> Definition:
    """The definition of a text with declared types as it is written: no rule has touched it."""
    source = text_source(text)
    function = parse_expression(source)
    names = [p.name for p in function.parameters] if function.name is not None else free_names(function, {})
    return elaborate(function, source, {}, {}, names)


# A case is a line `=== KIND: TITLE`, the text, a line `---`, and the message.
_CASE = re.compile(r"^=== (\w+): (.+)\n((?:.*\n)*?)---\n((?:(?!=== ).*\n)*)", re.MULTILINE)


def golden_cases(path: Path) -> list[re.Match[str]]:
    """The cases of a file of error messages: kind, title, text and message of each."""
    return list(_CASE.finditer(path.read_text(encoding="utf-8")))


def check_golden(path: Path, case: re.Match[str], message: Callable[[str, str], str], rewrite: bool) -> None:
    """Asserts that a text of this kind gives the message of the case; with `rewrite` the file gets what it gives."""
    kind, title, text, expected = case.groups()
    found = message(kind, text.removesuffix("\n")) + "\n"
    if rewrite:
        entry = f"=== {kind}: {title}\n{text}---\n"
        whole = path.read_text(encoding="utf-8")
        path.write_text(whole.replace(entry + expected, entry + found), encoding="utf-8")
    else:
        assert found == expected
