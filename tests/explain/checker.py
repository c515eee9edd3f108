"""Checks a derivation numerically, line by line.

What is printed is parsed again as text of the language and evaluated on random arguments.  A differential `d(...)` in
it is the finite difference of what stands in the brackets, so that the rules are no witnesses of their own lines.
Every line must have the value of its expression and of the line before it; the differential of the function is compared
with finite differences of the function, and derivatives with the differential.
"""

from __future__ import annotations

import numpy as np

from matgrad.compiler.explain.typeset import revealed
from matgrad.compiler.explain.words import text as shown_text
from matgrad.compiler.language.elaborate import Elaborator
from matgrad.compiler.language.sizes import Sizes
from matgrad.compiler.printing.printer import type_of, used
from matgrad.compiler.printing.unparse import type_text, unparse
from matgrad.compiler.tensor.contraction import ones
from matgrad.compiler.tensor.dims import Dim
from matgrad.compiler.tensor.evaluate import evaluate
from matgrad.compiler.tensor.expr import expand, symbol
from matgrad.grammar import syntax
from matgrad.grammar.errors import DomainError
from matgrad.grammar.parse import parse_expression
from matgrad.grammar.source import text_source
from matgrad.runtime.verification.differences import Unsettled, derivative_at_zero
from matgrad.runtime.verification.sampling import STYLES, draw, draw_arguments, fitting_sizes

NOWHERE = syntax.Span(0, 0)
TOLERANCE = 1e-6
LARGEST = 1e9  # of numbers whose differences still say something


class NoPoint(Exception):
    """No random arguments were found at which everything is smooth."""


def check(explanation, definition) -> int:
    """Checks all steps of the derivation of a function with this definition (parameters of the derivative included).

    Returns how many were checked; AssertionError for a line that is wrong, NoPoint where no arguments suit.
    """
    failure = None
    for sizes in fitting_sizes(definition, 8):
        for style in STYLES:
            try:
                return Checker(explanation.derived, definition, sizes, style).check()
            except (Unsettled, DomainError) as error:
                failure = error
    raise NoPoint(explanation.derived.title) from failure


class Checker:
    """One derivation at one point."""

    def __init__(self, derived, definition, sizes, style) -> None:
        self.derived, self.sizes = derived, sizes
        rng = np.random.default_rng(11)
        self.arrays = draw_arguments(definition.parameters, sizes, rng, style)
        # Lines are formulas, which say nothing of how a matrix is stored.
        self.names = {p.name: symbol(p.name, p.shape, p.attributes - {"sparse"}) for p in definition.parameters}
        for name, direction in derived.directions:
            shape = tuple(dim.evaluate(sizes) for dim in direction.shape)
            self.arrays[direction.name] = draw(direction, shape, rng)
            self.names.setdefault(name, None)
        self.directions = dict(derived.directions)
        self.size_names = {n: Dim.of(n) for p in definition.parameters for d in p.shape for n in d.names}
        for item in derived.objects:
            if item.shown is not None or item.remark:
                self.names[shown_text(item.name)] = expand(item.expression)
        self.function = derived.sections[0].steps[-1]
        self.places: dict[str, object] = {}

    def check(self) -> int:
        """Checks the steps and names; how many lines."""
        count = sum(self.check_name(item) for item in self.derived.objects)
        for section in self.derived.sections:
            last = {}
            for step in section.steps:
                self.check_step(step, section.variable, last)
                count += 1
        return count

    def check_name(self, item) -> int:
        """Whether a name stands for what is said."""
        if item.shown is not None:
            printed = self.value_of(item.shown, "", item.expression)
            self.same(printed, self.value(item.expression), item)
            return 1
        if item.remark:
            left, right = item.remark.split(" = ")
            self.same(*(self.value(self.parsed(side, {})) for side in (left, right)), item)
            return 1
        return 0

    def check_step(self, step, variable, last) -> None:
        """Whether a line is right."""
        printed = self.value_of(step.shown, variable, step.expression)
        self.same(printed, self.value(expand(step.expression)), step)
        head = unparse(step.left)
        if head in last:
            self.same(printed, last[head], step)
        else:
            self.compare(step.left, step, printed, variable)
        last[head] = printed

    def compare(self, left, step, printed, variable) -> None:
        """Whether the left side, by its definition, has the value of the first line that it stands before."""
        along = variable and self.arrays[self.directions[variable].name]
        f = self.function.expression

        def gradient():
            sections = [s for s in self.derived.sections if s.title == "The gradient" and s.variable == variable]
            return sections[0].steps[-1].expression

        match left:
            case syntax.Name():
                self.same(printed, self.value(f), step)
            case syntax.Index(operand=operand):
                self.compare(operand, step, printed, variable)
            case syntax.Call(name="vec", arguments=(inner,)):
                whole = f if isinstance(inner.arguments[0], syntax.Name) else gradient()
                self.compare(inner, step, printed.reshape(self.shape(whole), order="F"), variable)
            case syntax.Call(name="d", arguments=(syntax.Name(),)):
                self.same(printed, self.difference(f, variable), step)
            case syntax.Call(name="d"):
                self.same(printed, self.difference(gradient(), variable), step)
            case syntax.Call(name="grad" | "jac"):
                self.same(self.paired(printed, along), self.difference(f, variable), step)
            case syntax.Call(name="hess"):
                self.same(self.paired(printed, along), self.difference(gradient(), variable), step)
            case syntax.Call(name="jvp"):
                self.same(printed, self.difference(f, variable, self.arrays[left.arguments[2].id]), step)
            case syntax.Call(name="hvp"):
                self.same(printed, self.difference(gradient(), variable, self.arrays[left.arguments[2].id]), step)
            case syntax.Call(name="vjp"):
                seed = self.arrays[left.arguments[2].id]
                self.same(np.sum(printed * along), np.sum(seed * self.difference(f, variable)), step)
            case syntax.Call(name="inner"):
                seed = self.arrays[left.arguments[0].id]
                self.same(printed, np.sum(seed * self.difference(f, variable)), step)
            case _:
                raise AssertionError(f"no meaning for {unparse(left)}")

    # ---- values

    def shape(self, expression):
        """The shape of an expression in numbers."""
        return tuple(dim.evaluate(self.sizes) for dim in expression.shape)

    def paired(self, derivative, along):
        """The derivative (indices of the function first) contracted with a direction."""
        return np.tensordot(derivative, along, np.ndim(along))

    def difference(self, expression, variable, along=None):
        """The derivative of an expression when the variable moves along dX."""
        here = self.arrays[variable]
        along = self.arrays[self.directions[variable].name] if along is None else self.projected(along, variable)
        floor = float(np.max(np.abs(self.value(expression)), initial=0.0)) + 1e-12

        def moved(step):
            return evaluate(expand(expression), {**self.arrays, variable: here + step * along}, self.sizes)

        return derivative_at_zero(moved, floor)

    def projected(self, along, variable):
        """The part of a direction in which a variable with these attributes can move."""
        attributes = self.names[variable].attributes
        if attributes & {"symmetric", "posdef", "psd"}:
            return (along + along.T) / 2
        if "diagonal" in attributes:
            return np.diag(np.diag(along))
        return np.tril(along) if "lower" in attributes else np.triu(along) if "upper" in attributes else along

    def value(self, expression):
        """The value of an expression at the point."""
        return evaluate(expression, self.arrays, self.sizes)

    def value_of(self, shown, variable, meant):
        """The value of what is printed; in index notation the type of what is meant says the sizes."""
        inside: dict[str, object] = {}
        places = {}
        for root in (*shown.where, shown.body):
            for node in syntax.postorder(root):
                if isinstance(node, syntax.Call) and node.name == "d":
                    places[node] = self.place(node.arguments[0], variable, shown, inside)
        body, where = revealed(shown.body, places), [revealed(b, places) for b in shown.where]
        lines = [unparse(b) for b in where]
        if shown.indices:
            result = next(n for n in ("RESULT", "RESULT_", "RESULT__") if n not in self.names)
            declared = type_text(type_of(ones(meant.shape)))
            lines += [f"{result}[{','.join(shown.indices)}]: {declared} = {unparse(body)}", result]
        else:
            lines.append(unparse(body))
        return self.value(self.parsed("\n".join(lines), inside))

    def place(self, node, variable, shown, inside):
        """The name for a differential, which is the finite difference of what it is of."""
        if isinstance(node, syntax.Tuple):
            node = node.items[0]
        key = f"D{len(inside)}_"
        if isinstance(node, syntax.Name) and node.id == variable:
            inside[key] = self.directions[variable]
        else:
            lines = [unparse(b) for b in used(shown.where, node)]
            expression = self.parsed("\n".join([*lines, unparse(node)]), {})
            moving = symbol(key, expression.shape)
            self.arrays[key] = self.difference(expression, variable)
            inside[key] = moving
        return syntax.Name(NOWHERE, key)

    def parsed(self, text, inside):
        """The expression of a text, which may have bindings."""
        source = text_source("{" + text + "}")
        names = {**self.names, **inside}
        scope = Elaborator(source, {}, Sizes(), dict(names), dict(self.size_names))
        body = parse_expression(source).body
        (value,) = scope.body(body)
        return expand(scope.expression(value, body.result))

    def same(self, value, expected, what) -> None:
        """Asserts that two arrays are equal up to rounding and the error of differences."""
        value, expected = np.asarray(value), np.asarray(expected)
        if not np.all(np.abs(expected) < LARGEST):  # nor where it is not a number
            raise Unsettled
        described = f"{shown_text(what.left)} = {shown_text(what.shown.body)}" if hasattr(what, "left") else what
        assert value.shape == expected.shape, f"{described}: {value.shape} {expected.shape}"
        scale = max(np.max(np.abs(expected), initial=0.0), 1e-3)
        error = np.max(np.abs(value - expected), initial=0.0) / scale
        assert error <= TOLERANCE, f"{self.derived.title}: {described}\n{value}\n{expected}"
