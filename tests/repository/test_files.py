"""What holds for each file of the package: it says what it is for; nothing in it is unfinished or of one machine."""

import ast
import re
from pathlib import Path

import pytest

from .source_tree import LAYERS, MODULES, ROOT

FILES = [
    path
    for layer in LAYERS
    for path in sorted((ROOT / layer).rglob("*"))
    if path.is_file() and "__pycache__" not in path.parts and path.stat().st_size
]

FORBIDDEN = {
    "a note to come back": re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b"),
    "an unfinished function": re.compile(r"\bNotImplementedError\b"),
    "a left-over breakpoint": re.compile(r"\bbreakpoint\(|\bpdb\.set_trace\b"),
    "an unresolved merge": re.compile(r"^(?:<{7}|>{7}) ", re.MULTILINE),
    "a path of one machine": re.compile(r"(?<![\w.)\]])/(?:home|root|tmp|opt|work|Users)/\w"),
    "a switched-off check": re.compile(r"#\s*type:\s*ignore\s*(?:$|[^\[])|#\s*noqa\s*(?:$|[^:])", re.MULTILINE),
}


@pytest.mark.parametrize("module", MODULES)
def test_module_says_what_it_is_for(module: str) -> None:
    docstring = ast.get_docstring(ast.parse(MODULES[module].read_text(encoding="utf-8")))
    assert docstring, f"{MODULES[module].relative_to(ROOT)} opens without a docstring"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_unfinished_and_nothing_of_one_machine(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found = [f"{what}: {match.group()!r}" for what, pattern in FORBIDDEN.items() for match in pattern.finditer(text)]
    assert not found


@pytest.mark.parametrize(
    "text",
    [
        "x = 1  # TODO: more",
        "raise NotImplementedError",
        "breakpoint()",
        "<<<<<<< ours",
        'open("/home/me/data")',
        "import lark  # type: ignore",
        "import lark  # noqa",
    ],
)
def test_the_forbidden_is_recognised(text: str) -> None:
    assert any(pattern.search(text) for pattern in FORBIDDEN.values())


@pytest.mark.parametrize("text", ["A/B", "a /opt/ b", "x  # type: ignore[misc]", "y  # noqa: A001", "inv(A)/root/b"])
def test_the_harmless_is_not(text: str) -> None:
    assert not any(pattern.search(text) for pattern in FORBIDDEN.values())
