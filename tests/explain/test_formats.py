"""The forms in which a derivation is written."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

import pytest

import matgrad as mg
from matgrad.compiler.calculus.rulebook import rulebook
from matgrad.compiler.explain.glossary import MEANINGS
from matgrad.compiler.explain.layout import MOST_STEPS
from matgrad.compiler.language.functions.table import AUXILIARY
from matgrad.compiler.printing.unparse import unparse
from tests.explain.test_steps import EXAMPLES, FORMS, FUNCTIONS, LISTED

ROOT = Path(__file__).parents[2]
SEED = """\
The gradient of tr(A*B) by A

  A: matrix[m, n]   B: matrix[n, m]   f: scalar   dA: matrix[m, n]   grad(f, A): matrix[m, n]

f          = tr(A*B)

df         = tr(dA*B)   constant-factors: d(A*B*C) = A*dB*C [1]
           = tr(B*dA)   trace-cyclic: tr(A*B*C) = tr(C*A*B) [2]
           = <B', dA>   inner-product: <A, B> = tr(A'*B)

grad(f, A) = B'         identification: G in df = <G, dX> [3]

[1] Magnus & Neudecker, section 8.2
[2] Matrix Cookbook (16)
[3] Magnus & Neudecker, theorem 5.11"""


# Commands of LaTeX, amsmath and amssymb that a derivation may use.
COMMANDS = {
    *("Phi", "begin", "bmatrix", "cdot", "circ", "cos", "cosh", "delta", "det", "end", "epsilon", "exp", "frac", "ge"),
    *("in", "infty", "item", "lambda", "langle", "lceil", "le", "left", "lfloor", "log", "mathbb", "mathbf", "mathrm"),
    *("max", "min", "mu", "nabla", "ne", "noindent", "odot", "operatorname", "oslash", "otimes", "partial", "psi"),
    *("qquad", "quad", "rangle", "rceil", "rfloor", "right", "sigma", "sin", "sinh", "sqrt", "tan", "tanh", "text"),
    *("textasciicircum", "textasciitilde", "textbackslash", "textbar", "textbf", "textgreater", "textless", "textsf"),
    *("texttt", "times", "top", "varphi"),
}


def explanations() -> list:
    """Derivations of all kinds."""
    found = [mg.function(text).explain(variable) for text, variable in LISTED + FORMS]
    for text in FUNCTIONS:
        function = mg.function(text)
        found.append(function.explain(next(name for name in function.parameters if name in "Xx")))
    return found + [f.explain(p) for path in EXAMPLES for f in mg.load(path) for p in f.parameters]


EXPLANATIONS = explanations()


def test_the_seed_question_is_answered_in_few_lines() -> None:
    assert str(mg.function("tr(A*B)").explain("A")) == SEED


def test_no_line_is_wider_than_asked() -> None:
    for explanation in EXPLANATIONS:
        for width in (80, 100):
            long = [line for line in explanation.text(width).splitlines() if len(line) > width]
            # Only what has no spaces may reach beyond.
            assert all(len(max(line.split(), key=len)) > width // 3 for line in long), long


def test_latex_is_balanced_and_has_known_commands() -> None:
    for explanation in EXPLANATIONS:
        text = explanation.latex()
        stack = []
        for token in re.findall(r"\\begin\{\w+\*?\}|\\end\{\w+\*?\}|\\left|\\right|\\[{}]|[{}]", text):
            if token in ("\\{", "\\}"):
                continue
            if token in ("{", "\\left") or token.startswith("\\begin"):
                stack.append(token)
            else:
                opened = {"}": "{", "\\right": "\\left"}.get(token) or token.replace("\\end", "\\begin")
                assert stack.pop() == opened, text
        assert not stack
        assert set(re.findall(r"\\([A-Za-z]+)", text)) <= COMMANDS
        assert text.isascii()


class Reader(HTMLParser):
    """Checks that elements are closed in order, and collects what is linked to."""

    EMPTY = frozenset({"br", "meta", "mspace"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        assert tag not in ("script", "link", "img", "iframe")
        assert not {"src", "href"} & {name for name, _ in attrs}
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert tag in self.EMPTY or self.open.pop() == tag


def test_html_is_well_formed_and_needs_no_other_file() -> None:
    for explanation in EXPLANATIONS:
        reader = Reader()
        reader.feed(explanation.html())
        assert not reader.open
        for formula in re.findall(r"<math.*?</math>", explanation._repr_html_(), re.DOTALL):
            ElementTree.fromstring(formula)


def test_markdown_has_a_formula_for_each_step() -> None:
    for explanation in EXPLANATIONS:
        if len(explanation.steps) <= MOST_STEPS:
            lines = [line for line in explanation.markdown().splitlines() if line.startswith("- $")]
            assert len(lines) == len(explanation.steps)
            assert all(line.count("$") == 2 and line.endswith("$") for line in lines)


def test_format_decides_what_is_printed() -> None:
    f = mg.function("log(det(X))")
    plain = f.explain("X")
    assert str(f.explain("X", format="latex")) == plain.latex()
    assert str(f.explain("X", format="markdown")) == plain.markdown()
    assert str(f.explain("X", format="html")) == plain.html()
    assert repr(plain) == "<The gradient of log(det(X)) by X, 5 steps>"


def test_notebooks() -> None:
    explanation = mg.function("log(det(X))").explain("X")
    assert explanation._repr_html_().startswith('<div class="matgrad">')
    assert explanation._repr_latex_().startswith("$\\displaystyle\n\\begin{aligned}\nf &= ")
    assert explanation._repr_markdown_() == explanation.markdown()
    bundle = explanation._repr_mimebundle_()
    assert list(bundle) == ["text/plain", "text/html", "text/latex", "text/markdown"]
    assert (bundle["text/plain"], bundle["text/html"]) == (explanation.text(), explanation._repr_html_())
    assert list(explanation._repr_mimebundle_(include={"text/html", "text/latex"})) == ["text/html", "text/latex"]
    assert "text/html" not in explanation._repr_mimebundle_(exclude={"text/html"})
    assert mg.function("A*x")._repr_latex_() == "$A x$"


def test_names_are_escaped() -> None:
    explanation = mg.function("fn f(x_1: vector[n], lam: scalar) = lam*x_1'*x_1").explain("x_1")
    assert r"\nabla_{x_{1}} f" in explanation.latex()
    assert "<msub><mi>x</mi><mn>1</mn></msub>" in explanation.html()
    assert "<A, B>" not in explanation.html()


def long_function() -> mg.Function:
    """A function whose differential has many lines."""
    lines = [f"fn g{k}(x: vector[n]) = tanh(g{k + 1}(x)) .* sin(g{k + 1}(x))" for k in range(12)]
    return mg.loads("\n".join([*lines, "fn g12(x: vector[n]) = sin(x)", "fn f(x: vector[n]) = sum(g0(x))"])).f


def test_long_derivations_are_folded_and_say_so() -> None:
    folded, whole = long_function().explain("x"), long_function().explain("x", fold=False)
    count = max(len(section.steps) for section in whole.derived.sections)
    assert count > MOST_STEPS
    note = f"... {count - 10} steps folded: --all, or fold=False, shows them ..."
    for text in (folded.text(), folded.markdown(), folded.latex()):
        assert note in text
    assert "folded" not in whole.text() + whole.markdown() + whole.latex()
    assert f"<summary>{count - 10} steps are folded here</summary>" in folded.html()
    assert folded.html().count('class="why"') == len(whole.steps)
    assert len(whole.text()) > 3 * len(folded.text())


def test_long_functions_have_names_for_their_parts() -> None:
    text = long_function().explain("x").text()
    assert "  u1 = sin(" in text
    assert text.index("u1 = ") < text.index("u2 = ") < text.index("f          = ")


def test_astronomically_long_texts_are_folded() -> None:
    lines = [f"fn g{k}(x: vector[n]) = relu(g{k + 1}(x)) + g{k + 1}(x)" for k in range(24)]
    program = mg.loads("\n".join([*lines, "fn g24(x: vector[n]) = sin(x)", "fn f(x: vector[n]) = sum(g0(x))"]))
    text = program.f.explain("x").text()
    assert len(text) < 30_000
    assert re.search(r"\.\.\. \d+ (more names|more lines|steps) folded", text)


def test_functions_of_derivatives_alone_are_told() -> None:
    explanation = mg.function("eigmax(A*A')").explain("A")
    for text in (explanation.text(), explanation.markdown(), explanation.latex(), explanation.html()):
        assert "the projector on the space of the largest eigenvalue" in text
    printed = {f for f in AUXILIARY if not any(name == f for name, _, _ in rulebook().definitions)}
    assert MEANINGS.keys() == printed
    page = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
    assert all(re.search(rf"`{name}\(", page) for name in MEANINGS)


class TestWhatIsExplained:
    def test_a_derivative_in_the_text(self) -> None:
        f = mg.function("jac(A*B, A)")
        assert f.explain().text().startswith("The derivative of A*B by A")
        assert mg.function("hess(x'*A*x, x)").explain().derived.title == "The Hessian of x'*A*x by x"
        along = mg.function("jvp(inv(A), A, E)").explain()
        assert along.derived.title == "The directional derivative of inv(A) by A"
        assert "\njvp(F, A, E) = -inv(A)*E*inv(A) " in along.text()
        assert "\n<T, df>      = <T*w', dX> " in mg.function("vjp(X*w, X, T)").explain().text()
        symmetric = mg.function("jvp(inv(A), A, E) where A: symmetric matrix[n, n], E: matrix[n, n]").explain()
        assert "(E is projected on the space of A first)" in symmetric.text()
        with pytest.raises(mg.ArgumentError):  # the direction is a part of the function
            mg.function("jvp(X*A, X, X)").explain()
        assert mg.function("{ r = A*x; grad(r'*r, x) }").explain().derived.title.startswith("The gradient of { r")

    def test_a_derived_function(self) -> None:
        ridge = mg.load("examples/ridge.mg").ridge
        assert ridge.grad("w").explain().text() == ridge.explain("w").text()
        assert ridge.hess("w").explain().derived.title == "The Hessian of ridge by w"
        assert ridge.grad("w").explain("w").derived.title == "The derivative of the gradient of ridge by w by w"
        assert ridge.grad("w").explain("w").derived.results == ridge.hess("w").definition().results

    def test_the_only_parameter(self) -> None:
        assert mg.function("logdet(X)").explain().derived.title == "The gradient of logdet(X) by X"

    @pytest.fixture(autouse=True)
    def in_checkout(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(Path(__file__).parents[2])

    def test_names_of_the_text_are_kept(self) -> None:
        text = mg.load("examples/ridge.mg").ridge.explain("w").text()
        assert "  r = X*w - y: vector[m]\n" in text
        assert "= 2*X'*r + 2*lam*w" in text
        assert "= 2*X'*(X*w - y) + 2*lam*w   names" in text

    def test_references_are_those_of_the_rule_files(self) -> None:
        rules = Path("compiler/rules/matrix.rules").read_text()
        (step,) = [s for s in mg.function("inv(A)").explain("A").steps if s.reasons and s.reasons[0].name == "d inv"]
        line = next(line for line in rules.splitlines() if line.startswith("d inv(X)"))
        text, _, reference = line.partition("#")
        assert step.reasons[0].text == " ".join(text.split())
        assert step.reasons[0].reference == reference.strip()


class TestTheFunctionAsItIsWritten:
    def first(self, text: str, variable: str) -> list[str]:
        """The lines of the function."""
        steps = mg.function(text).explain(variable).derived.sections[0].steps
        return [unparse(step.shown.body) for step in steps]

    def test_the_order_of_the_text_is_kept(self) -> None:
        assert self.first("tr(Y'*X*W)", "W") == ["tr(Y'*X*W)"]
        assert self.first("1 + x'*x", "x") == ["1 + x'*x"]

    def test_what_reads_otherwise_is_shown_as_printed_too(self) -> None:
        assert self.first("norm1(x)", "x") == ["norm1(x)", "sum(abs(x))"]
        assert self.first("log(det(X))", "X") == ["log(det(X))", "logdet(X)"]

    def test_names_of_the_text_stand_in_it(self) -> None:
        assert self.first("{ S = A*A' + I; y'*inv(S)*y + logdet(S)*2 }", "A")[0] == "y'*inv(S)*y + logdet(S)*2"

    def test_derivatives_and_calls_are_shown_as_printed(self) -> None:
        assert "grad" not in self.first("grad(x'*A*x, x)'*x", "A")[0]
        program = mg.loads("fn g(x: vector[n]) = x'*x\nfn f(x: vector[n]) = 2*g(x)")
        assert unparse(program.f.explain("x").steps[0].shown.body) == "2*x'*x"


class TestErrors:
    def test_unknown_format(self) -> None:
        with pytest.raises(mg.ArgumentError, match="there is no format 'latx'") as caught:
            mg.function("tr(A)").explain("A", format="latx")
        assert "did you mean latex?" in str(caught.value)

    def test_unknown_variable(self) -> None:
        with pytest.raises(mg.ArgumentError, match="there is no parameter C") as caught:
            mg.function("tr(A*B)").explain("C")
        assert "the parameters are A, B" in str(caught.value)

    def test_no_variable(self) -> None:
        with pytest.raises(mg.ArgumentError, match="which variable"):
            mg.function("tr(A*B)").explain()
        with pytest.raises(mg.ArgumentError, match=r'write .explain\("A"\)'):
            mg.function("tr(A*B)").explain()

    def test_notebooks_show_the_call_and_the_error_alone(self) -> None:
        with pytest.raises(mg.ArgumentError) as caught:
            mg.function("tr(A*B)").explain("C")
        shown = caught.value._render_traceback_()
        assert [line.split(", line")[0].strip() for line in shown if "File" in line] == [f'File "{__file__}"']
        assert shown[-1].startswith("ArgumentError: error: there is no parameter C\n  the parameters are A, B")

    def test_several_results(self) -> None:
        with pytest.raises(mg.ArgumentError, match="2 results"):
            mg.function("fn f(x: vector[n]) = (x'*x, x)").explain("x")

    def test_no_derivative(self) -> None:
        with pytest.raises(mg.Error, match="polygamma has no derivative by its order"):
            mg.function("polygamma(s, 2)").explain("s")
