"""Logistic regression without matgrad: the objective and its gradient were compiled when this wheel was built."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .classifier import loss_value_and_grad

__all__ = ["fit"]


def fit(X: ArrayLike, y: ArrayLike, lam: float = 0.01, steps: int = 500) -> NDArray[np.float64]:
    """The weights, by gradient descent with the step lengths of Barzilai and Borwein."""
    X = np.asarray(X, float)
    w = np.zeros(X.shape[1])
    _, slope = loss_value_and_grad(X, y, w, lam)
    move = -slope / max(1.0, float(np.linalg.norm(slope)))
    for _ in range(steps):
        w = w + move
        _, new = loss_value_and_grad(X, y, w, lam)
        turn = new - slope
        if np.abs(new).max() < 1e-10 or turn @ move <= 0:
            break
        slope, move = new, -new * (move @ move) / (turn @ move)
    return w
