"""Trees of programs and rule files, the checks of names, and the spans of nodes."""

from pathlib import Path

import pytest

from matgrad import grammar
from matgrad.grammar import Error, Source, parse_expression, parse_program, parse_rules, syntax, text_source

from .formatter import show

RIDGE = """\
# Ridge regression.
fn ridge(X: matrix[m, n], y: vector[m], w: vector[n], lam: positive scalar) = {
    r = X*w - y
    r'*r + lam * w'*w
}

fn both(X: matrix[m, n], y: vector[m], w: vector[n], lam: scalar) = {
    f = ridge(X, y, w, lam);
    (f, grad(f, w))                        # several results
}
"""


def program(text: str) -> list[str]:
    return [show(function) for function in parse_program(text_source(text))]


def test_program() -> None:
    ridge, both = program(RIDGE)
    assert ridge == (
        "fn ridge<X: matrix[m, n], y: vector[m], w: vector[n], lam: positive scalar> "
        "{r = ((X * w) - y); (((r ') * r) + (lam * (w ') * w))}"
    )
    assert both == (
        "fn both<X: matrix[m, n], y: vector[m], w: vector[n], lam: scalar> {f = ridge<X, y, w, lam>; <f, grad<f, w>>}"
    )


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_do_not_matter(end: str) -> None:
    assert program(RIDGE.replace("\n", end)) == program(RIDGE)
    assert program("\ufeff" + RIDGE.replace("\n", end)) == program(RIDGE)


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n", ";"])
def test_empty_program(text: str) -> None:
    assert program(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fn f() = 1", ["fn f<> {1}"]),
        ("fn f(x) = x; fn g(x) = x", ["fn f<x> {x}", "fn g<x> {x}"]),
        ("fn f(x, y) = (x, y)", ["fn f<x, y> {<x, y>}"]),
        ("fn f(x) =\n\n  x\n", ["fn f<x> {x}"]),
        ("fn f(\n  x,\n  y: scalar\n) = x", ["fn f<x, y: scalar> {x}"]),
        ("fn f(x: vector[m*n]) = x", ["fn f<x: vector[(m * n)]> {x}"]),
        ("fn f(x: matrix[n-1, 3]) = x", ["fn f<x: matrix[(n - 1), 3]> {x}"]),
        ("fn f(x: vector[min(m, n)]) = x", ["fn f<x: vector[min<m, n>]> {x}"]),
        ("fn f(x: tensor[a, b, c, 4]) = x", ["fn f<x: tensor[a, b, c, 4]> {x}"]),
        ("fn f(x: sparse symmetric matrix[n, n]) = x", ["fn f<x: sparse symmetric matrix[n, n]> {x}"]),
        ("fn f(i: integer scalar) = i", ["fn f<i: integer scalar> {i}"]),
        ("fn vector(matrix: scalar) = matrix", ["fn vector<matrix: scalar> {matrix}"]),
        ("fn f(d, rule, when, where) = d*where", ["fn f<d, rule, when, where> {(d * where)}"]),
        ("fn f(x) = { d = x; law = d; law }", ["fn f<x> {d = x; law = d; law}"]),
        ("fn f(A) = { J[i, j] = A[j, i]; J }", ["fn f<A> {J[i, j] = (A [j, i]); J}"]),
        ("fn f(x) = where(x >\n 0, x, 0)", ["fn f<x> {where<(x > 0), x, 0>}"]),
    ],
)
def test_functions(text: str, expected: list[str]) -> None:
    assert program(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "fn f(x) = x\nfn f(y) = y",
        "fn f(x, x) = x",
        "fn f(x) = { x = 1; x }",
        "fn f(x) = { y = 1; y = 2; y }",
        "fn f(x: vector[n]) = { n = 1; x }",
        "fn f(n, x: vector[n]) = x",
        *(f"fn {name}(x) = x" for name in ("I", "pi", "inf")),
        *(f"fn f({name}) = 1" for name in ("I", "pi", "inf")),
        *(f"fn f(x) = {{ {name} = 1; x }}" for name in ("I", "pi", "inf")),
        *(f"fn f(x: vector[2*{name}]) = x" for name in ("I", "pi", "inf")),
    ],
)
def test_names_are_bound_once_and_not_reserved(text: str) -> None:
    with pytest.raises(grammar.NameError):
        program(text)


def test_sizes_and_names_of_other_functions_may_be_used_again() -> None:
    program("fn f(x: vector[n], y: vector[n]) = x\nfn g(x: vector[n]) = { f = x; f }")


def test_rules() -> None:
    text = """
d inv(X)    = -inv(X) * dX * inv(X)            # one differential per atom
d max(X, 1) = dX
rule inverse-left : inv(A) * A => I
rule log1p-2 : log(1 + x) => log1p(x) when posdef(x) and
    square(x)
rule d : logdet(S) =>
    2*sum(log(diag(chol(S))))
    when posdef(S)
law  trace-cyclic : tr(A*B*C) == tr(C*A*B)
law kink : where(x > 0, 1, 0) == where(0 < x, 1, 0) when real(x)
def softmax(x) = exp(x - logsumexp(x))
d d(d) = dd
"""
    assert [show(line) for line in parse_rules(text_source(text)).lines] == [
        "d inv<X> = ((- inv<X>) * dX * inv<X>)",
        "d max<X, 1> = dX",
        "rule inverse-left: (inv<A> * A) | I",
        "rule log1p-2: log<(1 + x)> | log1p<x> when posdef<x>, square<x>",
        "rule d: logdet<S> | (2 * sum<log<diag<chol<S>>>>) when posdef<S>",
        "law trace-cyclic: tr<(A * B * C)> | tr<(C * A * B)>",
        "law kink: where<(x > 0), 1, 0> | where<(0 < x), 1, 0> when real<x>",
        "def softmax: softmax<x> | exp<(x - logsumexp<x>)>",
        "d d<d> = dd",
    ]
    assert parse_rules(text_source("# nothing\n")).lines == ()


def test_rules_of_one_name_are_refused() -> None:
    with pytest.raises(grammar.NameError) as caught:
        parse_rules(text_source("rule a-b : x => y\nlaw a-b : x == y"))
    assert (caught.value.line, caught.value.column) == (2, 5)


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("x + y*z", ["x", "y", "z", "y*z", "x + y*z"]),
        ("(x + y) * z", ["x", "y", "(x + y)", "z", "(x + y) * z"]),
        ("( (x) )'", ["( (x) )", "( (x) )'"]),
        ("-x^2", ["x", "2", "x^2", "-x^2"]),
        ("A[1:3, :]", ["A", "1", "3", "1:3", ":", "A[1:3, :]"]),
        ("f( x , y )", ["x", "y", "f( x , y )"]),
        ("[a; b ]", ["a", "b", "[a; b ]"]),
        ("(a, b)", ["a", "b", "(a, b)"]),
        ("\ufeff  x", ["x"]),
    ],
)
def test_spans(text: str, spans: list[str]) -> None:
    source = text_source(text)
    body = parse_expression(source).body
    assert [source.text[slice(*node.span)] for node in syntax.postorder(body.result)] == spans


def test_spans_of_a_function() -> None:
    text = "\n  fn f(x: positive vector[n], y) = { a = 2*x; a }  # end\n"
    (function,) = parse_program(text_source(text))
    (binding,) = function.body.bindings

    def read(span: syntax.Span) -> str:
        return text[slice(*span)]

    assert read(function.span) == "fn f(x: positive vector[n], y) = { a = 2*x; a }"
    assert read(function.name_span) == "f"
    assert [read(parameter.span) for parameter in function.parameters] == ["x: positive vector[n]", "y"]
    assert function.parameters[0].type is not None
    assert read(function.parameters[0].type.span) == "positive vector[n]"
    assert read(function.body.span) == "{ a = 2*x; a }"
    assert (read(binding.span), read(binding.name_span)) == ("a = 2*x", "a")


def test_errors_know_their_file(tmp_path: Path) -> None:
    with pytest.raises(Error) as caught:
        parse_program(Source("dir/ridge.mg", "fn f(x) =\n  2x\n"))
    assert str(caught.value).startswith("dir/ridge.mg:2:4: error: ")
    assert (caught.value.line, caught.value.column) == (2, 4)
