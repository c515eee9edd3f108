"""Golden LaTeX."""

from __future__ import annotations

import pytest

from matgrad.compiler.printing import printer

from .language import expression

LATEX = {
    "2*X'*(X*w - y) + 2*lam*w": r"2 X^{\top} \left(X w - y\right) + 2 \lambda w",
    "tr(A'*B)": r"\operatorname{tr}\left(A^{\top} B\right)",
    "-inv(A)'*B*inv(A)'": r"-A^{-\top} B A^{-\top}",
    "A \\ x": r"A^{-1} x",
    "(A + B) \\ x": r"\left(A + B\right)^{-1} x",
    "x .* w": r"w \odot x",
    "x ./ w": r"x \oslash w",
    "x.^2": r"x^{\circ 2}",
    "s^2/lam": r"\frac{s^{2}}{\lambda}",
    "-x/(x'*x)": r"-\frac{x}{x^{\top} x}",
    "x/3": r"\frac{x}{3}",
    "1e-10*x": r"10^{-10} x",
    "1.5e-10*x": r"1.5 \cdot 10^{-10} x",
    "0.5*logdet(S)": r"0.5 \log\det\left(S\right)",
    "exp(x)'*w": r"w^{\top} \exp\left(x\right)",
    "sqrt(x'*x)": r"\sqrt{x^{\top} x}",
    "norm2(A*x - w)": r"\left\|A x - w\right\|_{2}",
    "abs(x)": r"\left|x\right|",
    "where(x > w, x, 0)": r"\begin{cases} x & x > w \\ 0 & \text{otherwise} \end{cases}",
    "[A, x; x', s]": r"\begin{bmatrix} A & x \\ x^{\top} & s \end{bmatrix}",
    "2*eye(n)": r"2 I_{n}",
    "x*ones(m)'": r"x \mathbf{1}_{m}^{\top}",
    "kron(A, B)": r"A \otimes B",
    "sigmoid(X*w)": r"\sigma\left(X w\right)",
    "x[1:3]": r"x_{1:3}",
    "inv(A)[0, :]": r"\left(A^{-1}\right)_{0,:}",
    "jac(A*B, A)": r"J_{i,j,k,l} = \delta_{i,k} B_{l,j}",
    "jac(inv(A), A)": r"J_{i,j,k,l} = -\left(A^{-1}\right)_{i,k} \left(A^{-1}\right)_{l,j}",
}


@pytest.mark.parametrize("text", LATEX)
def test_latex(text: str) -> None:
    assert printer.latex(expression(text)) == LATEX[text]


def test_names() -> None:
    from matgrad.compiler.printing.latex import name

    assert name("x") == "x"
    assert name("lam") == r"\lambda"
    assert name("Sigma") == r"\Sigma"
    assert name("x1") == "x_{1}"
    assert name("beta_2") == r"\beta_{2}"
    assert name("w_old") == r"w_{\mathrm{old}}"
    assert name("data") == r"\mathrm{data}"


def test_derivatives() -> None:
    gradient = expression("2*lam*w")
    assert printer.latex_derivative("f", "grad", "w", gradient) == r"\nabla_{w} f = 2 \lambda w"
    assert printer.latex_derivative("f", "hess", "w", gradient) == r"\nabla^{2}_{w} f = 2 \lambda w"
    assert printer.latex_derivative("f", "jac", "w", gradient) == r"\frac{\partial f}{\partial w} = 2 \lambda w"
    jacobian = expression("jac(A*B*C, B)")
    assert printer.latex_derivative("F", "jac", "B", jacobian) == (
        r"\left(\frac{\partial F}{\partial B}\right)_{i,j,k,l} = A_{i,k} C_{l,j}"
    )
