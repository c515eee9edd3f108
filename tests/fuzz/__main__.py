"""The long run: `python -m tests.fuzz --count 10000 --seed 1`."""

from __future__ import annotations

import argparse
import os
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads only slow matrices of this size down

from .runs import Result, fuzz


def main() -> None:
    """Runs the fuzzer and says what it found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="programs to run")
    parser.add_argument("--seed", type=int, default=0, help="where to begin: program k of seed s is always the same")
    parser.add_argument("--first", type=int, default=0, help="number of the first program")
    parser.add_argument("--depth", type=int, default=4, help="depth of the expressions")
    parser.add_argument("--kernels", type=int, default=0, help="compile one program in so many")
    given = parser.parse_args()
    started = time.perf_counter()

    shown = 0

    def report(number: int, result: Result) -> None:
        nonlocal shown
        for failure in result.failures[shown:]:
            print(
                f"program {failure.number}: {failure.complaint}\n  {failure.text}\n  shrunk: {failure.shrunk}",
                flush=True,
            )
        shown = len(result.failures)
        if number % 500 == 0:
            seconds = time.perf_counter() - started
            print(f"{number} programs, {result.judged} judged, {shown} failures, {seconds:.0f} s", flush=True)

    result = fuzz(given.count, given.seed, given.depth, given.kernels, given.first, report)
    report(-1, result)
    print(f"{given.count} programs, {result.judged} judged, {len(result.failures)} failures")
    raise SystemExit(bool(result.failures))


if __name__ == "__main__":
    main()
