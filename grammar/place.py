"""A token that cannot stand where it does, and what surrounds it.

Enters: the parser and the token at which it stopped.  Leaves: `Place`, which answers the questions of `diagnose.py`:
what stands before the token, which brackets are open around it, what could stand in its place.  Always holds: the text
is read again only as far as the token.  Not for: deciding what the slip was.
"""

from __future__ import annotations

from lark import Lark, Token, UnexpectedToken

from . import errors
from .lexer import BRACKETS, Lexer, span_of
from .source import Source
from .syntax import Span

# The kinds of tokens in the language's own words.
_WORDS = {
    "FN": "a function `fn ...`",
    "NAME": "a name",
    "NUMBER": "a number",
    "COLON": "`:`",
    "LPAR": "`(`",
    "RPAR": "`)`",
    "LSQB": "`[`",
    "RSQB": "`]`",
    "LBRACE": "`{`",
    "RBRACE": "`}`",
    "_COMMA": "`,`",
    "_ROW": "`;`",
    "_ASSIGN": "`=`",
    "_ARROW": "`=>`",
    "EQUAL": "`==`",
    "_END": "a line end",
    "D": "d, rule, law or def",
    "AND": "`and`",
    "WHEN": "`when`",
}
EXPRESSION = {"NAME", "NUMBER", "LPAR", "LSQB", "MINUS"}
_OPERATORS = {"PLUS", "MINUS", "TIMES", "POWER", "COLON", "COMPARE", "EQUAL", "PRIME", "LSQB"}
INFIX = _OPERATORS - {"PRIME", "LSQB"} | {"_ASSIGN", "_ARROW"}


class Place:
    """The unexpected token and what stands before it."""

    def __init__(self, source: Source, start: str, parser: Lark, unexpected: UnexpectedToken) -> None:
        self.source = source
        self.start = start
        self.token: Token = unexpected.token
        state = parser.parse_interactive("", start=start)
        lexer = state.lexer_thread.lexer
        assert isinstance(lexer, Lexer)
        self.lexer = lexer
        self.before: list[Token] = []
        self.brackets: list[int] = []  # the places in `before` of the brackets that are open
        first = 0  # where the function, or the line of a rule file, begins
        for token in lexer.tokens(source.text):
            if not self.at_end and token.start_pos == self.token.start_pos:
                break
            if token.type in BRACKETS:
                self.brackets.append(len(self.before))
            elif token.type in BRACKETS.values():
                self.brackets.pop()
            self.before.append(token)
            if token.type == "_END" and not self.brackets and start != "expression":
                first = len(self.before)
        # The parser has reduced what stands before the token, and forgotten what else could follow: feed it again.
        for token in self.before[first:]:
            state.feed_token(token)
        unexpected.interactive_parser = state
        self.accepts = set(unexpected.accepts)
        self.ends_statement = bool(self.before) and self.before[-1].type == "_END"
        if self.ends_statement:
            self.before.pop()
        self.previous = self.before[-1] if self.before else None
        self.opening = self.before[self.brackets[-1]] if self.brackets else None
        self.callee: str | None = None  # the function whose arguments, or parameters, stand around the token
        self.in_head = False
        if self.opening and self.opening.type == "LPAR" and self.brackets[-1] > 0:
            owner = self.before[self.brackets[-1] - 1]
            self.callee = owner.value if owner.type == "NAME" else None
            self.in_head = self.before[max(self.brackets[-1] - 2, 0)].type == "FN"

    @property
    def at_end(self) -> bool:
        return self.token.type == "$END"

    @property
    def on_new_line(self) -> bool:
        return self.previous is None or self.line(self.token) > self.line(self.previous)

    def follows(self, *kinds: str) -> bool:
        """Whether the token before is of one of these kinds."""
        return self.previous is not None and self.previous.type in kinds

    def line(self, token: Token) -> int:
        """The line of a token."""
        return self.source.position(span_of(token).start)[0]

    @property
    def wants_expression(self) -> bool:
        return self.accepts >= {"NAME", "NUMBER", "LPAR"}

    @property
    def wants_operator(self) -> bool:
        return self.accepts >= {"PLUS", "TIMES"}

    @property
    def ends_early(self) -> bool:
        """Whether the token is no sign but the end of a line or of the text."""
        return self.at_end or (self.token.type == "_END" and self.token != ";")

    @property
    def span(self) -> Span:
        if not self.ends_early:
            return span_of(self.token)
        end = span_of(self.previous).end if self.previous else len(self.source.text)
        return Span(end, end)

    @property
    def found(self) -> str:
        """The token, to be named in a sentence."""
        if self.ends_early:
            return "the end of the text" if self.at_end else "the end of the line"
        return f"`{self.token}`"

    @property
    def needed(self) -> str:
        """What could stand here."""
        kinds, words = set(self.accepts), []
        if self.wants_expression:
            words.append("an expression")
            kinds -= EXPRESSION
        if self.wants_operator:
            words.append("an operator")
            separates_law = self.start == "rules" and not self.brackets
            kinds -= (_OPERATORS | {"LPAR"}) - ({"EQUAL"} if separates_law else set())
        if self.follows("COLON") and kinds == {"NAME"}:
            return "a type: scalar, vector[n], matrix[m, n] or tensor[a, b, c]"
        words += [word for kind, word in _WORDS.items() if kind in kinds] or ["the end of the text"] * ("$END" in kinds)
        return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)

    def misfit(self, hint: str = "") -> errors.SyntaxError:
        """The plain error: what the token is, and what could stand in its place."""
        title = f"{self.found} {'comes too early' if self.ends_early else 'cannot stand here'}"
        return self.error(title, needed=self.needed, hint=hint)

    def error(self, title: str, *, found: str = "", needed: str = "", hint: str = "") -> errors.SyntaxError:
        """An error at the token."""
        return errors.SyntaxError(title, span=self.span, found=found, needed=needed, hint=hint)
