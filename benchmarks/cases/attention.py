"""Pieces of networks: attention, layer normalization, a contrastive loss, and a deeper network with softmax.

Enters: nothing.  Leaves: `OBJECTIVES`.  Always holds: the backward pass is the textbook's, with probabilities kept from
the forward pass.  Not for: training.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..objective import Array, Objective, Random, Sizes


def _softmax_in_place(Z: Array) -> tuple[Array, Array]:
    """Turns the rows into probabilities; gives their maxima and sums."""
    top = Z.max(1)
    Z -= top[:, None]
    np.exp(Z, out=Z)
    total = Z.sum(1)
    Z /= total[:, None]
    return top, total


def _attention_data(rng: Random, sizes: Sizes) -> dict[str, Array]:
    n, d = sizes["n"], sizes["d"]
    return {name: rng.normal(size=(n, d)) for name in "GQKV"}


def _attention_numpy(G: Array, Q: Array, K: Array, V: Array) -> Any:
    scale = 1 / math.sqrt(Q.shape[1])
    P = (scale * Q) @ K.T
    _softmax_in_place(P)
    out = P @ V
    D = G @ V.T
    D -= np.einsum("ij,ij->i", G, out)[:, None]
    D *= P
    D *= scale
    return np.vdot(G, out), (D @ K, D.T @ Q, P.T @ G)


def _attention_formula(np: Any, G: Any, Q: Any, K: Any, V: Any) -> Any:
    return np.sum(G * (np.softmax(Q @ K.T / Q.shape[1] ** 0.5, -1) @ V))


def _normalization_data(rng: Random, sizes: Sizes) -> dict[str, Array]:
    m, n = sizes["m"], sizes["n"]
    data = {"G": rng.normal(size=(m, n)), "X": rng.normal(size=(m, n))}
    return data | {"a": rng.normal(size=n), "b": rng.normal(size=n)}


def _normalization_numpy(G: Array, X: Array, a: Array, b: Array) -> Any:
    n = X.shape[1]
    Z = X - X.mean(1)[:, None]
    s = np.sqrt(np.einsum("ij,ij->i", Z, Z) / n + 1e-5)
    Z /= s[:, None]
    by_a, by_b = np.einsum("ij,ij->j", G, Z), G.sum(0)
    D = G * a
    mean, along = D.mean(1), np.einsum("ij,ij->i", D, Z) / n
    Z *= along[:, None]
    D -= mean[:, None]
    D -= Z
    D /= s[:, None]
    return by_a @ a + by_b @ b, (D, by_a, by_b)


def _normalization_formula(np: Any, G: Any, X: Any, a: Any, b: Any) -> Any:
    n = X.shape[1]
    R = X - np.every_column(np.sum(X, axis=1) / n, X)
    s = np.sqrt(np.sum(R * R, axis=1) / n + 1e-5)
    return np.sum(G * (R / np.every_column(s, X) * np.every_row(a, X) + np.every_row(b, X)))


# Pairs of views, the rows of U and V: each row of U must find its partner among the rows of V.


def _contrastive_numpy(U: Array, V: Array) -> Any:
    P = U @ V.T
    own = P.trace()
    top, total = _softmax_in_place(P)
    value = top.sum() + np.log(total).sum() - own
    P.ravel()[:: len(P) + 1] -= 1
    return value, (P @ V, P.T @ U)


def _contrastive_formula(np: Any, U: Any, V: Any) -> Any:
    S = U @ V.T
    return np.sum(np.logsumexp(S, axis=1)) - np.trace(S)


def _contrastive_expert(np: Any, U: Any, V: Any) -> Any:
    return np.sum(np.logsumexp(U @ V.T, axis=1)) - np.sum(U * V)


# Two hidden layers with softplus, and softmax with cross-entropy.


def _deep_data(rng: Random, sizes: Sizes) -> dict[str, Array]:
    m, n, h, k = (sizes[name] for name in "mnhk")
    return {
        "X": rng.normal(size=(m, n)), "Y": np.eye(k)[rng.integers(k, size=m)],
        "A": rng.normal(size=(n, h)) / math.sqrt(n), "B": rng.normal(size=(h, h)) / math.sqrt(h),
        "C": rng.normal(size=(h, k)) / math.sqrt(h),
    }  # fmt: skip


def _softplus_and_sigmoid(Z: Array) -> tuple[Array, Array]:
    e = np.exp(-np.abs(Z))
    s = np.where(Z >= 0, 1.0, e)
    s /= 1 + e
    np.log1p(e, out=e)
    e += np.maximum(Z, 0.0, out=Z)
    return e, s


def _deep_numpy(X: Array, Y: Array, A: Array, B: Array, C: Array) -> Any:
    H, by_H = _softplus_and_sigmoid(X @ A)
    K, by_K = _softplus_and_sigmoid(H @ B)
    P = K @ C
    chosen = np.vdot(Y, P)
    top, total = _softmax_in_place(P)
    value = top.sum() + np.log(total).sum() - chosen
    P -= Y
    by_K *= P @ C.T
    by_H *= by_K @ B.T
    return value, (X.T @ by_H, H.T @ by_K, K.T @ P)


def _deep_formula(np: Any, X: Any, Y: Any, A: Any, B: Any, C: Any) -> Any:
    Z = np.softplus(np.softplus(X @ A) @ B) @ C
    return np.sum(np.logsumexp(Z, axis=1)) - np.sum(Y * Z)


OBJECTIVES = (
    Objective(
        "attention",
        "fn attention(G: matrix[n, d], Q: matrix[n, d], K: matrix[n, d], V: matrix[n, d]) ="
        " sum(G .* (softmax(Q*K'/sqrt(d), 2)*V))", ("Q", "K", "V"),
        ({"n": 5, "d": 3}, {"n": 50, "d": 16}, {"n": 500, "d": 64}), _attention_data,
        formula=_attention_formula, numpy=_attention_numpy,
    ),
    Objective(
        "layer_norm",
        "fn layer_norm(G: matrix[m, n], X: matrix[m, n], a: vector[n], b: vector[n]) = {\n"
        "    R = X - mean(X, 2)\n    s = sqrt(mean(R.^2, 2) + 1e-5)\n"
        "    sum(G .* ((R ./ s) .* a' + b'))\n}", ("X", "a", "b"),
        ({"m": 5, "n": 4}, {"m": 100, "n": 50}, {"m": 2000, "n": 500}), _normalization_data,
        formula=_normalization_formula, numpy=_normalization_numpy,
    ),
    Objective(
        "contrastive",
        "fn contrastive(U: matrix[n, d], V: matrix[n, d]) = {\n"
        "    S = U*V'\n    sum(logsumexp(S, 2)) - tr(S)\n}", ("U", "V"),
        ({"n": 5, "d": 3}, {"n": 64, "d": 16}, {"n": 800, "d": 64}),
        lambda rng, sizes: {name: rng.normal(size=(sizes["n"], sizes["d"])) for name in "UV"},
        formula=_contrastive_formula, expert=_contrastive_expert, numpy=_contrastive_numpy,
    ),
    Objective(
        "deep_network",
        "fn deep_network(X: matrix[m, n], Y: matrix[m, k], A: matrix[n, h], B: matrix[h, h], C: matrix[h, k]) = {\n"
        "    Z = softplus(softplus(X*A)*B)*C\n    sum(logsumexp(Z, 2)) - sum(Y .* Z)\n}", ("A", "B", "C"),
        ({"m": 8, "n": 4, "h": 4, "k": 3}, {"m": 100, "n": 20, "h": 20, "k": 5},
         {"m": 2000, "n": 100, "h": 64, "k": 10}), _deep_data,
        formula=_deep_formula, numpy=_deep_numpy,
    ),
)  # fmt: skip
