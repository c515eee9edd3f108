"""From characters to tokens.

Enters: the text, and the terminals of `matgrad.lark`.  Leaves: lark tokens with their start offsets, where line ends
that mean nothing are gone and keywords, slices and rows are told apart by what stands around them.  Always holds:
brackets match and are nested at most `NESTING_LIMIT` deep; every character belongs to the language.  Not for: the order
of tokens, which the grammar decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lark import Token
from lark.common import LexerConf
from lark.lexer import Lexer as LarkLexer
from lark.lexer import LexerState, PatternStr

from . import errors
from .characters import check_hidden_characters, check_name, refuse_character
from .checks import NESTING_LIMIT, nesting_error
from .syntax import Span

BRACKETS = {"LPAR": "RPAR", "LSQB": "RSQB", "LBRACE": "RBRACE"}
_CLOSING = {"(": ")", "[": "]", "{": "}"}
OPERAND_ENDS = {"NAME", "NUMBER", "RPAR", "RSQB", "RBRACE", "PRIME"}

# What people write who come from other languages, and what to write here.
FOREIGN_OPERATORS = {
    "**": "powers are written ^, elementwise powers .^",
    ".**": "elementwise powers are written .^",
    "//": "a quotient is written /, a comment begins with #",
    "&&": "write where(a, where(b, x, y), y) for `x if a and b, else y`",
    "||": "write where(a, x, where(b, x, y)) for `x if a or b, else y`",
    "->": "write = between the parameters of a function and its value",
    ":=": "write = to bind a name",
    "+=": "a name is bound once: give the sum a new name",
    "-=": "a name is bound once: give the difference a new name",
    "*=": "a name is bound once: give the product a new name",
    "/=": "a name is bound once: give the quotient a new name",
    "===": "write == to compare",
    "=<": "write <=",
    "<>": "write !=",
    "~=": "write !=",
    ".'": "write ' to transpose",
    ".+": "write +, which is elementwise",
    ".-": "write -, which is elementwise",
    "...": "a line goes on after an operator, after = and inside brackets",
}

_CLOSERS = set(BRACKETS.values())
_LINE_GOES_ON = {
    *("PLUS", "MINUS", "TIMES", "POWER", "COLON", "COMPARE", "EQUAL", "_ASSIGN", "_ARROW", "_COMMA"),
    *("LBRACE", "WHERE", "WHEN", "AND"),
}
_NAME_FOLLOWS = re.compile(r"[ \t]+[^\W\d]")


class Lexer(LarkLexer):
    """The lexer that the parser runs; one object serves all texts and threads."""

    __future_interface__ = 2  # lark calls `lex` as it is written here

    def __init__(self, conf: LexerConf) -> None:
        terminals = [terminal for terminal in conf.terminals if terminal.pattern is not None]
        self._keywords = {
            terminal.pattern.value: terminal.name
            for terminal in terminals
            if isinstance(terminal.pattern, PatternStr) and terminal.pattern.value.isalpha()
        }
        self._ignored = set(conf.ignore)
        plain = [terminal for terminal in terminals if terminal.pattern.value not in self._keywords]
        plain.sort(key=lambda terminal: -terminal.pattern.max_width)  # so `==` is tried before `=`
        foreign = sorted(FOREIGN_OPERATORS, key=len, reverse=True)
        patterns = [("FOREIGN", "|".join(map(re.escape, foreign)) + r"|\.[^\W\d]\w*")]
        patterns += [(terminal.name, terminal.pattern.to_regexp()) for terminal in plain]
        patterns += [("UNKNOWN", "(?s:.)")]
        self._scan = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in patterns)).finditer

    def lex(self, lexer_state: LexerState, parser_state: Any) -> Iterator[Token]:
        """The tokens of a text; raises `SyntaxError` at what cannot be a token."""
        return self.tokens(lexer_state.text.text)

    def tokens(self, text: str) -> Iterator[Token]:
        """The tokens of a text; raises `SyntaxError` at what cannot be a token."""
        check_hidden_characters(text)
        return self._layout(text, self._read(text))

    def _read(self, text: str) -> Iterator[Token]:
        """The terminals one after the other, without spaces and comments."""
        previous: Token | None = None
        for match in self._scan(text):
            kind = match.lastgroup
            if kind is None or kind in self._ignored:
                continue
            token = Token(kind, match.group(), match.start())
            if kind == "NAME":
                if not token.isascii():
                    check_name(text, token, match.start())
            elif kind == "PRIME":
                if previous is not None and previous.type == "NUMBER":
                    raise _primed_number(text, previous, token)
            elif kind == "FOREIGN":
                raise _foreign_operator(text, previous, token)
            elif kind == "UNKNOWN":
                raise refuse_character(text, match.start())
            yield token
            previous = token

    def _layout(self, text: str, tokens: Iterator[Token]) -> Iterator[Token]:
        """Match brackets, drop line ends that mean nothing, and tell keywords, slices and rows apart."""
        brackets = _Brackets(text)
        previous: Token | None = None
        end: Token | None = None  # read, but passed on only when a statement follows
        for token in tokens:
            kind = token.type
            if kind == "_END" or (kind == "_ROW" and brackets.innermost != "LSQB"):
                open_statement = previous is not None and previous.type != "LBRACE" and end is None
                goes_on = kind == "_END" and (
                    brackets.innermost in ("LPAR", "LSQB") or (previous is not None and previous.type in _LINE_GOES_ON)
                )
                if open_statement and not goes_on:
                    end = Token("_END", token.value, token.start_pos)
                continue
            if kind == "NAME":
                if token.value in self._keywords:
                    starts = previous is None or end is not None or previous.type == "LBRACE"
                    if self._is_keyword(text, token, previous, starts):
                        token.type = self._keywords[token.value]
                        if token.type in ("WHERE", "WHEN"):
                            end = None  # these may stand on a line of their own
            elif kind in BRACKETS:
                brackets.open(token, is_index=previous is not None and previous.type in OPERAND_ENDS)
            elif kind in _CLOSERS:
                brackets.close(token)
            elif kind == "COLON" and brackets.in_index:
                token.type = "SLICE"
            if end is not None:
                yield end
                end = None
            yield token
            previous = token
        brackets.close_text()

    def _is_keyword(self, text: str, token: Token, previous: Token | None, starts: bool) -> bool:
        """Whether a name is meant as a keyword: where no name could stand, or before another name in a statement."""
        if token.value == "fn":
            return True
        if starts:
            return _NAME_FOLLOWS.match(text, span_of(token).end) is not None
        return previous is not None and previous.type in OPERAND_ENDS


class _Brackets:
    """The brackets that are open at some place of a text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._open: list[tuple[Token, bool]] = []
        self.innermost: str | None = None
        self.in_index = False

    def open(self, token: Token, is_index: bool) -> None:
        if len(self._open) == NESTING_LIMIT:
            raise nesting_error(span_of(token))
        self._open.append((token, is_index and token.type == "LSQB"))
        self._look()

    def close(self, token: Token) -> None:
        if not self._open:
            raise errors.SyntaxError(f"`{token}` closes nothing", span=span_of(token), hint=f"delete the `{token}`")
        opening = self._open[-1][0]
        if BRACKETS[opening.type] != token.type:
            if any(BRACKETS[other.type] == token.type for other, _ in self._open):
                raise unclosed_error(opening, f"a `{token}` comes first")
            title = f"`{token}` does not close the `{opening}` before it"
            raise errors.SyntaxError(title, span=span_of(token), needed=f"`{_CLOSING[opening.value]}`")
        self._open.pop()
        self._look()

    def close_text(self) -> None:
        if self._open:
            raise unclosed_error(self._open[-1][0], "the text ends before it")

    def _look(self) -> None:
        opening, self.in_index = self._open[-1] if self._open else (None, False)
        self.innermost = opening.type if opening else None


def span_of(token: Token) -> Span:
    """The place of a token."""
    start = token.start_pos or 0
    return Span(start, start + len(token.value))


def unclosed_error(opening: Token, found: str) -> errors.SyntaxError:
    """The error for a bracket that is not closed; `found` says what comes in place of its other half."""
    return errors.SyntaxError(
        f"this `{opening}` is not closed", span=span_of(opening), found=found, needed=f"`{_CLOSING[opening.value]}`"
    )


def _primed_number(text: str, number: Token, prime: Token) -> errors.SyntaxError:
    """The error for `A^-1'`, which would transpose the number."""
    start = span_of(number).start
    power = re.search(r"(\w+|\))[ \t]*\.?\^[ \t]*-?[ \t]*$", text[max(start - 60, 0) : start])
    before = power.group() if power else "A^"
    written = f"(...{before}{number}" if before.startswith(")") else f"{before}{number}"
    return errors.SyntaxError(
        "a number cannot be transposed",
        span=Span(span_of(number).start, span_of(prime).end),
        found="the ' stands for the number alone, not for what is left of it",
        hint=f"write ({written})' to transpose a power",
    )


def _foreign_operator(text: str, previous: Token | None, token: Token) -> errors.SyntaxError:
    hint = FOREIGN_OPERATORS.get(token.value)
    title = f"`{token}` is not an operator here"
    if hint is None:  # `.name`
        title = f"there are no attributes such as `{token}`"
        value = previous.value if previous is not None and previous.type == "NAME" else "..."
        name = token.value[1:]
        hint = f"write {value.replace('...', '(...)')}'" if name == "T" else f"write {name}({value})"
    return errors.SyntaxError(title, span=span_of(token), hint=hint)
