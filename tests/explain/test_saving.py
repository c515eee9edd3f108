"""What `explain --plan` counts: formulas as they are written, programs, and what results share."""

from __future__ import annotations

import numpy as np
import pytest

import matgrad as mg
from matgrad.compiler.explain.counting import Uncounted, count
from matgrad.compiler.explain.shared import memory, needs, shared_steps
from matgrad.compiler.explain.steps import Shown
from matgrad.compiler.kernel.cost import Cost
from matgrad.compiler.kernel.interpret import run
from matgrad.compiler.kernel.program import Loop, Program
from matgrad.grammar.parse import parse_expression
from matgrad.grammar.source import text_source
from matgrad.runtime.compilation import Compilation
from matgrad.runtime.explanation import written_derivative
from matgrad.runtime.saving import saving
from matgrad.runtime.verification.sampling import draw_arguments

TYPES = (
    "A: matrix[m, n], B: matrix[n, p], S: matrix[n, n], Y: matrix[m, n], "
    "x: vector[n], y: vector[m], w: vector[n], s: scalar"
)
OPERATIONS = {
    "A*B": "2*m*n*p",
    "A*B*x[0]": "2*m*n*p + m*p",
    "S*S*x": "2*n^3 + 2*n^2",
    "S*(S*x)": "4*n^2",
    "x'*w": "2*n",
    "y*x'": "m*n",
    "s*A": "m*n",
    "-x": "n",
    "x + w - x": "2*n",
    "A .* Y": "m*n",
    "A : Y": "2*m*n",
    "x/s": "n",
    "exp(A*x)": "2*m*n + m",
    "tr(S*S)": "2*n^3 + n",
    "inv(S)*x": "2*n^3 + 2*n^2",
    "S \\ x": "2/3*n^3 + 2*n^2",
    "A/S": "2*m*n^2 + 2/3*n^3",
    "S^3": "4*n^3",
    "S^-2": "4*n^3",
    "x.^2": "n",
    "logdet(S)": "2/3*n^3",
    "chol(S)": "1/3*n^3",
    "sum(A)": "m*n",
    "norm2(x)": "2*n",
    "diag(x)*S": "2*n^3",
    "2*I + S": "n^2",
    "A'": "0",
    "softmax(x)": "3*n",
    "max(x, w)": "n",
}


def counted(text: str) -> str:
    """The operations of a text as it is written."""
    definition = mg.function(f"fn f({TYPES}) = s").definition()
    names = {p.name: p for p in definition.parameters}
    body = parse_expression(text_source(text)).body.result
    return str(Cost(count([Shown(body)], names, ["m", "n", "p"])))


@pytest.mark.parametrize("text", OPERATIONS)
def test_operations_of_a_formula(text: str) -> None:
    assert counted(text) == OPERATIONS[text]


@pytest.mark.parametrize("text", ["expm(S)", "norm2(A)", "svdvals(A)", "pinv(A)"])
def test_what_iterates_is_not_counted(text: str) -> None:
    with pytest.raises(Uncounted):
        counted(text)


def program(text: str, variable: str) -> tuple[mg.Function, Program]:
    """The joint program of a function and its gradient."""
    function = mg.function(text).value_and_grad(variable)
    return function, Compilation(function.definition()).program({})


JOINT = [
    ("tr(A*B*A'*C)", "A"),
    ("sum(softplus(X*w)) - y'*X*w + lam*w'*w", "w"),
    ("{ S = s*K + I; 0.5*y'*inv(S)*y + 0.5*logdet(S) } where K: psd matrix[n, n], s: positive scalar", "s"),
    ("sum(exp(A*x)) + x'*x", "x"),
    ("normfro(tanh(X*W)*V - Y)^2", "W"),
]


@pytest.mark.parametrize(("text", "variable"), JOINT)
def test_an_output_needs_what_is_said_and_nothing_else(text: str, variable: str) -> None:
    """A program of the needed steps alone gives the same output."""
    function, whole = program(text, variable)
    definition = function.definition()
    sizes = dict(
        zip(sorted({n for p in definition.parameters for d in p.shape for n in d.names}), (5, 3, 4, 2), strict=False)
    )
    arrays = draw_arguments(definition.parameters, sizes, np.random.default_rng(0))
    steps = list(whole.flat())
    given = [arrays[b.name] for b in whole.inputs]
    status, expected = run(whole, given)
    assert status == 0
    for number, output in enumerate(whole.outputs):
        found = needs(steps, output)
        kept = tuple(step for position, step in enumerate(steps) if position in found)
        alone = Program(whole.inputs, whole.outputs, whole.work, kept)
        assert np.allclose(run(alone, given)[1][number], expected[number])
        assert all(not isinstance(step, Loop) or found[p][1] for p, step in enumerate(steps) if p in found)


def test_the_factorization_is_shared() -> None:
    _, joint = program(*JOINT[2])
    texts = [line for shared in shared_steps(joint) for line in shared.lines]
    assert any("cholesky(" in text for text in texts)
    assert not any("out1" in text for text in texts)


def test_what_only_one_result_needs_is_not_shared() -> None:
    _, joint = program("sum(exp(A*x))", "x")
    assert [str(shared.operations) for shared in shared_steps(joint)] == ["2*m*n", "m"]


def test_one_result_shares_nothing() -> None:
    assert shared_steps(Compilation(mg.function("A*x").definition()).program({})) == []


def test_account() -> None:
    f = mg.function("tr(A*B*A'*C)")
    sizes = {"m": 300, "n": 200}
    account = saving(f, "grad", f.explain("A").derived, sizes)
    assert account.sizes == sizes
    assert [str(entry.operations) for entry in account.formulas] == [
        "2*m^3 + 2*m*n^2 + 2*m^2*n + m",
        "4*m^2*n + 4*m*n^2 + m*n",
    ]
    together = account.plans[-1].operations
    assert together.evaluate(**sizes) == f.value_and_grad("A").cost(**sizes)
    assert [e.operations.evaluate(**sizes) for e in account.plans[:2]] == [f.cost(**sizes), f.grad("A").cost(**sizes)]
    assert account.memory == memory(account.program)


def test_rules_with_the_formula_before_and_after() -> None:
    f = mg.function("det(inv(A))*x'*x")
    account = saving(f, "grad", f.explain("x").derived, {})
    (entry,) = [entry for entry in account.rules if entry.what == "det-inverse"]
    assert (str(entry.before), str(entry.operations)) == ("8/3*m^3 + 3*n", "2/3*m^3 + 2*n + 1")


def test_unknown_size_and_function_without_kernel() -> None:
    f = mg.function("tr(A*B)")
    with pytest.raises(mg.ArgumentError, match="there is no size k"):
        saving(f, "grad", f.explain("A").derived, {"k": 3})
    g = mg.function("expm(A)")
    with pytest.raises(mg.Error, match="no kernel of its own"):
        saving(g, "jac", g.explain("A").derived, {})


def test_rules_that_only_write_otherwise_save_nothing() -> None:
    f = mg.function("norm1(x) + x'*x")
    assert saving(f, "grad", f.explain("x").derived, {}).rules == ()


WOODBURY = "y'*inv(U*U' + s*I)*y where U: matrix[m, n], s: positive scalar"


def test_forms_that_the_planner_took() -> None:
    f = mg.function(WOODBURY)
    account = saving(f, "grad", f.explain("U").derived, {"m": 1000, "n": 20})
    first = account.searched.taken[0]
    assert first.what == (("inv(U*U' + s*I)", "(I - U*inv(U'*U + s*I)*U')/s"),)
    sizes = account.sizes
    assert first.before.evaluate(**sizes) > 100 * first.after.evaluate(**sizes)
    assert account.searched.judged >= len(account.searched.taken) >= 1
    assert 0 <= account.searched.left < account.searched.budget
    assert account.plans[-1].operations.evaluate(**sizes) <= account.searched.taken[-1].after.evaluate(**sizes)


def test_a_program_that_is_best_as_it_is_has_no_other_form() -> None:
    f = mg.function("x'*y")
    searched = saving(f, "grad", f.explain("x").derived, {}).searched
    assert (searched.judged, searched.taken, searched.left) == (0, (), searched.budget)


@pytest.mark.parametrize(
    ("text", "operation", "label", "operations"),
    [
        ("hess(logsumexp(A*x), x)", "hess", "hess(f, x)", "2*m^2*n + 2*m*n^2 + 10*m*n + 9*m"),
        ("jvp(inv(A), A, E)", "jvp", "jvp(F, A, E)", "8*m^3 + m^2"),
        ("vjp(X*w, X, S)", "vjp", "vjp(f, X, S)", "m*n"),
        ("hvp(x'*A*x, x, v)", "hvp", "hvp(f, x, v)", "3*m^2"),
    ],
)
def test_account_of_other_operations(text: str, operation: str, label: str, operations: str) -> None:
    """Only the last result counts, and the program is that of the text."""
    f = mg.function(text)
    inner, derivation = written_derivative(f)
    assert derivation.operation == operation
    account = saving(inner, operation, f.explain().derived, {})
    assert account.labels == (label,)
    assert [str(entry.operations) for entry in account.formulas] == [operations]
    assert {b.name for b in account.program.inputs} == set(f.parameters)
    assert [n.whole for n in account.after.nodes if n.kind == "output"] == [label]


def test_account_with_a_sparse_matrix() -> None:
    f = mg.function("sum(exp(W*x)) where W: sparse matrix[m, n], x: vector[n]")
    account = saving(f, "grad", f.explain("x").derived, {"m": 50, "nnz_W": 300})
    assert account.searched.taken == ()
    assert account.sizes == {"m": 50, "n": 100, "nnz_W": 300}
    assert account.plans[-1].operations.evaluate(**account.sizes) < account.formulas[-1].operations.evaluate(
        m=50, n=100
    )
    assert saving(f, "grad", f.explain("x").derived, {}).sizes["nnz_W"] == 1000
    assert [n.whole for n in account.after.nodes if n.kind == "output"] == ["f", "grad(f, x)"]
