"""Benchmarks: matgrad against its peers and against code by an expert's hand.

Enters: nothing.  Leaves: one command each, `python -m benchmarks.objectives`, `start`, `calls`, `awareness`, `growth`,
and `python -m benchmarks.document`, which writes their results into docs/benchmarks.md.  Always holds: every library
works with one thread, for this file says so before any of them is imported.  Not for: tests of what is right.
"""

import os

for _library in ("OPENBLAS", "OMP", "MKL", "NUMBA"):
    os.environ[f"{_library}_NUM_THREADS"] = "1"
os.environ["TORCHINDUCTOR_COMPILE_THREADS"] = "1"  # it compiles in its own process, not in a pool
