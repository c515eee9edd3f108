"""The wheel holds the whole package, and works away from the checkout."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from .source_tree import LAYERS, MODULES, ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built by the project's build backend from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


def test_wheel_holds_each_file_of_the_package_below_one_folder(wheel: zipfile.ZipFile) -> None:
    expected = {
        (path.relative_to(ROOT) if layer == "matgrad" else Path("matgrad") / path.relative_to(ROOT)).as_posix()
        for layer in LAYERS
        for path in (ROOT / layer).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {name for name in wheel.namelist() if ".dist-info/" not in name} == expected


def test_wheel_holds_grammar_rules_and_the_typing_mark(wheel: zipfile.ZipFile) -> None:
    suffixes = {Path(name).suffix for name in wheel.namelist()}
    assert {".lark", ".rules"} <= suffixes
    assert "matgrad/py.typed" in wheel.namelist()


def test_wheel_names_licence_and_command(wheel: zipfile.ZipFile) -> None:
    texts = {Path(name).name: wheel.read(name).decode() for name in wheel.namelist() if ".dist-info/" in name}
    assert "matgrad = matgrad.__main__:main" in texts["entry_points.txt"]
    assert texts["LICENSE"] == (ROOT / "LICENSE").read_text()


def test_unpacked_wheel_imports_each_module_from_itself(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path)
    names = [name for name in MODULES if not name.endswith(".__main__")]
    program = (
        "import importlib, sys\n"
        f"modules = [importlib.import_module(name) for name in {names!r}]\n"
        "print(*[module.__spec__.origin for module in modules], sep='\\n')\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-P", "-c", program]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    origins = [Path(line) for line in done.stdout.splitlines()]
    assert len(origins) == len(names)
    assert [path for path in origins if not path.is_relative_to(tmp_path)] == []
