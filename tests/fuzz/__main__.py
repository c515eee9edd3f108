"""The long run: `python -m tests.fuzz --count 10000 --seed 1`."""

from __future__ import annotations

import argparse
import os
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads only slow matrices of this size down

from .runs import fuzz  # noqa: E402


def main() -> None:
    """Runs the fuzzer and says what it found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="programs to run")
    parser.add_argument("--seed", type=int, default=0, help="where to begin: program k of seed s is always the same")
    parser.add_argument("--depth", type=int, default=4, help="depth of the expressions")
    parser.add_argument("--kernels", type=int, default=0, help="compile one program in so many")
    given = parser.parse_args()
    started = time.perf_counter()

    def report(number: int, judged: int, failures: int) -> None:
        if number % 500 == 0:
            print(f"{number} programs, {judged} judged, {failures} failures, {time.perf_counter() - started:.0f} s", flush=True)

    result = fuzz(given.count, given.seed, given.depth, given.kernels, report)
    for failure in result.failures:
        print(f"\nprogram {failure.number}: {failure.complaint}\n  {failure.text}\n  shrunk: {failure.shrunk}")
    print(f"{given.count} programs, {result.judged} judged, {len(result.failures)} failures")
    raise SystemExit(bool(result.failures))


if __name__ == "__main__":
    main()
