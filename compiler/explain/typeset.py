"""Expressions with differentials, as one writes them: `tr(dA*B*A'*C)` keeps the order of `tr(A*B*A'*C)`.

Enters: expressions, and symbols that stand for differentials.  Leaves: `Shown`.  Always holds: a differential is
written `d(X)`, and the printer sees in its place a symbol that is called like X, so that it arranges both alike; an
expression that has a name is written by its name.  Not for: choosing steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace as changed
from fractions import Fraction

from ...grammar import syntax
from ...grammar.syntax import Node
from ..calculus.match import match_inside
from ..printing import notation
from ..printing.indices import bind_indexed
from ..printing.printer import Printer, used
from ..printing.products import better_sign
from ..printing.sharing import LONGEST, deep, repeated
from ..printing.unparse import POSTFIX, bracket, level, unparse
from ..tensor import algebra
from ..tensor.algebra import with_operands
from ..tensor.contraction import scaled
from ..tensor.expr import Contract, Expr, Sum, Symbol, symbol, topological
from .steps import Shown

DISGUISE = "disguise"
Places = Mapping[Node, Node]
MINUS = Fraction(-1)


class Typesetter:
    """Writes the lines of one derivation.

    `primals` tells of which expression a symbol is the differential; `names` are the names that parts of the function
    have, `taken` the names that mean something already.
    """

    def __init__(self, names: Mapping[Expr, Symbol], taken: frozenset[str]) -> None:
        self.primals: dict[Symbol, Expr] = {}
        self.names, self.taken = dict(names), taken
        self.used: dict[Expr, Symbol] = {}
        self.disguised: dict[Symbol, Expr] = {}
        self._disguises: dict[Symbol, Expr] = {}

    def shown(self, expression: Expr, names: bool = True) -> Shown:
        """The expression; without `names`, in full."""
        return self._shown(self._in_disguise(expression, names), lambda printer, root: printer.express(root))

    def split(self, expression: Expr) -> tuple[Fraction, Node] | None:
        """A number and the rest of the expression; None where it needs index notation or names of its own."""
        root = self._in_disguise(expression, True)
        if is_long(root):
            return None
        printer = _Printer(self, root, frozenset())
        factor, node = printer.split(root)
        return None if printer.bindings else (factor, revealed(node, printer.places))

    def times(self, scalar: Expr, term: Node) -> tuple[Fraction, Node] | None:
        """A scalar times a term that is written already, as a number and the rest."""
        place = symbol(unparse(term), (), (), "term")
        root = algebra.product(self._in_disguise(scalar, True), place)
        printer = _Printer(self, root, frozenset())
        factor, node = printer.split(root)
        places = {**printer.places, printer.express(place): term}
        return None if printer.bindings else (factor, spliced(revealed(node, places), term))

    def elements(self, expression: Expr) -> Shown:
        """The element of the expression in index notation."""
        return self._shown(self._in_disguise(expression, True), bind_indexed)

    def definition(self, expression: Expr) -> Shown:
        """What the name of an expression stands for."""
        operands = [self._in_disguise(operand, True) for operand in expression.operands]
        return self._shown(with_operands(expression, tuple(operands)), lambda printer, root: printer.express(root))

    def _shown(self, root: Expr, write: Callable[[Printer, Expr], Node]) -> Shown:
        shared, length = deep([root])
        shown = self._written(root, shared, write) if length <= 16 * LONGEST else None
        if shown is None or sum(len(unparse(n)) for n in (shown.body, *shown.where)) > 2 * LONGEST:
            shown = self._written(root, repeated([root]), write)
        return shown

    def _written(self, root: Expr, shared: frozenset[Expr], write: Callable[[Printer, Expr], Node]) -> Shown:
        printer = _Printer(self, root, shared)
        for current in topological(root):
            if current in shared:
                printer.bind(current, printer.express(current))
        result = write(printer, root)
        bindings = [b for b in (revealed(b, printer.places) for b in printer.bindings) if isinstance(b, syntax.Binding)]
        result = revealed(result, printer.places)
        kept = used(bindings, result)
        if kept and isinstance(result, syntax.Name) and kept[-1].name == result.id and kept[-1].indices is not None:
            return Shown(kept[-1].value, used(kept[:-1], kept[-1].value), kept[-1].indices)
        return Shown(result, kept)

    def differential(self, moving: Expr) -> Node:
        """`dX` for a symbol that stands for the differential of X."""
        assert isinstance(moving, Symbol)
        shown = self.shown(self.primals[moving])
        return self.of(shown.body)

    def fresh(self, name: str) -> str:
        """The name, with a mark for each time that it means something already."""
        while name in self.taken:
            name += "_"
        return name

    def of(self, node: Node) -> Node:
        """The differential of what a node is; `d(x)` in brackets where `dx` is another name."""
        if isinstance(node, syntax.Name) and "d" + node.id in self.taken:
            node = syntax.Tuple(notation.NOWHERE, (node,))
        return notation.call("d", node)

    def _in_disguise(self, expression: Expr, names: bool) -> Expr:
        replaced: dict[Expr, Expr] = {}
        for current in top(expression, lambda e: e in self.primals or (names and self._has_name(e))):
            if isinstance(current, Symbol) and current in self.primals:
                replaced[current] = self._disguise(current)
            elif names:
                named = self._named(current)
                if named is not None:
                    replaced[current] = named
                elif isinstance(current, Contract):
                    self._name_factors(current, replaced)
        return substitute(expression, replaced)

    def _has_name(self, expression: Expr) -> bool:
        used = dict(self.used)
        found = self._named(expression) is not None
        self.used = used
        return found

    def _named(self, expression: Expr) -> Expr | None:
        """The expression by the name that it, its negative, its transpose, or the negative of that has."""
        if expression in self.names:
            return self._name(expression)
        if not isinstance(expression, Sum):
            return None
        turned = [expression, algebra.transpose(expression)] if expression.order == 2 else [expression]
        for position, one in enumerate(turned):
            for sign in (Fraction(1), MINUS):
                if scaled(one, sign) in self.names:
                    name: Expr = self._name(scaled(one, sign))
                    return scaled(algebra.transpose(name) if position else name, sign)
        return None

    def _name(self, expression: Expr) -> Symbol:
        self.used[expression] = self.names[expression]
        return self.names[expression]

    def _name_factors(self, product: Contract, replaced: dict[Expr, Expr]) -> None:
        """Replaces a product of which some factors have a name together."""
        for value in self.names:
            if not isinstance(value, Contract) or len(value.factors) < 2 or len(value.sizes) == value.order:
                continue
            found = next(match_inside(value, product, {}), None)
            if found is not None:
                rest = [(substitute(factor, replaced), at) for factor, at in found.rest]
                factors = [*rest, (self._name(value), found.outputs)]
                used = {k for _, at in factors for k in at} | set(range(product.order))
                sizes = {k: product.sizes[k] for k in used}
                replaced[product] = algebra.contract(factors, range(product.order), sizes)
                return

    def _disguise(self, moving: Symbol) -> Expr:
        if moving not in self._disguises:
            sign, primal = self._oriented(self.primals[moving])
            node = self.shown(primal).body
            text = bracket(unparse(node), level(node) < POSTFIX)
            disguise = symbol(text, moving.shape, moving.attributes, DISGUISE)
            self.disguised[disguise] = primal
            self._disguises[moving] = scaled(disguise, sign)
        return self._disguises[moving]

    def _oriented(self, expression: Expr) -> tuple[Fraction, Expr]:
        """The expression or its negative, the one that has a name or reads better, and the sign."""
        if not isinstance(expression, Sum) or expression in self.names or not expression.terms:
            return Fraction(1), expression
        negative = scaled(expression, MINUS)
        if negative in self.names:
            return MINUS, negative
        written = self._in_disguise(expression, True)
        if is_long(written):
            return Fraction(1), expression
        if not isinstance(written, Sum) or len({c > 0 for c, _ in written.terms}) == 1:
            return Fraction(1), expression
        better = better_sign(Printer([written], frozenset(), self.taken, False), written)
        return (Fraction(1), expression) if better is written else (MINUS, negative)

    def primal_of(self, disguise: Symbol) -> Expr:
        """The expression of whose differential this is the disguise, as it is to be written."""
        return self._in_disguise(self.disguised[disguise], True)


def is_long(expression: Expr) -> bool:
    """Whether the text of an expression without names of its own would be long, maybe astronomical."""
    return deep([expression])[1] > 4 * LONGEST


class _Printer(Printer):
    """A printer that remembers where it wrote the disguises of differentials."""

    def __init__(self, typesetter: Typesetter, root: Expr, shared: frozenset[Expr]) -> None:
        super().__init__([root], shared, typesetter.taken, True)
        self._typesetter = typesetter
        self.places: dict[Node, Node] = {}

    def _express(self, expression: Expr) -> Node:
        node = super()._express(expression)
        if isinstance(expression, Symbol) and expression.role == DISGUISE:
            primal = self._typesetter.primal_of(expression)
            self.places[node] = self._typesetter.of(self.express(primal))
        return node


def top(root: Expr, stop: Callable[[Expr], bool]) -> list[Expr]:
    """The expressions below the root, operands first, without what is below those at which to stop."""
    found: dict[Expr, None] = {}
    stack: list[tuple[Expr, bool]] = [(root, False)]
    while stack:
        current, opened = stack.pop()
        if opened:
            found[current] = None
        elif current not in found:
            stack.append((current, True))
            if not stop(current):
                stack.extend((o, False) for o in current.operands if o not in found)
    return list(found)


def substitute(root: Expr, replaced: Mapping[Expr, Expr]) -> Expr:
    """The root with expressions replaced, rebuilt; what is below a replaced one is not visited."""
    results: dict[Expr, Expr] = {}
    for current in top(root, replaced.__contains__):
        if current in replaced:
            results[current] = replaced[current]
            continue
        operands = tuple(results[o] for o in current.operands)
        same = all(a is b for a, b in zip(operands, current.operands, strict=True))
        results[current] = current if same else with_operands(current, operands)
    return results[root]


def revealed(root: Node, places: Places) -> Node:
    """The tree with nodes replaced.  Terms of a sum that read alike are put in the order of what was replaced."""
    made: dict[Node, Node] = {}
    for node in syntax.postorder(root):
        if node in made:
            continue
        if node in places:
            made[node] = places[node]
            continue
        below = [made[child] for child in node.children]
        if isinstance(node, syntax.Chain) and node.operators[0] in ("+", "-"):
            below = _ordered(node, below, places)
        same = all(a is b for a, b in zip(below, node.children, strict=True))
        made[node] = node if same else with_children(node, below)
    return made[root]


def _ordered(node: syntax.Chain, below: list[Node], places: Places) -> list[Node]:
    signs = ("+", *node.operators)
    texts = [unparse(operand) for operand in node.operands]

    def place(position: int) -> int:
        inside = list(syntax.postorder(node.operands[position]))
        return next((k for k, n in enumerate(inside) if n in places), 0)

    order = list(range(len(below)))
    start = 0
    while start < len(order):
        stop = start + 1
        while stop < len(order) and (texts[stop], signs[stop]) == (texts[start], signs[start]):
            stop += 1
        order[start:stop] = sorted(order[start:stop], key=place)
        start = stop
    return [below[k] for k in order]


def with_children(node: Node, below: list[Node]) -> Node:
    """The same node with other children."""
    match node:
        case syntax.Call():
            return changed(node, arguments=tuple(below))
        case syntax.Chain():
            return changed(node, operands=tuple(below))
        case syntax.Negate() | syntax.Transpose():
            return changed(node, operand=below[0])
        case syntax.Index():
            return changed(node, operand=below[0], subscripts=tuple(below[1:]))
        case syntax.Block():
            entries = iter(below)
            return changed(node, rows=tuple(tuple(next(entries) for _ in row) for row in node.rows))
        case syntax.Tuple():
            return changed(node, items=tuple(below))
        case syntax.Binding():
            return changed(node, value=below[0])
    return node


def spliced(node: Node, term: Node) -> Node:
    """A product of scalars and a term, without brackets around the latter."""
    if not isinstance(node, syntax.Chain) or not isinstance(term, syntax.Chain) or set(term.operators) != {"*"}:
        return node
    operands: list[Node] = []
    operators: list[str] = []
    for operator, operand in zip(("*", *node.operators), node.operands, strict=True):
        inside = operand is term and operator == "*"
        operators += (operator, *term.operators) if inside else (operator,)
        operands += term.operands if inside else (operand,)
    return syntax.Chain(node.span, tuple(operands), tuple(operators[1:]))
