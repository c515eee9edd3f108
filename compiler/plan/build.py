"""From expressions to tasks.

Enters: expressions.  Leaves: for each a `Use`: the task that computes it and which of the task's axes are its own.
Always holds: equal expressions, also up to transposition, are one task, and so are intermediates of contractions;
inverses are made only where they are asked for as matrices.  Not for: which tasks share a loop (`fuse.py`).
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from ...grammar import errors
from ..kernel.program import Buffer, Require
from ..tensor import algebra
from ..tensor.contraction import oriented
from ..tensor.dims import Dim
from ..tensor.expr import Atom, Constant, Contract, Expr, Map, Reduce, Size, Structure, Sum, Symbol, topological
from ..tensor.inputs import input_of
from ..tensor.sparse import is_sparse, sparse_valued
from .cells import constant_cell, power_cell, structure_cell, structure_task
from .guess import Guess
from .refine import HELD
from .register import Register
from .tasks import (
    Assembly,
    Body,
    BodyBuilder,
    Cell,
    Cells,
    Index,
    Leaf,
    Patch,
    Place,
    Read,
    Shape,
    Task,
    number,
    plain,
)

MOST_TERMS = 12  # of a sum, in one loop


@dataclass(frozen=True, slots=True)
class Use:
    """Axis k of an expression is axis `axes[k]` of the task."""

    task: Task
    axes: tuple[int, ...]

    def read(self, place: Sequence[Index]) -> Read:
        """The element of the expression at a place."""
        positions: list[Index] = list(place)
        for axis, index in zip(self.axes, place, strict=True):
            positions[axis] = index
        return Read(self.task, tuple(positions))


class Builder:
    """The tasks of one program."""

    def __init__(
        self,
        parameters: Sequence[Symbol],
        guess: Guess,
        fixed: frozenset[str] = frozenset(),
        fast: bool = False,
        congruences: frozenset[Expr] = frozenset(),
        sharing: bool = True,
    ) -> None:
        self.guess = guess
        self.sharing = sharing
        self.congruences = congruences
        self.fixed = fixed
        self.fast = fast
        self.sources: dict[Expr, frozenset[str]] = {}
        self.tasks: list[Task] = []
        self.uses: dict[Expr, Use] = {}
        self.register = Register(guess)
        self.readers: dict[Expr, int] = {}  # how many expressions need each
        self.factorizations: dict[tuple[str, Expr], tuple[Task, ...]] = {}
        self.factored: set[Expr] = set()  # arguments of matrix functions that factor them
        self.checks: list[Task] = []
        self.requirements: dict[Dim, Require] = {}
        self.inputs: list[Buffer] = []
        for parameter in parameters:
            buffer = input_of(parameter)
            self.inputs.append(buffer)
            if "integer" not in parameter.attributes:
                self.define(parameter, self.task(Leaf(buffer)))
        self.sparse = parts_of([self.uses[p].task for p in parameters if p in self.uses], parameters)

    def free_ahead(self, factors: Sequence[Expr]) -> bool:
        """Whether the product of the factors can be made of fixed data once, without larger rounding errors: a product
        of a matrix with itself has the square of its condition number."""
        sources = [self.sources.get(factor, frozenset({""})) for factor in factors]
        every = frozenset().union(*sources)
        return every <= self.fixed and (self.fast or len(every) == sum(map(len, sources)))

    def task(self, task: Task) -> Task:
        """Adds a task."""
        task.number = len(self.tasks)
        self.tasks.append(task)
        return task

    def define(self, expression: Expr, task: Task) -> Use:
        """Records the task of an expression."""
        use = Use(task, tuple(range(expression.order)))
        self.uses[expression] = use
        return use

    def results(self, results: Sequence[Expr]) -> list[Use]:
        """The uses of all results."""
        order = topological(*results)
        self.register.expect(order)
        for e in order:
            if isinstance(e, Atom) and e.function in ("inv", "logdet", "det", "logabsdet", "chol"):
                self.factored.add(e.arguments[0])
            for operand in e.operands:
                self.readers[operand] = self.readers.get(operand, 0) + 1
        for result in results:
            self.readers[result] = self.readers.get(result, 0) + 1
        if self.fixed:
            for e in order:
                named = [e.name] if isinstance(e, Symbol) else []
                self.sources[e] = frozenset(named).union(*(self.sources[o] for o in e.operands))
        for expression in small_first(order):
            # An inverse or a structural constant is made only where it is asked for as a matrix.
            if (
                not isinstance(expression, Structure)
                and not sparse_valued(expression)
                and not (isinstance(expression, Atom) and expression.function == "inv")
            ):
                self.use(expression)
        return [self.use(result) for result in results]

    def use(self, expression: Expr) -> Use:
        """The use of an expression, planned if it is new."""
        found = self.uses.get(expression)
        if found is None:
            found = self._oriented(expression)
            self.uses[expression] = found
        return found

    def _oriented(self, expression: Expr) -> Use:
        if expression.order == 2:
            kept, flipped = oriented(expression)
            if flipped:
                use = self.use(kept)
                return Use(use.task, use.axes[::-1])
        match expression:
            case Symbol() if is_sparse(expression):
                raise refused(expression.name)
            case Symbol():
                if "integer" in expression.attributes:
                    body = Body((), (), Cell("size", dim=Dim.of(expression.name)))
                    return self.define(expression, self.task(Cells((), 0, body)))
                raise KeyError(f"{expression.name} is not a parameter")
            case Constant() | Size():
                return self.define(expression, self.task(Cells((), 0, Body((), (), constant_cell(expression)))))
            case Structure():
                return self.define(expression, self.task(structure_task(expression)))
            case Sum():
                return self._sum(expression)
            case Map():
                return self._map(expression)
            case Reduce():
                from .reductions import reduction

                return reduction(self, expression)
            case Atom():
                from .atoms import atom

                return atom(self, expression)
            case Contract() if any(map(is_sparse, expression.operands)):
                from .sparse import sparse_contraction

                return sparse_contraction(self, expression)
            case Contract():
                from .contract import contraction

                return contraction(self, expression)
        raise AssertionError(type(expression))

    def cell(self, body: BodyBuilder, expression: Expr, place: Place) -> Cell:
        """An element of an expression as an operand."""
        value = algebra.number_value(expression)
        if value is not None:
            return number(math.prod(algebra.pieces(value)))
        if isinstance(expression, Constant | Size):
            return constant_cell(expression)
        if isinstance(expression, Structure):
            return structure_cell(body, expression, place)
        if isinstance(expression, Symbol) and "integer" in expression.attributes:
            return Cell("size", dim=Dim.of(expression.name))
        if isinstance(expression, Contract) and not expression.factors:
            return number(1.0)
        return body.read(self.use(expression).read(place))

    def _sum(self, expression: Sum) -> Use:
        from .contract import scattered

        whole = tuple(plain(k) for k in range(expression.order))
        dense: list[tuple[Fraction, Expr]] = []
        patches: list[Patch] = []
        for coefficient, term in expression.terms:
            placed = scattered(self, term, coefficient)
            if placed is None:
                dense.append((coefficient, term))
            else:
                patches.append(placed)
        cells = self._dense(dense, expression.shape)
        if not patches:
            return self.define(expression, self.task(cells))
        base = None
        if dense:
            single = len(dense) == 1 and dense[0][0] == 1
            base = self.use(dense[0][1]).read(whole) if single else Read(self.task(cells), whole)
        return self.define(expression, self.task(Assembly(expression.shape, base, tuple(patches))))

    def _dense(self, terms: Sequence[tuple[Fraction, Expr]], shape: Shape) -> Cells:
        """The linear combination, a few terms at a time."""
        place = tuple(plain(k) for k in range(len(shape)))
        # What is added comes before what is subtracted.
        ordered = sorted(terms, key=lambda pair: pair[0] < 0)
        body = BodyBuilder()
        result = self._linear(body, None, ordered[:MOST_TERMS], place)
        for start in range(MOST_TERMS, len(ordered), MOST_TERMS):
            before = self.task(Cells(shape, len(shape), body.finish(result)))
            body = BodyBuilder()
            result = self._linear(body, body.read(Read(before, place)), ordered[start : start + MOST_TERMS], place)
        return Cells(shape, len(shape), body.finish(result))

    def _linear(
        self, body: BodyBuilder, start: Cell | None, terms: Sequence[tuple[Fraction, Expr]], place: Place
    ) -> Cell:
        result = start
        for coefficient, term in terms:
            value = algebra.number_value(term)
            size = abs(coefficient) * (1 if value is None else value)
            cell = self.cell(body, term, place) if value is None else number(math.prod(algebra.pieces(size)))
            if value is None and size != 1:
                for piece in algebra.pieces(size):
                    cell = body.op("mul", number(piece), cell)
            if result is None:
                result = body.op("neg", cell) if coefficient < 0 else cell
            else:
                result = body.op("sub" if coefficient < 0 else "add", result, cell)
        return number(0.0) if result is None else result

    def _map(self, expression: Map) -> Use:
        if expression.function == HELD:
            return self.use(expression.arguments[0])
        whole = tuple(plain(k) for k in range(expression.order))
        if expression.function == "exp":
            from .reductions import softmax

            quotient = softmax(self, expression)
            if quotient is not None:
                return quotient
        body = BodyBuilder()
        if expression.function == "pow":
            exponent = algebra.number_value(expression.arguments[1])
            if exponent is not None and (2 * exponent).denominator == 1 and abs(exponent) <= 16:
                base = self.cell(body, expression.arguments[0], whole)
                return self.define(expression, self.task(Cells(expression.shape, expression.order, body.finish(
                    power_cell(body, base, exponent)))))  # fmt: skip
        cells = [self.cell(body, argument, whole) for argument in expression.arguments]
        function = expression.function
        return self.define(
            expression, self.task(Cells(expression.shape, expression.order, body.finish(body.op(function, *cells))))
        )


def small_first(order: Sequence[Expr]) -> list[Expr]:
    """The expressions, operands first; contractions of few factors come before those of many, which then use them."""
    waiting = {e: len(set(e.operands)) for e in order}
    readers: dict[Expr, list[Expr]] = {}
    for e in order:
        for operand in set(e.operands):
            readers.setdefault(operand, []).append(e)
    number_of = {e: k for k, e in enumerate(order)}

    def entry(e: Expr) -> tuple[int, int]:
        return (len(e.factors) if isinstance(e, Contract) else 0, number_of[e])

    ready = [entry(e) for e in order if not waiting[e]]
    heapq.heapify(ready)
    result: list[Expr] = []
    while ready:
        _, position = heapq.heappop(ready)
        result.append(order[position])
        for reader in readers.get(order[position], ()):
            waiting[reader] -= 1
            if not waiting[reader]:
                heapq.heappush(ready, entry(reader))
    return result


def refused(name: str) -> errors.TypeError:
    """The error for a sparse matrix that is used as one cannot be."""
    return errors.TypeError(
        f"{name} is sparse, and this needs it as a dense matrix",
        found=f"a sparse matrix is multiplied by dense ones: {name}*v, {name}'*v, v'*{name}, {name}'*diag(w)*{name}",
        hint=f"declare {name} without sparse to compute with its elements",
    )


def parts_of(tasks: Sequence[Task], parameters: Sequence[Symbol]) -> dict[str, list[Task]]:
    """The arguments that hold each sparse matrix: what bears its sizes, and its arrays."""
    by_name = {task.buffer.name: task for task in tasks if isinstance(task, Leaf)}
    return {
        p.name: [by_name[part.name] for part in parameters[k : k + 5]]
        for k, p in enumerate(parameters)
        if p.role == "carrier"
    }
