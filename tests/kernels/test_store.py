"""The store: found again, by other processes too, never trusted when damaged, and never too large.

What enters are cache folders in all states. What leaves are test results. What always holds: whatever is wrong with the
folder, kernels work. Not for: what kernels compute; many faults at once (`tests/faults`).
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from matgrad.runtime import identity, store

from ..faults.runs import PROCESS, ROOT
from ..repository.source_tree import MODULES, imports

CODE = b"code" * 100


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new cache folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    return tmp_path / "cache" / "matgrad" / "kernels"


def process(**environment: str) -> str:
    """What a new process prints that makes a function and calls it."""
    command = [sys.executable, "-c", PROCESS, str(ROOT)]
    variables = {**os.environ, "MATGRAD_WAIT": "1", **environment}
    result = subprocess.run(command, capture_output=True, text=True, env=variables, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_what_was_put_is_found(folder: Path) -> None:
    assert store.get("text") is None
    store.put("text", CODE)
    assert store.get("text") == CODE
    assert store.get("another text") is None
    assert folder.stat().st_mode & 0o077 == 0
    (path,) = folder.iterdir()
    assert path.suffix == ".entry"
    assert path.stat().st_mode & 0o077 == 0


def test_names_tell_versions_and_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [identity.plans(), identity.code()]
    assert len({*found}) == 2
    assert all(len(name) == 64 for name in found)
    made = identity.code.__wrapped__
    assert made() == identity.code()
    monkeypatch.setattr("llvmlite.binding.get_host_cpu_name", lambda: "another processor")
    assert made() != identity.code()
    monkeypatch.undo()
    monkeypatch.setattr(identity, "_versions", lambda: ["another version"])
    assert made() != identity.code()
    assert identity.plans.__wrapped__() != identity.plans()


@pytest.mark.parametrize("damage", ["empty", "cut", "longer", "changed", "other", "another entry"])
def test_damaged_files_count_as_missing(folder: Path, damage: str) -> None:
    store.put("text", CODE)
    (path,) = folder.iterdir()
    content = path.read_bytes()
    if damage == "another entry":
        store.put("another", CODE)
        (folder / store.file_name("another")).replace(path)
    else:
        changed = content[:-10] + b"?" + content[-9:]
        damaged = {"empty": b"", "cut": content[:-5], "longer": content + b"\0", "changed": changed}
        path.write_bytes(damaged.get(damage, b"not a kernel" * 50))
    assert store.get("text") is None
    assert not path.exists()
    store.put("text", CODE)
    assert store.get("text") == CODE


def test_a_folder_that_others_can_write_to_is_not_used(folder: Path, tmp_path: Path) -> None:
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    store.put("text", CODE)
    assert store.get("text") == CODE
    assert not list(folder.iterdir())
    assert list((tmp_path / "temporary").rglob("*.entry"))


def test_a_folder_behind_a_link_is_not_used(folder: Path, tmp_path: Path) -> None:
    folder.parent.mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    folder.symlink_to(tmp_path / "elsewhere")
    store.put("text", CODE)
    assert store.get("text") == CODE
    assert not list((tmp_path / "elsewhere").iterdir())


@pytest.mark.parametrize("kind", ["writable", "link", "folder", "pipe"])
def test_entries_that_others_may_have_made_are_not_read(folder: Path, tmp_path: Path, kind: str) -> None:
    store.put("text", CODE)
    (path,) = folder.iterdir()
    if kind == "writable":
        path.chmod(0o666)
    else:
        content = path.read_bytes()
        path.unlink()
        (tmp_path / "content").write_bytes(content)
        {"link": lambda: path.symlink_to(tmp_path / "content"), "folder": path.mkdir, "pipe": lambda: os.mkfifo(path)}[
            kind
        ]()
    assert store.get("text") is None


def test_what_belongs_to_others_is_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store.put("text", CODE)
    monkeypatch.setattr("os.geteuid", lambda: os.getuid() + 1)
    assert store.get("text") is None


def test_nowhere_to_write(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A file stands where each folder would be.
    (tmp_path / "cache").write_text("")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "cache"))
    store.put("text", CODE)
    assert store.get("text") is None
    assert store.folder() is None


def test_a_full_disk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object, **more: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    store.put("text", CODE)
    assert store.get("text") is None
    assert not list(folder.iterdir())


def test_a_disk_that_fills_up_while_writing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.open", lambda descriptor, mode: os.fdopen(os.open("/dev/full", os.O_WRONLY), mode))
    store.put("text", CODE)
    monkeypatch.undo()
    assert not list(folder.iterdir())


def test_the_oldest_entries_go_when_there_are_too_many(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MATGRAD_CACHE_SIZE", "80k")
    now = time.time()
    for k in range(40):
        store.put(f"{k}", bytes(1000))
        os.utime(folder / store.file_name(f"{k}"), (now - 1000 + k, now - 1000 + k))
        assert sum(path.stat().st_blocks * 512 for path in folder.iterdir()) <= 80_000
    left = [k for k in range(40) if store.get(f"{k}") is not None]
    assert left == list(range(left[0], 40))
    assert 14 <= len(left) <= 19
    store.put("too large", bytes(80_000))
    assert store.get("too large") is None
    assert [k for k in range(40) if store.get(f"{k}") is not None] == left


def test_entries_that_are_used_stay(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MATGRAD_CACHE_SIZE", "80k")
    long_ago = time.time() - 1e6
    for k in range(15):
        store.put(f"{k}", bytes(1000))
        os.utime(folder / store.file_name(f"{k}"), (long_ago + k, long_ago + k))
    assert store.get("0") is not None
    for k in range(15, 25):
        store.put(f"{k}", bytes(1000))
    assert store.get("0") is not None
    assert store.get("1") is None


def test_the_size_of_the_store(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for text, size in (("5", 5), ("20k", 20_000), ("3 MB", 3_000_000), ("2G", 2 * 10**9), ("much", store.LARGEST)):
        monkeypatch.setenv("MATGRAD_CACHE_SIZE", text)
        assert store.largest() == size
    monkeypatch.setenv("MATGRAD_CACHE_SIZE", "0")
    store.put("text", CODE)
    assert store.get("text") is None
    assert store.folder() is None
    assert not folder.exists()


def test_what_killed_writers_left_is_removed(folder: Path) -> None:
    folder.mkdir(parents=True, mode=0o700)
    old, new = folder / f"{store.NEW}1", folder / f"{store.NEW}2"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    store._room.unchecked = 0
    store.put("text", CODE)
    assert not old.exists()
    assert new.exists()


def test_processes_share_kernels(folder: Path) -> None:
    assert process() == "[4.0, 4.0, 4.0] ['lark', 'numba']"
    kept = sorted(folder.iterdir())
    assert process() == "[4.0, 4.0, 4.0] []"  # nothing to parse, derive, plan or compile
    assert sorted(folder.iterdir()) == kept
    for path in kept:
        path.write_bytes(path.read_bytes()[:100])
    assert process() == "[4.0, 4.0, 4.0] ['lark', 'numba']"


def test_without_a_home() -> None:
    assert process(HOME="/nonexistent", XDG_CACHE_HOME="/proc/nonexistent", TMPDIR="/proc").startswith(
        "[4.0, 4.0, 4.0]"
    )


def test_all_modules_that_shape_code_are_known() -> None:
    # Otherwise what they were changed from would go on to be used.
    beginnings = [m for m in MODULES if m.startswith("matgrad.runtime.library")]
    pending = [*beginnings, "matgrad.runtime.lowering", "matgrad.runtime.entry_code", "matgrad.runtime.native"]
    found: set[str] = set()
    while pending:
        module = pending.pop()
        if module not in found:
            found.add(module)
            if module.startswith("matgrad.runtime."):
                pending += imports(module)
    assert found <= {m for m, path in MODULES.items() if path in identity.shaping()}
