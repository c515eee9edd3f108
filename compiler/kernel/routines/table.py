"""All routines, by name.

Enters: nothing.  Leaves: `ROUTINES`, and which programs use BLAS.  Not for: choosing between routines.
"""

from __future__ import annotations

from collections.abc import Callable

from ..program import Program, Routine
from .blocking import tile
from .checks import CHECKS
from .factorizations import FACTORIZATIONS
from .functions import FUNCTIONS
from .moves import MOVES
from .products import PRODUCTS
from .signature import FREE, Array, Failure, Signature
from .sparse import SPARSE
from .spectra import SPECTRA


def _check(name: str, shape: str, holds: Callable[[Array], bool]) -> Signature:
    def check(x: Array) -> tuple[()]:
        if not holds(x):
            raise Failure
        return ()

    scratch = tile if name == "check_symmetric" else None
    return Signature(name, f"{shape}->none", check, lambda *sizes: FREE, can_fail=True, scratch=scratch)


ROUTINES: dict[str, Signature] = {
    entry.name: entry
    for entry in (
        *PRODUCTS,
        *FACTORIZATIONS,
        *SPECTRA,
        *FUNCTIONS,
        *SPARSE,
        *MOVES,
        *(_check(name, *check) for name, check in CHECKS.items()),
    )
}

# Routines that are loops for all sizes.
_LOOPS = {"gemv", "ger", "dot", "symv", "mirror", "copy", "fill"} | {
    n for n in ROUTINES if n.startswith(("check_", "csr_"))
}


def uses_blas(program: Program) -> bool:
    """Whether the kernel of a program may call BLAS or LAPACK."""
    return any(isinstance(step, Routine) and step.name not in _LOOPS for step in program.flat())
