"""Calls of compiled kernels: usual ones, unusual ones, wrong ones.

What enters are arguments of all kinds. What leaves are test results. What always holds: an unusual call gives what the
usual one gives, or an error that names the argument. Not for: what kernels compute, threads.
"""

from __future__ import annotations

import gc
import sys
from typing import Any

import numpy as np
import pytest
import scipy.sparse

from matgrad.compiler.kernel.program import Buffer, Program, Routine
from matgrad.grammar.errors import ArgumentError, DomainError, ShapeError
from matgrad.grammar.errors import TypeError as MatgradTypeError
from matgrad.runtime import entry
from matgrad.runtime.entries import Entries
from matgrad.runtime.kernel import Kernel

from .ridge import RIDGE, N, check, data, ridge, truth

Array = Any


@pytest.fixture(params=["interpreted", "run", "entry"])
def call(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    if request.param == "interpreted":
        monkeypatch.setattr("matgrad.runtime.kernel.INTERPRETED_CALLS", 10**9)
        monkeypatch.setattr("matgrad.runtime.build.is_kept", lambda text: False)
        return Kernel(ridge()).run
    assert RIDGE.address
    return RIDGE.run if request.param == "run" else RIDGE.entry()


def test_usual_calls(call: Any) -> None:
    for m, n in ((7, 3), (0, 3), (4, 0), (1, 1), (400, 30)):
        arguments = data(m, n)
        check(call(*arguments), truth(*arguments), 1e-10)
    first, second = call(*arguments), call(*arguments)
    assert first[1] is not second[1]


def test_arguments_are_converted(call: Any) -> None:
    x, y, w, lam = data()
    expected = truth(x, y, w, lam)
    wide = np.zeros((14, 6))
    wide[::2, ::2] = x
    shifted = np.frombuffer(b"1" + x.tobytes(), np.uint8)[1:].view(np.float64).reshape(x.shape)
    assert not shifted.flags.aligned
    for other in (
        np.asfortranarray(x),
        wide[::2, ::2],
        x[::-1][::-1],
        x.astype(">f8"),
        x.tolist(),
        scipy.sparse.csr_matrix(x),
    ):
        check(call(other, y, w, lam), expected)
    check(call(shifted, y, w, lam), expected)
    check(call(x, y, w, np.array(lam)), expected)
    check(call(x, y, w, np.float64(lam)), expected)
    check(call(x, tuple(y), w, np.float32(lam)), expected)
    check(call(x.astype(np.longdouble), y, w, lam), expected)
    whole = np.arange(21).reshape(7, 3), np.arange(7) % 2 == 0, np.arange(3), 2
    check(call(*whole), truth(*(np.asarray(a, float) for a in whole)))
    check(call(*whole[:3], True), truth(*(np.asarray(a, float) for a in (*whole[:3], 1.0))))
    check(call(*whole[:3], 2**70), truth(*(np.asarray(a, float) for a in (*whole[:3], 2.0**70))))


def test_arguments_are_not_modified(call: Any) -> None:
    arguments = data()
    copies = [np.array(a) for a in arguments]
    call(*arguments)
    for a, b in zip(arguments, copies, strict=True):
        np.testing.assert_array_equal(a, b)


def test_wrong_arguments(call: Any) -> None:
    x, y, w, lam = data()
    with pytest.raises(ShapeError, match=r"y does not fit.*\n.*axis 0 of y has size 6"):
        call(x, y[:6], w, lam)
    with pytest.raises(ShapeError, match="w does not fit"):
        call(x, y, np.ones(4), lam)
    with pytest.raises(ShapeError, match=r"X has the wrong number of dimensions"):
        call(y, y, w, lam)
    with pytest.raises(ShapeError, match="lam"):
        call(x, y, w, [lam])
    for bad in (x * 1j, x.astype(object), x.astype(str), [[1], [2, 3]], np.zeros((7, 3), "M8[s]"), None, "text"):
        with pytest.raises(MatgradTypeError, match="X"):
            call(bad, y, w, lam)
    with pytest.raises(MatgradTypeError, match="lam"):
        call(x, y, w, 1j)
    with pytest.raises(ArgumentError, match="3 arguments"):
        call(x, y, w)
    with pytest.raises(TypeError):
        call(x, y, w, lam, into=y)


def test_results_go_to_given_arrays(call: Any) -> None:
    x, y, w, lam = data()
    expected = truth(x, y, w, lam)
    out = np.full(3, np.nan)
    value, gradient = call(x, y, w, lam, out=out)
    assert gradient is out
    check((value, out), expected)
    value, gradient = call(x, y, w, lam, out=(out,))
    assert gradient is out
    check(call(x, y, w, lam, out=None), expected)
    strided = np.full(6, 7.0)
    _, gradient = call(x, y, w, lam, out=strided[::2])
    np.testing.assert_allclose(strided[::2], expected[1])
    assert (strided[1::2] == 7).all()


def test_a_result_may_overlap_an_argument(call: Any) -> None:
    x, y, w, lam = data(7, 3)
    expected = truth(x, y, w, lam)
    target = w.copy()
    check(call(x, y, target, lam, out=target), expected)
    memory = np.concatenate([w, np.zeros(3)])
    check(call(x, y, memory[:3], lam, out=memory[1:4]), expected)
    inside = x.copy()
    check(call(inside, y, w, lam, out=inside[2]), expected)


def test_wrong_outputs(call: Any) -> None:
    arguments = data()
    with pytest.raises(ShapeError, match="out for g"):
        call(*arguments, out=np.zeros(4))
    with pytest.raises(MatgradTypeError, match="out for g"):
        call(*arguments, out=np.zeros(3, np.float32))
    with pytest.raises(MatgradTypeError, match="out for g"):
        call(*arguments, out=[0.0, 0.0, 0.0])
    frozen = np.zeros(3)
    frozen.flags.writeable = False
    with pytest.raises(MatgradTypeError, match="read-only"):
        call(*arguments, out=frozen)
    with pytest.raises(ArgumentError, match="1 arrays"):
        call(*arguments, out=(np.zeros(3), np.zeros(3)))


def test_bound_calls() -> None:
    x, y, w, lam = data()
    bound = RIDGE.entry({0: x, 1: y, 3: lam})
    check(bound(w), truth(x, y, w, lam))
    out = np.zeros(3)
    assert bound(w, out=out)[1] is out
    check(bound(w.tolist()), truth(x, y, w, lam))
    with pytest.raises(ShapeError, match="w does not fit"):
        bound(np.ones(5))
    with pytest.raises(ArgumentError):
        bound()
    with pytest.raises(ArgumentError):
        bound(w, w)
    expected = truth(x.copy(), y, x[0].copy(), lam)
    check(bound(x[0], out=x[0]), expected)  # the result overwrites bound data


def test_data_stay_alive() -> None:
    x, y, w, lam = data(300, 40)
    expected = truth(x, y, w, lam)
    bound = RIDGE.entry({0: np.array(x), 1: np.array(y), 3: lam})
    gc.collect()
    junk = [np.full(12000, 3.0) for _ in range(50)]
    check(bound(w), expected, 1e-10)
    assert junk


def test_references_are_balanced() -> None:
    x, y, w, lam = data()
    entry = RIDGE.entry()
    out = np.zeros(3)
    counts = [sys.getrefcount(a) for a in (x, y, w, lam, out)]
    for _ in range(50):
        entry(x, y, w, lam)
        entry(x, y, w, lam, out=out)
        entry(x, y, list(w), lam, out=out)
    assert [sys.getrefcount(a) for a in (x, y, w, lam, out)] == counts
    result = entry(x, y, w, lam)
    counts = [sys.getrefcount(result), sys.getrefcount(result[0]), sys.getrefcount(result[1])]
    assert counts == [2, 2, 2]


def test_the_nest_of_results() -> None:
    program = ridge()
    x, y, w, lam = data()
    value, gradient = truth(x, y, w, lam)
    for nest in (0, 1, (1, 0), (0, (1,)), ((1,), (0,)), ((1, 0),)):
        kernel = Kernel(program, nest=nest)
        for call in (kernel.run, kernel.entry()):
            found = call(x, y, w, lam)
            expected = _nested(nest, (value, gradient))
            assert _shape(found) == _shape(expected)
            assert repr(_rounded(found)) == repr(_rounded(expected))


def _nested(nest: Any, values: tuple[Any, ...]) -> Any:
    return values[nest] if isinstance(nest, int) else tuple(_nested(part, values) for part in nest)


def _shape(value: Any) -> Any:
    return tuple(map(_shape, value)) if isinstance(value, tuple) else np.shape(value)


def _rounded(value: Any) -> Any:
    return tuple(map(_rounded, value)) if isinstance(value, tuple) else np.round(value, 9).tolist()


def test_single_precision() -> None:
    kernel = Kernel(ridge(), "float32")
    x, y, w, lam = (np.asarray(a, np.float32) for a in data())
    expected = truth(*(np.asarray(a, float) for a in (x, y, w, lam)))
    results = [kernel.run(x, y, w, lam), kernel.entry()(x, y, w, float(lam)), kernel.entry({0: x, 1: y, 3: lam})(w)]
    results.append(kernel.entry()(x.astype(float), y.tolist(), w, np.float32(lam)))
    for value, gradient in results:
        assert gradient.dtype == np.float32
        np.testing.assert_allclose(value, expected[0], rtol=1e-5)
        np.testing.assert_allclose(gradient, expected[1], rtol=1e-4, atol=1e-5)


def test_sizes_outside_of_the_limits_go_to_the_fallback() -> None:
    seen: list[int] = []

    def fallback(*arguments: Any, out: Any = None) -> str:
        seen.append(len(arguments[0]))
        return "elsewhere"

    entry = RIDGE.entry(fallback=fallback, limits={(0, 0): (4, 8), (1, 0): (4, 8)})
    results = [entry(*data(m, 3)) for m in (3, 4, 8, 9)]
    assert [r if r == "elsewhere" else "here" for r in results] == ["elsewhere", "here", "here", "elsewhere"]
    assert seen == [3, 9]


def test_each_class_of_sizes_has_an_entry() -> None:
    seen: list[int] = []

    def slow(*arguments: Any, out: Any = None) -> Any:
        seen.append(len(arguments[0]))
        return RIDGE.run(*arguments, out=out)

    entries = Entries(slow)
    single = Kernel(ridge(), "float32")
    for kernel in (RIDGE, single):
        for low, high in ((1, 3), (4, 15), (16, 63)):
            for _ in range(2):
                entries.add(kernel, {(0, 0): (low, high), (1, 0): (low, high)})
    for m in (2, 20, 5, 63, 1, 4, 15, 16):
        arguments = data(m, 3)
        check(entries.first(*arguments), truth(*arguments))
        assert entries.first(*(np.float32(a) for a in arguments[:3]), 0.25)[1].dtype == np.float32
    assert not seen
    check(entries.first(*(arguments := data(64, 3))), truth(*arguments))
    assert seen == [64]


def test_a_python_that_was_not_tested(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry, "_structures_as_expected", lambda: False)
    assert RIDGE.entry() == RIDGE.run
    x, y, w, lam = data()
    entries = Entries(RIDGE.run)
    entries.add(RIDGE, {})
    check(entries.first(x, y, w, lam), truth(x, y, w, lam))
    check(RIDGE.entry({0: x, 1: y, 3: lam})(w, out=np.empty(3)), truth(x, y, w, lam))


def test_many_classes_of_sizes() -> None:
    entries = Entries(RIDGE.run)
    for m in range(1, 60):
        arguments = data(m, 3)
        entries.add(RIDGE, {(0, 0): (m, m)})
        check(entries.first(*arguments), truth(*arguments))


def test_failures_are_raised() -> None:
    a, factor = Buffer("A", (N, N), "input"), Buffer("L", (N, N), "output")
    program = Program(
        (a,), (factor,), (), (Routine("cholesky", (factor.view(),), (a.view(),), failure="A is not posdef"),)
    )
    kernel = Kernel(program)
    for call in (kernel.run, kernel.entry()):
        np.testing.assert_allclose(call(np.eye(40) * 4), np.eye(40) * 2)
        with pytest.raises(DomainError, match="A is not posdef"):
            call(-np.eye(40))
        with pytest.raises(DomainError):
            call(-np.eye(3), out=np.zeros((3, 3)))
