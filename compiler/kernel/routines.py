"""The routines of a kernel program: one table, from the name to its shapes, its meaning and its price.

Enters: nothing.  Leaves: `ROUTINES`, read by the planner (names, costs), by `interpret.py` (the NumPy meaning) and by
`emit.py` (the call of the compiled routine in `runtime/library`), and `cost` of a program.  Always holds: operands are
views of any strides (an axis that is not read through stride 0 twice), sizes may be 0; an output overlaps an input
only where the table says "in place", and is then the very same view.  Not for: choosing between routines.

A = B' is written by transposing the view (`view.T`); all factors alpha and beta are `Scale`s, `scalars=()` means
alpha = 1, beta = 0 and `scalars=(alpha,)` beta = 0; with beta = 0 the output is not read. With beta, syrk, syr2k and
gemmt need a symmetric C.  `X`, `B` of a solve are
matrices n x k or vectors n.

    routine                outputs          inputs                 scalars      meaning
    gemm                   C (m,n)          A (m,k), B (k,n)       alpha, beta  C = alpha A B + beta C
    gemv                   y (m)            A (m,n), x (n)         alpha, beta  y = alpha A x + beta y
    ger                    C (m,n)          x (m), y (n)           alpha, beta  C = alpha x y' + beta C
    dot                    s ()             x (n), y (n)           alpha, beta  s = alpha x'y + beta s
    syrk                   C (n,n)          A (n,k)                alpha, beta  C = alpha A A' + beta C, both triangles
    syr2k                  C (n,n)          A (n,k), B (n,k)       alpha, beta  C = alpha (A B' + B A') + beta C, both
    gemmt                  C (n,n)          A (n,k), B (k,n)       alpha, beta  gemm where A B and C are symmetric: the
                                                                                lower triangle, mirrored
    symm                   C (m,n)          S (m,m), B (m,n)       alpha, beta  gemm with S symmetric (on the right: .T)
    symv                   y (n)            S (n,n), x (n)         alpha, beta  gemv with S symmetric
    trmm_lower, _upper     X (n[,k])        T (n,n), B (n[,k])     alpha        X = alpha T B; other triangle not read
    cumsum, cumsum_reversed
                           X (n[,k])        B (n[,k])              alpha        X[i] = alpha (B[0] + ... + B[i]), or of
                                                                                B[i], ..., B[n-1]
    trsm_lower, _upper     X (n[,k])        T (n,n), B (n[,k])     alpha        X = alpha inv(T) B; in place; can fail
    triangular_inverse_lower, _upper
                           P (n,n)          T (n,n)                             P = inv(T); in place; can fail
    cholesky               L (n,n)          A (n,n)                             A = L L', zeros above; reads A's lower
                                                                                triangle; in place; can fail
    cholesky_solve         X (n[,k])        L (n,n), B (n[,k])                  X = inv(L L') B; in place
    cholesky_inverse       P (n,n)          L (n,n)                             P = inv(L L'), both triangles; in place
    lu                     F (n,n), p (n)   A (n,n)                             F, p (int work buffer) are for
                                                                                lu_ routines; can fail (singular)
    lu_solve               X (n[,k])        F, p, B (n[,k])                     X = inv(A) B; in place
    lu_solve_transposed    X (n[,k])        F, p, B (n[,k])                     X = inv(A') B; in place
    lu_inverse             P (n,n)          F, p                                P = inv(A); in place (P is F)
    lu_det                 d ()             F, p                                d = det(A)
    lu_logabsdet           l (), s ()       F, p                                l = log(abs(d)), s = sign(d) = -1, 0, 1;
                                                                                l = -inf where s = 0
    csr_product            C (m[,k])        X, S (m), J (q), D (q), B (n[,k])   C = A B, where A (m,n) has q elements
    csr_product_transposed C (n[,k])        X, S (m), J (q), D (q), B (m[,k])   C = A' B
    csr_gram               C (n,n)          X, P, S (m), J (q), D (q), w (m)    C = A' diag(w) A, both triangles
    mirror                 P (n,n)          A (n,n)                             A's lower triangle, mirrored; in place
    copy                   Y (any order)    X (same shape)                      Y = X
    fill                   Y (any order)                           value        Y = value everywhere
    check_symmetric                         A (n,n)                             A is symmetric to 1e-8 of max(abs(A))
    check_lower, check_upper, check_diagonal
                                            A (m,n)                             all other entries are 0
    check_nonneg, check_positive            X (any order)                       every entry >= 0, > 0

A sparse A is X (m,n,0), without elements, for the sizes; where its rows start, S; and the columns and values of its
elements, J and D.  P (r,0), without elements, has the number of pairs of elements in one row.
"In place": X may be the very same view as B (P as T or L, L as A). The checks can fail, and do nothing else.
A routine fails only if the step's `failure` text is set; with an empty text the results are then inf, nan or
undefined.  A new routine is one entry below and one function of the same name in `runtime/library`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...grammar.errors import DomainError
from ..tensor.atoms import ATOMS, products_of_others, tied
from ..tensor.dims import Dim, extreme
from . import compressed
from .program import Loop, Program, Require, Routine
from .scalars import SCALARS

Array = Any


class Failure(Exception):
    """A routine's requirement does not hold.  Raised by the NumPy implementations, with what they computed."""

    def __init__(self, *outputs: Array) -> None:
        super().__init__()
        self.outputs = outputs


@dataclass(frozen=True, slots=True)
class Signature:
    """One routine.

    `shapes` names the sizes of its views, inputs before `->`: `"mk,kn->mn"`; a last axis in brackets may be missing
    (`"nn,n[k]->n[k]"`), and `*` is a view of any order.  `numpy(*inputs)` returns the outputs (without alpha and
    beta), or raises `Failure`.  `thirds` is three times the number of operations, a function of the sizes in
    the order of their first appearance; `scratch` is the number of 8-byte words that it needs besides its views;
    `integers` are the positions of the views (inputs, then outputs) of dtype int.
    """

    name: str
    shapes: str
    numpy: Callable[..., Array]
    thirds: Callable[..., Dim]
    scalars: tuple[str, ...] = ()
    can_fail: bool = False
    in_place: bool = False
    scratch: Callable[..., Dim] | None = None
    integers: tuple[int, ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        """The shape of each input."""
        return tuple(part for part in self.shapes.split("->")[0].split(",") if part)

    @property
    def outputs(self) -> tuple[str, ...]:
        """The shape of each output."""
        text = self.shapes.split("->")[1]
        return tuple(text.split(",")) if text != "none" else ()

    @property
    def letters(self) -> str:
        """The names of the sizes, in the order of their first appearance."""
        return "".join(dict.fromkeys(c for c in self.shapes.split("->none")[0] if c.isalpha()))

    def sizes(self, step: Routine) -> dict[str, Dim]:
        """The sizes of a step.  Raises ValueError where the views do not fit the shapes."""
        found: dict[str, Dim] = {}
        patterns = (*self.inputs, *self.outputs)
        views = (*step.inputs, *step.outputs)
        if len(self.inputs) != len(step.inputs) or len(self.outputs) != len(step.outputs):
            count = f"{len(step.inputs)} inputs, {len(step.outputs)} outputs"
            raise ValueError(f"{self.name} takes {self.shapes}, not {count}")
        for pattern, view in zip(patterns, views, strict=True):
            if pattern == "*":
                continue
            letters = pattern.replace("[", "").replace("]", "")
            if "[" in pattern and len(view.shape) == len(letters) - 1:
                found.setdefault(letters[-1], Dim.of(1))
                letters = letters[:-1]
            if len(letters) != len(view.shape):
                raise ValueError(f"{self.name}: {view.buffer.name} has order {len(view.shape)}, needed is {pattern}")
            for letter, size in zip(letters, view.shape, strict=True):
                if found.setdefault(letter, size) != size:
                    raise ValueError(f"{self.name}: size {letter} is both {found[letter]} and {size}")
        return found


def _one_triangle(a: Array, b: Array) -> Array:
    lower = np.tril(a @ b)
    return lower + np.tril(lower, -1).T


def _cholesky(a: Array) -> Array:
    lower = np.tril(a)
    symmetric = lower + np.tril(a, -1).T
    try:
        factor = np.linalg.cholesky(symmetric)
    except np.linalg.LinAlgError:
        raise Failure(np.full_like(a, np.nan)) from None
    if not np.all(np.diagonal(factor) > 0):
        raise Failure(factor)
    return factor


def _triangular_solve(t: Array, b: Array, lower: bool) -> Array:
    from scipy.linalg import solve_triangular

    if np.any(np.diagonal(t) == 0):
        raise Failure(np.full_like(b, np.nan))
    if b.size == 0:
        return b.copy()
    return solve_triangular(t, b, lower=lower, check_finite=False)


def _triangular_inverse(t: Array, lower: bool) -> Array:
    return (np.tril if lower else np.triu)(_triangular_solve(t, np.eye(len(t), dtype=t.dtype), lower))


def _cholesky_solve(factor: Array, b: Array) -> Array:
    return _triangular_solve(factor.T, _triangular_solve(factor, b, True), False)


def _symmetric(a: Array) -> Array:
    """The lower triangle, mirrored."""
    return np.tril(a) + np.tril(a, -1).T


def _lu(a: Array) -> tuple[Array, Array]:
    # The factorization of A', as the kernels hold it: in C order that is the memory LAPACK wants for A.
    from scipy.linalg import lapack

    if a.size == 0:
        return a.copy(), np.zeros(len(a), dtype=np.int64)
    getrf = lapack.sgetrf if a.dtype == np.float32 else lapack.dgetrf
    factors, pivots, info = getrf(a.T)
    if info > 0 or np.any(np.isnan(np.diagonal(factors))):
        raise Failure(factors.T, pivots)
    return factors.T, pivots


def _lu_solve(factors: Array, pivots: Array, b: Array, transposed: bool) -> Array:
    from scipy.linalg import lapack

    if b.size == 0:
        return b.copy()
    getrs = lapack.sgetrs if factors.dtype == np.float32 else lapack.dgetrs
    return getrs(factors.T, pivots, b, trans=0 if transposed else 1)[0]


def _lu_logabsdet(factors: Array, pivots: Array) -> tuple[Array, Array]:
    diagonal = np.diagonal(factors)
    exchanges = np.count_nonzero(pivots != np.arange(len(pivots)))
    with np.errstate(divide="ignore"):
        return np.sum(np.log(np.abs(diagonal))), np.prod(np.sign(diagonal)) * (-1.0) ** exchanges


def _lu_det(factors: Array, pivots: Array) -> Array:
    exchanges = np.count_nonzero(pivots != np.arange(len(pivots)))
    return np.prod(np.diagonal(factors)) * (-1.0) ** exchanges


def _is_symmetric(a: Array) -> bool:
    # Not(difference > tolerance), so that NaN passes here and shows in the result.
    return not np.any(np.abs(a - a.T) > 1e-8 * np.max(np.abs(a), initial=0.0))


def _check(name: str, shape: str, holds: Callable[[Array], bool]) -> Signature:
    def check(x: Array) -> tuple[()]:
        if not holds(x):
            raise Failure
        return ()

    return Signature(name, f"{shape}->none", check, lambda *sizes: _ZERO, can_fail=True)


def _of_atoms(name: str) -> Callable[..., Array]:
    """A function of `tensor/atoms.py` as a routine."""

    def function(*operands: Array) -> Array:
        try:
            return ATOMS[name](*operands)
        except DomainError:
            raise Failure(np.full(operands[0].shape[:1] * 2, np.nan)) from None

    return function


def _eigh(a: Array) -> tuple[Array, Array]:
    lower = np.tril(a)
    if not np.all(np.isfinite(lower)):
        raise Failure(np.full(len(a), np.nan), np.full_like(a, np.nan))
    values, vectors = np.linalg.eigh(lower + np.tril(a, -1).T)
    return values, vectors


def _svd(a: Array) -> tuple[Array, Array, Array]:
    (m, n), k = a.shape, min(a.shape)
    if not np.all(np.isfinite(a)):
        raise Failure(np.full((m, k), np.nan), np.full(k, np.nan), np.full((n, k), np.nan))
    left, values, right = np.linalg.svd(a, full_matrices=False)
    return left, values, right.T


def _top_weights(values: Array) -> Array:
    top = tied(values)
    return top / max(np.sum(top), 1)


def _rank_ones(left: Array, values: Array, right: Array) -> Array:
    tolerance = max(len(left), len(right)) * np.finfo(values.dtype).eps * np.max(values, initial=0.0)
    return (values > tolerance) * 1.0


def _rank_reciprocals(left: Array, values: Array, right: Array) -> Array:
    with np.errstate(divide="ignore"):
        return np.where(_rank_ones(left, values, right) > 0, 1 / values, 0.0)


def _largest_weights(left: Array, values: Array, right: Array) -> Array:
    close = 1 - 10 * max(len(left), len(right)) * np.finfo(values.dtype).eps
    top = (values >= np.max(values, initial=0.0) * close) & (values > 0)
    return top / max(np.sum(top), 1)


def _top_reciprocals(values: Array) -> Array:
    top = tied(values)
    with np.errstate(divide="ignore"):
        result = np.where(top, 0.0, 1 / (values[-1:] - values)) if len(values) else values.copy()
    if np.sum(top) > 1:
        raise Failure(result)
    return result


_SCALED = ("alpha", "beta")
_ZERO = Dim.of(0)

# Products take blocks of their operands: the most terms of their sums, and the most rows or columns of a block.
DEPTH, SIDE = 256, 384


def _blocks(m: Dim, k: Dim, n: Dim) -> Dim:
    """The memory for a block of each operand of a product, whose last vector may not be full."""
    depth, side = Dim.of(DEPTH), Dim.of(SIDE)
    return extreme("min", k, depth) * (extreme("min", m, side) + extreme("min", n, side) + 8)


def _square_blocks(n: Dim) -> Dim:
    return _blocks(n, n, n)


# Triangular matrices are halved until they have so many rows, which work on so many columns at a time.
LEAF, PANEL = 16, 128


def _halving(n: Dim, k: Dim) -> Dim:
    """The memory for a triangular matrix and n x k numbers: for the smallest parts, and for products."""
    return LEAF * extreme("min", k, Dim.of(PANEL)) + _blocks(n, n, k)


# Up to so many rows, the product with a triangular matrix is that with a copy which has zeros in the other triangle.
FILLED = 48


def _filling(n: Dim, k: Dim) -> Dim:
    """The same, and memory for such a copy."""
    rows = extreme("min", n, Dim.of(FILLED))
    return rows * rows + _halving(n, k)


def _halving_itself(n: Dim) -> Dim:
    return _halving(n, n)


ROUTINES: dict[str, Signature] = {
    entry.name: entry
    for entry in (
        # BLAS: the counts are those of the LAPACK Working Note 41.
        Signature("gemm", "mk,kn->mn", np.matmul, lambda m, k, n: 6 * m * n * k, _SCALED, scratch=_blocks),
        Signature("gemv", "mn,n->m", np.matmul, lambda m, n: 6 * m * n, _SCALED),
        Signature("ger", "m,n->mn", np.outer, lambda m, n: 6 * m * n, _SCALED),
        Signature("dot", "n,n->", np.dot, lambda n: 6 * n, _SCALED),
        Signature(
            "syrk",
            "nk->nn",
            lambda a: a @ a.T,
            lambda n, k: 3 * k * n * (n + 1),
            _SCALED,
            scratch=lambda n, k: _blocks(n, k, n),
        ),
        Signature(
            "syr2k",
            "nk,nk->nn",
            lambda a, b: a @ b.T + b @ a.T,
            lambda n, k: 6 * k * n * (n + 1),
            _SCALED,
            scratch=lambda n, k: _blocks(n, k, n),
        ),
        Signature(
            "gemmt",
            "nk,kn->nn",
            _one_triangle,
            lambda n, k: 3 * k * n * (n + 1),
            _SCALED,
            scratch=lambda n, k: _blocks(n, k, n),
        ),
        Signature(
            "symm",
            "mm,mn->mn",
            np.matmul,
            lambda m, n: 6 * m * m * n,
            _SCALED,
            scratch=lambda m, n: _blocks(m, m, n),
        ),
        Signature("symv", "nn,n->n", np.matmul, lambda n: 6 * n * n, _SCALED),
        Signature(
            "trmm_lower",
            "nn,n[k]->n[k]",
            lambda t, b: np.tril(t) @ b,
            lambda n, k: 3 * n * n * k,
            ("alpha",),
            scratch=_filling,
        ),
        Signature(
            "trmm_upper",
            "nn,n[k]->n[k]",
            lambda t, b: np.triu(t) @ b,
            lambda n, k: 3 * n * n * k,
            ("alpha",),
            scratch=_filling,
        ),
        Signature("cumsum", "n[k]->n[k]", lambda b: np.cumsum(b, axis=0), lambda n, k: 3 * n * k, ("alpha",)),
        Signature(
            "cumsum_reversed",
            "n[k]->n[k]",
            lambda b: np.cumsum(b[::-1], axis=0)[::-1],
            lambda n, k: 3 * n * k,
            ("alpha",),
        ),
        Signature(
            "trsm_lower",
            "nn,n[k]->n[k]",
            lambda t, b: _triangular_solve(t, b, True),
            lambda n, k: 3 * n * n * k,
            ("alpha",),
            can_fail=True,
            in_place=True,
            scratch=_halving,
        ),
        Signature(
            "trsm_upper",
            "nn,n[k]->n[k]",
            lambda t, b: _triangular_solve(t, b, False),
            lambda n, k: 3 * n * n * k,
            ("alpha",),
            can_fail=True,
            in_place=True,
            scratch=_halving,
        ),
        # LAPACK.
        Signature(
            "triangular_inverse_lower",
            "nn->nn",
            lambda t: _triangular_inverse(t, True),
            lambda n: n * n * n,
            can_fail=True,
            in_place=True,
            scratch=_halving_itself,
        ),
        Signature(
            "triangular_inverse_upper",
            "nn->nn",
            lambda t: _triangular_inverse(t, False),
            lambda n: n * n * n,
            can_fail=True,
            in_place=True,
            scratch=_halving_itself,
        ),
        Signature(
            "cholesky",
            "nn->nn",
            _cholesky,
            lambda n: n * n * n,
            can_fail=True,
            in_place=True,
            scratch=_halving_itself,
        ),
        Signature(
            "cholesky_solve",
            "nn,n[k]->n[k]",
            _cholesky_solve,
            lambda n, k: 6 * n * n * k,
            in_place=True,
            scratch=_halving,
        ),
        Signature(
            "cholesky_inverse",
            "nn->nn",
            lambda factor: _symmetric(_cholesky_solve(factor, np.eye(len(factor), dtype=factor.dtype))),
            lambda n: 2 * n * n * n,
            in_place=True,
            scratch=_halving_itself,
        ),
        # The counts are those without symmetry, which is seen when the numbers are.
        Signature(
            "lu", "nn->nn,n", _lu, lambda n: 2 * n * n * n, can_fail=True, scratch=_halving_itself, integers=(2,)
        ),
        Signature(
            "lu_solve",
            "nn,n,n[k]->n[k]",
            lambda f, p, b: _lu_solve(f, p, b, False),
            lambda n, k: 6 * n * n * k,
            in_place=True,
            scratch=_halving,
            integers=(1,),
        ),
        Signature(
            "lu_solve_transposed",
            "nn,n,n[k]->n[k]",
            lambda f, p, b: _lu_solve(f, p, b, True),
            lambda n, k: 6 * n * n * k,
            in_place=True,
            scratch=_halving,
            integers=(1,),
        ),
        Signature(
            "lu_inverse",
            "nn,n->nn",
            lambda f, p: _lu_solve(f, p, np.eye(len(p), dtype=f.dtype), False),
            lambda n: 4 * n * n * n,
            in_place=True,
            scratch=lambda n: 32 * n + _halving_itself(n),
            integers=(1,),
        ),
        Signature("lu_det", "nn,n->", _lu_det, lambda n: 3 * n, integers=(1,)),
        Signature("lu_logabsdet", "nn,n->,", _lu_logabsdet, lambda n: 6 * n, integers=(1,)),
        # Spectra; the counts are those of Golub & Van Loan, Matrix Computations.
        Signature(
            "eigh",
            "nn->n,nn",
            _eigh,
            lambda n: 27 * n * n * n,
            can_fail=True,
            scratch=lambda n: 3 * n * n + 20 * n + 20,
        ),
        Signature(
            "symmetric_values",
            "nn->n",
            lambda a: _eigh(a)[0],
            lambda n: 4 * n * n * n,
            can_fail=True,
            scratch=lambda n: n * n + 10 * n + 10,
        ),
        Signature(
            "svd",
            "mn->mk,k,nk",
            _svd,
            lambda m, n, k: 42 * m * n * k + 24 * k * k * k,
            can_fail=True,
            scratch=lambda m, n, k: m * n + m * k + k * n + 4 * k * k + 20 * k + 64 * (m + n),
        ),
        Signature(
            "singular_values",
            "mn->k",
            lambda a: _svd(a)[1],
            lambda m, n, k: 12 * m * n * k,
            can_fail=True,
            scratch=lambda m, n, k: m * n + 20 * k + 64 * (m + n),
        ),
        Signature(
            "weighted_product",
            "mk,k,nk->mn",
            lambda u, w, v: (u * w) @ v.T,
            lambda m, k, n: 6 * m * k * n + 3 * m * k,
            scratch=lambda m, k, n: m * k + _blocks(m, k, n),
        ),
        Signature("top_weights", "n->n", _top_weights, lambda n: 6 * n),
        Signature("rank_ones", "mk,k,nk->k", _rank_ones, lambda m, k, n: 3 * k),
        Signature("rank_reciprocals", "mk,k,nk->k", _rank_reciprocals, lambda m, k, n: 3 * k),
        Signature("largest_weights", "mk,k,nk->k", _largest_weights, lambda m, k, n: 3 * k),
        Signature("top_reciprocals", "n->n", _top_reciprocals, lambda n: 6 * n, can_fail=True),
        Signature("eiggaps", "n->nn", _of_atoms("eiggaps"), lambda n: 6 * n * n, can_fail=True),
        Signature("svdsums", "n->nn", _of_atoms("svdsums"), lambda n: 6 * n * n, can_fail=True),
        # Functions of matrices.
        Signature(
            "adj",
            "nn->nn",
            _of_atoms("adj"),
            lambda n: 8 * n * n * n,
            can_fail=True,
            scratch=lambda n: 10 * n * n + 160 * n + _square_blocks(n),
        ),
        Signature(
            "expm",
            "nn->nn",
            _of_atoms("expm"),
            lambda n: 44 * n * n * n,
            scratch=lambda n: 7 * n * n + n + _square_blocks(n),
        ),
        Signature(
            "expm_derivative",
            "nn,nn->nn",
            _of_atoms("dexpm"),
            lambda n: 352 * n * n * n,
            scratch=lambda n: 36 * n * n + 2 * n + _square_blocks(2 * n),
        ),
        Signature("products_of_others", "n[k]->n[k]", lambda x: products_of_others(x.T).T, lambda n, k: 9 * n * k),
        # Sparse matrices: two operations for each product of numbers.
        Signature(
            "csr_product",
            "mnz,m,q,q,n[k]->m[k]",
            compressed.product,
            lambda m, n, z, q, k: 6 * q * k,
            integers=(0, 1, 2),
        ),
        Signature(
            "csr_product_transposed",
            "mnz,m,q,q,m[k]->n[k]",
            compressed.product_transposed,
            lambda m, n, z, q, k: 6 * q * k,
            integers=(0, 1, 2),
        ),
        # One triangle: as many products as pairs, and the weights.
        Signature(
            "csr_gram",
            "mnz,rz,m,q,q,m->nn",
            compressed.gram,
            lambda m, n, z, r, q: 3 * r + 6 * q,
            integers=(0, 1, 2, 3),
        ),
        # Moving numbers, and checks: free by the convention.
        Signature("mirror", "nn->nn", _symmetric, lambda n: _ZERO, in_place=True),
        Signature("copy", "*->*", lambda x: x, lambda: _ZERO),
        Signature("fill", "->*", lambda: 1.0, lambda: _ZERO, ("value",)),
        _check("check_symmetric", "nn", _is_symmetric),
        _check("check_lower", "mn", lambda a: not np.any(np.triu(a, 1))),
        _check("check_upper", "mn", lambda a: not np.any(np.tril(a, -1))),
        _check("check_diagonal", "mn", lambda a: not np.any(np.tril(a, -1)) and not np.any(np.triu(a, 1))),
        _check("check_nonneg", "*", lambda x: not np.any(x < 0)),
        _check("check_positive", "*", lambda x: not np.any(x <= 0)),
    )
}


# Routines that compute the lower triangle and mirror it: with beta they need a symmetric C.
ONE_TRIANGLE = frozenset({"syrk", "syr2k", "gemmt"})

# Routines that are loops for all sizes.
_LOOPS = {"gemv", "ger", "dot", "symv", "mirror", "copy", "fill"} | {
    n for n in ROUTINES if n.startswith(("check_", "csr_"))
}


def uses_blas(program: Program) -> bool:
    """Whether the kernel of a program may call BLAS or LAPACK."""
    return any(isinstance(step, Routine) and step.name not in _LOOPS for step in program.flat())


@dataclass(frozen=True, slots=True)
class Cost:
    """A number of floating-point operations, as a polynomial in the sizes; `thirds` is three times that."""

    thirds: Dim

    def evaluate(self, **sizes: int) -> float:
        """The number for these sizes.  Raises KeyError for a name that is missing."""
        total = self.thirds.evaluate(sizes)
        return total // 3 if total % 3 == 0 else total / 3

    def __str__(self) -> str:
        return polynomial_text(self.thirds, 3)


def polynomial_text(dim: Dim, divisor: int = 1) -> str:
    """`dim / divisor` as one writes it: `1/3*n^3 + 2*m*n^2 + n`."""
    text = ""
    for monomial, coefficient in dim.terms:
        whole, rest = divmod(abs(coefficient), divisor)
        number = str(whole) if rest == 0 else f"{abs(coefficient)}/{divisor}"
        factors = [
            (atom if isinstance(atom, str) else f"{atom[0]}({atom[1]}, {atom[2]})") + (f"^{power}" if power > 1 else "")
            for atom, power in monomial
        ]
        if number != "1" or not factors:
            factors.insert(0, number)
        sign = "-" if coefficient < 0 else "+"
        text += f" {sign} " if text else ("-" if sign == "-" else "")
        text += "*".join(factors)
    return text or "0"


def routine_cost(step: Routine) -> Dim:
    """Three times the operations of one call."""
    signature = ROUTINES[step.name]
    sizes = signature.sizes(step)
    return signature.thirds(*(sizes[letter] for letter in signature.letters))


def loop_cost(loop: Loop) -> Dim:
    """Three times the operations of a loop.

    An operation counts once per point of the labels that it depends on (the kernel takes it out of the inner loops),
    a reduction one addition (or maximum) per reduced element, a powers with a small integer exponent one.
    """
    total = _ZERO
    depths: list[int] = []
    for op in loop.ops:
        used = [max(loop.loads[r.index].labels, default=-1) + 1 for r in op.operands if r.kind == "load"]
        used += [depths[r.index] for r in op.operands if r.kind == "op"]
        used += [r.index + 1 for r in op.operands if r.kind == "label"]
        depths.append(max(used, default=0))
        total = total + _product(loop.extents[: depths[-1]]) * (3 * SCALARS[op.function].flops)
    for store in loop.stores:
        if store.reduce is not None or store.accumulate:
            total = total + 3 * _product(loop.extents)
    return total


def cost(program: Program) -> Cost:
    """The floating-point operations of a program by the usual conventions, without checks and copies."""
    total = _ZERO
    for step in program.flat():
        if isinstance(step, Loop):
            total = total + loop_cost(step)
        elif isinstance(step, Routine):
            total = total + routine_cost(step)
        else:
            assert isinstance(step, Require)
    return Cost(total)


def _product(sizes: tuple[Dim, ...]) -> Dim:
    total = Dim.of(1)
    for size in sizes:
        total = total * size
    return total
