"""Functions as C function pointers: SciPy's integrals and filters, and an optimizer's objective."""

import ctypes
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate, ndimage

import matgrad as mg

RNG = np.random.default_rng(3)
OBJECTIVE = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)


def test_integral() -> None:
    f = mg.function("fn f(x: scalar, a: scalar) = exp(-a*x^2)")
    expected = integrate.quad(lambda x: np.exp(-2 * x * x), 0, 1)[0]
    assert integrate.quad(f.bind(a=2.0).low_level_callable(), 0, 1)[0] == pytest.approx(expected, rel=1e-14)
    assert integrate.quad(f.low_level_callable(), 0, 1, args=(2.0,))[0] == pytest.approx(expected, rel=1e-14)


def test_filter() -> None:
    image = RNG.normal(size=(12, 9))
    f = mg.function("fn f(x: vector[n]) = var(x)").low_level_callable()
    np.testing.assert_allclose(
        ndimage.generic_filter(image, f, 3), ndimage.generic_filter(image, np.var, 3), atol=1e-14
    )


def test_objective_of_an_optimizer() -> None:
    f = mg.load(Path(__file__).parents[2] / "examples" / "matrix_factorization.mg").factorization
    T, U, V = RNG.normal(size=(6, 5)), RNG.normal(size=(6, 2)), RNG.normal(size=(5, 2))
    k = f.value_and_grad("U").bind(T=T, V=V, lam=0.1)
    objective, slope = OBJECTIVE(k.address), np.zeros_like(U)
    value, expected = k(U)
    assert objective(U.size, U.ctypes.data, slope.ctypes.data, None) == value
    np.testing.assert_array_equal(slope, expected)
    assert objective(U.size, U.ctypes.data, None, None) == value
    assert OBJECTIVE(f.bind(T=T, V=V, lam=0.1).address)(U.size, U.ctypes.data, None, None) == pytest.approx(value)


def test_what_would_raise_gives_nan() -> None:
    ridge = mg.load(Path(__file__).parents[2] / "examples" / "ridge.mg").ridge
    X, w = RNG.normal(size=(6, 3)), np.zeros(3)
    objective = OBJECTIVE(ridge.value_and_grad("w").bind(X=X, y=X[:, 0], lam=0.1).address)
    assert np.isnan(objective(2, w.ctypes.data, None, None))
    assert np.isfinite(objective(3, w.ctypes.data, None, None))


@pytest.mark.parametrize("text", ["fn f(x: vector[n], A: matrix[n, n]) = x'*A*x", "fn f(x: vector[n]) = 2*x"])
def test_functions_without_a_form(text: str) -> None:
    with pytest.raises(mg.Error, match="no C form"):
        _ = mg.function(text).address


def test_sizes_must_follow_from_the_number_of_elements() -> None:
    with pytest.raises(mg.Error, match="knows only the number of elements"):
        _ = mg.function("fn f(A: matrix[m, n]) = sum(A)").address
    with pytest.raises(mg.Error, match="SciPy takes no such function"):
        mg.function("fn f(A: matrix[2, 3]) = sum(A)").low_level_callable()
