"""matgrad: derivatives of matrix expressions, as formulas and as compiled kernels for NumPy arrays.

What enters here is nothing; what leaves are the public names. It holds that `import matgrad` is cheap: the compiler is
imported when a name of it is first used, Numba and SciPy when a kernel is first compiled. Not for logic: that lives in
`matgrad.grammar`, `matgrad.compiler` and `matgrad.runtime`.
"""

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# An installed wheel has grammar/, compiler/ and runtime/ below this folder; a source checkout has them beside it.
_here = Path(__file__).resolve().parent
if not (_here / "grammar").is_dir():
    __path__.append(str(_here.parent))

if TYPE_CHECKING:
    from .grammar.errors import (
        ArgumentError,
        DomainError,
        Error,
        FileError,
        NameError,  # noqa: A004
        ShapeError,
        SyntaxError,  # noqa: A004
        TypeError,  # noqa: A004
    )
    from .runtime.function import Function
    from .runtime.optimization.optimize import minimize
    from .runtime.program import Program, function, load, loads
    from .runtime.tracing.trace import trace

__all__ = [
    "ArgumentError",
    "DomainError",
    "Error",
    "FileError",
    "Function",
    "NameError",
    "Program",
    "ShapeError",
    "SyntaxError",
    "TypeError",
    "function",
    "load",
    "loads",
    "minimize",
    "trace",
]

# Where each name is defined: the module is imported when the name is first used.
_MODULES = dict.fromkeys(__all__, ".grammar.errors") | {
    "Function": ".runtime.function",
    **dict.fromkeys(["Program", "function", "load", "loads"], ".runtime.program"),
    "minimize": ".runtime.optimization.optimize",
    "trace": ".runtime.tracing.trace",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_MODULES[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *__all__]
