"""Parameters as the inputs of kernel programs.

Enters: parameters, those that stand for a sparse one included (`sparse.py`).  Leaves: buffers.  Not for: arguments.
"""

from __future__ import annotations

from ..kernel.program import Buffer
from .expr import Symbol


def input_of(parameter: Symbol) -> Buffer:
    """The input that a parameter is."""
    integers = parameter.attributes & {"integer", "indices"}
    return Buffer(parameter.name, parameter.shape, "input", "int" if integers else "real")
