"""Tiny geometry: rotations, poses, cameras, and arms, with as many points as there are.

Enters: nothing.  Leaves: `OBJECTIVES`.  Always holds: the columns of X are points.  Not for: coordinates of rotations.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from ..objective import RESIDUAL, Array, Objective, Random, Sizes
from .one_pass import FAST


def _rotation(rng: Random) -> Array:
    return np.linalg.qr(rng.normal(size=(3, 3)))[0] + 1e-3 * rng.normal(size=(3, 3))


def _aligned(rng: Random, sizes: Sizes) -> dict[str, Array]:
    X, R = rng.normal(size=(3, sizes["n"])), _rotation(rng)
    return {"X": X, "Y": R @ X + RESIDUAL * rng.normal(size=X.shape), "R": R}


def _rotation_numpy(X: Array, Y: Array, R: Array) -> Any:
    E = R @ X
    E -= Y
    D = R.T @ R
    D.ravel()[::4] -= 1
    return np.vdot(E, E) + np.vdot(D, D), 2 * (E @ X.T) + 4 * (R @ D)


@njit(fastmath=FAST, cache=True)
def _rotation_numba(X: Array, Y: Array, R: Array) -> Any:
    G = np.zeros((3, 3))
    value = 0.0
    for p in range(X.shape[1]):
        for i in range(3):
            e = R[i, 0] * X[0, p] + R[i, 1] * X[1, p] + R[i, 2] * X[2, p] - Y[i, p]
            value += e * e
            for j in range(3):
                G[i, j] += 2 * e * X[j, p]
    for i in range(3):
        for j in range(3):
            d = R[0, i] * R[0, j] + R[1, i] * R[1, j] + R[2, i] * R[2, j] - (i == j)
            value += d * d
            for k in range(3):
                G[k, j] += 4 * d * R[k, i]
    return value, G


def _rotation_formula(np: Any, X: Any, Y: Any, R: Any) -> Any:
    return np.sum((R @ X - Y) ** 2) + np.sum((R.T @ R - np.eye(3)) ** 2)


# A pose as a 4-by-4 matrix, points as homogeneous coordinates, measurements with an information matrix W.


def _pose_data(rng: Random, sizes: Sizes) -> dict[str, Array]:
    P = np.vstack([rng.normal(size=(3, sizes["n"])), np.ones(sizes["n"])])
    T = np.eye(4)
    T[:3] = np.hstack([_rotation(rng), rng.normal(size=(3, 1))])
    W = rng.normal(size=(4, 4))
    return {"W": W @ W.T + np.eye(4), "P": P, "Q": T @ P + RESIDUAL * rng.normal(size=P.shape), "T": T}


def _pose_numpy(W: Array, P: Array, Q: Array, T: Array) -> Any:
    E = T @ P
    E -= Q
    WE = W @ E
    return np.vdot(E, WE), 2 * (WE @ P.T)


@njit(fastmath=FAST, cache=True)
def _pose_numba(W: Array, P: Array, Q: Array, T: Array) -> Any:
    M, G = np.zeros((4, 4)), np.zeros((4, 4))  # M = E*P', so that W is used once
    S = np.zeros((4, 4))
    e = np.empty(4)
    for p in range(P.shape[1]):
        for i in range(4):
            e[i] = T[i, 0] * P[0, p] + T[i, 1] * P[1, p] + T[i, 2] * P[2, p] + T[i, 3] * P[3, p] - Q[i, p]
        for i in range(4):
            for j in range(4):
                M[i, j] += e[i] * P[j, p]
                S[i, j] += e[i] * e[j]
    value = 0.0
    for i in range(4):
        for j in range(4):
            value += W[i, j] * S[i, j]
            for k in range(4):
                G[i, j] += 2 * W[i, k] * M[k, j]
    return value, G


def _pose_formula(np: Any, W: Any, P: Any, Q: Any, T: Any) -> Any:
    E = T @ P - Q
    return np.trace(E.T @ W @ E)


def _pose_expert(np: Any, W: Any, P: Any, Q: Any, T: Any) -> Any:
    E = T @ P - Q
    return np.sum(E * (W @ E))


# Points seen by a camera at (u, v), with rotation R and translation t.


def _camera_data(rng: Random, sizes: Sizes) -> dict[str, Array]:
    n = sizes["n"]
    X, R, t = rng.normal(size=(3, n)), _rotation(rng), np.array([0.1, -0.2, 6.0])
    Z = R @ X + t[:, None]
    u, v = (Z[i] / Z[2] + RESIDUAL * rng.normal(size=n) for i in (0, 1))
    return {"X": X, "u": u, "v": v, "R": R, "t": t}


def _camera_numpy(X: Array, u: Array, v: Array, R: Array, t: Array) -> Any:
    Z = R @ X
    Z += t[:, None]
    depth = 1 / Z[2]
    a, b = Z[0] * depth, Z[1] * depth
    e, f = a - u, b - v
    D = np.empty_like(Z)
    D[0] = 2 * e * depth
    D[1] = 2 * f * depth
    D[2] = -(D[0] * a + D[1] * b)
    return e @ e + f @ f, (D @ X.T, D.sum(1))


@njit(fastmath=FAST, cache=True)
def _camera_numba(X: Array, u: Array, v: Array, R: Array, t: Array) -> Any:
    G, g, d = np.zeros((3, 3)), np.zeros(3), np.empty(3)
    value = 0.0
    for p in range(X.shape[1]):
        for i in range(3):
            d[i] = R[i, 0] * X[0, p] + R[i, 1] * X[1, p] + R[i, 2] * X[2, p] + t[i]
        depth = 1 / d[2]
        a, b = d[0] * depth, d[1] * depth
        e, f = a - u[p], b - v[p]
        value += e * e + f * f
        d[0], d[1] = 2 * e * depth, 2 * f * depth
        d[2] = -(d[0] * a + d[1] * b)
        for i in range(3):
            g[i] += d[i]
            for j in range(3):
                G[i, j] += d[i] * X[j, p]
    return value, (G, g)


def _camera_formula(np: Any, X: Any, u: Any, v: Any, R: Any, t: Any) -> Any:
    Z = R @ X + np.every_column(t, X)
    a, b, depth = (np.row(Z, i) for i in range(3))
    return np.sum((a / depth - u) ** 2) + np.sum((b / depth - v) ** 2)


# An arm in the plane: lengths l, angles q between its parts, a target at (x, y).


def _arm_numpy(l: Array, q: Array, x: float, y: float) -> Any:  # noqa: E741
    angles = q.cumsum()
    c, s = l * np.cos(angles), l * np.sin(angles)
    e, f = c.sum() - x, s.sum() - y
    turning = f * c - e * s
    return e * e + f * f, 2 * turning[::-1].cumsum()[::-1]


@njit(cache=True)
def _arm_numba(l: Array, q: Array, x: float, y: float) -> Any:  # noqa: E741
    n = len(q)
    c, s, g = np.empty(n), np.empty(n), np.empty(n)
    angle = 0.0
    e, f = -x, -y
    for i in range(n):
        angle += q[i]
        c[i], s[i] = l[i] * math.cos(angle), l[i] * math.sin(angle)
        e += c[i]
        f += s[i]
    total = 0.0
    for i in range(n - 1, -1, -1):
        total += f * c[i] - e * s[i]
        g[i] = 2 * total
    return e * e + f * f, g


def _arm_formula(np: Any, l: Any, q: Any, x: Any, y: Any) -> Any:  # noqa: E741
    angles = np.cumsum(q)
    return (np.sum(l * np.cos(angles)) - x) ** 2 + (np.sum(l * np.sin(angles)) - y) ** 2


def _arm_data(rng: Random, sizes: Sizes) -> dict[str, Array]:
    n = sizes["n"]
    return {"l": rng.uniform(0.5, 1, size=n), "q": rng.normal(size=n) / n, "x": 0.3 * n, "y": 0.4 * n}


POINTS: tuple[Sizes, Sizes, Sizes] = ({"n": 3}, {"n": 100}, {"n": 10_000})
OBJECTIVES = (
    Objective(
        "rotation",
        "fn rotation(X: matrix[3, n], Y: matrix[3, n], R: matrix[3, 3]) = normfro(R*X - Y)^2 + normfro(R'*R - I)^2",
        ("R",), POINTS, _aligned, formula=_rotation_formula, numpy=_rotation_numpy, numba=_rotation_numba,
    ),
    Objective(
        "pose",
        "fn pose(W: posdef matrix[4, 4], P: matrix[4, n], Q: matrix[4, n], T: matrix[4, 4]) ="
        " tr((T*P - Q)'*W*(T*P - Q))", ("T",), POINTS, _pose_data,
        formula=_pose_formula, expert=_pose_expert, numpy=_pose_numpy, numba=_pose_numba,
    ),
    Objective(
        "camera",
        "fn camera(X: matrix[3, n], u: vector[n], v: vector[n], R: matrix[3, 3], t: vector[3]) = {\n"
        "    Z = R*X + t*ones(n)'\n    norm2(Z[0, :] ./ Z[2, :] - u)^2 + norm2(Z[1, :] ./ Z[2, :] - v)^2\n}",
        ("R", "t"), POINTS, _camera_data, formula=_camera_formula, numpy=_camera_numpy, numba=_camera_numba,
    ),
    Objective(
        "arm",
        "fn arm(l: vector[n], q: vector[n], x: scalar, y: scalar) = {\n"
        "    a = cumsum(q)\n    (sum(l .* cos(a)) - x)^2 + (sum(l .* sin(a)) - y)^2\n}", ("q",),
        ({"n": 3}, {"n": 30}, {"n": 1000}), _arm_data,
        formula=_arm_formula, numpy=_arm_numpy, numba=_arm_numba,
    ),
)  # fmt: skip
