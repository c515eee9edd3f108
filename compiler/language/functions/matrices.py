"""Functions of whole matrices: determinants, inverses, factorizations, spectra, norms.

Enters: values.  Leaves: `Atom` nodes and contractions.  Always holds: the argument of an eigenvalue function or of
`chol` is symmetric, since these act on the symmetric part.  Not for: rearranging elements (`arrangements.py`).
"""

from __future__ import annotations

from fractions import Fraction

from ....grammar import syntax
from ...tensor import algebra
from ...tensor.contraction import MULTILINEAR
from ...tensor.dims import extreme
from ...tensor.expr import Expr
from ..elaborate import Elaborator, Identity, Value
from ..operators import inverse
from ..wording import describe
from .table import ONE, define, define_raw, fail_at, need_matrix, need_square


@define("tr(A)")
def _trace(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    if not values[0].order:
        return values[0]
    need_square(scope, node, values[0])
    return algebra.trace(values[0])


@define("det(A)")
@define("logdet(A)")
@define("logabsdet(A)")
def _of_square(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    need_square(scope, node, values[0])
    return algebra.atom(node.name, values, ())


@define_raw("inv(A)")
def _inverse(scope: Elaborator, node: syntax.Call, values: list[Value]) -> Value:
    if isinstance(values[0], Identity):
        return Identity(algebra.power(values[0].scale, -1))
    matrix = scope.expression(values[0], node.arguments[0])
    if not matrix.order:
        return algebra.power(matrix, -1)
    need_square(scope, node, matrix)
    return inverse(matrix)


@define("adj(A)")
@define("adjugate(A)")
@define("expm(A)")
@define("logm(A)")
@define("sqrtm(A)")
def _square_to_square(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    need_square(scope, node, values[0])
    return algebra.atom("adj" if node.name == "adjugate" else node.name, values, values[0].shape)


@define("pinv(A)")
def _pinv(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    need_matrix(scope, node, values[0])
    return algebra.atom("pinv", values, values[0].shape[::-1])


def _directional(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    """A derivative of a matrix function along one or several directions, each with any number of indices in front."""
    matrix, directions = values[0], values[1:]
    need_square(scope, node, matrix)
    shape: tuple[object, ...] = ()
    for position, direction in enumerate(directions, 1):
        if direction.order < 2 or not all(map(scope.same, direction.shape[-2:], matrix.shape)):
            title = f"the directions of {node.name} end with the shape of its first argument"
            hint = f"{scope.text(node.arguments[0])} is {describe(matrix.shape)}"
            fail_at(scope, node, position, direction, title, hint)
        shape += direction.shape[:-2]
    return algebra.atom(node.name, values, (*shape, *matrix.shape))  # type: ignore[arg-type]


for _name in sorted(MULTILINEAR):
    define(f"{_name}(A, E, F, G)", 2)(_directional)


def symmetric_part(scope: Elaborator, matrix: Expr) -> Expr:
    """(A + A')/2; a matrix that is symmetric by its structure stays as it is, and so does every one in a rule."""
    if scope.source is None:
        return matrix
    return algebra.add([(Fraction(1, 2), matrix), (Fraction(1, 2), algebra.transpose(matrix))], matrix.shape)


@define("chol(A)")
@define("eigvecs(A)")
@define("eigmaxproj(A)")
@define("eigmaxresolvent(A)")
def _of_symmetric(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    need_square(scope, node, values[0])
    return algebra.atom(node.name, (symmetric_part(scope, values[0]),), values[0].shape)


@define("eigvals(A)")
def _eigvals(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    need_square(scope, node, values[0])
    return algebra.atom("eigvals", (symmetric_part(scope, values[0]),), values[0].shape[:1])


@define("eigmax(A)")
@define("eigmin(A)")
def _extreme_eigenvalue(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    need_square(scope, node, values[0])
    return algebra.atom(node.name, (symmetric_part(scope, values[0]),), ())


@define("svdvals(A)")
def _svdvals(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    need_matrix(scope, node, values[0])
    return algebra.atom("svdvals", values, (extreme("min", *values[0].shape),))


@define("svdleft(A)")
@define("svdright(A)")
def _singular_vectors(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    need_matrix(scope, node, values[0])
    length = values[0].shape[0 if node.name == "svdleft" else 1]
    return algebra.atom(node.name, values, (length, extreme("min", *values[0].shape)))


@define("polar(A)")
@define("svdmaxproj(A)")
def _dual(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    need_matrix(scope, node, values[0])
    return algebra.atom(node.name, values, values[0].shape)


@define("eiggaps(v)")
@define("svdsums(v)")
def _divided(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    if values[0].order != 1:
        fail_at(scope, node, 0, values[0], f"{node.name} is of a vector")
    return algebra.atom(node.name, values, values[0].shape * 2)


@define("normfro(A)")
def _frobenius(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    return algebra.atom("normfro", (_array(values[0]),), ())


def _array(value: Expr) -> Expr:
    """A scalar as a vector of one element."""
    return value if value.order else algebra.broadcast(value, (), (ONE,))


def _has_one_line(value: Expr) -> bool:
    """Whether it is a matrix of one row or one column, whose one singular value is its length."""
    return value.order == 2 and ONE in value.shape


@define("norm2(x)")
def _norm2(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    if values[0].order < 2 or _has_one_line(values[0]):
        return algebra.atom("normfro", (_array(values[0]),), ())
    if values[0].order > 2:
        fail_at(scope, node, 0, values[0], "norm2 is of vectors and matrices", "normfro is of arrays of any order")
    return algebra.atom("norm2", values, ())


@define("normnuc(A)")
def _nuclear(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    need_matrix(scope, node, values[0])
    return algebra.atom("normfro" if _has_one_line(values[0]) else "normnuc", values, ())


@define("norm1(x)")
@define("norminf(x)")
def _induced(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    if values[0].order > 2:
        fail_at(scope, node, 0, values[0], f"{node.name} is of vectors and matrices")
    sizes = algebra.map_("abs", values)
    if sizes.order == 2:
        sizes = algebra.sum_over(sizes, (0 if node.name == "norm1" else 1,))
    elif node.name == "norm1":
        return algebra.sum_over(sizes)
    return algebra.reduce_("max", sizes, range(sizes.order))
