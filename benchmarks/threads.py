"""One bound kernel called from many threads at once, and memory after many calls: `python -m benchmarks.threads`.

Enters: options.  Leaves: tables and results/threads.json.  Always holds: the results of all threads are identical to
those of one; one thread and many take turns, and the best of each counts.  On a busy computer the many cannot win much:
the tables say how many processors they had, and how much a processor did compared to one thread alone (1 if threads
do not hinder one another).  Not for: threads inside of one call.
"""

from __future__ import annotations

import contextlib
import gc
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np

import matgrad as mg

from . import report

Array = Any
PAGE = os.sysconf("SC_PAGESIZE")


def logistic() -> tuple[Any, Array]:
    """Logistic regression, 1000 x 20: little memory."""
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(1000, 20)), np.sign(rng.normal(size=1000))
    text = "fn f(X: matrix[m, n], y: vector[m], w: vector[n]) = sum(log(1 + exp(-y .* (X*w)))) + w'*w"
    return mg.function(text).value_and_grad("w").bind(X=X, y=y), rng.normal(size=(8, 20))


def residual() -> tuple[Any, Array]:
    """`normfro(A*X*B - C)^2`, 120 x 120: products of matrices."""
    rng = np.random.default_rng(1)
    A, B, C = (rng.normal(size=(120, 120)) for _ in range(3))
    text = "fn f(A: matrix[n, n], B: matrix[n, n], C: matrix[n, n], X: matrix[n, n]) = normfro(A*X*B - C)^2"
    return mg.function(text).value_and_grad("X").bind(A=A, B=B, C=C), rng.normal(size=(8, 120, 120))


def throughput(kernel: Any, points: Array, threads: int, calls: int) -> tuple[float, float, bool]:
    """Calls per second, processors in use, and whether each result was the one that a single call gives."""
    expected = [kernel(point) for point in points]
    outs = [np.empty_like(point) for point in points]
    wrong: list[int] = []
    moments: list[tuple[float, float]] = []  # on the clock and of the processors, when threads begin and end
    begin = threading.Barrier(threads)

    def work(number: int) -> None:
        point, out, (value, gradient) = points[number], outs[number], expected[number]
        begin.wait()
        moments.append((time.perf_counter(), time.process_time()))
        for _ in range(calls):
            found, _ = kernel(point, out=out)
            if found != value:
                wrong.append(number)
        moments.append((time.perf_counter(), time.process_time()))
        if not np.array_equal(out, gradient):
            wrong.append(number)

    workers = [threading.Thread(target=work, args=(k,)) for k in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    (began, before), (end, after) = min(moments), max(moments)
    return threads * calls / (end - began), (after - before) / (end - began), not wrong


def scaling(rounds: int) -> list[dict[str, Any]]:
    """Throughput of one thread and of eight."""
    rows = []
    for objective in (logistic, residual):
        kernel, points = objective()
        kernel(points[0])
        once = min(_seconds(lambda: kernel(points[0])) for _ in range(20))  # noqa: B023
        calls = max(1, int(0.05 / once))
        found: dict[int, list[tuple[float, float, bool]]] = {1: [], 8: []}
        for _ in range(rounds):
            for threads, measured in found.items():
                measured.append(throughput(kernel, points, threads, max(1, 2 * calls // threads)))
        best = {threads: max(measured) for threads, measured in found.items()}
        rows.append(
            {
                "objective": objective.__name__,
                "one": best[1][0],
                "eight": best[8][0],
                "processors": best[8][1],
                "ratio": best[8][0] / best[1][0],
                "per_processor": max(r / p for r, p, _ in found[8]) / max(r / p for r, p, _ in found[1]),
                "identical": all(right for measured in found.values() for *_, right in measured),
            }
        )
    return rows


def _seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def growth(count: int) -> list[dict[str, Any]]:
    """The memory of the process before and after calls of each kind."""
    rng = np.random.default_rng(1)
    A, x = rng.normal(size=(40, 40)), rng.normal(size=40)
    function = mg.function("fn f(A: matrix[n, n], x: vector[n]) = x'*A*x").value_and_grad("x")
    bound = function.bind(A=A)
    fortran, out, wrong = np.asfortranarray(A), np.empty(40), np.ones(41)

    def failing() -> None:
        with contextlib.suppress(mg.ShapeError):
            function(A, wrong)

    calls: dict[str, tuple[Callable[[], object], int]] = {
        "bound, out=": (lambda: bound(x, out=out), count),
        "bound": (lambda: bound(x), count),
        "unbound": (lambda: function(A, x), count),
        "sizes in turn": (lambda: (function(A, x), function(A[:5, :5].copy(), x[:5])), count // 10),
        "converted": (lambda: function(fortran, list(x)), count // 50),
        "refused": (failing, count // 50),
    }
    rows = []
    for name, (call, times) in calls.items():
        for _ in range(max(100, times // 20)):
            call()
        gc.collect()
        before = _memory()
        for _ in range(times):
            call()
        gc.collect()
        rows.append({"calls": name, "count": times, "bytes": _memory() - before})
    return rows


def _memory() -> int:
    """The bytes of memory that the process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


@click.command(help=__doc__.splitlines()[0] if __doc__ else "")
@click.option("--rounds", default=40, help="How often one thread and many take turns.", show_default=True)
@click.option("--count", default=1_000_000, help="How many calls memory is watched for.", show_default=True)
@click.option("--save/--no-save", default=True, help="Write the results.", show_default=True)
def main(rounds: int, count: int, save: bool) -> None:
    """Measures and reports."""
    rows, memory = scaling(rounds), growth(count)
    report.show("One bound kernel, calls per second", *table(rows))
    report.show("Memory after many calls", *memory_table(memory))
    if save:
        print("Written:", report.save("threads", rows, memory=memory))


def table(rows: list[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Columns and rows for the reader."""
    names = {f.__name__: (f.__doc__ or "").split(":")[0] for f in (logistic, residual)}
    columns = ["objective", "one thread", "eight threads", "ratio", "processors in use", "per processor", "identical"]
    return columns, [
        [
            names[r["objective"]],
            f"{r['one']:.0f}",
            f"{r['eight']:.0f}",
            f"{r['ratio']:.2f}",
            f"{r['processors']:.2f}",
            f"{r['per_processor']:.2f}",
            "yes" if r["identical"] else "NO",
        ]
        for r in rows
    ]


def memory_table(rows: list[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Columns and rows for the reader."""
    return ["calls", "number", "growth, kB"], [[r["calls"], f"{r['count']:,}", f"{r['bytes'] / 1e3:.0f}"] for r in rows]


if __name__ == "__main__":
    main()
