"""The fine print of the language page on types, sizes and `I`, sentence by sentence."""

from __future__ import annotations

import numpy as np
import pytest

import matgrad as mg

rng = np.random.default_rng(3)
x, y = rng.normal(size=(2, 3))
A = rng.normal(size=(4, 3))
Q = rng.normal(size=(3, 3))
ROW = rng.normal(size=(1, 3))
T = rng.normal(size=(3, 3, 2))


def value(text, *arguments):
    return mg.function(text)(*arguments)


def shape(text, *arguments):
    return np.shape(value(text, *arguments))


class TestTypesDecide:
    """Types decide, never the sizes at run time."""

    def test_declared_row_times_vector_is_a_scalar(self):
        assert np.isclose(value("fn f(a: matrix[1, n], x: vector[n]) = a*x", ROW, x), (ROW @ x)[0])
        assert shape("fn f(a: matrix[1, n], x: vector[n]) = a*x", ROW, x) == ()

    def test_row_by_transposition_or_reduction(self):
        assert shape("x'*y", x, y) == ()
        assert shape("sum(A, 1)*x", A, x) == ()
        assert shape("mean(A, 1)*x", A, x) == ()
        assert shape("max(A, 1)*x", A, x) == ()
        assert shape("logsumexp(A, 1)*x", A, x) == ()

    def test_named_size_that_happens_to_be_one_stays_a_vector(self):
        assert shape("fn f(a: matrix[m, n], x: vector[n]) = a*x", ROW, x) == (1,)
        assert shape("A*x", ROW, x) == (1,)  # undeclared: named sizes

    def test_row_times_column_stays_a_matrix(self):
        assert shape("fn f(a: matrix[1, n], b: matrix[n, 1]) = a*b", ROW, x[:, None]) == (1, 1)

    def test_transposing_twice(self):
        assert np.array_equal(value("x''", x), x)
        assert shape("fn f(a: matrix[1, n]) = a'", ROW) == (3,)
        assert shape("A'", A) == (3, 4)
        assert shape("(A*x)'", A, x) == (1, 4)


class TestSizes:
    def test_composed_sizes_in_declarations(self):
        f = mg.function("fn f(v: vector[m*n], A: matrix[m, n]) = v - vec(A)")
        assert np.array_equal(f(A.ravel(order="F"), A), np.zeros(12))
        with pytest.raises(mg.ShapeError, match=r"(?s)axis 0 of v has size 11.*m\*n = 12"):
            f(np.ones(11), A)
        assert shape("fn f(v: vector[n+m], x: vector[n], y: vector[m]) = v - [x; y]", np.ones(5), x, np.ones(2)) == (5,)
        assert shape("fn f(v: vector[min(m, n)], A: matrix[m, n]) = v + diag(A)", np.ones(3), A) == (3,)

    def test_different_names_are_refused_when_the_program_is_built(self):
        with pytest.raises(mg.ShapeError, match="x is vector"):
            mg.function("fn f(x: vector[n], y: vector[m]) = x + y")
        with pytest.raises(mg.ShapeError):
            mg.function("fn f(x: vector[3], y: vector[4]) = x + y")
        with pytest.raises(mg.ShapeError):
            mg.function("fn f(X: matrix[m, n]) = tr(X)")

    def test_composed_sizes_are_checked_at_the_call(self):
        f = mg.function("fn f(x: vector[n], y: vector[m]) = x[1:] - y")
        assert np.array_equal(f(x, x[1:]), [0, 0])
        with pytest.raises(mg.ShapeError, match=r"x\[1:\] - y: n-1 and m must be equal"):
            f(x, y)

    def test_same_name_same_size(self):
        with pytest.raises(mg.ShapeError, match="axis 0 of y has size 2"):
            value("fn f(x: vector[n], y: vector[n]) = x + y", x, y[:2])

    def test_a_size_is_a_number(self):
        assert np.isclose(value("fn f(x: vector[n]) = sum(x) / n", x), np.mean(x))
        assert value("fn f(X: matrix[m, n]) = m*n + 1", A) == 13

    def test_rectangular_triangles(self):
        f = mg.function("fn f(L: lower matrix[m, n], x: vector[n]) = sum(L*x)")
        assert np.isclose(f(np.tril(A), x), np.sum(np.tril(A) @ x))
        assert np.allclose(f.grad("L")(np.tril(A), x), np.tril(np.ones((4, 1)) * x))
        g = mg.function("fn f(U: upper matrix[m, n], x: vector[n]) = sum(U*x)")
        assert np.allclose(g.grad("U")(np.triu(A), x), np.triu(np.ones((4, 1)) * x))

    def test_inverse_of_a_scalar(self):
        assert value("inv(s)", 4.0) == 0.25
        assert value("s^-1", 4.0) == 0.25

    def test_inverse_of_what_is_semidefinite_by_inference(self):
        f = mg.function("inv(A'*A)")
        assert np.allclose(f(A), np.linalg.inv(A.T @ A))
        assert "cholesky" in f.plan()
        with pytest.raises(mg.DomainError):  # singular without rounding: a column of zeros
            f(A * np.array([1.0, 0.0, 1.0]))

    def test_size_zero(self):
        empty = np.zeros(0)
        assert value("sum(x)", empty) == 0
        assert value("prod(x)", empty) == 1
        assert value("det(A)", np.zeros((0, 0))) == 1
        assert value("logsumexp(x)", empty) == -np.inf
        assert value("norm2(x)", empty) == 0
        assert shape("A*x", np.zeros((3, 0)), empty) == (3,)
        assert np.array_equal(value("A*x", np.zeros((3, 0)), empty), np.zeros(3))
        assert shape("inv(A)", np.zeros((0, 0))) == (0, 0)
        assert mg.function("sum(A*x)").grad("x")(np.zeros((3, 0)), empty).shape == (0,)
        for text in ("max(x)", "min(x)"):
            with pytest.raises(mg.Error):
                value(text, empty)


class TestIdentity:
    """`I` takes its size from the other operand."""

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("A + I", Q + np.eye(3)),
            ("I - A", np.eye(3) - Q),
            ("A*I", Q),
            ("I*A", Q),
            ("I .* A", np.diag(np.diag(Q))),
            ("I / A", np.linalg.inv(Q)),
            ("A / I", Q),
            ("A \\ I", np.linalg.inv(Q)),
            ("I \\ A", Q),
            ("I : A", np.trace(Q)),
            ("A : I", np.trace(Q)),
            ("inner(I, A)", np.trace(Q)),
            ("2*I - A", 2 * np.eye(3) - Q),
            ("-I + A", Q - np.eye(3)),
            ("inv(2*I)*A", Q / 2),
            ("(I + I)*A", 2 * Q),
            ("I'*A", Q),
            ("I^2*A", Q),
            ("I/2*A", Q / 2),
            ("inv(I + A)", np.linalg.inv(np.eye(3) + Q)),
            ("tr(A*I)", np.trace(Q)),
            ("I*2*A", 2 * Q),
            ("A ./ (I + 1)", None),
        ],
    )
    def test_with_a_matrix(self, text, expected):
        if expected is None:
            with pytest.raises(mg.ShapeError):
                value(text, Q)
        else:
            assert np.allclose(value(text, Q), expected)

    def test_with_vectors_and_rectangles(self):
        assert np.array_equal(value("I*x", x), x)
        assert np.array_equal(value("x'*I", x), x[None])
        assert np.array_equal(value("A*I", A), A)
        assert np.array_equal(value("I*A", A), A)
        assert np.allclose(value("I \\ x", x), x)

    def test_from_the_declared_type_of_a_parameter(self):
        program = mg.loads(
            "fn quadratic(x: vector[n], S: matrix[n, n]) = x'*S*x\nfn f(x: vector[n]) = quadratic(x, 2*I)"
        )
        assert np.isclose(program.f(x), 2 * x @ x)
        other = mg.loads("fn first(S: matrix[n, n], x: vector[n]) = S*x\nfn f(x: vector[n]) = first(I, x)")
        assert np.array_equal(other.f(x), x)

    def test_against_a_tensor_it_has_the_first_two_sizes(self):
        assert np.allclose(value("I : T where T: tensor[n, n, k]", T), np.einsum("iik->k", T))
        with pytest.raises(mg.ShapeError):
            mg.function("I : T where T: tensor[m, n, k]")

    @pytest.mark.parametrize(
        "text", ["tr(I)", "x + I", "I - x", "x .* I", "I + 1", "exp(I)", "2*I", "I", "A^I", "x*I", "det(I)"]
    )
    def test_where_nothing_gives_a_size(self, text):
        with pytest.raises(mg.ShapeError, match=r"\bI\b"):
            mg.function(f"{text} where x: vector[n], A: matrix[n, n]").definition()


class TestTensors:
    def test_single_and_double_contraction(self):
        declared = "where T: tensor[3, 3, 2], A: matrix[p, 3], B: matrix[2, q], x: vector[2]"
        B = rng.normal(size=(2, 5))
        arrays = {"T": T, "A": A, "B": B, "x": x[:2]}
        for text, subscripts in (("A*T", "pi,ijk->pjk"), ("T*B", "ijk,kq->ijq"), ("T*x", "ijk,k->ij")):
            f = mg.function(f"{text} {declared}")
            given = {name: arrays[name] for name in text.split("*")}
            assert f.parameters == tuple(given)
            assert np.allclose(f(**given), np.einsum(subscripts, *given.values()))
            for name in given:
                step = rng.normal(size=given[name].shape)
                moved = np.einsum(subscripts, *(given | {name: step}).values())
                assert np.allclose(f.jvp(name)(*given.values(), step), moved)
        C = rng.normal(size=(3, 3, 4))
        f = mg.function("S : T where S: tensor[a, b, c], T: tensor[b, c, d]")
        S = rng.normal(size=(2, 3, 3))
        assert np.allclose(f(S, C), np.einsum("abc,bcd->ad", S, C))
        assert np.allclose(value("A : B", Q, Q.T), np.sum(Q * Q.T))
        assert np.allclose(
            value("J : A where J: tensor[a, b, m, n], A: matrix[m, n]", rng.normal(size=(2, 2, 4, 3)) * 0 + 1, A),
            np.sum(A),
        )

    def test_elementwise_and_reductions(self):
        f = mg.function("sum(exp(T) .* T) where T: tensor[a, b, c]")
        assert np.isclose(f(T), np.sum(np.exp(T) * T))
        assert np.allclose(f.grad("T")(T), np.exp(T) * (1 + T))
        assert np.isclose(value("normfro(T) where T: tensor[a, b, c]", T), np.linalg.norm(T))
        assert np.array_equal(value("T[:, 1, :] where T: tensor[a, b, c]", T), T[:, 1, :])

    def test_what_does_not_fit_says_so(self):
        for text in (
            "T*A",
            "T : A",
            "T + A",
            "T'",
            "inv(T)",
            "diag(T)",
            "T \\ A",
            "norm2(T)",
            "vec(T)",
            "T^2",
            "tr(T)",
        ):
            with pytest.raises(mg.ShapeError, match="tensor"):
                mg.function(f"{text} where T: tensor[a, b, c], A: matrix[m, n]").definition()
