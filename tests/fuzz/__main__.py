"""The long run: `python -m tests.fuzz --count 10000 --seed 1`."""

from __future__ import annotations

import argparse
import os
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads only slow matrices of this size down
os.environ.setdefault("MATGRAD_CACHE_SIZE", "0")  # no program comes twice

from .runs import Result, fuzz

BATCH = 100  # programs between two reports


def main() -> None:
    """Runs the fuzzer and says what it found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="programs to run")
    parser.add_argument("--seed", type=int, default=0, help="where to begin: program k of seed s is always the same")
    parser.add_argument("--first", type=int, default=0, help="number of the first program")
    parser.add_argument("--depth", type=int, default=4, help="depth of the expressions")
    parser.add_argument("--kernels", type=int, default=0, help="compile one program in so many")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="when to stop, at the latest")
    given = parser.parse_args()
    started = time.perf_counter()
    total = Result()
    first, stop = given.first, given.first + given.count
    while first < stop and time.perf_counter() - started < given.seconds:
        step = min(BATCH, stop - first)
        found = fuzz(step, given.seed, given.depth, given.kernels, first)
        first += step
        total.judged += found.judged
        total.failures += found.failures
        for failure in found.failures:
            print(f"program {failure.number}: {failure.complaint}\n  {failure.text}\n  shrunk: {failure.shrunk}")
        run = first - given.first
        seconds = time.perf_counter() - started
        print(f"{run} programs, {total.judged} judged, {len(total.failures)} failures, {seconds:.0f} s", flush=True)
    raise SystemExit(bool(total.failures))


if __name__ == "__main__":
    main()
