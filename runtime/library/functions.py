"""Functions of matrices: adjugate, expm, expm_derivative; and products_of_others.

Enters: addresses, sizes, strides (`runtime/library`).  Leaves: routines.  Always holds: the adjugate is right at
singular matrices.  Not for: functions that need a Schur form.
"""

from __future__ import annotations

from math import inf, nan
from typing import Any

from ..fortran import blas_integer, fortran
from ..intrinsics import number, plus, shift
from . import gemm, svd, weighted_product
from .spectral import copied

_getrf = fortran("getrf", "ii pi p o")
_getrs = fortran("getrs", "c ii pi p pi o")
_getri = fortran("getri", "i pi p pi o")
_N = ord("N")

# A pivot smaller than this part of the largest: the inverse would lose digits, and singular values are used.
_REGULAR = 1e-4
# For this norm the approximant of degree 13 is exact (N. Higham, The scaling and squaring method revisited, 2005), and
# for this one its derivative too (A. Al-Mohy and N. Higham, 2009, table 6.1).
_THETA = 5.371920351148152
_THETA_OF_DERIVATIVE = 4.74
_B0, _B1, _B2, _B3 = 64764752532480000.0, 32382376266240000.0, 7771770303897600.0, 1187353796428800.0
_B4, _B5, _B6, _B7 = 129060195264000.0, 10559470521600.0, 670442572800.0, 33522128640.0
_B8, _B9, _B10, _B11, _B12, _B13 = 1323241920.0, 40840800.0, 960960.0, 16380.0, 182.0, 1.0


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


def adj(n: Any, A: Any, a0: Any, a1: Any, P: Any, p0: Any, p1: Any, scratch: Any) -> Any:
    """P = the adjugate of A: det times inverse where that keeps all digits, else from the singular values."""
    zero, one = number(P, 0.0), number(P, 1.0)
    if n == 0:
        return 0
    pivots = shift(scratch, n * n)
    work = shift(pivots, n)
    if copied(n, n, A, a0, a1, scratch) != 0:
        return 1
    info = _getrf(n, n, scratch, n, pivots)
    least, most, determinant = number(P, inf), zero, one
    for i in range(n):
        pivot = scratch[i * (n + 1)]
        determinant = determinant * pivot
        determinant = -determinant if blas_integer(pivots, i) != i + 1 else determinant
        least = abs(pivot) if abs(pivot) < least else least
        most = abs(pivot) if abs(pivot) > most else most
    if info == 0 and least > _REGULAR * most:
        _getri(n, scratch, n, pivots, work, 64 * n)
        for j in range(n):
            for i in range(n):
                P[i * p0 + j * p1] = determinant * scratch[i + j * n]
        return 0
    # A = U diag(s) V': the adjugate is det(U) det(V) V diag(products of the other s) U'.
    right = shift(scratch, n * n)
    values = shift(right, n * n)
    others = shift(values, n)
    rest = shift(others, n)
    if svd(n, n, n, A, a0, a1, scratch, 1, n, values, 1, right, 1, n, rest) != 0:
        return 1
    product = one
    for i in range(n):
        others[i] = product
        product = product * values[i]
    product = one
    for i in range(n - 1, -1, -1):
        others[i] = others[i] * product
        product = product * values[i]
    weighted_product(n, n, n, right, 1, n, others, 1, scratch, 1, n, P, p0, p1, rest)
    sign = one
    for factor in range(2):
        matrix = scratch if factor == 0 else right
        _getrf(n, n, matrix, n, rest)
        for i in range(n):
            sign = -sign if (matrix[i * (n + 1)] < zero) != (blas_integer(rest, i) != i + 1) else sign
    for i in range(n):
        for j in range(n):
            P[i * p0 + j * p1] = sign * P[i * p0 + j * p1]
    return 0


def _halvings(n: Any, A: Any, a0: Any, a1: Any, limit: Any) -> Any:
    """How often A is to be halved for its 1-norm not to exceed the limit; -1 if it is not finite."""
    norm = number(A, 0.0)
    for j in range(n):
        total = number(A, 0.0)
        for i in range(n):
            total = plus(total, abs(A[i * a0 + j * a1]))
        norm = total if total > norm or total != total else norm
    if not norm < number(A, inf):
        return -1
    count = 0
    while norm > limit:
        norm = norm * number(A, 0.5)
        count += 1
    return count


def expm(n: Any, A: Any, a0: Any, a1: Any, X: Any, x0: Any, x1: Any, scratch: Any) -> Any:
    """X = the exponential of A."""
    zero, one = number(X, 0.0), number(X, 1.0)
    q = n * n
    M, M2, M4, M6 = scratch, shift(scratch, q), shift(scratch, 2 * q), shift(scratch, 3 * q)
    U, V, W, pivots = shift(scratch, 4 * q), shift(scratch, 5 * q), shift(scratch, 6 * q), shift(scratch, 7 * q)
    blocks = shift(pivots, n)
    squarings, factor = _halvings(n, A, a0, a1, number(X, _THETA)), one
    if squarings < 0:
        for i in range(n):
            for j in range(n):
                X[i * x0 + j * x1] = number(X, nan)
        return 0
    for _ in range(squarings):
        factor = factor * number(X, 0.5)
    for i in range(n):
        for j in range(n):
            M[i * n + j] = A[i * a0 + j * a1] * factor
    gemm(n, n, n, one, zero, M, n, 1, M, n, 1, M2, n, 1, blocks)
    gemm(n, n, n, one, zero, M2, n, 1, M2, n, 1, M4, n, 1, blocks)
    gemm(n, n, n, one, zero, M2, n, 1, M4, n, 1, M6, n, 1, blocks)
    for i in range(q):
        V[i] = _B13 * M6[i] + _B11 * M4[i] + _B9 * M2[i]
    gemm(n, n, n, one, zero, M6, n, 1, V, n, 1, W, n, 1, blocks)
    for i in range(q):
        W[i] = W[i] + _B7 * M6[i] + _B5 * M4[i] + _B3 * M2[i]
    for i in range(n):
        W[i * (n + 1)] = W[i * (n + 1)] + _B1
    gemm(n, n, n, one, zero, M, n, 1, W, n, 1, U, n, 1, blocks)
    for i in range(q):
        W[i] = _B12 * M6[i] + _B10 * M4[i] + _B8 * M2[i]
    gemm(n, n, n, one, zero, M6, n, 1, W, n, 1, V, n, 1, blocks)
    for i in range(q):
        V[i] = V[i] + _B6 * M6[i] + _B4 * M4[i] + _B2 * M2[i]
    for i in range(n):
        V[i * (n + 1)] = V[i * (n + 1)] + _B0
    for i in range(q):
        M[i] = V[i] - U[i]
        M2[i] = V[i] + U[i]
    # LAPACK sees the transposes; all are polynomials in A, which commute.
    if n > 0:
        _getrf(n, n, M, n, pivots)
        _getrs(_N, n, n, M, n, pivots, M2, n)
    for _ in range(squarings):
        gemm(n, n, n, one, zero, M2, n, 1, M2, n, 1, M4, n, 1, blocks)
        for i in range(q):
            M2[i] = M4[i]
    for i in range(n):
        for j in range(n):
            X[i * x0 + j * x1] = M2[i * n + j]
    return 0


def expm_derivative(
    n: Any, A: Any, a0: Any, a1: Any, E: Any, e0: Any, e1: Any, X: Any, x0: Any, x1: Any, scratch: Any
) -> Any:  # fmt: skip
    """X = the derivative of the exponential of A along E.

    The approximant of `expm` is differentiated, and so are its squarings: A. Al-Mohy and N. Higham, Computing the
    Frechet derivative of the matrix exponential (2009), algorithm 6.4 with degree 13.
    """
    zero, one = number(X, 0.0), number(X, 1.0)
    q = n * n
    M, D = scratch, shift(scratch, q)  # the scaled A, and E
    M2, M4, M6 = shift(scratch, 2 * q), shift(scratch, 3 * q), shift(scratch, 4 * q)
    D2, D4, D6 = shift(scratch, 5 * q), shift(scratch, 6 * q), shift(scratch, 7 * q)
    P, W, U, V = shift(scratch, 8 * q), shift(scratch, 9 * q), shift(scratch, 10 * q), shift(scratch, 11 * q)
    dW, dU, dV = shift(scratch, 12 * q), shift(scratch, 13 * q), shift(scratch, 14 * q)
    pivots = shift(scratch, 15 * q)
    blocks = shift(pivots, n)
    squarings, factor = _halvings(n, A, a0, a1, number(X, _THETA_OF_DERIVATIVE)), one
    if squarings < 0:
        for i in range(n):
            for j in range(n):
                X[i * x0 + j * x1] = number(X, nan)
        return 0
    for _ in range(squarings):
        factor = factor * number(X, 0.5)
    for i in range(n):
        for j in range(n):
            M[i * n + j] = A[i * a0 + j * a1] * factor
            D[i * n + j] = E[i * e0 + j * e1] * factor
    gemm(n, n, n, one, zero, M, n, 1, M, n, 1, M2, n, 1, blocks)
    gemm(n, n, n, one, zero, M2, n, 1, M2, n, 1, M4, n, 1, blocks)
    gemm(n, n, n, one, zero, M2, n, 1, M4, n, 1, M6, n, 1, blocks)
    gemm(n, n, n, one, zero, M, n, 1, D, n, 1, D2, n, 1, blocks)
    gemm(n, n, n, one, one, D, n, 1, M, n, 1, D2, n, 1, blocks)
    gemm(n, n, n, one, zero, M2, n, 1, D2, n, 1, D4, n, 1, blocks)
    gemm(n, n, n, one, one, D2, n, 1, M2, n, 1, D4, n, 1, blocks)
    gemm(n, n, n, one, zero, M4, n, 1, D2, n, 1, D6, n, 1, blocks)
    gemm(n, n, n, one, one, D4, n, 1, M2, n, 1, D6, n, 1, blocks)
    for i in range(q):  # odd powers: M times W
        P[i] = _B13 * M6[i] + _B11 * M4[i] + _B9 * M2[i]
        W[i] = _B7 * M6[i] + _B5 * M4[i] + _B3 * M2[i]
        U[i] = _B13 * D6[i] + _B11 * D4[i] + _B9 * D2[i]
        dW[i] = _B7 * D6[i] + _B5 * D4[i] + _B3 * D2[i]
    for i in range(n):
        W[i * (n + 1)] = W[i * (n + 1)] + _B1
    gemm(n, n, n, one, one, M6, n, 1, P, n, 1, W, n, 1, blocks)
    gemm(n, n, n, one, one, M6, n, 1, U, n, 1, dW, n, 1, blocks)
    gemm(n, n, n, one, one, D6, n, 1, P, n, 1, dW, n, 1, blocks)
    gemm(n, n, n, one, zero, M, n, 1, W, n, 1, U, n, 1, blocks)
    gemm(n, n, n, one, zero, M, n, 1, dW, n, 1, dU, n, 1, blocks)
    gemm(n, n, n, one, one, D, n, 1, W, n, 1, dU, n, 1, blocks)
    for i in range(q):  # even powers
        P[i] = _B12 * M6[i] + _B10 * M4[i] + _B8 * M2[i]
        V[i] = _B6 * M6[i] + _B4 * M4[i] + _B2 * M2[i]
        W[i] = _B12 * D6[i] + _B10 * D4[i] + _B8 * D2[i]
        dV[i] = _B6 * D6[i] + _B4 * D4[i] + _B2 * D2[i]
    for i in range(n):
        V[i * (n + 1)] = V[i * (n + 1)] + _B0
    gemm(n, n, n, one, one, M6, n, 1, P, n, 1, V, n, 1, blocks)
    gemm(n, n, n, one, one, M6, n, 1, W, n, 1, dV, n, 1, blocks)
    gemm(n, n, n, one, one, D6, n, 1, P, n, 1, dV, n, 1, blocks)
    # (V - U)*R = V + U, and (V - U)*L = dV + dU - (dV - dU)*R for the derivative L; both are held by columns.
    for i in range(n):
        for j in range(n):
            M[i + j * n] = V[i * n + j] - U[i * n + j]
            P[i + j * n] = V[i * n + j] + U[i * n + j]
            W[i + j * n] = dV[i * n + j] + dU[i * n + j]
            D[i * n + j] = dV[i * n + j] - dU[i * n + j]
    if n > 0:
        _getrf(n, n, M, n, pivots)
        _getrs(_N, n, n, M, n, pivots, P, n)
        gemm(n, n, n, -one, one, D, n, 1, P, 1, n, W, 1, n, blocks)
        _getrs(_N, n, n, M, n, pivots, W, n)
    for _ in range(squarings):
        gemm(n, n, n, one, zero, P, 1, n, W, 1, n, U, 1, n, blocks)
        gemm(n, n, n, one, one, W, 1, n, P, 1, n, U, 1, n, blocks)
        gemm(n, n, n, one, zero, P, 1, n, P, 1, n, V, 1, n, blocks)
        for i in range(q):
            W[i] = U[i]
            P[i] = V[i]
    for i in range(n):
        for j in range(n):
            X[i * x0 + j * x1] = W[i + j * n]
    return 0
