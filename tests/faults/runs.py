"""Faults of the store of kernels: killed writers, damaged files, and races.

What enters are counts and a seed. What leaves are `Lost`: how many faults were tried, and what went wrong. What always
holds: each fault happens in a folder of its own or is repaired before the next one. Not for: single cases, which
`tests/kernels/test_store.py` has.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from matgrad.runtime import store

ROOT = Path(__file__).resolve().parents[2]

# Makes a function, calls it, and prints the result and what it needed for that.
PROCESS = """
import sys
sys.path.insert(0, sys.argv[1])
import numpy as np
import matgrad as mg
gradient = mg.function("fn f(A: matrix[n, n], x: vector[n]) = x'*A*x").grad("x")
print(gradient(np.eye(3) * 2, np.ones(3)).tolist(), sorted({"lark", "numba", "scipy.linalg"} & set(sys.modules)))
"""
RIGHT = "[4.0, 4.0, 4.0]"

# Puts entries, one after another, until it is killed. What an entry contains follows from its name.
WRITER = """
import sys
sys.path.insert(0, sys.argv[1])
from matgrad.runtime import store
print("ready", flush=True)
k = 0
while True:
    store.put(f"entry {k % 50}", f"content {k % 50}".encode() * 2000)
    k += 1
"""


@dataclass
class Report:
    """How many faults there were, and what was lost."""

    tried: int = 0
    lost: list[str] = field(default_factory=list)

    def check(self, right: bool, what: str) -> None:
        """Counts a fault."""
        self.tried += 1
        if not right:
            self.lost.append(what)


@contextmanager
def cache_in(folder: Path) -> Iterator[Path]:
    """Lets this process and its children keep kernels below a folder."""
    before = os.environ.get("XDG_CACHE_HOME")
    os.environ["XDG_CACHE_HOME"] = str(folder)
    try:
        yield folder / "matgrad" / "kernels"
    finally:
        os.environ.pop("XDG_CACHE_HOME")
        if before is not None:
            os.environ["XDG_CACHE_HOME"] = before


def start(program: str) -> subprocess.Popen[str]:
    """A process that waits for its kernels."""
    environment = {**os.environ, "MATGRAD_WAIT": "1"}
    command = [sys.executable, "-c", program, str(ROOT)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def kills(count: int, folder: Path, seed: int = 0) -> Report:
    """Writers that are killed at random moments: every entry is whole afterwards."""
    rng, report = random.Random(seed), Report()
    with cache_in(folder) as entries:
        for number in range(count):
            writer = start(WRITER)
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(rng.random() * 0.02)
            writer.send_signal(signal.SIGKILL)
            writer.communicate()
            wrong = [k for k in range(50) if (entries / store.file_name(f"entry {k}")).exists() and not _whole(k)]
            report.check(not wrong, f"kill {number}: entries {wrong} are damaged")
    return report


def _whole(k: int) -> bool:
    return store.get(f"entry {k}") == f"content {k}".encode() * 2000


def kills_while_compiling(count: int, folder: Path, seed: int = 0) -> Report:
    """Processes that are killed while they compile: the next one that is not has the right result."""
    rng, report = random.Random(seed), Report()
    with cache_in(folder):
        for number in range(count):
            victim = start(PROCESS)
            time.sleep(rng.random())
            victim.send_signal(signal.SIGKILL)
            victim.communicate()
            if number % 5 == 4 or number == count - 1:
                output, errors = start(PROCESS).communicate()
                report.check(output.startswith(RIGHT), f"after kill {number}: {output}{errors}")
                for path in (folder / "matgrad" / "kernels").iterdir():
                    path.unlink()
            else:
                report.tried += 1
    return report


def corruptions(count: int, folder: Path, seed: int = 0) -> Report:
    """Entries with flipped bits, cut, made longer, overwritten or exchanged: never returned as they are."""
    rng, report = random.Random(seed), Report()
    with cache_in(folder) as entries:
        names = [f"entry {k}" for k in range(8)]
        contents = {name: rng.randbytes(rng.randrange(2000)) for name in names}
        for name in names:
            store.put(name, contents[name])
        for number in range(count):
            name, other = rng.sample(names, 2)
            path = entries / store.file_name(name)
            whole = path.read_bytes()
            path.write_bytes(damaged(whole, (entries / store.file_name(other)).read_bytes(), rng))
            changed = path.read_bytes() != whole
            found = store.get(name)
            report.check(found is None if changed else found == contents[name], f"corruption {number} of {name}")
            store.put(name, contents[name])
            report.check(store.get(name) == contents[name], f"after corruption {number} of {name}")
    report.tried //= 2
    return report


def damaged(content: bytes, other: bytes, rng: random.Random) -> bytes:
    """The content with some damage."""
    place = rng.randrange(len(content))
    match rng.randrange(6):
        case 0 | 1:
            return content[:place] + bytes([content[place] ^ (1 << rng.randrange(8))]) + content[place + 1 :]
        case 2:
            return content[:place]
        case 3:
            return content + rng.randbytes(1 + rng.randrange(50))
        case 4:
            return content[:place] + bytes(len(content) - place)
        case _:
            return other


def corrupted_kernels(count: int, folder: Path, seed: int = 0) -> Report:
    """Damaged entries of a real cache: processes that find them have the right result."""
    rng, report = random.Random(seed), Report()
    with cache_in(folder) as entries:
        start(PROCESS).communicate()
        for number in range(count):
            paths = sorted(entries.glob("*.entry"))
            for path in rng.sample(paths, 1 + rng.randrange(len(paths))):
                path.write_bytes(damaged(path.read_bytes(), rng.choice(paths).read_bytes(), rng))
            output, errors = start(PROCESS).communicate()
            report.check(output.startswith(RIGHT), f"corrupted kernel {number}: {output}{errors}")
    return report


def races(count: int, processes: int, folder: Path) -> Report:
    """Processes that compile the same function at once: all are right, and leave what one alone leaves."""
    report = Report()
    with cache_in(folder / "alone") as entries:
        start(PROCESS).communicate()
        alone = {path.name for path in entries.iterdir()}
    for number in range(count):
        with cache_in(folder / str(number)) as entries:
            running = [start(PROCESS) for _ in range(processes)]
            outputs = [process.communicate() for process in running]
            right = all(output.startswith(RIGHT) for output, _ in outputs)
            report.check(
                right and {path.name for path in entries.iterdir()} == alone, f"race {number}: {outputs}, {entries}"
            )
    return report


def garbage(count: int, seed: int = 0) -> Report:
    """Calls with arguments of all kinds, in a process that must live on."""
    command = [sys.executable, "-m", "tests.faults.garbage", "--count", str(count), "--seed", str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    return Report(count, [] if done.returncode == 0 else [f"status {done.returncode}: {done.stderr}"])
