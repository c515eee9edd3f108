"""The routines of spectra and matrix functions, interpreted and compiled, against their definitions."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
import scipy.linalg

import matgrad as mg
from matgrad.compiler.kernel.program import Buffer, Program, Routine
from matgrad.compiler.kernel.routines.table import ROUTINES
from matgrad.compiler.tensor.dims import Dim
from matgrad.grammar.errors import DomainError
from matgrad.runtime.kernel import Kernel

Array = Any
RNG = np.random.default_rng(6)
SIZES = (0, 1, 2, 3, 7, 20)
ROUTINES_HERE = (
    "eigh", "symmetric_values", "top_projector", "svd", "singular_values", "weighted_product", "top_weights",
    "top_reciprocals", "rank_ones", "rank_reciprocals", "largest_weights", "eiggaps", "svdsums", "adj",
    "expm", "expm_derivative", "products_of_others", "spectral_roots", "spectral_logarithms", "root_quotients",
    "log_quotients", "spectral_derivative",
)  # fmt: skip


@pytest.fixture(autouse=True, params=["interpreted", "compiled"])
def form(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matgrad.runtime.kernel.INTERPRETED_CALLS", 10**9 if request.param == "interpreted" else 0)
    monkeypatch.setattr("matgrad.runtime.build.is_kept", lambda text: False)
    kernel.cache_clear()


@cache
def kernel(name: str, dtype: str = "float64", turned: bool = False) -> Kernel:
    """A program of one routine; `turned`: its first result is held by columns."""
    signature = ROUTINES[name]

    def buffer(role: str, prefix: str, k: int, pattern: str) -> Buffer:
        letters = pattern.replace("[", "").replace("]", "")
        return Buffer(f"{prefix}{k}", tuple(map(Dim.of, letters)), role)

    inputs = [buffer("input", "in", k, p) for k, p in enumerate(signature.inputs)]
    outputs = [buffer("output", "out", k, p) for k, p in enumerate(signature.outputs)]
    if turned:
        outputs[0] = Buffer("out0", outputs[0].shape[::-1], "output")
    views = [o.view().T if turned and k == 0 else o.view() for k, o in enumerate(outputs)]
    failure = f"{name} failed" if signature.can_fail else ""
    step = Routine(name, tuple(views), tuple(i.view() for i in inputs), failure=failure)
    made = Program(tuple(inputs), tuple(outputs), (), (step,))
    return Kernel(made, dtype)


def run(name: str, *arguments: Array, dtype: str = "float64") -> Any:
    return kernel(name, dtype).run(*(np.asarray(a, dtype) for a in arguments))


def symmetric(n: int) -> Array:
    a = RNG.normal(size=(n, n))
    return a + a.T


def tolerance(dtype: str) -> float:
    return 1e-11 if dtype == "float64" else 1e-3


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("n", SIZES)
def test_eigenvalues(n: int, dtype: str) -> None:
    A = symmetric(n)
    above = A + np.triu(np.full((n, n), np.nan), 1)  # the upper triangle is not read
    values, vectors = run("eigh", above, dtype=dtype)
    close = {"atol": tolerance(dtype) * (1 + n)}
    np.testing.assert_allclose(vectors * values @ vectors.T, A, **close)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(n), **close)
    assert np.all(np.diff(values) >= 0)
    np.testing.assert_allclose(run("symmetric_values", above, dtype=dtype), values, **close)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (1, 1), (5, 3), (3, 5), (30, 4), (17, 17)])
def test_singular_values(shape: tuple[int, int], dtype: str) -> None:
    A = RNG.normal(size=shape)
    k = min(shape)
    left, values, right = factors(A, dtype)
    close = {"atol": tolerance(dtype) * (1 + max(shape))}
    np.testing.assert_allclose(left * values @ right.T, A, **close)
    np.testing.assert_allclose(left.T @ left, np.eye(k), **close)
    np.testing.assert_allclose(right.T @ right, np.eye(k), **close)
    assert np.all(np.diff(values) <= 0)
    product = run("weighted_product", left, values, right, dtype=dtype)
    np.testing.assert_allclose(product, A, **close)
    np.testing.assert_allclose(singular_values(A, dtype), values, **close)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    "values", [[], [3.0], [-2.0, -1.0], [1.0, 1.0], [0.0, 0.0], [1.0, 2.0, 5.0, 5.0], list(range(20)), [1e-3, 1.0, 1e3]]
)
@pytest.mark.parametrize("turned", [False, True])
def test_projector_on_the_largest_eigenvalue(values: list[float], turned: bool, dtype: str) -> None:
    """Of diagonal matrices, too, whose tridiagonal form falls into parts."""
    n = len(values)
    Q = np.linalg.qr(RNG.normal(size=(n, n)))[0] if turned else np.eye(n)
    A = Q * np.array(values) @ Q.T
    top = np.array(values) == max(values, default=0)
    found, projector = run("top_projector", (A + A.T) / 2, dtype=dtype)
    close = {"atol": tolerance(dtype) * (1 + n) * max(values, default=1.0, key=abs) ** 2 + tolerance(dtype)}
    np.testing.assert_allclose(found, values, **close)
    np.testing.assert_allclose(projector, (Q * (top / max(np.sum(top), 1))) @ Q.T, **close)


def test_projector_of_huge_and_tiny_matrices() -> None:
    A = symmetric(6)
    for scale in (1e-200, 1e200):
        np.testing.assert_allclose(run("top_projector", A * scale)[1], run("top_projector", A)[1], atol=1e-12)


@pytest.mark.parametrize("name", ["eigmax", "eigmin"])
def test_extreme_eigenvalues_share_a_decomposition(name: str) -> None:
    X, w = RNG.normal(size=(30, 5)), RNG.uniform(1, 2, 30)
    both = mg.function(f"{name}(X'*diag(w)*X) where X: matrix[m, n], w: positive vector[m]").value_and_grad("w")
    value, gradient = both(X, w)
    values, vectors = np.linalg.eigh(X.T * w @ X)
    k = -1 if name == "eigmax" else 0
    np.testing.assert_allclose(value, values[k], rtol=1e-12)
    np.testing.assert_allclose(gradient, (X @ vectors[:, k]) ** 2, rtol=1e-10)


def factors(A: Array, dtype: str = "float64") -> tuple[Array, Array, Array]:
    """U, s, V of a matrix; the number of columns is that of the outputs."""
    return made_for("svd", A, dtype)


def singular_values(A: Array, dtype: str = "float64") -> Array:
    return made_for("singular_values", A, dtype)


def made_for(name: str, A: Array, dtype: str) -> Any:
    """A routine whose result has min(m, n) columns."""
    m, n = Dim.of("m"), Dim.of("n")
    from matgrad.compiler.tensor.dims import extreme

    k = extreme("min", m, n)
    shapes = {"m": m, "n": n, "k": k}
    given = Buffer("A", (m, n), "input")
    patterns = ROUTINES[name].outputs
    outputs = tuple(Buffer(f"out{j}", tuple(shapes[c] for c in p), "output") for j, p in enumerate(patterns))
    step = Routine(name, tuple(o.view() for o in outputs), (given.view(),), failure="not finite")
    return Kernel(Program((given,), outputs, (), (step,)), dtype).run(A.astype(dtype))


def test_weights() -> None:
    np.testing.assert_allclose(run("top_weights", [1.0, 2.0, 3.0, 3.0]), [0, 0, 0.5, 0.5])
    np.testing.assert_allclose(run("top_weights", [-3.0, -2.0]), [0, 1])
    np.testing.assert_allclose(run("top_weights", [0.0, 0.0]), [0.5, 0.5])
    np.testing.assert_allclose(run("top_reciprocals", [1.0, 2.0, 4.0]), [1 / 3, 1 / 2, 0])
    with pytest.raises(DomainError, match="top_reciprocals failed"):
        run("top_reciprocals", [1.0, 4.0, 4.0])
    vectors = np.ones((4, 3))
    np.testing.assert_allclose(run("rank_ones", vectors, [2.0, 1.0, 1e-17], vectors), [1, 1, 0])
    np.testing.assert_allclose(run("rank_reciprocals", vectors, [2.0, 1.0, 1e-17], vectors), [0.5, 1, 0])
    np.testing.assert_allclose(run("largest_weights", vectors, [2.0, 2.0, 1.0], vectors), [0.5, 0.5, 0])
    np.testing.assert_allclose(run("largest_weights", vectors, [0.0, 0.0, 0.0], vectors), [0, 0, 0])
    assert run("top_weights", []).shape == (0,)


def test_divided_differences() -> None:
    values = np.array([1.0, 3.0, 7.0])
    np.testing.assert_allclose(run("svdsums", values), 1 / np.add.outer(values, values))
    gaps = np.subtract.outer(values, values).T
    np.fill_diagonal(gaps, np.inf)
    np.testing.assert_allclose(run("eiggaps", values), 1 / gaps)
    np.testing.assert_allclose(run("root_quotients", values), 1 / np.add.outer(values**0.5, values**0.5))
    close = np.array([2.0, 2.0, 2.0 + 1e-9, 3.0])
    slope = np.log(1.5) * np.ones((4, 4))
    slope[:3, :3], slope[3, 3] = 0.5, 1 / 3
    np.testing.assert_allclose(run("log_quotients", close), slope, rtol=1e-9)
    bad_values = [("eiggaps", [1.0, 1.0 + 1e-15]), ("svdsums", [1.0, 1e-17])]
    bad_values += [(name, [1.0, 1e-17]) for name in ("root_quotients", "log_quotients", "spectral_logarithms")]
    for name, bad in [*bad_values, ("spectral_roots", [-1.0, 1.0])]:
        with pytest.raises(DomainError, match=f"{name} failed"):
            run(name, bad)


def definite(n: int, scale: Array = 1.0) -> Array:
    """A positive definite matrix, with two equal eigenvalues."""
    Q = np.linalg.qr(RNG.normal(size=(n, n)))[0]
    values = np.arange(1.0, n + 1)
    values[:2] = 1.0
    return Q * (values * scale) @ Q.T


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("name", ["sqrtm", "logm"])
def test_functions_of_symmetric_matrices(name: str, n: int, dtype: str) -> None:
    """Value, and the derivative along any matrix as a block of the value at a block triangular matrix."""
    A, E = definite(n), RNG.normal(size=(n, n))
    function = getattr(scipy.linalg, name)
    A = ((A + A.T) / 2).astype(dtype)
    close = {"atol": tolerance(dtype) * (1 + n)}
    value = mg.function(f"{name}(A) where A: posdef matrix[n, n]")(A)
    np.testing.assert_allclose(value, function(A.astype(float)) if n else A, **close)
    np.testing.assert_array_equal(value, value.T)
    block = np.block([[A, E], [np.zeros((n, n)), A]]).astype(float)
    along = mg.function(f"d{name}(A, E) where A: posdef matrix[n, n], E: matrix[n, n]")(A, E.astype(dtype))
    np.testing.assert_allclose(along, function(block)[:n, n:] if n else A, **close)


def test_functions_of_matrices_that_are_not_definite() -> None:
    semidefinite = np.diag([4.0, 1.0, -1e-17])
    np.testing.assert_allclose(mg.function("sqrtm(A) where A: psd matrix[n, n]")(semidefinite), np.diag([2.0, 1, 0]))
    given = "where A: symmetric matrix[n, n], E: matrix[n, n]"
    E = np.eye(3)
    for text in ("logm(A)", "dlogm(A, E)", "dsqrtm(A, E)"):
        with pytest.raises(DomainError, match="A"):
            mg.function(f"{text} {given}")(*((semidefinite, E) if "E" in text else (semidefinite,)))
    with pytest.raises(DomainError, match="sqrtm of A is not real"):
        mg.function("sqrtm(A) where A: symmetric matrix[n, n]")(np.diag([1.0, -1.0]))


@pytest.mark.parametrize("rank", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize("turned", [False, True])
def test_adjugate(rank: int, turned: bool) -> None:
    A = RNG.normal(size=(5, rank)) @ RNG.normal(size=(rank, 5))
    minors = [[np.linalg.det(np.delete(np.delete(A, i, 0), j, 1)) for i in range(5)] for j in range(5)]
    expected = np.array(minors) * (-1.0) ** np.add.outer(np.arange(5), np.arange(5))
    found = kernel("adj", turned=turned).run(A)
    np.testing.assert_allclose(found.T if turned else found, expected, atol=1e-12)


def test_adjugate_of_small_and_bad_matrices() -> None:
    assert run("adj", [[7.0]]) == 1
    assert run("adj", [[0.0]]) == 1
    assert run("adj", np.zeros((0, 0))).shape == (0, 0)
    A = RNG.normal(size=(40, 40))
    np.testing.assert_allclose(run("adj", A), np.linalg.det(A) * np.linalg.inv(A), rtol=1e-8)
    with pytest.raises(DomainError):
        run("adj", [[np.nan, 1.0], [1.0, 2.0]])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("scale", [1e-9, 0.3, 3.0, 30.0])
def test_exponential(scale: float, dtype: str) -> None:
    for n in (0, 1, 2, 6, 25):
        A = RNG.normal(size=(n, n))
        A *= scale / max(np.linalg.norm(A, 2), 1) if n else 1
        expected = scipy.linalg.expm(A) if n else A
        size = np.max(np.abs(expected), initial=1)
        np.testing.assert_allclose(run("expm", A, dtype=dtype), expected, atol=30 * tolerance(dtype) * size)
        if n:
            E = RNG.normal(size=(n, n))
            derivative = scipy.linalg.expm_frechet(A, E, compute_expm=False)
            found = run("expm_derivative", A, E, dtype=dtype)
            np.testing.assert_allclose(found, derivative, atol=100 * tolerance(dtype) * np.max(np.abs(derivative)))
    assert np.all(np.isnan(run("expm", [[np.nan, 0.0], [0.0, 1.0]])))


def test_products_of_others() -> None:
    X = RNG.normal(size=(5, 3))
    X[1, 0] = X[2, 1] = X[3, 1] = 0
    expected = np.array([[np.prod(np.delete(X[:, c], i)) for c in range(3)] for i in range(5)])
    np.testing.assert_allclose(run("products_of_others", X), expected, rtol=1e-14)


def test_what_is_not_finite_fails() -> None:
    for name in ("eigh", "symmetric_values"):
        with pytest.raises(DomainError, match=f"{name} failed"):
            run(name, [[np.nan, 0.0], [0.0, 1.0]])
    for name in ("svd", "singular_values"):
        with pytest.raises(DomainError, match="not finite"):
            made_for(name, np.array([[np.inf, 0.0], [0.0, 1.0]]), "float64")
