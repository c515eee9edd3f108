"""One set of names for the libraries, so that a formula is written once.

Enters: the name of a library.  Leaves: a namespace with the functions that the formulas in `cases/` use.  Always holds:
each is what the library's own documentation would have one call, numerically safe where the library has that;
`cholesky_of_symmetric` may trust that its argument, which is computed, is symmetric.  Not for: operators and indexing,
which the libraries' arrays have (CasADi's without broadcasting, for which there are `every_row` and `every_column`).
"""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any


@cache
def namespace(library: str) -> SimpleNamespace:
    """The names for `jax`, `torch`, `autograd`, `pytensor` or `casadi`, which is imported."""
    makers = {"jax": _jax, "torch": _torch, "autograd": _autograd, "pytensor": _pytensor, "casadi": _casadi}
    return SimpleNamespace(**BROADCAST | makers[library]())


def _own(library: Any, names: str) -> dict[str, Any]:
    return {name: getattr(library, name) for name in names.split()}


# A vector as every row, or every column, of a matrix like X; and a row as a vector.
BROADCAST = {"every_row": lambda v, X: v, "every_column": lambda v, X: v[:, None], "row": lambda X, i: X[i]}
SHARED = "exp log log1p sqrt abs tanh sin cos cosh where dot trace cumsum"


def _jax() -> dict[str, Any]:
    import jax
    import jax.numpy as jnp
    from jax.scipy.linalg import solve_triangular
    from jax.scipy.special import log_ndtr

    return {
        **_own(jnp, SHARED + " sum max eye diag"),
        **_own(jnp.linalg, "inv solve"),
        **_own(jax.nn, "softplus sigmoid softmax logsumexp relu"),
        "log_ndtr": log_ndtr,
        "logdet": lambda A: jnp.linalg.slogdet(A)[1],
        "cholesky": jnp.linalg.cholesky,
        "cholesky_of_symmetric": lambda A: jnp.linalg.cholesky(A, symmetrize_input=False),
        "solve_triangular": lambda L, B: solve_triangular(L, B, lower=True),
    }


def _torch() -> dict[str, Any]:
    import torch
    from torch.nn import functional

    def solve_triangular(L: Any, B: Any) -> Any:
        if B.ndim == 1:
            return torch.linalg.solve_triangular(L, B[:, None], upper=False)[:, 0]
        return torch.linalg.solve_triangular(L, B, upper=False)

    return {
        **_own(torch, "exp log log1p sqrt abs tanh sin cos cosh where dot trace sum softmax relu sigmoid diag"),
        **_own(torch.linalg, "inv solve cholesky"),
        "max": torch.amax,
        "cumsum": lambda x: torch.cumsum(x, 0),
        "eye": lambda n: torch.eye(n, dtype=torch.float64),
        "softplus": functional.softplus,
        "logsumexp": lambda x, axis=0: torch.logsumexp(x, axis),
        "log_ndtr": torch.special.log_ndtr,
        "logdet": lambda A: torch.linalg.slogdet(A)[1],
        "cholesky_of_symmetric": torch.linalg.cholesky,
        "solve_triangular": solve_triangular,
    }


def _autograd() -> dict[str, Any]:
    import autograd.numpy as anp
    from autograd.scipy.linalg import solve_triangular
    from autograd.scipy.special import expit, logsumexp
    from autograd.scipy.stats import norm

    def softmax(x: Any, axis: int = -1) -> Any:
        e = anp.exp(x - anp.max(x, axis=axis, keepdims=True))
        return e / anp.sum(e, axis=axis, keepdims=True)

    return {
        **_own(anp, SHARED + " sum max eye diag"),
        **_own(anp.linalg, "inv solve cholesky"),
        "softplus": lambda x: anp.logaddexp(0.0, x),
        "sigmoid": expit,
        "softmax": softmax,
        "logsumexp": logsumexp,
        "relu": lambda x: anp.maximum(x, 0.0),
        "log_ndtr": norm.logcdf,
        "logdet": lambda A: anp.linalg.slogdet(A)[1],
        "cholesky_of_symmetric": anp.linalg.cholesky,
        "solve_triangular": lambda L, B: solve_triangular(L, B, lower=True),
    }


def _pytensor() -> dict[str, Any]:
    import pytensor.tensor as pt

    return {
        **_own(pt, SHARED + " sum max eye diag softplus sigmoid logsumexp"),
        **_own(pt.linalg, "inv solve"),
        "softmax": pt.special.softmax,
        "relu": lambda x: pt.maximum(x, 0.0),
        "log_ndtr": lambda x: pt.log(0.5 * pt.erfc(-x / 2**0.5)),
        "logdet": lambda A: pt.linalg.slogdet(A)[1],
        "cholesky": lambda A: pt.linalg.cholesky((A + A.T) / 2),  # its gradient is that of the lower triangle
        "cholesky_of_symmetric": pt.linalg.cholesky,
        "solve_triangular": lambda L, B: pt.linalg.solve_triangular(L, B, lower=True),
    }


def _casadi() -> dict[str, Any]:
    import casadi as ca

    def total(x: Any, axis: int | None = None) -> Any:
        return ca.sum1(ca.sum2(x)) if axis is None else (ca.sum1, ca.sum2)[axis](x)

    def relu(x: Any) -> Any:
        return ca.fmax(x, 0)

    def logsumexp(x: Any, axis: int = 0) -> Any:
        if axis == 0:
            return ca.logsumexp(x)
        return ca.vertcat(*(ca.logsumexp(x[i, :].T) for i in range(x.shape[0])))

    def softmax(x: Any, axis: int) -> Any:
        return ca.exp(x - (logsumexp(x) if x.shape[1] == 1 else every_column(logsumexp(x, axis), x)))

    def every_column(v: Any, X: Any) -> Any:
        return ca.repmat(v, 1, X.shape[1])

    return {
        **_own(ca, "exp log log1p sqrt tanh sin cos cosh dot trace cumsum inv solve diag"),
        "every_row": lambda v, X: ca.repmat(v.T, X.shape[0], 1),
        "every_column": every_column,
        "row": lambda X, i: X[i, :].T,
        "logsumexp": logsumexp,
        "softmax": softmax,
        "abs": ca.fabs,
        "eye": ca.DM.eye,
        "where": ca.if_else,
        "sum": total,
        "softplus": lambda x: relu(x) + ca.log1p(ca.exp(-ca.fabs(x))),
        "sigmoid": lambda x: 0.5 + 0.5 * ca.tanh(0.5 * x),
        "relu": relu,
        "log_ndtr": lambda x: ca.log(0.5 * (1 + ca.erf(x / 2**0.5))),
        "logdet": lambda A: ca.log(ca.det(A)),
    }
