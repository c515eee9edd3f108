"""From expressions back to the language, as a mathematician writes it.

Enters: expressions.  Leaves: texts.  Always holds: what is printed parses again with equal values (where it names sizes,
as a full `fn` with types); the text of one expression is always the same.  Not for: simplifying.

An expression becomes a syntax tree (`Printer.express`), and that a text (`unparse.py`) or LaTeX (`latex.py`).
Contractions are graphs (`network.py`); where matrix notation does not reach, index notation is bound to a name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from math import gcd, lcm

from ..grammar import syntax
from ..grammar.syntax import Node
from . import algebra, notation
from .contraction import transpose
from .blocks import block_node
from .dims import Dim
from .expr import (
    Atom,
    Constant,
    Contract,
    Expr,
    Map,
    Reduce,
    Size,
    Structure,
    Sum,
    Symbol,
    symbols,
    topological,
)
from .latex import name as latex_name
from .latex import render
from .links import where
from .notation import call, cost, is_number
from .products import product, vector_of
from .sharing import shared
from .slices import selection_node
from .unparse import type_text, unparse

ONE = Dim.of(1)
SIGNS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}
# These take the symmetric part of their argument.
OF_SYMMETRIC_PART = {"chol", "eigvals", "eigvecs", "eigmax", "eigmin", "eigmaxproj", "eigmaxresolvent"}


def text(expression: Expr) -> str:
    """The expression in the language.  In index notation `J[i,j] = ...`; with several parts, a block `{ ...; ... }`."""
    body = Printer([expression]).body([expression], False)
    return unparse(body.bindings[0] if is_binding(body) else body)


def latex(expression: Expr) -> str:
    """The expression in LaTeX for math mode."""
    body = Printer([expression]).body([expression], False)
    return render(body.bindings[0] if is_binding(body) else body)


def latex_derivative(function: str, operation: str, variable: str, expression: Expr) -> str:
    """The equation for a derivative: `\nabla_{w} f = ...` for `grad`, `\nabla^{2}_{w} f` for `hess`, a quotient for
    the others."""
    f, x = latex_name(function), latex_name(variable)
    heads = {"grad": rf"\nabla_{{{x}}} {f}", "hess": rf"\nabla^{{2}}_{{{x}}} {f}"}
    head = heads.get(operation, rf"\frac{{\partial {f}}}{{\partial {x}}}")
    return f"{head} = {latex(expression)}"


def is_binding(body: syntax.Body) -> bool:
    """Whether a body only binds its result, in index notation."""
    return len(body.bindings) == 1 and isinstance(body.result, syntax.Name) and body.bindings[0].indices is not None


def needs_sizes(expression: Expr) -> bool:
    """Whether the text of the expression names sizes, so that only a full `fn` with types parses again."""
    body = Printer([expression]).body([expression], False)
    names = {s.name for s in symbols(expression)}
    return any(
        node.name in ("eye", "ones", "zeros", "unvec") if isinstance(node, syntax.Call)
        else node.id in size_names(expression) - names if isinstance(node, syntax.Name)
        else isinstance(node, syntax.Binding) and not determined(node)
        for node in syntax.postorder(body)
    )  # fmt: skip


def determined(binding: syntax.Binding) -> bool:
    """Whether the operands give the sizes of all indices of a binding."""
    wanted, given = set(binding.indices or ()), set()
    for node in syntax.postorder(binding.value):
        if isinstance(node, syntax.Index):
            given |= {s.id for s in node.subscripts if isinstance(s, syntax.Name)}
        elif isinstance(node, syntax.Call) and node.name == "delta":
            wanted |= {a.id for a in node.arguments if isinstance(a, syntax.Name)}
    return wanted <= given


def size_names(*roots: Expr) -> set[str]:
    """The names in all sizes of the expressions."""
    nodes = topological(*roots)
    named = {n for e in nodes for dim in e.shape for n in dim.names}
    return named | {n for e in nodes if isinstance(e, Size) for n in e.dim.names}


def function_text(name: str, parameters: Sequence[Symbol], results: Sequence[Expr], several: bool) -> str:
    """The full `fn name(A: matrix[m, n], ...) = ...`."""
    names = [p.name for p in parameters] + [n for p in parameters for dim in p.shape for n in dim.names]
    printer = Printer(results, names, typed=True)
    declared = ", ".join(f"{p.name}: {type_text(type_of(p))}" for p in parameters)
    body = printer.body(results, several)
    if not body.bindings:
        return f"fn {name}({declared}) = {unparse(body)}"
    lines = "".join(f"    {unparse(line)}\n" for line in (*body.bindings, body.result))
    return f"fn {name}({declared}) = {{\n{lines}}}"


ATTRIBUTES = ("sparse", "symmetric", "posdef", "psd", "diagonal", "lower", "upper", "orthogonal", "nonneg", "positive", "integer")


def type_of(expression: Expr) -> syntax.Type:
    """The type of an expression; with the attributes of a symbol."""
    kinds = ("scalar", "vector", "matrix")
    kind = kinds[expression.order] if expression.order < 3 else "tensor"
    attributes = expression.attributes if isinstance(expression, Symbol) else frozenset()
    sizes = tuple(notation.size(dim) for dim in expression.shape)
    return syntax.Type(notation.NOWHERE, tuple(a for a in ATTRIBUTES if a in attributes), kind, sizes)


class Printer:
    """Makes the syntax trees of some expressions, which may share what is bound to names.

    `shared` has the parts that are bound to names; `typed` says that bindings in index notation bear their types.
    """

    def __init__(self, roots: Sequence[Expr], names: Iterable[str] = (), typed: bool = False) -> None:
        self.typed, self.roots = typed, roots
        self.bindings: list[syntax.Binding] = []
        self._made: dict[Expr, Node] = {}
        self.taken = set(names)
        self.taken |= {s.name for s in symbols(*roots)} | size_names(*roots)
        self.shared = shared(roots)

    def body(self, results: Sequence[Expr], several: bool) -> syntax.Body:
        """The bindings and the result."""
        for current in topological(*results):
            if current in self.shared:
                self.bind(current, self._express(current))
        values = tuple(self.express(r) for r in results)
        result = syntax.Tuple(notation.NOWHERE, values) if several else values[0]
        return syntax.Body(notation.NOWHERE, tuple(self.bindings), result)

    def bind(self, expression: Expr, value: Node, indices: tuple[str, ...] | None = None, prefix: str = "t") -> Node:
        """Binds a value to a fresh name; the node of the name."""
        name = self.fresh(prefix)
        kind = type_of(algebra.ones(expression.shape)) if indices is not None and self.typed else None
        self.bindings.append(syntax.Binding(notation.NOWHERE, name, notation.NOWHERE, indices, value, kind))
        self._made[expression] = notation.name(name)
        return self._made[expression]

    def fresh(self, prefix: str) -> str:
        """A name that means nothing yet."""
        number = 0
        while True:
            name = prefix if not number and prefix != "t" else f"{prefix}{number or 1}"
            if name not in self.taken:
                self.taken.add(name)
                return name
            number += 1

    def express(self, expression: Expr) -> Node:
        """The node of a scalar, a vector (a column), or a matrix; the name of a tensor of higher order."""
        if expression not in self._made:
            self._made[expression] = self._express(expression)
        return self._made[expression]

    def _express(self, expression: Expr) -> Node:
        match expression:
            case Symbol():
                return notation.name(expression.name)
            case Constant():
                return notation.name(expression.name)
            case Size():
                return notation.size(expression.dim)
        if expression.order > 2 and not isinstance(expression, Atom | Reduce):
            from .indices import bind_indexed

            return bind_indexed(self, expression)
        match expression:
            case Sum():
                return self._sum(expression)
            case Contract():
                return notation.with_coefficient(*product(self, expression, False))
            case Map():
                return self._map(expression)
            case Reduce():
                return self._reduce(expression)
            case Atom():
                return self._atom(expression)
            case Structure():
                return self._structure(expression)
        raise TypeError(type(expression).__name__)

    # ---- broadcasting

    def compact(self, expression: Expr) -> Node:
        """What expands to the expression beside operands that have the axes along which it does not vary."""
        axes = sorted(algebra.depends_on(expression))
        if len(axes) == expression.order or expression.order > 2:
            return self.express(expression)
        inner = algebra.restrict(expression, axes)
        return self.row(inner) if axes == [1] else self.express(inner)

    def row(self, vector: Expr) -> Node:
        """The transposed vector."""
        found = vector_of(self, vector) if isinstance(vector, Contract) and vector not in self.shared else None
        if found is not None:
            return found.row
        turned = notation.transposed(self.express(vector))
        if not isinstance(vector, Sum) or vector in self.shared or not all(algebra.depends_on(e) for _, e in vector.terms):
            return turned
        if len(vector.terms) == 1:
            return notation.with_coefficient(vector.terms[0][0], self.row(vector.terms[0][1]))
        rows = linear_combination([(c, self.row(e)) for c, e in vector.terms])
        return min(turned, rows, key=lambda node: cost(node)[0])

    def spread(self, expression: Expr) -> Node | None:
        """A tensor that does not vary along all axes as a product with ones; None for the others."""
        axes = sorted(algebra.depends_on(expression))
        if len(axes) == expression.order:
            return None
        factor = algebra.restrict(expression, axes)
        if axes == [1]:
            row = self.row(factor)
            return row if expression.shape[0] == ONE else notation.times(self.ones(expression.shape[:1]), row)
        coefficient, node = self.split(factor)
        rest = self.ones(expression.shape[1:] if axes else expression.shape)
        whole = notation.times(node, notation.transposed(rest)) if axes else notation.scaled([node], rest)
        if is_number(node, 1):
            whole = rest
        return notation.with_coefficient(coefficient, whole)

    def ones(self, shape: tuple[Dim, ...]) -> Node:
        """`ones(m, n)`."""
        return call("ones", *(notation.size(dim) for dim in shape))

    # ---- sums

    def split(self, expression: Expr) -> tuple[Fraction, Node]:
        """A number and the node of the rest, which together are the expression."""
        if isinstance(expression, Sum) and len(expression.terms) == 1:
            coefficient, inner = expression.terms[0]
            if isinstance(inner, Contract) and inner.order <= 2 and inner not in self.shared:
                factor, node = product(self, inner, coefficient < 0)
            else:
                factor, node = Fraction(1), self.express(inner)
            return coefficient * factor, node
        if isinstance(expression, Contract) and expression.order <= 2 and expression not in self.shared:
            return product(self, expression, False)
        return Fraction(1), self.express(expression)

    def _sum(self, expression: Sum) -> Node:
        if not expression.terms:
            return call("zeros", *(notation.size(dim) for dim in expression.shape)) if expression.order else notation.ZERO
        if len(expression.terms) > 1:
            spread = self.spread(expression)
            if spread is not None:
                return spread
        else:
            return notation.with_coefficient(*self.split(expression))
        block = block_node(self, expression)
        if block is not None:
            return block
        terms = self._folded(expression)
        parts: list[tuple[Fraction, Node]] = []
        full = [e for _, e in terms if isinstance(e, Expr) and len(algebra.depends_on(e)) == 2 and not is_identity(e)]
        sizeless = len(full) >= 1 and all(isinstance(e, Expr) and (e in full or is_identity(e)) for _, e in terms)
        for coefficient, term in terms:
            if not isinstance(term, Expr):
                parts.append((coefficient, term))
                continue
            if sizeless and is_identity(term):
                factor, node = self._identity(term)
            elif len(algebra.depends_on(term)) < term.order:
                axes = sorted(algebra.depends_on(term))
                inner = algebra.restrict(term, axes)
                if axes == [1]:
                    factor, node = Fraction(1), self.row(inner)
                else:
                    factor, node = self.split(algebra.scaled(inner, coefficient))
                    coefficient = Fraction(1)
            else:
                factor, node = self.split(algebra.scaled(term, coefficient))
                coefficient = Fraction(1)
            parts.append((coefficient * factor, node))
        return linear_combination(parts)

    def _identity(self, term: Expr) -> tuple[Fraction, Node]:
        if isinstance(term, Structure):
            return Fraction(1), notation.name("I")
        assert isinstance(term, Contract)
        rest = algebra.contract([f for f in term.factors if not is_identity(f[0])], (), {})
        coefficient, node = self.split(rest)
        return coefficient, notation.scaled([node], notation.name("I"))

    def _folded(self, expression: Sum) -> list[tuple[Fraction, Expr | Node]]:
        """The terms, with `x - logsumexp(x)` put together again."""
        terms: dict[Expr | Node, Fraction] = {e: c for c, e in expression.terms}
        for coefficient, term in expression.terms:
            found = log_normalizer(term)
            if found is None or expression.order == 0:
                continue
            argument, axis = found
            wanted = argument.terms if isinstance(argument, Sum) else ((Fraction(1), argument),)
            if all(terms.get(e) == -coefficient * c for c, e in wanted):
                for e in (term, *(e for _, e in wanted)):
                    del terms[e]
                arguments = [self.express(argument), *([notation.literal(str(axis))] if axis else [])]
                terms[call("logsoftmax", *arguments)] = -coefficient
        return [(c, e) for e, c in terms.items()]

    # ---- functions

    def _map(self, expression: Map) -> Node:
        function, arguments = expression.function, expression.arguments
        if function == "exp" and isinstance(arguments[0], Sum):
            folded = self._folded(arguments[0])
            if len(folded) == 1 and folded[0][0] == 1 and isinstance(folded[0][1], syntax.Call):
                return call("softmax", *folded[0][1].arguments)
        return self.map_node(expression, self.compact)

    def map_node(self, expression: Map, view: Callable[[Expr], Node]) -> Node:
        """The function of its arguments as they are viewed: as arrays that expand, or element by element."""
        function, arguments = expression.function, expression.arguments
        if function in SIGNS or function == "not":
            return where([self.condition(expression, view)], notation.ONE)
        if function == "pow":
            return self._power(expression, view)
        if function == "where":
            nodes = [view(b) for b in arguments[1:]]
            test = self.condition(arguments[0], view)
            if isinstance(test, syntax.Call):  # not(...)
                test, nodes = test.arguments[0], nodes[::-1]
            return call("where", test, *nodes)
        nodes = [view(a) for a in arguments]
        if function in ("max", "min") and (is_number(nodes[1], 1) or is_number(nodes[1], 2)):
            nodes.reverse()  # a matrix first and the literal 1 or 2 second would be a reduction
        return call(function, *nodes)

    def _power(self, expression: Map, view: Callable[[Expr], Node]) -> Node:
        bottom, top = expression.arguments
        value = algebra.number_value(top)
        elementwise = expression.order > 0 and view == self.compact
        if value is None:
            return notation.power(view(bottom), view(top), elementwise)
        node = view(bottom)
        if abs(value) != 1:
            node = notation.power(node, notation.number(abs(value)), elementwise)
        if value > 0:
            return node
        return notation.hadamard([], [node]) if elementwise else notation.scaled([], None, [node])

    def condition(self, expression: Expr, view: Callable[[Expr], Node] | None = None) -> Node:
        """A comparison; `not(comparison)` where it is negated."""
        view = view or self.compact
        if isinstance(expression, Map) and expression.function in SIGNS:
            left, right = (view(a) for a in expression.arguments)
            return notation.compared(left, SIGNS[expression.function], right)
        if isinstance(expression, Map) and expression.function == "not":
            inner = self.condition(expression.arguments[0], view)
            return inner.arguments[0] if isinstance(inner, syntax.Call) else call("not", inner)
        return notation.compared(view(expression), "!=", notation.ZERO)

    def _reduce(self, expression: Reduce) -> Node:
        argument, axes = expression.argument, expression.axes
        if len(axes) == argument.order:
            norm = self._norm(expression)
            return norm if norm is not None else call(expression.function, self.express(argument))
        reduced = call(expression.function, self.express(argument), notation.literal(str(axes[0] + 1)))
        return notation.transposed(reduced) if axes == (0,) else reduced

    def _norm(self, expression: Reduce) -> Node | None:
        """The largest absolute value, sum of a column or sum of a row as `norminf`, `norm1`."""
        inner = expression.argument
        if expression.function != "max":
            return None
        if isinstance(inner, Map) and inner.function == "abs" and inner.order == 1:
            return call("norminf", self.express(inner.arguments[0]))
        if isinstance(inner, Contract) and inner.order == 1 and len(inner.factors) == 1:
            factor, at = inner.factors[0]
            if isinstance(factor, Map) and factor.function == "abs" and sorted(at) == [0, 1]:
                return call("norm1" if at == (1, 0) else "norminf", self.express(factor.arguments[0]))
        return None

    def _atom(self, expression: Atom) -> Node:
        function, arguments = expression.function, expression.arguments
        if function == "normfro" and arguments[0].order == 1:
            function = "norm2"
        if function in OF_SYMMETRIC_PART and isinstance(arguments[0], Sum) and arguments[0] not in self.shared:
            arguments = (half(arguments[0]), *arguments[1:])
        return call(function, *(self.express(a) for a in arguments))

    def _structure(self, expression: Structure) -> Node:
        rows, columns = expression.shape[:2]
        match expression.kind:
            case "delta":
                return call("eye", notation.size(rows))
            case "select":
                return selection_node(expression, False)
            case "tril":
                offset = expression.parameters[0]
                arguments = () if offset.value == 0 else (notation.size(offset),)
                return call("tril", self.ones(expression.shape), *arguments)
        raise TypeError(expression.kind)


def half(expression: Sum) -> Expr:
    """The expression of which this is the symmetric part, with one term for each pair of transposed ones."""
    terms = {e: c for c, e in expression.terms}
    for term in sorted(terms, key=lambda e: e.key):
        other = transpose(term) if term in terms else term
        if other is not term and terms.get(other) == terms[term]:
            terms[term] *= 2
            del terms[other]
    return algebra.add([(c, e) for e, c in terms.items()], expression.shape)


def is_identity(expression: Expr) -> bool:
    """Whether this is a scalar times the identity."""
    if isinstance(expression, Structure):
        return expression.kind == "delta"
    return isinstance(expression, Contract) and expression.order == 2 and all(
        f.order == 0 or (isinstance(f, Structure) and f.kind == "delta") for f, _ in expression.factors
    ) and any(f.order for f, _ in expression.factors)  # fmt: skip


def log_normalizer(term: Expr) -> tuple[Expr, int] | None:
    """The argument and the axis (0 for all) of a logsumexp that is spread over the shape of its argument."""
    if not isinstance(term, Contract) or len(term.factors) != 1 or len(term.sizes) != term.order:
        return None
    reduced, at = term.factors[0]
    if not isinstance(reduced, Reduce) or reduced.function != "logsumexp":
        return None
    argument, axes = reduced.argument, reduced.axes
    if term.order != argument.order or argument.order > 2:
        return None
    if term.order == 2:
        if len(axes) == 2 or at not in ((0,), (1,)):
            return None
        kept = 1 - axes[0]
        if at[0] != kept:  # the expression is about the transpose
            argument = transpose(argument)
        return (argument, axes[0] + 1 if at[0] == kept else kept + 1) if argument.shape == term.shape else None
    return (argument, 0) if argument.shape == term.shape else None


def linear_combination(parts: Sequence[tuple[Fraction, Node]]) -> Node:
    """The sum of the parts, positive ones first, then the longer ones; with a common factor taken out if shorter."""

    def key(part: tuple[Fraction, Node]) -> tuple[object, ...]:
        coefficient, node = part
        constant = is_number(node, 1)
        return constant, -sum(not isinstance(part, syntax.Transpose) for part in syntax.postorder(node)), cost(node)[1]

    ordered = sorted(parts, key=key)
    ordered = [p for p in ordered if p[0] > 0] + [p for p in ordered if p[0] < 0]

    def written(terms: Sequence[tuple[Fraction, Node]]) -> Node:
        return notation.plus([(c < 0, notation.with_coefficient(abs(c), node)) for c, node in terms])

    expanded = written(ordered)
    factor = content([c for c, _ in ordered])
    if len(ordered) < 2 or factor == 1:
        return expanded
    inner = written([(c / factor, node) for c, node in ordered])
    return min(expanded, notation.with_coefficient(factor, inner), key=lambda node: (cost(node)[0], node is not expanded))


def content(coefficients: Sequence[Fraction]) -> Fraction:
    """The number to take out so that coprime integers are left, not all negative."""
    size = Fraction(gcd(*(c.numerator for c in coefficients)), lcm(*(c.denominator for c in coefficients)))
    return size if any(c > 0 for c in coefficients) else -size
