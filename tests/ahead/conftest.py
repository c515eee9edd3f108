"""What the tests of ahead-of-time compilation share: builds that are made once, and programs that use them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from matgrad.runtime import ahead

ROOT = Path(__file__).parents[2]
MIXED = Path(__file__).parent / "mixed.mg"
EXAMPLES = ROOT / "examples"


@pytest.fixture(scope="session")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with shared libraries: mixed, gaussian_process, ridge."""
    folder = tmp_path_factory.mktemp("libraries")
    ahead.build(MIXED, folder, wrt=["A", "U", "V"], emit="so")
    ahead.build(EXAMPLES / "gaussian_process.mg", folder, wrt=["s"], emit="so")
    ahead.build(EXAMPLES / "ridge.mg", folder, wrt=["w"], emit="so")
    return folder


@pytest.fixture(scope="session")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with Python modules: mixed, gaussian_process, ridge."""
    folder = tmp_path_factory.mktemp("modules")
    ahead.build(MIXED, folder, wrt=["A", "U", "V"])
    ahead.build(EXAMPLES / "gaussian_process.mg", folder, wrt=["s"])
    ahead.build(EXAMPLES / "ridge.mg", folder, wrt=["w"])
    return folder


@pytest.fixture
def python(tmp_path: Path) -> Callable[..., str]:
    """Runs a script in a process that finds a folder's modules, but not matgrad; returns what it prints."""

    def run(script: str, folder: Path) -> str:
        code = (
            "import sys\n"
            f"sys.path[:] = [p for p in sys.path if p not in ('', {str(ROOT)!r})]\n"
            "class Hidden:\n"
            "    def find_spec(self, name, path=None, target=None):\n"
            "        if name.split('.')[0] in ('matgrad', 'lark', 'click', 'rich', 'platformdirs'):\n"
            "            raise ModuleNotFoundError(name)\n"
            "sys.meta_path.insert(0, Hidden())\n"
            f"sys.path.insert(0, {str(folder)!r})\n" + script
        )
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path, env=environment
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
