"""Derivatives of the objectives, against peers and experts: `python -m benchmarks.objectives`.

Enters: options.  Leaves: a table, results/objectives.json (after every cell) and a plot.  Always holds: each cell runs
in its own process, on one core, and its contenders take turns; one cell is measured at a time, while the next one is
built on another core.  Not for: what a contender does (`contenders.py`).
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

import click
from rich.progress import Progress

from . import ratios, report
from .cases import objectives
from .contenders import EXPERTS, PEERS
from .objective import SIZES

WORKERS = 2
LIMIT = 60  # seconds for a contender to be built, and for the cell's measurement
# The process from which those of the cells are forked has these libraries loaded, but has used none of them.
LOADED = (
    "jax", "jax.numpy", "jax.scipy.linalg", "jax.scipy.special", "torch", "torch._dynamo", "torch._inductor.compile_fx",
    "pytensor", "pytensor.link.numba", "casadi", "autograd.scipy.linalg", "autograd.scipy.stats", "numba", "matgrad",
    "benchmarks.cell",
)  # fmt: skip


@click.command(help=__doc__.splitlines()[0] if __doc__ else "")
@click.option("--quick", is_flag=True, help="Measure for a shorter time.")
@click.option("--only", multiple=True, help="An objective, or OBJECTIVE:SIZE, or :SIZE; may be repeated.")
@click.option("--peers", default="", help=f"Some of {', '.join((*PEERS, *EXPERTS))}; all if nothing is said.")
@click.option("--resume", is_flag=True, help="Keep the cells that have been measured, and add those that are missing.")
@click.option("--save/--no-save", default=True, help="Write the results.", show_default=True)
def main(quick: bool, only: Sequence[str], peers: str, resume: bool, save: bool) -> None:
    """Runs the cells and reports.  With --only, the cells that are not run stay as they are in the results."""
    every = [(name, size) for name in objectives() for size in SIZES]
    cells = [(name, size) for name, size in every if not only or {name, f":{size}", f"{name}:{size}"} & set(only)]
    if not cells:
        raise click.BadParameter(f"the objectives are {', '.join(objectives())}", param_hint="--only")
    known: dict[tuple[str, str], dict[str, Any]] = {}
    if (resume or only) and report.exists("objectives"):
        rows = report.load("objectives")["rows"]
        known = {(row["objective"], row["size"]): row for row in rows if not resume or "error" not in row}
    effort = "quick" if quick else "full"
    wanted = peers.split(",") if peers else []
    missing = [cell for cell in cells if not (resume and cell in known)]
    cores: queue.Queue[int] = queue.Queue()
    for core in sorted(os.sched_getaffinity(0))[:WORKERS]:
        cores.put(core)

    def measure(cell: tuple[str, str]) -> dict[str, Any]:
        core = cores.get()
        try:
            return run(*cell, effort, wanted, core)
        finally:
            cores.put(core)

    with Progress(transient=True) as progress, ThreadPoolExecutor(cores.qsize()) as pool:
        tasks = {pool.submit(measure, cell): cell for cell in missing}
        for task in progress.track(as_completed(tasks), total=len(tasks)):
            known[tasks[task]] = task.result()
            if save:
                report.save("objectives", [known[cell] for cell in every if cell in known], effort=effort)
    measured = [known[cell] for cell in missing]
    report.show("Times, µs", *ratios.table(measured))
    print(*ratios.summary(measured), *ratios.left_out(measured), sep="\n")
    if save:
        print("Written:", ratios.plot(list(known.values())))


def run(name: str, size: str, effort: str, wanted: Sequence[str], core: int) -> dict[str, Any]:
    """A cell, in a process of its own, on a core; {"objective", "size", "error"} where it fails.

    A contender that takes too long, or takes the process down, is left out, and the cell begins again.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(LOADED))
    without: dict[str, str] = {}
    while True:
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=_cell, args=(sender, core, name, size, effort, list(wanted), without))
        process.start()
        sender.close()
        stage, found = _watched(receiver)
        process.kill()
        process.join()
        if isinstance(found, dict):
            return found
        if stage not in (*PEERS, "numba") or stage in without:
            return {"objective": name, "size": size, "error": f"{stage}: {found}"}
        without[stage] = found


def _watched(receiver: Any) -> tuple[str, Any]:
    """What the cell was doing last, and its result, or the reason why there is none."""
    stage, since = "start", time.monotonic()
    while True:
        if not receiver.poll(0.2):
            if time.monotonic() - since > LIMIT:
                return stage, f"took more than {LIMIT} s"
            continue
        try:
            message = receiver.recv()
        except EOFError:
            return stage, "ended the process"
        if isinstance(message, dict):
            return stage, message
        stage, since = message, time.monotonic()


def _cell(
    sender: Any, core: int, name: str, size: str, effort: str, wanted: list[str], without: dict[str, str]
) -> None:
    from .cell import measured

    os.sched_setaffinity(0, {core})
    try:
        sender.send(measured(name, size, effort, wanted, without, tell=sender.send))
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".strip().splitlines()[0][:200]
        sender.send({"objective": name, "size": size, "error": reason})


if __name__ == "__main__":
    main()
