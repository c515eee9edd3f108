"""The example package: its wheel is built with its functions compiled, installed, and used without matgrad."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

import matgrad as mg

from .conftest import EXAMPLES, ROOT


def pip(*arguments: str | Path) -> None:
    """Runs pip, without network and with this environment's build backend."""
    command = [
        sys.executable,
        "-m",
        "pip",
        *map(str, arguments),
        "--no-index",
        "--no-deps",
        "--disable-pip-version-check",
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr


def sources(folder: Path) -> list[Path]:
    """All that is below a folder but for what Python keeps of the modules that it runs."""
    return sorted(path for path in folder.rglob("*") if "__pycache__" not in path.parts)


def test_wheel_with_compiled_functions(tmp_path: Path, python: Callable[..., str]) -> None:
    shutil.copytree(EXAMPLES / "package", tmp_path / "package")
    before = sources(tmp_path / "package")
    pip("wheel", tmp_path / "package", "--no-build-isolation", "--wheel-dir", tmp_path / "dist")
    assert sources(tmp_path / "package") == before  # the build leaves them alone
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    assert wheel.name.startswith("fitting-1.0.0-py3-none-")
    assert "none-any" not in wheel.name
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info" not in name}
    assert names == {
        f"fitting/{name}"
        for name in (
            "__init__.py",
            "classifier.mg",
            "classifier.py",
            "classifier.pyi",
            "classifier.h",
            "libclassifier.so",
        )
    }
    pip("install", wheel, "--target", tmp_path / "site")
    script = "import fitting\nprint(fitting.fit([[1, 0], [1, 1], [1, 3], [1, 2]], [0, 1, 1, 0]).tolist())\n"
    w = np.array(ast.literal_eval(python(script, tmp_path / "site")))
    loss = mg.load(EXAMPLES / "package" / "fitting" / "classifier.mg").loss
    slope = loss.grad("w")(np.array([[1.0, 0], [1, 1], [1, 3], [1, 2]]), np.array([0.0, 1, 1, 0]), w, 0.01)
    np.testing.assert_allclose(slope, 0, atol=1e-9)
