"""Functions of shifted windows of arrays, compiled: sizes from the least on, and around those of vectors.

What enters are functions and the same in NumPy. What leaves are test results. What always holds: the truth is NumPy's,
its derivative taken along an imaginary step, which has no cancellation. Not for: which loops are joined.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import matgrad as mg
from matgrad.runtime.kernel import Kernel

Array = Any
STEP = 1e-100
SIZES = (*range(3, 12), 16, 17, 31, 40, 67)


def rosenbrock(x: Array) -> Array:
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def trend(x: Array, y: Array) -> Array:
    return np.sum((x - y) ** 2) + 3 * np.sum((x[2:] - 2 * x[1:-1] + x[:-2]) ** 2)


def uneven(x: Array, y: Array) -> Array:
    return np.sum(x[3:] * y[1:-2] * np.exp(-x[:-3])) + np.sum(np.sin(x[2:-1])) + np.sum(x[1:] * y[:-1])


def corners(x: Array, y: Array) -> Array:
    inside = np.sum(x[:-1] * x[1:] * y[1:]) + np.sum(np.tanh(x[:-2] - y[2:]))
    return inside + x[-1] * x[0] + np.prod(x[:3]) + np.sum(x[1:3] ** 2)


def variation(X: Array, Y: Array) -> Array:
    across, down = X[:-1, 1:] - X[:-1, :-1], X[1:, :-1] - X[:-1, :-1]
    return 0.5 * np.sum((X - Y) ** 2) + 0.3 * np.sum(np.sqrt(across**2 + down**2 + 1e-4))


def neighbours(X: Array, Y: Array) -> Array:
    return np.sum(X[1:, 2:] * X[:-1, :-2] * Y[1:, 1:-1]) + np.sum((X[:, 1:] - X[:, :-1]) ** 2) + np.sum(X[1:] ** 3)


UNEVEN = """fn f(x: vector[n], y: vector[n]) = {
    one = x[3:n].*y[1:n-2].*exp(-x[0:n-3])
    sum(one) + sum(sin(x[2:n-1])) + sum(x[1:n].*y[0:n-1])
}"""
CORNERS = """fn f(x: vector[n], y: vector[n]) = {
    inside = sum(x[0:n-1].*x[1:n].*y[1:n]) + sum(tanh(x[0:n-2] - y[2:n]))
    inside + x[n-1]*x[0] + prod(x[0:3]) + sum(x[1:3].^2)
}"""
VARIATION = """fn f(X: matrix[m, n], Y: matrix[m, n]) = {
    across = X[0:m-1, 1:n] - X[0:m-1, 0:n-1]
    down = X[1:m, 0:n-1] - X[0:m-1, 0:n-1]
    normfro(X - Y)^2/2 + 0.3*sum(sqrt(across.^2 + down.^2 + 1e-4))
}"""
NEIGHBOURS = """fn f(X: matrix[m, n], Y: matrix[m, n]) = {
    one = X[1:m, 2:n].*X[0:m-1, 0:n-2].*Y[1:m, 1:n-1]
    sum(one) + sum((X[:, 1:n] - X[:, 0:n-1]).^2) + sum(X[1:m, :].^3)
}"""
VECTORS: dict[str, tuple[str, Callable[..., Array]]] = {
    "rosenbrock": ("fn f(x: vector[n]) = sum(100*(x[1:n] - x[0:n-1].^2).^2 + (1 - x[0:n-1]).^2)", rosenbrock),
    "trend": (
        "fn f(x: vector[n], y: vector[n]) = norm2(x - y)^2 + 3*norm2(x[2:n] - 2*x[1:n-1] + x[0:n-2])^2",
        trend,
    ),
    "uneven": (UNEVEN, uneven),
    "corners": (CORNERS, corners),
}
MATRICES: dict[str, tuple[str, Callable[..., Array]]] = {
    "variation": (VARIATION, variation),
    "neighbours": (NEIGHBOURS, neighbours),
    "of known sizes": (VARIATION.replace("m, n", "5, 4").replace(":m", ":5").replace(":n", ":4"), variation),
}


def compiled(function: Any, arguments: list[Array], dtype: str = "float64") -> Kernel:
    kernel = Kernel(function.compilation(tuple(arguments)).program(), dtype)
    assert kernel.address
    return kernel


def derivative(function: Callable[..., Array], arguments: list[Array], number: int) -> Array:
    """The gradient by one argument."""
    result = np.empty(arguments[number].shape)
    for index in np.ndindex(result.shape):
        moved = [np.array(a, complex) for a in arguments]
        moved[number][index] += 1j * STEP
        result[index] = function(*moved).imag / STEP
    return result


def check(text: str, truth: Callable[..., Array], shapes: list[tuple[int, ...]], dtype: str) -> None:
    function = mg.function(text)
    names = function.parameters
    gradients = function.value_and_grad(*names)
    rng = np.random.default_rng(1)
    kernel = None
    for shape in shapes:
        arguments = [rng.normal(size=shape).astype(dtype) for _ in names]
        kernel = kernel or compiled(gradients, arguments, dtype)
        value, *found = kernel.run(*arguments)
        exact = [a.astype(float) for a in arguments]
        bound = 1e-12 if dtype == "float64" else 1e-4
        size = np.sum(np.abs(truth(*exact))) + 1
        assert abs(value - truth(*exact)) <= bound * size * 100, shape
        for k, one in enumerate(found):
            expected = derivative(truth, exact, k)
            assert np.abs(one - expected).max() <= bound * (1 + np.abs(expected).max()), (shape, k)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", VECTORS)
def test_vectors(name: str, dtype: str) -> None:
    check(*VECTORS[name], [(n,) for n in SIZES], dtype)


def test_many_windows() -> None:
    """A value of so many elements is not computed anew in each of their places."""
    weights = [1, -2, 3, -4, 5, -6, 7, -1]
    total = " + ".join(f"{w}*x[{k}:n-{7 - k}]" if k < 7 else f"{w}*x[7:n]" for k, w in enumerate(weights))

    def truth(x: Array) -> Array:
        return np.sum(sum(w * x[k : len(x) - 7 + k] for k, w in enumerate(weights)) ** 2)

    check(f"fn f(x: vector[n]) = sum(({total}).^2)", truth, [(n,) for n in (*range(7, 18), 40)], "float64")


@pytest.mark.parametrize("name", MATRICES)
def test_matrices(name: str) -> None:
    sizes = [(5, 4)] if "known" in name else [(m, n) for m in (1, 2, 3, 9) for n in (2, 3, 4, 17)]
    check(*MATRICES[name], sizes, "float64")


def test_hessian_vector_product() -> None:
    function = mg.function(VECTORS["rosenbrock"][0]).hvp("x")
    rng = np.random.default_rng(2)

    def gradient(x: Array) -> Array:
        d, e = x[1:] - x[:-1] ** 2, 1 - x[:-1]
        g = np.zeros_like(x)
        g[1:] = 200 * d
        g[:-1] -= 400 * d * x[:-1] + 2 * e
        return g

    kernel = None
    for n in (1, 2, *SIZES):
        x, v = rng.normal(size=n), rng.normal(size=n)
        kernel = kernel or compiled(function, [x, v])
        expected = gradient(x + 1j * STEP * v).imag / STEP
        assert np.allclose(kernel.run(x, v), expected, rtol=1e-12, atol=1e-9), n


def test_each_element_is_written_once() -> None:
    """Between the ends, the gradient is not set first and added to then."""
    function = mg.function(VECTORS["trend"][0]).value_and_grad("x")
    text = function.compilation((np.ones(9), np.ones(9))).source("float64")
    (inner,) = [part for part in text.split("for i in range") if part.startswith("(n - 4)")]
    assert "out1[2 + i] = " in inner
    assert "+=" not in inner.split("out1[2 + i]")[0]


def test_blocks_of_rows() -> None:
    """What is dear is stored for a few rows at a time, and read by the rows that follow."""
    for name, shapes in (("variation", [(2, 600), (7, 200), (70, 33), (129, 129)]), ("neighbours", [(40, 90)])):
        text, truth = MATRICES[name]
        function = mg.function(text).value_and_grad("X")
        kernel = None
        for shape in shapes:
            rng = np.random.default_rng(3)
            X, Y, along = (rng.normal(size=shape) for _ in range(3))
            kernel = kernel or compiled(function, [X, Y])
            value, gradient = kernel.run(X, Y)
            assert np.isclose(value, truth(X, Y), rtol=1e-12)
            slope = truth(X + 1j * STEP * along, Y).imag / STEP
            assert np.isclose(np.vdot(gradient, along), slope, rtol=1e-9, atol=1e-9), shape


def test_quotients_by_one_root() -> None:
    """One division instead of two has the values of IEEE's at the ends of the range, too."""
    function = mg.function("fn f(a: vector[n], b: vector[n], x: vector[n]) = (a./sqrt(x), b./sqrt(x))")
    special = np.array([0.0, -0.0, 1.0, -3.0, 5e-324, 1e-310, 1e308, np.inf, -np.inf, np.nan])
    a, x = (g.ravel() for g in np.meshgrid(special, special))
    b = a[::-1].copy()
    found = compiled(function, [a, b, x]).run(a, b, x)
    with np.errstate(all="ignore"):
        for one, expected in zip(found, (a / np.sqrt(x), b / np.sqrt(x)), strict=True):
            np.testing.assert_allclose(one, expected, rtol=4e-16, atol=5e-324)
