"""docs/command_line.md says what the command line does: all commands, the fields of its JSON; the examples in the help.

That the help on the page is the one of the program is a test of tests/repository, as for all documents.
"""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from matgrad.cli.group import cli
from matgrad.runtime import store
from matgrad.runtime.verification import timing

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "command_line.md"
HELP = re.compile(r"^\$ matgrad (.*?)--help$", re.MULTILINE)
ROW = re.compile(r"^\| (.*?) \| (`.*) \|$", re.MULTILINE)
WOODBURY = "y'*inv(U*U' + s*I)*y + norm1(y)^2 where U: matrix[m, n], s: positive scalar"


def commands(group: click.Group, before: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """All commands, also those of commands."""
    found = []
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        found.append((*before, name))
        if isinstance(command, click.Group):
            found += commands(command, (*before, name))
    return found


def printed(*arguments: str, status: int = 0) -> str:
    """What a command prints in a terminal of 80 columns."""
    done = CliRunner().invoke(cli, list(arguments), env={"COLUMNS": "80"}, prog_name="matgrad", catch_exceptions=False)
    assert done.exit_code == status, done.output
    return done.stdout


@pytest.fixture(autouse=True)
def in_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Examples name files of the checkout; the user's kernels are left alone."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(timing, "ROUND_SECONDS", 1e-4)


def test_every_command_is_on_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert sorted(HELP.findall(page)) == sorted(["", *(" ".join(words) + " " for words in commands(cli))])
    for name in cli.list_commands(click.Context(cli)):
        assert re.search(rf"^- \[.*\b{name}\b.*\]\(#", page, re.MULTILINE), name


def examples() -> list[str]:
    """The examples in the help of the commands that only read."""
    found = []
    for name in ("grad", "hess", "jac", "explain", "check"):
        text = printed(name, "--help")
        found += [
            shlex.join(shlex.split(line)) for line in re.findall(r"^ +matgrad (.*?)(?:   .*| > .*)?$", text, re.M)
        ]
    return found


@pytest.mark.parametrize("command", [c for c in examples() if "--svg" not in c])
def test_examples_in_the_help_work(command: str) -> None:
    assert printed(*shlex.split(command))


def paths(value: object, before: str = "") -> set[str]:
    """The fields of a JSON value, as the page writes them."""
    if isinstance(value, dict):
        found = {path for key, below in value.items() for path in paths(below, f"{before}.{key}".lstrip("."))}
        return found or {before}
    if isinstance(value, list) and any(isinstance(below, dict) for below in value):
        return {path for below in value for path in paths(below, f"{before}[]")}
    return {before}


def rows() -> dict[str, set[str]]:
    """The fields on the page by command."""
    table = PAGE.read_text(encoding="utf-8").partition("| command | fields |")[2]
    return {names: set(re.findall(r"`([^`]+)`", fields.partition("; with")[0])) for names, fields in ROW.findall(table)}


def said(fields: set[str], names: set[str]) -> set[str]:
    """The fields with `*` for names of the program."""
    stars = {field[:-2] for field in names if field.endswith(".*")}
    return {next((f"{s}.*" for s in stars if f.startswith(f"{s}.") or f == s), f) for f in fields}


ASKED = [
    ("`grad` `hess` `jac`", ["grad", "tr(A*B)", "--wrt", "A"], 0),
    ("`grad` `hess` `jac`", ["hess", "examples/ridge.mg", "--wrt", "w"], 0),
    ("`grad` `hess` `jac`", ["jac", "A*B", "--wrt", "A"], 0),
    ("`explain`", ["explain", "eigmax(A*A')"], 0),
    ("`explain --plan`", ["explain", WOODBURY, "--wrt", "U", "--plan", "--size", "m=1000", "--size", "n=20"], 0),
    ("`check`", ["check", "x'*x"], 0),
    ("`minimize`", ["minimize", "(1-a)^2 + 100*(b-a^2)^2", "--var", "a,b", "--start", "a=-1", "--show", "s=a+b"], 0),
    ("`bench`", ["bench", "x'*x", "--wrt", "x"], 0),
    ("an error (status 1)", ["grad", "x'*x)"], 1),
    ("an error (status 1)", ["check", "nothing.mg"], 1),
]


@pytest.mark.parametrize(("row", "arguments", "status"), ASKED, ids=[" ".join(a)[:30] for _, a, _ in ASKED])
def test_json_has_the_fields_on_the_page(row: str, arguments: list[str], status: int) -> None:
    names = rows()[row]
    found = said(paths(json.loads(printed(*arguments, "--json", status=status))), names)
    empty = {f for f in found if any(n.startswith(f"{f}[]") for n in names)}
    if row == "`explain --plan`":  # no rule fired
        assert empty == {"rules"}
        names = {n for n in names if not n.startswith("rules[]")}
    assert found - empty == names


def test_json_of_the_cache_and_of_builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_folders", lambda: [tmp_path])
    assert paths(json.loads(printed("cache", "info", "--json"))) == rows()["`cache info`"]
    assert paths(json.loads(printed("cache", "clear", "--json"))) == rows()["`cache clear`"]
    build = ["build", "examples/ridge.mg", "-o", str(tmp_path / "kernels")]
    missing = json.loads(printed(*build, "--check", "--json", status=1))
    assert paths(missing) == rows()["`build --check`"]
    made = json.loads(printed(*build, "--json"))
    assert made.keys() == rows()["`build`"]
    assert all(Path(path).is_file() for path in made["files"])
    assert json.loads(printed(*build, "--check", "--json")) == {"stale": []}


def test_source_in_json() -> None:
    compile(json.loads(printed("grad", "x'*x", "--source", "--json"))["source"], "<kernel>", "exec")


def test_json_says_what_text_says() -> None:
    record = json.loads(printed("grad", "tr(A*B*A'*C)", "--wrt", "A", "--json"))
    assert record["text"] + "\n" == printed("grad", "tr(A*B*A'*C)", "--wrt", "A")
    derivation = json.loads(printed("explain", "tr(A*B)", "--wrt", "A", "--json"))
    steps = [step for section in derivation["sections"] for step in section["steps"]]
    assert [step["text"] for step in steps] == ["tr(A*B)", "tr(dA*B)", "tr(B*dA)", "<B', dA>", "B'"]


def test_json_of_what_is_not_right() -> None:
    wrong = json.loads(printed("minimize", "exp(a)", "--var", "a", "--max-iterations", "3", "--json", status=1))
    assert wrong["converged"] is False
    error = json.loads(printed("explain", "A*B + ", "--wrt", "A", "--json", status=1))["error"]
    assert (error["kind"], error["file"], error["line"]) == ("SyntaxError", "<string>", 1)
