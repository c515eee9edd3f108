"""Calls with random arguments of all kinds: `python -m tests.faults.garbage --count 10000 --seed 1`.

What enters are a count and a seed. What leaves are counts, on standard output, as JSON. What always holds: a call
returns what NumPy computes from the same arguments, or raises an error that matgrad has made; the process lives on. Not
for: which error it is.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse

import matgrad as mg

Array = Any
M, N = 6, 4


class Labelled(np.ndarray):
    """A subclass of arrays."""


class Broken:
    """An object that cannot be made an array."""

    def __array__(self, *arguments: Any, **named: Any) -> Array:
        raise ValueError("broken")


class Number:
    """An object that is a number."""

    def __float__(self) -> float:
        return 2.0


def misaligned(array: Array) -> Array:
    """The array at an odd address."""
    return np.frombuffer(b"1" + array.tobytes(), np.uint8)[1:].view(array.dtype).reshape(array.shape)


def read_only(array: Array) -> Array:
    """A copy that cannot be written to."""
    made = array.copy()
    made.flags.writeable = False
    return made


def strided(array: Array) -> Array:
    """The array with gaps between its elements."""
    wide = np.zeros(tuple(2 * n for n in array.shape), array.dtype)
    made = wide[tuple(slice(None, None, 2) for _ in array.shape)]
    made[...] = array
    return made


FORMS: list[Callable[[Array], Any]] = [
    *[lambda a: a] * 12,
    lambda a: a.astype(np.float32),
    lambda a: np.asfortranarray(a),
    lambda a: a.astype(a.dtype.newbyteorder()),
    lambda a: a.astype(np.longdouble),
    lambda a: a.astype(np.float16),
    lambda a: a.astype(int),
    lambda a: a > 0,
    lambda a: a.astype(complex),
    lambda a: a.astype(object),
    lambda a: a.astype(str),
    lambda a: a.tolist(),
    lambda a: a.view(Labelled),
    lambda a: np.ma.masked_array(a, mask=np.zeros(a.shape, bool)),
    lambda a: np.ma.masked_array(a, mask=np.ones(a.shape, bool)),
    lambda a: np.matrix(a) if a.ndim == 2 else a,
    lambda a: scipy.sparse.csr_matrix(a) if a.ndim == 2 else a,
    misaligned,
    read_only,
    strided,
    lambda a: a[::-1],
    lambda a: a[..., None],
    lambda a: a.ravel(),
    lambda a: a[:-1],
    lambda a: np.concatenate([a, a]),
    lambda a: a[:0],
    lambda a: np.broadcast_to(a.flat[0], a.shape),
    lambda a: np.full(a.shape, np.nan),
    lambda a: np.full(a.shape, np.inf),
    lambda a: np.array(1.5),
    lambda a: memoryview(np.ascontiguousarray(a)),
    lambda a: np.zeros(a.shape, "M8[s]"),
    lambda a: np.zeros(a.shape, [("x", float), ("y", float)]),
]
NUMBERS: list[Any] = [
    *[0.5] * 8,
    *(
        np.float64(0.5),
        np.float32(0.5),
        np.array(0.5),
        np.array(0.5, ">f8"),
        np.array([0.5]),
        1,
        True,
        0.5j,
        "0.5",
        None,
    ),
]
THINGS: list[Any] = [
    *(None, 0, 1, -1, 2**80, 1.5, float("nan"), True, 1j, "text", b"bytes", [], (), {}, [[1], [2, 3]], object()),
    *(np.float64(2), np.float32(2), np.int8(3), np.bool_(True), np.array([]), np.zeros((0, 0)), np.zeros((1, 1, 1))),
    *(Broken(), Number(), Broken, len, np.dtype(float), range(4), slice(1), type),
]


def truth(X: Any, y: Any, w: Any, lam: Any) -> tuple[float, Array]:
    """The value and the gradient by w."""
    X, y, w, lam = (np.asarray(v, float) for v in (X, y, w, lam))
    r = X @ w - y
    return float(r @ r + lam * (w @ w)), 2 * X.T @ r + 2 * lam * w


def truth_or_none(*arguments: Any) -> tuple[float, Array] | None:
    """The same, None where NumPy has none."""
    try:
        return truth(*arguments)
    except Exception:
        return None


def run(count: int, seed: int) -> dict[str, int]:
    """Makes the calls.  Raises AssertionError for a wrong result, and what is no error of matgrad."""
    np.seterr(all="ignore")
    rng = random.Random(seed)
    numbers = np.random.default_rng(seed)
    X, y, w = numbers.normal(size=(M, N)), numbers.normal(size=M), numbers.normal(size=N)
    text = "fn f(X: matrix[m, n], y: vector[m], w: vector[n], lam: scalar) = normfro(X*w - y)^2 + lam*w'*w"
    function = mg.function(text).value_and_grad("w")
    bound = function.bind(X=X, y=y, lam=0.5)
    for _ in range(5):  # so that there are fast entries
        function(X, y, w, 0.5)
        bound(w)
    seen = {"right": 0, "refused": 0}
    for number in range(count):
        arguments = [rng.choice(THINGS) if rng.random() < 0.1 else rng.choice(FORMS)(a) for a in (X, y, w)]
        arguments.append(rng.choice(NUMBERS))
        use_bound = rng.random() < 0.5
        given = [arguments[2]] if use_bound else arguments
        given = given[: rng.randrange(len(given) + 1)] if rng.random() < 0.05 else given
        given = [*given, rng.choice(THINGS)] if rng.random() < 0.05 else given
        named: dict[str, Any] = (
            {rng.choice(["w", "lam", "z", "out "]): rng.choice(THINGS)} if rng.random() < 0.05 else {}
        )
        out = output(rng, X, arguments[2]) if rng.random() < 0.5 else None
        data = tuple(np.array(a) for a in (X, y, w))
        whole = [X, y, *given, 0.5] if use_bound else given
        expected = truth_or_none(*whole) if len(whole) == 4 else None
        try:
            found = (bound if use_bound else function)(*given, out=out, **named)
        except (mg.Error, TypeError) as error:
            # Python's own TypeError is that of an unknown keyword.
            assert isinstance(error, mg.Error) or "keyword" in str(error), (number, error)
            seen["refused"] += 1
            continue
        assert expected is not None, number
        single = np.asarray(found[1]).dtype == np.float32
        near = {"rtol": 1e-3, "atol": 1e-3} if single else {"rtol": 1e-9, "atol": 1e-9}
        np.testing.assert_allclose(found[0], expected[0], **near, err_msg=str(number))
        np.testing.assert_allclose(found[1], expected[1], **near, err_msg=str(number))
        if out is None:
            assert all(np.array_equal(a, b) for a, b in zip((X, y, w), data, strict=True)), number
        else:
            assert found[1] is (out[0] if isinstance(out, tuple) else out), number
            X[...], y[...], w[...] = data  # where the result was written into an argument
        seen["right"] += 1
    return seen


def output(rng: random.Random, X: Array, w: Any) -> Any:
    """Something to write the gradient to."""
    good = np.empty(N)
    choices: list[Any] = [
        *[good] * 5,
        (good,),
        (good, good),
        read_only(good),
        good.astype(np.float32),
        good.astype(good.dtype.newbyteorder()),
        strided(good),
        misaligned(good),
        good.view(Labelled),
        np.empty(N + 1),
        np.empty((N, 1)),
        np.array(1.0),
        X[2],
        X[:, 0][:N],
        w,
        rng.choice(THINGS),
    ]
    return rng.choice(choices)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.faults.garbage")
    parser.add_argument("--count", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    print(json.dumps(run(chosen.count, chosen.seed)))
