"""The colours of `.mg` files: for Pygments (documents, notebooks, terminals) and for editors (a TextMate grammar).

Enters: a text, or nothing.  Leaves: tokens of Pygments; the TextMate grammar in `editors/`.  Always holds: both come
from one table of patterns, whose words are those of the language's own tables; every character of a program that the
parser accepts has a class.  Not for: parsing (`grammar/`).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from pygments.lexer import Lexer
from pygments.token import Comment, Error, Keyword, Name, Number, Operator, Punctuation, Whitespace

NAME = r"[^\W\d]\w*"
NUMBER = r"(?:[0-9]+(?:\.(?![*/^])[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"

# Of each class of characters: the token of Pygments, and the scope of TextMate.
CLASSES: dict[str, tuple[Any, str]] = {
    "space": (Whitespace, ""),
    "comment": (Comment.Single, "comment.line.number-sign"),
    "keyword": (Keyword.Declaration, "keyword.other"),
    "attribute": (Keyword.Pseudo, "storage.modifier"),
    "kind": (Keyword.Type, "storage.type"),
    "constant": (Keyword.Constant, "constant.language"),
    "definition": (Name.Function, "entity.name.function"),
    "label": (Name.Label, "entity.name.tag"),
    "builtin": (Name.Builtin, "support.function"),
    "call": (Name.Function, "entity.name.function"),
    "name": (Name, "variable.other"),
    "number": (Number, "constant.numeric"),
    "operator": (Operator, "keyword.operator"),
    "punctuation": (Punctuation, "punctuation"),
}


class Pattern(NamedTuple):
    """A pattern and the classes of its groups; of the whole where there are none."""

    pattern: str
    classes: tuple[str, ...]


@functools.cache
def patterns() -> tuple[Pattern, ...]:
    """The table: at each place the first pattern that matches there decides."""
    from .compiler.language.builtins import BUILTINS, abbreviations
    from .compiler.language.elaborate import ATTRIBUTES
    from .compiler.language.sizes import ORDERS

    functions = {*BUILTINS, *abbreviations(), "delta", "epsilon"}
    kinds = {*ORDERS, "tensor"} - {"scalar"}
    call = r"(?=[ \t]*\()"
    rows = [
        (r"[ \t\r\n]+", "space"),
        (r"#[^\r\n]*", "comment"),
        # Functions, and the lines of rule files.
        (rf"\b(fn)([ \t]+)({NAME})", "keyword space definition"),
        (rf"(?m:^)(def|d)([ \t]+)({NAME}){call}", "keyword space definition"),
        (r"(?m:^)(rule|law)([ \t]+)([\w-]+)(?=[ \t]*:)", "keyword space label"),
        (r"\bfn\b", "keyword"),
        (r"\bwhere\b(?![ \t]*\()", "keyword"),
        (rf"\b(?:when|and)\b(?=[ \t]+{NAME}[ \t]*\()", "keyword"),
        # Types.
        (rf"\b{words(ATTRIBUTES)}\b(?=[ \t]+[^\W\d])", "attribute"),
        (rf"\b{words(kinds)}\b(?=[ \t]*\[)", "kind"),
        (r"\bscalar\b(?=[ \t]*(?:[,)=#]|$))", "kind"),
        # Names and numbers.
        (rf"\b{words(functions)}\b{call}", "builtin"),
        (rf"{NAME}{call}", "call"),
        (r"\b(?:I|pi|inf)\b", "constant"),
        (NAME, "name"),
        (NUMBER, "number"),
        # `<` and `>` alone are also the brackets of inner products in derivations.
        (r"=>|==|<=|>=|!=|\.\*|\./|\.\^|[-+*/\\^:'<>=]", "operator"),
        (r"[()\[\]{},;]", "punctuation"),
    ]
    return tuple(Pattern(pattern, tuple(classes.split())) for pattern, classes in rows)


def words(found: Any) -> str:
    """A pattern for words."""
    return f"(?:{'|'.join(sorted(found))})"


@functools.cache
def compiled() -> tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]:
    """The table for Python."""
    return tuple((re.compile(pattern), classes) for pattern, classes in patterns())


def classified(text: str) -> Iterator[tuple[int, str, str]]:
    """Offset, class and characters; `error` for a character that no program has."""
    offset = 0
    while offset < len(text):
        found = next(((m, classes) for p, classes in compiled() if (m := p.match(text, offset))), None)
        if found is None:
            yield offset, "error", text[offset]
            offset += 1
            continue
        match, classes = found
        if len(classes) == 1:
            yield offset, classes[0], match.group()
        else:
            for number, kind in enumerate(classes, 1):
                yield match.start(number), kind, match.group(number)
        offset = match.end()


class MatgradLexer(Lexer):  # type: ignore[misc]  # Pygments has no types
    """The language of matgrad for Pygments: `.mg` files, expressions, and rule files."""

    name = "matgrad"
    aliases = ("matgrad", "mg")
    filenames = ("*.mg", "*.rules")
    mimetypes = ("text/x-matgrad",)
    url = ""
    version_added = ""

    def get_tokens_unprocessed(self, text: str) -> Iterator[tuple[int, Any, str]]:
        """Offset, token and characters."""
        for offset, kind, characters in classified(text):
            yield offset, CLASSES[kind][0] if kind in CLASSES else Error, characters


def textmate() -> dict[str, Any]:
    """The TextMate grammar, which the plugin in `editors/vscode` holds as JSON."""
    rows: list[dict[str, Any]] = []
    for pattern, classes in patterns():
        if classes == ("space",):
            continue
        # Editors read line by line.
        row: dict[str, Any] = {"match": pattern.replace("(?m:^)", "^")}
        if len(classes) == 1:
            row["name"] = scope(classes[0])
        else:
            row["captures"] = {str(k): {"name": scope(kind)} for k, kind in enumerate(classes, 1) if kind != "space"}
        rows.append(row)
    return {
        "$schema": "https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json",
        "name": "matgrad",
        "scopeName": "source.matgrad",
        "fileTypes": ["mg", "rules"],
        "patterns": rows,
    }


def scope(kind: str) -> str:
    """The scope of a class."""
    return f"{CLASSES[kind][1]}.matgrad"
