"""Golden texts: what is well written is printed as it was, and other forms become the expert's."""

from __future__ import annotations

import pytest

import matgrad as mg
from matgrad.compiler.printing import printer
from matgrad.compiler.tensor import algebra
from matgrad.compiler.tensor.dims import Dim
from matgrad.compiler.tensor.expr import Expr, symbol

from .language import definition, equal, expression, read

UNCHANGED = [
    # Products and traces.
    "2*X'*(X*w - y) + 2*lam*w",
    "C'*A*B' + C*A*B",
    "-inv(A)'*B*inv(A)'",
    "tr(A*B*A'*C)",
    "tr(A'*B)",
    "tr(S*X'*Y)",
    "tr(A*B*C)",
    "tr(inv(S)*A)",
    "tr(A)*B",
    "x'*A*w",
    "w'*inv(S)*x",
    "x'*x",
    "w'*x + 1",
    "(w'*x)*A*x",
    "A*x*w'*B",
    "x*w'",
    "A \\ x",
    "A \\ B",
    "2*(A \\ x)",
    "det(A)*inv(A)'",
    "lam*s^2",
    "x/(x'*x)",
    "A/(x'*x)",
    "1/s",
    "x/3",
    "0.3*w + x/7",
    "0.5*(A + A')",
    "-A*x",
    "-w - x",
    # Element by element.
    "X'*(sigmoid(X*w) - y)",
    "diag(y .* (1 - y))",
    "X'*diag(y)*X",
    "diag(y)*X*diag(w)",
    "X'*(y .* z)",
    "sum((X*w - y).^2)",
    "mean((X*w - y).^2)",
    "mean((x - mean(x)).^2)",
    "x'*(A .* B)*w",
    "X ./ y",
    "1 ./ x.^2",
    "x.^3",
    "x.^1.5",
    "x .^ w",
    "s^lam",
    "X .* Y ./ exp(X)",
    "X'*where(X*w > 0, 1, 0)",
    "where(x > w, exp(x), 0)",
    "where(x <= 0, 1, 0)",
    "max(1, A)",
    "exp(x - w')",
    "clip(x, -1, 1)",
    # Reductions.
    "sum(A)",
    "sum(A, 2)",
    "sum(A, 1)",
    "sum(A, 1)'",
    "sum(A.^2)",
    "sum(A .* B .* C)",
    "sum(A*x)",
    "X - mean(X, 1)",
    "X - mean(X, 2)",
    "X - max(X, 2)",
    "max(X, 1)",
    "norm1(A)",
    "norminf(A)",
    "norminf(x)",
    "norm2(x)",
    "softmax(x)",
    "softmax(X, 2)",
    "softmax(X, 1)",
    "logsoftmax(x)",
    "logsoftmax(X, 2)",
    "logsumexp(X, 2)",
    "cumsum(A*x)",
    "cumsum(A, 1)",
    "cumsum(A, 2)",
    # Identities, triangles, rows, blocks, slices.
    "A + I",
    "I - A",
    "A - lam*I",
    "2*eye(n)",
    "x*ones(m)'",
    "ones(m, n)",
    "tril(A)",
    "triu(A, 1)",
    "tril(A, -1)*x",
    "diag(A)",
    "diag(x)",
    "x'",
    "x'*A",
    "a*A",
    "A*a'",
    "a.^2",
    "[x; s; w]",
    "[A, x; x', s]",
    "x[1:3]",
    "x[-1]",
    "x[k]",
    "A[1, :]",
    "A[:, 1:]",
    "A[0, 2]*x",
    "vec(A*B)",
    "kron(A, B)",
    "kron(x, w)",
    "cross(x[:3], w[:3])",
    # Matrix functions that take the symmetric part.
    "eigvals(A)",
    "chol(S)",
    "eigmax(A*B)",
]


@pytest.mark.parametrize("text", UNCHANGED)
def test_well_written(text: str) -> None:
    assert printer.text(expression(text)) == text


REWRITTEN = {
    "(X*w - y)'*(X*w - y)": "sum((X*w - y).^2)",
    "-2*X'*(y - X*w)": "2*X'*(X*w - y)",
    "(A'*w)'": "w'*A",
    "inv(A)*x": "A \\ x",
    "sum(x)/n": "mean(x)",
    "sum(X, 1)/m": "mean(X, 1)",
    "ones(n) - x": "1 - x",
    "A + ones(n)*x'": "A + x'",
    "eye(n) - A": "I - A",
    "x .* ones(n)": "x",
    "diag(x)*ones(n)": "x",
    "exp(x - logsumexp(x))": "softmax(x)",
    "x - logsumexp(x)": "logsoftmax(x)",
    "tr(x*w')": "w'*x",
    "where(x > w, x, 0) + where(x > w, 0, w)": "where(x > w, x, w)",
    "eye(n)[0:2, :]*x": "x[:2]",
    "A*B : C": "tr(A*B*C')",
    "kron(A, B)*vec(C)": "vec(B*C*A')",
    "2*(x + w)": "2*w + 2*x",
    "0.5*x + 0.5*w": "0.5*(w + x)",
    "zeros(n)": "zeros(n)",
    "x - x": "zeros(n)",
    "lam - lam": "0",
}


@pytest.mark.parametrize("text", REWRITTEN)
def test_rewritten(text: str) -> None:
    assert printer.text(expression(text)) == REWRITTEN[text]


JACOBIANS = {
    ("A*B", "A"): "J[i,j,k,l] = delta(i,k)*B[l,j]",
    ("A*B*C", "A"): "J[i,j,k,l] = delta(i,k)*(B*C)[l,j]",
    ("A*B*C", "B"): "J[i,j,k,l] = A[i,k]*C[l,j]",
    ("inv(A)", "A"): "J[i,j,k,l] = -inv(A)[i,k]*inv(A)[l,j]",
    ("exp(A*x)", "A"): "J[i,j,k] = delta(i,j)*x[k]*exp(A*x)[i]",
    ("diag(x)", "x"): "J[i,j,k] = delta(i,j)*delta(i,k)",
    ("A'", "A"): "J[i,j,k,l] = delta(i,l)*delta(j,k)",
    ("softmax(x)", "x"): "diag(softmax(x)) - softmax(x)*softmax(x)'",
}


@pytest.mark.parametrize(("function", "variable"), JACOBIANS)
def test_index_notation(function: str, variable: str) -> None:
    assert printer.text(expression(f"jac({function}, {variable})")) == JACOBIANS[function, variable]


@pytest.mark.parametrize("text", ["2*T", "exp(T)", "X'*T", "X : T", "exp(2*T)", "lam*(X : T)"])
def test_tensors_without_indices(text: str) -> None:
    assert printer.text(expression(text)) == text


def test_part_of_a_larger_expression_in_index_notation() -> None:
    text = "{ P[i,j] = A[i,q]*x[q]*B[q,j]*C[q,l]*w[l]; P + A }"
    assert printer.text(expression(text)) == "A*diag(x .* (C*w))*B + A"
    tensor = "{ P[i,j] = T[i,j,l]*T[i,j,q]*s; 2*P .* X }"
    assert printer.text(expression(tensor)) == "{ T1[i,j] = s*X[i,j]*T[i,j,k]*T[i,j,l]; 2*T1 }"


def test_full_function() -> None:
    made = definition("{ r = X*w - y; (r'*r, ones(m)) }")
    assert printer.function_text("both", made.parameters[:3], made.results, True) == (
        "fn both(X: matrix[m, n], Y: matrix[m, n], A: matrix[n, n]) = (sum((X*w - y).^2), ones(m))"
    )
    jacobian = read("fn f(A: matrix[m, n], B: matrix[n, p]) = jac(A*B, A)")
    assert printer.function_text("f", jacobian.parameters, jacobian.results, False) == (
        "fn f(A: matrix[m, n], B: matrix[n, p]) = {\n    J[i,j,k,l]: tensor[m, p, m, n] = delta(i,k)*B[l,j]\n    J\n}"
    )
    structured = read("fn f(x: nonneg vector[n], S: sparse symmetric matrix[2*n, 2*n]) = x")
    assert printer.function_text("f", structured.parameters, structured.results, False) == (
        "fn f(x: nonneg vector[n], S: sparse symmetric matrix[2*n, 2*n]) = x"
    )


@pytest.mark.parametrize("text", ["diag(A)", "grad(sum(diag(A).^3), A)", "diag(diag(A))*diag(A)"])
def test_diagonal_of_a_rectangular_matrix(text: str) -> None:
    made = read(f"fn f(A: matrix[m, n], y: vector[m]) = {text}")
    again = printer.function_text("f", made.parameters, made.results, False)
    assert equal(made.parameters, read(again).results[0], made.results[0]), again


def test_sizes() -> None:
    assert not printer.needs_sizes(expression("A + I"))
    assert not printer.needs_sizes(expression("mean(x)"))
    assert not printer.needs_sizes(expression("x[2]"))
    assert printer.needs_sizes(expression("x[k]"))  # an integer
    assert printer.needs_sizes(expression("a*x"))  # a row: matrix[1, n]
    assert printer.needs_sizes(expression("X : T"))  # a tensor
    assert not printer.needs_sizes(expression("jac(A*B*C, B)"))
    assert printer.needs_sizes(expression("x/n"))
    assert printer.needs_sizes(expression("ones(n)"))
    assert printer.needs_sizes(expression("jac(A*B, A)"))


def test_bare_text() -> None:
    x, jacobian = expression("x + 1"), expression("jac(A*B*C, B)")
    assert printer.bare_text([x], False) == "x + 1"
    assert printer.bare_text([x, x], True) == "(x + 1, x + 1)"
    assert printer.bare_text([jacobian], False) == "J[i,j,k,l] = A[i,k]*C[l,j]"
    assert printer.bare_text([x, jacobian], True) is None
    assert printer.bare_text([expression("x/n")], False) is None


def deep_expression() -> Expr:
    n = Dim.of("n")
    matrix, value = symbol("A", (n, n)), symbol("x", (n,))
    made: Expr = value
    for _ in range(24):
        made = algebra.map_("sin", (algebra.total(algebra.map_("exp", (made,)), algebra.matmul(matrix, made)),))
    return made


def test_shared_parts_are_bound() -> None:
    made = deep_expression()
    text = printer.text(made)
    assert text.startswith("{ t1 = sin(A*x + exp(x)); t2 = sin(A*t1 + exp(t1)); ")
    assert len(text) < 1000
    full = printer.function_text("f", [symbol("A", (Dim.of("n"),) * 2), symbol("x", (Dim.of("n"),))], [made], False)
    assert read(full).results[0] is made


def test_deep_parts_are_bound() -> None:
    x = symbol("x", (Dim.of("n"),))
    made: Expr = x
    for k in range(3000):
        made = algebra.map_("sin" if k % 2 else "exp", (made,))
    full = printer.function_text("f", [x], [made], False)
    assert read(full).results[0] is made
    assert repr(made)


def test_bound_names_are_not_taken() -> None:
    n = Dim.of("n")
    t1, j = symbol("t1", (n,)), symbol("J", (n, n))
    made: Expr = t1
    for _ in range(24):
        made = algebra.total(algebra.hadamard(made, made), t1)
    assert printer.text(made).startswith("{ t2 = t1.^2 + t1; ")
    tensor = algebra.outer(j, j)
    assert printer.text(tensor) == "J1[i,j,k,l] = J[i,j]*J[k,l]"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("vec(x*y')", "kron(y, eye(n))"),
        ("kron(x, y)", "kron(eye(n), y)"),
        ("kron(y, x)", "kron(y, eye(n))"),
        ("kron(x, ones(m))", "kron(eye(n), ones(m))"),
        ("vec(x*x')", "kron(eye(n), x) + kron(x, eye(n))"),
        ("kron(A*x, x)", "kron(A*x, eye(n)) + kron(eye(m), x)*A"),
    ],
)
def test_jacobians_of_kronecker_products(body, expected):
    derived = mg.function(f"fn f(x: vector[n], y: vector[m], A: matrix[m, n]) = {body}").jac("x")
    assert derived.text() == f"fn jac_f(x: vector[n], y: vector[m], A: matrix[m, n]) = {expected}"
