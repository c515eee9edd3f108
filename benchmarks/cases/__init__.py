"""The objectives, one file per family.

Enters: nothing.  Leaves: `objectives()`.  Always holds: an expert's code does what its author would do who knows the
formula of the derivative, the sizes and the library, and nothing that the data would have to be prepared for.  Not for:
running them.
"""

from __future__ import annotations

import importlib

from ..objective import Objective

_FAMILIES = (
    "linear_models", "glm", "softmax", "factorization", "gaussians", "network", "design", "chains", "kernels",
    "spectral", "likelihoods", "control", "attention", "elementwise", "robotics", "curvature", "tensors",
)  # fmt: skip


def objectives() -> dict[str, Objective]:
    """All objectives by name."""
    modules = [importlib.import_module(f".{family}", __name__) for family in _FAMILIES]
    return {objective.name: objective for module in modules for objective in module.OBJECTIVES}
