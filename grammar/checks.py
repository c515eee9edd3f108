"""What the grammar cannot say: names bound once, reserved names, and the limit of nesting.

Enters: a syntax tree and its source.  Leaves: nothing, or an error.  Always holds: no recursion.  Not for: names that
are not bound, or those of built-in functions, which the compiler knows.
"""

from __future__ import annotations

from collections.abc import Iterable

from . import errors
from .source import Source
from .syntax import Chain, Differential, Function, Name, Node, RuleFile, Span, postorder

NESTING_LIMIT = 1000
RESERVED = {
    "fn": "it begins a function",
    "I": "it is the identity matrix",
    "pi": "it is the number 3.14159...",
    "inf": "it is infinity",
}


def check_program(source: Source, functions: tuple[Function, ...]) -> None:
    """Check each function, and that no two share a name."""
    names = _Names(source)
    for function in functions:
        names.bind(function.name or "", function.name_span)
        check_function(source, function)


def check_function(source: Source, function: Function) -> None:
    """Check that every name is bound once, none is reserved, and nothing is nested too deep."""
    sizes = [size for parameter in function.parameters if parameter.type for size in parameter.type.sizes]
    _check_depth((*sizes, function.body))
    names = _Names(source)
    if function.name is not None:
        names.refuse_reserved(function.name, function.name_span)
    for parameter in function.parameters:
        start = parameter.span.start
        names.bind(parameter.name, Span(start, start + len(parameter.name)))
    for size in sizes:
        for node in postorder(size):
            if isinstance(node, Name):
                names.bind_size(node.id, node.span)
    for binding in function.body.bindings:
        names.bind(binding.name, binding.name_span)


def check_rules(source: Source, rules: RuleFile) -> None:
    """Check that no two rules share a name, and nothing is nested too deep."""
    names = _Names(source)
    for line in rules.lines:
        if isinstance(line, Differential):
            _check_depth((*line.parameters, line.value))
        else:
            _check_depth((line.left, line.right, *line.conditions))
            if line.kind == "def":  # mean(x) and mean(X, 1) are both defined
                continue
            start = source.text.index(line.name, line.span.start + len(line.kind))
            names.bind(line.name, Span(start, start + len(line.name)))


def nesting_error(span: Span) -> errors.SyntaxError:
    """The error for what is nested too deep."""
    return errors.SyntaxError(
        "this is nested too deep",
        span=span,
        needed=f"at most {NESTING_LIMIT} levels of brackets, calls, powers, minus signs and primes inside one another",
        hint="give parts of the expression a name",
    )


class _Names:
    """The names bound so far."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._bound: dict[str, Span] = {}
        self._sizes: set[str] = set()

    def bind(self, name: str, span: Span) -> None:
        self.refuse_reserved(name, span)
        if name in self._bound:
            line, _ = self._source.position(self._bound[name].start)
            size = " as a size" if name in self._sizes else ""
            raise errors.NameError(
                f"`{name}` has a meaning already",
                source=self._source,
                span=span,
                found=f"it was introduced{size} in line {line}",
                hint="choose another name",
            )
        self._bound[name] = span

    def bind_size(self, name: str, span: Span) -> None:
        """Note a size, which may be written any number of times."""
        if name not in self._sizes:
            self.bind(name, span)
            self._sizes.add(name)

    def refuse_reserved(self, name: str, span: Span) -> None:
        if name in RESERVED:
            title, found = f"`{name}` is a reserved name", RESERVED[name]
            raise errors.NameError(title, source=self._source, span=span, found=found, hint="choose another name")


def _check_depth(roots: Iterable[Node]) -> None:
    """Refuse what is nested too deep otherwise than by brackets: a^b^c^..., --...x, x''...'."""
    stack = [(root, 1) for root in roots]
    while stack:
        node, depth = stack.pop()
        if depth > NESTING_LIMIT:
            raise nesting_error(node.span)
        flat = isinstance(node, Chain) and "^" not in node.operators[0]
        inner = depth if flat else depth + 1
        stack.extend((child, inner) for child in node.children)
