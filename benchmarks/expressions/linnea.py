"""Application expressions of the Linnea suite, smaller than published.

Enters: nothing.  Leaves: `EXPRESSIONS`.  Always holds: `best` is the least over the ways that its comments name; where
two ways are close it is their minimum, since sizes decide.  Not for: other suites.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg.blas import dsyr2k

from .by_hand import (
    cholesky,
    cholesky_in_place,
    cholesky_inverse,
    cholesky_solve,
    gram,
    lower_solve,
    lower_times,
    outer_gram,
    plus_diagonal,
    solve,
    symmetric_times,
    times_lower,
    upper_times,
)
from .expression import Expression

Array = Any


def _linnea(name: str, parameters: str, text: str, sizes: dict[str, int], best: Any, by_hand: Any) -> Expression:
    return Expression("Linnea", name, f"fn f({parameters}) = {text}", sizes, best, by_hand)


def syrk(n: int, k: int) -> int:
    """Operations of A*A', A n x k; also of any product n x n that is known to be symmetric."""
    return k * n * (n + 1)


def congruence(m: int, n: int) -> float:
    """Operations of A'*P*A, A m x n, P symmetric: P*A by symm and half a product; or P = L*L' and syrk; or P = T + T'
    with a triangle T, T*A by trmm and syr2k."""
    return min(2 * m * m * n + syrk(n, m), m**3 / 3 + m * m * n + syrk(n, m), m * m * n + m * n + 2 * syrk(n, m))


def _normal_equations(X: Array, y: Array) -> Array:
    return cholesky_solve(cholesky_in_place(gram(X)), y @ X)


def _optimization(W: Array, A: Array, b: Array, c: Array) -> Array:
    w = W.diagonal()
    S = outer_gram(A * np.sqrt(w))
    return w * (cholesky_solve(cholesky_in_place(S), b) @ A - c)


def _signal(A: Array, B: Array, R: Array, L: Array, y: Array) -> Array:
    G = gram(B)
    RA = upper_times(R, A)
    S = RA.T @ (L.diagonal()[:, None] * RA)
    S += G
    return A @ solve(S, G @ solve(A, y))


def _ensemble_kalman(X: Array, B: Array, R: Array, H: Array, Y: Array) -> Array:
    Z = lower_solve(cholesky(R), H)
    S = gram(Z)
    inverse = cholesky_inverse(cholesky(B))
    S += np.tril(inverse) + np.tril(inverse, -1).T
    return X + cholesky_solve(cholesky_in_place(S), Y - H @ X)


def _ensemble_gain(X: Array, H: Array, R: Array, Y: Array, Z: Array) -> Array:
    V = times_lower(H, X)
    S = outer_gram(V)
    S += R
    return lower_times(X, V.T @ cholesky_solve(cholesky_in_place(S), Y - H @ Z))


def _right_inverse(H: Array) -> Array:
    return cholesky_solve(cholesky_in_place(outer_gram(H)), H).T


def _projection(S: Array, A: Array, W: Array) -> Array:
    AS = A @ S
    M = AS.T @ symmetric_times(W, AS)
    Z = lower_solve(cholesky_in_place(M), S.T)
    return gram(Z)


def _block_update(S: Array, A: Array, X: Array) -> Array:
    AS = symmetric_times(A, S)
    L = cholesky_in_place(S.T @ AS)
    Z = lower_solve(L, S.T).T
    V = lower_solve(L, AS.T).T
    XV = symmetric_times(X, V)
    U = XV - 0.5 * Z @ plus_diagonal(V.T @ XV, 1.0)
    C = dsyr2k(-1.0, Z, U, beta=1.0, c=X.T, lower=1)
    return np.tril(C) + np.tril(C, -1).T


def _image_restoration(A: Array, W: Array, l: float) -> Array:  # noqa: E741 - the suite's name
    V = W.T @ A
    L = cholesky_in_place(plus_diagonal(outer_gram(V), l))
    C = gram(lower_solve(L, V))
    C *= -1 / l
    return plus_diagonal(C, 1 / l)


def _tikhonov(A: Array, b: Array, a: float) -> Array:
    return cholesky_solve(cholesky_in_place(plus_diagonal(gram(A), a)), b @ A)


def _tikhonov_wide(A: Array, b: Array, a: float) -> Array:
    return cholesky_solve(cholesky_in_place(plus_diagonal(outer_gram(A), a)), b) @ A


def _generalized_least_squares(x: Array, A: Array, P: Array, Q: Array, b: Array) -> Array:
    LA = np.triu(cholesky(P).T) @ A
    S = gram(LA)
    S += Q
    return x + cholesky_solve(cholesky_in_place(S), symmetric_times(P, (b - A @ x)[:, None])[:, 0] @ A)


def _minimum_mean_square(x: Array, A: Array, Cz: Array, Cx: Array, y: Array) -> Array:
    S = outer_gram(A @ np.tril(cholesky(Cx)))
    S += Cz
    return x + Cx @ (cholesky_solve(cholesky_in_place(S), y - A @ x) @ A)


def _kalman(P: Array, H: Array, R: Array, x: Array, z: Array) -> Any:
    HP = symmetric_times(P, H.T).T
    S = HP @ H.T
    S += R
    L = cholesky_in_place(S)
    Z = lower_solve(L, HP)
    return x + lower_solve(L, z - H @ x) @ Z, P - gram(Z)


EXPRESSIONS = (
    _linnea(
        "01 least squares",
        "X: matrix[n, m], y: vector[n]",
        "inv(X'*X)*X'*y",
        {"n": 1250, "m": 250},
        # syrk, X'*y, Cholesky, two triangular solves of a vector
        lambda n, m: syrk(m, n) + 2 * n * m + m**3 / 3 + 2 * m * m,
        _normal_equations,
    ),
    _linnea(
        "03 optimization",
        "W: posdef diagonal matrix[n, n], A: matrix[m, n], b: vector[m], c: vector[n]",
        "W*(A'*inv(A*W*A')*b - c)",
        {"m": 200, "n": 400},
        # A*sqrt(W): roots and scaling; syrk, Cholesky, solves of a vector, A'*v, minus c, times W
        lambda m, n: n + m * n + syrk(m, n) + m**3 / 3 + 2 * m * m + 2 * m * n + 2 * n,
        _optimization,
    ),
    _linnea(
        "05 signal processing",
        "A: matrix[n, n], B: matrix[n, n], R: upper matrix[n, n], L: diagonal matrix[n, n], y: vector[n]",
        "inv(inv(A)'*B'*B*inv(A) + R'*L*R)*inv(A)'*B'*B*inv(A)*y",
        {"n": 400},
        # Pushed through: A*inv(G + (R*A)'*L*(R*A))*G*inv(A)*y, G = B'*B by syrk, R*A by trmm, its weighted Gram matrix
        # by scaling and half a product, two LU factorizations (L may have negative entries), and vectors
        lambda n: syrk(n, n) + n**3 + n * n + syrk(n, n) + n * n + 4 / 3 * n**3 + 2 * 2 * n * n + 4 * n * n,
        _signal,
    ),
    _linnea(
        "07 ensemble Kalman filter",
        "X: matrix[n, k], B: posdef matrix[n, n], R: posdef matrix[n, n], H: matrix[n, n], Y: matrix[n, k]",
        "X + inv(inv(B) + H'*inv(R)*H)*(Y - H*X)",
        {"n": 300, "k": 30},
        # The residual; Cholesky of R, triangular solve, syrk, Cholesky and inverse of B, sum, Cholesky, solve; sum.
        # B*r - B*H'*inv(R + H*B*H')*H*B*r takes 5 % less, but its error is larger by up to the root of the condition
        # number (tests/plan/test_plan_accuracy.py), and with a step of refinement it takes more.
        lambda n, k: 2 * n * n * k + 2 * n * k + n**3 / 3 + n**3 + syrk(n, n) + n**3 + n * n + n**3 / 3 + 2 * n * n * k,
        _ensemble_kalman,
    ),
    _linnea(
        "09 ensemble gain",
        "X: lower matrix[n, n], H: matrix[m, n], R: posdef matrix[m, m], Y: matrix[m, k], Z: matrix[n, k]",
        "X*(H*X)'*inv(R + H*X*(H*X)')*(Y - H*Z)",
        {"n": 400, "m": 200, "k": 40},
        # V = H*X by trmm, syrk, Cholesky, Y - H*Z, solves, V'*(.), X*(.) by trmm
        lambda n, m, k: (
            m * n * n
            + syrk(m, n)
            + m * m
            + m**3 / 3
            + 2 * m * n * k
            + m * k
            + 2 * m * m * k
            + 2 * m * n * k
            + n * n * k
        ),
        _ensemble_gain,
    ),
    _linnea(
        "11 right inverse",
        "H: matrix[m, n]",
        "H'*inv(H*H')",
        {"m": 200, "n": 1000},
        # syrk, Cholesky, two triangular solves with n right-hand sides
        lambda m, n: syrk(m, n) + m**3 / 3 + 2 * m * m * n,
        _right_inverse,
    ),
    _linnea(
        "13 projection",
        "S: matrix[n, q], A: matrix[m, n], W: posdef matrix[m, m]",
        "S*inv(S'*A'*W*A*S)*S'",
        {"m": 400, "n": 500, "q": 50},
        # A*S; the q x q matrix; Cholesky; one triangular solve; syrk
        lambda m, n, q: 2 * m * n * q + congruence(m, q) + q**3 / 3 + n * q * q + syrk(n, q),
        _projection,
    ),
    _linnea(
        "15 block update of an inverse",
        "S: matrix[n, q], A: posdef matrix[n, n], X: symmetric matrix[n, n]",
        "S*inv(S'*A*S)*S' + (I - S*inv(S'*A*S)*S'*A)*X*(I - A*S*inv(S'*A*S)*S')",
        {"n": 500, "q": 50},
        # A*S by symm; S'*A*S by half; Cholesky; Z = S*inv(L)', V = A*S*inv(L)' by triangular solves; X*V by symm;
        # V'*X*V by half; then X - Z*U' - U*Z' with U = X*V - Z*(V'*X*V + I)/2: one thin product and syr2k
        lambda n, q: (
            2 * n * n * q
            + syrk(q, n)
            + q**3 / 3
            + 2 * n * q * q
            + 2 * n * n * q
            + syrk(q, n)
            + q
            + 2 * n * q * q
            + n * q
            + 2 * q * n * (n + 1)
            + n * n
        ),
        _block_update,
    ),
    _linnea(
        "17 image restoration",
        "A: matrix[m, n], W: matrix[m, q], l: positive scalar",
        "(1/l)*(I - A'*W*inv(l*I + W'*A*A'*W)*W'*A)",
        {"m": 200, "n": 800, "q": 100},
        # V = W'*A; syrk; Cholesky; one triangular solve; syrk with its factor; the diagonal
        lambda m, n, q: 2 * m * n * q + syrk(q, n) + q + q**3 / 3 + q * q * n + syrk(n, q) + n,
        _image_restoration,
    ),
    _linnea(
        "19 Tikhonov, tall",
        "A: matrix[n, m], b: vector[n], a: positive scalar",
        "inv(A'*A + a*I)*A'*b",
        {"n": 1250, "m": 250},
        lambda n, m: syrk(m, n) + m + m**3 / 3 + 2 * n * m + 2 * m * m,
        _tikhonov,
    ),
    _linnea(
        "19 Tikhonov, wide",
        "A: matrix[n, m], b: vector[n], a: positive scalar",
        "inv(A'*A + a*I)*A'*b",
        {"n": 250, "m": 1250},
        # Pushed through: A'*inv(A*A' + a*I)*b has the smaller matrix.
        lambda n, m: syrk(n, m) + n + n**3 / 3 + 2 * n * m + 2 * n * n,
        _tikhonov_wide,
    ),
    _linnea(
        "21 generalized least squares",
        "x: vector[n], A: matrix[m, n], P: posdef matrix[m, m], Q: posdef matrix[n, n], b: vector[m]",
        "x + inv(A'*P*A + Q)*A'*P*(b - A*x)",
        {"m": 400, "n": 200},
        # A'*P*A, sum, Cholesky; vectors
        lambda m, n: congruence(m, n) + n * n + n**3 / 3 + 2 * m * n + m + 2 * m * m + 2 * m * n + 2 * n * n + n,
        _generalized_least_squares,
    ),
    _linnea(
        "23 minimum mean square error",
        "x: vector[n], A: matrix[m, n], Cz: posdef matrix[m, m], Cx: posdef matrix[n, n], y: vector[m]",
        "inv(A'*inv(Cz)*A + inv(Cx))*A'*inv(Cz)*(y - A*x) + x",
        {"m": 200, "n": 400},
        # As a gain, Cx*A'*inv(A*Cx*A' + Cz): A*Cx*A', sum, Cholesky; vectors
        lambda m, n: congruence(n, m) + m * m + m**3 / 3 + 2 * m * n + m + 2 * m * m + 2 * m * n + 2 * n * n + n,
        _minimum_mean_square,
    ),
    Expression(
        "Linnea",
        "25 Kalman filter",
        "fn f(P: posdef matrix[n, n], H: matrix[m, n], R: posdef matrix[m, m], x: vector[n], z: vector[m]) = {\n"
        "    K = P*H'*inv(R + H*P*H')\n"
        "    (x + K*(z - H*x), (I - K*H)*P)\n"
        "}",
        {"n": 400, "m": 200},
        # H*P by symm, its product with H' by half, Cholesky, one triangular solve, syrk; vectors
        lambda n, m: (
            2 * m * n * n
            + syrk(m, n)
            + m * m
            + m**3 / 3
            + m * m * n
            + syrk(n, m)
            + n * n
            + 2 * m * n
            + m
            + m * m
            + 2 * m * n
            + n
        ),
        _kalman,
    ),
)
