"""Characters that the language refuses, and what to write in their place.

Enters: a text and an offset.  Leaves: nothing, or a `SyntaxError` that names the character.  Always holds: two names
that look the same are the same (no compatibility forms, no decomposed accents), and no text looks different from what
it is (no control characters that hide or reorder).  Not for: the order of characters.
"""

from __future__ import annotations

import re
import unicodedata

from . import errors
from .syntax import Span

# Refused in comments too: NUL, and the controls that change the direction of the text around them.
_HIDDEN = re.compile("[\0\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")

_REPLACEMENTS = {
    **dict.fromkeys("\N{MINUS SIGN}\N{EN DASH}\N{EM DASH}\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{FIGURE DASH}", "-"),
    **dict.fromkeys("\N{RIGHT SINGLE QUOTATION MARK}\N{LEFT SINGLE QUOTATION MARK}\N{PRIME}\N{ACUTE ACCENT}", "'"),
    **dict.fromkeys("\N{MODIFIER LETTER CAPITAL T}\N{DOWN TACK}`", "'"),
    **dict.fromkeys("\N{MULTIPLICATION SIGN}\N{MIDDLE DOT}\N{DOT OPERATOR}\N{ASTERISK OPERATOR}\N{BULLET}@", "*"),
    **dict.fromkeys("\N{DIVISION SIGN}\N{DIVISION SLASH}\N{FRACTION SLASH}", "/"),
    **dict.fromkeys("\N{CIRCLED DOT OPERATOR}\N{RING OPERATOR}", ".*"),
    **dict.fromkeys("\N{SET MINUS}\N{REVERSE SOLIDUS OPERATOR}", "\\"),
    "\N{RATIO}": ":",
    "\N{LESS-THAN OR EQUAL TO}": "<=",
    "\N{GREATER-THAN OR EQUAL TO}": ">=",
    "\N{NOT EQUAL TO}": "!=",
    "\N{INFINITY}": "inf",
    "\N{SQUARE ROOT}": "sqrt(...)",
    "\N{N-ARY SUMMATION}": "sum(...)",
    "\N{N-ARY PRODUCT}": "prod(...)",
    "\N{DOUBLE VERTICAL LINE}": "norm2(...)",
    "\N{NABLA}": "grad(...)",
    "\N{PARTIAL DIFFERENTIAL}": "grad(...)",
    "|": "abs(...)",
    "!": "!= for unequal; there is no `not`",
    "~": "!= for unequal; there is no `not`",
    "%": "# before a comment",
    "&": "where(a, where(b, x, y), y) for `x if a and b, else y`",
    **dict.fromkeys(
        '"\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}', "' to transpose; there are no strings"
    ),
}


def check_hidden_characters(text: str) -> None:
    """Raise a `SyntaxError` at the first character, comments included, that hides or reorders others."""
    hidden = _HIDDEN.search(text)
    if hidden:
        raise refuse_character(text, hidden.start())


def check_name(text: str, name: str, start: int) -> None:
    """Raise a `SyntaxError` if a name, which begins at `start`, has a letter with a look-alike."""
    for offset, char in enumerate(name, start):
        if (
            not char.isascii() and not (char.isalpha() and unicodedata.normalize("NFKC", char) == char)
        ) or char in _REPLACEMENTS:
            raise refuse_character(text, offset)


def refuse_character(text: str, offset: int) -> errors.SyntaxError:
    """The error for a character that has no meaning in the language."""
    char = text[offset]
    code = f"U+{ord(char):04X}"
    if unicodedata.combining(char):
        title = "an accent stands alone here"
    elif char.isprintable() and not char.isspace():
        title = f"`{char}` is not part of the language"
    else:
        title = "an invisible character stands here"
    found = "" if char.isascii() and char.isprintable() else f"it is {code} {unicodedata.name(char, '')}".rstrip()
    return errors.SyntaxError(title, span=Span(offset, offset + 1), found=found, hint=_hint(text, offset))


def _hint(text: str, offset: int) -> str:
    """What to write in place of a refused character."""
    char = text[offset]
    if char in _REPLACEMENTS:
        return f"write {_REPLACEMENTS[char]}"
    if unicodedata.combining(char):
        composed = unicodedata.normalize("NFC", text[max(offset - 1, 0) : offset + 1])
        return f"write {composed} as the one character U+{ord(composed):04X}" if len(composed) == 1 else "delete it"
    category = unicodedata.category(char)
    if category == "Zs":
        return "write a plain space"
    if category in ("Zl", "Zp") or char in "\f\v\x85":
        return "write a plain line end"
    if category in ("Cc", "Cf"):
        return "delete it"
    plain = unicodedata.normalize("NFKC", char)
    if unicodedata.decomposition(char).startswith("<super>"):
        return f"write ^{plain}"
    if plain != char:
        return f"write {plain}"
    if category == "Nd":
        return f"write {unicodedata.decimal(char)}"
    return ""
