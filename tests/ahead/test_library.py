"""Shared libraries: programs in C and C++ and the Python module that use them; what does not fit."""

from __future__ import annotations

import ctypes.util
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import scipy

import matgrad as mg
from matgrad.runtime import ahead

from .conftest import EXAMPLES
from .test_module import SCRIPT, hexes, numbers, results

HERE = Path(__file__).parent
Python = Callable[..., str]


def program(compiler: list[str], source: str, folder: Path, place: Path, libraries: list[str]) -> list[str]:
    """Compiles a program that uses libraries; the command that runs it."""
    made = place / "program"
    command = [*compiler, "-Wall", "-Wextra", "-Werror", "-O1", f"-I{folder}", str(HERE / source), "-o", str(made)]
    command += [f"-L{folder}", *(f"-l{name}" for name in libraries), f"-Wl,-rpath,{folder}", "-lm", "-ldl", "-pthread"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [str(made)]


def a_blas() -> tuple[str, str]:
    """A library with BLAS and LAPACK, and what its names begin with: SciPy's own, or one of the system."""
    bundled = sorted((Path(scipy.__file__).parents[1] / "scipy.libs").glob("libscipy_openblas*"))
    if bundled:
        return str(bundled[0]), "scipy_"
    system = ctypes.util.find_library("openblas") or ctypes.util.find_library("lapack")
    assert system, "no BLAS library to link the C program with"
    return system, ""


def test_a_c_program(libraries: Path, tmp_path: Path) -> None:
    names = ["mixed", "gaussian_process", "ridge"]
    run = program(["cc", "-std=c11", "-pedantic", "-D_DEFAULT_SOURCE"], "use.c", libraries, tmp_path, names)
    done = subprocess.run([*run, *a_blas()], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    process = mg.load(EXAMPLES / "gaussian_process.mg").gaussian_process.value_and_grad("s")
    small = np.array([[4.0, 1, 0], [1, 3, 1], [0, 1, 2]])
    i = np.arange(100)
    large = 1 / (1 + abs(i[:, None] - i)) + 2 * np.eye(100)
    expected = [*process(small, np.array([1.0, 0, -1]), 1.0, 0.5), *process(large, i % 7, 1.0, 0.5)]
    np.testing.assert_allclose([float(x) for x in done.stdout.split()], expected, rtol=1e-12)


def test_the_c_of_the_page_compiles(libraries: Path, tmp_path: Path) -> None:
    page = (EXAMPLES.parent / "docs" / "ahead_of_time.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```c\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        lines = [line for line in block.splitlines() if line != "..."]
        head = [line for line in lines if line.startswith("#")]
        body = [line for line in lines if not line.startswith("#")]
        data = "const double X[4000] = {0}, y[200] = {0}, w[20] = {0}; (void)X; (void)y; (void)w;"
        source = ["#include <stdio.h>", *head, "int main(void) {", data, *body, "return 0; }"]
        (tmp_path / "page.c").write_text("\n".join(source))
        command = ["cc", "-std=c11", "-Wall", "-Werror", "-fsyntax-only", f"-I{libraries}", str(tmp_path / "page.c")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_a_cpp_program(libraries: Path, tmp_path: Path) -> None:
    run = program(["c++", "-std=c++17"], "use.cpp", libraries, tmp_path, ["ridge"])
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    X, y = np.array([[1.0, 2], [3, 4], [5, 6], [7, 9]]), np.array([1.0, 2, 0, 1])
    expected = np.linalg.solve(X.T @ X + 0.5 * np.eye(2), X.T @ y)
    np.testing.assert_allclose([float(x) for x in done.stdout.split()], expected, atol=1e-9)


def test_no_symbols_but_those_of_the_header(libraries: Path) -> None:
    for name in ("mixed", "gaussian_process", "ridge"):
        done = subprocess.run(
            ["nm", "-D", "--defined-only", str(libraries / f"lib{name}.so")], capture_output=True, text=True, check=True
        )
        header = (libraries / f"{name}.h").read_text()
        symbols = [line.split()[-1] for line in done.stdout.splitlines()]
        assert symbols
        assert all(s == f"{name}_library_stamp" or f"{s}(" in header for s in symbols)
        needed = subprocess.run(["ldd", str(libraries / f"lib{name}.so")], capture_output=True, text=True, check=True)
        assert "python" not in needed.stdout


def test_the_python_module(libraries: Path, python: Python) -> None:
    script = """
import numpy as np
import mixed as f
A = np.arange(6.0).reshape(2, 3)
print(f.pick([0, 1, 2, 3], 3), f.composed(np.ones(6), A), f.shifted(range(4), np.ones(3)))
print([np.asarray(r).tolist() for r in f.two(np.asfortranarray(A), [1, 1])])
U, V = np.ones((2, 1)), np.ones((3, 1))
value, (gu, gv) = f.bilinear_value_and_grad(U, V, A)
print(value, gu.tolist(), gv.tolist())
print(f.least(np.ones(2), np.ones(2)), f.logarithm_grad(4 * np.eye(2, dtype=np.float32)).tolist())
for call in (
    lambda: f.logarithm(-np.eye(2)),
    lambda: f.composed(np.ones(5), A),
    lambda: f.pick(np.ones(3), 3),
    lambda: f.pick(np.ones((3, 1)), 0),
    lambda: f.pick(np.ones(3), 0.5),
    lambda: f.pick([1j], 0),
    lambda: f.shifted([], []),
):
    try:
        call()
    except Exception as error:
        print(type(error).__name__, error)
print(sorted(m for m in sys.modules if m in ("numba", "scipy.linalg", "matgrad")))
"""
    lines = python(script, libraries).splitlines()
    assert lines[:4] == [
        "9.0 15.0 6.0",
        "[[3.0, 5.0, 7.0], 15.0]",
        "31.0 [[0.0], [-18.0]] [[-2.0], [-6.0], [-10.0]]",
        "1.0 [[0.25, 0.0], [0.0, 0.25]]",
    ]
    assert lines[4] == "DomainError A is not positive definite"
    assert lines[5] == "ShapeError v must have shape (m*n,) = (6,), it has (5,)"
    assert lines[6].startswith("ShapeError ")
    assert lines[7] == "ShapeError x must have 1 dimensions, its shape is (3, 1)"
    assert lines[8] == "TypeError i must be an integer, it is 0.5"
    assert lines[9] == "TypeError x is not made of real numbers: its dtype is complex128"
    assert lines[10].startswith("ShapeError ")
    assert lines[11] == "[]"


def test_numpy_alone_where_no_blas_is_called(tmp_path: Path, python: Python) -> None:
    source = tmp_path / "plain.mg"
    source.write_text("fn norm(x: vector[n]) = sum(x.^2)\n")
    ahead.build(source, tmp_path, wrt=["x"], emit="so")
    assert "scipy" not in (tmp_path / "plain.py").read_text().lower()
    assert python("import plain\nprint(plain.norm_value_and_grad([3, 4]))", tmp_path) == "(25.0, array([6., 8.]))\n"


def test_bits_on_this_cpu_and_rounding_on_others(libraries: Path, python: Python, tmp_path: Path) -> None:
    """For this computer's CPU the results are those of kernels, bit by bit; other levels add in another order."""
    for name, variable in (("ridge", "w"), ("gaussian_process", "s")):
        ahead.build(EXAMPLES / f"{name}.mg", tmp_path, wrt=[variable], emit="so", levels=["native"])
    ridge, process = results()
    assert python(SCRIPT, tmp_path) == hexes(*ridge) + hexes(*process)
    for level in (2, 3, 4):
        choice = f"import ridge as r\nlevel = r._library.ridge_library_cpu({level})\n"
        line = python(choice + SCRIPT, libraries).splitlines()[0]
        for found, expected in zip(numbers(line), ridge, strict=True):
            np.testing.assert_allclose(found, np.ravel(expected), rtol=1e-11)


def test_a_library_that_was_not_built_with_the_module(libraries: Path, python: Python, tmp_path: Path) -> None:
    for name in ("ridge.py", "libridge.so"):
        shutil.copy(libraries / name, tmp_path)
    other = tmp_path / "other"
    ahead.build(EXAMPLES / "ridge.mg", other, emit="so", levels=["x86-64-v2"])
    shutil.copy(other / "libridge.so", tmp_path)
    script = "try:\n    import ridge\nexcept ImportError as error:\n    print(error)\n"
    assert "libridge.so was not built together with" in python(script, tmp_path)
