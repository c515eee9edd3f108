"""The messages of errors: those of `errors.txt`, word for word, and how a message is laid out."""

import builtins
import pickle
import re
from pathlib import Path

import pytest

from matgrad import grammar
from matgrad.grammar import Error, Source, Span, parse_expression, parse_program, parse_rules, suggest, text_source
from tests.support import check_golden, golden_cases

GOLDEN = Path(__file__).with_name("errors.txt")
PARSERS = {"program": parse_program, "expression": parse_expression, "rules": parse_rules}

# In the texts, <U+XXXX> stands for a character.
CASES = golden_cases(GOLDEN)


def message(kind: str, text: str) -> str:
    """The message that a text gives when it is read as a program, an expression or a rule file."""
    text = re.sub(r"<U\+(\w{4})>", lambda match: chr(int(match[1], 16)), text)
    with pytest.raises(Error) as caught:
        PARSERS[kind](text_source(text))
    return str(caught.value)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[1]}: {case[2]}")
def test_message(case: re.Match[str], rewrite: bool) -> None:
    check_golden(GOLDEN, case, message, rewrite)


def test_titles_are_unique() -> None:
    assert len({(case[1], case[2]) for case in CASES}) == len(CASES) > 100


def test_layout() -> None:
    text = "fn f(X: matrix[m, n], w: vector[k]) = {\n    r = X*w - y\n    r'*r\n}\n"
    start = text.index("X*w")
    error = grammar.ShapeError(
        "shapes do not fit in X*w",
        source=Source("ridge.mg", text),
        span=Span(start, start + 3),
        found="X is matrix[m, n], w is vector[k]: n and k are different sizes",
        needed="a vector[n]",
        hint="two\nlines",
    )
    assert str(error) == (
        "ridge.mg:2:9: error: shapes do not fit in X*w\n"
        "    r = X*w - y\n"
        "        ^^^\n"
        "  X is matrix[m, n], w is vector[k]: n and k are different sizes\n"
        "  needed: a vector[n]\n"
        "  hint: two\n"
        "  hint: lines"
    )
    assert (error.line, error.column) == (2, 9)


def test_layout_without_a_place() -> None:
    error = grammar.DomainError("S is not positive definite", found="the argument S of f")
    assert str(error) == "error: S is not positive definite\n  the argument S of f"
    assert error.line is None
    assert error.column is None


@pytest.mark.parametrize(
    ("text", "place", "excerpt"),
    [
        ("a + b", "b", "    a + b\n        ^"),
        ("\t\ta +\tb", "b", "    a +\tb\n       \t^"),
        ("  a\n  b + c", "b + c", "    b + c\n    ^^^^^"),
        ("a + (b\n+ c)", "(b\n+ c)", "    a + (b\n        ^^"),
        ("a\r\nb\rc", "c", "    c\n    ^"),
        ("名 + b", "b", "    名 + b\n         ^"),
        ("a\u200b + b", "b", "    a\ufffd + b\n         ^"),
        ("x" * 200 + "yy" + "z" * 200, "yy", f"    …{'x' * 33}yy{'z' * 65}…\n     {' ' * 33}^^"),
        ("yy" + "z" * 200, "yy", f"    yy{'z' * 98}…\n    ^^"),
        ("x" * 200 + "yy", "yy", f"    …{'x' * 98}yy\n     {' ' * 98}^^"),
        ("y" * 300, "y" * 300, f"    {'y' * 100}…\n    {'^' * 100}"),
        ("", "", ""),
    ],
)
def test_excerpt(text: str, place: str, excerpt: str) -> None:
    start = text.index(place)
    error = Error("title", source=text_source(text), span=Span(start, start + len(place)))
    assert str(error).partition("\n")[2] == excerpt


def test_place_after_the_end() -> None:
    error = Error("title", source=text_source("a +  \n\n"), span=Span(3, 3))
    assert str(error) == "<string>:1:4: error: title\n    a +\n       ^"


def test_builtin_families() -> None:
    assert issubclass(grammar.TypeError, builtins.TypeError)
    assert issubclass(grammar.FileError, OSError)
    for name in ("Syntax", "Name", "Shape", "Type", "Argument", "Domain", "File"):
        kind = getattr(grammar, f"{name}Error")
        assert issubclass(kind, Error)
        error = kind("title", source=text_source("x"), span=Span(0, 1), hint="hint")
        again = pickle.loads(pickle.dumps(error))
        assert str(again) == str(error) == "<string>:1:1: error: title\n    x\n    ^\n  hint: hint"
        assert type(again) is kind


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "f.mg"
    path.write_bytes(b"\xef\xbb\xbffn f(x) = x\r\n")
    source = grammar.read_source(path)
    assert source == Source(str(path), "fn f(x) = x\r\n")
    path.write_bytes(b"fn f(x) = \xff")
    with pytest.raises(grammar.FileError, match="is not UTF-8 text"):
        grammar.read_source(path)
    with pytest.raises(OSError, match="cannot read"):
        grammar.read_source(tmp_path / "missing.mg")
    with pytest.raises(Error, match="cannot read"):
        grammar.read_source(tmp_path)


def test_suggestions() -> None:
    names = ["inv", "pinv", "logdet", "logsumexp", "softmax", "tr"]
    assert suggest("logdett", names) == "logdet"
    assert suggest("LogDet", names) == "logdet"
    assert suggest("sofmax", names) == "softmax"
    assert suggest("x", names) is None
    assert suggest("banana", []) is None
