"""Where functions have kinks, zeros, ties and masks: values and derivatives as the language page says."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import matgrad as mg

rng = np.random.default_rng(11)


class TestProducts:
    @pytest.mark.parametrize("zeros", [(), (1,), (0, 3), (0, 1, 2)])
    def test_derivatives_at_zeros(self, zeros):
        x = rng.normal(size=5)
        x[list(zeros)] = 0
        f = mg.function("prod(x)")
        assert np.isclose(f(x), np.prod(x), rtol=1e-15)
        others = [np.prod(np.delete(x, i)) for i in range(5)]
        assert np.allclose(f.grad("x")(x), others, rtol=1e-14)
        pairs = [[0 if i == j else np.prod(np.delete(x, [i, j])) for j in range(5)] for i in range(5)]
        assert np.allclose(f.hess("x")(x), pairs, rtol=1e-14)
        third = f.hess("x").jac("x")(x)
        for i, j, k in itertools.product(range(5), repeat=3):
            expected = np.prod(np.delete(x, [i, j, k])) if len({i, j, k}) == 3 else 0
            assert np.isclose(third[i, j, k], expected, rtol=1e-13)

    def test_of_a_matrix_and_along_axes(self):
        A = rng.normal(size=(3, 4))
        A[1, 2] = 0
        gradient = mg.function("prod(A)").grad("A")(A)
        assert np.count_nonzero(gradient) == 1
        assert np.isclose(gradient[1, 2], np.prod(np.delete(A.ravel(), 6)))
        assert np.allclose(mg.function("sum(prod(A, 2))").grad("A")(A)[1, 2], np.prod(np.delete(A[1], 2)))
        assert np.allclose(mg.function("sum(prod(A, 1))").grad("A")(A)[1, 2], np.prod(np.delete(A[:, 2], 1)))

    def test_of_nothing(self):
        assert mg.function("prod(x)")(np.zeros(0)) == 1
        assert mg.function("prod(x)").grad("x")(np.zeros(0)).shape == (0,)


class TestTies:
    def test_elementwise_extremes_share_halves(self):
        x, y = np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0, 4.0])
        assert np.array_equal(mg.function("sum(max(x, y))").grad("x")(x, y), [0.5, 1, 0])
        assert np.array_equal(mg.function("sum(max(x, y))").grad("y")(x, y), [0.5, 0, 1])
        assert np.array_equal(mg.function("sum(min(x, y))").grad("x")(x, y), [0.5, 0, 1])
        assert np.array_equal(mg.function("sum(max(x, 0))").grad("x")(np.array([0.0, -1, 1])), [0.5, 0, 1])

    def test_reductions_share(self):
        x = np.array([3.0, 1.0, 3.0, 3.0])
        assert np.allclose(mg.function("max(x)").grad("x")(x), [1 / 3, 0, 1 / 3, 1 / 3])
        assert np.allclose(mg.function("min(x)").grad("x")(-x), [1 / 3, 0, 1 / 3, 1 / 3])
        assert np.allclose(mg.function("norminf(x)").grad("x")(np.array([2.0, -2.0, 1.0])), [0.5, -0.5, 0])
        A = np.array([[1.0, 1.0, 0.0], [2.0, 0.0, 2.0]])
        assert np.allclose(mg.function("sum(max(A, 2))").grad("A")(A), [[0.5, 0.5, 0], [0.5, 0, 0.5]])
        assert np.allclose(mg.function("sum(max(A, 1))").grad("A")(A), [[0, 1, 0], [1, 0, 1]])

    def test_kinks_of_elementwise_functions(self):
        x = np.array([-1.0, 0.0, 1.0])
        assert np.array_equal(mg.function("sum(abs(x))").grad("x")(x), [-1, 0, 1])
        assert np.array_equal(mg.function("sum(relu(x))").grad("x")(x), [0, 0, 1])
        assert np.array_equal(mg.function("sum(clip(x, -1, 0))").grad("x")(x), [1, 1, 0])
        assert np.array_equal(mg.function("norm1(x)").grad("x")(x), [-1, 0, 1])
        assert np.array_equal(mg.function("sum(huber(x, 1))").grad("x")(2 * x), [-1, 0, 1])


class TestMasks:
    """The branch of a `where` that is not taken contributes exactly 0 to value and derivatives."""

    @pytest.mark.parametrize(
        ("text", "first", "second"),
        [
            ("sum(where(x > 0, sqrt(x), 0))", lambda x: x**-0.5 / 2, lambda x: -(x**-1.5) / 4),
            ("sum(where(x > 0, log(x), 0))", lambda x: 1 / x, lambda x: -1 / x**2),
            ("sum(where(x <= 0, 0, 1 ./ x))", lambda x: -1 / x**2, lambda x: 2 / x**3),
            (
                "{ u = sqrt(x); sum(where(x > 0, u + x.*u, 0)) }",
                lambda x: (1 + 3 * x) * x**-0.5 / 2,
                lambda x: (3 * x - 1) * x**-1.5 / 4,
            ),
            ("sum(where(x > 0, exp(log(x).^2), 0))", lambda x: np.exp(np.log(x) ** 2) * 2 * np.log(x) / x, None),
            ("sum(where(x > 0, where(x > 0, x.*log(x), x), 0))", lambda x: np.log(x) + 1, lambda x: 1 / x),
        ],
    )
    def test_elementwise(self, text, first, second):
        x = np.array([0.0, -1.0, 0.5, 3.0])
        f = mg.function(text)
        assert np.isfinite(f(x))
        positive = x[2:]
        assert np.allclose(f.grad("x")(x), [0, 0, *first(positive)])
        hessian = f.hess("x")(x)
        assert np.all(np.isfinite(hessian))
        assert np.all(hessian[:2] == 0)
        if second is not None:
            assert np.allclose(hessian, np.diag([0, 0, *second(positive)]))
        for direction in np.eye(4):
            assert np.allclose(f.jvp("x")(x, direction), f.grad("x")(x) @ direction)
            assert np.allclose(f.hvp("x")(x, direction), hessian @ direction)

    def test_two_masks_on_one_subexpression(self):
        f = mg.function("{ u = sqrt(x); sum(where(x > 0, u, 0)) + sum(where(x > 1, x.*u, 0)) }")
        x = np.array([0.0, 0.25, 4.0])
        assert np.allclose(f.grad("x")(x), [0, 1, 0.25 + 3])
        assert np.allclose(f.hess("x")(x), np.diag([0, -2, -1 / 32 + 0.375]))

    def test_through_products(self):
        f = mg.function("sum(where(A*x > 0, log(A*x), 0)) where A: matrix[m, n], x: vector[n]")
        A, x = np.array([[1.0, 0], [0, 1], [-1, 0]]), np.array([0.0, 2.0])
        assert f(A, x) == np.log(2)
        assert np.array_equal(f.grad("x")(A, x), [0, 0.5])
        assert np.array_equal(f.grad("A")(A, x), [[0, 0], [0, 1], [0, 0]])
        assert np.array_equal(f.hess("x")(A, x), [[0, 0], [0, -0.25]])

    def test_scalar_condition(self):
        f = mg.function("where(s > 0, log(s), s)*norm2(x)")
        x = np.array([3.0, 4.0])
        assert f(-1.0, x) == -5
        assert f.grad("s")(-1.0, x) == 5
        assert np.allclose(f.grad("x")(-1.0, x), -x / 5)


class TestNorms:
    @pytest.mark.parametrize("scale", [1e-200, 1e200])
    def test_neither_overflow_nor_underflow(self, scale):
        x = scale * np.array([3.0, 4.0])
        f = mg.function("norm2(x)")
        assert np.isclose(f(x), 5 * scale, rtol=1e-15)
        assert np.allclose(f.grad("x")(x), [0.6, 0.8], rtol=1e-14)
        A = scale * np.diag([3.0, 4.0])
        assert np.isclose(mg.function("normfro(A)")(A), 5 * scale, rtol=1e-15)
        assert np.isclose(mg.function("norm2(A)")(A), 4 * scale, rtol=1e-15)

    def test_at_zero(self):
        x, A = np.zeros(3), np.zeros((2, 3))
        for text, array in (("norm2(x)", x), ("normfro(x)", A), ("norm2(x)", A), ("normnuc(x)", A)):
            f = mg.function(text)
            assert f(array) == 0
            assert np.array_equal(f.grad("x")(array), np.zeros_like(array)), text
        f = mg.function("norm2(x)^2")
        assert np.array_equal(f.grad("x")(x), x)
        assert np.array_equal(f.hess("x")(x), 2 * np.eye(3))
        inside = mg.function("hess(norm2(x)^2, x)")
        assert np.array_equal(inside(x), 2 * np.eye(3))

    def test_of_special_vectors(self):
        assert mg.function("norm2(x)")(np.array([np.inf, 1.0])) == np.inf
        assert np.isnan(mg.function("norm2(x)")(np.array([np.nan, 1.0])))
        assert mg.function("norm2(x)")(np.zeros(0)) == 0

    def test_spectral_norm_shares_ties(self):
        X = np.diag([2.0, 2.0, 1.0])
        gradient = mg.function("norm2(X)").grad("X")(X)
        assert np.allclose(gradient, np.diag([0.5, 0.5, 0]))

    def test_nuclear_norm_of_rank_deficient_matrices(self):
        X = np.outer([1.0, 2.0, 2.0], [3.0, 4.0])
        gradient = mg.function("normnuc(X)").grad("X")(X)
        assert np.allclose(gradient, np.outer([1, 2, 2], [3, 4]) / 15)
        with pytest.raises(mg.DomainError, match="singular value is 0"):
            mg.function("normnuc(X)").hess("X")(X)
