"""From expressions back to the language, as a mathematician writes it.

Enters: expressions.  Leaves: texts.  Always holds: what is printed parses again with equal values (where it names
sizes, as a full `fn` with types); the text of one expression is always the same.  Not for: simplifying.

An expression becomes a syntax tree (`Printer.express`), and that a text (`unparse.py`) or LaTeX (`latex.py`).
Contractions are graphs (`network.py`); where matrix notation does not reach, index notation is bound to a name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from ...grammar import syntax
from ...grammar.syntax import Node
from ..tensor import algebra
from ..tensor.contraction import ones
from ..tensor.dims import Dim
from ..tensor.expr import (
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
from . import notation
from .calls import atom_node, condition, map_node, reduce_node, structure_node
from .latex import name as latex_name
from .latex import render
from .notation import call, cost, is_number
from .products import product, vector_of
from .sharing import LONGEST, deep, repeated
from .sums import linear_combination, sum_node
from .tensors import tensor_node
from .unparse import type_text, unparse

ONE = Dim.of(1)
ATTRIBUTES = (
    *("sparse", "symmetric", "posdef", "psd", "diagonal", "lower", "upper"),
    *("orthogonal", "nonneg", "positive", "integer"),
)
SYMMETRIC = {"symmetric", "posdef", "psd", "diagonal"}


def text(expression: Expr) -> str:
    """The expression in the language.  In index notation `J[i,j] = ...`; with several parts, a block `{ ...; ... }`."""
    body = typeset([expression])
    return unparse(body.bindings[0] if is_binding(body) else body)


def latex(expression: Expr) -> str:
    """The expression in LaTeX for math mode."""
    body = typeset([expression])
    return render(body.bindings[0] if is_binding(body) else body)


def latex_derivative(function: str, operation: str, variable: str, expression: Expr) -> str:
    r"""The equation for a derivative: `\nabla_{w} f = ...` for `grad`, `\nabla^{2}_{w} f = ...` for `hess`, a quotient
    for the others; with indices on both sides where the right one needs them."""
    f, x = latex_name(function), latex_name(variable)
    heads = {"grad": rf"\nabla_{{{x}}} {f}", "hess": rf"\nabla^{{2}}_{{{x}}} {f}"}
    head = heads.get(operation, rf"\frac{{\partial {f}}}{{\partial {x}}}")
    body = typeset([expression])
    if not is_binding(body):
        return f"{head} = {render(body)}"
    binding = body.bindings[0]
    return rf"\left({head}\right)_{{{','.join(map(latex_name, binding.indices or ()))}}} = {render(binding.value)}"


def is_binding(body: syntax.Body) -> bool:
    """Whether a body only binds its result, in index notation."""
    return len(body.bindings) == 1 and isinstance(body.result, syntax.Name) and body.bindings[0].indices is not None


def needs_sizes(expression: Expr) -> bool:
    """Whether the text alone does not say it all: it names sizes or integers, or parameters whose types cannot be told
    from their use.  Then only a full `fn` with types parses again."""
    return _needs_types(typeset([expression]), [expression])


def bare_text(results: Sequence[Expr], several: bool) -> str | None:
    """The text of one or several results; None where only a full `fn` with types parses again."""
    body = typeset(results, several)
    if _needs_types(body, results) or (several and body.bindings):
        return None
    return unparse(body.bindings[0] if is_binding(body) else body)


def _needs_types(body: syntax.Body, results: Sequence[Expr]) -> bool:
    sizes = size_names(*results)
    if any(s.order > 2 or ONE in s.shape for s in symbols(*results)) or _ties_by_structure(results):
        return True
    for node in nodes_of(body):
        match node:
            case syntax.Call(name="eye" | "ones" | "zeros" | "unvec"):
                return True
            case syntax.Name() if node.id in sizes:
                return True
            case syntax.Binding() if not determined(node):
                return True
    return False


def _ties_by_structure(results: Sequence[Expr]) -> bool:
    """Whether elements of a matrix are compared for equality that are equal because a parameter is symmetric: where it
    is not declared to be, rounding makes them differ."""
    ties = [e for e in topological(*results) if isinstance(e, Map) and e.function == "eq"]
    return any(s.attributes & SYMMETRIC for s in symbols(*(a for e in ties for a in e.arguments if a.order == 2)))


def determined(binding: syntax.Binding) -> bool:
    """Whether the operands give the sizes of all indices of a binding."""
    wanted, given = set(binding.indices or ()), set()
    for node in nodes_of(binding.value):
        if isinstance(node, syntax.Index):
            given |= {s.id for s in node.subscripts if isinstance(s, syntax.Name)}
        elif isinstance(node, syntax.Call) and node.name == "delta":
            wanted |= {a.id for a in node.arguments if isinstance(a, syntax.Name)}
    return wanted <= given


def size_names(*roots: Expr) -> set[str]:
    """The names in all sizes of the expressions."""
    dims: set[Dim] = set()
    for e in topological(*roots):
        dims.update(e.shape)
        match e:
            case Size():
                dims.add(e.dim)
            case Structure():
                dims.update(e.parameters)
            case Contract():
                dims.update(e.sizes)
    return {name for dim in dims for name in dim.names}


def function_text(name: str, parameters: Sequence[Symbol], results: Sequence[Expr], several: bool) -> str:
    """The full `fn name(A: matrix[m, n], ...) = ...`."""
    names = [p.name for p in parameters] + [n for p in parameters for dim in p.shape for n in dim.names]
    declared = ", ".join(f"{p.name}: {type_text(type_of(p))}" for p in parameters)
    body = typeset(results, several, names, typed=True)
    if not body.bindings:
        return f"fn {name}({declared}) = {unparse(body)}"
    lines = "".join(f"    {unparse(line)}\n" for line in (*body.bindings, body.result))
    return f"fn {name}({declared}) = {{\n{lines}}}"


def type_of(expression: Expr) -> syntax.Type:
    """The type of an expression; with the attributes of a symbol."""
    kinds = ("scalar", "vector", "matrix")
    kind = kinds[expression.order] if expression.order < 3 else "tensor"
    attributes = expression.attributes if isinstance(expression, Symbol) else frozenset()
    sizes = tuple(notation.size(dim) for dim in expression.shape)
    return syntax.Type(notation.NOWHERE, tuple(a for a in ATTRIBUTES if a in attributes), kind, sizes)


def typeset(
    results: Sequence[Expr], several: bool = False, names: Iterable[str] = (), typed: bool = False
) -> syntax.Body:
    """The bindings and the result: none but what index notation needs, if the text stays short."""
    names = tuple(names)
    shared, length = deep(results)
    if length <= 16 * LONGEST:
        body = Printer(results, shared, names, typed).body(results, several)
        if len(unparse(body)) <= LONGEST:
            return body
    return Printer(results, repeated(results), names, typed).body(results, several)


def used(bindings: Sequence[syntax.Binding], result: Node) -> tuple[syntax.Binding, ...]:
    """The bindings that are used, directly or by others."""
    kept: list[syntax.Binding] = []
    wanted = names_in(result)
    for binding in reversed(bindings):
        if binding.name in wanted:
            kept.append(binding)
            wanted |= names_in(binding)
    return tuple(reversed(kept))


def nodes_of(root: Node) -> set[Node]:
    """The nodes of a tree whose parts may be shared."""
    seen: set[Node] = set()
    stack = [root]
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            stack.extend(node.children)
    return seen


def names_in(root: Node) -> set[str]:
    """The names in a tree."""
    return {node.id for node in nodes_of(root) if isinstance(node, syntax.Name)}


class Printer:
    """Makes the syntax trees of some expressions, which may share what is bound to names.

    `shared` has the parts that are bound to names; `typed` says that bindings in index notation bear their types;
    `names` are taken already.
    """

    def __init__(self, roots: Sequence[Expr], shared: frozenset[Expr], names: Iterable[str], typed: bool) -> None:
        self.typed, self.roots, self.shared = typed, roots, shared
        self.bindings: list[syntax.Binding] = []
        self._made: dict[Expr, Node] = {}
        self._rows: dict[Expr, Node] = {}
        self.taken = set(names)
        self.taken |= {s.name for s in symbols(*roots)} | size_names(*roots)

    def body(self, results: Sequence[Expr], several: bool) -> syntax.Body:
        """The bindings and the result."""
        for current in topological(*results):
            if current in self.shared:
                self.bind(current, self._express(current))
        values = tuple(self.express(r) for r in results)
        result = syntax.Tuple(notation.NOWHERE, values) if several else values[0]
        return syntax.Body(notation.NOWHERE, used(self.bindings, result), result)

    def bind(self, expression: Expr, value: Node, indices: tuple[str, ...] | None = None, prefix: str = "t") -> Node:
        """Binds a value to a fresh name; the node of the name."""
        name = self.fresh(prefix)
        kind = type_of(ones(expression.shape)) if indices is not None and self.typed else None
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
            return tensor_node(self, expression)
        match expression:
            case Sum():
                return sum_node(self, expression)
            case Contract():
                return notation.with_coefficient(*product(self, expression, False))
            case Map():
                return self.spread(expression) or map_node(self, expression)
            case Reduce():
                return reduce_node(self, expression)
            case Atom():
                return atom_node(self, expression)
            case Structure():
                return structure_node(self, expression)
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
        if vector not in self._rows:
            self._rows[vector] = self._row(vector)
        return self._rows[vector]

    def _row(self, vector: Expr) -> Node:
        found = vector_of(self, vector) if isinstance(vector, Contract) and vector not in self.shared else None
        if found is not None:
            return found.row
        turned = notation.transposed(self.express(vector))
        if (
            not isinstance(vector, Sum)
            or vector in self.shared
            or not all(algebra.depends_on(e) for _, e in vector.terms)
        ):
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

    def condition(self, expression: Expr) -> Node:
        """A comparison of arrays; `not(comparison)` where it is negated."""
        return condition(expression, self.compact)
