"""What is printed parses again, with equal values."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from matgrad.compiler.calculus import differentiate
from matgrad.compiler.language.definition import elaborate, free_names
from matgrad.compiler.printing import printer
from matgrad.compiler.tensor.evaluate import evaluate, size_names
from matgrad.compiler.tensor.expr import Expr, symbols
from matgrad.grammar.parse import parse_expression
from matgrad.grammar.source import text_source

from .language import SIZES, equal, read
from .random_expressions import ONE, PARAMETERS, M, N, expressions


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(expressions())
def test_the_full_text_means_the_same(expression: Expr) -> None:
    text = printer.function_text("f", PARAMETERS, [expression], False)
    assert equal(PARAMETERS, read(text).results[0], expression), text


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_jacobians_mean_the_same(data: st.DataObject) -> None:
    shape = data.draw(st.sampled_from([(N,), (M, N), (N, N), (ONE, N)]))
    function = data.draw(expressions(shape, 2))
    by = {s for s in symbols(function) if s.order}
    assume(by)
    variable = data.draw(st.sampled_from(sorted(by, key=lambda s: s.name)))
    jacobian = differentiate.jacobian(function, variable)
    text = printer.function_text("f", PARAMETERS, [jacobian], False)
    assert equal(PARAMETERS, read(text).results[0], jacobian), text


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(expressions())
def test_a_text_without_sizes_needs_no_types(expression: Expr) -> None:
    used = {s.name: s for s in symbols(expression)}
    if printer.needs_sizes(expression) or used.keys() & {"a", "c"}:  # rows and columns are so by their types
        return
    source = text_source(printer.text(expression))
    function = parse_expression(source)
    names = free_names(function, {})
    assert used.keys() == set(names)
    again = elaborate(function, source, {}, {name: used[name].order for name in names}, names)
    generator = np.random.default_rng(2)
    arrays = {name: generator.uniform(0.2, 1.5, [d.evaluate(SIZES) for d in used[name].shape]) for name in names}
    sizes = size_names(list(again.parameters), arrays)
    values = evaluate(again.results[0], arrays, sizes), evaluate(expression, arrays, SIZES)
    assert "S" in names or np.allclose(*values, rtol=1e-8, atol=1e-10, equal_nan=True), source.text
