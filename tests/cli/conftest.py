"""What the tests of the command line share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from matgrad.cli.group import cli

ROOT = Path(__file__).parents[2]
Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in this process, from the checkout; an exception that is no exit is raised."""
    monkeypatch.chdir(ROOT)

    def invoke(*arguments: object, input: str | bytes | None = None) -> Result:  # noqa: A002
        result = CliRunner().invoke(cli, [str(a) for a in arguments], input=input, prog_name="matgrad")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


@pytest.fixture
def ok(run: Run) -> Callable[..., str]:
    """Runs a command that must succeed, and returns what it printed."""

    def invoke(*arguments: object) -> str:
        result = run(*arguments)
        assert (result.exit_code, result.stderr) == (0, "")
        return result.stdout

    return invoke


@pytest.fixture
def refused(run: Run) -> Callable[..., str]:
    """Runs a command that must be refused as a wrong use (status 2), and returns what it said."""

    def invoke(*arguments: object) -> str:
        result = run(*arguments)
        assert (result.exit_code, result.stdout) == (2, "")
        return result.stderr.partition("Error: ")[2]

    return invoke


@pytest.fixture
def failed(run: Run) -> Callable[..., str]:
    """Runs a command that must fail (status 1), and returns what it said."""

    def invoke(*arguments: object) -> str:
        result = run(*arguments)
        assert result.exit_code == 1
        return result.stderr

    return invoke
