"""NumPy's functions on traced arrays: one table, from NumPy's name to an expression.

Enters: the name that NumPy's protocols give, and arguments.  Leaves: `Traced` values.  Always holds: NumPy's shapes:
vectors have no orientation, two arrays are aligned at their last dimensions.  Not for: NumPy's options that have no
meaning for derivatives (`out`, `where`, `dtype`), which are refused.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from typing import Any

from ...compiler.calculus.rulebook import instantiate, rulebook
from ...compiler.language.elaborate import Elaborator
from ...compiler.language.wording import describe
from ...compiler.tensor import algebra
from ...compiler.tensor.dims import Dim
from ...compiler.tensor.expr import Expr
from ...grammar import errors, syntax
from . import creation
from .traced import ONE, Tape, Traced

NOWHERE = syntax.Span(0, 0)
COMPARISONS = {
    "less": "lt",
    "less_equal": "le",
    "greater": "gt",
    "greater_equal": "ge",
    "equal": "eq",
    "not_equal": "ne",
}
# Elementwise functions, NumPy's and scipy.special's, by their names in the language.
SAME = (
    "exp", "expm1", "log", "log1p", "sqrt", "sign", "sin", "cos", "tan", "sinh", "cosh", "tanh", "floor",
    "ceil", "erf", "erfc", "xlogy",
)  # fmt: skip
ELEMENTWISE = {
    **{name: name for name in SAME},
    "absolute": "abs",
    "fabs": "abs",
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "arcsinh": "asinh",
    "arccosh": "acosh",
    "arctanh": "atanh",
    "arctan2": "atan2",
    "maximum": "max",
    "minimum": "min",
    "power": "pow",
    "float_power": "pow",
    "where": "where",
    "clip": "clip",
    "expit": "sigmoid",
    "ndtr": "normcdf",
    "gammaln": "lgamma",
    "psi": "digamma",
}


def binary(tape: Tape, name: str, left: Any, right: Any) -> Any:
    """The value of a Python operator, by the name of NumPy's function."""
    try:
        return called(tape, name, (left, right), {})
    except errors.TypeError:
        if isinstance(left, Traced | int | float) or isinstance(right, Traced | int | float):
            raise
        return NotImplemented


def called(tape: Tape, name: str, arguments: Sequence[Any], options: dict[str, Any]) -> Any:
    """The value of a call of the NumPy function `name`."""
    if name in COMPARISONS:
        return Traced(tape, algebra.map_(COMPARISONS[name], aligned(tape, name, *map(tape.value, arguments))))
    if name in ELEMENTWISE and not options:
        return Traced(tape, algebra.map_(ELEMENTWISE[name], aligned(tape, name, *map(tape.value, arguments))))
    handler = _HANDLERS.get(name)
    if handler is None:
        close = errors.suggest(name, [*_HANDLERS, *ELEMENTWISE])
        tape.fail(
            f"np.{name} cannot be traced", hint=f"did you mean np.{close}?" if close else "", kind=errors.TypeError
        )
    try:
        result = handler(tape, *arguments, **options)
    except TypeError as error:
        if isinstance(error, errors.Error):
            raise
        tape.fail(f"np.{name} cannot be traced with these arguments", found=str(error), kind=errors.TypeError)
    return Traced(tape, result) if isinstance(result, Expr) else result


def aligned(tape: Tape, name: str, *operands: Expr) -> tuple[Expr, ...]:
    """The operands at their common shape, aligned at their last dimensions."""
    order = max(o.order for o in operands)
    shape: list[Dim] = [ONE] * order
    for operand in operands:
        for axis, size in enumerate(operand.shape, order - operand.order):
            if shape[axis] == ONE:
                shape[axis] = size
            elif size != ONE and not tape.same(size, shape[axis]):
                _misfit(tape, name, operands)
    expanded = []
    for operand in operands:
        lead = order - operand.order
        axes = [-1 if size == ONE != shape[lead + k] else lead + k for k, size in enumerate(operand.shape)]
        expanded.append(operand if operand.shape == tuple(shape) else algebra.broadcast(operand, axes, tuple(shape)))
    return tuple(expanded)


def _misfit(tape: Tape, name: str, operands: Sequence[Expr]) -> None:
    hint = ""
    if name in ("matmul", "dot") and len(operands) == 2 and all(o.order == 2 for o in operands):
        (_, inner), (rows, columns) = operands[0].shape, operands[1].shape
        if inner == columns:
            hint = "the transpose of the second would fit: A @ B.T"
        elif operands[0].shape[0] == rows:
            hint = "the transpose of the first would fit: A.T @ B"
    found = ", ".join(f"operand {k} is {describe(o.shape)}" for k, o in enumerate(operands, 1))
    tape.fail(f"shapes do not fit in {name}", found=found, hint=hint)


def _axes(tape: Tape, array: Expr, axis: Any) -> tuple[int, ...]:
    given = range(array.order) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes = tuple(sorted(a + array.order if a < 0 else a for a in given))
    if any(not 0 <= a < array.order for a in axes):
        tape.fail(f"axis {axis} is out of range: the array has {array.order} dimensions")
    return axes


def _kept(array: Expr, reduced: Expr, axes: tuple[int, ...], keepdims: bool) -> Expr:
    if not keepdims:
        return reduced
    shape = tuple(ONE if k in axes else size for k, size in enumerate(array.shape))
    return algebra.broadcast(reduced, [k for k in range(array.order) if k not in axes], shape)


def _sum(tape: Tape, a: Any, axis: Any = None, keepdims: bool = False) -> Expr:
    array = tape.value(a)
    axes = _axes(tape, array, axis)
    return _kept(array, algebra.sum_over(array, axes), axes, keepdims)


def _mean(tape: Tape, a: Any, axis: Any = None, keepdims: bool = False) -> Expr:
    array = tape.value(a)
    count = ONE
    for k in _axes(tape, array, axis):
        count = count * array.shape[k]
    return algebra.product(algebra.power(algebra.size_scalar(count), -1), _sum(tape, a, axis, keepdims))


def _reduction(name: str) -> Callable[..., Expr]:
    def reduction(tape: Tape, a: Any, axis: Any = None, keepdims: bool = False) -> Expr:
        array = tape.value(a)
        axes = _axes(tape, array, axis)
        return _kept(array, algebra.reduce_(name, array, axes), axes, keepdims)

    return reduction


def _defined(name: str) -> Callable[..., Expr]:
    """A function of one array that a `def` line of the rules says."""

    def defined(tape: Tape, a: Any) -> Expr:
        template = rulebook().definitions[name, 1, ""]
        return instantiate(template.value, {template.parameters[0]: tape.value(a)})

    return defined


def _of_language(name: str) -> Callable[..., Expr]:
    """The function of the language with that name, of arrays."""

    def function(tape: Tape, *arguments: Any) -> Expr:
        from ...compiler.language.builtins import call

        operands = [tape.value(a) for a in arguments]
        places = tuple(syntax.Name(NOWHERE, f"operand {k}") for k in range(1, len(operands) + 1))
        scope = Elaborator(None, {}, tape.sizes, {}, {})
        try:
            value = call(scope, syntax.Call(NOWHERE, name, NOWHERE, places), list(operands))
        except errors.Error as error:
            found = ", ".join(f"operand {k} is {describe(o.shape)}" for k, o in enumerate(operands, 1))
            tape.fail(error.title, found=found, kind=type(error))
        assert isinstance(value, Expr)
        return value

    return function


def _matmul(tape: Tape, a: Any, b: Any) -> Expr:
    left, right = tape.value(a), tape.value(b)
    if not (1 <= left.order <= 2 and 1 <= right.order <= 2) or not tape.same(left.shape[-1], right.shape[0]):
        _misfit(tape, "matmul", (left, right))
    return algebra.matmul(left, right)


def _dot(tape: Tape, a: Any, b: Any) -> Expr:
    left, right = tape.value(a), tape.value(b)
    return (
        algebra.product(left, right)
        if not left.order
        else algebra.product(right, left)
        if not right.order
        else _matmul(tape, a, b)
    )


def _arithmetic(name: str) -> Callable[..., Expr]:
    def arithmetic(tape: Tape, a: Any, b: Any) -> Expr:
        left, right = aligned(tape, name, tape.value(a), tape.value(b))
        match name:
            case "add":
                return algebra.total(left, right)
            case "subtract":
                return algebra.difference(left, right)
            case "multiply":
                return algebra.hadamard(left, right)
        return algebra.hadamard(left, algebra.power(right, -1))

    return arithmetic


def _logaddexp(tape: Tape, a: Any, b: Any) -> Expr:
    left, right = aligned(tape, "logaddexp", tape.value(a), tape.value(b))
    return algebra.total(right, algebra.map_("softplus", (algebra.difference(left, right),)))


def _transpose(tape: Tape, a: Any, axes: Any = None) -> Expr:
    array = tape.value(a)
    return algebra.permute(array, tuple(axes) if axes is not None else tuple(reversed(range(array.order))))


def _ravel(tape: Tape, a: Any) -> Expr:
    array = tape.value(a)
    turned = algebra.transpose(array) if array.order == 2 else array  # row by row
    return _of_language("vec")(tape, Traced(tape, turned))


def _trace(tape: Tape, a: Any) -> Expr:
    return _of_language("tr")(tape, a)


def _einsum(tape: Tape, subscripts: str, *arrays: Any, optimize: Any = None) -> Expr:
    inputs, arrow, output = subscripts.replace(" ", "").partition("->")
    terms = inputs.split(",")
    operands = [tape.value(a) for a in arrays]
    letters = "".join(terms)
    if not set(letters + output) <= set(string.ascii_letters) or len(terms) != len(operands):
        tape.fail(f"np.einsum cannot be traced with {subscripts!r}", hint="letters and commas, one term per array")
    if not arrow:
        output = "".join(sorted(x for x in set(letters) if letters.count(x) == 1))
    if not set(output) <= set(letters) or len(set(output)) != len(output):
        tape.fail(f"the output of {subscripts!r} is not right")
    label = {letter: k for k, letter in enumerate(dict.fromkeys(letters))}
    sizes: dict[int, Dim] = {}
    factors = []
    for term, operand in zip(terms, operands, strict=True):
        if len(term) != operand.order:
            _misfit(tape, f"einsum {subscripts!r}", operands)
        for letter, size in zip(term, operand.shape, strict=True):
            if not tape.same(sizes.setdefault(label[letter], size), size):
                _misfit(tape, f"einsum {subscripts!r}", operands)
        factors.append((operand, tuple(label[letter] for letter in term)))
    return algebra.contract(factors, [label[letter] for letter in output], sizes)


def _norm(tape: Tape, x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Expr:  # noqa: A002
    array = tape.value(x)
    if axis is not None:
        if ord not in (None, 2):
            tape.fail("np.linalg.norm along an axis is traced only as the Euclidean norm", kind=errors.TypeError)
        squares = _sum(tape, Traced(tape, algebra.power(array, 2)), axis, keepdims)
        return algebra.map_("sqrt", (squares,))
    names = {None: "normfro", "fro": "normfro", 2: "norm2", 1: "norm1", float("inf"): "norminf", "nuc": "normnuc"}
    if ord not in names or keepdims:
        tape.fail(f"np.linalg.norm with ord={ord!r} cannot be traced", kind=errors.TypeError)
    return _of_language(names[ord])(tape, x)


def _solve(tape: Tape, a: Any, b: Any) -> Expr:
    inverse = _of_language("inv")(tape, a)
    return _matmul(tape, Traced(tape, inverse), b)


def _slogdet(tape: Tape, a: Any) -> tuple[Traced, Traced]:
    sign = algebra.map_("sign", (_of_language("det")(tape, a),))
    return Traced(tape, sign), Traced(tape, _of_language("logabsdet")(tape, a))


_HANDLERS: dict[str, Callable[..., Any]] = {
    **creation.HANDLERS,
    "sum": _sum,
    "mean": _mean,
    "max": _reduction("max"),
    "min": _reduction("min"),
    "amax": _reduction("max"),
    "amin": _reduction("min"),
    "prod": _reduction("prod"),
    "var": _defined("var"),
    "cumsum": _of_language("cumsum"),
    "matmul": _matmul,
    "dot": _dot,
    "inner": _dot,
    "vdot": _dot,
    "outer": _of_language("outer"),
    "kron": _of_language("kron"),
    "cross": _of_language("cross"),
    "trace": _trace,
    "diag": _of_language("diag"),
    "diagonal": _of_language("diag"),
    "transpose": _transpose,
    "ravel": _ravel,
    "triu": _of_language("triu"),
    "tril": _of_language("tril"),
    "einsum": _einsum,
    "square": lambda tape, x: algebra.power(tape.value(x), 2),
    "reciprocal": lambda tape, x: algebra.power(tape.value(x), -1),
    "negative": lambda tape, x: -x,
    "positive": lambda tape, x: x,
    "logaddexp": _logaddexp,
    **{name: _arithmetic(name) for name in ("add", "subtract", "multiply", "divide", "true_divide")},
    "inv": _of_language("inv"),
    "pinv": _of_language("pinv"),
    "det": _of_language("det"),
    "slogdet": _slogdet,
    "solve": _solve,
    "norm": _norm,
    "cholesky": _of_language("chol"),
    "eigvalsh": _of_language("eigvals"),
    "svdvals": _of_language("svdvals"),
}
