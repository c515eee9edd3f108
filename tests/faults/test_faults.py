"""A short run of the faults; `python -m tests.faults` is the long one.

What enters are folders. What leaves are test results. What always holds: nothing is lost. Not for: single cases.
"""

from __future__ import annotations

from pathlib import Path

from . import runs


def test_killed_writers(tmp_path: Path) -> None:
    report = runs.kills(8, tmp_path)
    assert report.tried == 8
    assert not report.lost


def test_processes_that_are_killed_while_they_compile(tmp_path: Path) -> None:
    assert not runs.kills_while_compiling(2, tmp_path).lost


def test_corruptions(tmp_path: Path) -> None:
    report = runs.corruptions(600, tmp_path)
    assert report.tried == 600
    assert not report.lost


def test_corrupted_kernels(tmp_path: Path) -> None:
    assert not runs.corrupted_kernels(2, tmp_path).lost


def test_processes_that_compile_the_same_at_once(tmp_path: Path) -> None:
    assert not runs.races(1, 4, tmp_path).lost


def test_calls_with_garbage() -> None:
    assert not runs.garbage(1500).lost
