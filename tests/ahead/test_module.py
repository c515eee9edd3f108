"""Python modules of kernels: without matgrad, equal to matgrad's own results, in packages, in other Numba code."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import matgrad as mg

from .conftest import EXAMPLES, MIXED

Python = Callable[..., str]

DATA = """
import numpy as np
rng = np.random.default_rng(5)
X, y, w = rng.normal(size=(90, 70)), rng.normal(size=90), rng.normal(size=70)
K = X @ X.T
"""
SHOW = """
def show(*values):
    print([[float(x).hex() for x in np.ravel(v)] for v in values])
"""


def hexes(*values: object) -> str:
    """What `show` of the scripts prints."""
    return f"{[[float(x).hex() for x in np.ravel(v)] for v in values]}\n"  # type: ignore[arg-type]


SCRIPT = (
    DATA + SHOW + "import ridge, gaussian_process\n"
    "show(*ridge.ridge_value_and_grad(X, y, w, 0.1))\n"
    "show(*gaussian_process.gaussian_process_value_and_grad(K, y, 1.5, 0.5))\n"
)


def results() -> list[list[np.ndarray]]:
    """What matgrad's compiled kernels compute (`njit`: never the interpreter) where SCRIPT shows what a build does."""
    scope: dict[str, np.ndarray] = {}
    exec(DATA, scope)
    X, y, w, K = (scope[name] for name in ("X", "y", "w", "K"))
    ridge = mg.load(EXAMPLES / "ridge.mg").ridge.value_and_grad("w").njit
    process = mg.load(EXAMPLES / "gaussian_process.mg").gaussian_process.value_and_grad("s").njit
    return [list(ridge(X, y, w, 0.1)), list(process(K, y, 1.5, 0.5))]


def numbers(line: str) -> list[list[float]]:
    """The arrays in a line that `show` printed."""
    return [[float.fromhex(x) for x in part] for part in ast.literal_eval(line)]


def test_bits_are_those_of_kernels(modules: Path, python: Python) -> None:
    ridge, process = results()
    assert python(SCRIPT, modules) == hexes(*ridge) + hexes(*process)


def test_all_kinds_of_functions(modules: Path, python: Python) -> None:
    script = """
import numpy as np
import mixed as f
A = np.arange(6.0).reshape(2, 3)
print(f.pick(np.arange(4), 3), f.composed(np.ones(6), A), f.shifted(np.arange(4), np.ones(3)))
print([np.asarray(r).tolist() for r in f.two(A, np.ones(2))])
U, V = np.ones((2, 1)), np.ones((3, 1))
value, (gu, gv) = f.bilinear_value_and_grad(U, V, A)
print(value, gu.tolist(), gv.tolist())
print(f.least(np.ones(2), np.ones(2)), f.logarithm_grad(4 * np.eye(2, dtype=np.float32)).tolist())
"""
    lines = python(script, modules).splitlines()
    assert lines[0] == "9.0 15.0 6.0"
    assert lines[1] == "[[3.0, 5.0, 7.0], 15.0]"
    assert lines[2] == "31.0 [[0.0], [-18.0]] [[-2.0], [-6.0], [-10.0]]"
    assert lines[3] == "1.0 [[0.25, 0.0], [0.0, 0.25]]"


def test_errors_and_other_numba_code(modules: Path, python: Python) -> None:
    script = """
import numba, numpy as np
import mixed as f

@numba.njit
def guarded(A):
    try:
        return f.logarithm(A)
    except Exception:
        return np.nan

print(guarded(-np.eye(2)), guarded(np.eye(2)))
for call in (
    lambda: f.logarithm(-np.eye(2)),
    lambda: f.composed(np.ones(5), np.ones((2, 3))),
    lambda: f.pick(np.ones(3), 3),
    lambda: f.pick(np.ones((3, 1)), 0),
):
    try:
        call()
    except Exception as error:
        lines = [line for line in str(error).splitlines() if "must" in line or "A " in line]
        print(type(error).__name__, lines[:1])
"""
    lines = python(script, modules).splitlines()
    assert lines[0] == "nan 0.0"
    assert lines[1] == "DomainError ['A is not positive definite']"
    assert lines[2].startswith(
        "ShapeError ['the shape of v does not fit the other arguments: axis 0 must have size m*n"
    )
    assert lines[3].startswith("ShapeError ")
    assert lines[4].startswith("TypingError") and "x must be a vector of float64" in lines[4]


def test_needs_no_scipy_where_no_blas_is_called(modules: Path, python: Python) -> None:
    script = """
class NoSciPy:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "scipy":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, NoSciPy())
import numpy as np, ridge
print(ridge.ridge(np.eye(3), np.ones(3), np.ones(3), 2.0))
"""
    assert python(script, modules) == "6.0\n"


def test_in_a_package_and_from_kept_code(modules: Path, python: Python, tmp_path: Path) -> None:
    package = tmp_path / "inside" / "package"
    shutil.copytree(modules, package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "__init__.py").write_text("from .ridge import ridge\n")
    script = "import numpy as np, package\nprint(package.ridge(np.eye(3), np.ones(3), np.ones(3), 2.0))\n"
    kept = package / "_ridge_support" / "runtime" / "__pycache__"
    assert python(script, package.parent) == "6.0\n"
    files = sorted(kept.glob("*.o"))
    assert files
    times = [f.stat().st_mtime_ns for f in files]
    assert python(script, package.parent) == "6.0\n"
    assert [f.stat().st_mtime_ns for f in files] == times  # nothing was compiled
    for file in files:
        file.write_bytes(file.read_bytes()[:-10])
    assert python(script, package.parent) == "6.0\n"
    assert all(f.stat().st_mtime_ns not in times for f in files)  # damaged files are made again


@pytest.mark.parametrize("suffix", [".py", ".pyi"])
def test_texts(modules: Path, suffix: str) -> None:
    tree = ast.parse((modules / f"mixed{suffix}").read_text())
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    names = {f.name for f in mg.load(MIXED)} | {
        "logarithm_grad", "logarithm_value_and_grad", "bilinear_grad", "bilinear_value_and_grad",
        "composed_grad", "composed_value_and_grad",
    }  # fmt: skip
    assert names <= defined
