"""Forms that neither overflow nor cancel, to a few units in the last place."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import scipy.special

import matgrad as mg


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

    @pytest.mark.parametrize(
        ("text", "x", "truth"),
        [
            ("(0.001*x)^200", 1000.0, 1.0),
            ("(x/1000)^-150", 1000.0, 1.0),
            ("(2*x)^2000", 0.5, 1.0),
            ("sum((1e-200*x).^2)", np.full(2, 1e200), 2.0),
            ("prod(1e-90*x)", np.full(5, 1e90), 1.0),
            ("1e200*x*1e200", 0.0, 0.0),
        ],
    )
    def test_large_and_small_coefficients(self, text, x, truth):
        with np.errstate(all="ignore"):
            assert np.isclose(mg.function(text)(x), truth, rtol=1e-12, equal_nan=True)

    @pytest.mark.parametrize("body", ["0.5*{f}*{f}", "{f}*{f} - {f}/3", "3.7*{f}*(1 - {f})", "{f} - 0.3*{f}^2"])
    def test_coefficients_of_many_calls(self, body):
        levels = [f"fn f{k}(x: scalar) = {body.format(f=f'f{k - 1}(x)')}" for k in range(1, 17)]
        f = mg.loads("\n".join(["fn f0(x: scalar) = x", *levels])).f16
        with mpmath.workdps(60):
            value, slope = mpmath.mpf("0.7"), mpmath.mpf(1)
            parts = body.replace("^", "**")
            for _ in range(16):
                at = value
                value = eval(parts.format(f="at"), {"at": at})
                slope *= mpmath.diff(lambda v: eval(parts.format(f="v"), {"v": v}), at)
        assert np.isclose(f(0.7), float(value), rtol=1e-6)
        assert np.isclose(f.grad("x")(0.7), float(slope), rtol=1e-6)

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
