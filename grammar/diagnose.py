"""What to tell about a token that cannot stand where it does.

Enters: the token at which the parser stopped.  Leaves: a `SyntaxError` in the words of the language, which names the
likely slip; `_DIAGNOSES` is the list of those known, tried in order.  Always holds: there is an error for any token.
Not for: what the lexer and the tree builder refuse themselves.
"""

from __future__ import annotations

from collections.abc import Callable

from lark import Lark, UnexpectedToken

from . import errors
from .lexer import BRACKETS, OPERAND_ENDS, span_of, unclosed_error
from .place import EXPRESSION, INFIX, Place
from .source import Source
from .syntax import Span

_FUNCTION = "a function is written fn NAME(PARAMETERS) = EXPRESSION"
_CONDITIONS = "conditions are combined by nesting: where(a, where(b, x, y), y) is x where a and b hold"
_BINDING = "a binding is written NAME = EXPRESSION"

# Words of other languages, which are names here, and what to write for them.
_FOREIGN_WORDS = {
    **dict.fromkeys(("def", "function", "func", "fun", "proc"), _FUNCTION),
    **dict.fromkeys(("let", "var", "const", "val", "auto", "double", "float", "real"), _BINDING),
    **dict.fromkeys(("and", "or", "not"), _CONDITIONS),
    **dict.fromkeys(("for", "while"), "there are no loops: write sums and products of matrices"),
    **dict.fromkeys(("import", "from", "using", "include"), "a file is complete in itself: leave this line out"),
    "if": "write where(condition, a, b)",
    "else": "write where(condition, a, b)",
    "return": "the last line of a block is its result: leave out `return`",
    "lambda": _FUNCTION,
    "end": "a block ends with `}`",
}


def diagnose(source: Source, start: str, parser: Lark, unexpected: UnexpectedToken) -> errors.SyntaxError:
    """The error for the token at which `parser` stopped, reading the text as the rule `start` of the grammar."""
    place = Place(source, start, parser, unexpected)
    for diagnosis in _DIAGNOSES:
        error = diagnosis(place)
        if error is not None:
            return error
    return place.misfit()


def _foreign_word(place: Place) -> errors.SyntaxError | None:
    """`return x`, `x and y`, `let x = 2`."""
    for word, other in ((place.token, place.previous), (place.previous, place.token)):
        if word is None or word.value not in _FOREIGN_WORDS or word.type not in ("NAME", "DEF", "AND"):
            continue
        if other is None or word is place.token or other.type in ("NAME", "NUMBER", "LBRACE"):
            hint = _FOREIGN_WORDS[word.value]
            return errors.SyntaxError(f"`{word}` is not a word of the language", span=span_of(word), hint=hint)
    return None


def _unclosed_bracket(place: Place) -> errors.SyntaxError | None:
    """What follows a bracket that is never closed reads like a part of it."""
    if place.opening is None:
        return None
    line = f"line {place.line(place.token)}"
    if place.token.type == "FN" and place.on_new_line:
        return unclosed_error(place.opening, f"a new function begins in {line}")
    if place.opening.type == "LBRACE":
        return None
    try:
        for _ in place.lexer.tokens(place.source.text):
            pass
    except errors.SyntaxError as error:
        if error.span in [span_of(place.before[bracket]) for bracket in place.brackets]:
            return unclosed_error(place.opening, f"`{place.token}` in {line} does not belong inside it")
    return None


def _line_that_goes_on(place: Place) -> errors.SyntaxError | None:
    """A line that begins with an operator, or a second expression."""
    if not place.ends_statement or place.previous is None:
        return None
    if place.token.type in INFIX:
        hint = f"end line {place.line(place.previous)} with the `{place.token}` instead: then it goes on"
        return place.error(f"a line cannot begin with `{place.token}`", hint=hint)
    if place.start == "expression" and place.token.type == "FN":
        return place.error("one function is needed, and this begins another")
    if place.start == "expression" and not place.brackets:
        hint = "write { ... } around several lines, of which the last is the result"
        return place.error("one expression is needed, and this begins another", hint=hint)
    return None


def _outside_of_functions(place: Place) -> errors.SyntaxError | None:
    """A text that is no list of functions, `fn` in a wrong place, types after the body."""
    if "FN" in place.accepts and not place.accepts & EXPRESSION and not place.at_end:
        return place.error("a file is a list of functions", found=f"this begins with {place.found}", hint=_FUNCTION)
    if place.token.type == "FN" and (place.follows(*OPERAND_ENDS) or place.start == "rules"):
        return place.error("a function cannot begin here", needed=place.needed)
    if place.token.type == "FN":
        return place.error("`fn` is a reserved name", found="it begins a function", hint="choose another name")
    if place.token.type == "WHERE" and place.start == "program":
        hint = "in a file, types stand at the parameters: fn f(A: matrix[m, n]) = ..."
        return place.error("`where` with types belongs to a single expression", hint=hint)
    return None


def _head_of_function(place: Place) -> errors.SyntaxError | None:
    """Slips between `fn` and `=`, and in types."""
    kind, previous = place.token.type, place.previous
    if previous is None:
        return None
    if "FN" in (token.type for token in place.before[-2:]):
        return place.misfit(_FUNCTION)
    if kind == "LBRACE" and "_ASSIGN" in place.accepts and previous.type == "RPAR":
        return place.error("`=` is missing before the block", hint="write = {")
    if kind == "LPAR" and previous.value in ("vector", "matrix", "tensor") and "LSQB" in place.accepts:
        return place.error("sizes stand in `[ ]`", hint=f"write {previous}[...]")
    if place.in_head and kind == "_ASSIGN":
        return place.error("parameters have no default values", hint="give the value in the call")
    if place.in_head and kind == "COLON" and previous.type == "NAME":
        return errors.SyntaxError(f"a `,` is missing before {previous}", span=span_of(previous))
    return None


def _equals_sign(place: Place) -> errors.SyntaxError | None:
    """`=` where a value is compared or an argument is named."""
    if place.token.type != "_ASSIGN" or not place.wants_operator:
        return None
    if place.callee == "where":
        return place.error("`=` does not compare", hint="write ==")
    if place.callee and place.follows("NAME") and place.before[-2].type in ("LPAR", "_COMMA"):
        return place.error("arguments have no names", hint=f"leave out `{place.previous} =`")
    if place.opening and place.opening.type != "LBRACE":
        return place.error("`=` cannot stand inside brackets", hint="== compares, inside where(...)")
    return place.error("one `=` too many", hint="bind one name in each line")


def _comparison(place: Place) -> errors.SyntaxError | None:
    """A comparison outside of `where`, or two of them."""
    if place.token.type not in ("COMPARE", "EQUAL", "_ARROW") or not place.wants_operator:
        return None
    if place.start == "rules" and not place.brackets:
        return place.misfit("a rule is written LEFT => RIGHT, a law LEFT == RIGHT")
    if place.token.type == "_ARROW":
        return place.error("`=>` is not an operator here", hint="write >= to compare")
    if place.opening and place.opening.type == "LPAR":
        return place.error("comparisons do not form chains", hint=_CONDITIONS)
    if place.token.type == "EQUAL" and "_ASSIGN" in place.accepts and place.brackets and place.follows("NAME"):
        return place.error("`==` does not bind a name", hint="write = to bind a name")
    return place.error("a comparison stands only inside where(...)", hint="write where(condition, a, b)")


def _separator(place: Place) -> errors.SyntaxError | None:
    """`x[0:10:2]`, `a, b`."""
    if place.token.type == "SLICE" and place.wants_operator:
        return place.error("a slice has one `:`", hint="there are no steps: x[first:last] takes each element")
    if place.token.type == "_COMMA" and place.wants_operator and not (place.opening and place.opening.type != "LBRACE"):
        return place.error("`,` cannot stand here", hint="several results stand in round brackets: (a, b)")
    return None


def _rule_line(place: Place) -> errors.SyntaxError | None:
    """Slips in the lines of a rule file."""
    if place.start != "rules" or not place.accepts & {"D", "COLON"} or place.wants_operator or place.wants_expression:
        return None
    hint = "a line is d NAME(X) = ..., rule NAME : LEFT => RIGHT, law NAME : LEFT == RIGHT, or def NAME(X) = ..."
    return place.misfit(hint)


def _missing_operand(place: Place) -> errors.SyntaxError | None:
    """`x + * y`, `f(x, )`, `()`, and an expression that ends too early."""
    if not place.wants_expression:
        return None
    token, previous, kind = place.token, place.previous, place.token.type
    if previous is None:
        return place.error("there is no expression") if place.at_end else _value_missing(place)
    if place.at_end or kind == "_END":
        found = f"{place.found} comes right after `{previous}`"
        return place.error("the expression is not finished", found=found, needed="a value")
    if kind == "LBRACE":
        return place.error("a block `{ }` stands only right after the `=` of a function", hint="round brackets group")
    if previous.value == token.value == "*":
        return place.error("a value is missing before the `*`", hint="powers are written ^, elementwise powers .^")
    if previous.type == "_ASSIGN" and kind == "_ASSIGN":
        return place.error("a value is missing before the `=`", hint="== compares, inside where(...)")
    if previous.type in BRACKETS and BRACKETS[previous.type] == kind:
        span = Span(span_of(previous).start, span_of(token).end)
        return errors.SyntaxError("there is nothing between these brackets", span=span, needed="an expression")
    if previous.type == "_COMMA" and kind in BRACKETS.values():
        return errors.SyntaxError("a value is missing after the `,`", span=span_of(previous), hint="leave out the `,`")
    return _value_missing(place)


def _value_missing(place: Place) -> errors.SyntaxError | None:
    if place.token.type in INFIX | {"PRIME", "_COMMA", "_ROW"} or place.token.type in BRACKETS.values():
        hint = "leave out the `+`: there is no sign plus" if place.token.type == "PLUS" else ""
        return place.error(f"a value is missing before the `{place.token}`", needed="an expression", hint=hint)
    return None


def _missing_operator(place: Place) -> errors.SyntaxError | None:
    """`2x`, `f(x y)`, `x y`."""
    token, previous = place.token, place.previous
    if previous is None or previous.type not in OPERAND_ENDS or token.type not in ("NAME", "NUMBER", "LPAR", "LSQB"):
        return None
    left, right = span_of(previous), span_of(token)
    span = Span(left.start, right.end)
    touching = left.end == right.start
    shown = f"between {previous} and {token}" if previous.type in ("NAME", "NUMBER") else f"before {token}"
    if token.type == "LPAR":
        shown = "before the `(`"
    if previous.type == "NUMBER" and touching and (token.type == "NUMBER" or token.startswith("_")):
        needed = "digits and one point, as in 1000.5"
        return errors.SyntaxError(f"{previous}{token} is not a number", span=span, needed=needed)
    if not place.wants_operator:
        return place.error(f"a `,` is missing {shown}") if "_COMMA" in place.accepts else None
    product = f"{previous}*{token}" if previous.type in ("NAME", "NUMBER") and token.type != "LPAR" else "*"
    other = " or a `,`" if "_COMMA" in place.accepts else ""
    if place.opening and place.opening.type == "LBRACE":
        other = " or a line end"
    return place.error(f"an operator{other} is missing {shown}", hint=f"write {product} for a product")


_DIAGNOSES: tuple[Callable[[Place], errors.SyntaxError | None], ...] = (
    _foreign_word,
    _unclosed_bracket,
    _line_that_goes_on,
    _outside_of_functions,
    _head_of_function,
    _equals_sign,
    _comparison,
    _separator,
    _rule_line,
    _missing_operand,
    _missing_operator,
)
