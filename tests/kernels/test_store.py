"""The store of object code: found again, by other processes too, and never trusted when damaged.

What enters are cache folders in all states. What leaves are test results. What always holds: whatever is wrong with the
folder, kernels work. Not for: what kernels compute.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from matgrad.runtime import store
from matgrad.runtime.store import Entry

ROOT = Path(__file__).resolve().parents[2]
ENTRY = Entry(b"code" * 100, ("gemm", "exp"))

PROCESS = """
import sys
sys.path.insert(0, sys.argv[1])
import numpy as np
from matgrad.compiler.tensor.dims import Dim
from matgrad.compiler.kernel.program import Buffer, Program, Routine
from matgrad.runtime.kernel import Kernel
n = Dim.of("n")
a, x, y = Buffer("A", (n, n), "input"), Buffer("x", (n,), "input"), Buffer("y", (n,), "output")
kernel = Kernel(Program((a, x), (y,), (), (Routine("gemv", (y.view(),), (a.view(), x.view())),)))
print(kernel.entry()(np.eye(3) * 2, np.ones(3)).tolist(), "numba" in sys.modules)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A new cache folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path))
    store._folder.cache_clear()
    yield tmp_path / "cache" / "matgrad" / "kernels"
    store._folder.cache_clear()


def process(**environment: str) -> str:
    """What a new process prints that makes a kernel and calls it."""
    result = subprocess.run(
        [sys.executable, "-c", PROCESS, str(ROOT)],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_what_was_put_is_found(folder: Path) -> None:
    assert store.get("text") is None
    store.put("text", ENTRY)
    assert store.get("text") == ENTRY
    assert store.get("another text") is None
    assert folder.stat().st_mode & 0o077 == 0
    assert [f.suffix for f in folder.iterdir()] == [".kernel"]


def test_another_version_is_not_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store.put("text", ENTRY)
    monkeypatch.setattr(store, "_stamp", lambda: "another computer")
    assert store.get("text") is None


@pytest.mark.parametrize("damage", ["empty", "cut", "changed", "other"])
def test_damaged_files_count_as_missing(folder: Path, damage: str) -> None:
    store.put("text", ENTRY)
    (path,) = folder.iterdir()
    content = path.read_bytes()
    changed = content[:-10] + b"?" + content[-9:]
    path.write_bytes({"empty": b"", "cut": content[:-5], "changed": changed, "other": b"not a kernel" * 50}[damage])
    assert store.get("text") is None
    assert not path.exists()
    store.put("text", ENTRY)
    assert store.get("text") == ENTRY


def test_a_folder_that_others_can_write_to_is_not_used(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    store.put("text", ENTRY)
    assert store.get("text") == ENTRY
    assert not list(folder.iterdir())


def test_nowhere_to_write(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A file stands where each folder would be.
    (tmp_path / "cache").write_text("")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "cache"))
    store.put("text", ENTRY)
    assert store.get("text") is None


def test_a_full_disk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    store.put("text", ENTRY)
    assert store.get("text") is None
    assert not list(folder.iterdir())


def test_processes_share_kernels(folder: Path) -> None:
    assert process() == "[2.0, 2.0, 2.0] True"
    kept = sorted(folder.iterdir())
    assert process() == "[2.0, 2.0, 2.0] False"  # nothing to compile
    assert sorted(folder.iterdir()) == kept
    for path in kept:
        path.write_bytes(path.read_bytes()[:100])
    assert process() == "[2.0, 2.0, 2.0] True"


def test_many_processes_at_once(folder: Path) -> None:
    command = [sys.executable, "-c", PROCESS, str(ROOT)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [p.communicate()[0].split("]")[0] for p in running] == ["[2.0, 2.0, 2.0"] * 3
    assert process() == "[2.0, 2.0, 2.0] False"


def test_without_a_home() -> None:
    assert process(HOME="/nonexistent", XDG_CACHE_HOME="/proc/nonexistent", TMPDIR="/proc").startswith(
        "[2.0, 2.0, 2.0]"
    )
