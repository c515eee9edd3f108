"""Every line of derivations is right: of the examples, of all functions, of random expressions."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import matgrad as mg
from matgrad.compiler.calculus.derive import Derivation, derive
from matgrad.compiler.explain import Explanation
from matgrad.compiler.explain.derivation import derived
from matgrad.compiler.language.builtins import reserved
from matgrad.compiler.language.definition import Definition
from matgrad.compiler.tensor.expr import symbols
from tests.explain.checker import NoPoint, check
from tests.printer.random_expressions import PARAMETERS, M, N, expressions

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.mg"))
LISTED = [
    ("tr(A*B)", "A"),
    ("tr(A*B*A'*C)", "A"),
    ("log(det(X))", "X"),
    ("norm2(X*w - y)^2", "w"),
    ("sum(log(1 + exp(-y .* (X*w)))) + lam/2 * w'*w", "w"),
    ("x'*A*x/(x'*x)", "x"),
    ("inv(A)", "A"),
    ("A*B", "A"),
]
ELEMENTWISE = (
    "exp expm1 log log1p sqrt abs sign square sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh sigmoid "
    "softplus relu erf erfc normcdf normpdf lgamma digamma trigamma floor ceil"
)
FUNCTIONS = [
    *(
        f"{name}(X)"
        for name in [
            "det",
            "logabsdet",
            "pinv",
            "adj",
            "chol",
            "expm",
            "eigvals",
            "eigmax",
            "eigmin",
            "svdvals",
            "normfro",
            "normnuc",
        ]
    ),
    *(
        f"{name}(X)"
        for name in [
            "norm1",
            "norm2",
            "norminf",
            "diag",
            "triu",
            "vec",
            "max",
            "min",
            "prod",
            "mean",
            "logsumexp",
            "inv",
            "sum",
        ]
    ),
    *(
        f"{name}(x)"
        for name in [
            "norm1",
            "norm2",
            "norminf",
            "diag",
            "max",
            "prod",
            "softmax",
            "logsoftmax",
            "var",
            "cumsum",
            "logsumexp",
        ]
    ),
    *("logm(X*X' + I)", "sqrtm(X*X' + I)", "tril(X*A)", "kron(X, Y)", "kron(Y, X)", "sum(max(X, 1))", "max(X, 2)"),
    *("logsumexp(X, 1)", "sum(logsumexp(X, 2))", "softmax(X, 2)", "logsoftmax(X, 1)", "mean(X, 1)", "transpose(X)*A"),
    *("max(x, y)", "sum(min(x, 2))", "sum(atan2(x, y))", "sum(atan2(y, x))", "sum(xlogy(x.^2 + 1, x.^2 + 2))"),
    *("sum(where(x > y, x.^2, y))", "sum(clip(x, -1, 1))", "sum(huber(x, 0.5))", "sum(polygamma(2, x.^2 + 1))"),
    *(
        "outer(x, y)",
        "inner(X, B)",
        "cross(x, y) where x: vector[3], y: vector[3]",
        "unvec(x, 2, 3) where x: vector[6]",
    ),
    *("tr(X*A)", "logdet(X*X' + I)", "x + eye(n)*x where x: vector[n]", "ones(m)*x' + A where A: matrix[m, n]"),
    *("x'*(zeros(m, n) + A)*y where A: matrix[m, n]", "jvp(X*A, X, X)", "vjp(X*A, A, X)", "hvp(X[0, 0]*x'*A*x, x, x)"),
    *("normcdf(x)", "hess(tr(X*A)*x'*A*x, x)", "jac(X*x, x)*x", "triu(X*A)"),
]
FORMS = [
    *(("[A, B; C, D]", "A"), ("x[1:3] where x: vector[5]", "x"), ("A[:, 1]", "A"), ("A[0, 1]", "A"), ("X \\ y", "X")),
    *(("X \\ y", "y"), ("A/B", "B"), ("A^3", "A"), ("A^-2", "A"), ("s^t", "s"), ("s^t", "t"), ("x.^y", "y")),
    *(("x.^3", "x"), ("2*x", "x"), ("x", "x"), ("y'*y", "y"), ("A : B", "A"), ("A*X'*B", "X"), ("X'*X", "X")),
    *(("exp(A)", "A"), ("diag(x)*A", "x"), ("A*x", "A"), ("x*x'", "x"), ("X*A*X", "X"), ("x'*x*A", "x")),
    *(("x'*y*A", "A"), ("tr(A)*B", "A"), ("sum(A, 1)*x", "A"), ("sum((A*x) .* (B*x))", "x"), ("tanh(A*x)", "x")),
    *(
        ("T*x where T: tensor[a, b, c], x: vector[c]", "T"),
        ("sum(exp(T*x)) where T: tensor[a, b, c], x: vector[c]", "T"),
    ),
    *(("x'*A*x where A: symmetric matrix[n, n]", "A"), ("logdet(P) where P: posdef matrix[n, n]", "P")),
    *(("tr(D*A) where D: diagonal matrix[n, n]", "D"), ("tr(L*A) where L: lower matrix[n, n]", "L")),
    *(("tr(U*A) where U: upper matrix[m, n]", "U"), ("inv(S) where S: symmetric matrix[n, n]", "S")),
    *(("L*A where L: lower matrix[n, n]", "L"), ("tr(Q*A) where Q: orthogonal matrix[n, n]", "Q")),
    *(("grad(x'*A*x, x)", "A"), ("{ u = A*x; v = exp(u); sum(u .* v) }", "x"), ("df*f where df: scalar", "f")),
    *(("{ u = x.^2; grad(sum(u .* x), u)'*x }", "x"), ("x'*dx", "x")),
    ("tr(inv(X*C*C'*X')*X*C*C'*B*C*C'*X'*inv(X*C*C'*X'))", "X"),
]
OTHERS = [
    *[(text, "x", op) for text in ("x'*A*x", "sum(exp(A*x))", "norm2(x)", "logsumexp(A*x)") for op in ("hess", "hvp")],
    *[(text, "X", op) for text in ("logdet(X)", "tr(inv(X))", "tr(X'*A*X)", "det(X)") for op in ("hess", "hvp")],
    *[
        (text, "A", op)
        for text in ("A*B", "inv(A)", "tr(A*B)", "A*A*x", "chol(A)", "exp(A)*x")
        for op in ("jvp", "vjp")
    ],
    *[("inv(S)*x where S: symmetric matrix[n, n]", "S", op) for op in ("jac", "jvp", "vjp")],
]


def checked(function: mg.Function, variable: str, operation: str = "") -> int:
    """Checks the derivation of the gradient or Jacobian (or of another operation); how many lines."""
    scalar = not function.definition().results[0].order
    derivative = getattr(function, operation or ("grad" if scalar else "jac"))(variable)
    explanation = derivative.explain() if operation else function.explain(variable)
    results = explanation.derived.results
    assert all(a is b for a, b in zip(results, derivative.definition().results, strict=True))
    last = [s for s in explanation.derived.sections if s.title != "With vectors"][-1].steps[-1]
    assert last.expression is results[-1]
    return check(explanation, derivative.definition())


@pytest.mark.parametrize(("text", "variable"), LISTED + FORMS)
def test_expressions(text: str, variable: str) -> None:
    assert checked(mg.function(text), variable) >= 3


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples(path: Path) -> None:
    lines = [checked(function, parameter) for function in mg.load(path) for parameter in function.parameters]
    assert min(lines) >= 3


@pytest.mark.parametrize("name", ELEMENTWISE.split())
def test_elementwise_functions(name: str) -> None:
    shift = " + 1.5" if name in ("acosh",) else ""
    texts = {"x": f"sum({name}(A*x{shift}))", "X": f"{name}(X{shift})", "s": f"{name}(s{shift})"}
    texts["A"] = f"tr({name}(A*Y{shift})) where A: matrix[m, n], Y: matrix[n, m]"
    done = 0
    for variable, text in texts.items():
        try:
            done += checked(mg.function(text), variable)
        except NoPoint:  # the domain of acosh and its like lies outside of what is drawn
            continue
    assert done >= 3


@pytest.mark.parametrize("text", FUNCTIONS)
def test_functions(text: str) -> None:
    function = mg.function(text)
    variable = next(name for name in function.parameters if name in "Xx")
    assert checked(function, variable) >= 3


def test_no_function_is_forgotten() -> None:
    written = " ".join([*FUNCTIONS, *(text for text, _ in LISTED + FORMS), *ELEMENTWISE.split()])
    public = reserved() - {"adjugate"}  # another name of adj
    assert public - set(re.findall(r"[a-z]+[0-9]*[a-z]*", written)) == set()


@pytest.mark.parametrize(("text", "variable", "operation"), OTHERS)
def test_other_operations(text: str, variable: str, operation: str) -> None:
    assert checked(mg.function(text), variable, operation) >= 3


@pytest.mark.parametrize("text", ["jvp(inv(A), A, E)", "vjp(X*w, X, S)", "hvp(x'*A*x + sum(exp(x)), x, u)"])
def test_directions_have_the_names_of_the_text(text: str) -> None:
    f = mg.function(text)
    assert check(f.explain(), f.definition()) >= 3


def test_several_variables() -> None:
    f = mg.function("normfro(T - U*V')^2")
    explanation = f.explain("U", "V")
    assert check(explanation, f.value_and_grad("U", "V").definition()) == len(explanation.steps)
    assert [s.variable for s in explanation.derived.sections] == ["", "U", "U", "V", "V"]


def test_traced_functions() -> None:
    @mg.trace
    def ridge(X, y, w):
        r = X @ w - y
        return r @ r + w @ w

    g = ridge.grad("w")
    assert check(ridge.explain("w"), g.definition()) >= 5


def test_deep_functions() -> None:
    lines = [f"fn g{k}(x: vector[n]) = relu(g{k + 1}(x)) + sin(g{k + 1}(x))" for k in range(6)]
    program = mg.loads("\n".join([*lines, "fn g6(x: vector[n]) = sin(x)", "fn f(x: vector[n]) = sum(g0(x))"]))
    assert checked(program.f, "x") >= 15


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_random_expressions(data: st.DataObject) -> None:
    expression = data.draw(expressions(data.draw(st.sampled_from([(), (), (N,), (M, N)])), 4))
    used = sorted((s for s in symbols(expression) if "integer" not in s.attributes), key=lambda s: s.name)
    assume(used)
    variable = data.draw(st.sampled_from(used))
    definition = Definition("f", tuple(PARAMETERS), (expression,), False)
    second = not expression.order and variable.order < 2 and data.draw(st.booleans())
    derivation = Derivation("hess" if second else "jac" if expression.order else "grad", (variable.name,))
    explanation = Explanation(derived(definition, derivation, {}, "random"))
    try:
        assert check(explanation, derive(definition, derivation)) == len(explanation.steps) + names(explanation)
    except NoPoint:
        assume(False)
    for text in (explanation.text(), explanation.latex(), explanation.markdown(), explanation.html()):
        assert "random" in text


def names(explanation: Explanation) -> int:
    """How many names the derivation gave to parts of the function."""
    return sum(item.shown is not None or bool(item.remark) for item in explanation.derived.objects)


def test_a_wrong_line_is_found() -> None:
    """The checker is no rubber stamp: it refuses a changed expression, a changed text, and a wrong differential."""
    from dataclasses import replace

    f = mg.function("tr(A*B*A'*C)")
    explanation = f.explain("A")
    other = mg.function("tr(A*A'*C)").explain("A")
    for number, section in enumerate(explanation.derived.sections):
        for position, step in enumerate(section.steps):
            wrong = replace(step, shown=other.derived.sections[number].steps[0].shown)
            steps = (*section.steps[:position], wrong, *section.steps[position + 1 :])
            sections = list(explanation.derived.sections)
            sections[number] = replace(section, steps=steps)
            changed = Explanation(replace(explanation.derived, sections=tuple(sections)))
            with pytest.raises((AssertionError, mg.Error)):
                check(changed, f.grad("A").definition())
    assert np.isfinite(check(explanation, f.grad("A").definition()))
