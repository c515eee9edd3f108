"""The questions with which the project began: the gradient of tr(A*B), and what the derivative of A*B is."""

from __future__ import annotations

import numpy as np
import pytest

import matgrad as mg
from matgrad.compiler.language.elaborate import Elaborator
from matgrad.compiler.language.sizes import Sizes
from matgrad.compiler.tensor.dims import Dim
from matgrad.compiler.tensor.expr import symbol
from matgrad.grammar.parse import parse_expression
from matgrad.grammar.source import text_source

rng = np.random.default_rng(0)
A, B, C, H = (rng.normal(size=s) for s in ((5, 3), (3, 3), (5, 5), (5, 3)))


def expression(text, **shapes):
    """The expression of a text whose names have these sizes."""
    names = {name: symbol(name, tuple(map(Dim.of, sizes))) for name, sizes in shapes.items()}
    scope = Elaborator(text_source(text), {}, Sizes(), names, {})
    return scope.value(parse_expression(text_source(text)).body.result)


def test_gradient_of_the_trace_of_a_product_is_the_transpose():
    assert str(mg.function("tr(A*B)").grad("A")) == "B'"


def test_gradient_of_the_seed():
    f = mg.function("tr(A*B*A'*C)")
    printed = str(f.grad("A"))
    assert sorted(printed.split(" + ")) == ["C'*A*B'", "C*A*B"]
    expected = C.T @ A @ B.T + C @ A @ B
    assert np.allclose(f.grad("A")(A, B, C), expected)
    again = mg.function(printed)
    assert np.allclose(again(**{name: {"A": A, "B": B, "C": C}[name] for name in again.parameters}), expected)


def test_jacobian_of_a_product_is_a_fourth_order_tensor():
    J = mg.function("A*B").jac("A")
    assert "delta(i,k)*B[l,j]" in str(J)
    M = rng.normal(size=(3, 4))
    value = J(A, M)
    assert value.shape == (5, 4, 5, 3)
    assert np.allclose(value, np.einsum("ik,lj->ijkl", np.eye(5), M))


def test_identity_contracted_with_the_jacobian_is_the_gradient_of_the_trace():
    f = mg.function("I : jac(A*B, A) where A: matrix[m, n], B: matrix[n, m]")
    assert str(f) == "B'"
    M = rng.normal(size=(3, 5))
    assert np.allclose(f(A, M), M.T)


def test_directional_derivative_is_the_inner_product_with_the_gradient():
    f = mg.function("jvp(tr(A*B), A, H)")
    M = rng.normal(size=(3, 5))
    assert str(f) in ("tr(H*B)", "tr(B*H)", "tr(H'*B')", "tr(B'*H')")
    gradient = mg.function("tr(A*B)").grad("A")(A, M)
    assert np.isclose(f(A=A, B=M, H=H), np.trace(H @ M))
    assert np.isclose(f(A=A, B=M, H=H), np.sum(gradient * H))


@pytest.mark.parametrize("other", ["tr(C*A*B)", "tr(B*C*A)", "tr(C'*B'*A')", "tr((A*B*C)')", "sum((A*B) .* C')"])
def test_the_trace_is_one_object_under_rotation_and_transposition(other):
    shapes = {"A": ("m", "n"), "B": ("n", "p"), "C": ("p", "m")}
    assert expression("tr(A*B*C)", **shapes) is expression(other, **shapes)


class TestFactsOfMatrixCalculus:
    """The facts that J. Duchi's note "Properties of the Trace and Matrix Derivatives" lists."""

    def test_gradient_by_the_transpose(self):
        # grad by A' of f(A) is the transpose of the gradient by A.
        by_transpose = mg.function(
            "{ T = A'; f = tr(T'*C*T*B); grad(f, T) } where A: matrix[m, n], B: matrix[m, m], C: matrix[n, n]"
        )
        direct = mg.function("grad(tr(A*B*A'*C), A)' where A: matrix[m, n], B: matrix[n, n], C: matrix[m, m]")
        M, N = rng.normal(size=(5, 5)), rng.normal(size=(3, 3))
        assert by_transpose(A=A, B=M, C=N).shape == (3, 5)
        assert np.allclose(direct(A, N, M), mg.function("tr(A*B*A'*C)").grad("A")(A, N, M).T)
        assert np.allclose(by_transpose(A=A, B=M, C=N), (M @ A @ N + M.T @ A @ N.T).T)

    def test_gradient_of_the_determinant(self):
        X = rng.normal(size=(4, 4))
        gradient = mg.function("det(X)").grad("X")(X)
        assert np.allclose(gradient, np.linalg.det(X) * np.linalg.inv(X).T)

    def test_gradient_of_the_log_determinant(self):
        X = C @ C.T + np.eye(5)
        for text in ("logdet(X)", "log(det(X))"):
            f = mg.function(text)
            assert str(f.grad("X")) == "inv(X)'"
            assert np.allclose(f.grad("X")(X), np.linalg.inv(X).T)

    def test_normal_equations_of_least_squares(self):
        f = mg.function("norm2(X*w - y)^2 / 2")
        assert str(f.grad("w")) == "X'*(X*w - y)"
        X, y = rng.normal(size=(7, 3)), rng.normal(size=7)
        solution = np.linalg.solve(X.T @ X, X.T @ y)
        assert np.allclose(f.grad("w")(X=X, y=y, w=solution), 0)
        assert np.allclose(f.hess("w")(X=X, y=y, w=solution), X.T @ X)
