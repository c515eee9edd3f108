"""The machine that the numbers are of.

Enters: nothing.  Leaves: a description for the results, and a process that keeps to one core.  Always holds: nothing
is described that could name a person or a host.  Not for: measuring.
"""

from __future__ import annotations

import importlib
import os
import platform
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("numpy", "scipy", "numba", "llvmlite", "jax", "torch", "autograd", "casadi", "pytensor")


def description() -> dict[str, Any]:
    """What the results depend on: processor, cores, versions, and how busy the machine was when this was asked."""
    matgrad = importlib.import_module("matgrad")
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "blas": _blas(),
        "versions": {"matgrad": matgrad.__version__} | {name: v for name in PACKAGES if (v := _version(name))},
        "load": round(os.getloadavg()[0], 1),
        "date": time.strftime("%Y-%m-%d"),
    }


def keep_to_one_core() -> None:
    """Lets this process and the threads that it will start use one core only: the one that is least busy now.

    A library that counts the cores then makes one thread.
    """
    before = _busy()
    time.sleep(0.1)
    after = _busy()
    usable = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(usable, key=lambda core: after[core] - before[core])})


def _busy() -> dict[int, int]:
    """The time each core has worked since it started, in ticks."""
    lines = (line.split() for line in Path("/proc/stat").read_text().splitlines())
    return {
        int(name[3:]): sum(map(int, ticks)) - int(ticks[3]) - int(ticks[4])
        for name, *ticks in lines
        if name.startswith("cpu") and name[3:].isdigit()
    }


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines()
    found = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    flags = found.get("flags", "").split()
    vectors = next((name for flag, name in (("avx512f", "AVX-512"), ("avx2", "AVX2")) if flag in flags), "SSE2")
    return f"{found.get('model name', platform.machine())}, family {found.get('cpu family', '?')}, {vectors}"


def _blas() -> str | None:
    """The kernels of OpenBLAS that NumPy and SciPy use here; None where they have another library."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return None
    importlib.import_module("scipy.linalg")
    kernels = {found["architecture"] for found in threadpool_info() if found.get("internal_api") == "openblas"}
    return "/".join(sorted(kernels)) or None


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
