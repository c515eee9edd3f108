"""The long run: `python -m tests.faults --seed 1`."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from . import runs


def main() -> None:
    """Tries the faults and says what was lost."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kills", type=int, default=500, help="writers to kill")
    parser.add_argument("--kills-while-compiling", type=int, default=25, help="compiling processes to kill")
    parser.add_argument("--corruptions", type=int, default=20000, help="entries to damage")
    parser.add_argument("--corrupted-kernels", type=int, default=25, help="processes that find damaged kernels")
    parser.add_argument("--races", type=int, default=3, help="how often many processes compile one function at once")
    parser.add_argument("--processes", type=int, default=16, help="how many")
    parser.add_argument("--garbage", type=int, default=100000, help="calls with arguments of all kinds")
    given = parser.parse_args()
    steps: dict[str, Callable[[Path], runs.Report]] = {
        "killed writers": lambda folder: runs.kills(given.kills, folder, given.seed),
        "killed compilers": lambda folder: runs.kills_while_compiling(given.kills_while_compiling, folder, given.seed),
        "corruptions": lambda folder: runs.corruptions(given.corruptions, folder, given.seed),
        "corrupted kernels": lambda folder: runs.corrupted_kernels(given.corrupted_kernels, folder, given.seed),
        f"races of {given.processes}": lambda folder: runs.races(given.races, given.processes, folder),
        "garbage calls": lambda folder: runs.garbage(given.garbage, given.seed),
    }
    for what, step in steps.items():
        started = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            report = step(Path(folder))
        print(
            f"{what}: {report.tried} tried, {len(report.lost)} lost, {time.perf_counter() - started:.0f} s", flush=True
        )
        for text in report.lost[:20]:
            print("   ", text)


if __name__ == "__main__":
    main()
