"""The colours of programs, in Pygments and in editors.

`pytest tests/editors --rewrite` writes the TextMate grammar.
"""

from __future__ import annotations

import importlib
import json
import re
import tomllib
from pathlib import Path

import pytest
from pygments.token import Error, Token

from matgrad.compiler.language.builtins import BUILTINS, reserved
from matgrad.compiler.language.elaborate import ATTRIBUTES
from matgrad.grammar.lexer import Lexer
from matgrad.grammar.parse import _parser
from matgrad.highlight import CLASSES, MatgradLexer, classified, scope, textmate

ROOT = Path(__file__).parents[2]
GRAMMAR = ROOT / "editors" / "vscode" / "syntaxes" / "matgrad.tmLanguage.json"
FILES = sorted([*(ROOT / "examples").rglob("*.mg"), *(ROOT / "compiler" / "rules").glob("*.rules")])
BLOCKS = [
    match.group(1)
    for path in sorted((ROOT / "docs").glob("*.md"))
    for match in re.finditer(r"^```matgrad\n(.*?)^```$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
]
EXPRESSIONS = [
    line for line in (ROOT / "examples" / "derivatives.txt").read_text(encoding="utf-8").splitlines() if line
]
LEXER = Lexer(_parser().lexer_conf)
FORMS = """\
fn f(x: vector[n], A: symmetric positive matrix[n, 2*n], s: positive scalar, T: tensor[a, b, c], i: integer scalar) = {
    y = where(x > 0, -x.^2, 1./x) ; z = [A, x; x', 1e-3]   # a comment with fn, pi and inv(A)
    grad(tr(A'*A), A) : A + I .* z[1:3, :]' \\ g(pi)^-1 + scalar + symmetric + vector*d
}"""
# The classes that a token of the language's own lexer may have.
ALLOWED = {
    "NUMBER": {"number", "label"},
    "NAME": {"name", "builtin", "call", "definition", "label", "attribute", "kind", "constant"},
    "COMPARE": {"operator"}, "EQUAL": {"operator"}, "PLUS": {"operator"}, "TIMES": {"operator"}, "POWER": {"operator"},
    "MINUS": {"operator", "label"}, "PRIME": {"operator"}, "COLON": {"operator"}, "SLICE": {"operator"},
    "_ASSIGN": {"operator"}, "_ARROW": {"operator"},
    **{kind: {"keyword"} for kind in ("FN", "WHERE", "D", "RULE", "LAW", "DEF", "WHEN", "AND")},
    **{kind: {"punctuation"} for kind in ("LPAR", "RPAR", "LSQB", "RSQB", "LBRACE", "RBRACE")},
    **{kind: {"punctuation"} for kind in ("_COMMA", "_ROW", "_END")},
}  # fmt: skip


def texts() -> list[str]:
    """All programs, rule files and expressions."""
    return [*(path.read_text(encoding="utf-8") for path in FILES), *BLOCKS, *EXPRESSIONS, FORMS]


def classes_at(text: str) -> dict[int, tuple[str, str]]:
    """The class and the characters at each offset."""
    return {offset: (kind, characters) for offset, kind, characters in classified(text)}


def test_every_token_of_the_language_has_its_class() -> None:
    for text in texts():
        found = {}
        for offset, (kind, characters) in classes_at(text).items():
            assert kind != "error", (text, offset, characters)
            found.update((offset + k, (kind, offset, characters)) for k in range(len(characters)))
        tokens = list(LEXER.tokens(text))
        for token in tokens:
            if token.type == "_END" and token.value != ";":
                continue
            kind, start, characters = found[token.start_pos]
            assert kind in ALLOWED[token.type], (text, token, kind)
            assert kind == "label" or (start, characters) == (token.start_pos, token.value), (text, token)
        assert len(tokens) > 2 or len(text) < 5


def test_what_is_no_token_is_space_or_comment() -> None:
    for text in texts():
        starts = {token.start_pos for token in LEXER.tokens(text)}
        for offset, (kind, characters) in classes_at(text).items():
            if offset not in starts and kind != "label":
                assert kind in ("space", "comment") or characters == ";", (text, characters)


def test_pygments_finds_the_lexer_and_gives_no_error() -> None:
    lexer = MatgradLexer()
    for text in texts():
        pieces = list(lexer.get_tokens_unprocessed(text))
        assert "".join(characters for _, _, characters in pieces) == text
        assert not any(token in Error for _, token, _ in pieces)
    assert [t for _, t, _ in lexer.get_tokens_unprocessed("x ? y")].count(Token.Error) == 1


def test_pygments_is_told_of_the_lexer() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (target,) = project["entry-points"]["pygments.lexers"].values()
    module, _, name = target.partition(":")
    assert getattr(importlib.import_module(module), name) is MatgradLexer


def test_words_have_the_class_of_their_place() -> None:
    found = {(characters, kind) for _, kind, characters in classified(FORMS)}
    assert {("symmetric", "attribute"), ("symmetric", "name"), ("scalar", "kind"), ("scalar", "name")} <= found
    assert {("vector", "kind"), ("vector", "name"), ("where", "builtin"), ("g", "call"), ("f", "definition")} <= found
    assert {("pi", "constant"), ("I", "constant"), ("T", "name"), ("d", "name"), ("'", "operator")} <= found
    where = {(characters, kind) for _, kind, characters in classified("tr(A*B) where A: matrix[m, n]")}
    assert ("where", "keyword") in where


@pytest.mark.parametrize("name", sorted(reserved() | set(BUILTINS)))
def test_every_function_is_known(name: str) -> None:
    assert next(classified(f"{name}(x)"))[1] == "builtin"


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_every_attribute_is_known(name: str) -> None:
    assert [kind for _, kind, _ in classified(f"x: {name} matrix[n, n]")][3] == "attribute"


# ---- the TextMate grammar


def test_the_grammar_is_current(rewrite: bool) -> None:
    text = json.dumps(textmate(), indent=2, ensure_ascii=False) + "\n"
    if rewrite:
        GRAMMAR.write_text(text, encoding="utf-8")
    assert GRAMMAR.read_text(encoding="utf-8") == text, "write it again: pytest tests/editors --rewrite"


def test_the_plugin_names_the_grammar() -> None:
    folder = ROOT / "editors" / "vscode"
    plugin = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    (language,), (grammar,) = plugin["contributes"]["languages"], plugin["contributes"]["grammars"]
    assert (folder / grammar["path"]).resolve() == GRAMMAR
    assert grammar["scopeName"] == textmate()["scopeName"]
    assert language["id"] == grammar["language"]
    assert language["extensions"] == [f".{kind}" for kind in textmate()["fileTypes"]]
    assert (folder / language["configuration"]).is_file()


def scopes(text: str, grammar: dict) -> dict[int, tuple[str, str]]:
    """What an editor does: line by line, at each place the pattern that matches first."""
    rows = [(re.compile(row["match"]), row) for row in grammar["patterns"]]
    found = {}
    start = 0
    for line in text.splitlines(keepends=True):
        bare, position = line.rstrip("\r\n"), 0
        while True:
            matches = [(m.start(), k) for k, (p, _) in enumerate(rows) if (m := p.search(bare, position))]
            if not matches:
                break
            pattern, row = rows[min(matches)[1]]
            match = pattern.search(bare, position)
            if "name" in row:
                found[start + match.start()] = row["name"], match.group()
            for number, capture in row.get("captures", {}).items():
                found[start + match.start(int(number))] = capture["name"], match.group(int(number))
            position = match.end()
        start += len(line)
    return found


def test_editors_and_pygments_agree() -> None:
    grammar = json.loads(GRAMMAR.read_text(encoding="utf-8"))
    for text in texts():
        expected = {
            k: (scope(kind), characters) for k, (kind, characters) in classes_at(text).items() if kind != "space"
        }
        assert scopes(text, grammar) == expected, text


def test_every_class_is_in_use() -> None:
    assert {kind for text in texts() for _, kind, _ in classified(text)} == CLASSES.keys()
