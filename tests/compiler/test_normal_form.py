"""The normal form: what is equal by the laws of contractions is one object, whatever the order it was written in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matgrad.compiler.calculus.simplify import simplify
from matgrad.compiler.tensor import algebra
from matgrad.compiler.tensor.contraction import contract
from matgrad.compiler.tensor.dims import Dim
from matgrad.compiler.tensor.evaluate import evaluate
from matgrad.compiler.tensor.expr import symbol, topological

SIZES = {"n": 3}
N = Dim.of("n")
LEAVES = [
    symbol("A", (N, N)),
    symbol("B", (N, N)),
    symbol("S", (N, N), ["symmetric"]),
    symbol("x", (N,)),
    symbol("y", (N,)),
    symbol("c", ()),
    algebra.delta(N),
    symbol("T", (N, N, N)),
]
ARRAYS = {
    leaf.name: np.random.default_rng(k).normal(size=(3,) * leaf.order)
    for k, leaf in enumerate(LEAVES)
    if hasattr(leaf, "name")
}
ARRAYS["S"] = ARRAYS["S"] + ARRAYS["S"].T


@st.composite
def contractions(draw):
    """Factors with labels 0..5, and the outputs."""
    factors = []
    for _ in range(draw(st.integers(1, 5))):
        leaf = draw(st.sampled_from(LEAVES))
        factors.append((leaf, tuple(draw(st.lists(st.integers(0, 5), min_size=leaf.order, max_size=leaf.order)))))
    outputs = draw(st.lists(st.integers(0, 5), max_size=3, unique=True))
    return factors, outputs


def value(factors, outputs):
    """The contraction by einsum, broadcasting outputs that no factor has."""
    arguments = []
    for leaf, labels in factors:
        arguments += [ARRAYS[leaf.name] if hasattr(leaf, "name") else np.eye(3), list(labels)]
    for label in outputs:
        arguments += [np.ones(3), [label]]
    return np.einsum(*arguments, outputs)


@settings(max_examples=300, deadline=None)
@given(contractions(), st.randoms(use_true_random=False))
def test_order_and_names_of_indices_do_not_matter(drawn, random):
    factors, outputs = drawn
    used = {label for _, labels in factors for label in labels} | set(outputs)
    sizes = dict.fromkeys(used, N)
    expression = contract(factors, outputs, sizes)
    assert np.allclose(evaluate(expression, ARRAYS, SIZES), value(factors, outputs))
    renamed = list(range(10, 16))
    random.shuffle(renamed)
    shuffled = [(leaf, tuple(renamed[label] for label in labels)) for leaf, labels in factors]
    random.shuffle(shuffled)
    turned = [
        (leaf, labels[::-1] if leaf.order == 2 and "symmetric" in getattr(leaf, "attributes", ()) else labels)
        for leaf, labels in shuffled
    ]
    again = contract(turned, [renamed[label] for label in outputs], {renamed[label]: N for label in used})
    assert again is expression


@settings(max_examples=100, deadline=None)
@given(contractions())
def test_a_contraction_of_parts_is_the_contraction_of_the_whole(drawn):
    factors, outputs = drawn
    used = {label for _, labels in factors for label in labels} | set(outputs)
    whole = contract(factors, outputs, dict.fromkeys(used, N))
    half, rest = factors[: len(factors) // 2], factors[len(factors) // 2 :]
    inside = {label for _, labels in half for label in labels}
    shared = sorted(inside & ({label for _, labels in rest for label in labels} | set(outputs)))
    if not half:
        return
    part = contract(half, shared, dict.fromkeys(inside, N))
    joined = contract([(part, tuple(shared)), *rest], outputs, dict.fromkeys(used - (inside - set(shared)), N))
    assert np.allclose(evaluate(joined, ARRAYS, SIZES), value(factors, outputs))
    assert joined is whole


@settings(max_examples=100, deadline=None)
@given(contractions(), contractions(), st.integers(-3, 3))
def test_simplifying_keeps_the_value(first, second, coefficient):
    terms = []
    for factors, outputs in (first, second):
        used = {label for _, labels in factors for label in labels} | set(outputs[:2])
        terms.append(contract(factors, outputs[:2], dict.fromkeys(used, N)))
    if terms[0].order != terms[1].order:
        return
    expression = algebra.map_(
        "log1p", [algebra.map_("exp", [algebra.total(terms[0], algebra.scaled(terms[1], coefficient))])]
    )
    expected = evaluate(expression, ARRAYS, SIZES)
    simplified = simplify(expression)
    actual = evaluate(simplified, ARRAYS, SIZES)
    finite = np.isfinite(expected)  # exp overflows, softplus does not
    assert np.allclose(np.where(finite, actual, 0), np.where(finite, expected, 0))
    assert not any(simplify(e) is not e for e in topological(simplified)), "a second simplification changes nothing"


@pytest.mark.parametrize("repeats", [2, 3, 4])
def test_repeated_components_have_one_form(repeats):
    x = symbol("x", (N,))
    total = algebra.sum_over(x)
    power = algebra.number(1)
    for _ in range(repeats):
        power = algebra.product(power, total)
    assert power is algebra.power(total, repeats)
    assert np.isclose(evaluate(power, ARRAYS, SIZES), ARRAYS["x"].sum() ** repeats)
