"""Productions with derivatives, calls of other functions, indices and tensors, as the others in `productions.py`.

An operand `@n` is a name of that shape, by which the production differentiates.  Other operands stand only where the
language says that they are constants of the differentiation (directions).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg
import scipy.special

from .productions import SIZES, SPARSE, add, definite

Array = Any


def _probabilities(x: Array) -> Array:
    return scipy.special.softmax(x)


def _curvature(x: Array) -> Array:
    p = _probabilities(x)
    return np.diag(p) - np.outer(p, p)


# Functions that programs call, one of which calls another.
HELPERS = {
    "linear": "fn linear(Z: matrix[k, l], z: vector[l]) = Z*z + sum(Z, 2)",
    "layer": "fn layer(Z: matrix[k, l], z: vector[l]) = tanh(linear(Z, z))",
    "form": "fn form(Z: matrix[k, k], z: vector[k]) = { h = Z*z; z'*h + h'*h }",
    "slope": "fn slope(Z: matrix[k, k], z: vector[k]) = grad(form(Z, z), z)",
    "shifted": "fn shifted(Z: matrix[k, k]) = { W = Z + I; W*W' }",
}


def _layer(a: Array, x: Array) -> Array:
    return np.tanh(a @ x + a.sum(1))


def _form(a: Array, x: Array) -> Array:
    return x @ a @ x + (a @ x) @ (a @ x)


def _slope(a: Array, x: Array) -> Array:
    return (a + a.T) @ x + 2 * a.T @ a @ x


for _z in ("n", "m"):
    _zz = _z + _z
    # Gradients, Hessians, Jacobians.
    add(_z, "grad(sum(sin({0})), {0})", f"@{_z}", np.cos)
    add(_z, "grad(logsumexp({0}), {0})", f"@{_z}", _probabilities)
    add(_z, "grad(norm2({0})^3, {0})", f"@{_z}", lambda a: 3 * np.linalg.norm(a) * a)
    add(_z, "grad(sum(grad(sum(sin({0})), {0}).^2), {0})", f"@{_z}", lambda a: -2 * np.cos(a) * np.sin(a))
    add(_z, "grad(prod({0}), {0})", f"@{_z}", lambda a: np.array([np.prod(np.delete(a, k)) for k in range(len(a))]))
    add(_zz, "hess(sum(sin({0})), {0})", f"@{_z}", lambda a: np.diag(-np.sin(a)))
    add(_zz, "hess(logsumexp({0}), {0})", f"@{_z}", _curvature)
    add(_zz, "jac(softmax({0}), {0})", f"@{_z}", _curvature)
    add(_zz, "jac(exp(-{0}.^2), {0})", f"@{_z}", lambda a: np.diag(-2 * a * np.exp(-(a**2))))
    add("s", "sum(hess(sum({0}.^4), {0}))", f"@{_z}", lambda a: np.sum(12 * a**2))
    # Directions are constants, whatever they depend on.
    add(_z, "hvp(sum({0}.^4), {0}, {1})", f"@{_z} {_z}", lambda a, v: 12 * a**2 * v)
    add(_z, "hvp(logsumexp({0}), {0}, {1})", f"@{_z} {_z}", lambda a, v: _curvature(a) @ v)
    add(_z, "jvp(sin({0}), {0}, {1})", f"@{_z} {_z}", lambda a, v: np.cos(a) * v)
    add(_z, "vjp(softmax({0}), {0}, {1})", f"@{_z} {_z}", lambda a, v: _curvature(a) @ v)
    add(_z, "hess(sum(cosh({0})), {0}) \\ {1}", f"@{_z} {_z}", lambda a, v: v / np.cosh(a))
    # Calls of functions.
    add(_z, "linear({0}, {1})", f"{_zz} {_z}", lambda a, x: a @ x + a.sum(1))
    add(_z, "layer({0}, {1})", f"{_zz} {_z}", _layer)
    add("s", "form({0}, {1})", f"{_zz} {_z}", _form)
    add(_z, "slope({0}, {1})", f"{_zz} {_z}", _slope)
    add(_zz, "shifted({0})", _zz, lambda a: (a + np.eye(len(a))) @ (a + np.eye(len(a))).T)
    # Indices that are arguments: i is 1, j is 2.
    add("s", "{0}[i]", _z, lambda a: a[1], names=("i",))
    add("s", "{0}[j-1]*{0}[-i]", _z, lambda a: a[1] * a[-1], names=("i", "j"))
    add(_z, "{0}[i, :]", _zz, lambda a: a[1], names=("i",))
    add(_z, "{0}[:, j]", _zz, lambda a: a[:, 2], names=("j",))
    add("s", "sum({0}[i:j])", _z, lambda a: a[1], names=("i", "j"))
for _z in ("nn", "mm"):
    add(_z, "grad(log(det({0}'*{0} + I)), {0})", f"@{_z}", lambda a: 2 * a @ np.linalg.inv(definite(a)))
    add(_z, "grad(tr({0}*{0}*{0}), {0})", f"@{_z}", lambda a: 3 * (a @ a).T)
    add(_z, "grad(sum({0}*{0}'), {0})", f"@{_z}", lambda a: 2 * np.ones(a.shape) @ a)
    add(_z, "jvp(expm({0}/9), {0}, {1})", f"@{_z} {_z}", lambda a, v: scipy.linalg.expm_frechet(a / 9, v / 9)[1])
    add(_z, "jvp({0}*{0}', {0}, {1})", f"@{_z} {_z}", lambda a, v: v @ a.T + a @ v.T)
    add(_z, "vjp({0}*{0}, {0}, {1})", f"@{_z} {_z}", lambda a, s: s @ a.T + a.T @ s)
    add(_z, "hvp(sum(({0}'*{0}).^2)/4, {0}, {1})", f"@{_z} {_z}",
        lambda a, v: v @ a.T @ a + a @ v.T @ a + a @ a.T @ v)  # fmt: skip
    add("s", "jvp(logdet({0}'*{0} + I), {0}, {1})", f"@{_z} {_z}",
        lambda a, v: 2 * np.sum(a @ np.linalg.inv(definite(a)) * v))  # fmt: skip
    add("s", "jac({0}*{0}, {0}) : {0} : ones({1}, {1})".replace("{1}", _z[0]), f"@{_z}",
        lambda a: 2 * np.sum(a @ a))  # fmt: skip
    add("s", "{0}[i, j]", _z, lambda a: a[1, 2], names=("i", "j"))

# A sparse matrix, of which only products are made.
add("m", "W*{0}", "n", lambda x: SPARSE @ x, names=("W",))
add("n", "W'*{0}", "m", lambda x: SPARSE.T @ x, names=("W",))
add("r", "{0}'*W", "m", lambda x: (x @ SPARSE)[None], names=("W",))
add("mm", "W*{0}", "nm", lambda a: SPARSE @ a, names=("W",))
add("nn", "{0}*W", "nm", lambda a: a @ SPARSE, names=("W",))
add("nn", "W'*diag({0})*W", "m", lambda x: SPARSE.T @ np.diag(x) @ SPARSE, names=("W",))
add("nn", "W'*W + {0}", "nn", lambda a: SPARSE.T @ SPARSE + a, names=("W",))
add("s", "{0}'*W*{1}", "m n", lambda a, b: a @ SPARSE @ b, names=("W",))
add("s", "sum(softplus(W*{0}) - {1} .* (W*{0}))", "n m",
    lambda a, b: np.sum(np.logaddexp(0, SPARSE @ a) - b * (SPARSE @ a)), names=("W",))  # fmt: skip

# Tensors.
_T = "mnn"
add(_T, "{0}*{1}", f"{_T} nn", lambda t, a: t @ a)
add(_T, "{1}*{0}", f"{_T} mm", lambda t, a: np.tensordot(a, t, 1))
add("mn", "{0}*{1}", f"{_T} n", lambda t, x: t @ x)
add("m", "{0} : {1}", f"{_T} nn", lambda t, a: np.tensordot(t, a, 2))
add("n", "{1} : {0}", f"{_T} mn", lambda t, a: np.tensordot(a, t, 2))
add("nn", "{0}[i, :, :]", _T, lambda t: t[1], names=("i",))
add("mn", "{0}[:, 1, :]", _T, lambda t: t[:, 1])
add("mn", "{0}[:, :, 0]", _T, lambda t: t[:, :, 0])
add("n", "{0}[2, 1, :]", _T, lambda t: t[2, 1])
add("s", "sum({0} .* {1})", f"{_T} {_T}", lambda a, b: np.sum(a * b))
add("s", "normfro({0})^2", _T, lambda a: np.sum(a * a))
add("s", "max({0})", _T, np.max, False)
add("s", "logsumexp({0})", _T, scipy.special.logsumexp)
assert SIZES["m"] > 3 > 2, "i and j lie inside"
