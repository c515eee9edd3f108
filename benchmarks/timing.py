"""Times of calls that are to be compared.

Enters: things to call.  Leaves: seconds per call.  Always holds: the calls take turns in short slices, so that whatever
else the machine does meets all of them alike; seconds are those that the process had a processor, in all its threads,
so that waiting for one is not counted (on an idle machine they are the seconds of the clock, for there is one thread).
Not for: what is called, and whether it is right.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from itertools import repeat
from typing import NamedTuple

SAMPLE_SECONDS = 0.001  # of a sample: calls that are shorter are repeated
_WARMING_UP = 3.0  # seconds, of calls before the first sample


class Effort(NamedTuple):
    """How long to measure: so many rounds, in each of which every call has a slice of so many seconds."""

    rounds: int
    slice_seconds: float


FULL = Effort(8, 0.03)
QUICK = Effort(4, 0.01)
PATIENCE = 20  # slices: what a call gets that takes longer than a slice


class Timing(NamedTuple):
    """Seconds per call: the least, and the median, of so many samples.

    The least is what the code takes when nothing interferes, and is what the tables compare.
    """

    best: float
    median: float
    samples: int


def interleaved(calls: Mapping[str, Callable[[], object]], effort: Effort = FULL) -> dict[str, Timing]:
    """The times of the calls, which take turns: A B C A B C ..."""
    counts = {name: _count(call) for name, call in calls.items()}
    samples: dict[str, list[float]] = {name: [] for name in calls}
    collecting = gc.isenabled()
    gc.disable()
    try:
        for _ in range(effort.rounds):
            for name, call in calls.items():
                if sum(samples[name]) * counts[name] > PATIENCE * effort.slice_seconds:
                    continue
                end = time.perf_counter() + effort.slice_seconds
                while not samples[name] or time.perf_counter() < end:
                    samples[name].append(_sample(call, counts[name]))
                    if samples[name][-1] * counts[name] > effort.slice_seconds:
                        break
    finally:
        if collecting:
            gc.enable()
    return {name: Timing(min(s), statistics.median(s), len(s)) for name, s in samples.items()}


def _count(call: Callable[[], object]) -> int:
    """How many calls make a sample; also warms up."""
    began = time.perf_counter()
    for _ in range(4):  # the first calls may be interpreted while a kernel is compiled
        call()
        if time.perf_counter() - began > _WARMING_UP:
            break
    count = 1
    while (seconds := _sample(call, count) * count) < SAMPLE_SECONDS / 4:
        count *= 4
    return max(1, round(count * SAMPLE_SECONDS / seconds))


def _sample(call: Callable[[], object], count: int) -> float:
    began = time.process_time()
    for _ in repeat(None, count):
        call()
    return (time.process_time() - began) / count
