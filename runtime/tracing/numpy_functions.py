"""NumPy's functions on traced arrays: one table, from NumPy's name to an expression.

Enters: the name that NumPy's protocols give, and arguments.  Leaves: `Traced` values.  Always holds: NumPy's shapes:
vectors have no orientation, two arrays are aligned at their last dimensions.  Not for: NumPy's options that have no
meaning for derivatives (`out`, `where`, `dtype`), which are refused.
"""

from __future__ import annotations

import math
import re
import string
from collections.abc import Callable, Sequence
from typing import Any

from ...compiler.tensor import algebra
from ...compiler.tensor.dims import Dim
from ...compiler.tensor.expr import Expr
from ...grammar import errors, syntax
from . import arrangement, creation
from .operands import aligned, misfit, of_language
from .reductions import cumsum, mean, ravel, reduction, std, sum_, var
from .traced import Tape, Traced

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
        unknown = re.search(r"unexpected keyword argument '(\w+)'", str(error))
        tape.fail(
            f"np.{name} cannot be traced with these arguments",
            found=f"{unknown.group(1)} is not among those that are understood" if unknown else "",
            kind=errors.TypeError,
        )
    return Traced(tape, result) if isinstance(result, Expr) else result


def _clip(tape: Tape, a: Any, a_min: Any = None, a_max: Any = None, **options: Any) -> Expr:
    low, high = options.pop("min", a_min), options.pop("max", a_max)
    array = tape.value(a)
    if options:
        tape.fail(f"np.clip is traced without {next(iter(options))}", kind=errors.TypeError)
    if low is None or high is None:
        ends = [(name, end) for name, end in (("max", low), ("min", high)) if end is not None]
        return algebra.map_(ends[0][0], aligned(tape, "clip", array, tape.value(ends[0][1]))) if ends else array
    return algebra.map_("clip", aligned(tape, "clip", array, tape.value(low), tape.value(high)))


def _scaled_log(base: float) -> Callable[..., Expr]:
    def logarithm(tape: Tape, a: Any) -> Expr:
        factor = tape.value(1 / math.log(base))
        return algebra.product(factor, algebra.map_("log", (tape.value(a),)))

    return logarithm


def _svd(tape: Tape, a: Any, full_matrices: bool = True, compute_uv: bool = True) -> Expr:
    if compute_uv:
        tape.fail("np.linalg.svd is traced with compute_uv=False", kind=errors.TypeError)
    return of_language("svdvals")(tape, a)


def _matmul(tape: Tape, a: Any, b: Any) -> Expr:
    left, right = tape.value(a), tape.value(b)
    if not (1 <= left.order <= 2 and 1 <= right.order <= 2) or not tape.same(left.shape[-1], right.shape[0]):
        misfit(tape, "matmul", (left, right))
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


def _trace(tape: Tape, a: Any) -> Expr:
    return of_language("tr")(tape, a)


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
            misfit(tape, f"einsum {subscripts!r}", operands)
        for letter, size in zip(term, operand.shape, strict=True):
            if not tape.same(sizes.setdefault(label[letter], size), size):
                misfit(tape, f"einsum {subscripts!r}", operands)
        factors.append((operand, tuple(label[letter] for letter in term)))
    return algebra.contract(factors, [label[letter] for letter in output], sizes)


def _norm(tape: Tape, x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Expr:  # noqa: A002
    array = tape.value(x)
    if axis is not None:
        if ord not in (None, 2):
            tape.fail("np.linalg.norm along an axis is traced only as the Euclidean norm", kind=errors.TypeError)
        squares = sum_(tape, Traced(tape, algebra.power(array, 2)), axis, keepdims)
        return algebra.map_("sqrt", (squares,))
    names = {None: "normfro", "fro": "normfro", 2: "norm2", 1: "norm1", float("inf"): "norminf", "nuc": "normnuc"}
    if ord not in names or keepdims:
        tape.fail(f"np.linalg.norm with ord={ord!r} cannot be traced", kind=errors.TypeError)
    return of_language(names[ord])(tape, x)


def _solve(tape: Tape, a: Any, b: Any) -> Expr:
    inverse = of_language("inv")(tape, a)
    return _matmul(tape, Traced(tape, inverse), b)


def _slogdet(tape: Tape, a: Any) -> tuple[Traced, Traced]:
    sign = algebra.map_("sign", (of_language("det")(tape, a),))
    return Traced(tape, sign), Traced(tape, of_language("logabsdet")(tape, a))


_HANDLERS: dict[str, Callable[..., Any]] = {
    **arrangement.HANDLERS,
    **creation.HANDLERS,
    "sum": sum_,
    "mean": mean,
    "max": reduction("max"),
    "min": reduction("min"),
    "amax": reduction("max"),
    "amin": reduction("min"),
    "prod": reduction("prod"),
    "var": var,
    "std": std,
    "cumsum": cumsum,
    "clip": _clip,
    "log2": _scaled_log(2),
    "log10": _scaled_log(10),
    "exp2": lambda tape, x: (2 ** Traced(tape, tape.value(x))).value,
    "svd": _svd,
    "matmul": _matmul,
    "dot": _dot,
    "inner": _dot,
    "vdot": _dot,
    "outer": of_language("outer"),
    "kron": of_language("kron"),
    "cross": of_language("cross"),
    "trace": _trace,
    "diag": of_language("diag"),
    "diagonal": of_language("diag"),
    "transpose": _transpose,
    "ravel": ravel,
    "triu": of_language("triu"),
    "tril": of_language("tril"),
    "einsum": _einsum,
    "square": lambda tape, x: algebra.power(tape.value(x), 2),
    "reciprocal": lambda tape, x: algebra.power(tape.value(x), -1),
    "negative": lambda tape, x: -x,
    "positive": lambda tape, x: x,
    "logaddexp": _logaddexp,
    **{name: _arithmetic(name) for name in ("add", "subtract", "multiply", "divide", "true_divide")},
    "inv": of_language("inv"),
    "pinv": of_language("pinv"),
    "det": of_language("det"),
    "slogdet": _slogdet,
    "solve": _solve,
    "norm": _norm,
    "cholesky": of_language("chol"),
    "eigvalsh": of_language("eigvals"),
    "svdvals": of_language("svdvals"),
}
