"""What is known of a product from the properties of its factors: signs, triangles, and what is (semi)definite.

Enters: a contraction.  Leaves: its properties, as `properties.py` names them.  Always holds: a property is named only
if it is certain; a product is semidefinite if it reads G*M*G', element by element, or as a Kronecker product.  Not for:
sums and functions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from . import algebra
from .contraction import symmetric
from .expr import Atom, Contract, Expr, Structure, node
from .properties import has, properties, square


def of_product(current: Contract) -> set[str]:
    """The properties that are certain of a product, but for what others imply."""
    current = _with_scalars(current)
    found: set[str] = set()
    if _nonneg(current.factors):
        found.add("nonneg")
    # A slice has one element for each of its indices, other sums may have none.
    single = {label for label, size in enumerate(current.sizes) if label < current.order or size.value == 1}
    slices = [
        (f, at) for f, at in current.factors if isinstance(f, Structure) and f.kind == "select" and at[0] in single
    ]
    if {*single, *(at[1] for _, at in slices)} == set(range(len(current.sizes))) and all(
        has(f, "positive") or (f, at) in slices for f, at in current.factors
    ):
        found.add("positive")
    if current.order == 2:
        found |= _of_matrix(current)
    elif current.order == 0 and _mirrored(list(current.factors), None, None):
        found.add("nonneg")
    return found


def _with_scalars(current: Contract) -> Contract:
    """The contraction with the factors that share no index with its result as one scalar: t[0] in t[0]*I."""
    reached = set(range(current.order))
    grown = True
    while grown:
        grown = False
        for _, at in current.factors:
            if reached.intersection(at) and not reached.issuperset(at):
                reached.update(at)
                grown = True
    apart = [(f, at) for f, at in current.factors if at and not reached.intersection(at)]
    if not apart or not current.order:
        return current
    sizes = {label: current.sizes[label] for _, at in apart for label in at}
    scalar = algebra.contract(apart, (), sizes)
    labels = {label: k for k, label in enumerate(sorted(reached))}
    factors = [(f, tuple(labels[label] for label in at)) for f, at in current.factors if (f, at) not in apart]
    made: Contract = node(
        Contract,
        current.shape,
        factors=(*factors, (scalar, ())),
        sizes=tuple(current.sizes[label] for label in sorted(reached)),
    )
    return made


def _nonneg(factors: Iterable[tuple[Expr, tuple[int, ...]]]) -> bool:
    """Whether a product of elements is not negative: every factor is so, or stands there an even number of times."""
    counts = Counter(factors)
    return all(has(f, "nonneg") or n % 2 == 0 or _on_diagonal(f, at) for (f, at), n in counts.items())


def _on_diagonal(factor: Expr, at: tuple[int, ...]) -> bool:
    """Whether these are diagonal elements of a semidefinite matrix."""
    return len(at) == 2 and at[0] == at[1] and has(factor, "psd")


def _kronecker(current: Contract) -> set[str]:
    """`psd` or `posdef` if this is a Kronecker product of such matrices."""
    pairs = {at[2]: at for f, at in current.factors if isinstance(f, Structure) and f.kind == "pair"}
    matrices = [(f, at) for f, at in current.factors if not isinstance(f, Structure)]
    if pairs.keys() != {0, 1} or len(matrices) != 2 or len(current.factors) != 4:
        return set()
    down, across = pairs[0], pairs[1]
    if sorted(at for _, at in matrices) != sorted([(down[0], across[0]), (down[1], across[1])]):
        return set()
    return {"psd", "posdef"}.intersection(*(properties(f) for f, _ in matrices))


def _of_matrix(current: Contract) -> set[str]:
    found: set[str] = set()
    if any(isinstance(f, Structure) and f.kind == "delta" and set(at) == {0, 1} for f, at in current.factors):
        found.add("diagonal")
        weights = [(f, at) for f, at in current.factors if set(at) != {0, 1}]
        if all(has(w, "positive") for w, _ in weights):
            found.add("posdef")
        elif _nonneg(weights):
            found.add("psd")
    elementwise = [f for f, at in current.factors if set(at) == {0, 1} and len(at) == 2]
    for name, flipped in (("lower", "upper"), ("upper", "lower")):
        if any(has(f, name if at == (0, 1) else flipped) for f, at in current.factors if set(at) == {0, 1}):
            found.add(name)
    if len(elementwise) == len([at for _, at in current.factors if at]) > 1:  # Schur's product theorem
        scalars = [f for f, at in current.factors if not at]
        for name, sign in (("psd", "nonneg"), ("posdef", "positive")):
            if all(has(f, name) for f in elementwise) and all(has(f, sign) for f in scalars):
                found.add(name)
    for name in ("lower", "upper", "orthogonal"):
        if _chain(current, name):
            found.add(name)
    level = _mirrored(list(current.factors), 0, 1)
    if level:
        found.add(level)
    return found | _kronecker(current)


def _chain(current: Contract, name: str) -> bool:
    """Whether the contraction is a product of square matrices that all have the property (flipped if transposed)."""
    flipped = {"lower": "upper", "upper": "lower", "orthogonal": "orthogonal"}[name]
    rest = [factor for factor in current.factors if factor[1]]
    if name == "orthogonal" and len(rest) != len(current.factors):
        return False
    at = 0
    while rest:
        step = next(((k, f, labels) for k, (f, labels) in enumerate(rest) if at in labels and len(labels) == 2), None)
        if step is None or len(set(step[2])) != 2:
            return False
        position, factor, labels = step
        if not has(factor, name if labels[0] == at else flipped) or factor.shape[0] != factor.shape[1]:
            return False
        at = labels[1] if labels[0] == at else labels[0]
        del rest[position]
        if sum(at in labels for _, labels in rest) > 1:
            return False
    return at == 1


def _mirrored(rest: list[tuple[Expr, tuple[int, ...]]], left: int | None, right: int | None) -> str:
    """`psd` if the factors read G*M*G' between the labels, M semidefinite; `posdef` if M alone is definite.

    For a scalar (`left` is None) it starts from a pair of equal vectors.
    """
    scalars = [f for f, at in rest if not at]
    rest = [(f, at) for f, at in rest if at]
    if not all(has(f, "nonneg") for f in scalars):
        return ""
    positive = all(has(f, "positive") for f in scalars)
    if left is None or right is None:
        for k, (f, at) in enumerate(rest):
            for other, (g, there) in enumerate(rest[k + 1 :], k + 1):
                if f is g and len(at) == len(there) == 1:
                    inner = [factor for n, factor in enumerate(rest) if n not in (k, other)]
                    if _mirrored(inner, at[0], there[0]):
                        return "psd"
        return ""
    peeled = False
    while True:
        if not rest and left != right:
            return "psd"  # the same number everywhere
        if left == right:
            if not all(set(at) == {left} for _, at in rest) or not _nonneg(rest):
                return ""
            return "posdef" if positive and not peeled and not rest else "psd"
        if len(rest) == 1 and set(rest[0][1]) == {left, right}:
            if has(rest[0][0], "posdef") and positive and not peeled:
                return "posdef"
            return "psd" if has(rest[0][0], "psd") else ""
        at_left = [(f, at) for f, at in rest if left in at]
        at_right = [(f, at) for f, at in rest if right in at]
        if len(at_left) != 1 or len(at_right) != 1 or at_left[0][0] is not at_right[0][0]:
            return ""
        (f, one), (_, two) = at_left[0], at_right[0]
        if len(one) == 1:
            return "psd" if len(rest) == 2 else ""
        if len(one) != 2 or one is two:
            return ""
        aligned = one.index(left) == two.index(right) or symmetric(f)
        if not aligned or len(set(one)) != 2:
            return ""
        rest = [factor for factor in rest if factor not in ((f, one), (f, two))]
        shorter = isinstance(f, Structure) and f.kind == "select" and one[0] == left
        peeled = peeled or not (shorter or _invertible(f))
        left = one[1 - one.index(left)]
        right = two[1 - two.index(right)]


def _invertible(matrix: Expr) -> bool:
    """Whether a matrix is known to have an inverse."""
    if isinstance(matrix, Atom) and matrix.function in ("inv", "expm", "chol"):
        return True
    return square(matrix) and bool({"posdef", "orthogonal"} & properties(matrix))
