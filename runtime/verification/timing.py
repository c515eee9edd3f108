"""How long a call takes.

Enters: something to call.  Leaves: seconds.  Always holds: the time is the median of several rounds, each long enough
for the clock.  Not for: comparing with other programs (`benchmarks/`).
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

ROUNDS = 7
ROUND_SECONDS = 0.03


def seconds_per_call(call: Callable[[], object]) -> float:
    """The median over `ROUNDS` rounds of the time of one call."""
    count = 1
    while _round(call, count) < ROUND_SECONDS / 2:
        count *= 2
    return statistics.median(_round(call, count) / count for _ in range(ROUNDS))


def _round(call: Callable[[], object], count: int) -> float:
    began = time.perf_counter()
    for _ in range(count):
        call()
    return time.perf_counter() - began
