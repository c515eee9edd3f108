"""Any text whatever is parsed or refused, quickly; sizes and depths beyond what people write."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matgrad.grammar import Error, parse_expression, parse_program, parse_rules, syntax, text_source

from .formatter import show

ROOT = Path(__file__).resolve().parents[2]
PARSERS = (parse_program, parse_expression, parse_rules)
WORDS = [
    *("fn", "f", "x", "A", "I", "pi", "where", "when", "and", "d", "rule", "law", "def", "matrix", "vector", "scalar"),
    *("symmetric", "1", "2.5", ".5", "1e3", "+", "-", "*", "/", "\\", ".*", "./", ":", "^", ".^", "'", "<", "==", "="),
    *("=>", ",", ";", "(", ")", "[", "]", "{", "}", "\n", "\r\n", " ", "#", "**", "@", ".T", "return", "$", "\u2212"),
    *("fn f(x) = ", "rule r : ", "d f(x) = ", "f(", "A[", "where(x > 0, 1, 0)", " where x: ", "\0", "\u202e", "é", "²"),
]
soup = st.lists(st.sampled_from(WORDS), max_size=40).map(lambda words: " ".join(words))
dense = st.lists(st.sampled_from(WORDS), max_size=40).map("".join)


@settings(max_examples=400, deadline=1000)
@given(text=st.one_of(soup, dense, st.text(max_size=60)))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    for parse in PARSERS:
        try:
            parse(text_source(text))
        except Error as error:
            assert error.line is not None
            assert error.column is not None
            assert str(error).startswith(f"<string>:{error.line}:{error.column}: error: ")


def refusal(text: str) -> str:
    with pytest.raises(Error) as caught:
        parse_expression(text_source(text))
    return caught.value.title


@pytest.mark.parametrize(
    "text",
    [
        "(" * 10_000 + "x" + ")" * 10_000,
        "(" * 10_000,
        "[" * 10_000 + "x",
        "f(" * 1_001 + "x" + ")" * 1_001,
        "x" + "[0" * 1_001 + "]" * 1_001,
        "-" * 10_000 + "x",
        "x" + "'" * 10_000,
        "^".join("x" * 10_000),
        "x" + "[0]" * 10_000,
    ],
)
def test_too_deep(text: str) -> None:
    assert refusal(text) == "this is nested too deep"


@pytest.mark.parametrize(
    "text",
    [
        "(" * 1_000 + "x" + ")" * 1_000,
        "f(-" * 499 + "x" + ")" * 499,
        "-" * 990 + "x",
        "x" + "'" * 990,
        "^".join("x" * 990),
    ],
)
def test_deep_enough(text: str) -> None:
    parse_expression(text_source(text))


def test_a_long_sum_is_flat() -> None:
    result = parse_expression(text_source(" + ".join(["x"] * 20_000))).body.result
    assert isinstance(result, syntax.Chain)
    assert len(result.operands) == 20_000


@pytest.mark.parametrize(
    "text",
    [
        "{" + "".join(f"x{k} = A*b + f(c', {k})\n" for k in range(10_000)) + "x0 }",
        "[" + ";\n".join("1, 2, 3, 4" for _ in range(15_000)) + "]",
        "x # " + "comment " * 125_000,
        "x" + " \n" * 500_000,
    ],
    ids=["bindings", "matrix", "comment", "spaces"],
)
def test_long_texts(text: str) -> None:
    parse_expression(text_source(text))


@pytest.mark.parametrize("unit", ["x ", "$", "'", "1", "\u2212", "(x) ", "x\n", "x, ", "{", "a = b\n"])
def test_long_nonsense(unit: str) -> None:
    for parse in PARSERS:
        if unit != "1":
            with pytest.raises(Error) as caught:
                parse(text_source(unit * 100_000))
            assert len(str(caught.value)) < 2_000


def run(code: str, **environment: str) -> str:
    """What a new process prints."""
    command = [sys.executable, "-c", code]
    result = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, check=True, capture_output=True, text=True
    )
    assert result.stderr == ""
    return result.stdout


def test_lark_is_imported_at_the_first_parse() -> None:
    assert run("import sys, matgrad.grammar; print('lark' in sys.modules)") == "False\n"


def test_tables_are_kept_only_where_nobody_else_writes(tmp_path: Path) -> None:
    code = "from matgrad.grammar import *; print(parse_expression(text_source('x')).body.result.id)"

    def parse() -> str:
        return run(code, HOME=str(tmp_path), XDG_CACHE_HOME=str(tmp_path), PYTHONDONTWRITEBYTECODE="1")

    assert parse() == "x\n"
    (tables,) = tmp_path.rglob("*.tables.*")
    folder = tables.parent
    size = tables.stat().st_size
    assert parse() == "x\n"
    tables.write_bytes(tables.read_bytes()[: size // 2])
    assert parse() == "x\n"
    assert tables.stat().st_size > 0.9 * size
    tables.unlink()
    folder.chmod(0o777)
    assert parse() == "x\n"
    assert not list(folder.iterdir())
    folder.rmdir()
    folder.write_text("a file is in the way")
    assert parse() == "x\n"


def test_tables_and_rules_are_kept_with_the_bytecode(tmp_path: Path) -> None:
    code = "import matgrad as mg; print(mg.function('log(det(X)) where X: matrix[n, n]').grad('X'))"
    places = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTHONPYCACHEPREFIX": str(tmp_path / "bytecode")}
    written = run(code, PYTHONDONTWRITEBYTECODE="", MATGRAD_CACHE_SIZE="0", **places)
    kept = {path for path in tmp_path.rglob("*") if path.suffix != ".pyc" and path.is_file()}
    assert {path.name.partition(".")[0] for path in kept} >= {"grammar", "simplify", "matrix", "elementwise"}
    assert not (tmp_path / "cache").exists()
    for path in kept:
        path.write_bytes(path.read_bytes()[:100])
    assert run(code, PYTHONDONTWRITEBYTECODE="", MATGRAD_CACHE_SIZE="0", **places) == written
    assert all(path.stat().st_size > 100 for path in kept)


def test_threads() -> None:
    texts = [f"{'(' * k}x{k} + A[{k}:, 0]'{')' * k}" for k in range(40)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda text: show(parse_expression(text_source(text))), texts * 5))
    assert found == [f"(x{k} + ((A [{k}:, 0]) '))" for k in range(40)] * 5
