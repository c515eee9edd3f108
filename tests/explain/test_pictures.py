"""The graphs of formulas and programs, and their pictures."""

from __future__ import annotations

import itertools
import re
import sys
import xml.etree.ElementTree as ElementTree

import pytest

import matgrad as mg
from matgrad.compiler.explain.graphs import listed
from matgrad.compiler.kernel.cost import cost
from matgrad.runtime.picture import CHARACTER, GAP, box_size, layered, panel, picture, placed, short, times, with_copies
from matgrad.runtime.saving import saving
from tests.explain.test_saving import JOINT, WOODBURY

SVG = "{http://www.w3.org/2000/svg}"
CASES = [*JOINT, (WOODBURY, "U"), ("A*B", "A"), ("{ S = A*A' + I; logdet(S) + tr(inv(S)) }", "A"), ("2*x'*x", "x")]


def account(text: str, variable: str):
    """The account of a derivative, and its title."""
    f = mg.function(text)
    explanation = f.explain(variable)
    operation = "jac" if f.definition().results[0].order else "grad"
    return saving(f, operation, explanation.derived, {}), explanation.derived.title


def drawn(text: str, variable: str) -> str:
    """The picture of a derivative."""
    made, title = account(text, variable)
    return picture(made.before, made.after, made.labels, made.sizes, title)


@pytest.mark.parametrize(("text", "variable"), CASES)
def test_graphs_have_all_operations(text: str, variable: str) -> None:
    made, _ = account(text, variable)
    assert sum(n.thirds for n in made.after.nodes) == cost(made.program).thirds
    if made.before is not None:
        assert sum(n.thirds for n in made.before.nodes) == sum(e.operations.thirds for e in made.formulas)
    assert sum(t for _, t, _ in listed(made.program) if t is not None) == cost(made.program).thirds
    buffers = sum(map(bool, (made.program.inputs, made.program.outputs, made.program.work)))
    assert [line for step, _, _ in listed(made.program) for line in step] == str(made.program).splitlines()[buffers:]


@pytest.mark.parametrize(("text", "variable"), CASES)
def test_graphs_lead_from_inputs_to_results(text: str, variable: str) -> None:
    made, _ = account(text, variable)
    for graph in filter(None, (made.before, made.after)):
        assert all(start < to for start, to in graph.edges)
        starts, ends = {start for start, _ in graph.edges}, {to for _, to in graph.edges}
        for position, node in enumerate(graph.nodes):
            assert (position in starts) == (node.kind != "output"), node
            assert node.kind != "input" or position not in ends
        assert [n.whole for n in graph.nodes if n.kind == "output"] == list(made.labels)


def test_what_is_shared_is_marked() -> None:
    made, _ = account("sum(exp(A*x))", "x")
    steps = {n.whole: len(n.results) for n in made.after.nodes if n.kind == "step"}
    assert steps.pop("out1 = gemv(A', t1)", None) == 1
    assert set(steps.values()) == {2}
    assert {len(n.results) for n in made.before.nodes if n.kind == "step"} == {1}


def test_what_stands_twice_is_computed_twice() -> None:
    made, _ = account("tr(inv(A)*B*inv(A))", "B")
    assert [n.whole for n in made.before.nodes].count("inv(A)") == 4


@pytest.mark.parametrize(("text", "variable"), CASES)
def test_boxes_have_room(text: str, variable: str) -> None:
    made, _ = account(text, variable)
    for graph in filter(None, (made.before, made.after)):
        graph = with_copies(graph)
        layers, chains = layered(graph)
        widths = [box_size(n, made.sizes)[0] for n in graph.nodes]
        widths += [8.0] * (sum(map(len, layers)) - len(widths))
        centres = placed(layers, chains, widths)
        for layer in layers:
            for left, right in itertools.pairwise(layer):
                room = centres[right] - widths[right] / 2 - centres[left] - widths[left] / 2
                assert room >= GAP - 1e-6
        level = {k: number for number, layer in enumerate(layers) for k in layer}
        assert all(level[b] == level[a] + 1 for chain in chains for a, b in itertools.pairwise(chain))
        whole = panel(graph, made.sizes)
        assert max(c + w / 2 for c, w in zip(centres, widths, strict=True)) <= whole.width + 1e-6


@pytest.mark.parametrize(("text", "variable"), CASES)
def test_the_picture_is_svg_in_which_texts_fit_their_boxes(text: str, variable: str) -> None:
    root = ElementTree.fromstring(drawn(text, variable))
    assert root.tag == f"{SVG}svg"
    width, height = float(root.get("width")), float(root.get("height"))
    texts = [t.text for t in root.iter(f"{SVG}text")]
    assert any(t.startswith("as planned: ") for t in texts)
    for group in root.iter(f"{SVG}g"):
        rect = group.find(f"{SVG}rect")
        if rect is not None and group.find(f"{SVG}title") is not None:
            assert all(len(t.text) * CHARACTER < float(rect.get("width")) for t in group.iter(f"{SVG}text"))
            assert 0 <= float(rect.get("x")) <= width
            assert 0 <= float(rect.get("y")) <= height
    assert not re.search(r"(?:href|script)", drawn(text, variable))


def test_what_is_shortened_is_whole_in_a_tooltip() -> None:
    made, title = account(WOODBURY, "U")
    text = picture(made.before, made.after, made.labels, made.sizes, title)
    tips = [t.text for t in ElementTree.fromstring(text).iter(f"{SVG}title")]
    assert all("\n".join(step) in tips for step, thirds, results in listed(made.program) if results and thirds)


def test_pictures_are_the_same_each_time() -> None:
    assert drawn(*JOINT[2]) == drawn(*JOINT[2])


def test_igraph_is_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "igraph", None)
    with pytest.raises(mg.Error, match=r"pictures need the package igraph") as caught:
        drawn(*JOINT[0])
    assert 'pip install "matgrad[plot]"' in str(caught.value)


@pytest.mark.parametrize(("number", "text"), [(0, "0"), (999, "999"), (1234567, "1.23M"), (2e9, "2G"), (3e13, "30T")])
def test_numbers(number: float, text: str) -> None:
    assert short(number) == text


@pytest.mark.parametrize(("ratio", "text"), [(1.953, "1.95"), (12.0, "12"), (10555.0, "10,600")])
def test_ratios(ratio: float, text: str) -> None:
    assert times(ratio) == text
