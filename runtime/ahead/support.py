"""The folder of support files beside a module of kernels: copies of what matgrad makes its kernels with.

Enters: nothing but the package's own files.  Leaves: names and texts.  Always holds: the copies import only each
other, NumPy, Numba (and SciPy's BLAS where a kernel calls it); they keep their places below the folder.  Not for:
choosing what to import from them (`module_text.py`).
"""

from __future__ import annotations

import ast
from pathlib import Path

from ...compiler.kernel.emit_text import INTRINSICS
from ..njit_text import NAMES

_FUNCTIONS = ("elementary", "hyperbolic", "normal", "powers", "special", "trigonometric")
_ROOTS = ("runtime/loading.py", *(f"runtime/{name}.py" for name in _FUNCTIONS), "runtime/library/__init__.py")
_BASE = Path(__file__).resolve().parents[2]

_INIT = '''"""Support of the functions beside this folder: copies of files of matgrad, and what is used of them."""

from .runtime import elementary, hyperbolic, library, normal, powers, special, trigonometric
from .runtime.intrinsics import {intrinsics}
from .runtime.loading import kernel
from .runtime.njit_code import {callers}


class ShapeError(ValueError):
    """Arguments whose shapes do not fit."""


class DomainError(ArithmeticError):
    """Numbers for which the function is not defined."""


def __getattr__(name):
    for module in (elementary, hyperbolic, normal, powers, special, trigonometric, library):
        if hasattr(module, name):
            return getattr(module, name)
    raise AttributeError(name)
'''


def files(folder: str) -> dict[str, str]:
    """The names and texts of the support files."""
    found: dict[str, str] = {}
    pending = [*_ROOTS, *(f"runtime/library/{p.name}" for p in sorted((_BASE / "runtime" / "library").glob("*.py")))]
    while pending:
        name = pending.pop()
        if name in found:
            continue
        found[name] = _file(name).read_text(encoding="utf-8")
        pending += _imported(name, found[name])
    text = _INIT.format(intrinsics=", ".join(sorted(INTRINSICS)), callers=", ".join(NAMES))
    for package in sorted({str(p) for name in found for p in Path(name).parents} - {"."}):
        found.setdefault(f"{package}/__init__.py", f'"""Copies of files of matgrad\'s {package}."""\n')
    return {f"{folder}/{name}": content for name, content in {"__init__.py": text, **found}.items()}


def _file(name: str) -> Path:
    """A file of the package; a checkout has its folders beside matgrad/, an installed one below it."""
    return _BASE / name


def _imported(name: str, text: str) -> list[str]:
    """The files of the package that a file imports, wherever in it."""
    found = []
    folder = Path(name).parent
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = folder
            for _ in range(node.level - 1):
                base = base.parent
            target = base.joinpath(*(node.module or "").split(".")) if node.module else base
            candidates = [target.with_suffix(".py"), target / "__init__.py"]
            candidates += [target / f"{alias.name}.py" for alias in node.names]
            candidates += [target / alias.name / "__init__.py" for alias in node.names]
            found += [str(c) for c in candidates if c.name != ".py" and _file(str(c)).is_file()]
    return found
