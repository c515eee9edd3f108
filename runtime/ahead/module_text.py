"""A Python module of kernels for NumPy and Numba, for people to read and for programs to import.

Enters: targets.  Leaves: the text.  Always holds: each function is compiled by Numba and may be called from Python
and from other Numba code; the kernels are those that matgrad runs.  Not for: the files beside it (`support.py`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ...compiler.kernel.emit import emit
from ...grammar import errors
from ..njit_text import NAMES, caller_text
from .loader_text import docstring
from .targets import Target


def module(name: str, targets: Sequence[Target], stamp: str, source: str) -> str:
    """The text of the module `name`.py."""
    imported: set[str] = {*NAMES, "ShapeError", "DomainError", "kernel"}
    constants: set[str] = set()
    parts = []
    for target in targets:
        text, names = _kernel(target)
        imported |= names - {"inf", "nan"}
        constants |= names & {"inf", "nan"}
        token = f"_{target.name}_kernel"
        caller = caller_text(target.name, target.program, target.nest, f"{token}_", None, docstring(target.formula))
        parts.append(f"{text}\n\n{token}_ = kernel({token})\n\n\n@njit\n{caller}")
    clash = sorted({t.name for t in targets} & {*imported, *constants, "np", "njit", "real", "int64", "float64"})
    if clash:
        raise errors.Error(f"the module needs the name {clash[0]} itself", hint="rename the function")
    wrapped = _wrapped(sorted(imported))
    lines = [
        f'"""The functions of {source}, compiled by matgrad. Do not edit.',
        "",
        f"Needs NumPy, Numba and the folder _{name}_support beside this file"
        + ("; SciPy where they call BLAS or LAPACK." if _calls_routines(targets) else "."),
        "Arrays of other dtypes and orders are converted. Raises ShapeError (a ValueError) and DomainError (an",
        "ArithmeticError). The functions may be called from Python and from other code compiled by Numba.",
        '"""',
        f"# {stamp}",
        "",
        *([f"from math import {', '.join(sorted(constants))}", ""] if constants else []),
        "import numpy as np",
        "from numba import float64, int64, njit",
        "",
        "if __package__:",
        f"    from ._{name}_support import (\n{wrapped}    )",
        "else:",
        f"    from _{name}_support import (\n{wrapped}    )",
        "",
        f"__all__ = [{', '.join(repr(t.name) for t in targets)}]".replace("'", '"'),
        "",
        "real = float64",
    ]
    return "\n".join([*lines, *("\n\n" + part.rstrip() for part in parts), ""])


def _kernel(target: Target) -> tuple[str, set[str]]:
    """The text of a kernel as a function of its own, and the names that it uses from elsewhere."""
    text = emit(target.program, "float64", f"The kernel of {target.name}.").text
    head, _, body = text.partition("def kernel(table):\n")
    plan = head.split('"""')[1]
    names = {name for found in re.findall(r"^from matgrad\S+ import (.*)$", head, re.M) for name in found.split(", ")}
    names |= {name for found in re.findall(r"^from math import (.*)$", head, re.M) for name in found.split(", ")}
    documented = "\n".join(f"    {line}".rstrip() for line in plan.strip().splitlines()).strip()
    return f'def _{target.name}_kernel(table):\n    """{documented}\n    """\n{body.rstrip()}\n', names


def _calls_routines(targets: Sequence[Target]) -> bool:
    return any(emit(t.program, "float64").routines for t in targets)


def _wrapped(names: Sequence[str]) -> str:
    return "".join(f"        {name},\n" for name in names)
