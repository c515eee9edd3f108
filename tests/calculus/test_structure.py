"""Derivatives of higher order keep their structure: in print, in the plan, and in what they cost."""

from __future__ import annotations

import numpy as np
import pytest

import matgrad as mg
from matgrad.compiler.calculus.rulebook import rulebook

LOGISTIC = "fn f(X: matrix[m, n], w: vector[n], y: vector[m]) = sum(log(1 + exp(X*w)) - y .* (X*w))"
NEWTON = """
fn loss(X: matrix[m, n], y: vector[m], w: vector[n], lam: positive scalar) = {
    sum(softplus(X*w) - y .* (X*w)) + lam*w'*w
}
fn step(X: matrix[m, n], y: vector[m], w: vector[n], lam: positive scalar) = {
    w - hess(loss(X, y, w, lam), w) \\ grad(loss(X, y, w, lam), w)
}
"""


def test_hessian_of_logistic_regression_is_a_scaled_syrk():
    hessian = mg.function(LOGISTIC).hess("w")
    assert str(hessian) == "X'*diag(sigmoid(X*w) .* sigmoid(-X*w))*X"
    assert " = syrk(" in hessian.plan()
    assert "gemm" not in hessian.plan()
    m, n = 1000, 100
    assert hessian.cost(m=m, n=n) <= m * n * (n + 1) + 4 * m * n + 10 * m


def test_products_with_hessians_never_form_them():
    product = mg.function(LOGISTIC).hvp("w")
    assert product.plan().count("gemv") == 3
    assert product.cost(m=1000, n=100) < 7 * 1000 * 100
    factors = mg.function("fn f(T: matrix[m, n], U: matrix[m, k], V: matrix[n, k]) = normfro(T - U*V')^2")
    assert factors.hess("U").cost(m=100, n=100, k=5) < 10_000
    assert factors.hvp("U").cost(m=100, n=100, k=5) < 10_000


def test_newton_step_takes_a_cholesky_factor():
    plan = mg.loads(NEWTON).step.plan()
    assert plan.count(" = cholesky(") == plan.count(" = cholesky_solve(") == plan.count(" = syrk(") == 1
    assert "lu" not in plan.replace("plus", "")


@pytest.mark.parametrize("name", [name for name in rulebook().rules if name.startswith("stable-")])
def test_stable_forms_are_named_in_derivations(name):
    """The rule's own left side, summed: the derivation of its gradient says that the rule fired."""
    rule = rulebook().texts[name]
    left = rule.partition(":")[2].partition("=>")[0].strip()
    text = left.replace("(x)", "(z)").replace("x .* x", "z .* z").replace("-x", "-z").replace(" + x", " + z")
    variable = "z" if "z" in text else "A" if "A" in text else "X"
    kind = "vector[n]" if variable == "z" else "matrix[n, n]"
    f = mg.function(f"fn f({variable}: {kind}) = sum({text})")
    assert name in str(f.explain(variable)), text


@pytest.mark.parametrize("order", [3, 4])
def test_high_orders(order):
    rng = np.random.default_rng(2)
    A, x = rng.normal(size=(5, 3)), rng.normal(size=3) / 4
    f = mg.function("fn f(A: matrix[m, n], x: vector[n]) = sum(exp(A*x))")
    for _ in range(order):
        f = f.jac("x")
    letters = "ijkl"[:order]
    truth = np.einsum(f"a,{','.join('a' + c for c in letters)}->{letters}", np.exp(A @ x), *[A] * order)
    assert np.allclose(f(A, x), truth)
