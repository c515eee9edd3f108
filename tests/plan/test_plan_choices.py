"""Other forms of a program: the identities are true, and are used where they save operations."""

from __future__ import annotations

import random

import numpy as np
import pytest

import matgrad as mg
from matgrad.compiler.kernel.cost import cost
from matgrad.compiler.kernel.program import Program, Routine
from matgrad.compiler.plan import plan
from matgrad.compiler.plan.guess import Guess
from matgrad.compiler.plan.identities import identities, other_forms
from matgrad.compiler.tensor.expr import topological
from tests.rules.checker import equal_values, instance, side

from .checking import planned_right

RULES = identities().rules
SMALL = {"m": 5, "n": 7, "k": 3, "q": 2}


@pytest.mark.parametrize("name", RULES)
def test_identities_are_true_and_found(name: str) -> None:
    rule = RULES[name]
    bound, sizes = instance(rule, ())
    left, right = side(rule.left, bound), side(rule.right, bound)
    assert equal_values(left, right, bound, sizes)
    found = [other for e in topological(left) for other, _ in other_forms(e, Guess(dict.fromkeys(sizes, 3)))]
    assert found
    assert any(equal_values(left, e, bound, sizes) for e in found if e.shape == left.shape)


def planned(parameters: str, text: str, *variables: str, **sizes: int) -> Program:
    """The program for these sizes; its values are compared for small ones."""
    function = mg.function(f"fn f({parameters}) = {text}")
    definition = (function.value_and_grad(*variables) if variables else function).definition()
    rng = np.random.default_rng(3)
    arrays = {}
    for p in definition.parameters:
        value = np.asarray(rng.normal(size=[d.evaluate(SMALL) for d in p.shape]))
        if "posdef" in p.attributes:
            value = value @ value.T + np.eye(len(value))
        if "symmetric" in p.attributes:
            value = value + value.T
        if "diagonal" in p.attributes:
            value = np.diag(np.diag(value))
        if "positive" in p.attributes:
            value = np.abs(value) + 0.5
        if "upper" in p.attributes:
            value = np.triu(value) + 2 * np.eye(len(value))
        arrays[p.name] = value
    planned_right(definition.results, definition.parameters, arrays, SMALL, sizes)
    return plan(definition.results, definition.parameters, sizes)


# Parameters, expression, variables, sizes, millions of operations at most.
CASES = {
    "diagonal weights": (
        "W: posdef diagonal matrix[n, n], A: matrix[m, n], b: vector[m], c: vector[n]", "W*(A'*inv(A*W*A')*b - c)", "",
        {"m": 200, "n": 400}, 19.1),
    "covariance form": (
        "X: matrix[n, k], B: posdef matrix[n, n], R: posdef matrix[n, n], H: matrix[n, n], Y: matrix[n, k]",
        "X + inv(inv(B) + H'*inv(R)*H)*(Y - H*X)", "", {"n": 300, "k": 30}, 110.1),
    "block update": (
        "S: matrix[n, q], A: posdef matrix[n, n], X: symmetric matrix[n, n]",
        "S*inv(S'*A*S)*S' + (I - S*inv(S'*A*S)*S'*A)*X*(I - A*S*inv(S'*A*S)*S')", "", {"n": 500, "q": 50}, 113),
    "thin correction of the identity": (
        "A: matrix[m, n], W: matrix[m, q], l: positive scalar", "(1/l)*(I - A'*W*inv(l*I + W'*A*A'*W)*W'*A)", "",
        {"m": 200, "n": 800, "q": 100}, 113),
    "push-through, wide": ("A: matrix[m, n], b: vector[m], a: positive scalar", "inv(A'*A + a*I)*A'*b", "",
                           {"m": 250, "n": 1250}, 85.2),
    "push-through, tall": ("A: matrix[m, n], b: vector[m], a: positive scalar", "inv(A'*A + a*I)*A'*b", "",
                           {"m": 1250, "n": 250}, 84.5),
    "projection": (
        "S: matrix[n, q], A: matrix[m, n], W: posdef matrix[m, m]", "S*inv(S'*A'*W*A*S)*S'", "",
        {"m": 400, "n": 500, "q": 50}, 43.95),
    "weighted least squares": (
        "x: vector[n], A: matrix[m, n], P: posdef matrix[m, m], Q: posdef matrix[n, n], b: vector[m]",
        "x + inv(A'*P*A + Q)*A'*P*(b - A*x)", "", {"m": 400, "n": 200}, 67.8),
    "gain": (
        "x: vector[n], A: matrix[m, n], C: posdef matrix[m, m], D: posdef matrix[n, n], y: vector[m]",
        "inv(A'*inv(C)*A + inv(D))*A'*inv(C)*(y - A*x) + x", "", {"m": 200, "n": 400}, 67.9),
    "pinv-trace": (
        "X: matrix[q, n], C: matrix[n, k], B: symmetric matrix[n, n]",
        "tr(inv(X*C*C'*X')*X*C*C'*B*C*C'*X'*inv(X*C*C'*X'))", "X", {"q": 40, "n": 300, "k": 80}, 18.6),
    "woodbury": ("d: positive vector[n], U: matrix[n, k], b: vector[n]", "inv(diag(d) + U*U')*b", "",
                 {"n": 1000, "k": 10}, 0.4),
    "woodbury, identity": ("a: positive scalar, U: matrix[n, k], b: vector[n]", "b'*inv(a*I + U*U')*b", "a U",
                           {"n": 1000, "k": 10}, 0.4),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_operations(case: str) -> None:
    parameters, text, variables, sizes, millions = CASES[case]
    program = planned(parameters, text, *variables.split(), **sizes)
    assert cost(program).evaluate(**sizes) <= millions * 1e6, str(program)


@pytest.mark.parametrize("text", ["A*B + C*C'", "C'*C - B*A", "A*B + C*S*C'", "L*A + C'*C + B*A", "A + C*C' + A*B"])
def test_one_triangle_adds_to_nothing_that_is_not_symmetric(text: str) -> None:
    parameters = ", ".join(f"{name}: matrix[n, n]" for name in "ABC")
    f = mg.function(f"fn f({parameters}, S: symmetric matrix[n, n], L: lower matrix[n, n]) = {text}")
    rng = np.random.default_rng(0)
    values = {name: rng.normal(size=(70, 70)) for name in "ABCSL"}
    values["S"] += values["S"].T
    values["L"] = np.tril(values["L"])
    transposed = {f"{name}_": value.T for name, value in values.items()}
    expected = eval(text.replace("'", "_").replace("*", "@"), values | transposed)
    np.testing.assert_allclose(f(*(values[name] for name in "ABCSL")), expected, rtol=1e-9, atol=1e-9)


def routines(program: Program) -> list[str]:
    return [step.name for step in program.flat() if isinstance(step, Routine)]


def test_a_symmetric_product_is_made_by_half() -> None:
    program = planned("S: symmetric matrix[m, m], A: matrix[m, n]", "A'*S*A", m=200, n=400)
    assert routines(program) == ["gemm", "gemmt"]


def test_a_symmetric_sum_is_a_product_and_its_transpose() -> None:
    parameters = "Z: matrix[n, k], Y: matrix[n, k], K: symmetric matrix[k, k]"
    program = planned(parameters, "Z*Y' + Y*Z' + Z*K*Z'", n=500, k=50)
    assert cost(program).evaluate(n=500, k=50) <= 2 * 500 * 500 * 50 + 2 * 500 * 50 * 50 + 4 * 500 * 500


@pytest.mark.parametrize("text", ["inv(S)*B", "inv(S)*v", "(tr(inv(S)), inv(S)*v, B'*inv(S))", "(inv(S), inv(S)*B)"])
def test_nothing_is_multiplied_by_an_inverse(text: str) -> None:
    program = planned("S: posdef matrix[n, n], B: matrix[n, k], v: vector[n]", text, n=100, k=300)
    assert not {"gemm", "symv", "gemv"} & set(routines(program)), str(program)


def test_a_symmetric_matrix_between_others_is_read_as_two_triangles() -> None:
    program = planned("S: symmetric matrix[m, m], A: matrix[m, n]", "A'*S*A", m=400, n=200)
    assert routines(program) == ["trmm_lower", "syr2k"]


PARAMETERS = (
    "A: matrix[m, n], B: matrix[m, n], U: matrix[n, k], R: posdef matrix[m, m], Q: posdef matrix[n, n], "
    "S: symmetric matrix[n, n], a: positive scalar, v: vector[n], w: vector[m], d: positive vector[n]"
)


@pytest.mark.parametrize("seed", range(60))
def test_random_programs_of_this_kind(seed: int) -> None:
    g = random.Random(seed)
    outer = g.choice(["A", "B*S", "U'", "A*Q", "R*A"])
    rows = "k" if outer == "U'" else "m"
    inner = "" if rows == "k" else g.choice(["", "R*", "inv(R)*"])
    rest = g.choice(["Q", "inv(Q)", "a*I", "diag(d)", "(Q + a*I)"])
    inverse = f"inv(({outer})'*{inner}{outer} + {rest})"
    one = g.choice(["v", f"({outer})'*{inner}{outer}*v", "U*U'*v", "S*(v - Q*v)"])
    text = g.choice([
        f"v'*{inverse}*{one}",
        f"sum(tanh({inverse}*{one}))",
        f"tr({inverse}*S) + v'*{inverse}*{one}",
        f"tr((I - U*U')*S*(I - U*U')) + v'*{inverse}*{one}",
        f"tr(A'*R*A*S*A'*R*A) + logdet(({outer})'*{inner}{outer} + {rest})",
        f"sum(tanh(A*(S - {inverse})*(S - {inverse})'*A'))",
    ])  # fmt: skip
    sizes = g.choice([{"m": 300, "n": 40, "k": 10}, {"m": 30, "n": 400, "k": 5}, {"m": 200, "n": 200, "k": 200}])
    planned(PARAMETERS, text, *g.sample(["A", "U", "v", "a"], seed % 3), **sizes)


def test_programs_of_many_contractions_are_planned_in_bounded_work() -> None:
    layers = " + ".join(f"inv(A{i}'*A{i} + a*I)*A{i}'*b" for i in range(12))
    parameters = ", ".join(f"A{i}: matrix[m, n]" for i in range(12))
    program = planned(f"{parameters}, b: vector[m], a: positive scalar", layers, m=20, n=400)
    assert cost(program).evaluate(m=20, n=400) > 0
