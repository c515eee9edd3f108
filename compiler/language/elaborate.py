"""From the syntax tree to expressions: names, shapes, sizes, broadcasting, calls, derivatives.

Enters: the functions of a file, and the orders of parameters without type (from a call, or guessed by `infer.py`).
Leaves: a `Definition`: parameters as symbols, results as expressions without bound names.  Always holds: shapes fit, or
a `ShapeError` points at the operator and names both operands; sizes of undeclared parameters are solved for.
Not for: simplifying.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import NoReturn

from ...grammar import errors, syntax
from ...grammar.source import Source
from ..tensor import algebra
from ..tensor.dims import Dim
from ..tensor.expr import Expr, constant, symbol
from .sizes import Sizes

ATTRIBUTES = [
    "symmetric",
    "posdef",
    "psd",
    "diagonal",
    "lower",
    "upper",
    "orthogonal",
    "nonneg",
    "positive",
    "sparse",
    "integer",
]


@dataclass(frozen=True, slots=True)
class Identity:
    """`scale * I`, of whatever size fits."""

    scale: Expr


@dataclass(frozen=True, slots=True)
class Condition:
    """A comparison: an expression of zeros and ones, only for `where`."""

    indicator: Expr


Value = Expr | Identity | Condition


class Elaborator:
    """Elaborates bodies in a scope: `names` and `sizes` that they may use, `functions` that they may call."""

    def __init__(
        self,
        source: Source | None,
        functions: Mapping[str, syntax.Function],
        sizes: Sizes,
        names: dict[str, Value],
        size_names: dict[str, Dim],
        calls: tuple[str, ...] = (),
        memo: dict[tuple[object, ...], tuple[Value, ...]] | None = None,
    ) -> None:
        self.source, self.functions, self.sizes = source, functions, sizes
        self.names, self.size_names, self.calls = names, size_names, calls
        self.memo = memo if memo is not None else {}

    def fail(
        self,
        title: str,
        node: syntax.Node | syntax.Span,
        found: str = "",
        hint: str = "",
        kind: type[errors.Error] = errors.ShapeError,
    ) -> NoReturn:
        """Raises an error at the node."""
        span = node.span if isinstance(node, syntax.Node) else node
        title, found, hint = self.sizes.named(title, found, hint)
        raise kind(title, source=self.source, span=span, found=found, hint=hint)

    def text(self, node: syntax.Node) -> str:
        """The source text of a node, on one line and not too long."""
        if self.source is None:
            return "the expression"
        text = " ".join(self.source.text[node.span.start : node.span.end].split())
        return text if len(text) <= 40 else text[:37] + "..."

    def body(self, body: syntax.Body) -> tuple[Value, ...]:
        """The results of a function's body."""
        variables = differentiated(body)
        for binding in body.bindings:
            if binding.name in self.names or binding.name in self.size_names:
                self.fail(
                    f"{binding.name} is bound twice",
                    binding.name_span,
                    kind=errors.NameError,
                    hint="a name is bound once in a function: choose another one here",
                )
            if binding.indices is None:
                value = self.value(binding.value)
            else:
                from .indexed import indexed

                value = indexed(self, binding)
            if isinstance(value, Condition):
                self.fail("a comparison has no value of its own", binding.value, hint="write where(condition, a, b)")
            if isinstance(value, Expr) and binding.name in variables:
                value = symbol(binding.name, value.shape, (), "bound", value)
            self.names[binding.name] = value
        items = body.result.items if isinstance(body.result, syntax.Tuple) else (body.result,)
        return tuple(self.value(item) for item in items)

    def value(self, root: syntax.Node) -> Value:
        """The value of an expression; operands first, without recursion."""
        values: dict[int, Value] = {}
        for node in _evaluated(root):
            if not isinstance(node, syntax.Name | syntax.Number):
                self.sizes.place = self.text(node) if self.source is not None else ""
            values[id(node)] = self._visit(node, values)
        return values[id(root)]

    def _visit(self, node: syntax.Node, values: Mapping[int, Value]) -> Value:
        from .builtins import call
        from .inlining import inline
        from .operators import negate, operate, transposed

        match node:
            case syntax.Number():
                return literal(node.text)
            case syntax.Name():
                return self.lookup(node)
            case syntax.Negate():
                return negate(self, values[id(node.operand)], node.operand)
            case syntax.Transpose():
                return transposed(self, node, values[id(node.operand)])
            case syntax.Chain() if (long := _long_sum(node, values)) is not None:
                return long
            case syntax.Chain():
                total, left = values[id(node.operands[0])], node.operands[0]
                for operator, operand in zip(node.operators, node.operands[1:], strict=True):
                    whole = syntax.Chain(syntax.Span(left.span.start, operand.span.end), (left, operand), (operator,))
                    total = operate(self, whole, total, values[id(operand)])
                    left = whole
                return total
            case syntax.Call():
                if node.name in self.names and node.name not in self.functions:
                    self.fail(
                        f"{node.name} is not a function",
                        node.name_span,
                        kind=errors.NameError,
                        hint=f"write {node.name}*(...) for a product",
                    )
                if node.name in self.functions:
                    return inline(self, node, [values[id(a)] for a in node.arguments])
                return call(self, node, [values[id(a)] for a in node.arguments if id(a) in values])
            case syntax.Index():
                from .indexing import index

                return index(self, node, values[id(node.operand)])
            case syntax.Block():
                from .indexing import block

                return block(self, node, [[values[id(e)] for e in row] for row in node.rows])
            case syntax.Tuple():
                self.fail("a tuple can only be the result of a function", node)
        raise AssertionError(type(node))

    def lookup(self, node: syntax.Name) -> Value:
        """What a name stands for."""
        if node.id in self.names:
            return self.names[node.id]
        if node.id in self.size_names:
            return algebra.size_scalar(self.size_names[node.id])
        if node.id == "I":
            return Identity(algebra.number(1))
        if node.id in ("pi", "inf"):
            return constant(node.id)
        from .builtins import reserved

        known = [*self.names, *self.size_names, "I", "pi", "inf"]
        if node.id in reserved() or node.id in self.functions:
            self.fail(
                f"{node.id} is a function: it needs its arguments",
                node,
                hint=f"write {node.id}(...)",
                kind=errors.NameError,
            )
        close = errors.suggest(node.id, known)
        self.fail(
            f"{node.id} is not defined",
            node,
            kind=errors.NameError,
            hint=f"did you mean {close}?"
            if close
            else "parameters are declared in the brackets after the name: fn f(X: matrix[m, n])",
        )

    def expression(self, value: Value, node: syntax.Node) -> Expr:
        """The value as an expression; an error for `I` without size and for a comparison."""
        if isinstance(value, Identity):
            self.fail(
                "the size of I is not known here",
                node,
                hint="I takes its size from the other operand; eye(n) has a size of its own",
            )
        if isinstance(value, Condition):
            self.fail("a comparison can only be the first argument of where", node, hint="write where(condition, a, b)")
        return value

    def same(self, a: Dim, b: Dim) -> bool:
        """Whether two sizes fit together."""
        return self.sizes.equal(a, b)


def literal(text: str) -> Expr:
    """The number that a literal stands for, exactly."""
    value = float(text)
    if value == float("inf"):
        return constant("inf")
    return algebra.number(Fraction(text) if len(text) < 40 and (value or "e" not in text.lower()) else Fraction(value))


def _long_sum(node: syntax.Chain, values: Mapping[int, Value]) -> Expr | None:
    """The sum of many terms of one shape, at once: term by term it would take quadratic time."""
    terms = [values[id(operand)] for operand in node.operands]
    if len(terms) < 3 or node.operators[0] not in "+-" or not all(isinstance(t, Expr) for t in terms):
        return None
    expressions = [t for t in terms if isinstance(t, Expr)]
    if any(e.shape != expressions[0].shape for e in expressions):
        return None
    signs = [1, *(1 if operator == "+" else -1 for operator in node.operators)]
    return algebra.add([(Fraction(s), e) for s, e in zip(signs, expressions, strict=True)], expressions[0].shape)


DERIVATIVES = frozenset({"grad", "jac", "hess", "hvp", "jvp", "vjp"})


@functools.lru_cache(maxsize=1024)
def differentiated(body: syntax.Body) -> frozenset[str]:
    """The names by which a body takes derivatives.  Only these are symbols of their own; other names are just what they
    stand for, so that functions that call one another many times share everything that is equal."""
    calls = [n for n in syntax.postorder(body) if isinstance(n, syntax.Call) and n.name in DERIVATIVES]
    return frozenset(n.id for call in calls for n in call.arguments[1:2] if isinstance(n, syntax.Name))


def _evaluated(root: syntax.Node) -> Iterable[syntax.Node]:
    """The nodes to evaluate, operands first: all but the subscripts of an index, which are sizes."""
    stack: list[tuple[syntax.Node, bool]] = [(root, False)]
    while stack:
        node, opened = stack.pop()
        if opened:
            yield node
            continue
        stack.append((node, True))
        below = (node.operand,) if isinstance(node, syntax.Index) else node.children
        if isinstance(node, syntax.Call) and node.name in SIZE_CALLS:
            below = below[: SIZE_CALLS[node.name]]
        stack.extend((child, False) for child in reversed(below))


# Functions whose arguments from this position on are sizes, not values.
SIZE_CALLS = {"eye": 0, "ones": 0, "zeros": 0, "unvec": 1}


Builtin = Callable[[Elaborator, syntax.Call, list[Value]], Value]
