"""The meaning of the matrix functions, by NumPy and SciPy: one table, from the name of an `Atom` to its value.

Enters: arrays of float64.  Leaves: an array.  Always holds: what does not exist raises `DomainError`, which says why.
Not for: speed, and not for derivatives, which have lines in `rules/matrix.rules`; those of them that need a function of
their own are here too (`dexpm`, `eiggaps`, ...).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...grammar.errors import DomainError

Array = Any
EPSILON = float(np.finfo(float).eps)


def _inverse(matrix: Array) -> Array:
    try:
        return np.linalg.inv(matrix)
    except np.linalg.LinAlgError:
        raise DomainError("the matrix is singular: it has no inverse") from None


def _logdet(matrix: Array) -> Array:
    sign, value = np.linalg.slogdet(matrix)
    if not sign > 0 and not np.isnan(value):
        raise DomainError("logdet of a matrix whose determinant is not positive", hint="logabsdet takes log|det|")
    return np.asarray(value)


def _cholesky(matrix: Array) -> Array:
    try:
        return np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        raise DomainError("chol of a matrix that is not positive definite") from None


def _norm(array: Array) -> Array:
    scale = np.max(np.abs(array), initial=0.0)
    if not np.isfinite(scale) or scale == 0.0:
        return np.asarray(scale)
    return np.asarray(scale * np.sqrt(np.sum((array / scale) ** 2)))


def products_of_others(array: Array) -> Array:
    """Along the last axis, for each element the product of all others; right at zeros."""
    ones = np.ones((*array.shape[:-1], 1))
    if not array.shape[-1]:
        return array.copy()
    before = np.cumprod(np.concatenate([ones, array[..., :-1]], axis=-1), axis=-1)
    after = np.cumprod(np.concatenate([ones, array[..., :0:-1]], axis=-1), axis=-1)[..., ::-1]
    return before * after


def _svd(matrix: Array) -> tuple[Array, Array, Array]:
    """U, s, V with matrix = U * diag(s) * V'."""
    if not np.all(np.isfinite(matrix)):
        raise DomainError("the singular values of a matrix with nan or inf do not exist")
    left, values, right = np.linalg.svd(matrix, full_matrices=False)
    return left, values, right.T


def _rank_tolerance(matrix: Array, values: Array) -> float:
    return float(max(matrix.shape, default=0) * EPSILON * np.max(values, initial=0.0))


def _pinv(matrix: Array) -> Array:
    left, values, right = _svd(matrix)
    kept = values > _rank_tolerance(matrix, values)
    return (right[:, kept] / values[kept]) @ left[:, kept].T


def _adjugate(matrix: Array) -> Array:
    left, values, right = _svd(matrix)
    return _turn(left, right) * (right * products_of_others(values)) @ left.T


def _turn(left: Array, right: Array) -> float:
    return float(np.round(np.linalg.det(left) * np.linalg.det(right)))


def _adjugate_derivative(matrix: Array, *directions: Array) -> Array:
    if len(directions) > 1:
        return _adjugate_derivatives(matrix, directions)
    # In the singular bases the adjugate of a diagonal matrix moves by products of all values but two.
    left, values, right = _svd(matrix)
    n = len(values)
    without = np.tile(values, (n, 1))
    np.fill_diagonal(without, 1.0)
    products = products_of_others(without)
    np.fill_diagonal(products, 0.0)
    inner = left.T @ directions[0] @ right
    moved = np.diag(products @ np.diag(inner)) - products * inner
    return _turn(left, right) * right @ moved @ left.T


def _adjugate_derivatives(matrix: Array, directions: Sequence[Array]) -> Array:
    """Along several directions: from det times inverse; near singular matrices as the mean over a circle of regular
    ones, which is exact for polynomials."""
    values = _svd(matrix)[1]
    n = len(matrix)
    if values[-1] > 1e-6 * values[0]:
        return _of_regular(matrix, directions)
    radius = (values[0] or 1.0) / 2
    points = radius * np.exp(2j * np.pi * (np.arange(n + 1) + 0.5) / (n + 1))
    return np.mean([_of_regular(matrix + z * np.eye(n), directions).real for z in points], axis=0)


def _of_regular(matrix: Array, directions: Sequence[Array]) -> Array:
    """The part of adj(X + sum of t[k]*E[k]) that is linear in each t, from the permutations of the directions."""
    inverse = np.linalg.inv(matrix)
    steps = [inverse @ d for d in directions]
    everything = range(len(directions))
    total = np.zeros_like(inverse)
    for size in range(len(directions) + 1):
        for chosen in itertools.combinations(everything, size):
            rest = [k for k in everything if k not in chosen]
            moved = sum((_product(steps, order) for order in itertools.permutations(rest)), np.zeros_like(inverse))
            total = total + _mixed_determinant(steps, chosen) * (-1) ** len(rest) * moved
    return np.linalg.det(matrix) * total @ inverse


def _product(steps: Sequence[Array], order: Sequence[int]) -> Array:
    product = np.eye(len(steps[0]), dtype=steps[0].dtype)
    for k in order:
        product = product @ steps[k]
    return product


def _mixed_determinant(steps: Sequence[Array], chosen: Sequence[int]) -> Any:
    """The part of det(I + sum of t[k]*A[k]) that is linear in each chosen t: by cycles of permutations."""
    if not chosen:
        return 1.0
    first, total = chosen[0], 0.0
    for size in range(len(chosen)):
        for others in itertools.combinations(chosen[1:], size):
            rest = [k for k in chosen[1:] if k not in others]
            cycles = sum(np.trace(_product(steps, (first, *order))) for order in itertools.permutations(others))
            total += (-1) ** size * cycles * _mixed_determinant(steps, rest)
    return total


def _real(matrix: Array, what: str) -> Array:
    if not np.all(np.isfinite(matrix)):
        raise DomainError(f"{what} of this matrix does not exist", hint="it is singular, or holds nan or inf")
    if np.iscomplexobj(matrix):
        if np.max(np.abs(matrix.imag), initial=0.0) > 1e-10 * max(1.0, float(np.max(np.abs(matrix.real), initial=0.0))):
            raise DomainError(f"{what} of this matrix is not real", hint="it has eigenvalues that are negative")
        matrix = matrix.real
    return matrix


def _expm(matrix: Array) -> Array:
    import scipy.linalg

    if not np.all(np.isfinite(matrix)):
        return np.full_like(matrix, np.nan)
    return scipy.linalg.expm(matrix) if matrix.size else matrix.copy()


def _logm(matrix: Array) -> Array:
    import scipy.linalg

    if not matrix.size:
        return matrix.copy()
    _refuse_singular(matrix, "logm")
    return _real(scipy.linalg.logm(matrix), "logm")


def _sqrtm(matrix: Array) -> Array:
    import scipy.linalg

    return _real(scipy.linalg.sqrtm(matrix), "sqrtm") if matrix.size else matrix.copy()


def _refuse_singular(matrix: Array, what: str) -> None:
    values = np.linalg.svd(matrix, compute_uv=False) if np.all(np.isfinite(matrix)) else np.zeros(1)
    if values[-1] <= _rank_tolerance(matrix, values):
        raise DomainError(f"{what} of a singular matrix", hint="it does not exist there")


def _along(function: Callable[..., Array]) -> Callable[..., Array]:
    """A multilinear function of directions with further indices in front: one direction after the other."""

    def along(matrix: Array, *directions: Array) -> Array:
        batches = [d.shape[:-2] for d in directions]
        result = np.zeros((*itertools.chain(*batches), *matrix.shape))
        if not matrix.size:
            return result
        for positions in itertools.product(*(np.ndindex(batch) for batch in batches)):
            chosen = [d[position] for d, position in zip(directions, positions, strict=True)]
            if all(np.any(d) for d in chosen):
                result[tuple(itertools.chain(*positions))] = function(matrix, *chosen)
        return result

    return along


def _by_blocks(function: Callable[[Array], Array], least: float) -> Callable[..., Array]:
    """The derivative of a matrix function along directions, as a block of its value at a block triangular matrix, into
    which directions enter with the norm of the matrix, or `least`.

    Mathias (1996); Higham & Relton, Higher order Frechet derivatives of matrix functions (2014), theorem 3.5.
    """

    def derivative(matrix: Array, *directions: Array) -> Array:
        n = len(matrix)
        scale = 1.0
        size = max(float(_norm(matrix)), least)
        block = matrix
        for direction in directions:
            length = float(_norm(direction))
            scale *= length / size
            corner = np.kron(np.eye(len(block) // n), direction / length * size)
            block = np.block([[block, corner], [np.zeros_like(block), block]])
        return scale * function(block)[:n, -n:]

    return derivative


def _dexpm(matrix: Array, *directions: Array) -> Array:
    import scipy.linalg

    if len(directions) == 1:  # Al-Mohy & Higham (2009)
        return scipy.linalg.expm_frechet(matrix, directions[0], compute_expm=False)
    return _by_blocks(_expm, 1.0)(matrix, *directions)


def _dsqrtm(matrix: Array, *directions: Array) -> Array:
    """Sylvester equations R X + X R = E, from differentiating R R = A: Higham, Functions of Matrices, section 6.1."""
    import scipy.linalg

    _refuse_singular(matrix, "the derivative of sqrtm")
    root = _sqrtm(matrix)
    count = len(directions)
    found: dict[frozenset[int], Array] = {frozenset(): root}
    for size in range(1, count + 1):
        for chosen in map(frozenset, itertools.combinations(range(count), size)):
            right = directions[next(iter(chosen))] if size == 1 else np.zeros_like(root)
            for part in range(1, size):
                for inner in map(frozenset, itertools.combinations(sorted(chosen), part)):
                    right = right - found[inner] @ found[chosen - inner]
            found[chosen] = scipy.linalg.solve_sylvester(root, root, right)
    return found[frozenset(range(count))]


def _eigh(matrix: Array) -> tuple[Array, Array]:
    if not np.all(np.isfinite(matrix)):
        raise DomainError("the eigenvalues of a matrix with nan or inf do not exist")
    values, vectors = np.linalg.eigh(matrix)
    return values, vectors


def _extreme(name: str, position: int) -> Callable[[Array], Array]:
    def extreme(matrix: Array) -> Array:
        if not matrix.size:
            raise DomainError(f"{name} of a matrix without elements")
        return np.asarray(_eigh(matrix)[0][position])

    return extreme


def tied(values: Array) -> Array:
    """Which of the ascending eigenvalues equal the largest, up to rounding."""
    if not len(values):
        return np.zeros(0, bool)
    tolerance = 10 * len(values) * EPSILON * np.max(np.abs(values), initial=0.0)
    return values >= values[-1] - tolerance


def _top_projector(matrix: Array) -> Array:
    values, vectors = _eigh(matrix)
    top = vectors[:, tied(values)]
    return top @ top.T / top.shape[1]


def _top_resolvent(matrix: Array) -> Array:
    values, vectors = _eigh(matrix)
    if np.sum(tied(values)) > 1:
        raise DomainError(
            "the second derivative of an extreme eigenvalue or singular value does not exist where it is multiple"
        )
    others = vectors[:, :-1]
    return (others / (values[-1] - values[:-1])) @ others.T


def _top_pair(matrix: Array) -> Array:
    left, values, right = _svd(matrix)
    if not values.size or values[0] == 0:
        return np.zeros_like(matrix)
    top = values >= values[0] * (1 - 10 * max(matrix.shape) * EPSILON)
    return left[:, top] @ right[:, top].T / np.sum(top)


def _polar(matrix: Array) -> Array:
    left, values, right = _svd(matrix)
    kept = values > _rank_tolerance(matrix, values)
    return left[:, kept] @ right[:, kept].T


def _gaps(values: Array) -> Array:
    differences = values[None, :] - values[:, None]
    np.fill_diagonal(differences, np.inf)
    if np.any(np.abs(differences) <= 10 * len(values) * EPSILON * np.max(np.abs(values), initial=0.0)):
        raise DomainError("this derivative does not exist where eigenvalues or singular values are multiple")
    return 1 / differences


def _sums(values: Array) -> Array:
    if np.any(np.abs(values) <= 10 * len(values) * EPSILON * np.max(np.abs(values), initial=0.0)):
        raise DomainError("this derivative does not exist where a singular value is 0")
    return 1 / (values[None, :] + values[:, None])


ATOMS: dict[str, Callable[..., Array]] = {
    "inv": _inverse,
    "det": lambda a: np.asarray(np.linalg.det(a)),
    "logdet": _logdet,
    "logabsdet": lambda a: np.asarray(np.linalg.slogdet(a)[1]),
    "pinv": _pinv,
    "adj": _adjugate,
    "dadj": _along(_adjugate_derivative),
    "chol": _cholesky,
    "expm": _expm,
    "logm": _logm,
    "sqrtm": _sqrtm,
    "dexpm": _along(_dexpm),
    "dlogm": _along(_by_blocks(_logm, 1e-300)),
    "dsqrtm": _along(_dsqrtm),
    "eigvals": lambda a: _eigh(a)[0],
    "eigvecs": lambda a: _eigh(a)[1],
    "eigmax": _extreme("eigmax", -1),
    "eigmin": _extreme("eigmin", 0),
    "eigmaxproj": _top_projector,
    "eigmaxresolvent": _top_resolvent,
    "eiggaps": _gaps,
    "svdvals": lambda a: _svd(a)[1],
    "svdleft": lambda a: _svd(a)[0],
    "svdright": lambda a: _svd(a)[2],
    "svdsums": _sums,
    "svdmaxproj": _top_pair,
    "polar": _polar,
    "normfro": _norm,
    "norm2": lambda a: np.max(_svd(a)[1], initial=0.0),
    "normnuc": lambda a: np.sum(_svd(a)[1]),
    "prodothers": products_of_others,
}
