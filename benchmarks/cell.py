"""One cell of the table, in a process of its own: `python -m benchmarks.cell OBJECTIVE SIZE EFFORT CONTENDER ...`.

Enters: an objective's name, a size, an effort (full or quick), and the contenders wanted.  Leaves: one line of JSON on
standard output, or what `measured` returns: the seconds of each contender, what disagreed, and who did not compete.
Always holds: a contender is timed only if its results agree with those of the expert's NumPy code to `TOLERANCE`.  Not
for: people: `objectives.py` starts this and makes a table.
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from .cases import objectives
from .contenders import makers
from .machine import keep_to_one_core
from .objective import Array
from .peers import Contender
from .timing import FULL, QUICK, interleaved

LOCK = Path(tempfile.gettempdir()) / "matgrad-benchmarks.lock"  # one cell of the machine is measured at a time
TOLERANCE = 1e-8  # relative to the largest element of each array


def difference(found: Sequence[Array], truth: Sequence[Array]) -> float:
    """The largest difference of two results, relative to the largest element of each array."""
    if [f.shape for f in found] != [t.shape for t in truth]:
        return float("inf")
    worst = 0.0
    for f, t in zip(found, truth, strict=True):
        scale = float(np.max(np.abs(t)))
        error = float(np.max(np.abs(f - t)))
        worst = max(worst, error / scale if scale else error)
        if not np.all(np.isfinite(f)):
            return float("inf")
    return worst


def measured(
    name: str,
    size: str,
    effort: str,
    wanted: Sequence[str] = (),
    without: Mapping[str, str] | None = None,
    tell: Callable[[str], None] = lambda contender: None,
) -> dict[str, Any]:
    """The cell; `wanted` are the contenders, or nobody for all; `tell` hears whose turn it is."""
    warnings.simplefilter("ignore")  # peers announce deprecations, and Numba what it cannot cache
    began = time.perf_counter()
    objective = objectives()[name]
    arguments = objective.arguments(size)
    make, skipped = makers(objective, size, arguments)
    skipped.update(without or {})
    right: dict[str, Contender] = {}
    wrong: dict[str, float] = {}
    first: dict[str, float] = {}
    truth: list[Array] = []
    for contender, maker in make.items():
        if contender in skipped or (wanted and contender not in ("numpy", "matgrad", *wanted)):
            continue
        tell(contender)
        try:
            with _quiet():
                start = time.perf_counter()
                made = maker()
                found = made.read(made.call())
                first[contender] = round(time.perf_counter() - start, 3)
        except Exception as error:  # a peer that cannot do it does not compete, and the table says so
            if contender in ("numpy", "matgrad"):
                raise
            skipped[contender] = f"{type(error).__name__}: {error}".strip().splitlines()[0][:200]
            continue
        truth = truth or found
        if (error := difference(found, truth)) > TOLERANCE:
            wrong[contender] = error
        else:
            right[contender] = made
    tell("waiting")
    with LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        tell("measuring")
        timings = interleaved({k: c.call for k, c in right.items()}, {"full": FULL, "quick": QUICK}[effort])
    return {
        "objective": name,
        "of": objective.of,
        "size": size,
        "sizes": objective.size_text(size),
        "times": {contender: timing._asdict() for contender, timing in timings.items()},
        "first_call": first,
        "wrong": wrong,
        "skipped": skipped,
        "load": round(os.getloadavg()[0], 1),
        "took": round(time.perf_counter() - began, 1),
    }


@contextmanager
def _quiet() -> Iterator[None]:
    """Sends what libraries write to standard output or error to nowhere."""
    saved = [os.dup(1), os.dup(2)]
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(saved[0], 1)
        os.dup2(saved[1], 2)
        for descriptor in (*saved, nowhere):
            os.close(descriptor)


if __name__ == "__main__":
    keep_to_one_core()
    print(json.dumps(measured(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:])))
