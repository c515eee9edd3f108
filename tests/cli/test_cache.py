"""The command cache."""

from __future__ import annotations

import pytest

from matgrad.cli.output import size_text
from matgrad.runtime import store


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "_folders", lambda: [tmp_path])
    return tmp_path


def test_shows_and_clears_the_kernels(ok, folder):
    store.put("one", b"x" * 3000)
    store.put("two", b"y" * 1000)
    (folder / "something else").write_text("of the user")
    shown = ok("cache", "info")
    assert f"folder   {folder}\n" in shown
    assert "entries  2\n" in shown
    assert "size     8.19 kB of at most 256 MB" in shown
    assert ok("cache", "clear").startswith("removed 2 files, 8.19 kB")
    assert [path.name for path in folder.iterdir()] == ["something else"]
    assert store.get("one") is None
    assert "entries  0\nsize     0 bytes of at most 256 MB\n" in ok("cache", "info")


def test_what_a_killed_writer_left_is_cleared(ok, folder):
    (folder / ".new-1234").write_bytes(b"half")
    assert ok("cache", "clear") == "removed 1 files, 4.1 kB\n"
    assert list(folder.iterdir()) == []


def test_no_folder(ok, monkeypatch):
    monkeypatch.setattr(store, "_folders", list)
    assert ok("cache", "info").startswith("nothing is kept")
    assert ok("cache", "clear") == "removed 0 files, 0 bytes\n"
    monkeypatch.setenv("MATGRAD_CACHE_SIZE", "0")
    assert ok("cache", "info") == "nothing is kept: MATGRAD_CACHE_SIZE is 0\n"


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 bytes"), (4100, "4.1 kB"), (2_000_000, "2 MB"), (3_210_000_000, "3.21 GB")]
)
def test_sizes(size, text):
    assert size_text(size) == text
