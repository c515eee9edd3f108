"""Whole derivations: of a gradient, a Jacobian, a Hessian, a directional derivative.

Enters: a definition that is not simplified yet, and one operation.  Leaves: `Derived`.  Always holds: its results are
those of `derive`, made by the same passes in the same order; the steps are what these passes did.  Not for: layout.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ...grammar import syntax
from ...grammar.syntax import Node
from ..calculus import differentiate as calculus
from ..calculus.derive import Derivation, derive
from ..calculus.simplify import simplify
from ..language.definition import Definition
from ..printing import notation
from ..printing.printer import size_names
from ..tensor import algebra
from ..tensor.expr import Expr, Symbol, topological
from .differential import Differential
from .elements import Elements
from .jacobian import Kronecker, commutation, vectorized
from .lines import Lines, reads_alike, same_letters
from .moves import inner_product, moved
from .names import named_parts
from .reasons import SPACES, by_law, by_projection, by_rule, identification
from .steps import Derived, Named, Reason, Section, Shown, Step
from .typeset import Typesetter

CONSTANTS = {"I", "pi", "inf"}


def derived(
    definition: Definition,
    derivation: Derivation,
    names: Mapping[str, Expr],
    title: str,
    written: Node | None = None,
) -> Derived:
    """The derivation of one operation.  `names` are the names that parts of the function have in its text, `written` is
    the function as it stands there.

    Raises the errors of `derive`.
    """
    final = derive(definition, derivation)
    writer = _Writer(definition, final, names, written)
    writer.write(derivation)
    return Derived(title, writer.objects(), tuple(writer.sections), final.results, tuple(writer.directions.items()))


class _Writer:
    """Writes one derivation, section by section."""

    def __init__(
        self, definition: Definition, final: Definition, names: Mapping[str, Expr], written: Node | None
    ) -> None:
        self.definition, self.final, self.written = definition, final, written
        self.function = simplify(definition.results[0])
        taken = {p.name for p in final.parameters} | size_names(self.function, *final.parameters) | set(names)
        given = {simplify(e): name for name, e in names.items()}
        self.known = known = {e: name for e, name in given.items() if e.operands and e is not self.function}
        parts = named_parts(self.function, known, frozenset(taken))
        self.typesetter = Typesetter(parts, frozenset(taken | {part.name for part in parts.values()}))
        self.lines = Lines(self.typesetter)
        self.f = notation.name(self.typesetter.fresh("F" if self.function.order > 1 else "f"))
        self.variable = ""
        self.sections: list[Section] = []
        self.extra: list[Named] = []
        self.directions: dict[str, Symbol] = {}
        self.values: dict[Node, Expr] = {}

    def write(self, derivation: Derivation) -> None:
        """All sections of the operation."""
        self.section("The function", self.as_written(self.lines.simplified(self.f, self.definition.results[0], ())))
        parameters = {p.name: p for p in self.definition.parameters}
        for name in derivation.variables:
            variable, self.variable = parameters[name], name
            match derivation.operation:
                case "grad" | "value_and_grad":
                    self.gradient(variable)
                case "jac":
                    self.derivative(self.function, self.f, variable, self.call("jac", variable))
                case "hess":
                    gradient = self.gradient(variable)
                    self.derivative(gradient, self.call("grad", variable), variable, self.call("hess", variable))
                case "jvp":
                    self.along(self.function, self.f, variable, "jvp")
                case "hvp":
                    gradient = self.gradient(variable)
                    self.along(gradient, self.call("grad", variable), variable, "hvp")
                case "vjp":
                    self.adjoint(variable)

    def as_written(self, steps: list[Step]) -> list[Step]:
        """The steps of the function, the first one as it stands in the text, where all names in it are explained."""
        if self.written is None:
            return steps
        given = {p.name for p in self.definition.parameters} | size_names(*self.definition.parameters)
        names = {node.id for node in syntax.postorder(self.written) if isinstance(node, syntax.Name)} - given
        parts = [e for e, name in self.known.items() if name in names]
        if names - set(self.known.values()) - CONSTANTS or any(
            self.typesetter.names[e].name != self.known[e] for e in parts
        ):
            return steps
        self.typesetter.used.update({e: self.typesetter.names[e] for e in parts})
        first = Step(steps[0].left, Shown(self.written), steps[0].expression)
        if reads_alike(first.shown, steps[0].shown):
            return steps
        if len(steps) > 1 or same_letters(first.shown, steps[0].shown):
            return [first, *steps[1:]]
        return [first, replace(steps[0], reasons=(by_rule("notation"),))]

    def section(self, title: str, steps: list[Step]) -> None:
        """Adds a section."""
        self.sections.append(Section(title, tuple(steps), self.variable))

    def call(self, operation: str, variable: Symbol, *more: Symbol) -> Node:
        """`grad(f, X)` and the like."""
        return notation.call(operation, self.f, *(notation.name(s.name) for s in (variable, *more)))

    def objects(self) -> tuple[Named, ...]:
        """The parameters, the names, and what the derivation introduced."""
        found = [Named(notation.name(p.name), p) for p in self.final.parameters]
        definitions: dict[Expr, Named] = {}
        work = list(self.typesetter.used)
        while work:
            expression = work.pop()
            name = notation.name(self.typesetter.names[expression].name)
            definitions[expression] = Named(name, expression, self.typesetter.definition(expression))
            work += [e for e in self.typesetter.used if e not in definitions and e not in work]
        found += [definitions[e] for e in topological(*definitions) if e in definitions]
        changes = [Named(self.typesetter.differential(d), d) for d in self.directions.values()]
        values = [Named(left, result) for left, result in self.values.items()]
        return (*found, *self.extra, Named(self.f, self.function), *changes, *values)

    # ---- parts of derivations

    def differential(self, function: Expr, name: Node, variable: Symbol) -> tuple[Differential, list[Step]]:
        """The differential, and its lines."""
        differential = Differential(function, variable, self.typesetter)
        self.directions[variable.name] = differential.direction
        return differential, self.lines.differential(self.typesetter.of(name), differential)

    def gradient(self, variable: Symbol) -> Expr:
        """The gradient of the function, a scalar."""
        differential, steps = self.differential(self.function, self.f, variable)
        raw = calculus.pullback(self.function, variable, algebra.number(1))
        self.paired(steps, steps[0].left, differential, raw)
        self.section("The differential", steps)
        return self.conclusion(self.call("grad", variable), raw, variable, 0, identification(), "The gradient")

    def paired(self, steps: list[Step], left: Node, differential: Differential, gradient: Expr) -> None:
        """The differential of a scalar with dX at the end of its terms, and as an inner product."""
        turned = moved(differential, self.typesetter)
        if turned is not None:
            steps.append(Step(left, turned[0], differential.last, turned[1]))
        inner = inner_product(gradient, differential.direction, self.typesetter)
        if gradient.order:
            steps.append(Step(left, inner, differential.last, (by_law("inner-product"),)))
        elif not same_letters(inner, steps[-1].shown):
            steps.append(Step(left, inner, differential.last, (by_rule("factor"),)))

    def conclusion(self, left: Node, raw: Expr, variable: Symbol, lead: int, reason: Reason, title: str) -> Expr:
        """The derivative as the reverse pass gives it, in the space of the variable, and simplified."""
        projected = calculus.project(raw, variable, lead)
        reasons = (reason,) if projected is raw else (reason, by_projection(variable))
        steps = self.lines.simplified(left, projected, reasons)
        result = self.values[left] = steps[-1].expression
        full = self.typesetter.shown(result, names=False)
        if not reads_alike(full, steps[-1].shown):
            steps.append(Step(left, full, result, (by_rule("names"),)))
        self.section(title, steps)
        return result

    def derivative(self, function: Expr, name: Node, variable: Symbol, left: Node) -> None:
        """The Jacobian: by elements where it is no matrix, and then with Kronecker products too."""
        if not function.order:
            self.gradient(variable)
            return
        differential, steps = self.differential(function, name, variable)
        high = function.order + variable.order > 2
        raw = calculus.unprojected(function, variable)
        if high:
            steps += self.elements(steps[0].left, differential, raw)
        self.section(f"The differential{' of the gradient' if function is not self.function else ''}", steps)
        reason = by_rule("identification-elements" if high else "identification-matrix")
        self.conclusion(left, raw, variable, function.order, reason, "The derivative")
        if high and function.order <= 2 and variable.order <= 2:
            self.vectors(function, name, variable, raw, differential)

    def elements(self, left: Node, differential: Differential, raw: Expr) -> list[Step]:
        """The differential in index notation, and with the elements of dX last."""
        writer = Elements(self.typesetter, len(raw.shape) - differential.direction.order, differential.direction)
        written = ((writer.differential(differential.last), "elements"), (writer.collected(raw), "collected"))
        at = notation.index(left, writer.indices)
        return [Step(at, s, differential.last, (by_rule(why),)) for s, why in written if s is not None]

    def vectors(self, function: Expr, name: Node, variable: Symbol, raw: Expr, differential: Differential) -> None:
        """The same with vectors and Kronecker products, where there is such a form."""
        swap = self.typesetter.fresh("K")
        writer = Kronecker(self.typesetter, function.order, notation.name(swap))
        shown = writer.shown(simplify(raw))
        if shown is None:
            return
        change, total = self.typesetter.of(name), self.typesetter.differential(differential.direction)
        change = notation.call("vec", change) if function.order == 2 else change
        total = notation.call("vec", total) if variable.order == 2 else total
        if writer.swapped:
            self.extra.append(Named(notation.name(swap), commutation(variable.shape, swap),
                                    remark=f"{swap}*vec({variable.name}) = vec({variable.name}')"))  # fmt: skip
        vector = vectorized(differential.last, 2) if function.order == 2 else differential.last
        step = Step(change, Shown(notation.times(shown.body, total)), vector, (by_law("vec-product"),))
        self.section("With vectors", [step])

    def along(self, function: Expr, name: Node, variable: Symbol, operation: str) -> None:
        """The directional derivative of the function or of its gradient."""
        _, steps = self.differential(function, name, variable)
        self.section(f"The differential{' of the gradient' if function is not self.function else ''}", steps)
        direction = self.final.parameters[-1]
        value = calculus.tangent(function, variable, direction)
        left = self.call(operation, variable, direction)
        reason = by_rule("direction")
        if variable.attributes & SPACES.keys():
            reason = replace(reason, remark=f"{direction.name} is projected on the space of {variable.name} first")
        steps = self.lines.simplified(left, value, (reason,))
        self.values[left] = steps[-1].expression
        self.section("The directional derivative", steps)

    def adjoint(self, variable: Symbol) -> None:
        """The gradient of <S, F> for a fixed S."""
        seed = self.final.parameters[-1]
        differential, steps = self.differential(self.function, self.f, variable)
        self.section("The differential", steps)
        raw = calculus.pullback(self.function, variable, seed)
        steps = []
        left = notation.call("inner", notation.name(seed.name), self.typesetter.of(self.f))
        inner = inner_product(raw, differential.direction, self.typesetter)
        pairing = algebra.sum_over(algebra.hadamard(seed, differential.last))
        steps.append(Step(left, inner, pairing, (by_law("inner-product"),)))
        self.section("The inner product with it", steps)
        self.conclusion(self.call("vjp", variable, seed), raw, variable, 0, by_rule("pairing"), "The adjoint")
