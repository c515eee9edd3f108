"""Derivations: how a derivative comes about, step by step, each with the name of its rule.

Enters: a definition and an operation.  Leaves: an `Explanation`, which writes itself.  Always holds: steps are recorded
by the passes that do the work.  Not for: computing derivatives.
"""

from .explanation import FORMATS, Explanation

__all__ = ["FORMATS", "Explanation"]
