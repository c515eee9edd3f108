"""Every block of code in the documents is run or checked, and every link leads somewhere.

| block | what is done with it |
|---|---|
| `python` | run, with its output if it has `>>>`; a document is one session |
| `console` | `$ matgrad ...` is run; its output is what stands below (`--rewrite` writes it) |
| `matgrad` | must build |
| `rules` | must be lines of the rule files |
| `sh` | commands, which must exist with these options |
| `text` | an error must be that of the program before it |
| `py` | must be lines of a file of examples/; that of from_jax.md is run by `python -m benchmarks.coming_from_jax` |
| `c` | is compiled in tests/ahead |

The checkout is the working directory.
"""

from __future__ import annotations

import doctest
import importlib.util
import re
import shlex
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import click
import pytest
from click.testing import CliRunner

import dev
import matgrad
from docs.site import links
from matgrad.cli.group import cli

from .documents import BLOCKS, DOCUMENTS, Block, anchors, blocks, read
from .source_tree import ROOT

LANGUAGES = {"python", "console", "matgrad", "rules", "sh", "text", "py", "c", "matlab"}
ROUNDING = re.compile(r"\b\d\.\de-1\d\b")
ERROR = re.compile(r"^(\S+\.mg|<string>)(:\d+:\d+: error: )")


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_language_of_a_block(block: Block) -> None:
    assert block.language in LANGUAGES


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_python_session(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    session: dict[str, object] = {}
    report: list[str] = []
    for block in read(path):
        if block.language == "python" and ">>>" in block.text:
            test = doctest.DocTestParser().get_doctest(block.text, {}, path.name, str(path), block.line - 1)
            test.globs = session
            doctest.DocTestRunner(verbose=False).run(test, out=report.append, clear_globs=False)
        elif block.language == "python":
            exec(compile(block.text, str(block), "exec"), session)
    assert not report, "".join(report)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_console_sessions(path: Path, rewrite: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    text = path.read_text(encoding="utf-8")
    made = re.sub(r"(?<=^```console\n).*?(?=^```$)", lambda found: session(found[0]), text, flags=re.M | re.S)
    if rewrite:
        path.write_text(made, encoding="utf-8")
    assert compared(made) == compared(text)


def session(text: str) -> str:
    """What the terminal shows for the commands of a session; errors come after the output."""
    shown = []
    for command in re.findall(r"^\$ (.*)\n", text, flags=re.MULTILINE):
        program, *arguments = shlex.split(command)
        assert program == "matgrad"
        done = CliRunner().invoke(cli, arguments, prog_name="matgrad", catch_exceptions=False)
        assert done.exit_code == int(": error: " in done.stderr), done.stderr
        shown.append(f"$ {command}\n{done.stdout}{done.stderr}")
    return re.sub(r" +$", "", "".join(shown), flags=re.MULTILINE)


def compared(text: str) -> str:
    """A text without the sizes of rounding errors, which differ from computer to computer."""
    return ROUNDING.sub("#", text)


@pytest.mark.parametrize("block", blocks("matgrad"), ids=str)
def test_program_builds(block: Block) -> None:
    assert list(matgrad.loads(block.text))


@pytest.mark.parametrize("block", blocks("rules"), ids=str)
def test_rules_are_lines_of_the_rule_files(block: Block) -> None:
    known = {
        " ".join(line.partition("#")[0].split())
        for path in (ROOT / "compiler" / "rules").glob("*.rules")
        for line in path.read_text(encoding="utf-8").splitlines()
    }
    assert [line for line in block.text.splitlines() if " ".join(line.split()) not in known] == []


@pytest.mark.parametrize("block", blocks("text"), ids=str)
def test_error_is_that_of_the_program_before_it(block: Block) -> None:
    found = ERROR.match(block.text)
    if found:
        program = [b for b in read(block.path) if b.line < block.line and "\nfn " in f"\n{b.text}"][-1]
        with pytest.raises(matgrad.Error) as caught:
            list(matgrad.loads(program.text))
        assert str(caught.value) == ERROR.sub(r"<string>\2", block.text.rstrip())


@pytest.mark.parametrize("block", [b for b in blocks("py") if b.path.name != "from_jax.md"], ids=str)
def test_excerpt_is_of_an_example(block: Block) -> None:
    lines = [line for line in block.text.splitlines() if line]
    files = (ROOT / "examples").rglob("*.py")
    assert any(set(lines) <= set(path.read_text(encoding="utf-8").splitlines()) for path in files)


def shell_commands() -> list[tuple[str, str]]:
    """The commands of all `sh` blocks, with their places; a line that ends in a backslash goes on."""
    return [
        (str(block), line)
        for block in blocks("sh")
        for line in re.sub(r"\\\n *", "", block.text).splitlines()
        if line.strip() and not line.startswith("#")
    ]


@pytest.mark.parametrize(("place", "line"), shell_commands())
def test_command_exists(place: str, line: str) -> None:
    program, *arguments = shlex.split(line, comments=True)
    known = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    match program.removeprefix(".venv/bin/"), arguments:
        case "matgrad", [name, *rest] if name != "COMMAND":
            with click.Context(cli, info_name="matgrad") as group:
                command = cli.get_command(group, name)
                assert command, f"there is no command {name}"
                command.make_context(name, list(rest), parent=group)
        case "python3", ["dev.py", name, *rest]:
            assert re.search(rf"^python3 dev.py {name}\b", dev.USAGE, re.MULTILINE)
            assert name != "check" or set(rest) <= set(dev.CHECKS)
        case (("python" | "python3"), ["-m", module, *_]):
            assert importlib.util.find_spec(module)
        case "pip", ["install", *rest]:
            extras = re.findall(r"\[(.+?)\]", " ".join(rest))
            assert set(extras) <= known.keys()
        case "pre-commit", ["install"]:
            assert (ROOT / ".pre-commit-config.yaml").exists()
        case "matgrad", ["COMMAND", *_]:
            pass
        case _:
            pytest.fail(f"{line!r} is no command that this test knows")


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    dead = []
    for _, target in links.links(path.read_text(encoding="utf-8")):
        if links.is_external(target):
            parts = urlsplit(target)
            if parts.scheme != "https" or "." not in parts.netloc:
                dead.append(target)
            continue
        place, anchor = links.place(target, path)
        if not place.exists() or (anchor and place.suffix == ".md" and anchor not in anchors(place)):
            dead.append(target)
    assert dead == []
