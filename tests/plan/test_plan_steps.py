"""What is planned for well-known expressions: the steps, and the number of operations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import matgrad as mg
from matgrad.compiler.kernel.cost import cost
from matgrad.compiler.kernel.program import Loop, Program, Require, Rows, Step
from matgrad.compiler.plan import plan
from matgrad.compiler.tensor.dims import Dim

from .checking import planned_right

SIZES = {"m": 40, "n": 7, "k": 3}


def names(steps: tuple[Step, ...]) -> str:
    """The steps by name; those of a pass over rows in brackets."""
    found = []
    for step in steps:
        if isinstance(step, Rows):
            found.append(f"rows[{names(step.steps)}]")
        elif isinstance(step, Loop):
            found.append("loop")
        else:
            found.append("require" if isinstance(step, Require) else step.name)
    return " ".join(found)


def planned(text: str, *variables: str, **sizes: int) -> Program:
    """The program of a function (or of its value and gradient), planned for the sizes, and right."""
    function = mg.function(text)
    definition = (function.value_and_grad(*variables) if variables else function).definition()
    random = np.random.default_rng(7)
    arrays = {}
    for p in definition.parameters:
        value = random.normal(size=[d.evaluate(SIZES) for d in p.shape])
        if "posdef" in p.attributes:
            value = value @ value.T + np.eye(len(value))
        if "symmetric" in p.attributes:
            value = value + value.T
        if "positive" in p.attributes:
            value = np.abs(value) + 0.5
        if "lower" in p.attributes:
            value = np.tril(value) + 3 * np.eye(len(value))
        if "diagonal" in p.attributes:
            value = np.diag(np.diag(value))
        arrays[p.name] = value
    planned_right(definition.results, definition.parameters, arrays, SIZES, sizes or SIZES)
    return plan(definition.results, definition.parameters, sizes or SIZES)


DATA = "X: matrix[m, n], y: vector[m], w: vector[n]"


def cases() -> dict[str, list[str]]:
    """The cases of `steps.txt` by name: the function, the variables, the steps, the operations."""
    found = {}
    for block in (Path(__file__).parent / "steps.txt").read_text().split("case: ")[1:]:
        name, text, *lines = block.strip().splitlines()
        fields = dict(line.split(": ", 1) for line in lines)
        found[name] = [text, fields.get("gradient", ""), fields["steps"], fields["cost"]]
    return found


CASES = cases()


@pytest.mark.parametrize("case", CASES)
def test_steps(case: str) -> None:
    text, variables, steps, operations = CASES[case]
    program = planned(text, *variables.split())
    assert names(program.steps) == steps, str(program)
    assert str(cost(program)) == operations, str(program)


def test_large_data_are_read_once() -> None:
    program = planned(f"fn f({DATA}) = sum(log(1 + exp(-y .* (X*w))))", "w", m=2000, n=1000)
    assert names(program.steps) == "rows[gemv loop gemv]", str(program)
    (rows,) = program.steps
    assert isinstance(rows, Rows)
    assert {b.name for b in program.work} == rows.local


def test_sums_are_multiplied_out_where_that_is_cheaper() -> None:
    text = "fn f(A: matrix[n, n], H: matrix[m, n], x: vector[n]) = (A - H'*H)*x"
    assert names(planned(text, m=300, n=300).steps) == "gemv rows[gemv gemv]"
    assert names(planned(text, m=1, n=300).steps) == "gemv gemv gemv"
    assert names(planned(text.replace("H'*H", "H'*H .* A"), m=300, n=300).steps) == "syrk rows[loop gemv]"


def test_softmax_computes_exponentials_once() -> None:
    program = planned("fn f(X: matrix[m, n]) = sum(softmax(X, 2) .* X)", "X")
    exponentials = [op for step in program.flat() if isinstance(step, Loop) for op in step.ops if op.function == "exp"]
    assert len(exponentials) == 1, str(program)


def test_attention_computes_exponentials_once_and_goes_through_arrays_in_one_direction() -> None:
    text = "fn f(Q: matrix[m, n], K: matrix[m, n], V: matrix[m, k]) = normfro(softmax(Q*K'/sqrt(n), 2)*V)^2"
    program = planned(text, "Q", "K", "V", m=300, n=20, k=15)
    loops = [step for step in program.flat() if isinstance(step, Loop)]
    assert sum(op.function == "exp" for loop in loops for op in loop.ops) == 1, str(program)
    for loop in loops:
        accesses = [(a.view, a.labels) for a in loop.loads] + [(s.view, s.labels) for s in loop.stores]
        inner = {labels[view.strides.index(Dim.of(1))] for view, labels in accesses if len(labels) > 1}
        assert len(inner) <= 1, str(program)


def test_what_is_added_to_the_same_elements_is_added_at_once() -> None:
    program = planned("fn f(x: vector[n]) = sum(100*(x[1:n] - x[0:n-1].^2).^2 + (1 - x[0:n-1]).^2)", "x")
    assert names(program.steps) == "loop fill loop loop", str(program)


def test_backpropagation_shares_the_products_of_later_layers() -> None:
    layers = "H1 = tanh(X*U); H2 = tanh(H1*V); H3 = tanh(H2*W); normfro(H3)^2"
    program = planned(
        f"fn f(X: matrix[m, n], U: matrix[n, n], V: matrix[n, n], W: matrix[n, n]) = {{ {layers} }}", "U", "V", "W"
    )
    assert names(program.steps).count("gemm") == 3 + 3 + 2, str(program)


def test_no_matrix_is_made_for_an_elementwise_reduction() -> None:
    text = "fn f(X: matrix[m, n], y: vector[m], w: vector[n]) = sum(exp(-abs(X .* (y*w'))))"
    program = planned(text, m=5000, n=700)
    assert names(program.steps) == "loop"
    assert not program.work
    # Short rows are put together for the exponentials, some rows at a time.
    program = planned(text, m=50000, n=7)
    (step,) = program.steps
    assert names(program.steps) == "rows[loop loop]" and isinstance(step, Rows)
    assert step.local == {buffer.name for buffer in program.work}


def test_indicators_win_over_infinity() -> None:
    definition = mg.function("fn f(x: vector[n], A: matrix[n, n]) = A*where(x > 0, 1 ./ x, 0)").definition()
    arrays = {"x": np.array([0.0, 1.0, 2.0]), "A": np.ones((3, 3))}
    planned_right(definition.results, definition.parameters, arrays, {"n": 3}, None)


def test_arguments_may_have_the_names_of_buffers() -> None:
    text = "fn f(t1: matrix[out0, n], out1: vector[n], t2: vector[out0]) = t2'*t1*out1 + sum(t1*out1)"
    definition = mg.function(text).definition()
    arrays = {"t1": np.arange(6.0).reshape(2, 3), "out1": np.ones(3), "t2": np.ones(2)}
    program = planned_right(definition.results, definition.parameters, arrays, {"out0": 2, "n": 3}, None)
    names = [b.name for b in (*program.inputs, *program.outputs, *program.work)]
    assert len(set(names) | {"out0"}) == len(names) + 1


def test_no_results_and_results_that_are_arguments() -> None:
    definition = mg.function("fn f(x: vector[n], A: matrix[n, n]) = (x, x, A', 3, zeros(n, n), x)").definition()
    arrays = {"x": np.arange(3.0), "A": np.arange(9.0).reshape(3, 3)}
    planned_right(definition.results, definition.parameters, arrays, {"n": 3}, None)
    assert plan([], definition.parameters).steps == ()
