"""matgrad: derivatives of matrix expressions, as formulas and as compiled kernels for NumPy arrays.

What enters here is nothing; what leaves are the public names. It holds that `import matgrad` is cheap: Numba and SciPy
are imported when a kernel is first needed. Not for logic: that lives in `matgrad.grammar`, `matgrad.compiler` and
`matgrad.runtime`.
"""

from pathlib import Path

__version__ = "0.1.0"

# An installed wheel has grammar/, compiler/ and runtime/ below this folder; a source checkout has them beside it.
_here = Path(__file__).resolve().parent
if not (_here / "grammar").is_dir():
    __path__.append(str(_here.parent))

from .grammar.errors import (  # noqa: E402
    ArgumentError,
    DomainError,
    Error,
    FileError,
    NameError,  # noqa: A004
    ShapeError,
    SyntaxError,  # noqa: A004
    TypeError,  # noqa: A004
)
from .runtime.function import Function, Program, function, load, loads  # noqa: E402
from .runtime.optimize import minimize  # noqa: E402

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
]
