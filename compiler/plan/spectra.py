"""Functions of eigenvalues and singular values as tasks: one decomposition per matrix, shared by all of them.

Enters: an `Atom`.  Leaves: its `Use`.  Always holds: vectors are computed only where something in the program
needs them; a failure names the argument.  Not for: determinants and inverses (`atoms.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from ..kernel.program import Require
from ..tensor.contraction import add, symmetric
from ..tensor.dims import Dim
from ..tensor.expr import Atom, Expr, Shape, Symbol, node
from .build import Builder, Use
from .tasks import BodyBuilder, Call, Cells, Index, Part, Read, Task, number, plain, window

# What needs vectors, by the decomposition; the shape of each follows from that of the argument.
WITH_VECTORS = {
    "eigh": ("eigvecs", "eigmaxproj", "eigmaxresolvent", "sqrtm", "logm"),
    "svd": ("svdleft", "svdright", "polar", "pinv", "svdmaxproj"),
}
SHAPES: dict[str, Callable[[Dim, Dim, Dim], Shape]] = {
    "eigvecs": lambda m, n, k: (m, n),
    "eigmaxproj": lambda m, n, k: (m, n),
    "eigmaxresolvent": lambda m, n, k: (m, n),
    "sqrtm": lambda m, n, k: (m, n),
    "logm": lambda m, n, k: (m, n),
    "svdleft": lambda m, n, k: (m, k),
    "svdright": lambda m, n, k: (n, k),
    "polar": lambda m, n, k: (m, n),
    "svdmaxproj": lambda m, n, k: (m, n),
    "pinv": lambda m, n, k: (n, m),
}


def described(expression: Expr) -> str:
    """An argument in a message: its name, or `the matrix`."""
    return expression.name if isinstance(expression, Symbol) else "the matrix"


def _needs_vectors(builder: Builder, kind: str, argument: Expr, least: Dim) -> bool:
    """Whether the program holds a function of the argument that needs vectors."""
    rows, columns = argument.shape
    shapes = {name: SHAPES[name](rows, columns, least) for name in WITH_VECTORS[kind]}
    return any(
        node(Atom, shape, function=name, arguments=(argument,)) in builder.readers for name, shape in shapes.items()
    )


def _decomposed(builder: Builder, kind: str, argument: Expr, least: Dim) -> tuple[Task, ...]:
    """The parts of a decomposition with vectors: (values, vectors) or (left, values, right)."""
    key = (kind, argument)
    if key not in builder.factorizations:
        use = builder.use(argument)
        rows, columns = argument.shape
        shapes: tuple[Shape, ...] = ((rows, least), (least,), (columns, least))
        if kind == "eigh":
            shapes = ((rows,), (rows, rows))
        what = "eigenvalues" if kind == "eigh" else "singular values"
        call = Call(kind, shapes[0], (window(use.task, use.axes),), f"the {what} of {described(argument)} do not exist")
        others = [Part(call, shape) for shape in shapes[1:]]
        builder.factorizations[key] = tuple(builder.task(task) for task in (call, *others))
    return builder.factorizations[key]


def _wanted(builder: Builder, name: str, argument: Expr) -> bool:
    """Whether the program holds this function, a square matrix, of the argument."""
    return node(Atom, argument.shape, function=name, arguments=(argument,)) in builder.readers


def _top(builder: Builder, argument: Expr) -> tuple[Task, ...] | None:
    """The eigenvalues and `eigmaxproj`, where that is all that the program wants of the eigenvectors; else None."""
    names = WITH_VECTORS["eigh"]
    if not _wanted(builder, "eigmaxproj", argument) or any(
        _wanted(builder, name, argument) for name in names if name != "eigmaxproj"
    ):
        return None
    key = ("top_projector", argument)
    if key not in builder.factorizations:
        use = builder.use(argument)
        failure = f"the eigenvalues of {described(argument)} do not exist"
        call = Call("top_projector", argument.shape[:1], (window(use.task, use.axes),), failure)
        builder.factorizations[key] = (builder.task(call), builder.task(Part(call, argument.shape)))
    return builder.factorizations[key]


def _eigenvalues(builder: Builder, argument: Expr) -> Task:
    """The ascending eigenvalues."""
    size = argument.shape[0]
    top = _top(builder, argument)
    if top is not None:
        return top[0]
    if _needs_vectors(builder, "eigh", argument, size):
        return _decomposed(builder, "eigh", argument, size)[0]
    return _values(builder, "symmetric_values", argument, size, "eigenvalues")


def _singular_values(builder: Builder, argument: Expr, least: Dim) -> Task:
    if _needs_vectors(builder, "svd", argument, least):
        return _decomposed(builder, "svd", argument, least)[1]
    return _values(builder, "singular_values", argument, least, "singular values")


def _values(builder: Builder, routine: str, argument: Expr, count: Dim, what: str) -> Task:
    key = (routine, argument)
    if key not in builder.factorizations:
        use = builder.use(argument)
        failure = f"the {what} of {described(argument)} do not exist"
        builder.factorizations[key] = (builder.task(Call(routine, (count,), (window(use.task, use.axes),), failure)),)
    return builder.factorizations[key][0]


def _least(argument: Expr) -> Dim:
    from ..tensor.dims import extreme

    return extreme("min", *argument.shape)


def _eigvals(builder: Builder, expression: Atom) -> Use:
    return builder.define(expression, _eigenvalues(builder, expression.arguments[0]))


def _eigvecs(builder: Builder, expression: Atom) -> Use:
    argument = expression.arguments[0]
    return builder.define(expression, _decomposed(builder, "eigh", argument, argument.shape[0])[1])


def _extreme(builder: Builder, expression: Atom) -> Use:
    argument = expression.arguments[0]
    last = argument.shape[0] - 1
    builder.requirements[last] = Require(last, f"{expression.function} of a matrix without elements")
    body = BodyBuilder()
    negative = add([(Fraction(-1), argument)], argument.shape)
    if expression.function == "eigmin" and _wanted(builder, "eigmaxproj", negative):  # its gradient
        cell = body.op("neg", body.read(Read(_eigenvalues(builder, negative), (Index((), last),))))
    else:
        place = (Index((), last if expression.function == "eigmax" else Dim.of(0)),)
        cell = body.read(Read(_eigenvalues(builder, argument), place))
    return builder.define(expression, builder.task(Cells((), 0, body.finish(cell))))


def _projector(builder: Builder, expression: Atom) -> Use:
    argument = expression.arguments[0]
    top = _top(builder, argument)
    if expression.function == "eigmaxproj" and top is not None:
        return builder.define(expression, top[1])
    values, vectors = _decomposed(builder, "eigh", argument, argument.shape[0])
    if expression.function == "eigmaxproj":
        call = Call("top_weights", values.shape, (window(values),))
    else:
        failure = "the second derivative of an extreme eigenvalue or singular value does not exist where it is multiple"
        call = Call("top_reciprocals", values.shape, (window(values),), failure)
    return _weighted(builder, expression, vectors, builder.task(call), vectors)


def _weighted(builder: Builder, expression: Atom, left: Task, weights: Task, right: Task) -> Use:
    inputs = (window(left), window(weights), window(right))
    return builder.define(expression, builder.task(Call("weighted_product", expression.shape, inputs)))


def _svdvals(builder: Builder, expression: Atom) -> Use:
    return builder.define(expression, _singular_values(builder, expression.arguments[0], expression.shape[0]))


def _vectors(builder: Builder, expression: Atom) -> Use:
    left, _, right = _decomposed(builder, "svd", expression.arguments[0], expression.shape[1])
    return builder.define(expression, left if expression.function == "svdleft" else right)


def _from_svd(builder: Builder, expression: Atom) -> Use:
    argument = expression.arguments[0]
    left, values, right = _decomposed(builder, "svd", argument, _least(argument))
    routine = {"polar": "rank_ones", "pinv": "rank_reciprocals", "svdmaxproj": "largest_weights"}[expression.function]
    inputs = (window(left), window(values), window(right))
    weights = builder.task(Call(routine, values.shape, inputs))
    if expression.function == "pinv":
        left, right = right, left
    return _weighted(builder, expression, left, weights, right)


def _reduced(builder: Builder, expression: Atom) -> Use:
    """The sum of the singular values, or the largest (0 if there is none)."""
    argument = expression.arguments[0]
    values = _singular_values(builder, argument, _least(argument))
    body = BodyBuilder()
    cell = body.read(Read(values, (plain(0),)))
    if expression.function == "normnuc":
        return builder.define(expression, builder.task(Cells(values.shape, 0, body.finish(cell), "sum")))
    largest = builder.task(Cells(values.shape, 0, body.finish(cell), "max"))
    body = BodyBuilder()
    top = body.op("max", body.read(Read(largest, ())), number(0.0))
    return builder.define(expression, builder.task(Cells((), 0, body.finish(top))))


def _of_values(builder: Builder, expression: Atom) -> Use:
    """`eiggaps` and `svdsums`."""
    use = builder.use(expression.arguments[0])
    failure = {
        "eiggaps": "this derivative does not exist where eigenvalues or singular values are multiple",
        "svdsums": "this derivative does not exist where a singular value is 0",
    }[expression.function]
    call = Call(expression.function, expression.shape, (window(use.task, use.axes),), failure)
    return builder.define(expression, builder.task(call))


def _products_of_others(builder: Builder, expression: Atom) -> Use:
    """Along the last axis, which the routine has first; of arrays of higher order there is none."""
    from .atoms import NoRoutine
    from .tasks import Window, own

    use = builder.use(expression.arguments[0])
    axes = tuple(reversed(use.axes))
    if len(axes) > 2:
        raise NoRoutine(expression.function)
    inputs = (Window(own(use.task), tuple((axis,) for axis in axes), use.task.shape),)
    groups = tuple((k,) for k in reversed(range(expression.order)))
    return builder.define(expression, builder.task(Call("products_of_others", expression.shape, inputs, groups=groups)))


def _exponential_derivative(builder: Builder, expression: Atom) -> Use:
    """Along one matrix; more directions have no routine."""
    from .atoms import NoRoutine

    if len(expression.arguments) != 2 or expression.order != 2:
        raise NoRoutine(expression.function)
    uses = [builder.use(a) for a in expression.arguments]
    inputs = tuple(window(use.task, use.axes) for use in uses)
    return builder.define(expression, builder.task(Call("expm_derivative", expression.shape, inputs)))


# Functions of symmetric matrices: the function of the eigenvalues, and its differences over theirs.
OF_VALUES = {"sqrtm": ("spectral_roots", "root_quotients"), "logm": ("spectral_logarithms", "log_quotients")}


def _of_symmetric(builder: Builder, expression: Atom) -> Use:
    """`sqrtm` and `logm`; of what is not symmetric there is no routine."""
    from .atoms import NoRoutine

    argument = expression.arguments[0]
    if not symmetric(argument):
        raise NoRoutine(expression.function)
    values, vectors = _decomposed(builder, "eigh", argument, argument.shape[0])
    failure = f"{expression.function} of {described(argument)} is not real, or does not exist"
    found = builder.task(Call(OF_VALUES[expression.function][0], values.shape, (window(values),), failure))
    inputs = (window(vectors), window(found), window(vectors))
    product = builder.task(Call("weighted_product", expression.shape, inputs))
    return builder.define(expression, builder.task(Call("mirror", expression.shape, (window(product),))))


def _symmetric_derivative(builder: Builder, expression: Atom) -> Use:
    """`dsqrtm` and `dlogm` along one matrix; more directions have no routine.

    With A = V*diag(w)*V' the derivative along E is V*(Q .* (V'*E*V))*V', Q[i, j] = (f(w[i]) - f(w[j]))/(w[i] - w[j])
    (Yu. Daleckii and S. Krein, 1965).
    """
    from .atoms import NoRoutine

    argument, function = expression.arguments[0], expression.function[1:]
    if len(expression.arguments) != 2 or expression.order != 2 or not symmetric(argument):
        raise NoRoutine(expression.function)
    values, vectors = _decomposed(builder, "eigh", argument, argument.shape[0])
    failure = f"the derivative of {function} does not exist where {described(argument)} is singular"
    quotients = builder.task(Call(OF_VALUES[function][1], expression.shape, (window(values),), failure))
    use = builder.use(expression.arguments[1])
    inputs = (window(vectors), window(quotients), window(use.task, use.axes))
    return builder.define(expression, builder.task(Call("spectral_derivative", expression.shape, inputs)))


SPECTRA: dict[str, Callable[[Builder, Atom], Use]] = {
    "eigvals": _eigvals,
    "eigvecs": _eigvecs,
    "eigmax": _extreme,
    "eigmin": _extreme,
    "eigmaxproj": _projector,
    "eigmaxresolvent": _projector,
    "svdvals": _svdvals,
    "svdleft": _vectors,
    "svdright": _vectors,
    "polar": _from_svd,
    "pinv": _from_svd,
    "svdmaxproj": _from_svd,
    "norm2": _reduced,
    "normnuc": _reduced,
    "eiggaps": _of_values,
    "svdsums": _of_values,
    "prodothers": _products_of_others,
    "dexpm": _exponential_derivative,
    "sqrtm": _of_symmetric,
    "logm": _of_symmetric,
    "dsqrtm": _symmetric_derivative,
    "dlogm": _symmetric_derivative,
}
