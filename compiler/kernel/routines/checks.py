"""Checks of declared attributes, which can fail, and do nothing else.

    routine                outputs          inputs                 scalars      meaning
    check_symmetric                         A (n,n)                             A is symmetric to 1e-8 of max(abs(A))
    check_lower, check_upper, check_diagonal
                                            A (m,n)                             all other entries are 0
    check_nonneg, check_positive            X (any order)                       every entry >= 0, > 0

These are the conditions alone, which starting processes check of data that they bind: of the package they need nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = Any


def _is_symmetric(a: Array) -> bool:
    # Not(difference > tolerance), so that NaN passes here and shows in the result.
    return not np.any(np.abs(a - a.T) > 1e-8 * np.max(np.abs(a), initial=0.0))


# The shape of what is checked, and whether it holds.
CHECKS: dict[str, tuple[str, Callable[[Array], bool]]] = {
    "check_symmetric": ("nn", _is_symmetric),
    "check_lower": ("mn", lambda a: not np.any(np.triu(a, 1))),
    "check_upper": ("mn", lambda a: not np.any(np.tril(a, -1))),
    "check_diagonal": ("mn", lambda a: not np.any(np.tril(a, -1)) and not np.any(np.triu(a, 1))),
    "check_nonneg": ("*", lambda x: not np.any(x < 0)),
    "check_positive": ("*", lambda x: not np.any(x <= 0)),
}
