"""Where texts come from: files, standard input, the command line; and what is no text."""

from __future__ import annotations

import pytest

RIDGE = "# Two functions.\nfn ridge(w: vector[n], t: scalar) = t*w'*w\nfn other(x: vector[n]) = sum(x)\n"
# Commands that read FILE_OR_EXPR, with the options that they need.
COMMANDS = [["grad"], ["explain"], ["check"], ["bench"], ["minimize", "--var", "x"]]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c[0])
@pytest.mark.parametrize(
    ("content", "title", "told"),
    [
        (b"", "holds no function", "a function is written: fn f("),
        (b"# nothing\n", "holds no function", "a function is written: fn f("),
        (b"fn f(x: vector[n]) = \xe9*x\n", "is not UTF-8 text", "byte 22 of the file is 0xe9"),
        (bytes(range(256)), "is not UTF-8 text", "byte 129 of the file is 0x80"),
        (b"\0\0", "error: ", "U+0000"),
    ],
)
def test_files_that_hold_no_program(failed, tmp_path, command, content, title, told):
    path = tmp_path / "some.mg"
    path.write_bytes(content)
    message = failed(command[0], path, *command[1:])
    assert title in message
    assert told in message
    assert "Traceback" not in message


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c[0])
def test_missing_file(failed, tmp_path, command):
    (tmp_path / "ridge.mg").write_text(RIDGE)
    message = failed(command[0], tmp_path / "rigde.mg", *command[1:])
    assert message.splitlines() == [
        f"error: cannot read {tmp_path / 'rigde.mg'}: No such file or directory",
        f"  hint: did you mean {tmp_path / 'ridge.mg'}?",
    ]


def test_folder(failed, tmp_path):
    assert failed("grad", tmp_path) == f"error: cannot read {tmp_path}: Is a directory\n"
    (tmp_path / "ridge.mg").write_text(RIDGE)
    assert f"files in it are {tmp_path / 'ridge.mg'}" in failed("grad", tmp_path)


def test_any_file_is_read_whatever_its_name(ok, tmp_path):
    path = tmp_path / "program"
    path.write_text(RIDGE)
    assert ok("grad", path, "--fn", "ridge", "--wrt", "w") == "2*t*w\n"


def test_standard_input(run):
    assert run("grad", "-", input="x'*x").stdout == "2*x\n"
    assert run("grad", "-", "--fn", "ridge", "--wrt", "t", input=RIDGE).stdout == "w'*w\n"
    several = run("grad", "-", input=RIDGE)
    assert several.exit_code == 2
    assert "standard input holds several functions: choose one with --fn" in several.stderr
    wrong = run("grad", "-", input="x'*x)")
    assert wrong.exit_code == 1
    assert wrong.stderr.startswith("<stdin>:1:5: error: ")
    binary = run("grad", "-", input=b"\xff")
    assert (binary.exit_code, binary.stderr) == (1, "error: standard input is not UTF-8 text\n  byte 1 is 0xff\n")
    assert "standard input holds no function" not in run("grad", "-", input="").stderr  # an empty expression
    assert run("grad", "-", input="# fn\n").exit_code == 1


def test_build_takes_a_file(refused, failed, tmp_path):
    assert refused("build", "x'*x", "-o", tmp_path) == "build takes a file: there is none called x'*x\n"
    assert failed("build", tmp_path / "no.mg", "-o", tmp_path).startswith("error: cannot read ")
