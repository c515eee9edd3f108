"""Calls: what is accepted, what comes back, what is refused, and by which name."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import matgrad as mg

rng = np.random.default_rng(0)
X, y, w = rng.normal(size=(7, 3)), rng.normal(size=7), rng.normal(size=3)
RIDGE = """fn ridge(X: matrix[m, n], y: vector[m], w: vector[n], lam: positive scalar) = {
    r = X*w - y
    r'*r + lam * w'*w
}"""
ridge = mg.function(RIDGE)
gradient = 2 * X.T @ (X @ w - y) + 0.2 * w
value = float(np.sum((X @ w - y) ** 2) + 0.1 * w @ w)


def test_scalars_are_floats_and_arrays_are_fresh_and_contiguous():
    result = ridge(X, y, w, 0.1)
    assert type(result) is float
    assert np.isclose(result, value)
    first, second = ridge.grad("w")(X, y, w, 0.1), ridge.grad("w")(X, y, w, 0.1)
    assert first is not second
    assert not np.may_share_memory(first, second)
    assert first.flags.c_contiguous
    assert np.allclose(first, gradient)


def test_arguments_by_name():
    assert np.isclose(ridge(lam=0.1, w=w, y=y, X=X), value)
    assert np.isclose(ridge(X, y, lam=0.1, w=w), value)


@pytest.mark.parametrize(
    "convert",
    [
        lambda a: a.tolist(),
        lambda a: np.asfortranarray(a),
        lambda a: np.repeat(a, 2, axis=0)[::2],
        lambda a: a[::-1][::-1],
        lambda a: a.astype(">f8"),
        lambda a: a.astype(np.longdouble),
    ],
    ids=["lists", "fortran", "strided", "reversed", "other byte order", "extended"],
)
def test_arrays_of_any_layout(convert):
    for _ in range(4):  # the first calls take another way than the later ones
        assert np.allclose(ridge.grad("w")(convert(X), convert(y), convert(w), 0.1), gradient)


def test_integers_and_booleans():
    whole = rng.integers(-3, 3, size=(7, 3))
    expected = ridge.grad("w")(whole.astype(float), y, w, 1.0)
    assert np.allclose(ridge.grad("w")(whole, y, w, 1), expected)
    assert np.allclose(ridge.grad("w")(whole, y, w, np.array(True)), expected)


def test_single_precision_only_where_every_array_is():
    single = [a.astype(np.float32) for a in (X, y, w)]
    for _ in range(4):
        assert ridge.grad("w")(*single, 0.1).dtype == np.float32
        assert ridge.grad("w")(single[0], y, single[2], 0.1).dtype == np.float64
    assert np.allclose(ridge.grad("w")(*single, 0.1), gradient, rtol=1e-4)


def test_arguments_are_never_modified():
    arrays = [X.copy(), y.copy(), w.copy()]
    for array in arrays:
        array.flags.writeable = False
    for _ in range(4):
        ridge.value_and_grad("w")(*arrays, 0.1)
        ridge.hess("w")(*arrays, 0.1)


def test_several_gradients_are_a_tuple():
    for f in (ridge.value_and_grad("w", "lam"), ridge.value_and_grad(("w", "lam"))):
        result, (by_w, by_lam) = f(X, y, w, 0.1)
        assert np.isclose(result, value)
        assert np.allclose(by_w, gradient)
        assert np.isclose(by_lam, w @ w)


def test_out_is_filled_and_returned():
    f = ridge.value_and_grad("w")
    k = f.bind(X=X, y=y, lam=0.1)
    for call in (lambda out: f(X, y, w, 0.1, out=out), lambda out: k(w, out=out)):
        for _ in range(4):
            out = np.empty(3)
            _, given = call(out)
            assert given is out
            assert np.allclose(out, gradient)
            strided = np.zeros(6)[::2]
            call(strided)
            assert np.allclose(strided, gradient)
            with pytest.raises(mg.ShapeError, match="wrong shape"):
                call(np.empty(4))
            with pytest.raises(mg.TypeError, match="float64"):
                call(np.empty(3, np.float32))


def test_out_that_overlaps_an_argument_gives_the_right_result():
    for _ in range(4):
        moved = w.copy()
        ridge.grad("w")(X, y, moved, 0.1, out=moved)
        assert np.allclose(moved, gradient)


def test_bound_data_can_be_changed():
    k = ridge.value_and_grad("w").bind(X=X, y=y, lam=0.1)
    assert k.parameters == ("w",)
    for _ in range(4):
        assert np.allclose(k(w)[1], gradient)
    k.rebind(lam=0.3)
    assert np.allclose(k(w)[1], gradient + 0.4 * w)
    with pytest.raises(mg.ArgumentError, match="was not bound"):
        k.rebind(w=w)
    with pytest.raises(mg.ArgumentError, match="no parameter"):
        ridge.bind(Y=y)


def test_sizes_may_change_from_call_to_call():
    f = ridge.value_and_grad("w")
    for m, n in [(7, 3), (1, 1), (200, 40), (3, 7), (0, 2), (2, 0), (7, 3)] * 2:
        A, b, v = rng.normal(size=(m, n)), rng.normal(size=m), rng.normal(size=n)
        result, by_v = f(A, b, v, 0.5)
        assert np.isclose(result, np.sum((A @ v - b) ** 2) + 0.5 * v @ v)
        assert np.allclose(by_v, 2 * A.T @ (A @ v - b) + v)


@pytest.mark.parametrize("repeats", [1, 5])
@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: ridge(X, y, w), mg.ArgumentError, "lam is missing"),
        (lambda: ridge(X, y, w, 0.1, 2), mg.ArgumentError, "5 arguments"),
        (lambda: ridge(X, y, w, lamb=0.1), mg.ArgumentError, "did you mean lam"),
        (lambda: ridge(X, y, w, 0.1, X=X), mg.ArgumentError, "X is given twice"),
        (lambda: ridge(X, y, y, 0.1), mg.ShapeError, "shape of w"),
        (lambda: ridge(X.T, y, w, 0.1), mg.ShapeError, "does not fit"),
        (lambda: ridge(X, y[:, None], w, 0.1), mg.ShapeError, "y has the wrong number of dimensions"),
        (lambda: ridge(X * 1j, y, w, 0.1), mg.TypeError, "X is not made of real numbers"),
        (lambda: ridge(X, y, ["a"] * 3, 0.1), mg.TypeError, "w"),
        (lambda: ridge(X, y, None, 0.1), mg.TypeError, "w"),
        (lambda: ridge(X, y, w, -0.1), mg.DomainError, "lam is not positive"),
        (lambda: ridge.grad("v"), mg.ArgumentError, "no parameter v"),
        (lambda: ridge.jac("w").grad("w"), mg.ShapeError, "scalar function"),
    ],
    ids=range(13),
)
def test_errors_name_the_argument(call, error, text, repeats):
    for _ in range(repeats):
        with pytest.raises(error, match=text):
            call()


def test_type_errors_are_also_the_builtin():
    with pytest.raises(TypeError):
        ridge(X * 1j, y, w, 0.1)


DECLARED = mg.function(
    "tr(A) + tr(S) + tr(L) + tr(U) + tr(D) + sum(x) where A: symmetric matrix[n, n], S: posdef matrix[n, n], "
    "L: lower matrix[n, n], U: upper matrix[n, n], D: diagonal matrix[n, n], x: nonneg vector[n]"
)
GOOD = {
    "A": np.array([[1.0, 2.0], [2.0, 1.0]]),
    "S": np.eye(2),
    "L": np.tril(np.ones((2, 2))),
    "U": np.triu(np.ones((2, 2))),
    "D": np.eye(2),
    "x": np.array([0.0, 1.0]),
}
BAD = {"A": GOOD["L"], "S": GOOD["L"], "L": GOOD["U"], "U": GOOD["L"], "D": GOOD["A"], "x": np.array([-1.0, 1.0])}


@pytest.mark.parametrize("name", GOOD)
def test_declared_attributes_are_checked(name):
    expected = sum(np.trace(a) if a.ndim == 2 else a.sum() for a in GOOD.values())
    bound = DECLARED.bind(**{k: v for k, v in GOOD.items() if k != "x"})
    for _ in range(4):
        assert np.isclose(DECLARED(**GOOD), expected)
        assert np.isclose(bound(GOOD["x"]), expected)
        with pytest.raises(mg.DomainError, match=f"{name} is not"):
            DECLARED(**{**GOOD, name: BAD[name]})
    with pytest.raises(mg.DomainError, match=f"{name} is not"):
        DECLARED.bind(**{name: BAD[name]})(**{k: v for k, v in GOOD.items() if k != name})


@pytest.mark.parametrize("repeats", [1, 5])
def test_factorizations_that_do_not_exist(repeats):
    posdef = mg.function("logdet(S) where S: posdef matrix[n, n]").value_and_grad("S")
    solve = mg.function("A \\ b")
    for _ in range(repeats):
        with pytest.raises(mg.DomainError, match="S is not positive definite"):
            posdef(np.array([[1.0, 2.0], [2.0, 1.0]]))
        with pytest.raises(mg.DomainError, match="A is singular"):
            solve(np.ones((2, 2)), np.ones(2))
        with pytest.raises(mg.DomainError):
            solve(np.full((2, 2), np.nan), np.ones(2))
        with pytest.raises(mg.DomainError):
            posdef(np.full((2, 2), np.nan))


def test_eight_threads_get_the_same_results():
    f = mg.function("logdet(X'*X + eye(n)) + sum(exp(X*w)) where X: matrix[m, n], w: vector[n]").value_and_grad("X")
    data = [rng.normal(size=(30, 8)) for _ in range(8)]
    weights = rng.normal(size=8)
    for _ in range(20):  # the first calls may be answered while the kernel compiles, with other rounding
        f(data[0], weights)
    expected = [f(a, weights) for a in data]
    failures = []

    def work(k):
        for _ in range(200):
            result, by_x = f(data[k], weights)
            if result != expected[k][0] or not np.array_equal(by_x, expected[k][1]):
                failures.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not failures


def test_the_square_of_a_small_residual_keeps_its_digits():
    U, V = rng.normal(size=(400, 5)), rng.normal(size=(300, 5))
    T = U @ V.T + 1e-6 * rng.normal(size=(400, 300))
    f = mg.function("normfro(T - U*V')^2").value_and_grad("U")
    exact = np.sum((T - U @ V.T) ** 2)
    assert np.isclose(f(T, U, V)[0], exact, rtol=1e-7)
    assert np.isclose(f.bind(T=T, V=V)(U)[0], exact, rtol=1e-7)


def test_a_derivative_is_made_once():
    assert ridge.grad("w") is ridge.grad("w")
    assert ridge.grad("w").jac("w") is ridge.grad("w").jac("w")
    assert ridge.grad("w") is not ridge.value_and_grad("w")
