"""`matgrad build`: what it writes and says, up-to-date checks, and what cannot be built."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import matgrad as mg
from matgrad.cli.group import cli
from matgrad.runtime import ahead

from .conftest import EXAMPLES

RIDGE = EXAMPLES / "ridge.mg"


def run(*arguments: object) -> Result:
    """Runs `matgrad build`."""
    return CliRunner().invoke(cli, ["build", *map(str, arguments)], prog_name="matgrad")


def test_a_module(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    done = run(RIDGE, "-o", folder, "--wrt", "w", "--size", "m=1000")
    assert (done.exit_code, done.output) == (0, f"{folder}/ridge.pyi\n{folder}/ridge.py\n")
    assert sorted(p.name for p in folder.iterdir()) == ["_ridge_support", "ridge.py", "ridge.pyi"]


def test_check(tmp_path: Path) -> None:
    source = tmp_path / "ridge.mg"
    shutil.copy(RIDGE, source)
    assert run(source, "-o", tmp_path, "--check").exit_code == 1
    assert run(source, "-o", tmp_path, "--wrt", "w", "--emit", "so").exit_code == 0
    done = run(source, "-o", tmp_path, "--check")
    assert (done.exit_code, done.output) == (0, f"{tmp_path} is up to date with {source}\n")
    source.write_text(source.read_text() + "# a remark\n")
    done = run(source, "-o", tmp_path, "--check")
    assert done.exit_code == 1
    assert [line.split()[0].rpartition("/")[2] for line in done.output.splitlines()] == [
        "ridge.py", "ridge.pyi", "libridge.so", "ridge.h",
    ]  # fmt: skip
    assert all("was built from another text" in line for line in done.output.splitlines())


def test_check_of_files_that_do_not_belong_together(tmp_path: Path) -> None:
    ahead.build(RIDGE, tmp_path, wrt=["w"], emit="so", levels=["x86-64-v2"])
    assert ahead.stale(RIDGE, tmp_path) == []
    ahead.build(RIDGE, tmp_path / "other", emit="so", levels=["x86-64-v2"])
    shutil.copy(tmp_path / "other" / "ridge.h", tmp_path / "ridge.h")
    assert ahead.stale(RIDGE, tmp_path) == [(tmp_path / "ridge.h", "was not built together with the others")]
    (tmp_path / "ridge.h").write_text("int ridge(void);\n")
    (tmp_path / "libridge.so").unlink()
    assert [reason for _, reason in ahead.stale(RIDGE, tmp_path)] == [
        "is missing",
        "does not say what it was built from",
    ]


@pytest.mark.parametrize("emit", ahead.EMITS)
def test_a_folder_that_cannot_be_written(tmp_path: Path, emit: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(mg.FileError, match="cannot write to") as caught:
        ahead.build(RIDGE, tmp_path / "file", emit=emit)
    assert isinstance(caught.value, OSError)
    if os.getuid() != 0:
        (tmp_path / "closed").mkdir(mode=0o500)
        with pytest.raises(mg.FileError):
            ahead.build(RIDGE, tmp_path / "closed", emit=emit)


def test_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ahead.build(RIDGE, tmp_path, emit="so", levels=["x86-64-v2"])
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}

    def fails(*_: Any) -> None:
        raise mg.Error("the compiler was killed")

    monkeypatch.setattr("matgrad.runtime.ahead.link.link", fails)
    with pytest.raises(mg.Error, match="killed"):
        ahead.build(RIDGE, tmp_path, wrt=["w"], emit="so", levels=["x86-64-v2"])
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_without_a_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "no-such-compiler -O3")
    done = run(RIDGE, "-o", tmp_path / "out", "--emit", "so")
    assert done.exit_code == 1
    assert "there is no C compiler" in done.output
    assert "CC is no-such-compiler -O3, which is not found" in done.output
    assert list((tmp_path / "out").iterdir()) == []
    monkeypatch.setenv("CC", "false")
    assert "the C compiler could not make the library" in run(RIDGE, "-o", tmp_path, "--emit", "so").output
    monkeypatch.delenv("CC")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "neither cc nor gcc nor clang is found" in run(RIDGE, "-o", tmp_path, "--emit", "so").output


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("fn f(x: vector[n]) = sum(x)", {"wrt": ["y"]}, "no function has a parameter y"),
        ("fn f(x: vector[n]) = sum(x)", {"fn": "g"}, "there is no function g"),
        ("fn f(A: matrix[n, n]) = logm(A)", {}, "f cannot be compiled ahead of time"),
        (
            "fn f(x: vector[n]) = sum(x)\nfn f_grad(x: vector[n]) = x",
            {"wrt": ["x"]},
            "two functions would have the name",
        ),
        ("fn register(x: vector[n]) = sum(x)", {}, "register is a word of Python or C"),
        ("fn stack(x: vector[n]) = sum(x)", {}, "the module needs the name stack itself"),
        ("fn f(x: vector[n]) = sum(x)", {"emit": "so", "levels": ["i386"]}, "there is no CPU level i386"),
        ("# nothing", {}, "has no functions"),
        ("fn f(x: vector[n] = sum(x)", {}, "error"),
    ],
)
def test_what_cannot_be_built(tmp_path: Path, text: str, options: dict[str, Any], message: str) -> None:
    source = tmp_path / "some.mg"
    source.write_text(text + "\n")
    with pytest.raises(mg.Error, match=message):
        ahead.build(source, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists() or list((tmp_path / "out").iterdir()) == []


def test_names_of_files(tmp_path: Path) -> None:
    source = tmp_path / "my-model.v2.mg"
    source.write_text("fn f(x: vector[n]) = sum(x)\n")
    assert ahead.build(source, tmp_path)[-1].name == "my_model_v2.py"
    (tmp_path / "2.mg").write_text("fn f(x: vector[n]) = sum(x)\n")
    with pytest.raises(mg.Error, match="cannot be the name of a module"):
        ahead.build(tmp_path / "2.mg", tmp_path)
    with pytest.raises(mg.FileError):
        ahead.build(tmp_path / "missing.mg", tmp_path)
