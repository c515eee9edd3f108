"""Compiling in another thread, while the first calls are interpreted.

Enters: jobs.  Leaves: `Job`s to wait for.  Always holds: one job runs at a time, in the order in which they came; when
the program ends, the one that runs is finished and the others are dropped; no process is forked while one runs, since
the child would wait for locks whose owner it does not have.  Not for: results: what a job cannot do is done again, and
its errors shown, by whoever needs it.
"""

from __future__ import annotations

# What compiles imports the first, which a thread cannot do any more when the program is ending.  It and the second hold
# locks while a process is forked: imported before this module, they take them after our own.
import concurrent.futures.thread  # noqa: F401
import contextlib
import logging  # noqa: F401
import os
import threading
from collections import deque
from collections.abc import Callable


class Job:
    """Something that is done in another thread."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._work, self._done = work, threading.Event()

    def run(self) -> None:
        """Does it."""
        with contextlib.suppress(Exception):
            self._work()
        self._done.set()

    def wait(self) -> None:
        """Returns when it is done, or will not be done."""
        self._done.wait()

    def drop(self) -> None:
        """Lets those who wait go on."""
        self._done.set()


class _Worker:
    def __init__(self) -> None:
        self.jobs: deque[Job] = deque()
        self.lock = threading.Lock()  # of the jobs and the thread
        self.busy = threading.RLock()  # held while a job runs
        self.thread: threading.Thread | None = None

    def add(self, job: Job) -> None:
        with self.lock:
            if self.thread is None:
                thread = threading.Thread(target=self.work, name="matgrad compiler")
                thread.start()
                self.thread = thread
            self.jobs.append(job)

    def work(self) -> None:
        ending = False
        while True:
            with self.busy:
                with self.lock:
                    if ending or not self.jobs:
                        for job in self.jobs:
                            job.drop()
                        self.jobs.clear()
                        self.thread = None
                        return
                    job = self.jobs.popleft()
                job.run()
                ending = not threading.main_thread().is_alive()


_worker = _Worker()


def begin(work: Callable[[], object]) -> Job | None:
    """Has something done in another thread; None where there can be no other (the program is ending)."""
    job = Job(work)
    try:
        _worker.add(job)
    except RuntimeError:
        return None
    return job


_LONGEST = 10.0  # seconds that a fork waits; whoever holds a lock that the job needs would wait for ever
_held = False


def _before_fork() -> None:
    global _held
    _held = _worker.busy.acquire(timeout=_LONGEST)


def _after_fork_in_parent() -> None:
    if _held:
        _worker.busy.release()


def _after_fork_in_child() -> None:
    """There is no such thread, and its locks are held by nobody."""
    global _worker
    old, _worker = _worker, _Worker()
    for job in old.jobs:
        job.drop()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)
