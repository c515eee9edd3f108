"""Derivatives of expressions through the public API, against finite differences of the direct evaluation."""

from __future__ import annotations

import numpy as np
import pytest

import matgrad as mg
from matgrad.compiler.tensor.evaluate import evaluate

SIZES = dict(zip("mnpqrstuv", (5, 3, 4, 2, 6, 7, 2, 3, 4), strict=True))
EXPRESSIONS = """
tr(A*B*A'*C) ; A*B ; sum(log(1+exp(X*w))) ; logdet(X*X' + eye(m)) where X: matrix[m, n] ; x'*A*x/(x'*x)
grad(sum(exp(X*w-y).^2), w) ; inv(A)*b ; det(A) ; normfro(A) ; logsumexp(A*x) ; softmax(A*x) ; softmax(A, 2)
softmax(A, 1) ; max(A, 1) ; min(A, 2) ; tr(inv(A)*B) ; sum(max(x, y)) ; mean(X, 2) ; mean(X, 1) ; var(x) ; A/B ; A\\b
x.^3 ; sum(sigmoid(x).*tanh(y)) ; A^3 ; A^-2 ; norm1(A) ; norminf(x)
[A, B; C, D] where A: matrix[m, n], B: matrix[m, p], C: matrix[q, n], D: matrix[q, p] ; [x; y] ; A[1:3, :]*B ; x[0]*y
diag(A*B) ; diag(x)*A ; sum(A, 1)*x ; hess(x'*A*x, x) ; hvp(sum(exp(A*x)), x, v) ; vjp(A*x, x, s) ; outer(x, y) ; A.*B
abs(x) ; where(x > y, x.^2, y) ; exp(2*x).^y ; norm2(X*w - y)^2 - lam*sum(w) ; I - A ; exp(-norm2(x - y)^2)
log(sum(exp(x))) ; clip(x, -0.5, 0.5) ; inner(A, B) ; A : B ; expm1(x) .* log1p(x.^2) ; relu(A*x)
square(x) ./ (1 + x.^2) ; sqrt(1 + x.^2) ; sin(x) .* cos(y) ; softplus(X*w) ; x*y'
ones(m)*x' + A where A: matrix[m, n] ; logabsdet(A) ; min(x, 0) ; inv(A'*A + eye(n))*x where A: matrix[m, n] ; tr(A)*A
det(A)*tr(A) ; x'*A*x * y ; jvp(inv(A), A, H) ; grad(norm2(grad(sum(exp(A*x)), x))^2, x) ; logsoftmax(A, 2) ; A.^2*x
x ./ normfro(x)
"""
CASES = [case.strip() for line in EXPRESSIONS.strip().splitlines() for case in line.split(" ; ")]


@pytest.mark.parametrize("text", CASES)
def test_jacobian(text):
    f = mg.function(text)
    definition = f.definition()
    rng = np.random.default_rng(len(text))
    arrays = {p.name: rng.normal(size=tuple(d.evaluate(SIZES) for d in p.shape)) for p in definition.parameters}
    value = evaluate(definition.results[0], arrays, SIZES)
    assert np.allclose(f(**arrays), value, rtol=1e-9, atol=1e-11)
    for name, array in arrays.items():
        numeric = np.zeros(value.shape + array.shape)
        for index in np.ndindex(array.shape):
            ends = []
            for h in (1e-5, -1e-5, 5e-6, -5e-6):
                moved = array.copy()
                moved[index] += h
                ends.append(evaluate(definition.results[0], {**arrays, name: moved}, SIZES))
            numeric[(..., *index)] = (4 * (ends[2] - ends[3]) / 1e-5 - (ends[0] - ends[1]) / 2e-5) / 3
        jacobian = f.jac(name)(**arrays)
        scale = 1 + np.max(np.abs(numeric), initial=0)
        assert np.allclose(jacobian, numeric, rtol=1e-6, atol=1e-8 * scale), name
        direction = rng.normal(size=array.shape)
        along = f.jvp(name)(*arrays.values(), direction)
        assert np.allclose(along, np.tensordot(jacobian, direction, array.ndim), rtol=1e-8, atol=1e-9 * scale)
        weights = rng.normal(size=value.shape)
        back = f.vjp(name)(*arrays.values(), weights)
        assert np.allclose(back, np.tensordot(weights, jacobian, value.ndim), rtol=1e-8, atol=1e-9 * scale)


def test_several_results():
    f = mg.function("fn f(X: matrix[m, n], y: vector[m], w: vector[n]) = { r = X*w - y; (r'*r, r, X'*r) }")
    rng = np.random.default_rng(1)
    X, y, w, v = (rng.normal(size=shape) for shape in ((4, 3), 4, 3, 3))
    truths = (2 * X.T @ (X @ w - y), X, X.T @ X)
    for found, truth in zip(f.jac("w")(X, y, w), truths, strict=True):
        assert np.allclose(found, truth)
    for found, truth in zip(f.jvp("w")(X, y, w, v), truths, strict=True):
        assert np.allclose(found, truth @ v)
    again = f.jac("w").jac("w")(X, y, w)
    assert [part.shape for part in again] == [(3, 3), (4, 3, 3), (3, 3, 3)]
    assert np.allclose(again[0], 2 * X.T @ X)
    assert f.jac("w").text() == "(2*X'*(X*w - y), X, X'*X)"


@pytest.mark.parametrize("operation", ["jac", "hess", "hvp", "jvp", "vjp"])
def test_by_one_variable(operation):
    f = mg.function("fn f(x: vector[n], y: vector[n]) = x'*y")
    for variables in (("x", "y"), (("x", "y"),)):
        with pytest.raises(mg.ArgumentError, match=f"{operation} is by one variable"):
            getattr(f, operation)(*variables)
    with pytest.raises(mg.ArgumentError, match="3 is no name"):
        getattr(f, operation)(3)
