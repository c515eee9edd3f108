"""Formulas and programs as graphs, to be drawn.

Enters: formulas with their names, or a kernel program.  Leaves: `Graph`.  Always holds: an edge goes from what is
computed to what uses it; the operations of the nodes add up to those of the formulas, or of the program.  Not for:
drawing (`runtime/picture.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ...grammar import syntax
from ..kernel.cost import loop_cost, routine_cost
from ..kernel.program import Buffer, Loop, Program, Require, Routine, Rows, View, step_lines
from ..language.elaborate import Value
from ..language.operators import operate
from ..tensor.dims import Dim
from ..tensor.expr import Expr
from .counting import Counter, operator_thirds
from .shared import Step, needs
from .steps import Shown
from .typeset import with_children
from .words import text

NOTHING = Dim.of(0)
SHORT = 22  # characters of an expression that is written out in its node
MOST = 4  # lines in a box
LOOP = re.compile(r"^(for [^:]*:) (?=\S)")


@dataclass
class Node:
    """A value: what is written in its box (in lines), the whole text of it, three times its operations, and for which
    results it is needed."""

    lines: tuple[str, ...]
    whole: str
    thirds: Dim = NOTHING
    results: frozenset[int] = frozenset()
    kind: str = "step"  # or input, output


@dataclass
class Graph:
    """Nodes, and edges between their positions."""

    nodes: list[Node] = field(default_factory=list)
    edges: dict[tuple[int, int], None] = field(default_factory=dict)

    def add(self, node: Node, operands: Iterable[int] = ()) -> int:
        """A further node; its position."""
        self.nodes.append(node)
        for operand in operands:
            self.edges[operand, len(self.nodes) - 1] = None
        return len(self.nodes) - 1


# ---- formulas


def of_formulas(
    formulas: Sequence[tuple[str, Sequence[tuple[str, Shown]], Shown]], names: Mapping[str, Value], sizes: Iterable[str]
) -> Graph:
    """The operations of formulas, each with its name and the names that it uses, evaluated one after the other.

    Raises Uncounted as `counting.count` does.
    """
    graph = Graph()
    inputs: dict[str, int] = {}
    for number, (label, definitions, shown) in enumerate(formulas):
        recorder = _Recorder(graph, inputs, frozenset({number}), names, sizes)
        for name, definition in definitions:
            place = recorder.defined[name] = recorder.formula(definition)
            node = graph.nodes[place]
            node.lines, node.whole = (shortened(f"{name} = {node.lines[0]}"),), f"{name} = {node.whole}"
        last = recorder.formula(shown)
        graph.add(Node((label,), label, NOTHING, frozenset({number}), "output"), [last])
    for position, node in enumerate(graph.nodes):
        if node.kind == "input":
            users = [to for start, to in graph.edges if start == position]
            node.results = frozenset().union(*(graph.nodes[to].results for to in users))
    return graph


class _Recorder(Counter):
    """A counter that makes a node of each operation."""

    def __init__(
        self, graph: Graph, inputs: dict[str, int], results: frozenset[int], names: Mapping[str, Value],
        sizes: Iterable[str],
    ) -> None:  # fmt: skip
        super().__init__(names, {name: Dim.of(name) for name in sizes})
        self.graph, self.inputs, self.results = graph, inputs, results
        self.defined: dict[str, int] = {}
        self._places: dict[int, int] = {}

    def formula(self, shown: Shown) -> int:
        """The node of the value of a formula."""
        body = unshared(shown.body)
        self.value(body)
        return self._place(body)

    def _place(self, node: syntax.Node) -> int:
        """The node of a value; parts that compute nothing are inputs by their text."""
        if id(node) in self._places:
            return self._places[id(node)]
        if isinstance(node, syntax.Transpose) and isinstance(node.operand, syntax.Name):
            return self._place(node.operand)
        if isinstance(node, syntax.Name) and node.id in self.defined:
            return self.defined[node.id]
        key = text(node)
        if key not in self.inputs:
            self.inputs[key] = self.graph.add(Node((shortened(key),), key, NOTHING, frozenset(), "input"))
        return self.inputs[key]

    def _record(self, node: syntax.Node, operator: str, operands: Sequence[syntax.Node], before: Dim) -> None:
        thirds = self.thirds - before
        parts = [o for o in operands if not is_number(o)]
        if thirds == NOTHING and len(parts) == 1 and id(parts[0]) not in self._places:
            return  # a transpose or a diagonal of an input
        whole = text(node)
        label = whole if len(whole) <= SHORT else operator
        places = [self._place(part) for part in parts]
        self._places[id(node)] = self.graph.add(Node((label,), whole, thirds, self.results), places)

    def _visit(self, node: syntax.Node, values: Mapping[int, Value]) -> Value:
        before = self.thirds
        value = super()._visit(node, values)
        match node:
            case syntax.Call():
                used = [a for a in node.arguments if isinstance(values.get(id(a)), Expr)]
                if used:
                    self._record(node, f"{node.name}(...)", used, before)
            case syntax.Negate() if not isinstance(node.operand, syntax.Number):
                self._record(node, "-(...)", [node.operand], before)
            case syntax.Transpose():
                self._record(node, "(...)'", [node.operand], before)
            case syntax.Index():
                self._record(node, "(...)[...]", [node.operand], before)
            case syntax.Block():
                self._record(node, "[...]", list(node.children), before)
        return value

    def _chain(self, node: syntax.Chain, values: Mapping[int, Value]) -> Value:
        left: syntax.Node = node.operands[0]
        total = values[id(left)]
        for operator, operand in zip(node.operators, node.operands[1:], strict=True):
            last = operand is node.operands[-1]
            made = node if last else syntax.Chain(node.span, (left, operand), (operator,))
            written = syntax.Chain(node.span, (left, operand), (operator,))
            before = self.thirds
            result = operate(self, written, total, values[id(operand)])
            self.thirds += operator_thirds(operator, total, values[id(operand)], result, operand)
            self._record(made, f"... {operator} ...", [left, operand], before)
            left, total = made, result
        return total


def unshared(root: syntax.Node) -> syntax.Node:
    """The tree with a node of its own for each place: what stands twice is computed twice."""
    made: list[syntax.Node] = []
    for node in syntax.postorder(root):
        start = len(made) - len(node.children)
        below, made = made[start:], made[:start]
        made.append(with_children(node, below) if below else replace(node))
    return made[0]


def is_number(node: syntax.Node) -> bool:
    """Whether a node is a number as it is written."""
    return isinstance(node.operand if isinstance(node, syntax.Negate) else node, syntax.Number)


def shortened(line: str, most: int = SHORT + 14) -> str:
    """A line of a box; what is too long ends in dots, and is whole in the tooltip."""
    return line if len(line) <= most else line[: most - 3] + "..."


# ---- programs


def of_program(program: Program, labels: Sequence[str]) -> Graph:
    """The steps of a program; `labels` are the names of its outputs."""
    graph = Graph()
    results = needed_for(program)
    last: dict[str, int] = {}  # the node that wrote a buffer last
    for position, step in enumerate(program.flat()):
        if isinstance(step, Require) or not results[position]:
            continue
        lines = step_lines(step)
        split = [part for line in lines for part in LOOP.sub(r"\1\n", line.strip()).split("\n")]
        shown = [shortened(line) for line in split]
        boxed = shown if len(shown) <= MOST else [*shown[: MOST - 1], f"... {len(shown) - MOST + 1} more lines"]
        thirds = loop_cost(step) if isinstance(step, Loop) else routine_cost(step)
        for buffer in reads(step):
            if buffer.role == "input" and buffer.name not in last:
                last[buffer.name] = graph.add(Node((buffer.name,), buffer.name, NOTHING, frozenset(), "input"))
        operands = [last[buffer.name] for buffer in reads(step) if buffer.name in last]
        made = graph.add(Node(tuple(boxed), "\n".join(lines), thirds, results[position]), operands)
        for buffer in writes(step):
            last[buffer.name] = made
    for number, (label, output) in enumerate(zip(labels, program.outputs, strict=True)):
        graph.add(Node((label,), label, NOTHING, frozenset({number}), "output"), [last[output.name]])
    for start, to in graph.edges:
        if graph.nodes[start].kind == "input":
            graph.nodes[start].results |= graph.nodes[to].results
    return graph


def needed_for(program: Program) -> list[frozenset[int]]:
    """For each step the outputs that need it, by their positions."""
    steps = list(program.flat())
    found = [needs(steps, output) for output in program.outputs]
    return [frozenset(k for k, needed in enumerate(found) if position in needed) for position in range(len(steps))]


def reads(step: Step) -> list[Buffer]:
    """What a step reads."""
    views: list[View] = []
    if isinstance(step, Loop):
        views = [load.view for load in step.loads] + [s.view for s in step.stores if s.accumulate]
    elif isinstance(step, Routine):
        views = [*step.inputs, *(view for scale in step.scalars for view in scale.views)]
        if len(step.scalars) > 1:
            views += step.outputs
    return list(dict.fromkeys(view.buffer for view in views))


def writes(step: Step) -> list[Buffer]:
    """What a step writes."""
    views = [s.view for s in step.stores] if isinstance(step, Loop) else getattr(step, "outputs", ())
    return list(dict.fromkeys(view.buffer for view in views))


def listed(program: Program) -> list[tuple[list[str], Dim | None, frozenset[int]]]:
    """The steps as they are listed: the lines, three times the operations (None for a headline), who needs them."""
    results = iter(needed_for(program))
    found: list[tuple[list[str], Dim | None, frozenset[int]]] = []
    for step in program.steps:
        inner = step.steps if isinstance(step, Rows) else (step,)
        margin = "    " if isinstance(step, Rows) else ""
        if isinstance(step, Rows):
            found.append((step_lines(step)[:1], None, frozenset()))
        for one in inner:
            thirds = NOTHING
            if not isinstance(one, Require):
                thirds = loop_cost(one) if isinstance(one, Loop) else routine_cost(one)
            found.append(([margin + line for line in step_lines(one)], thirds, next(results)))
    return found
