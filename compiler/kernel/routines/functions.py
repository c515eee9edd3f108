"""Functions of matrices, as `tensor/atoms.py` evaluates them: adj, expm and its derivative, and products of others.

Enters: nothing.  Leaves: `FUNCTIONS`, entries of the table.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ....grammar.errors import DomainError
from ...tensor.atoms import ATOMS, products_of_others
from .blocking import square_blocks
from .signature import Array, Failure, Signature


def of_atoms(name: str) -> Callable[..., Array]:
    """A function of `tensor/atoms.py` as a routine."""

    def function(*operands: Array) -> Array:
        try:
            return ATOMS[name](*operands)
        except DomainError:
            raise Failure(np.full(operands[0].shape[:1] * 2, np.nan)) from None

    return function


FUNCTIONS = (
    Signature(
        "adj",
        "nn->nn",
        of_atoms("adj"),
        lambda n: 8 * n * n * n,
        can_fail=True,
        scratch=lambda n: 10 * n * n + 160 * n + square_blocks(n),
    ),
    Signature(
        "expm",
        "nn->nn",
        of_atoms("expm"),
        lambda n: 44 * n * n * n,
        scratch=lambda n: 7 * n * n + n + square_blocks(n),
    ),
    Signature(
        "expm_derivative",
        "nn,nn->nn",
        of_atoms("dexpm"),
        lambda n: 128 * n * n * n,
        scratch=lambda n: 15 * n * n + n + square_blocks(n),
    ),
    Signature("products_of_others", "n[k]->n[k]", lambda x: products_of_others(x.T).T, lambda n, k: 9 * n * k),
)
