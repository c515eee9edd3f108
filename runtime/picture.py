"""Pictures of graphs: SVG with the formulas on the left and the program on the right.

Enters: graphs of `compiler/explain/graphs.py`.  Leaves: the text of an SVG file.  Always holds: a box that shows less
than its whole text has it as a tooltip.  The layers and the order in them are those of igraph's Sugiyama layout, the
places in a layer the nearest ones to the neighbours that leave room for the boxes.  Not for: what the nodes are.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from ..compiler.explain.graphs import Graph
from ..compiler.tensor.dims import Dim
from ..grammar.errors import Error

if TYPE_CHECKING:
    from ..compiler.explain.graphs import Node

CHARACTER, LINE = 7.2, 16.0  # width of a character and height of a line, in pixels
PAD, GAP, LEVEL = 10.0, 26.0, 46.0  # inside of boxes, between them, between layers
MARGIN, HEAD, FOOT = 28.0, 76.0, 44.0
SWEEPS = 24
FAR = 2  # layers between an input and what uses it, for a box of its own
LEAST = 0.01  # of all operations, for a bar
FONT = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"
# Fill and border by what a value is needed for: inputs, each of the results alone, several results.
INPUT, SHARED = ("#f1f3f5", "#868e96"), ("#d3f9d8", "#2f9e44")
ALONE = [("#d0ebff", "#1c7ed6"), ("#ffe8cc", "#e8590c"), ("#e5dbff", "#7048e8"), ("#fff3bf", "#f08c00")]
INK, FAINT = "#212529", "#868e96"


@dataclass
class Panel:
    """A drawn graph: its elements, and its size."""

    elements: list[str]
    width: float
    height: float


def picture(before: Graph | None, after: Graph, labels: Sequence[str], sizes: Mapping[str, int], title: str) -> str:
    """The SVG file.  Raises mg.Error where igraph is not installed."""
    drawn = [(name, graph) for name, graph in (("as written", before), ("as planned", after)) if graph is not None]
    panels = [panel(graph, sizes) for _, graph in drawn]
    totals = [operations(graph, sizes) for _, graph in drawn]
    width = sum(p.width for p in panels) + MARGIN * (len(panels) + 1)
    width = max(width, 2 * MARGIN + CHARACTER * len(title) * 1.15)
    height = HEAD + max(p.height for p in panels) + FOOT + MARGIN
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family={quoteattr(FONT)} font-size="12">',
        f"<title>{escape(title)}</title>",
        '<rect width="100%" height="100%" fill="white"/>',
        written(MARGIN, 32, title, INK, 'font-size="14" font-weight="bold"'),
    ]
    left = MARGIN
    for (name, _), drawing, total in zip(drawn, panels, totals, strict=True):
        told = f"{name}: {short(total)} operations"
        if len(totals) == 2 and name == "as planned" and total and totals[0] > 1.005 * total:
            told += f", {times(totals[0] / total)} times fewer"
        parts.append(written(left, 58, told, INK))
        parts.append(f'<g transform="translate({left:.1f} {HEAD:.1f})">{"".join(drawing.elements)}</g>')
        left += drawing.width + MARGIN
    return "\n".join([*parts, *legend(labels, height - MARGIN), "</svg>"]) + "\n"


def legend(labels: Sequence[str], y: float) -> list[str]:
    """What the colours mean."""
    rows = [("input", INPUT), *((f"for {label}", ALONE[k % len(ALONE)]) for k, label in enumerate(labels))]
    if len(labels) > 1:
        rows.append(("shared", SHARED))
    parts, x = [], MARGIN
    for name, (fill, border) in rows:
        parts.append(f'<rect x="{x:.1f}" y="{y - 11:.1f}" width="14" height="14" rx="3" {paint(fill, border)}/>')
        parts.append(written(x + 20, y, name, INK))
        x += 20 + CHARACTER * len(name) + GAP
    parts.append(written(x, y, "the bar below a box is its part of the operations", FAINT))
    return parts


def operations(graph: Graph, sizes: Mapping[str, int]) -> float:
    """All operations of a graph."""
    return sum((node.thirds.evaluate(sizes) for node in graph.nodes), 0) / 3


def short(number: float) -> str:
    """A number with three digits and a letter for thousands, millions, ..."""
    for letter, size in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.3g}{letter}"
    return f"{number:.3g}"


def times(ratio: float) -> str:
    """A ratio with three digits."""
    return f"{ratio:.3g}" if ratio < 1000 else f"{float(f'{ratio:.3g}'):,.0f}"


def colours(node: Node) -> tuple[str, str]:
    """Fill and border."""
    if node.kind == "input":
        return INPUT
    return SHARED if len(node.results) > 1 else ALONE[min(node.results, default=0) % len(ALONE)]


def paint(fill: str, border: str) -> str:
    """The attributes of a box."""
    return f'fill="{fill}" stroke="{border}"'


def written(x: float, y: float, line: str, colour: str, more: str = "") -> str:
    """A line of text."""
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" {more} xml:space="preserve">{escape(line)}</text>'


# ---- one graph


def panel(graph: Graph, sizes: Mapping[str, int]) -> Panel:
    """The graph, drawn from top to bottom."""
    total = operations(graph, sizes) or 1.0
    graph = with_copies(graph)
    boxes = [box_size(node, sizes) for node in graph.nodes]
    layers, chains = layered(graph)
    widths = [b[0] for b in boxes] + [8.0] * (sum(map(len, layers)) - len(boxes))
    centres = placed(layers, chains, widths)
    heights = [max((boxes[k][1] for k in layer if k < len(boxes)), default=0.0) for layer in layers]
    tops = [sum(heights[:k]) + LEVEL * k for k in range(len(layers))]
    place: dict[int, tuple[float, float]] = {}
    for number, layer in enumerate(layers):
        place.update((k, (centres[k], tops[number] + heights[number] / 2)) for k in layer)
    elements = [curve([place[k] for k in chain], boxes[chain[0]][1], boxes[chain[-1]][1]) for chain in chains]
    for k, node in enumerate(graph.nodes):
        part = node.thirds.evaluate(sizes) / 3 / total
        elements.append(box(node, place[k], boxes[k], part, amount(node.thirds, sizes)))
    width = max((centres[k] + widths[k] / 2 for k in range(len(widths))), default=0.0)
    return Panel(elements, width, tops[-1] + heights[-1] if tops else 0.0)


def amount(thirds: Dim, sizes: Mapping[str, int]) -> str:
    """The operations of a node; nothing where there are none."""
    number = thirds.evaluate(sizes) / 3
    return short(number) if number else ""


def box_size(node: Node, sizes: Mapping[str, int]) -> tuple[float, float]:
    """Width and height of the box of a node."""
    rows = [*node.lines, *([amount(node.thirds, sizes)] if node.thirds.evaluate(sizes) else [])]
    return max(map(len, rows)) * CHARACTER + 2 * PAD, len(rows) * LINE + PAD


def box(node: Node, centre: tuple[float, float], size: tuple[float, float], part: float, count: str) -> str:
    """A box with its lines, its operations, and a bar that shows which part of all operations these are."""
    (x, y), (width, height) = centre, size
    left, top = x - width / 2, y - height / 2
    fill, border = colours(node)
    radius = height / 2 if node.kind != "step" else 5
    rect = f'x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{radius:.1f}"'
    weight = ' stroke-width="2"' if node.kind == "output" else ""
    parts = [f"<title>{escape(node.whole)}</title>", f"<rect {rect} {paint(fill, border)}{weight}/>"]
    middle = 'text-anchor="middle"'
    for number, line in enumerate(node.lines):
        parts.append(written(x, top + PAD / 2 + LINE * (number + 0.75), line, INK, middle))
    if count:
        parts.append(written(x, top + PAD / 2 + LINE * (len(node.lines) + 0.75), count, FAINT, middle))
    if part > LEAST:
        bar = f'x="{left:.1f}" y="{top + height + 3:.1f}" height="4" rx="2"'
        parts.append(f'<rect {bar} width="{width * part:.1f}" fill="{border}"/>')
    return f"<g>{''.join(parts)}</g>"


def curve(points: Sequence[tuple[float, float]], first: float, last: float) -> str:
    """An edge from below the first box through places between layers to above the last box."""
    (x, y), (end_x, end_y) = points[0], points[-1]
    path = [(x, y + first / 2), *points[1:-1], (end_x, end_y - last / 2 - 1)]
    text = f"M{path[0][0]:.1f} {path[0][1]:.1f}"
    for (x0, y0), (x1, y1) in itertools.pairwise(path):
        middle = (y0 + y1) / 2
        text += f" C{x0:.1f} {middle:.1f} {x1:.1f} {middle:.1f} {x1:.1f} {y1:.1f}"
    end = path[-1][1]
    tip = f"M{end_x - 3.5:.1f} {end - 6:.1f} L{end_x:.1f} {end:.1f} L{end_x + 3.5:.1f} {end - 6:.1f}"
    return f'<path d="{text}" fill="none" stroke="#adb5bd"/><path d="{tip}" fill="none" stroke="#adb5bd"/>'


# ---- where the boxes stand


def layered(graph: Graph) -> tuple[list[list[int]], list[list[int]]]:
    """The nodes of each layer in order, and for each edge the nodes on its way, one in each layer between its ends."""
    try:
        import igraph
    except ImportError:
        raise Error("pictures need the package igraph", hint='install it with: pip install "matgrad[plot]"') from None
    level = levels(graph)
    chains: list[list[int]] = []
    for start, to in graph.edges:
        chain = [start]
        for between in range(level[start] + 1, level[to]):
            chain.append(len(level))
            level.append(between)
        chains.append([*chain, to])
    pairs = [pair for chain in chains for pair in itertools.pairwise(chain)]
    drawn = igraph.Graph(len(level), pairs, directed=True)
    found = drawn.layout_sugiyama(layers=level, maxiter=500)
    coordinates = (found[0] if isinstance(found, tuple) else found).coords[: len(level)]
    layers: list[list[int]] = [[] for _ in range(max(level, default=-1) + 1)]
    for node in sorted(range(len(level)), key=lambda k: (coordinates[k][0], k)):
        layers[level[node]].append(node)
    return layers, chains


def with_copies(graph: Graph) -> Graph:
    """The graph with a further box for an input that is used far below the first place where it is."""
    level = levels(graph)
    nodes, edges = list(graph.nodes), dict(graph.edges)
    for start, to in graph.edges:
        if graph.nodes[start].kind == "input" and level[to] - level[start] > FAR:
            del edges[start, to]
            edges[len(nodes), to] = None
            nodes.append(graph.nodes[start])
    return Graph(nodes, edges)


def levels(graph: Graph) -> list[int]:
    """The layer of each node: as high as its operands allow; inputs right above what uses them first."""
    found = [0] * len(graph.nodes)
    operands: list[list[int]] = [[] for _ in graph.nodes]
    for start, to in graph.edges:
        operands[to].append(start)
    for position, node in enumerate(graph.nodes):  # operands first, but for copies of inputs, which have none
        if node.kind != "input":
            found[position] = max((found[start] + 1 for start in operands[position]), default=0)
    for position, node in enumerate(graph.nodes):
        users = [found[to] for start, to in graph.edges if start == position]
        if node.kind == "input" and users:
            found[position] = min(users) - 1
    return found


def placed(layers: Sequence[Sequence[int]], chains: Sequence[Sequence[int]], widths: Sequence[float]) -> list[float]:
    """The centres of the nodes: in the order of their layers, without overlaps, near to their neighbours."""
    from scipy.optimize import isotonic_regression

    neighbours: list[list[int]] = [[] for _ in widths]
    for chain in chains:
        for a, b in itertools.pairwise(chain):
            neighbours[a].append(b)
            neighbours[b].append(a)
    centres = [0.0] * len(widths)
    offsets: list[list[float]] = []
    for layer in layers:
        at = 0.0
        own = []
        for k in layer:
            own.append(at + widths[k] / 2)
            at += widths[k] + GAP
        offsets.append(own)
        for k, offset in zip(layer, own, strict=True):
            centres[k] = offset - at / 2
    for sweep in range(SWEEPS):
        order = range(len(layers)) if sweep % 2 == 0 else range(len(layers) - 1, -1, -1)
        for number in order:
            layer, own = layers[number], offsets[number]
            wanted = [sum(centres[n] for n in neighbours[k]) / max(len(neighbours[k]), 1) for k in layer]
            shifts = isotonic_regression([w - o for w, o in zip(wanted, own, strict=True)]).x
            for k, offset, shift in zip(layer, own, shifts, strict=True):
                centres[k] = offset + float(shift)
    least = min((centres[k] - widths[k] / 2 for k in range(len(widths))), default=0.0)
    return [c - least for c in centres]
