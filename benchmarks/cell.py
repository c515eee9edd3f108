"""One cell of the table, in a process of its own: `python -m benchmarks.cell OBJECTIVE SIZE EFFORT PEER ...`.

Enters: an objective's name, a size, an effort (full or quick), and the peers to run.  Leaves: one line of JSON on
standard output: the seconds of each contender, and what disagreed.  Always holds: a contender is timed only if its
value and its gradients agree with those of the expert's NumPy code to `TOLERANCE`.  Not for: people: `objectives.py`
starts this and makes a table.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .cases import objectives
from .contenders import Call, contenders, numbers
from .machine import keep_to_one_core
from .objective import Array
from .timing import FULL, QUICK, interleaved

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


def measured(name: str, size: str, effort: str, peers: Sequence[str]) -> dict[str, Any]:
    """The cell: sizes, times by contender, and what disagreed."""
    objective = objectives()[name]
    arguments = objective.arguments(size)
    calls = contenders(objective, arguments, peers)
    truth = numbers(calls["numpy"]())
    wrong = {}
    first = {}
    for contender, call in calls.items():
        began = time.perf_counter()
        result = call()
        first[contender] = time.perf_counter() - began
        if (error := difference(numbers(result), truth)) > TOLERANCE:
            wrong[contender] = error
    right = {contender: call for contender, call in calls.items() if contender not in wrong}
    return {
        "objective": name,
        "size": size,
        "sizes": objective.size_text(size),
        "times": _times(right, effort),
        "first_call": first,
        "wrong": wrong,
        "load": round(os.getloadavg()[0], 1),
    }


def _times(calls: Mapping[str, Call], effort: str) -> dict[str, Any]:
    timings = interleaved(calls, {"full": FULL, "quick": QUICK}[effort])
    return {contender: timing._asdict() for contender, timing in timings.items()}


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # peers announce deprecations, and Numba what it cannot cache
    keep_to_one_core()
    print(json.dumps(measured(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:])))
