"""The fine print of the language page on indices, blocks, bindings, directions and attributes, sentence by sentence."""

from __future__ import annotations

import numpy as np
import pytest

import matgrad as mg

rng = np.random.default_rng(4)
x, y, v = rng.normal(size=(3, 3))
A = rng.normal(size=(4, 3))
Q, W, D = rng.normal(size=(3, 3, 3))
S = Q + Q.T
P = Q @ Q.T + np.eye(3)


def value(text, *arguments):
    return mg.function(text)(*arguments)


class TestIndices:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("A[0, 0]", A[0, 0]),
            ("A[1, :]", A[1]),
            ("A[:, 2]", A[:, 2]),
            ("A[1:3, :]", A[1:3]),
            ("A[:2, 1:]", A[:2, 1:]),
            ("A[-1, :]", A[-1]),
            ("A[:, -3]", A[:, -3]),
            ("A[1:-1, 0]", A[1:-1, 0]),
            ("A[-2:, :]", A[-2:]),
            ("A[2:2, :]", A[2:2]),
            ("A[1:3, :][0, :]", A[1]),
            ("A'[0, :]", A[:, 0]),
            ("(A*A')[1, 2]", A[1] @ A[2]),
        ],
    )
    def test_as_in_python(self, text, expected):
        assert np.shape(value(text, A)) == expected.shape
        assert np.allclose(value(text, A), expected)

    def test_integer_parameters(self):
        f = mg.function("A[i, j:j+2] where A: matrix[m, n], i: integer scalar, j: integer scalar")
        assert f.parameters == ("A", "i", "j")
        for i in range(4):
            for j in range(2):
                assert np.array_equal(f(A, i, j), A[i, j : j + 2])
                gradient = mg.function(
                    "sum(A[i, j:j+2]) where A: matrix[m, n], i: integer scalar, j: integer scalar"
                ).grad("A")
                expected = np.zeros((4, 3))
                expected[i, j : j + 2] = 1
                assert np.array_equal(gradient(A, i, j), expected)
        for i, j in ((4, 0), (0, 2), (-1, 0), (0, -1)):
            with pytest.raises(mg.ShapeError, match="out of range"):
                f(A, i, j)
        with pytest.raises(mg.Error, match="i"):
            f(A, 1.5, 0)

    def test_from_the_end_by_a_parameter(self):
        f = mg.function("x[-k] where x: vector[n], k: integer scalar")
        assert f(x, 1) == x[-1]
        assert f(x, 3) == x[0]
        with pytest.raises(mg.ShapeError):
            f(x, 0)

    def test_sizes_are_indices_too(self):
        assert value("x[n-1] where x: vector[n]", x) == x[-1]
        assert np.array_equal(value("x[:n-1] where x: vector[n]", x), x[:-1])

    @pytest.mark.parametrize("text", ["A[0]", "A[0, 0, 0]", "x[0, 0]", "s[0]"])
    def test_as_many_as_dimensions(self, text):
        with pytest.raises(mg.ShapeError, match=r"dimension|scalar"):
            mg.function(f"{text} where A: matrix[m, n], x: vector[n], s: scalar").definition()

    def test_slices_are_not_clamped(self):
        with pytest.raises(mg.ShapeError, match="out of range"):
            value("A[0:5, :]", A)
        with pytest.raises(mg.ShapeError, match="out of range"):
            mg.function("x[1:4] where x: vector[3]").definition()
        with pytest.raises(mg.ShapeError, match="out of range"):
            mg.function("x[2:1] where x: vector[3]").definition()

    @pytest.mark.parametrize("text", ["A[1:3, :]", "A[-1, 1:]", "[A; A][3:6, 1]", "A[1, :]*A[2, :]'"])
    def test_derivatives(self, text):
        f = mg.function(text)
        step = rng.normal(size=A.shape)
        numeric = (f(A + 1e-6 * step) - f(A - 1e-6 * step)) / 2e-6
        assert np.allclose(f.jvp("A")(A, step), numeric, atol=1e-8)
        assert np.allclose(np.tensordot(f.jac("A")(A), step, 2), numeric, atol=1e-8)

    def test_one_element_of_a_product_costs_one_dot(self):
        f = mg.function("(A*B)[2, 2] where A: matrix[m, k], B: matrix[k, n]")
        assert f.cost(m=50, n=50, k=50) <= 4 * 50


class TestBlocks:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("[Q, W; W, Q]", np.block([[Q, W], [W, Q]])),
            ("[x, y]", np.column_stack([x, y])),
            ("[x; y]", np.concatenate([x, y])),
            ("[x; 1]", np.append(x, 1)),
            ("[1; 2]", np.array([1.0, 2])),
            ("[1, 2]", np.array([[1.0, 2]])),
            ("[1, 2; 3, 4]", np.array([[1.0, 2], [3, 4]])),
            ("[x', 1]", np.append(x, 1)[None]),
            ("[x'; y']", np.array([x, y])),
            ("[Q, x; y', 7]", np.block([[Q, x[:, None]], [y[None], np.full((1, 1), 7.0)]])),
            ("[x]", x),
            ("[Q]", Q),
            ("[1.5]", np.array([1.5])),
            ("[x'*y, 2]", np.array([[x @ y, 2]])),
        ],
    )
    def test_scalars_are_1x1_and_vectors_are_columns(self, text, expected):
        f = mg.function(text)
        arrays = {"Q": Q, "W": W, "x": x, "y": y}
        result = f(**{p: arrays[p] for p in f.parameters})
        assert np.shape(result) == expected.shape
        assert np.allclose(result, expected)

    def test_derivative(self):
        f = mg.function("norm2([Q, x; y', s]*[v; 1])^2")
        arrays = {"Q": Q, "x": x, "y": y, "s": 2.0, "v": v}
        residual = np.append(Q @ v + x, y @ v + 2)
        assert np.allclose(f.grad("Q")(**arrays), 2 * np.outer(residual[:3], v))
        assert np.allclose(f.grad("x")(**arrays), 2 * residual[:3])
        assert np.allclose(f.grad("y")(**arrays), 2 * residual[3] * v)
        assert np.isclose(f.grad("s")(**arrays), 2 * residual[3])
        assert np.allclose(f.hess("v")(**arrays), 2 * (Q.T @ Q + np.outer(y, y)))

    def test_what_does_not_fit(self):
        for text in ("[A, Q]", "[A; x]", "[A, x; x', 1]", "[T]"):
            declared = "where A: matrix[4, 3], Q: matrix[3, 3], x: vector[3], T: tensor[2, 2, 2]"
            with pytest.raises(mg.ShapeError, match=r"height|width|block"):
                mg.function(f"{text} {declared}").definition()


class TestExtremes:
    def test_a_matrix_and_the_literal_1_or_2_is_a_reduction(self):
        assert np.array_equal(value("max(A, 1)", A), A.max(0, keepdims=True))
        assert np.array_equal(value("min(A, 2)", A), A.min(1))

    def test_everything_else_is_elementwise(self):
        assert np.array_equal(value("max(A, 3)", A), np.maximum(A, 3))
        assert np.array_equal(value("max(A, 1.0)", A), np.maximum(A, 1))
        assert np.array_equal(value("max(1, A)", A), np.maximum(1, A))
        assert np.array_equal(value("max(x, 1)", x), np.maximum(x, 1))
        assert np.array_equal(value("max(A, k)", A, 2.0), np.maximum(A, 2))
        assert value("max(s, 2)", 1.0) == 2


class TestConventions:
    def test_vec_is_column_major(self):
        B, C = rng.normal(size=(2, 4)), rng.normal(size=(3, 2))
        left, right = mg.function("vec(B*A*C)"), mg.function("kron(C', B)*vec(A)")
        assert left.definition().results[0] is not None
        assert np.allclose(left(B=B, A=A, C=C), (B @ A @ C).ravel(order="F"))
        assert np.allclose(right(B=B, A=A, C=C), (B @ A @ C).ravel(order="F"))
        assert np.array_equal(value("unvec(vec(A), 4, 3)", A), A)

    def test_diag(self):
        assert np.array_equal(value("diag(A)", A[:3]), np.diag(A[:3]))
        assert np.array_equal(value("diag(A) where A: matrix[m, n]", A), np.diag(A))
        assert value("diag(A) where A: matrix[m, n]", A.T).shape == (3,)
        with pytest.raises(mg.ShapeError, match="diag"):
            mg.function("diag(x') where x: vector[n]").definition()

    def test_softmax_of_a_matrix_needs_the_axis(self):
        with pytest.raises(mg.ShapeError, match=r"softmax\(A, 2\)"):
            mg.function("softmax(A)")(A)

    def test_factorizations_raise(self):
        indefinite = np.diag([1.0, -1.0, 2.0])
        singular = np.ones((3, 3))
        for text, matrix in (
            ("chol(A)", indefinite),
            ("inv(A)", singular),
            ("A \\ x", singular),
            ("x'/A", singular),
            ("logdet(A)", indefinite),
            ("logdet(A)", singular),
            ("A \\ x where A: posdef matrix[n, n], x: vector[n]", indefinite),
            ("inv(A) where A: posdef matrix[n, n]", indefinite),
            ("logdet(A) where A: posdef matrix[n, n]", indefinite),
        ):
            f = mg.function(text)
            with pytest.raises(mg.DomainError):
                f(**{p: {"A": matrix, "x": x}[p] for p in f.parameters})

    def test_elementwise_functions_follow_ieee(self):
        with np.errstate(all="ignore"):
            assert value("1/s", 0.0) == np.inf
            assert np.isnan(value("log(s)", -1.0))
            assert value("log(s)", 0.0) == -np.inf
            assert np.isnan(value("sqrt(s)", -1.0))
            assert value("exp(s)", 1e3) == np.inf
            assert np.isnan(value("s/s", 0.0)) or value("s/s", 0.0) == 1  # simplified
            assert np.array_equal(value("x ./ y", np.ones(2), np.array([0.0, -0.0])), [np.inf, -np.inf])
        for name in [
            "exp",
            "log",
            "sqrt",
            "abs",
            "sign",
            "tanh",
            "sigmoid",
            "softplus",
            "relu",
            "erf",
            "lgamma",
            "floor",
        ]:
            assert np.isnan(value(f"{name}(s)", np.nan)), name
        for text in (
            "max(x)",
            "min(x)",
            "sum(x)",
            "logsumexp(x)",
            "norm2(x)",
            "norm1(x)",
            "norminf(x)",
            "max(x, 0)",
            "clip(x, -1, 1)",
        ):
            assert np.any(np.isnan(value(text, np.array([1.0, np.nan, 2.0])))), text


class TestBindings:
    def test_a_binding_is_a_new_variable(self):
        assert np.allclose(value("{ u = x; grad(sum(u.^2) + sum(x.^3), u) }", x), 2 * x)
        assert np.allclose(value("{ u = x; grad(sum(u.^2) + sum(x.^3), x) }", x), 2 * x + 3 * x**2)

    def test_what_was_computed_before_is_held_fixed(self):
        assert np.allclose(value("{ a = sum(x.^2); u = 2*x; grad(a*sum(u), u) }", x), (x @ x) * np.ones(3))
        assert np.allclose(value("{ u = exp(x); w = u.^2; grad(sum(w.*u), u) }", x), 3 * np.exp(2 * x))
        assert np.allclose(value("{ u = exp(x); w = u.^2; grad(sum(w.*u), w) }", x), np.exp(x))

    def test_outer_derivatives_see_through(self):
        f = mg.function("{ u = x.^2; sum(grad(sum(u.^2), u)) }")
        assert np.isclose(f(x), 2 * np.sum(x**2))
        assert np.allclose(f.grad("x")(x), 4 * x)

    def test_bound_to_a_parameter_of_a_called_function(self):
        program = mg.loads("fn g(z: vector[n]) = grad(sum(z.^3), z)\nfn f(x: vector[n]) = g(2*x)")
        assert np.allclose(program.f(x), 12 * x**2)
        assert np.allclose(program.f.jac("x")(x), np.diag(24 * x))

    def test_the_stable_form_is_differentiated(self):
        big = np.array([1e3, 1e3 + 1])
        assert np.all(np.isfinite(value("grad(log(sum(exp(x))), x)", big)))
        assert value("grad(log(1 + exp(s)), s)", 800.0) == 1
        assert np.array_equal(value("hess(norm2(x)^2, x)", np.zeros(2)), 2 * np.eye(2))


class TestDirections:
    """In hvp, jvp, vjp the direction is a constant of that differentiation; outer derivatives see it."""

    def test_direction_that_depends_on_the_variable(self):
        assert np.isclose(value("jvp(sum(x.^2), x, x)", x), 2 * x @ x)
        assert np.allclose(value("hvp(sum(x.^3), x, x.^2)", x), 6 * x**3)
        assert np.allclose(value("vjp(x.^2, x, x)", x), 2 * x * x)
        assert np.allclose(value("grad(jvp(sum(x.^2), x, x), x)", x), 4 * x)
        assert np.allclose(value("jac(hvp(sum(x.^3), x, x.^2), x)", x), np.diag(18 * x**2))
        assert np.allclose(value("jac(vjp(x.^2, x, x), x)", x), np.diag(4 * x))

    def test_shapes(self):
        with pytest.raises(mg.ShapeError, match="direction"):
            mg.function("jvp(sum(x), x, v) where x: vector[n], v: vector[m]").definition()
        with pytest.raises(mg.ShapeError, match="jac"):
            mg.function("grad(A*x, x) where A: matrix[m, n], x: vector[n]").definition()
        with pytest.raises(mg.Error, match="name"):
            mg.function("grad(sum(x.^2), 2*x) where x: vector[n]").definition()


def _projection(attribute):
    """The orthogonal projection of a 3x3 matrix on the space that an attribute declares."""
    return {
        "symmetric": lambda m: (m + m.T) / 2,
        "posdef": lambda m: (m + m.T) / 2,
        "psd": lambda m: (m + m.T) / 2,
        "diagonal": lambda m: np.diag(np.diag(m)),
        "lower": np.tril,
        "upper": np.triu,
        "orthogonal": lambda m: m,
    }[attribute]


class TestStructure:
    @pytest.mark.parametrize("attribute", ["symmetric", "posdef", "psd", "diagonal", "lower", "upper"])
    @pytest.mark.parametrize("body", ["tr(X*W*X)", "sum(exp(X) .* W)", "tr(inv(X)*W)", "x'*X*X'*x + det(X)"])
    def test_derivatives_are_projected(self, attribute, body):
        declared = f"X: {attribute} matrix[3, 3], W: matrix[3, 3], x: vector[3]"
        f = mg.function(f"fn f({declared}) = {body}")
        free = mg.function(f"fn f({declared.replace(attribute, '')}) = {body}")
        project = _projection(attribute)
        X = project(P)
        unconstrained = free.grad("X")(X, W, x)
        assert np.allclose(f.grad("X")(X, W, x), project(unconstrained))
        full = free.hess("X")(X, W, x)
        both = np.zeros((3, 3, 3, 3))
        for i in range(3):
            for j in range(3):
                unit = project(np.eye(3)[[i]].T @ np.eye(3)[[j]])
                both[i, j] = project(np.tensordot(unit, full, 2))
        assert np.allclose(f.hess("X")(X, W, x), both)
        assert np.allclose(f.hvp("X")(X, W, x, D), np.tensordot(both, D, 2))
        assert np.isclose(f.jvp("X")(X, W, x, D), np.sum(project(unconstrained) * D))
        text = f"hvp({body}, X, D)"
        inside = mg.function(f"fn f({declared}, D: matrix[3, 3]) = {text}")
        assert np.allclose(inside(X, W, x, D), np.tensordot(both, D, 2))

    def test_jacobian_projects_the_last_two_indices(self):
        f = mg.function("fn f(X: symmetric matrix[3, 3], x: vector[3]) = X*x")
        J = f.jac("X")(S, x)
        assert np.allclose(J, np.swapaxes(J, 1, 2))
        assert np.allclose(np.tensordot(J, D, 2), (D + D.T) / 2 @ x)
        assert np.allclose(f.vjp("X")(S, x, y), (np.outer(y, x) + np.outer(x, y)) / 2)

    def test_orthogonal_is_trusted(self):
        f = mg.function("fn f(U: orthogonal matrix[n, n], x: vector[n]) = norm2(U'*U*x)^2")
        assert str(f) == str(mg.function("fn f(U: orthogonal matrix[n, n], x: vector[n]) = x'*x"))
        assert np.isclose(f(2 * np.eye(3), x), x @ x)

    @pytest.mark.parametrize(
        ("declared", "bad"),
        [
            ("A: symmetric matrix[n, n]", Q),
            ("A: diagonal matrix[n, n]", Q),
            ("A: lower matrix[n, n]", Q),
            ("A: upper matrix[n, n]", Q),
            ("A: positive matrix[n, n]", np.zeros((3, 3))),
            ("A: nonneg matrix[n, n]", -np.eye(3)),
        ],
    )
    def test_attributes_are_checked_at_the_call(self, declared, bad):
        attribute = declared.split()[1]
        with pytest.raises(mg.DomainError, match=rf"A.*{attribute}"):
            mg.function(f"fn f({declared}) = sum(A)")(bad)

    def test_attributes_that_do_not_fit(self):
        for declared in (
            "A: symmetric matrix[m, n]",
            "x: diagonal vector[n]",
            "A: integer matrix[n, n]",
            "x: sparse vector[n]",
        ):
            with pytest.raises(mg.Error, match="can be"):
                mg.function(f"fn f({declared}) = 1")
        with pytest.raises(mg.Error, match="symmetric"):
            mg.function("fn f(A: symetric matrix[n, n]) = 1")


def test_functions_that_call_one_another_twice_build_in_seconds():
    lines = ["fn f0(x: scalar) = sin(x)"] + [f"fn f{k}(x: scalar) = f{k - 1}(x)*f{k - 1}(x)" for k in range(1, 25)]
    program = mg.loads("\n".join(lines))
    assert np.isclose(program.f24.grad("x")(1.57), 2**24 * np.sin(1.57) ** (2**24 - 1) * np.cos(1.57), rtol=1e-6)


def test_direct_evaluation_of_a_diagonal_in_a_vec():
    """The index of a vec that is tied to a diagonal is no free index."""
    from matgrad.compiler.tensor.evaluate import evaluate

    expression = mg.function("x*vec(eye(n))' where x: vector[n]").elaborated().results[0]
    x = np.array([2.0, 3.0])
    assert np.array_equal(evaluate(expression, {"x": x}, {"n": 2}), np.outer(x, [1, 0, 0, 1]))
