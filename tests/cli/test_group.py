"""The command `matgrad` as a whole: help, version, colours, exit statuses, real processes."""

from __future__ import annotations

import os
import pty
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import matgrad
from matgrad.cli.group import Commands, cli
from matgrad.cli.output import seconds_text

ROOT = Path(__file__).parents[2]
NAMES = sorted(p.stem for p in (ROOT / "matgrad" / "cli" / "commands").glob("[a-z]*.py"))


def process(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "matgrad", *arguments]
    variables = {**os.environ, **environment}
    return subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)


def test_every_file_is_a_command():
    assert isinstance(cli, Commands)
    context = click.Context(cli)
    assert cli.list_commands(context) == NAMES
    for name in NAMES:
        command = cli.get_command(context, name)
        assert command is not None
        assert command.name == name


@pytest.mark.parametrize("name", NAMES)
def test_help_of_every_command_shows_examples(ok, name):
    shown = ok(name, "--help")
    assert f"  matgrad {name} " in shown
    assert ok(name, "-h") == shown


def test_help_lists_every_command(ok):
    shown = ok("--help")
    assert all(f"\n  {name}" in shown for name in NAMES)


def test_version(ok):
    assert ok("--version") == f"matgrad {matgrad.__version__}\n"


def test_unknown_command(refused):
    assert refused("gard").splitlines() == ["there is no command 'gard': did you mean grad?"]
    assert refused("xyz").startswith("there is no command 'xyz': the commands are bench, ")
    assert (
        refused("tr(A*B)", "--wrt", "A")
        .strip()
        .endswith("write what to do with it, for example matgrad explain 'tr(A*B)' --wrt A")
    )


def test_unknown_option(refused):
    assert "Did you mean '--wrt'?" in refused("grad", "x'*x", "--wtr", "x")
    assert "'text', 'markdown', 'latex', 'html'" in refused("explain", "x'*x", "--format", "htm")


def test_without_arguments_it_says_what_it_can_do(ok):
    shown = ok()
    assert shown == ok("--help")
    command = re.search(r"^ +(matgrad explain .*)$", shown, re.MULTILINE).group(1)
    assert "\ngrad(f, A) = B' " in ok(*shlex.split(command)[1:])
    assert "The answer is B'." in shown


def test_process_prints_plain_text_and_exits_with_status():
    done = process("grad", "tr(A*B*A'*C)", "--wrt", "A")
    assert (done.stdout, done.stderr, done.returncode) == ("C'*A*B' + C*A*B\n", "", 0)
    done = process("grad", "x'*")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("<string>:1:")
    assert "\x1b" not in done.stderr
    assert process("grad").returncode == 2


def test_help_loads_no_compiler():
    program = (
        "import sys\nfrom click.testing import CliRunner\nfrom matgrad.cli.group import cli\n"
        "assert CliRunner().invoke(cli, ['--help']).exit_code == 0\n"
        "print(*sorted({'numba', 'scipy', 'lark', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_output_survives_a_poor_encoding(tmp_path):
    path = tmp_path / "greek.mg"
    path.write_text("fn f(x: vector[n], λ: scalar) = λ*x'*x\n", encoding="utf-8")
    done = process("check", str(path), PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert done.stdout.splitlines()[0] == "f(x: vector[n], ?: scalar) -> scalar"
    assert done.returncode == 0


@pytest.mark.parametrize(("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_errors_are_coloured_on_a_terminal(variables, coloured):
    controller, terminal = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", **variables}
    if not variables:
        environment.pop("NO_COLOR", None)
    command = [sys.executable, "-m", "matgrad", "grad", "x'*x)"]
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=terminal, stderr=terminal, check=False)
    os.close(terminal)
    shown = os.read(controller, 10_000).decode()
    os.close(controller)
    assert done.returncode == 1
    assert ("\x1b[31m" in shown) == coloured
    assert "closes nothing" in shown


@pytest.mark.parametrize(("choice", "coloured"), [("always", True), ("never", False), ("auto", False)])
def test_colours_on_request(ok, choice, coloured):
    assert ("\x1b[" in ok("explain", "tr(A*B)", "--wrt", "A", "--color", choice)) == coloured
    assert ("\x1b[" in ok("--color", choice, "check", "x'*x")) == coloured


def test_colour_of_errors_on_request(run):
    assert "\x1b[31m" in run("grad", "x'*x)", "--color", "always").stderr
    assert "\x1b" not in run("grad", "x'*x)").stderr


def test_variables_of_the_environment_colour(run, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in run("explain", "tr(A*B)", "--wrt", "A").stdout
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in run("explain", "tr(A*B)", "--wrt", "A").stdout
    assert "\x1b[" in run("explain", "tr(A*B)", "--wrt", "A", "--color", "always").stdout


def completions(words: str, incomplete: str = "") -> list[str]:
    """What bash offers after these words."""
    count = str(len(shlex.split(words)))
    done = process(_MATGRAD_COMPLETE="bash_complete", COMP_WORDS=f"{words} {incomplete}", COMP_CWORD=count)
    assert done.stderr == ""
    return done.stdout.split()


def test_shell_completion():
    assert completions("matgrad", "mini") == ["plain,minimize"]
    assert "plain,--format" in completions("matgrad explain", "--f")
    assert completions("matgrad explain --color", "al") == ["plain,always"]
    assert completions("matgrad grad", "exam") == ["file,exam"]
    assert completions("matgrad grad examples/design.mg --fn") == ["plain,d_optimal", "plain,a_optimal"]
    assert completions("matgrad grad examples/ridge.mg --wrt", "l") == ["plain,lam"]
    assert completions("matgrad minimize examples/matrix_factorization.mg --var", "U,V") == ["plain,U,V"]
    assert completions("matgrad grad nothing.mg --wrt") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell):
    done = process(_MATGRAD_COMPLETE=f"{shell}_source")
    assert done.returncode == 0
    assert f"_MATGRAD_COMPLETE={shell}_complete" in done.stdout


def test_a_closed_pipe_is_no_error():
    command = f"{sys.executable} -m matgrad explain 'expm(A)' --wrt A --format html | head -c 20; wait"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("<!DOCTYPE html>\n<htm", "")


def test_interruption():
    program = (
        "import signal, sys, time\nfrom matgrad.__main__ import main\nimport matgrad.runtime.program as module\n"
        # What runs in the background may have been started with interruptions ignored.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "def slow(source):\n    print('started', flush=True)\n    time.sleep(60)\n"
        "module.function_of = slow\nsys.argv[1:] = ['grad', 'x']\nmain()"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout.readline() == "started\n"
        running.send_signal(signal.SIGINT)
        assert running.stderr.read() == "interrupted\n"
        assert running.wait() == 130


def test_errors_that_are_not_ours_are_not_hidden(monkeypatch):
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("matgrad.runtime.program.function_of", broken)
    assert isinstance(CliRunner().invoke(cli, ["grad", "x'*x"]).exception, ZeroDivisionError)


@pytest.mark.parametrize(
    ("seconds", "text"), [(2.0, "2 s"), (0.0123, "12.3 ms"), (4.5e-6, "4.5 µs"), (7e-9, "7 ns"), (0.0, "0 ns")]
)
def test_durations(seconds, text):
    assert seconds_text(seconds) == text
