"""The messages of errors of names, shapes and calls: those of `errors.txt`, word for word."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import matgrad as mg
from matgrad.compiler.language import elaborate
from tests.support import check_golden, golden_cases

GOLDEN = Path(__file__).with_name("errors.txt")

# The last line of the text of a `call` is the call of the function `f` that the lines before it define, in Python.
CASES = golden_cases(GOLDEN)


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
    check_golden(GOLDEN, case, message, rewrite)


def test_titles_are_unique() -> None:
    assert len({(case[1], case[2]) for case in CASES}) == len(CASES) > 90


def test_every_message_says_where_and_what() -> None:
    for case in CASES:
        first, *rest = case[4].splitlines()
        assert re.match(r"(<string>:\d+:\d+: )?error: .+[^.]$", first), first
        if first.startswith("<string>"):
            assert len(rest) >= 2  # the line, and the place in it


# Where the compiler raises errors: calls of these. What the parser refuses first cannot come so far.
RAISING = {"fail", "fail_at", "misfit", "refuse", "_no_identity"}
FOLDER = Path(elaborate.__file__).parent
ELSEWHERE = {
    "a tuple can only be the result of a function": "the parser refuses it",
    "is bound twice": "the parser refuses it",
    "a comparison has no value of its own": "the parser refuses it",
    "a size is a name, a whole number": "the parser refuses it",
    "has {count(order, 'size')}": "the parser refuses it",
    "is not an attribute": "the parser refuses it",
    "is both a parameter and a size": "the parser refuses it",
    "an index is a whole number": "the parser refuses it",
}


def test_every_error_is_pinned(monkeypatch) -> None:
    """Each place in the language's folder that raises an error is reached by a case of the golden file."""
    reached: set[tuple[str, int]] = set()
    original = elaborate.Elaborator.fail

    def fail(self, *arguments, **named):
        frame = sys._getframe(1)
        while frame is not None and Path(frame.f_code.co_filename).is_relative_to(FOLDER):
            reached.add((frame.f_code.co_filename, frame.f_lineno))
            frame = frame.f_back
        original(self, *arguments, **named)

    monkeypatch.setattr(elaborate.Elaborator, "fail", fail)
    for case in CASES:
        message(case[1], case[3].removesuffix("\n"))
    missing = []
    for path in sorted(FOLDER.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.Call) or not node.end_lineno:
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name not in RAISING:
                continue
            lines = range(node.lineno, node.end_lineno + 1)
            source = ast.get_source_segment(text, node) or ""
            if not any((str(path), line) in reached for line in lines) and not any(e in source for e in ELSEWHERE):
                missing.append(f"{path.relative_to(FOLDER)}:{node.lineno}: {source.splitlines()[0]}")
    assert not missing
