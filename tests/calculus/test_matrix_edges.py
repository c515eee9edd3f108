"""Where functions of matrices have singular arguments and repeated eigenvalues: values and derivatives, and domains."""

from __future__ import annotations

import itertools

import mpmath
import numpy as np
import pytest

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
