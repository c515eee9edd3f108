"""Compiled kernels and threads: calls from several, what else runs meanwhile, and the threads of BLAS.

What enters are calls from several threads. What leaves are test results. What always holds: results are those of one
thread, and BLAS has as many threads after a call as before. Not for: speed.
"""

from __future__ import annotations

import _thread
import ctypes
import sys
import threading
import time
from typing import Any

import numpy as np
import pytest
from numba.core.compiler_lock import global_compiler_lock

from matgrad.compiler.kernel.program import Buffer, Program, Routine
from matgrad.runtime import threads
from matgrad.runtime.kernel import Kernel
from matgrad.runtime.threads import functions, some_threads

from .ridge import RIDGE, RNG, M, N, data, ridge


@pytest.mark.parametrize(("m", "n"), [(20, 5), (3000, 40)])  # workspace on the stack, and from the pool
def test_threads(m: int, n: int) -> None:
    x, y, _, lam = data(m, n)
    bound = RIDGE.entry({0: x, 1: y, 3: lam})
    points = RNG.normal(size=(8, n))
    expected = [bound(w) for w in points]
    problems: list[Any] = []

    def work(number: int) -> None:
        out = np.zeros(n)
        for _ in range(200):
            value, gradient = bound(points[number], out=out)
            if value != expected[number][0] or (gradient != expected[number][1]).any():
                problems.append(number)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems


def test_one_thread_compiles_while_another_waits_for_the_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MATGRAD_CACHE_SIZE", "0")
    first, second = Kernel(ridge(), title="first"), Kernel(ridge(), title="second")  # other texts, so other code
    addresses: list[int] = []

    def wait() -> None:
        addresses.append(first.address)

    def compile_both() -> None:
        with global_compiler_lock:  # as whoever compiles code that calls kernels
            waiting = threading.Thread(target=wait, daemon=True)
            waiting.start()
            waiting.join(0.3)
            addresses.append(second.address)
        waiting.join(60)

    thread = threading.Thread(target=compile_both, daemon=True)
    thread.start()
    thread.join(60)
    assert len(set(addresses)) == 2


def test_other_threads_run_meanwhile() -> None:
    x, y, w, lam = data(4000, 500)
    entry = RIDGE.entry()
    ran = threading.Event()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e5)  # seconds: a thread keeps the lock until it gives it up
    try:
        _thread.start_new_thread(ran.set, ())  # `Thread.start` would itself give the lock up, and wait
        limit = time.monotonic() + 60  # a machine with other work may take its time; a kept lock never ends
        while not ran.is_set() and time.monotonic() < limit:
            entry(x, y, w, lam)
    finally:
        sys.setswitchinterval(interval)
    assert ran.is_set()


def test_the_threads_of_blas_are_as_before() -> None:
    get, put = functions()
    if get is None:
        pytest.skip("SciPy has another BLAS")
    before = get()
    a, b, c = Buffer("A", (M, N), "input"), Buffer("B", (N, M), "input"), Buffer("C", (M, M), "output")
    kernel = Kernel(Program((a, b), (c,), (), (Routine("gemm", (c.view(),), (a.view(), b.view())),)))
    x = RNG.normal(size=(130, 90))
    assert kernel.address
    try:
        put(2)
        for call in (kernel.run, kernel.entry()):
            workers = [threading.Thread(target=lambda: [call(x, x.T.copy()) for _ in range(20)]) for _ in range(4)]  # noqa: B023
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
            assert get() == 2
    finally:
        put(before)


@pytest.mark.parametrize(("setting", "few", "many"), [("", [1], []), ("1", [1], [1]), ("3", [1], [3]), ("9", [1], [])])
def test_the_number_of_threads_of_blas(
    setting: str, few: list[int], many: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    # A BLAS of which we know what it is told: it has six threads.
    count, told = 6, []

    def put(number: int) -> None:
        nonlocal count
        count = number
        told.append(number)

    get_it, put_it = ctypes.PYFUNCTYPE(ctypes.c_int)(lambda: count), ctypes.PYFUNCTYPE(None, ctypes.c_int)(put)
    places = tuple(ctypes.cast(f, ctypes.c_void_p).value for f in (get_it, put_it))
    monkeypatch.setattr(threads, "addresses", lambda: places)
    monkeypatch.setattr(threads, "FEW_OPERATIONS", 20_000)
    monkeypatch.setenv("MATGRAD_NUM_THREADS", setting)
    threads.most.cache_clear()
    a, b, c = Buffer("A", (M, N), "input"), Buffer("B", (N, M), "input"), Buffer("C", (M, M), "output")
    kernel = Kernel(Program((a, b), (c,), (), (Routine("gemm", (c.view(),), (a.view(), b.view())),)))
    assert kernel.address
    try:
        for call in (kernel.run, kernel.entry()):
            for size, expected in ((8, few), (40, many)):
                x = RNG.normal(size=(size, size))
                np.testing.assert_allclose(call(x, x), x @ x)
                assert told == [*expected, *([6] if expected else [])]
                told.clear()
    finally:
        threads.most.cache_clear()


def test_the_threads_of_blas_when_python_changes_threads_often() -> None:
    get, put = functions()
    if get is None:
        pytest.skip("SciPy has another BLAS")
    before, interval = get(), sys.getswitchinterval()

    def work() -> None:
        for _ in range(200):
            with some_threads(1000):
                pass

    try:
        sys.setswitchinterval(1e-6)
        for _ in range(20):
            put(2)
            workers = [threading.Thread(target=work) for _ in range(4)]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
            assert get() == 2
    finally:
        sys.setswitchinterval(interval)
        put(before)
