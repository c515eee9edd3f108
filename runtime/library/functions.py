"""Functions of matrices: adjugate, exponential, exponential_derivative; and products_of_others.

Enters: addresses, sizes, strides (`runtime/library`).  Leaves: routines for Numba.  Always holds: the adjugate is right at
singular matrices.  Not for: functions that need a Schur form.
"""

from __future__ import annotations

from typing import Any

from ..fortran import fortran
from ..intrinsics import number

_getrf = fortran("getrf", "ii pi p o")
_getrs = fortran("getrs", "c ii pi p pi o")
_getri = fortran("getri", "i pi p pi o")
_gesdd = fortran("gesdd", "c ii pi p pi pi pi p o")
_N, _S = ord("N"), ord("S")

# A pivot smaller than this part of the largest: the inverse would lose digits, and singular values are used.
_REGULAR = 1e-4
# Higham, The scaling and squaring method revisited (2005): up to this norm the approximant of degree 13 is exact.
_THETA = 5.371920351148152
_PADE = (
    64764752532480000.0,
    32382376266240000.0,
    7771770303897600.0,
    1187353796428800.0,
    129060195264000.0,
    10559470521600.0,
    670442572800.0,
    33522128640.0,
    1323241920.0,
    40840800.0,
    960960.0,
    16380.0,
    182.0,
    1.0,
)


def products_of_others(n: Any, k: Any, X: Any, x0: Any, x1: Any, Y: Any, y0: Any, y1: Any) -> Any:
    """Y[i, c] is the product of X[j, c] over all j but i."""
    one = number(Y, 1.0)
    for c in range(k):
        product = one
        for i in range(n):
            Y[i * y0 + c * y1] = product
            product = product * X[i * x0 + c * x1]
        product = one
        for i in range(n - 1, -1, -1):
            Y[i * y0 + c * y1] = Y[i * y0 + c * y1] * product
            product = product * X[i * x0 + c * x1]
    return 0


def _sign_of(n: Any, M: Any, pivots: Any, work: Any, length: Any) -> Any:
    """The determinant of an orthogonal matrix, which is lost."""
    one = number(M, 1.0)
    _getrf(n, n, M, n, pivots)
    sign = one
    for i in range(n):
        sign = sign if M[i * (n + 1)] >= number(M, 0.0) else -sign
    return sign * _exchanges(n, M, pivots)


def _exchanges(n: Any, M: Any, pivots: Any) -> Any:
    from ..fortran import blas_integer

    sign = number(M, 1.0)
    for i in range(n):
        sign = -sign if blas_integer(pivots, i) != i + 1 else sign
    return sign
