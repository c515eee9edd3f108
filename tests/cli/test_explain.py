"""The command explain."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import pytest

import matgrad as mg
from matgrad.cli.commands.explain import STYLES
from matgrad.compiler.explain.layout import lines


def test_prints_the_derivation(ok):
    assert ok("explain", "tr(A*B)", "--wrt", "A") == f"{mg.function('tr(A*B)').explain('A')}\n"


@pytest.mark.parametrize("form", ["markdown", "latex", "html"])
def test_formats(ok, form):
    expected = str(mg.function("log(det(X))").explain("X", format=form))
    assert ok("explain", "log(det(X))", "--format", form) == expected + "\n"


def test_derivative_in_the_text(ok):
    assert ok("explain", "jac(A*B, A)") == ok("explain", "A*B", "--wrt", "A")


def test_several_parameters(ok):
    printed = ok("explain", "examples/matrix_factorization.mg", "--wrt", "U,V")
    assert "grad(f, U) = " in printed
    assert "grad(f, V) = " in printed


def test_function_of_a_file(ok):
    printed = ok("explain", "examples/design.mg", "--fn", "d_optimal", "--wrt", "w")
    assert printed.startswith("The gradient of d_optimal by w\n")


def test_all_steps(ok):
    names = "abcdefgh"
    parts = [f"{new} = tanh({old}) .* sin({old})" for old, new in zip("x" + names, names, strict=False)]
    text = f"{{ {'; '.join(parts)}; sum(tanh(h)) }}"
    folded, whole = ok("explain", text, "--wrt", "x"), ok("explain", text, "--wrt", "x", "--all")
    assert "steps folded: --all, or fold=False, shows them" in folded
    assert "folded" not in whole
    assert len(whole) > len(folded)


def test_plan(ok):
    printed = ok("explain", "tr(A*B*A'*C)", "--wrt", "A", "--plan", "--size", "m=300", "--size", "n=200")
    assert printed.startswith("The gradient of tr(A*B*A'*C) by A\n\n  f          = tr(A*B*A'*C)\n")
    assert "Operations at m = 300, n = 200\n" in printed
    assert "  both, as written from left to right  234,060,300  2*m^3 + 6*m*n^2 + 6*m^2*n + m*n + m\n" in printed
    assert "times fewer operations than the formulas as written.\n" in printed
    assert "Program: out0 is f, out1 is grad(f, A)\n  inputs  A(m, n), B(n, n), C(m, m)\n" in printed
    assert re.search(r"^  .*gemm.* 36,000,000  +[\d.]+%  shared$", printed, re.MULTILINE)
    assert "Forms: " in printed


def test_plan_with_another_form(ok):
    text = "y'*inv(U*U' + s*I)*y where U: matrix[m, n], s: positive scalar"
    printed = ok("explain", text, "--wrt", "U", "--plan", "--size", "m=1000", "--size", "n=20")
    assert "\n  inv(U*U' + s*I) => (I - U*inv(U'*U + s*I)*U')/s\n    before  " in printed
    assert "units of the planner's budget" in printed


def test_plan_of_a_jacobian(ok):
    printed = ok("explain", "jac(A*B, A)", "--plan")
    assert "the derivative, as written  not counted: in index notation, or iterative" in printed
    assert "the derivative, planned     1,000,000  m*n*p" in printed


def test_picture_of_a_plan(ok, failed, refused, tmp_path):
    path = tmp_path / "plan.svg"
    printed = ok("explain", "tr(A*B*A'*C)", "--wrt", "A", "--plan", "--svg", path)
    assert printed == ok("explain", "tr(A*B*A'*C)", "--wrt", "A", "--plan")
    assert ElementTree.fromstring(path.read_text()).tag == "{http://www.w3.org/2000/svg}svg"
    nowhere = tmp_path / "no" / "plan.svg"
    assert failed("explain", "tr(A)", "--plan", "--svg", nowhere).startswith(f"error: cannot write {nowhere}: No such")
    assert refused("explain", "tr(A)", "--svg", path) == "--svg goes with --plan\n"


def test_wrong_uses(refused):
    assert refused("explain", "tr(A*B)").splitlines()[0] == "by which parameter? Choose one with --wrt"
    assert refused("explain", "tr(A*B)", "--wrt", "C").splitlines()[0] == "there is no parameter 'C'"
    assert refused("explain", "tr(A*B)", "--wrt", "A", "--size", "m=3") == "--size goes with --plan\n"
    assert refused("explain", "tr(A)", "--plan", "--format", "html") == "--plan is written as text only\n"


def test_errors_point_at_the_text(failed):
    assert failed("explain", "A*B + ", "--wrt", "A").startswith("<string>:1:")
    assert failed("explain", "fn f(A: matrix[m, n], x: vector[m]) = A*x", "--wrt", "A").splitlines()[1].strip() == (
        "fn f(A: matrix[m, n], x: vector[m]) = A*x"
    )
    assert failed("explain", "fn f(x: vector[n]) = (x'*x, x)", "--wrt", "x").startswith("error: ")
    assert "no kernel of its own" in failed("explain", "expm(A)", "--plan")


def test_every_piece_has_a_style():
    explanation = mg.function("{ S = A*A' + I; logdet(S) + tr(inv(S)) }").explain("A")
    assert {style for line in lines(explanation.derived) for style, _ in line} <= STYLES.keys()
