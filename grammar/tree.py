"""From grammar to syntax tree.

Enters: what the parser reads, rule by rule of `matgrad.lark`, innermost first (the methods bear the rules' names).
Leaves: the nodes of `syntax.py`.  Always holds: no recursion, whatever the depth of the text; a node's span includes
the parentheses around it.  Not for: line ends and keywords (`lexer.py`), or checks across statements (`parse.py`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

from lark import Token, Transformer

from . import errors, syntax
from .lexer import span_of
from .syntax import Node, Span

ATTRIBUTES = (
    *("symmetric", "posdef", "psd", "diagonal", "lower", "upper"),
    *("orthogonal", "nonneg", "positive", "sparse", "integer"),
)
KINDS = {"scalar": "scalar", "vector": "vector[n]", "matrix": "matrix[m, n]", "tensor": "tensor[a, b, c]"}
_SIZES = {"scalar": 0, "vector": 1, "matrix": 2}


class _Head(NamedTuple):
    """The left side of a `d` or `def` line, or a rule's name, before its node is made."""

    text: str
    span: Span


class TreeBuilder(Transformer[Token, Any]):
    """The callbacks of the parser; it has no state."""

    # ---- programs

    def program(self, children: list[syntax.Function]) -> tuple[syntax.Function, ...]:
        return tuple(children)

    def function(self, children: list[Any]) -> syntax.Function:
        keyword, name, _, parameters, _, body = children
        span = Span(span_of(keyword).start, body.span.end)
        return syntax.Function(span, name.value, span_of(name), parameters, body)

    def parameters(self, children: list[syntax.Parameter]) -> tuple[syntax.Parameter, ...]:
        return tuple(children)

    def parameter(self, children: list[Any]) -> syntax.Parameter:
        span = span_of(children[0])
        if len(children) == 1:
            return syntax.Parameter(span, children[0].value, None)
        return syntax.Parameter(Span(span.start, children[2].span.end), children[0].value, children[2])

    def type(self, children: list[Any]) -> syntax.Type:
        words = [child for child in children if isinstance(child, Token) and child.type == "NAME"]
        sizes = tuple(child for child in children if isinstance(child, Node))
        kind = words.pop()
        span = Span(span_of(words[0] if words else kind).start, span_of(children[-1]).end)
        for word in words:
            _check_word(word, ATTRIBUTES, "attribute")
        if kind.value in ATTRIBUTES:
            example = "integer scalar" if kind.value == "integer" else f"{kind} matrix[n, n]"
            raise errors.SyntaxError(
                f"`{kind}` is an attribute, and its type is missing", span=span_of(kind), hint=f"write {example}"
            )
        _check_word(kind, tuple(KINDS), "type")
        if len(sizes) != _SIZES.get(kind.value, len(sizes) or -1):
            raise errors.SyntaxError(
                f"`{kind}` has another number of sizes",
                span=Span(span_of(kind).start, span.end),
                found=f"{len(sizes) or 'no'} {'size' if len(sizes) == 1 else 'sizes'}",
                needed=KINDS[kind.value],
            )
        return syntax.Type(span, tuple(word.value for word in words), kind.value, sizes)

    def plain_body(self, children: list[Node]) -> syntax.Body:
        return syntax.Body(children[0].span, (), children[0])

    def block_body(self, children: list[Any]) -> syntax.Body:
        opening, statements, closing = children
        *bindings, result = statements or [None]
        for statement, follower in zip(bindings, statements[1:], strict=True):
            if not isinstance(statement, syntax.Binding):
                goes_on = isinstance(follower, syntax.Negate)
                raise errors.SyntaxError(
                    "only the last line of a block is its result",
                    span=statement.span,
                    needed="a binding `name = value`",
                    hint="a line goes on only after an operator: end it with the `-`" if goes_on else "",
                )
        if result is None or isinstance(result, syntax.Binding):
            raise errors.SyntaxError(
                "the block has no result",
                span=result.span if result else Span(span_of(opening).start, span_of(closing).end),
                found="it ends with a binding" if result else "",
                needed="an expression at the end of the block",
                hint=f"add a line with {result.name}" if result else "",
            )
        return syntax.Body(Span(span_of(opening).start, span_of(closing).end), tuple(bindings), result)

    def statements(self, children: list[Node]) -> list[Node]:
        return children

    def statement(self, children: list[Node]) -> Node:
        if len(children) == 1:
            return children[0]
        target, value = children
        span = Span(target.span.start, value.span.end)
        if isinstance(target, syntax.Name):
            return syntax.Binding(span, target.id, target.span, None, value)
        declared = None
        place: syntax.Node = target
        if isinstance(target, syntax.Chain) and target.operators == (":",):  # the colon before a type reads as A : B
            place, declared = target.operands[0], _declared(target.operands[1])
        if isinstance(place, syntax.Index) and isinstance(place.operand, syntax.Name):
            indices = [index for index in place.subscripts if isinstance(index, syntax.Name)]
            if len(indices) == len(place.subscripts):
                name = place.operand
                return syntax.Binding(span, name.id, name.span, tuple(index.id for index in indices), value, declared)
        raise errors.SyntaxError(
            "this cannot be bound",
            span=target.span,
            needed="a name, or a name with index letters as in J[i, j] = ...",
            hint="a function begins with fn" if isinstance(target, syntax.Call) else "",
        )

    # ---- a single expression

    def bare_statement(self, children: list[Node]) -> syntax.Body:
        statement = children[0]
        if not isinstance(statement, syntax.Binding):
            return syntax.Body(statement.span, (), statement)
        if statement.indices is None:
            raise errors.SyntaxError(
                "an expression is needed, and this binds a name",
                span=statement.span,
                hint=f"drop `{statement.name} =`, or write {{ {statement.name} = ...; RESULT }}",
            )
        return syntax.Body(statement.span, (statement,), syntax.Name(statement.name_span, statement.name))

    def where(self, children: list[Any]) -> tuple[syntax.Parameter, ...]:
        return tuple(children[1:])

    def expression(self, children: list[Any]) -> syntax.Function:
        body, parameters = children
        end = parameters[-1].span.end if parameters else body.span.end
        return syntax.Function(Span(body.span.start, end), None, body.span, parameters, body)

    # ---- rule files

    def rules(self, children: list[syntax.Differential | syntax.Rule]) -> syntax.RuleFile:
        span = Span(children[0].span.start, children[-1].span.end) if children else Span(0, 0)
        return syntax.RuleFile(span, tuple(children))

    def differential(self, children: list[Any]) -> syntax.Differential:
        keyword, call, value = children
        for parameter in call.arguments:
            if not isinstance(parameter, (syntax.Name, syntax.Number)):
                raise errors.SyntaxError(
                    "this cannot be a parameter", span=parameter.span, needed="a name, or a number that the line is for"
                )
        return syntax.Differential(Span(span_of(keyword).start, value.span.end), call.name, call.arguments, value)

    def rule(self, children: list[Any]) -> syntax.Rule:
        keyword, label, _, left, right, conditions = children
        end = conditions[-1].span.end if conditions else right.span.end
        return syntax.Rule(Span(span_of(keyword).start, end), "rule", label.text, left, right, conditions)

    def law(self, children: list[Any]) -> syntax.Rule:
        keyword, label, _, left, _, right, conditions = children
        end = conditions[-1].span.end if conditions else right.span.end
        return syntax.Rule(Span(span_of(keyword).start, end), "law", label.text, left, right, conditions)

    def definition(self, children: list[Any]) -> syntax.Rule:
        keyword, call, value = children
        return syntax.Rule(Span(span_of(keyword).start, value.span.end), "def", call.name, call, value, ())

    def label(self, children: list[Token]) -> _Head:
        span = Span(span_of(children[0]).start, span_of(children[-1]).end)
        text = "".join(child.value for child in children)
        if span.end - span.start != len(text):
            words = [child.value for child in children if child.type != "MINUS"]
            raise errors.SyntaxError("the name of a rule has no spaces", span=span, hint=f"write {'-'.join(words)}")
        return _Head(text, span)

    def when(self, children: list[Any]) -> tuple[syntax.Call, ...]:
        return tuple(children[1::2])

    # ---- expressions

    def chain(self, children: list[Any]) -> syntax.Chain:
        span = Span(children[0].span.start, children[-1].span.end)
        return syntax.Chain(span, tuple(children[::2]), tuple([operator.value for operator in children[1::2]]))

    def negate(self, children: list[Any]) -> syntax.Negate:
        return syntax.Negate(Span(span_of(children[0]).start, children[1].span.end), children[1])

    def transpose(self, children: list[Any]) -> syntax.Transpose:
        return syntax.Transpose(Span(children[0].span.start, span_of(children[1]).end), children[0])

    def index(self, children: list[Any]) -> syntax.Index:
        operand, _, *subscripts, closing = children
        return syntax.Index(Span(operand.span.start, span_of(closing).end), operand, tuple(subscripts))

    def slice(self, children: list[Any]) -> syntax.Slice:
        colon = next(place for place, child in enumerate(children) if isinstance(child, Token))
        start = children[0] if colon == 1 else None
        stop = children[-1] if colon == len(children) - 2 else None
        at = span_of(children[colon])
        return syntax.Slice(
            Span(start.span.start if start else at.start, stop.span.end if stop else at.end), start, stop
        )

    def number(self, children: list[Token]) -> syntax.Number:
        return syntax.Number(span_of(children[0]), children[0].value)

    def name(self, children: list[Token]) -> syntax.Name:
        return syntax.Name(span_of(children[0]), children[0].value)

    def call(self, children: list[Any]) -> syntax.Call:
        name, _, arguments, closing = children
        at = span_of(name)
        return syntax.Call(Span(at.start, span_of(closing).end), name.value, at, arguments)

    def arguments(self, children: list[Node]) -> tuple[Node, ...]:
        return tuple(children)

    def parentheses(self, children: list[Any]) -> Node:
        opening, inner, closing = children
        node: Node = replace(inner, span=Span(span_of(opening).start, span_of(closing).end))
        return node

    def tuple(self, children: list[Any]) -> syntax.Tuple:
        opening, *items, closing = children
        return syntax.Tuple(Span(span_of(opening).start, span_of(closing).end), (*items,))

    def block_matrix(self, children: list[Any]) -> syntax.Block:
        opening, *rows, closing = children
        return syntax.Block(Span(span_of(opening).start, span_of(closing).end), (*rows,))

    def row(self, children: list[Node]) -> Any:
        return (*children,)


def _declared(node: Node) -> syntax.Type:
    """The type that stands before the `=` of a binding."""
    if isinstance(node, syntax.Index) and isinstance(node.operand, syntax.Name) and node.operand.id in KINDS:
        kind, sizes = node.operand.id, node.subscripts
        if len(sizes) == _SIZES.get(kind, len(sizes)) and not any(isinstance(size, syntax.Slice) for size in sizes):
            return syntax.Type(node.span, (), kind, sizes)
    raise errors.SyntaxError(
        "this cannot be bound",
        span=node.span,
        needed="a type as in J[i, j]: matrix[m, n] = ..., or nothing, before the `=`",
    )


def _check_word(word: Token, words: tuple[str, ...], what: str) -> None:
    """Raise a `SyntaxError` for a word of a type that does not exist."""
    if word.value in words:
        return
    close = errors.suggest(word.value, words)
    raise errors.SyntaxError(
        f"`{word}` is not {'an' if what[0] in 'aeiou' else 'a'} {what}",
        span=span_of(word),
        needed="one of " + ", ".join(words),
        hint=f"did you mean {close}?" if close else "",
    )
