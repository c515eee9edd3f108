"""The messages of errors of names, shapes and calls: those of `errors.txt`, word for word."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import matgrad as mg

GOLDEN = Path(__file__).with_name("errors.txt")

# A case is a line `=== KIND: TITLE`, the text, a line `---`, and the message.  The last line of the text of a `call`
# is the call of the function `f` that the lines before it define, in Python.
CASE = re.compile(r"^=== (\w+): (.+)\n((?:.*\n)*?)---\n((?:(?!=== ).*\n)*)", re.MULTILINE)
CASES = list(CASE.finditer(GOLDEN.read_text(encoding="utf-8")))


def message(kind: str, text: str) -> str:
    """The message of the error that a text gives."""
    with pytest.raises(mg.Error) as caught:
        if kind == "program":
            mg.loads(text)
        elif kind == "expression":
            mg.function(text).definition()
        else:
            text, _, call = text.rpartition("\n")
            eval(call, {"f": mg.function(text), "np": np, "nan": np.nan})
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
    assert len({(case[1], case[2]) for case in CASES}) == len(CASES) > 90


def test_every_message_says_where_and_what() -> None:
    for case in CASES:
        first, *rest = case[4].splitlines()
        assert re.match(r"(<string>:\d+:\d+: )?error: .+[^.]$", first), first
        if first.startswith("<string>"):
            assert len(rest) >= 2  # the line, and the place in it
