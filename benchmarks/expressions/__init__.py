"""Expressions that test what a compiler knows about linear algebra.

Enters: nothing.  Leaves: `expressions()`.  Always holds: `best` is the least number of operations that is known to us,
with the reason beside it, and `by_hand` the fastest form in NumPy and SciPy that is known to us.  Not for: running them
(`awareness.py`).
"""

from __future__ import annotations

import importlib

from .expression import Expression

_SUITES = ("laab", "lamp", "linnea", "pinv_trace")


def expressions() -> list[Expression]:
    """All expressions, suite by suite."""
    modules = [importlib.import_module(f".{suite}", __name__) for suite in _SUITES]
    return [expression for module in modules for expression in module.EXPRESSIONS]
