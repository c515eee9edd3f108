"""Control and filtering: Kalman gains and likelihoods, feedback of a linear regulator, the Riccati equation.

Enters: nothing.  Leaves: `OBJECTIVES`.  Always holds: the expert uses that covariances are symmetric, and closes loops
(A - B*K) once.  Not for: simulations over time.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotri

from ..objective import RESIDUAL, Array, Objective, Random, Sizes
from .gaussians import positive


def _gain_data(rng: Random, sizes: Sizes) -> dict[str, Array]:
    n, k = sizes["n"], sizes["k"]
    return {
        "P": positive(rng, n), "H": rng.normal(size=(k, n)) / math.sqrt(n), "R": positive(rng, k),
        "K": rng.normal(size=(n, k)) / math.sqrt(n),
    }  # fmt: skip


def _gain_numpy(P: Array, H: Array, R: Array, K: Array) -> Any:
    """tr(P) - 2*tr(K*H*P) + tr(K*(H*P*H' + R)*K') has no product of n-by-n matrices but H*P."""
    HP = H @ P
    S = HP @ H.T
    S += R
    KS = K @ S
    PH = HP.T
    value = P.trace() + np.vdot(K, KS) - 2 * np.vdot(K, PH)
    KS -= PH
    KS *= 2
    return value, KS


def _gain_formula(np: Any, P: Any, H: Any, R: Any, K: Any) -> Any:
    M = np.eye(P.shape[0]) - K @ H
    return np.trace(M @ P @ M.T + K @ R @ K.T)


def _gain_expert(np: Any, P: Any, H: Any, R: Any, K: Any) -> Any:
    M = np.eye(P.shape[0]) - K @ H
    return np.sum((M @ P) * M) + np.sum((K @ R) * K)


def _gain_naive(P: Array, H: Array, R: Array, K: Array) -> Any:
    M = np.eye(len(P)) - K @ H
    return np.trace(M @ P @ M.T + K @ R @ K.T), -2 * M @ P @ H.T + 2 * K @ R


# The likelihood of an innovation e, by the covariance of the measurement.


def _innovation_data(rng: Random, sizes: Sizes) -> dict[str, Array]:
    return {**{k: v for k, v in _gain_data(rng, sizes).items() if k != "K"}, "e": rng.normal(size=sizes["k"])}


def _innovation_numpy(P: Array, H: Array, R: Array, e: Array) -> Any:
    S = (H @ P) @ H.T
    S += R
    L, _ = dpotrf(S.T, lower=1, overwrite_a=1)
    half = np.log(L.diagonal()).sum()
    inverse, _ = dpotri(L, lower=1)
    inverse = np.tril(inverse) + np.tril(inverse, -1).T
    a = inverse @ e
    inverse -= np.outer(a, a)
    inverse *= 0.5
    return 0.5 * (e @ a) + half, inverse


def _innovation_formula(np: Any, P: Any, H: Any, R: Any, e: Any) -> Any:
    S = H @ P @ H.T + R
    return 0.5 * np.dot(e, np.solve(S, e)) + 0.5 * np.logdet(S)


def _innovation_expert(np: Any, P: Any, H: Any, R: Any, e: Any) -> Any:
    L = np.cholesky(H @ P @ H.T + R)
    z = np.solve_triangular(L, e)
    return 0.5 * np.dot(z, z) + np.sum(np.log(np.diag(L)))


# One step of a linear regulator: the cost of the feedback K, with the value matrix P of the rest.


def _regulator_data(rng: Random, sizes: Sizes) -> dict[str, Array]:
    n, k = sizes["n"], sizes["k"]
    return {
        "A": rng.normal(size=(n, n)) / math.sqrt(n), "B": rng.normal(size=(n, k)) / math.sqrt(n),
        "P": positive(rng, n), "R": positive(rng, k), "K": rng.normal(size=(k, n)) / math.sqrt(n),
    }  # fmt: skip


def _regulator_numpy(A: Array, B: Array, P: Array, R: Array, K: Array) -> Any:
    M = A - B @ K
    PM = P @ M
    RK = R @ K
    value = np.vdot(PM, M) + np.vdot(RK, K)
    RK -= B.T @ PM
    RK *= 2
    return value, RK


def _regulator_formula(np: Any, A: Any, B: Any, P: Any, R: Any, K: Any) -> Any:
    M = A - B @ K
    return np.trace(M.T @ P @ M) + np.trace(K.T @ R @ K)


def _regulator_expert(np: Any, A: Any, B: Any, P: Any, R: Any, K: Any) -> Any:
    M = A - B @ K
    return np.sum((P @ M) * M) + np.sum((R @ K) * K)


# The residual of the Riccati equation.


def _riccati_data(rng: Random, sizes: Sizes) -> dict[str, Array]:
    n, k = sizes["n"], sizes["k"]
    A, B, X = rng.normal(size=(n, n)) / math.sqrt(n), rng.normal(size=(n, k)) / math.sqrt(n), positive(rng, n)
    Q = X @ B @ B.T @ X - A.T @ X - X @ A + RESIDUAL * positive(rng, n)
    return {"A": A, "B": B, "Q": (Q + Q.T) / 2, "X": X}


def _riccati_numpy(A: Array, B: Array, Q: Array, X: Array) -> Any:
    XA, XB = X @ A, X @ B
    E = Q - XB @ XB.T
    E += XA
    E += XA.T
    G = E @ (A - B @ XB.T).T  # half of the gradient is its symmetric part
    value = np.vdot(E, E)
    G += G.T
    G *= 2
    return value, G


def _riccati_formula(np: Any, A: Any, B: Any, Q: Any, X: Any) -> Any:
    return np.sum((A.T @ X + X @ A - X @ B @ B.T @ X + Q) ** 2)


def _riccati_expert(np: Any, A: Any, B: Any, Q: Any, X: Any) -> Any:
    return np.sum((A.T @ X + X @ A - (X @ B) @ (B.T @ X) + Q) ** 2)


def _riccati_naive(A: Array, B: Array, Q: Array, X: Array) -> Any:
    E = A.T @ X + X @ A - X @ B @ B.T @ X + Q
    return np.linalg.norm(E) ** 2, 2 * (A @ E + E @ A.T - B @ B.T @ X @ E - E @ X @ B @ B.T)


SIZES: tuple[Sizes, Sizes, Sizes] = ({"n": 4, "k": 2}, {"n": 40, "k": 10}, {"n": 300, "k": 60})
OBJECTIVES = (
    Objective(
        "kalman_gain",
        "fn kalman_gain(P: posdef matrix[n, n], H: matrix[k, n], R: posdef matrix[k, k], K: matrix[n, k]) ="
        " tr((I - K*H)*P*(I - K*H)' + K*R*K')", ("K",), SIZES, _gain_data,
        formula=_gain_formula, expert=_gain_expert, numpy=_gain_numpy, naive=_gain_naive,
    ),
    Objective(
        "innovation",
        "fn innovation(P: posdef matrix[n, n], H: matrix[k, n], R: posdef matrix[k, k], e: vector[k]) = {\n"
        "    S = H*P*H' + R\n    0.5 * e'*(S \\ e) + 0.5 * logdet(S)\n}", ("R",), SIZES, _innovation_data,
        formula=_innovation_formula, expert=_innovation_expert, numpy=_innovation_numpy,
    ),
    Objective(
        "regulator",
        "fn regulator(A: matrix[n, n], B: matrix[n, k], P: posdef matrix[n, n], R: posdef matrix[k, k],"
        " K: matrix[k, n]) =\n    tr((A - B*K)'*P*(A - B*K)) + tr(K'*R*K)", ("K",), SIZES, _regulator_data,
        formula=_regulator_formula, expert=_regulator_expert, numpy=_regulator_numpy,
    ),
    Objective(
        "riccati",
        "fn riccati(A: matrix[n, n], B: matrix[n, k], Q: symmetric matrix[n, n], X: symmetric matrix[n, n]) ="
        " normfro(A'*X + X*A - X*B*B'*X + Q)^2", ("X",), SIZES, _riccati_data,
        formula=_riccati_formula, expert=_riccati_expert, numpy=_riccati_numpy, naive=_riccati_naive,
    ),
)  # fmt: skip
