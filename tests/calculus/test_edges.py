"""Where functions have kinks, zeros, ties and singular arguments: values and derivatives as the language page says."""

from __future__ import annotations

import itertools

import mpmath
import numpy as np
import pytest
import scipy.special

import matgrad as mg

rng = np.random.default_rng(11)


def polynomial_hessian(function, x, step=1e-3):
    """The Hessian of a polynomial by differences; they are exact up to rounding for low degrees."""
    n = x.size
    result = np.zeros((n, n))
    for i, j in itertools.product(range(n), repeat=2):
        for s, t in itertools.product((1, -1), repeat=2):
            moved = x.ravel().copy()
            moved[i] += s * step
            moved[j] += t * step
            result[i, j] += s * t * function(moved.reshape(x.shape)) / (4 * step * step)
    return result.reshape(x.shape * 2)


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


def _of_rank(n, rank):
    return rng.normal(size=(n, rank)) @ rng.normal(size=(rank, n))


class TestDeterminants:
    @pytest.mark.parametrize("rank", [4, 3, 2, 1, 0])
    def test_derivatives_at_singular_matrices(self, rank):
        X = _of_rank(4, rank)
        f = mg.function("det(X)")
        assert np.isclose(f(X), np.linalg.det(X), atol=1e-12)
        minors = [
            [np.linalg.det(np.delete(np.delete(X, i, 0), j, 1)) * (-1) ** (i + j) for j in range(4)] for i in range(4)
        ]
        assert np.allclose(f.grad("X")(X), minors, atol=1e-12)
        assert np.allclose(mg.function("adj(X)")(X), np.transpose(minors), atol=1e-12)
        assert np.allclose(f.hess("X")(X), polynomial_hessian(np.linalg.det, X), atol=1e-6)
        jacobian = mg.function("adj(X)").jac("X")(X)
        assert np.allclose(jacobian, np.swapaxes(f.hess("X")(X), 0, 1), atol=1e-11)

    @pytest.mark.parametrize("rank", [4, 2, 1])
    def test_third_and_fourth_derivatives(self, rank):
        X = _of_rank(4, rank)
        third = mg.function("det(X)").hess("X").jac("X")
        directions = rng.normal(size=(4, 4, 4))
        # Differences of a polynomial that are odd in each of its variables: exact for degree 4.
        for count, derivative in ((3, third), (4, third.jac("X"))):
            mixed = 0.0
            for signs in itertools.product((1, -1), repeat=count):
                mixed += np.prod(signs) * np.linalg.det(X + np.tensordot(signs, directions[:count], 1)) / 2**count
            values = derivative(X)
            for direction in directions[:count]:
                values = np.tensordot(direction, values, 2)
            assert np.isclose(values, mixed, rtol=1e-9, atol=1e-9)

    def test_small_orders(self):
        assert mg.function("adj(X)")(np.array([[5.0]])) == 1
        assert mg.function("det(X)").grad("X")(np.array([[0.0]])) == 1
        assert mg.function("det(X)")(np.zeros((0, 0))) == 1
        assert mg.function("adj(X)")(np.zeros((0, 0))).shape == (0, 0)
        assert np.array_equal(mg.function("adj(X)")(np.zeros((2, 2))), np.zeros((2, 2)))
        assert np.array_equal(mg.function("adj(X)")(np.zeros((1, 1))), np.ones((1, 1)))

    def test_logarithms_of_singular_matrices(self):
        X = np.diag([1.0, 0.0])
        assert mg.function("logabsdet(X)")(X) == -np.inf
        with pytest.raises(mg.DomainError):
            mg.function("logdet(X)")(X)
        with pytest.raises(mg.DomainError):
            mg.function("logdet(X)")(np.diag([1.0, -1.0]))
        with pytest.raises(mg.DomainError):
            mg.function("logabsdet(X)").grad("X")(X)
        with pytest.raises(mg.DomainError):
            mg.function("inv(X)")(X)

    def test_logdet_where_det_overflows(self):
        X = 1e3 * np.diag(np.arange(1.0, 301))
        truth = float(sum(mpmath.log(mpmath.mpf(1000) * k) for k in range(1, 301)))
        assert np.isclose(mg.function("log(det(X))")(X), truth, rtol=1e-14)
        assert str(mg.function("log(det(X))").grad("X")) == "inv(X)'"


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


class TestSpectra:
    def test_symmetric_functions_at_repeated_eigenvalues(self):
        S = 2 * np.eye(3)
        for text, expected in (
            ("sum(exp(eigvals(S)))", np.exp(2) * np.eye(3)),
            ("sum(eigvals(S).^3)", 12 * np.eye(3)),
            ("prod(eigvals(S))", 4 * np.eye(3)),
            ("sum(log(eigvals(S)))", np.eye(3) / 2),
            ("logsumexp(eigvals(S))", np.eye(3) / 3),
            ("sum(svdvals(S).^2)", 4 * np.eye(3)),
            ("eigmax(S)", np.eye(3) / 3),
            ("eigmin(S)", np.eye(3) / 3),
            ("max(eigvals(S))", np.eye(3) / 3),
        ):
            assert np.allclose(mg.function(text).grad("S")(S), expected), text

    def test_second_derivatives_need_gaps(self):
        for text in ("eigmax(S)", "eigmin(S)", "norm2(S)", "sum(eigvals(S).^4)"):
            hessian = mg.function(text).hess("S")
            hessian(np.diag([1.0, 2.0, 4.0]))
            with pytest.raises(mg.DomainError, match="multiple"):
                hessian(np.eye(3))

    def test_extreme_eigenvalues_may_have_others_repeated(self):
        hessian = mg.function("eigmax(S)").hess("S")(np.diag([1.0, 1.0, 3.0]))
        moved = mg.function("eigmax(S)").grad("S")
        E = rng.normal(size=(3, 3))
        numeric = (moved(np.diag([1.0, 1.0, 3.0]) + 1e-5 * E) - moved(np.diag([1.0, 1.0, 3.0]) - 1e-5 * E)) / 2e-5
        assert np.allclose(np.tensordot(hessian, E, 2), numeric, atol=1e-8)

    def test_act_on_the_symmetric_part(self):
        A = rng.normal(size=(4, 4))
        S = (A + A.T) / 2
        for text in ("eigmax(A)", "eigmin(A)", "sum(eigvals(A).^3)"):
            f = mg.function(text)
            assert np.isclose(f(A), f(S), rtol=1e-14)
            gradient = f.grad("A")(A)
            assert np.allclose(gradient, gradient.T)
            assert np.allclose(gradient, f.grad("A")(S))
        P = S @ S + np.eye(4)
        K = rng.normal(size=(4, 4))
        assert np.allclose(mg.function("chol(A)")(P + K - K.T), np.linalg.cholesky(P))
        gradient = mg.function("sum(chol(A))").grad("A")(P + K - K.T)
        assert np.allclose(gradient, gradient.T)

    def test_orders(self):
        A = rng.normal(size=(3, 5))
        assert np.all(np.diff(mg.function("svdvals(A)")(A)) <= 0)
        assert mg.function("svdvals(A)")(A).shape == (3,)
        assert mg.function("svdvals(A')")(A).shape == (3,)
        assert np.all(np.diff(mg.function("eigvals(A*A')")(A)) >= 0)


class TestMatrixFunctions:
    def test_domains(self):
        negative = np.diag([1.0, -1.0])
        for text in ("logm(A)", "sqrtm(A)", "chol(A)"):
            with pytest.raises(mg.DomainError):
                mg.function(text)(negative)
        with pytest.raises(mg.DomainError):
            mg.function("logm(A)")(np.zeros((2, 2)))
        with pytest.raises(mg.DomainError):
            mg.function("sum(sqrtm(A))").grad("A")(np.diag([1.0, 0.0]))

    @pytest.mark.parametrize("text", ["tr(expm(A)*B)", "tr(logm(A)*B)", "tr(sqrtm(A)*B)"])
    def test_second_and_third_derivatives(self, text):
        A = rng.normal(size=(3, 3)) / 2 + 3 * np.eye(3)
        B, E = rng.normal(size=(2, 3, 3))
        f = mg.function(text)
        gradient, hessian = f.grad("A"), f.hess("A")

        def slope(function, h=1e-4):
            ends = [function(A + s * h * E, B) for s in (1, -1, 0.5, -0.5)]
            return (4 * (ends[2] - ends[3]) / h - (ends[0] - ends[1]) / (2 * h)) / 3

        assert np.allclose(np.tensordot(hessian(A, B), E, 2), slope(gradient), rtol=1e-6, atol=1e-7)
        assert np.allclose(f.hvp("A")(A, B, E), slope(gradient), rtol=1e-6, atol=1e-7)
        assert np.allclose(np.tensordot(hessian.jac("A")(A, B), E, 2), slope(hessian), rtol=1e-5, atol=1e-6)

    @pytest.mark.parametrize("name", ["expm", "logm", "sqrtm"])
    def test_frechet_derivatives_against_mpmath(self, name):
        """Central differences in 60 digits are exact to 40: of first and second order."""
        A = rng.normal(size=(3, 3)) / 2 + 3 * np.eye(3)
        E, F = rng.normal(size=(2, 3, 3))
        function = getattr(mpmath, name)
        with mpmath.workdps(60):
            a, e, f = (mpmath.matrix(x.tolist()) for x in (A, E, F))
            h = mpmath.mpf(10) ** -12

            def first(at):
                return (function(at + h * e) - function(at - h * e)) / (2 * h)

            one, two = first(a), (first(a + h * f) - first(a - h * f)) / (2 * h)
        truths = [np.array(t.apply(mpmath.re).tolist(), dtype=float) for t in (one, two)]
        for text, truth in zip((f"jvp({name}(A), A, E)", f"jvp(jvp({name}(A), A, E), A, F)"), truths, strict=True):
            function = mg.function(f"fn f(A: matrix[n, n], E: matrix[n, n], F: matrix[n, n]) = {text} + 0*F")
            for _ in range(4):
                assert np.allclose(function(A, E, F), truth, rtol=1e-11, atol=1e-12)

    @pytest.mark.parametrize("scale", [0.0, 1e-200])
    def test_derivatives_of_expm_at_zero(self, scale):
        A = scale * rng.normal(size=(3, 3))
        delta = np.eye(3)
        hessian = (
            np.einsum("jk,i,l->ijkl", delta, np.ones(3), np.ones(3))
            + np.einsum("li,j,k->ijkl", delta, *[np.ones(3)] * 2)
        ) / 2
        assert np.allclose(mg.function("sum(expm(A))").hess("A")(A), hessian)

    def test_expm_against_mpmath(self):
        A = rng.normal(size=(4, 4))
        truth = np.array(mpmath.expm(mpmath.matrix(A.tolist())).tolist(), dtype=float)
        assert np.allclose(mg.function("expm(A)")(A), truth, rtol=1e-13)

    def test_pinv_of_constant_rank(self):
        A = _of_rank(4, 2)
        assert np.allclose(mg.function("pinv(A)")(A), np.linalg.pinv(A))
        left, right = rng.normal(size=(4, 2)), rng.normal(size=(2, 4))
        f = mg.function("pinv(L*R)")
        slope = f.jvp("L")(left, right, np.ones((4, 2)))
        ends = [np.linalg.pinv((left + s * 1e-6) @ right) for s in (1, -1)]
        assert np.allclose(slope, (ends[0] - ends[1]) / 2e-6, atol=1e-6)


class TestNumerics:
    """Against mpmath, to a few units in the last place."""

    def check(self, text, x, truth, variable="x", rtol=4e-16):
        value = mg.function(text)(x)
        assert np.allclose(value, np.array([float(truth(mpmath.mpf(float(v)))) for v in x]), rtol=rtol, atol=0), text

    def test_stable_forms(self):
        wide = np.array([-800.0, -40, -1e-9, 0, 1e-9, 30, 800])
        with mpmath.workdps(60):
            self.check("log(1 + exp(x))", wide, lambda v: mpmath.log1p(mpmath.exp(v)), rtol=1e-15)
            self.check("softplus(x)", wide, lambda v: mpmath.log1p(mpmath.exp(v)), rtol=1e-15)
            self.check("sigmoid(x)", wide, lambda v: 1 / (1 + mpmath.exp(-v)), rtol=1e-15)
            self.check("1 ./ (1 + exp(-x))", wide, lambda v: 1 / (1 + mpmath.exp(-v)), rtol=1e-15)
            tiny = np.array([1e-12, -1e-12, 1e-300, 0.5])
            self.check("log(1 + x)", tiny, mpmath.log1p)
            self.check("exp(x) - 1", tiny, mpmath.expm1)
            self.check("log(sigmoid(x))", wide, lambda v: -mpmath.log1p(mpmath.exp(-v)), rtol=1e-15)

    def test_logsumexp_of_large_numbers(self):
        for shift in (1e4, -1e4):
            x = shift + np.array([0.0, 1.0, 2.0])
            truth = float(shift + mpmath.log(1 + mpmath.e + mpmath.e**2))
            for text in ("logsumexp(x)", "log(sum(exp(x)))"):
                f = mg.function(text)
                assert np.isclose(f(x), truth, rtol=1e-15)
                assert np.allclose(f.grad("x")(x), scipy.special.softmax(x), rtol=1e-14)
        assert mg.function("logsumexp(x)")(np.zeros(0)) == -np.inf

    def test_variance_of_large_means(self):
        x = 1e9 + np.array([0.0, 1.0, 2.0, 3.0])
        f = mg.function("var(x)")
        assert f(x) == 1.25
        assert np.array_equal(f.grad("x")(x), 0.5 * np.array([-1.5, -0.5, 0.5, 1.5]))
        assert np.allclose(f.hess("x")(x), 0.5 * (np.eye(4) - 0.25))

    def test_xlogy(self):
        f = mg.function("xlogy(a, b) where a: scalar, b: scalar")
        assert f(0.0, 0.0) == 0
        assert np.isclose(f.grad("a")(2.0, 3.0), np.log(3), rtol=1e-15)
        assert f.grad("b")(0.0, 0.0) == 0
        entropy = mg.function("-sum(xlogy(p, p))")
        assert np.isclose(entropy(np.array([0.5, 0.5, 0])), np.log(2))

    def test_ill_conditioned_solve(self):
        n = 8
        H = np.array([[1 / (i + j + 1) for j in range(n)] for i in range(n)])
        f = mg.function("b'*(A \\ b) where A: posdef matrix[n, n], b: vector[n]")
        b = H @ np.ones(n)
        assert np.isclose(f(b, H), np.sum(H), rtol=1e-10)
        assert np.allclose(f.grad("b")(b, H), 2 * np.ones(n), rtol=1e-5)
