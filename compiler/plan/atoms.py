"""Matrix functions as tasks: one factorization per matrix, shared by solves, inverses and determinants.

Enters: an `Atom`, or an inverse that multiplies something.  Leaves: its `Use`.  Always holds: Cholesky where the
argument is known to be definite, substitution where it is triangular, else LU; a failure names the argument.
Not for: the choice between a solve and an inverse (`order.py`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from ..kernel.routines.table import ROUTINES
from ..tensor.contraction import symmetric
from ..tensor.dims import Dim
from ..tensor.expr import Atom, Expr, Symbol
from ..tensor.properties import has
from .build import Builder, Use
from .order import SOLVE
from .spectra import SPECTRA
from .tasks import Body, BodyBuilder, Call, Cells, Part, Place, Read, Task, Window, number, plain, through, window

LONGEST_NAME = 40


def described(expression: Expr) -> str:
    """An argument in a message: its name, or its text if that is short."""
    if isinstance(expression, Symbol):
        return expression.name
    from ..printing.printer import text

    written = text(expression)
    return written if len(written) <= LONGEST_NAME else "the matrix"


def kind(argument: Expr) -> str:
    """How a matrix is factored: `lower`, `upper`, `cholesky` or `lu`."""
    for triangle in ("lower", "upper"):
        if has(argument, triangle):
            return triangle
    return "cholesky" if has(argument, "psd") else "lu"


def making(builder: Builder, inverse: Atom) -> float:
    """The cost of an inverse as a matrix, its factorization apart."""
    n = builder.guess(inverse.shape[0])
    return SOLVE * n**3 * {"lower": 1 / 3, "upper": 1 / 3, "cholesky": 2 / 3, "lu": 4 / 3}[kind(inverse.arguments[0])]


class NoRoutine(Exception):
    """There is no routine for a matrix function yet: its name."""


def _cholesky(builder: Builder, argument: Expr) -> Task:
    """The Cholesky factor."""
    key = ("cholesky", argument)
    if key not in builder.factorizations:
        use = builder.use(argument)
        failure = f"{described(argument)} is not positive definite"
        call = Call("cholesky", argument.shape, (window(use.task, use.axes),), failure)
        builder.factorizations[key] = (builder.task(call),)
    return builder.factorizations[key][0]


def factored(builder: Builder, argument: Expr, required: bool = True) -> tuple[Task, ...]:
    """The Cholesky factor; or the LU factors and pivots, which a singular matrix has too unless it is `required`
    to be invertible."""
    if kind(argument) == "cholesky":
        return (_cholesky(builder, argument),)
    key = ("lu", argument)
    if key not in builder.factorizations:
        use = builder.use(argument)
        call = Call("lu", argument.shape, (window(use.task, use.axes),))
        pivots = Part(call, argument.shape[:1], "int")
        builder.factorizations[key] = (builder.task(call), builder.task(pivots))
    first = builder.factorizations[key][0]
    if required:
        assert isinstance(first, Call)
        first.failure = f"{described(argument)} is singular"
    return builder.factorizations[key]


def solved(
    builder: Builder, expression: Expr, outputs: Sequence[int], inverse: Atom, labels: Sequence[int],
    other: tuple[Expr, Sequence[int]],
) -> Use:  # fmt: skip
    """The inverse times the other operand, contracted over the label that they share."""
    argument = inverse.arguments[0]
    local = {label: k for k, label in enumerate(outputs)}
    row = next(label for label in labels if label in local)
    inner = next(label for label in labels if label not in local)
    local[inner] = len(local)
    transposed = labels[0] == inner
    columns = tuple(local[label] for label in other[1] if label != inner)
    read = builder.use(other[0]).read(tuple(plain(local[label]) for label in other[1]))
    read = through(read)
    size = inverse.shape[0]
    right = Window(read, ((local[inner],), columns) if columns else ((local[inner],),), (*expression.shape, size))
    groups = ((local[row],), columns) if columns else ((local[row],),)
    return builder.define(
        expression, builder.task(_solve(builder, argument, transposed, right, groups, expression.shape))
    )


def _solve(builder: Builder, argument: Expr, transposed: bool, right: Window, groups: tuple[tuple[int, ...], ...],
           shape: tuple[Dim, ...]) -> Call:  # fmt: skip
    how = kind(argument)
    if how in ("lower", "upper"):
        use = builder.use(argument)
        axes = use.axes[::-1] if transposed else use.axes
        if transposed:
            how = {"lower": "upper", "upper": "lower"}[how]
        failure = f"{described(argument)} is singular"
        return Call(f"trsm_{how}", shape, (window(use.task, axes), right), failure, groups)
    if how == "cholesky":
        return Call("cholesky_solve", shape, (window(factored(builder, argument)[0]), right), groups=groups)
    factors, pivots = factored(builder, argument)
    name = "lu_solve_transposed" if transposed else "lu_solve"
    return Call(name, shape, (window(factors), window(pivots), right), groups=groups)


def atom(builder: Builder, expression: Atom) -> Use:
    """The use of a matrix function.

    Raises NoRoutine.
    """
    if expression.function in _ATOMS:
        return _ATOMS[expression.function](builder, expression)
    if expression.function not in ROUTINES:
        raise NoRoutine(expression.function)
    uses = [builder.use(argument) for argument in expression.arguments]
    names = ", ".join(described(argument) for argument in expression.arguments)
    failure = f"{expression.function}({names}) does not exist" if ROUTINES[expression.function].can_fail else ""
    inputs = tuple(window(use.task, use.axes) for use in uses)
    call = _mirrored(builder, expression, Call(expression.function, expression.shape, inputs, failure))
    return builder.define(expression, builder.task(call))


def _inverse(builder: Builder, expression: Atom) -> Use:
    argument = expression.arguments[0]
    how = kind(argument)
    if how in ("lower", "upper"):
        use = builder.use(argument)
        call = Call(f"triangular_inverse_{how}", expression.shape, (window(use.task, use.axes),),
                    f"{described(argument)} is singular")  # fmt: skip
    elif how == "cholesky":
        call = Call("cholesky_inverse", expression.shape, (window(factored(builder, argument)[0]),))
    else:
        factors, pivots = factored(builder, argument)
        call = _mirrored(builder, expression, Call("lu_inverse", expression.shape, (window(factors), window(pivots))))
    return builder.define(expression, builder.task(call))


def _mirrored(builder: Builder, expression: Expr, call: Call) -> Call:
    """Of a symmetric matrix the lower triangle on both sides: what is read transposed must be the very same number,
    for else no element might equal the largest."""
    if not symmetric(expression):
        return call
    return Call("mirror", expression.shape, (window(builder.task(call)),))


def _over_diagonal(builder: Builder, matrix: Use, function: str, reduce: str) -> Task:
    """A function of the diagonal elements, reduced to a scalar."""
    body = BodyBuilder()
    cell = body.read(matrix.read((plain(0), plain(0))))
    for name in function.split():
        cell = body.op(name, cell)
    return builder.task(Cells((matrix.task.shape[0],), 0, body.finish(cell), reduce))


def _scalar(builder: Builder, make: Callable[[BodyBuilder], Body]) -> Task:
    return builder.task(Cells((), 0, make(BodyBuilder())))


def _scaled(builder: Builder, task: Task, factor: float) -> Task:
    return _scalar(builder, lambda body: body.finish(body.op("mul", number(factor), body.read(Read(task, ())))))


def _log_absolute(builder: Builder, argument: Expr) -> tuple[Task, Task | None]:
    """log(abs(det)), and the sign of det unless that is 1."""
    how = kind(argument)
    if how == "cholesky":
        factor = factored(builder, argument)[0]
        key = ("logdet", argument)
        if key not in builder.factorizations:
            half = _over_diagonal(builder, Use(factor, (0, 1)), "log", "sum")
            builder.factorizations[key] = (_scaled(builder, half, 2.0),)
        return builder.factorizations[key][0], None
    if how in ("lower", "upper"):
        use = builder.use(argument)
        return _over_diagonal(builder, use, "abs log", "sum"), _over_diagonal(builder, use, "sign", "prod")
    key = ("logabsdet", argument)
    if key not in builder.factorizations:
        factors, pivots = factored(builder, argument, required=False)
        call = Call("lu_logabsdet", (), (window(factors), window(pivots)))
        builder.factorizations[key] = (builder.task(call), builder.task(Part(call, ())))
    value, sign = builder.factorizations[key]
    return value, sign


def _logdet(builder: Builder, expression: Atom) -> Use:
    argument = expression.arguments[0]
    value, sign = _log_absolute(builder, argument)
    if sign is None:
        return builder.define(expression, value)
    failure = f"the determinant of {described(argument)} is not positive"
    builder.checks.append(builder.task(Call("check_positive", (), (window(sign),), failure)))
    return builder.define(expression, value)


def _logabsdet(builder: Builder, expression: Atom) -> Use:
    return builder.define(expression, _log_absolute(builder, expression.arguments[0])[0])


def _det(builder: Builder, expression: Atom) -> Use:
    argument = expression.arguments[0]
    how = kind(argument)
    if how == "cholesky":
        factor = factored(builder, argument)[0]
        root = _over_diagonal(builder, Use(factor, (0, 1)), "", "prod")
        square = _scalar(builder, lambda body: body.finish(body.op("mul", *[body.read(Read(root, ()))] * 2)))
        return builder.define(expression, square)
    if how in ("lower", "upper"):
        return builder.define(expression, _over_diagonal(builder, builder.use(argument), "", "prod"))
    factors, pivots = factored(builder, argument, required=False)
    return builder.define(expression, builder.task(Call("lu_det", (), (window(factors), window(pivots)))))


def _normfro(builder: Builder, expression: Atom) -> Use:
    """The root of the sum of squares, of elements divided by the largest: no square over- or underflows."""
    argument = expression.arguments[0]
    place: Place = tuple(plain(k) for k in range(argument.order))
    read = builder.use(argument).read(place)
    body = BodyBuilder()
    largest = builder.task(Cells(argument.shape, 0, body.finish(body.op("abs", body.read(read))), "max"))
    body = BodyBuilder()
    top = body.read(Read(largest, ()))
    usable = body.op("mul", body.op("gt", top, number(0.0)), body.op("lt", top, number(math.inf)))
    scale = builder.task(Cells((), 0, body.finish(body.op("where", usable, top, number(1.0)))))
    body = BodyBuilder()
    quotient = body.op("div", body.read(read), body.read(Read(scale, ())))
    squares = builder.task(Cells(argument.shape, 0, body.finish(body.op("mul", quotient, quotient)), "sum"))
    body = BodyBuilder()
    root = body.op("mul", body.read(Read(scale, ())), body.op("sqrt", body.read(Read(squares, ()))))
    return builder.define(expression, builder.task(Cells((), 0, body.finish(root))))


def _chol(builder: Builder, expression: Atom) -> Use:
    return builder.define(expression, _cholesky(builder, expression.arguments[0]))


_ATOMS: dict[str, Callable[[Builder, Atom], Use]] = {
    "chol": _chol,
    "inv": _inverse,
    "logdet": _logdet,
    "logabsdet": _logabsdet,
    "det": _det,
    "normfro": _normfro,
    **SPECTRA,
}
