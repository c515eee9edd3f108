"""From the syntax tree to expressions: names, shapes, sizes, broadcasting, calls, derivatives.

Enters: the functions of a file, and the orders of parameters without type (from a call, or guessed by `infer.py`).
Leaves: a `Definition`: parameters as symbols, results as expressions without bound names.  Always holds: shapes fit, or
a `ShapeError` points at the operator and names both operands; sizes of undeclared parameters are solved for.
Not for: simplifying.

Sizes are solved by restarting: two sizes that must be equal, one of them open, are made equal, and the function is
elaborated again, until nothing is open.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NoReturn

from ...grammar import errors, syntax
from ...grammar.source import Source
from ..tensor import algebra
from ..tensor.dims import Dim
from ..tensor.dims import extreme as extreme_dim
from ..tensor.expr import Expr, Shape, Symbol, constant, symbol

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
OPEN = r"\w+\?\d+"  # how the sizes of parameters without type are called until they are known
ORDERS = {"scalar": 0, "vector": 1, "matrix": 2}


@dataclass(frozen=True, slots=True)
class Identity:
    """`scale * I`, of whatever size fits."""

    scale: Expr


@dataclass(frozen=True, slots=True)
class Condition:
    """A comparison: an expression of zeros and ones, only for `where`."""

    indicator: Expr


Value = Expr | Identity | Condition


class Restart(Exception):
    """An open size was solved: elaborate again."""


@dataclass
class Sizes:
    """The sizes of one elaboration: open ones and what they were found to be, and what is left to check.

    `integers` are the parameters that stand in indices, which may be negative; `place` is the text that is elaborated.
    """

    solved: dict[str, Dim] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)
    integers: set[str] = field(default_factory=set)
    requirements: dict[Dim, str] = field(default_factory=dict)
    place: str = ""

    def fresh(self, key: str) -> Dim:
        """The size that is called `key`, open until it is solved."""
        if key in self.solved:
            return self.solved[key]
        self.open.add(key)
        return Dim.of(key)

    def equal(self, a: Dim, b: Dim) -> bool:
        """Whether the sizes are equal, or may be; solves an open one (by Restart), notes what cannot be decided."""
        if a == b:
            return True
        for left, right in ((a, b), (b, a)):
            if left.name in self.open and left.name not in right.names:
                assert left.name is not None
                self.solved = {k: d.substitute({left.name: right}) for k, d in self.solved.items()}
                self.solved[left.name] = right
                raise Restart
        plain = all(d.name is not None or d.value is not None for d in (a, b))
        if plain or (a - b).value is not None:
            return False
        where = f"shapes do not fit in {self.place}" if self.place else "sizes do not fit"
        for difference in (a - b, b - a):
            self.requirements.setdefault(difference, f"{where}: {a} and {b} must be equal")
        return True

    def close(self, parameters: Sequence[Symbol], letters: Iterator[str]) -> None:
        """Gives names to what is still open, and so free.  Raises Restart if there was any."""
        for parameter in parameters if self.open else ():
            for dim in parameter.shape:
                if dim.name in self.open:
                    assert dim.name is not None
                    self.solved[dim.name] = Dim.of(next(letters))
                    self.solved = {k: d.substitute({dim.name: self.solved[dim.name]}) for k, d in self.solved.items()}
                    self.open.discard(dim.name)
        if self.solved.keys() & {dim.name for p in parameters for dim in p.shape}:
            raise Restart

    def named(self, *texts: str) -> tuple[str, ...]:
        """The texts with letters for the open sizes."""
        keys = dict.fromkeys(key for text in texts for key in re.findall(OPEN, text))
        free = (letter for letter in size_letters() if not any(re.search(rf"\b{letter}\b", text) for text in texts))
        letters = dict(zip(keys, free, strict=False))
        return tuple(re.sub(OPEN, lambda key: letters[key.group()], text) for text in texts)

    def not_negative(self, slack: Dim, failure: str) -> bool:
        """Whether a number is at least 0, or may be; notes what cannot be decided."""
        if slack.value is not None:
            return slack.value >= 0
        if any(c < 0 for _, c in slack.terms) or slack.names & self.integers:
            self.requirements.setdefault(slack, failure)
        return True


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
                    return self.inline(node, [values[id(a)] for a in node.arguments])
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

    def inline(self, node: syntax.Call, arguments: list[Value]) -> Value:
        """The result of a call of another function of the file."""
        function = self.functions[node.name]
        if node.name in self.calls:
            path = " -> ".join([*self.calls[self.calls.index(node.name) :], node.name])
            self.fail(
                f"{node.name} calls itself: {path}",
                node,
                kind=errors.NameError,
                hint="recursion is not part of the language",
            )
        if len(arguments) != len(function.parameters):
            usage = ", ".join(p.name for p in function.parameters)
            self.fail(
                f"{node.name} takes {count(len(function.parameters), 'argument')}, here {here(len(arguments))}",
                node,
                found=f"its parameters are ({usage})",
                kind=errors.ArgumentError,
            )
        key = (node.name, *((a.scale, "I") if isinstance(a, Identity) else a for a in arguments))
        if key not in self.memo:
            from .builtins import refuse_reserved

            refuse_reserved(self, function)
            names: dict[str, Value] = {}
            inner = Elaborator(self.source, self.functions, self.sizes, names, {}, (*self.calls, node.name), self.memo)
            given = list(zip(function.parameters, arguments, node.arguments, strict=True))
            # I comes last: its size may be that of another argument.
            for parameter, argument, place in sorted(given, key=lambda item: isinstance(item[1], Identity)):
                names[parameter.name] = self._argument(inner, node, parameter, argument, place)
            for parameter in function.parameters:  # sizes that are composed of names that later parameters gave
                if parameter.type is not None:
                    inner.type_shape(parameter, declare=False)
            self.memo[key] = inner.body(function.body)
        results = self.memo[key]
        if len(results) != 1:
            self.fail(f"{node.name} has {len(results)} results: it cannot be used inside an expression", node)
        return results[0]

    def _argument(
        self, inner: Elaborator, node: syntax.Call, parameter: syntax.Parameter, value: Value, place: syntax.Node
    ) -> Value:
        if isinstance(value, Identity) and parameter.type is not None:
            shape = inner.type_shape(parameter, declare=False)
            if len(shape) == 2:
                value = algebra.product(value.scale, algebra.delta(shape[0]))
        expression = self.expression(value, place)
        attributes: Iterable[str] = ()
        if parameter.type is not None:
            wanted = parameter.type
            order = len(wanted.sizes)
            if order != expression.order:
                self.fail(
                    f"{parameter.name} of {node.name} is a {wanted.kind}",
                    place,
                    found=f"{self.text(place)} is {describe(expression.shape)}",
                )
            for size, dim in zip(wanted.sizes, expression.shape, strict=True):
                if isinstance(size, syntax.Name) and size.id not in inner.size_names:
                    inner.size_names[size.id] = dim
                elif not (names_in(size) - inner.size_names.keys()) and not self.same(inner.dim(size), dim):
                    self.fail(
                        f"the size of {self.text(place)} does not fit parameter {parameter.name} of {node.name}",
                        place,
                        found=f"{self.text(place)} is {describe(expression.shape)}\n"
                        f"{parameter.name} is {wanted.kind}[{', '.join(inner.text(s) for s in wanted.sizes)}], "
                        f"where {inner.text(size)} is {inner.dim(size)}: "
                        f"{inner.dim(size)} and {dim} are different sizes",
                    )
            attributes = wanted.attributes
        if parameter.name not in differentiated(self.functions[node.name].body):
            return expression
        return symbol(parameter.name, expression.shape, attributes, "bound", expression)

    def dim(self, node: syntax.Node) -> Dim:
        """The size that a size expression stands for."""
        match node:
            case syntax.Number():
                value = Fraction(node.text) if len(node.text) < 20 else Fraction(0)
                if value.denominator != 1 or value < 0 or len(node.text) >= 20:
                    self.fail("a size is a whole number", node)
                return Dim.of(int(value))
            case syntax.Name():
                known = self.names.get(node.id)
                if isinstance(known, Symbol) and "integer" in known.attributes:
                    self.sizes.integers.add(node.id)
                    return Dim.of(node.id)
                if node.id not in self.size_names:
                    close = errors.suggest(node.id, self.size_names)
                    self.fail(
                        f"{node.id} is not the name of a size",
                        node,
                        kind=errors.NameError,
                        hint=f"did you mean {close}?"
                        if close
                        else "sizes are the plain names in the types of parameters",
                    )
                return self.size_names[node.id]
            case syntax.Chain():
                if not set(node.operators) <= set("+-*"):
                    self.fail("a size is a name, a whole number, or made of them by + - * min max", node)
                total = self.dim(node.operands[0])
                for operator, operand in zip(node.operators, node.operands[1:], strict=True):
                    other = self.dim(operand)
                    total = total + other if operator == "+" else total - other if operator == "-" else total * other
                return total
            case syntax.Call(name="min" | "max") if len(node.arguments) == 2:
                return extreme_dim(node.name, self.dim(node.arguments[0]), self.dim(node.arguments[1]))
        self.fail("a size is a name, a whole number, or made of them by + - * min max", node)

    def type_shape(self, parameter: syntax.Parameter, declare: bool = True) -> Shape:
        """The shape that a parameter's type declares; plain names become sizes of this scope if `declare`."""
        declared = parameter.type
        assert declared is not None
        if declare:
            for size in declared.sizes:
                if isinstance(size, syntax.Name):
                    self.size_names.setdefault(size.id, Dim.of(size.id))
        order = ORDERS.get(declared.kind, len(declared.sizes))
        if len(declared.sizes) != order:
            self.fail(
                f"a {declared.kind} has {count(order, 'size')}, here {here(len(declared.sizes))}",
                declared,
                hint="scalar, vector[n], matrix[m, n], tensor[a, b, c]",
            )
        return tuple(self.dim(size) for size in declared.sizes)


def literal(text: str) -> Expr:
    """The number that a literal stands for, exactly."""
    value = float(text)
    if value == float("inf"):
        return constant("inf")
    return algebra.number(Fraction(text) if len(text) < 40 and (value or "e" not in text.lower()) else Fraction(value))


def describe(shape: Shape) -> str:
    """`matrix[m, n]` and the like."""
    kind = ("scalar", "vector", "matrix")[len(shape)] if len(shape) < 3 else "tensor"
    return f"{kind}[{', '.join(map(str, shape))}]" if shape else "scalar"


def count(number: int, noun: str, plural: str = "") -> str:
    """`1 argument`, `2 arguments`."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def here(number: int) -> str:
    """`is 1`, `are 2`."""
    return f"{'is' if number == 1 else 'are'} {number}"


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


def names_in(node: syntax.Node) -> set[str]:
    """The names that occur in a syntax tree."""
    return {n.id for n in syntax.postorder(node) if isinstance(n, syntax.Name)}


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


def size_letters() -> Iterator[str]:
    """Names for sizes: m, n, p, ..."""
    yield from "mnpqrstuvw"
    number = 1
    while True:
        yield f"n{number}"
        number += 1


Builtin = Callable[[Elaborator, syntax.Call, list[Value]], Value]
