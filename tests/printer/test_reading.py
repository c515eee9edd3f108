"""Index notation: what it means, and what is said where it is wrong."""

from __future__ import annotations

import pytest

from matgrad.compiler.printing import printer
from matgrad.grammar.errors import Error

from .language import expression

MEANINGS = {
    "{ P[i,j] = A[i,q]*B[q,j]; P }": "A*B",
    "{ P[i,j] = A[j,i]; P }": "A'",
    "{ P[i,j] = delta(i,j)*x[i]; P }": "diag(x)",
    "{ d[i] = A[i,i]; d }": "diag(A)",
    "{ d[i] = A[i,j]; d }": "sum(A, 2)",
    "{ P[i,j] = x[i] + A[i,j]; P }": "x + A",
    "{ P[i,j] = x[j] - A[i,j]/2; P }": "x' - A/2",
    "{ P[i,j] = exp(A[i,j] + x[i])*w[j]; P }": "exp(A + x)*diag(w)",
    "{ P[i,j] = (A*B)[i,q]*inv(A)[q,j]; P }": "A*B*inv(A)",
    "{ P[i,j] = where(A[i,j] > x[i], x[i], 0); P }": "where(A > x, x, 0)",
    "{ P[i,j] = where(lam > s, A[i,j], 0); P }": "where(lam > s, A, 0)",
    "{ v[i] = tr(A)*x[i] - A[i,i]^2; v }": "tr(A)*x - diag(A).^2",
    "{ v[i] = x[i]/(1 + w[i]^2); v }": "x ./ (1 + w.^2)",
    "{ v[i] = -x[i]*(w[i] + w[q]*x[q]); v }": "-n*(x .* w) - (w'*x)*x",
    "{ v[i] = A[i, 0] + B[k, i]; v }": "A[:, 0] + B[k, :]",
    "{ v[i] = max(x[i], A[i,q]*0); v }": "n*max(x, 0)",
    "{ P[i,j]: matrix[n, n] = delta(i,j); P }": "eye(n)",
    "{ P[i,j]: matrix[n, m] = x[i]; P }": "x*ones(m)'",
    "{ P[i]: vector[n] = 2*s; P }": "2*s*ones(n)",
    "{ v[i] = epsilon(i,j,l)*x[0:3][j]*w[0:3][l]; v }": "cross(x[0:3], w[0:3])",
    "{ P[j,i] = X[i,j]; P*y }": "X'*y",
    "{ P[i,j] = T[i,j,q]; P }": "{ U[i,j] = T[i,j,r]; U }",
}


@pytest.mark.parametrize("text", [t for t in MEANINGS if "n*(x .* w)" not in MEANINGS[t]])
def test_meaning(text: str) -> None:
    assert expression(text) is expression(MEANINGS[text])


def test_an_index_is_summed_over_its_whole_term() -> None:
    summed = expression("{ v[i] = x[i]*(w[i] + w[q]); v }")
    assert summed is expression("{ v[i] = x[i]*(w[i] + w[q])*1; v }")
    assert printer.text(summed) == "x .* sum(w + w', 2)"


ERRORS = {
    "{ P[i,j] = A[i,q]*X[q,j]; P }": "the index q has two sizes",
    "{ P[i,j] = A*x[i]; P }": "A needs indices here",
    "{ P[i] = x[i] + missing; P }": "missing is not defined",
    "{ P[i] = A[i]; P }": "A has 2 dimensions, and here is 1 subscript",
    "{ P[i,j] = delta(i,j); P }": "the size of the index i is not known",
    "{ P[i,j] = x[i]; P }": "the size of the index j is not known",
    "{ P[i,j]: matrix[n, n] = delta(i,j,i); P }": "delta takes 2 indices",
    "{ P[n] = A[n,j]; P }": "n cannot be an index",
    "{ P[i,i] = A[i,j]; P }": "an index stands twice on the left",
    "{ P[i,j] = tr(A[i,j]); P }": "tr does not work element by element",
    "{ P[i,j] = A[i,j]'; P }": "' cannot stand after indices",
    "{ P[i,j] = A[i,j] \\ B[i,j]; P }": "\\ cannot stand between indexed operands",
    "{ P[i,j] = A[i,j] : B[i,j]; P }": ": cannot stand between indexed operands",
    "{ P[i] = A[i,1:3]; P }": "a slice cannot stand beside indices",
    "{ P[i,j]: vector[n] = A[i,j]; P }": "P has 2 dimensions",
    "{ P[i,j]: matrix[n] = A[i,j]; P }": "this cannot be bound",
    "{ P: vector[n] = x; P }": "this cannot be bound",
    "{ P[i] = x[i] > w[i]; P }": "",
    "{ P[i,j]: matrix[n, n] = epsilon(i,j); P }": "epsilon takes 3 indices",
}


@pytest.mark.parametrize("text", ERRORS)
def test_errors(text: str) -> None:
    with pytest.raises(Error) as caught:
        expression(text)
    assert ERRORS[text] in str(caught.value)
