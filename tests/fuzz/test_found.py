"""Small programs that the fuzzer found to be wrong once: values, derivatives, plans and texts agree."""

from __future__ import annotations

import numpy as np
import pytest

import matgrad as mg

from .checks import definition_for, differs, evaluated, planned, printed
from .programs import array

# A function, and the parameter to differentiate by.
FOUND = [
    ("fn f(B: matrix[n, m], u: vector[m], s: scalar) = sigmoid(s*B*u) .* sigmoid(-s*B*u)", "u"),
    ("fn f(B: matrix[n, m], u: vector[m], s: scalar) = sigmoid(diag((s*B)*u))", "u"),
    ("fn f(D: diagonal matrix[n, n], L: lower matrix[n, n]) = mean(square((L .* D)*L)).^3", "L"),
    ("fn f(U: upper matrix[n, n], x: vector[n], w: matrix[1, n]) = (w*x)*U", "U"),
    ("fn f(u: vector[m], i: integer scalar, j: integer scalar) = u[j-1]*u[-i]", "u"),
    ("fn f(D: diagonal matrix[n, n]) = vec(D)[:n]", "D"),
    ("fn f(C: matrix[m, n]) = max(atan(lgamma(1 + C.^2)), 2)", "C"),
    ("fn f(B: matrix[n, m]) = diag(B)'*diag(pinv(B))", "B"),
    ("fn f(M: matrix[m, m]) = min(abs((M'*M + I)^-1), 2)", "M"),
    ("fn f(B: matrix[n, m]) = chol((B*((log1p(tanh(B)/2))'))'*(B*((log1p(tanh(B)/2))')) + I)", "B"),
    ("fn f(B: matrix[n, m]) = softmax(B*B', 1)[0, 1]", "B"),
    ("fn f(X: matrix[n, n], S: symmetric matrix[n, n]) = inv(kron(X, S)[:n, -n:]'*kron(X, S)[:n, -n:] + I)", "X"),
    ("fn f(X: matrix[n, n], Q: matrix[n, n]) = diag([Q, X; X', Q][1:n+1, 0:n])", "X"),
    ("fn f(A: matrix[m, n], M: matrix[m, m]) = { b0 = softmax(sum(exp(M), 2)); A ./ (1 + b0*b0'*A).^2 }", "M"),
    ("fn f(D: diagonal matrix[n, n]) = softmax(D, 1)", "D"),
    ("fn f(v: vector[m]) = { b0 = hess(sum(sin(v)), v); vec(b0)[:m] }", "v"),
    ("fn f(D: diagonal matrix[n, n]) = [D, (D + D'); (D + D')', D][1:n+1, 0:n]", "D"),
    ("fn f(A: matrix[m, n], T: tensor[m, n, n], i: integer scalar, j: integer scalar) = sum((A : cosh(T .* T))[i:j])", "T"),  # noqa: E501
    ("fn f(q: nonneg vector[n]) = kron(q, abs(q))[n:2*n]", "q"),
    ("fn f(P: posdef matrix[n, n], s: scalar) = 1/(1 + max(s, exp((9*P).^3)[0, 1])^2)", "P"),
    ("fn f(A: matrix[m, n], B: matrix[n, m], M: matrix[m, m]) = (atanh(tanh(M*inv(M'*M + I)*A)/2)'*diag(A*B)).^2", "M"),
    ("fn f(U: upper matrix[n, n]) = (sum(tril(U), 2))[-1]", "U"),
    ("fn f(X: matrix[n, n], S: symmetric matrix[n, n]) = min(S / ((X + X)'*(X + X) + I))", "X"),
    ("fn f(G: psd matrix[n, n]) = min(adj(G))", "G"),
    ("fn f(A: matrix[m, n], C: matrix[m, n]) = hvp(sum(exp(cumsum(A, 2))), A, C)", "A"),
    ("fn f(B: matrix[n, m]) = normnuc(ones(n, m))*norm2(exp(B - B))*sum(B)", "B"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "name"), FOUND)
def test_found(text, name):
    function = mg.function(text)
    arrays = {p: array(p, np.random.default_rng(k)) for k, p in enumerate(function.parameters)}
    definition = definition_for(function, arrays)
    value = evaluated(definition, arrays)
    complaints = [differs("plan", planned(definition, arrays)[0], value, 1e-9)]
    complaints.append(printed("value", function, arrays, value))
    direction, step = array(name, np.random.default_rng(9), direction=True), 1e-5
    ends = [evaluated(definition, arrays | {name: arrays[name] + k * step * direction}) for k in (1, -1)]
    derived = function.grad(name) if not value.ndim else function.jac(name)
    gradient = definition_for(derived, arrays)
    derivative = evaluated(gradient, arrays)
    slope = (ends[0] - ends[1]) / (2 * step)
    complaints.append(differs("slope", np.tensordot(derivative, direction, direction.ndim), slope, 1e-6))
    complaints.append(differs("planned derivative", planned(gradient, arrays)[0], derivative, 1e-9))
    complaints.append(printed("derivative", derived, arrays, derivative))
    assert not [c for c in complaints if c]


CIRCLES = {
    "fn f(X: matrix[n, n], Y: matrix[n, n], U: upper matrix[n, n]) = "
    "jvp(logdet(X'*X + I), X, hvp(sum((Y'*Y).^2)/4, Y, jvp(X*X', X, U)))": ("X", "Y", "U"),
    "fn f(X: matrix[n, n], Y: matrix[n, n], P: posdef matrix[n, n], U: upper matrix[n, n]) = "
    "{ Z = lgamma(1 + X.^2) + trigamma(1 + U.^2); B = cos(Y)*jvp(Z*Z', Z, P); logdet(B'*B + I) }": ("X", "Y", "P", "U"),
}


@pytest.mark.parametrize("text", CIRCLES)
def test_the_search_for_a_plan_ends(text):
    """Parts of its forms were each cheaper than the next, in a circle, or in one that grew."""
    function = mg.function(text).value_and_grad(*CIRCLES[text])
    arrays = {p: array(p, np.random.default_rng(k)) for k, p in enumerate(function.parameters)}
    definition = definition_for(function, arrays)
    truth = evaluated(definition, arrays)
    assert not differs("plan", planned(definition, arrays)[0], truth, 1e-9)
