"""The messages of errors: those of `errors.txt`, word for word, and how a message is laid out."""

import builtins
import pickle
import re
from pathlib import Path

import pytest

from matgrad import grammar
from matgrad.grammar import Error, Source, Span, parse_expression, parse_program, parse_rules, suggest, text_source

GOLDEN = Path(__file__).with_name("errors.txt")
PARSERS = {"program": parse_program, "expression": parse_expression, "rules": parse_rules}

# A case is a line `=== KIND: TITLE`, the text, a line `---`, and the message; <U+XXXX> stands for a character.
CASE = re.compile(r"^=== (\w+): (.+)\n((?:.*\n)*?)---\n((?:(?!=== ).*\n)*)", re.MULTILINE)
CASES = list(CASE.finditer(GOLDEN.read_text(encoding="utf-8")))


def message(kind: str, text: str) -> str:
    """The message that a text gives when it is read as a program, an expression or a rule file."""
    text = re.sub(r"<U\+(\w{4})>", lambda match: chr(int(match[1], 16)), text)
    with pytest.raises(Error) as caught:
        PARSERS[kind](text_source(text))
    return str(caught.value)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[1]}: {case[2]}")
def test_message(case: re.Match[str], rewrite: bool) -> None:
    kind, title, text, expected = case.groups()
    found = message(kind, text.removesuffix("\n")) + "\n"
    if rewrite:
        entry = f"=== {kind}: {title}\n{text}---\n"
        whole = GOLDEN.read_text(encoding="utf-8")
        GOLDEN.write_text(whole.replace(entry + expected, entry + found), encoding="utf-8")
    else:
        assert found == expected


def test_titles_are_unique() -> None:
    assert len({(case[1], case[2]) for case in CASES}) == len(CASES) > 100
