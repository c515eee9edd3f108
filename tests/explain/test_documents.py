"""The derivations in docs/derivations.md are what the command prints.

`pytest tests/explain/test_documents.py --rewrite` writes them into the page, and the pictures beside it.
"""

from __future__ import annotations

import re
import shlex
import tempfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from matgrad.cli.group import cli

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "derivations.md"
AGAIN = "look at what changed, then write it: pytest tests/explain/test_documents.py --rewrite"
BLOCK = re.compile(r"<!-- matgrad (.*?) -->\n.*?<!-- end -->", re.DOTALL)


def written(command: str, rewrite: bool) -> str:
    """What stands in the page for a command: its output, and for a derivation the formulas.  A picture is in a file."""
    arguments = shlex.split(command)
    with tempfile.TemporaryDirectory() as folder:
        if "--svg" in arguments:
            picture = ROOT / arguments[arguments.index("--svg") + 1]
            drawn = Path(folder) / picture.name
            text = printed([str(drawn) if ROOT / a == picture else a for a in arguments])
            if rewrite:
                picture.parent.mkdir(exist_ok=True)
                picture.write_bytes(drawn.read_bytes())
            assert picture.read_bytes() == drawn.read_bytes(), AGAIN
        else:
            text = printed(arguments)
    made = f"<!-- matgrad {command} -->\n```console\n$ matgrad {command.partition(' --svg')[0]}\n{text}```\n"
    if "--plan" not in arguments:
        title, _, rest = printed([*arguments, "--format", "markdown"]).partition("\n")
        made += f"\n<details><summary>In formulas</summary>\n\n{rest.strip()}\n\n</details>\n"
        assert title.startswith("**The ")
    return made + "<!-- end -->"


def printed(arguments: list[str]) -> str:
    """What a command prints."""
    done = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture
def in_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands name files of the checkout."""
    monkeypatch.chdir(ROOT)


@pytest.mark.usefixtures("in_checkout")
def test_the_page_is_current(rewrite: bool) -> None:
    page = PAGE.read_text(encoding="utf-8")
    made = BLOCK.sub(lambda found: written(found.group(1), rewrite), page)
    if rewrite:
        PAGE.write_text(made, encoding="utf-8")
    assert made == page, AGAIN
