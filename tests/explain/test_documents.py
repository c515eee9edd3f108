"""The derivations in docs/derivations.md are what the command prints.

`pytest tests/explain/test_documents.py --rewrite` writes them into the page.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from matgrad.cli.group import cli

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "derivations.md"
BLOCK = re.compile(r"<!-- matgrad (.*?) -->\n.*?<!-- end -->", re.DOTALL)


def written(command: str) -> str:
    """What stands in the page for a command: its output, and for a derivation the formulas."""
    runner = CliRunner()
    arguments = shlex.split(command)
    text = runner.invoke(cli, arguments, catch_exceptions=False)
    assert text.exit_code == 0, text.output
    made = f"<!-- matgrad {command} -->\n```console\n$ matgrad {command}\n{text.output}```\n"
    if "--plan" not in arguments:
        formulas = runner.invoke(cli, [*arguments, "--format", "markdown"], catch_exceptions=False)
        title, _, rest = formulas.output.partition("\n")
        made += f"\n<details><summary>In formulas</summary>\n\n{rest.strip()}\n\n</details>\n"
        assert title.startswith("**The ")
    return made + "<!-- end -->"


@pytest.fixture
def in_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands name files of the checkout."""
    monkeypatch.chdir(ROOT)


@pytest.mark.usefixtures("in_checkout")
def test_the_page_is_current(rewrite: bool) -> None:
    page = PAGE.read_text(encoding="utf-8")
    made = BLOCK.sub(lambda found: written(found.group(1)), page)
    if rewrite:
        PAGE.write_text(made, encoding="utf-8")
    assert made == page
