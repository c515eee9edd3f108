"""Reading index notation: `J[i,j,k,l] = delta(i,k)*B[l,j]`.

Enters: a binding with indices, and the scope of its names.  Leaves: the tensor that it binds.  Always holds: an index
that is not on the left is summed within its term of the outermost sum; the size of an index comes from the operands
that bear it, or from the type of the binding.  Not for: slices and positions alone (`indexing.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from ...grammar import errors, syntax
from ..tensor.algebra import power
from ..tensor.contraction import add, contract, delta
from ..tensor.dims import Dim
from ..tensor.expr import Expr, structure
from .elaborate import Condition, Elaborator, Value
from .operators import negate, operate
from .sizes import size_of
from .wording import count, describe

# What may stand between indexed operands, and the operator on their elements.
OPERATORS = {"*": ".*", ".*": ".*", "/": "./", "./": "./", "^": ".^", ".^": ".^"}
PRODUCTS = {"*", ".*", "/", "./"}
# Constants that are written with indices alone: their number of indices.
CONSTANTS = {"delta": 2, "epsilon": 3}
THREE = Dim.of(3)


@dataclass(frozen=True, slots=True)
class Indexed:
    """A tensor whose axes bear the names of indices, each once."""

    value: Value
    letters: tuple[str, ...]


def indexed(scope: Elaborator, binding: syntax.Binding) -> Expr:
    """The tensor that a binding in index notation binds.

    Raises ShapeError for an index of two sizes or of none, and for what index notation cannot say.
    """
    return _Reader(scope, binding).tensor()


class _Reader:
    def __init__(self, scope: Elaborator, binding: syntax.Binding) -> None:
        self.scope, self.binding = scope, binding
        self.outputs = binding.indices or ()
        for letter in self.outputs:
            if letter in scope.names or letter in scope.size_names:
                scope.fail(f"{letter} cannot be an index: it has a meaning already", binding.name_span,
                           kind=errors.NameError, hint="choose another letter")  # fmt: skip
        if len(set(self.outputs)) < len(self.outputs):
            scope.fail("an index stands twice on the left", binding.name_span,
                       hint="write D[i, j] = delta(i, j)*x[i] for a diagonal")  # fmt: skip
        self.sizes: dict[str, Dim] = {}
        self.plain: dict[syntax.Node, Expr] = {}
        self.bearing: set[syntax.Node] = set()
        for node in syntax.postorder(binding.value):
            constant = isinstance(node, syntax.Call) and node.name in CONSTANTS
            element = isinstance(node, syntax.Index) and any(map(self._is_index, node.subscripts))
            if constant or element or any(child in self.bearing for child in node.children):
                self.bearing.add(node)
        self._find_sizes()

    def tensor(self) -> Expr:
        """The value of the right side, with the axes in the order of the left side."""
        terms = []
        for sign, node in _terms(self.binding.value):
            if isinstance(node, syntax.Chain) and node in self.bearing and set(node.operators) <= PRODUCTS:
                terms.append((sign, self._product(node)))
                continue
            term = self._value(node)
            expression = self.scope.expression(term.value, node)
            terms.append((sign, self._over(Indexed(expression, term.letters), self.outputs)))
        shape = tuple(self._size(letter, self.binding.value) for letter in self.outputs)
        return add([(Fraction(sign), term) for sign, term in terms], shape)

    def _product(self, chain: syntax.Chain) -> Expr:
        """A product as one contraction, so that no tensor over all of its indices is made."""
        factors = []
        for operator, node in zip(("*", *chain.operators), chain.operands, strict=True):
            operand = self._value(node)
            expression = self.scope.expression(operand.value, node)
            factors.append((power(expression, -1) if "/" in operator else expression, operand.letters))
        letters = tuple(dict.fromkeys([*self.outputs, *(letter for _, at in factors for letter in at)]))
        sizes = {k: self._size(letter, self.binding.value) for k, letter in enumerate(letters)}
        placed = [(factor, tuple(letters.index(letter) for letter in at)) for factor, at in factors]
        return contract(placed, range(len(self.outputs)), sizes)

    def _is_index(self, node: syntax.Node) -> bool:
        if not isinstance(node, syntax.Name):
            return False
        return node.id in self.outputs or not (node.id in self.scope.names or node.id in self.scope.size_names)

    # ---- sizes

    def _find_sizes(self) -> None:
        """The sizes of all indices: from the type, then from the operands that bear them."""
        declared = self.binding.type
        if declared is not None:
            if len(declared.sizes) != len(self.outputs):
                self.scope.fail(f"{self.binding.name} has {count(len(self.outputs), 'dimension')}", declared,
                                found=f"its type has {count(len(declared.sizes), 'size')}")  # fmt: skip
            for letter, size in zip(self.outputs, declared.sizes, strict=True):
                self.sizes[letter] = size_of(self.scope, size)
        for node in syntax.postorder(self.binding.value):
            if isinstance(node, syntax.Index) and node in self.bearing:
                operand = self._operand(node)
                for subscript, dim in zip(node.subscripts, operand.shape, strict=True):
                    if isinstance(subscript, syntax.Name) and self._is_index(subscript):
                        self._note(subscript, dim)
            elif isinstance(node, syntax.Call) and node.name == "epsilon" and len(node.arguments) == 3:
                for argument in node.arguments:
                    if isinstance(argument, syntax.Name):
                        self._note(argument, THREE)

    def _note(self, place: syntax.Name, dim: Dim) -> None:
        known = self.sizes.setdefault(place.id, dim)
        if not self.scope.same(known, dim):
            self.scope.fail(f"the index {place.id} has two sizes", place, found=f"{known} and {dim}")

    def _size(self, letter: str, place: syntax.Node) -> Dim:
        if letter not in self.sizes:
            sizes = ", ".join("..." for _ in self.outputs)
            kind = ("scalar", "vector", "matrix")[len(self.outputs)] if len(self.outputs) < 3 else "tensor"
            left = f"{self.binding.name}[{', '.join(self.outputs)}]"
            hint = f"say the type: {left}: {kind}[{sizes}] = ..."
            self.scope.fail(f"the size of the index {letter} is not known", place, hint=hint)
        return self.sizes[letter]

    def _operand(self, node: syntax.Index) -> Expr:
        """The operand of an index, with a dimension for every subscript."""
        if node not in self.plain:
            operand = self.scope.expression(self.scope.value(node.operand), node.operand)
            if operand.order != len(node.subscripts):
                text, given = self.scope.text(node.operand), count(len(node.subscripts), "subscript")
                title = f"{text} has {count(operand.order, 'dimension')}, and here is {given}"
                self.scope.fail(title, node, found=f"{text} is {describe(operand.shape)}")
            self.plain[node] = operand
        return self.plain[node]

    # ---- values

    def _value(self, root: syntax.Node) -> Indexed:
        """The value of an expression; operands first, without recursion."""
        values: dict[syntax.Node, Indexed] = {}
        stack = [root]
        while stack:
            node = stack[-1]
            if node in values:
                stack.pop()
                continue
            constant = isinstance(node, syntax.Call) and node.name in CONSTANTS
            below = () if constant or self._is_leaf(node) else node.children
            missing = [child for child in below if child not in values]
            if missing:
                stack.extend(reversed(missing))
                continue
            stack.pop()
            values[node] = self._leaf(node) if self._is_leaf(node) else self._visit(node, [values[c] for c in below])
        return values[root]

    def _is_leaf(self, node: syntax.Node) -> bool:
        return isinstance(node, syntax.Index) or node not in self.bearing

    def _leaf(self, node: syntax.Node) -> Indexed:
        if isinstance(node, syntax.Index) and node in self.bearing:
            return self._element(node)
        found = self.scope.value(node)
        value = found.indicator if isinstance(found, Condition) else self.scope.expression(found, node)
        if value.order:
            text = self.scope.text(node)
            letters = ", ".join("ijklpqrs"[: value.order])
            self.scope.fail(f"{text} needs indices here", node, found=f"{text} is {describe(value.shape)}",
                            hint=f"write {text}[{letters}], or leave out the indices on the left")  # fmt: skip
        return Indexed(found, ())

    def _element(self, node: syntax.Index) -> Indexed:
        """`B[l, j]`; positions and slices among the subscripts pick first."""
        from .indexing import index

        operand = self._operand(node)
        picked = [None if self._is_index(s) else s for s in node.subscripts]
        if any(picked):
            everything = syntax.Slice(node.span, None, None)
            chosen = tuple(s or everything for s in picked)
            for subscript in chosen:
                if isinstance(subscript, syntax.Slice) and subscript is not everything:
                    self.scope.fail("a slice cannot stand beside indices", subscript, hint="slice first: (x[1:3])[i]")
            operand = index(self.scope, syntax.Index(node.span, node.operand, chosen), operand)
        labels: list[str] = [s.id for s in node.subscripts if isinstance(s, syntax.Name) and self._is_index(s)]
        return Indexed(self._labelled(operand, labels), tuple(dict.fromkeys(labels)))

    def _labelled(self, operand: Expr, labels: list[str]) -> Expr:
        """The operand with one axis per distinct label."""
        letters = list(dict.fromkeys(labels))
        at = tuple(letters.index(label) for label in labels)
        return contract([(operand, at)], range(len(letters)), {k: self.sizes[v] for k, v in enumerate(letters)})

    def _visit(self, node: syntax.Node, operands: list[Indexed]) -> Indexed:
        match node:
            case syntax.Call() if node.name in CONSTANTS:
                return self._constant(node)
            case syntax.Negate():
                return Indexed(negate(self.scope, operands[0].value, node.operand), operands[0].letters)
            case syntax.Chain():
                total, left = operands[0], node.operands[0]
                for operator, operand, value in zip(node.operators, node.operands[1:], operands[1:], strict=True):
                    if operator in ("\\", ":"):
                        self.scope.fail(
                            f"{operator} cannot stand between indexed operands", node, hint="bracket it: (A*B)[i, j]"
                        )
                    span = syntax.Span(left.span.start, operand.span.end)
                    left = syntax.Chain(span, (left, operand), (OPERATORS.get(operator, operator),))
                    letters, (a, b) = self._aligned([total, value])
                    total = Indexed(operate(self.scope, left, a, b), letters)
                return total
            case syntax.Call():
                from .builtins import BUILTINS, ELEMENTWISE, abbreviations, call

                letters, values = self._aligned(operands)
                elementwise = node.name in ELEMENTWISE or node.name not in (BUILTINS.keys() | abbreviations())
                result = call(self.scope, node, list(values)) if elementwise else None
                if result is None or (isinstance(result, Expr) and result.order != len(letters)):
                    self.scope.fail(f"{node.name} does not work element by element", node,
                                    hint=f"bind it first, or bracket it: {node.name}(A)[i, j]")  # fmt: skip
                return Indexed(result, letters)
            case syntax.Transpose():
                self.scope.fail("' cannot stand after indices", node, hint="exchange the indices: A[j, i]")
        self.scope.fail("this cannot stand in index notation", node)

    def _constant(self, node: syntax.Call) -> Indexed:
        letters = [a.id for a in node.arguments if isinstance(a, syntax.Name) and self._is_index(a)]
        if len(letters) != CONSTANTS[node.name] or len(node.arguments) != len(letters):
            usage = f"{node.name}({', '.join('ijk'[: CONSTANTS[node.name]])})"
            self.scope.fail(f"{node.name} takes {CONSTANTS[node.name]} indices", node, hint=f"write {usage}")
        if node.name == "epsilon":
            return Indexed(self._labelled(structure("cross", (THREE,) * 3), letters), tuple(dict.fromkeys(letters)))
        known = [letter for letter in letters if letter in self.sizes]
        for letter in letters:
            self.sizes.setdefault(letter, self._size(known[0] if known else letter, node))
        if not self.scope.same(*(self.sizes[letter] for letter in letters)):
            self.scope.fail(f"the indices of {self.scope.text(node)} have two sizes", node,
                            found=" and ".join(str(self.sizes[letter]) for letter in letters))  # fmt: skip
        return Indexed(self._labelled(delta(self.sizes[letters[0]]), letters), tuple(dict.fromkeys(letters)))

    def _aligned(self, operands: list[Indexed]) -> tuple[tuple[str, ...], list[Value]]:
        """The operands over all their indices, in one order; scalars stay scalars."""
        letters = tuple(dict.fromkeys(letter for operand in operands for letter in operand.letters))
        values: list[Value] = []
        for operand in operands:
            value = operand.value
            if operand.letters and operand.letters != letters:
                expression = value.indicator if isinstance(value, Condition) else value
                assert isinstance(expression, Expr)
                spread = self._over(Indexed(expression, operand.letters), letters)
                value = Condition(spread) if isinstance(value, Condition) else spread
            values.append(value)
        return letters, values

    def _over(self, operand: Indexed, letters: tuple[str, ...]) -> Expr:
        """The operand summed over its other indices, and constant along those of `letters` that it lacks."""
        assert isinstance(operand.value, Expr)
        everything = (*letters, *(x for x in operand.letters if x not in letters))
        at = tuple(everything.index(letter) for letter in operand.letters)
        sizes = {k: self._size(letter, self.binding.value) for k, letter in enumerate(everything)}
        return contract([(operand.value, at)], range(len(letters)), sizes)


def _terms(node: syntax.Node) -> list[tuple[int, syntax.Node]]:
    """The signed terms of the outermost sum."""
    if isinstance(node, syntax.Chain) and node.operators[0] in ("+", "-"):
        signs = [1, *(1 if operator == "+" else -1 for operator in node.operators)]
        return list(zip(signs, node.operands, strict=True))
    return [(1, node)]
