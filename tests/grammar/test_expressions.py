"""Trees of single expressions: precedence, literals, line ends, indices, blocks, and `where`."""

import pytest

from matgrad.grammar import Error, parse_expression, text_source

from .formatter import show


def tree(text: str) -> str:
    return show(parse_expression(text_source(text)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a + b*c", "(a + (b * c))"),
        ("a - b - c + d", "(a - b - c + d)"),
        ("a*b*c", "(a * b * c)"),
        ("(a*b)*c", "((a * b) * c)"),
        ("a*b/c\\d.*e./f:g", "(a * b / c \\ d .* e ./ f : g)"),
        ("-x^2", "(- (x ^ 2))"),
        ("2^-1", "(2 ^ (- 1))"),
        ("2^-x'", "(2 ^ (- (x ')))"),
        ("a^b^c", "(a ^ (b ^ c))"),
        ("a.^b^c", "(a .^ (b ^ c))"),
        ("a^-b^c", "(a ^ (- (b ^ c)))"),
        ("-a*b", "((- a) * b)"),
        ("a*-b", "(a * (- b))"),
        ("-a + -b", "((- a) + (- b))"),
        ("a - -b", "(a - (- b))"),
        ("--a", "(- (- a))"),
        ("-a'", "(- (a '))"),
        ("x'*y", "((x ') * y)"),
        ("x*y'", "(x * (y '))"),
        ("x''", "((x ') ')"),
        ("X'", "(X ')"),
        ("x '", "(x ')"),
        ("(A*B)'", "((A * B) ')"),
        ("A'^2", "((A ') ^ 2)"),
        ("A^n'", "(A ^ (n '))"),
        ("f(x)'", "(f<x> ')"),
        ("[x; y]'", "([x; y] ')"),
        ("(2)'", "(2 ')"),
        ("A'[0, 1]", "((A ') [0, 1])"),
        ("A[0, :]'", "((A [0, :]) ')"),
        ("x[0][1]", "((x [0]) [1])"),
        ("f(x)[0]^2", "((f<x> [0]) ^ 2)"),
        ("A : B", "(A : B)"),
        ("A:B*C", "(A : B * C)"),
        ("-A \\ b", "((- A) \\ b)"),
        ("A \\ b'", "(A \\ (b '))"),
        ("(x)", "x"),
        ("((x))", "x"),
        ("(a, b)", "<a, b>"),
        ("grad(f, (U, V))", "grad<f, <U, V>>"),
        ("eye()", "eye<>"),
        ("where(x > 0, 1, 0)", "where<(x > 0), 1, 0>"),
        ("where((x + 1 >= y), 1, 0)", "where<((x + 1) >= y), 1, 0>"),
        ("where(a == b, a != b, a <= b)", "where<(a == b), (a != b), (a <= b)>"),
        ("where(x<-1, 1, 0)", "where<(x < (- 1)), 1, 0>"),
    ],
)
def test_operators(text: str, expected: str) -> None:
    assert tree(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", "1"),
        ("0.5", "0.5"),
        (".5", ".5"),
        ("2.", "2."),
        ("1e-3", "1e-3"),
        ("1.5E+10", "1.5E+10"),
        ("2.e3", "2.e3"),
        ("1e3.*x", "(1e3 .* x)"),
        ("1./x", "(1 ./ x)"),
        ("2.*x", "(2 .* x)"),
        ("2.^x", "(2 .^ x)"),
        ("2.5.*x", "(2.5 .* x)"),
        ("2..*x", "(2. .* x)"),
        ("2.-x", "(2. - x)"),
        ("x./.5", "(x ./ .5)"),
        ("x.*.5", "(x .* .5)"),
        ("1e-3-1", "(1e-3 - 1)"),
        ("x1e3", "x1e3"),
        ("2e3", "2e3"),
        ("λ*β_2 + δx", "((λ * β_2) + δx)"),
        ("_x", "_x"),
        ("名前", "名前"),
    ],
)
def test_numbers_and_names(text: str, expected: str) -> None:
    assert tree(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x[i]", "(x [i])"),
        ("A[i, j]", "(A [i, j])"),
        ("A[:, j]", "(A [:, j])"),
        ("A[1:3, :]", "(A [1:3, :])"),
        ("x[1:]", "(x [1:])"),
        ("x[:n-1]", "(x [:(n - 1)])"),
        ("x[-1]", "(x [(- 1)])"),
        ("x[a*b:c+d]", "(x [(a * b):(c + d)])"),
        ("x[(A:B)]", "(x [(A : B)])"),
        ("x[f(A:B)]", "(x [f<(A : B)>])"),
        ("x[y[1:2]:3]", "(x [(y [1:2]):3])"),
        ("x [1]", "(x [1])"),
        ("[A, B; C, D]", "[A, B; C, D]"),
        ("[x]", "[x]"),
        ("[A:B, C]", "[(A : B), C]"),
        ("[[a, b]; [c, d]]", "[[a, b]; [c, d]]"),
        ("[A[0, :]', B]", "[((A [0, :]) '), B]"),
        ("2*[1, 2]", "(2 * [1, 2])"),
        ("[a,\n b;\n c,\n d]", "[a, b; c, d]"),
        ("[a, -b; c - d, e]", "[a, (- b); (c - d), e]"),
    ],
)
def test_indices_and_blocks(text: str, expected: str) -> None:
    assert tree(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a +\nb", "(a + b)"),
        ("a *\n\n  # why\n b", "(a * b)"),
        ("(a\n+ b\n)", "(a + b)"),
        ("f(\n  a,\n  b\n)", "f<a, b>"),
        ("A[\n0\n]", "(A [0])"),
        ("\n\n x \n\n", "x"),
        ("x # comment", "x"),
        ("# comment\nx", "x"),
        ("x;", "x"),
        ("a \\\nb", "(a \\ b)"),
        ("a :\nb", "(a : b)"),
        ("{ a = b; a }", "a = b; a"),
        ("{ a = b\n\n\n a }", "a = b; a"),
        ("{ a = b;\n a; }", "a = b; a"),
        ("{\n a =\n b\n a\n}", "a = b; a"),
        ("{ a = f(b\n, c)\n a }", "a = f<b, c>; a"),
        ("{ a }", "a"),
        ("{ (a, b) }", "<a, b>"),
        ("\ufeffx", "x"),
        ("a +\r\nb\r\n", "(a + b)"),
        ("{ a = b\rc = a\rc }", "a = b; c = a; c"),
        ("{ a = b\r\nc = a\r\nc }", "a = b; c = a; c"),
        ("a\t+\tb", "(a + b)"),
    ],
)
def test_line_ends(text: str, expected: str) -> None:
    assert tree(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tr(A*B) where A: matrix[m, n], B: matrix[n, m]", "tr<(A * B)> where A: matrix[m, n], B: matrix[n, m]"),
        ("x'*x where x: vector[3]", "((x ') * x) where x: vector[3]"),
        ("x where x: positive scalar", "x where x: positive scalar"),
        ("x where x", "x where x"),
        ("x where x,\n y: scalar", "x where x, y: scalar"),
        ("x\nwhere x: scalar", "x where x: scalar"),
        ("{ a = x; a } where x: scalar", "a = x; a where x: scalar"),
        ("where(x > 0, x, 0) where x: vector[n]", "where<(x > 0), x, 0> where x: vector[n]"),
        ("2*where(x > 0, 1, 0)", "(2 * where<(x > 0), 1, 0>)"),
        ("where", "where"),
        ("where + 1", "(where + 1)"),
        ("d*rule - law", "((d * rule) - law)"),
        ("when(and, def)", "when<and, def>"),
        ("vector*matrix'", "(vector * (matrix '))"),
    ],
)
def test_where_and_keywords(text: str, expected: str) -> None:
    assert tree(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("J[i,j,k,l] = delta(i,k)*B[l,j]", "J[i, j, k, l] = (delta<i, k> * (B [l, j])); J"),
        ("J[i] = x[i] where x: vector[n]", "J[i] = (x [i]); J where x: vector[n]"),
        ("{ J[i, j] = A[j, i]; 2*J }", "J[i, j] = (A [j, i]); (2 * J)"),
        ("fn f(x) = x^2\n", "fn f<x> {(x ^ 2)}"),
    ],
)
def test_index_notation_and_functions(text: str, expected: str) -> None:
    assert tree(text) == expected


def test_bare_expression_has_no_name() -> None:
    function = parse_expression(text_source("tr(A)"))
    assert function.name is None
    assert function.parameters == ()


@pytest.mark.parametrize("text", ["A^-1'", "A^2'", "2'", "2 '", "x + 1.5'", "1e3'"])
def test_a_number_is_not_transposed(text: str) -> None:
    with pytest.raises(Error, match="a number cannot be transposed"):
        tree(text)


@pytest.mark.parametrize("text", ["x > 0", "(x > 0", "[x > 0]", "x[y > 0]", "(x > 0, 1)", "{ a = x > 0; a }"])
def test_comparisons_stand_in_arguments_only(text: str) -> None:
    with pytest.raises(Error):
        tree(text)
