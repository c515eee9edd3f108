"""The routines that experts' forms are made of: BLAS and LAPACK through SciPy, without copies for the order.

Enters: C-contiguous arrays.  Leaves: results in either order.  Always holds: the arguments are not changed.  Not for:
small matrices, where Python costs more than the routine.
"""

from __future__ import annotations

from typing import Any

from scipy.linalg.blas import dsymm, dtrmm
from scipy.linalg.lapack import dgetrf, dgetrs, dpotrf, dpotri, dpotrs, dtrtrs

Array = Any


def gram(A: Array) -> Array:
    """A'*A; NumPy calls syrk."""
    return A.T @ A


def outer_gram(A: Array) -> Array:
    """A*A'; NumPy calls syrk."""
    return A @ A.T


def plus_diagonal(S: Array, a: float) -> Array:
    """S + a*I, in place."""
    S.ravel(order="A")[:: len(S) + 1] += a
    return S


def cholesky(S: Array) -> Array:
    """The lower factor; the other triangle is anything."""
    return dpotrf(S.T, lower=1, clean=0)[0]


def cholesky_in_place(S: Array) -> Array:
    """The same, over S."""
    return dpotrf(S.T, lower=1, clean=0, overwrite_a=1)[0]


def cholesky_solve(L: Array, B: Array) -> Array:
    """inv(L*L')*B."""
    return dpotrs(L, B, lower=1)[0]


def cholesky_inverse(L: Array) -> Array:
    """The lower triangle of inv(L*L'), over L."""
    return dpotri(L, lower=1, overwrite_c=1)[0]


def lower_solve(L: Array, B: Array, transposed: bool = False) -> Array:
    """inv(L)*B or inv(L')*B."""
    return dtrtrs(L, B, lower=1, trans=int(transposed))[0]


def lower_times(L: Array, B: Array) -> Array:
    """L*B for a C-ordered lower triangular L: by columns it is B'*L' with the upper L' on the right."""
    return dtrmm(1.0, L.T, B.T, side=1, lower=0).T


def times_lower(H: Array, L: Array) -> Array:
    """H*L for a C-ordered lower triangular L."""
    return dtrmm(1.0, L.T, H.T, lower=0).T


def upper_times(R: Array, B: Array) -> Array:
    """R*B for a C-ordered upper triangular R."""
    return dtrmm(1.0, R.T, B.T, side=1, lower=1).T


def symmetric_times(S: Array, B: Array) -> Array:
    """S*B for a symmetric C-ordered S."""
    return dsymm(1.0, S.T, B.T, side=1).T


def solve(A: Array, B: Array) -> Array:
    """inv(A)*B."""
    lu, pivots, _ = dgetrf(A)
    return dgetrs(lu, pivots, B)[0]
