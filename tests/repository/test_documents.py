"""The examples in the documents give the output that stands beside them.

Three kinds of fenced blocks are run: `python` blocks with `>>>` (a document is one session), `console` blocks with
`$ matgrad ...` and its output, and `matgrad` blocks, which must build. The checkout is the working directory.
"""

import doctest
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import matgrad

from .source_tree import ROOT

DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(language: str) -> list[tuple[Path, int, str]]:
    """The fenced blocks of a language in all documents, with file and line."""
    fence = re.compile(rf"^```{language}\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    return [
        (path, text[: match.start(1)].count("\n") + 1, match.group(1))
        for path in DOCUMENTS
        for text in [path.read_text(encoding="utf-8")]
        for match in fence.finditer(text)
    ]


def places(found: list[tuple[Path, int, str]]) -> list[str]:
    """The test ids of blocks: file and line."""
    return [f"{path.relative_to(ROOT)}:{line}" for path, line, _ in found]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_python_session(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    session: dict[str, object] = {}
    report: list[str] = []
    for document, line, text in blocks("python"):
        if document == path:
            test = doctest.DocTestParser().get_doctest(text, {}, path.name, str(path), line - 1)
            test.globs = session
            doctest.DocTestRunner(verbose=False).run(test, out=report.append, clear_globs=False)
    assert not report, "".join(report)


@pytest.mark.parametrize(("path", "line", "text"), blocks("console"), ids=places(blocks("console")))
def test_console_session(path: Path, line: int, text: str) -> None:
    for step in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, expected = step.partition("\n")
        program, *arguments = shlex.split(command)
        assert program == "matgrad"
        done = subprocess.run(
            [sys.executable, "-m", "matgrad", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert (done.stdout, done.stderr, done.returncode) == (expected, "", 0)


@pytest.mark.parametrize(("path", "line", "text"), blocks("matgrad"), ids=places(blocks("matgrad")))
def test_program_builds(path: Path, line: int, text: str) -> None:
    assert list(matgrad.loads(text))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8"))
    assert [target for target in targets if not (path.parent / target).exists()] == []
