"""Moving numbers, which is free by the convention.

routine                outputs          inputs                 scalars      meaning
mirror                 P (n,n)          A (n,n)                             A's lower triangle, mirrored; in place
copy                   Y (any order)    X (same shape)                      Y = X
fill                   Y (any order)                           value        Y = value everywhere

Enters: nothing.  Leaves: `MOVES`, entries of the table.
"""

from __future__ import annotations

import numpy as np

from .signature import FREE, Array, Signature


def mirrored(a: Array) -> Array:
    """The lower triangle, mirrored."""
    return np.tril(a) + np.tril(a, -1).T


MOVES = (
    Signature("mirror", "nn->nn", mirrored, lambda n: FREE, in_place=True),
    Signature("copy", "*->*", lambda x: x, lambda: FREE),
    Signature("fill", "->*", lambda: 1.0, lambda: FREE, ("value",)),
)
