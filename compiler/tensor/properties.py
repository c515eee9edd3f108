"""What is known of an expression: `symmetric posdef psd diagonal lower upper orthogonal nonneg positive`.

Enters: an expression.  Leaves: the set of properties that follow from the attributes of its symbols.  Always holds:
a property is named only if it is certain; one that is not named may still hold.  A matrix is `nonneg` or `positive`
element by element.  Not for: numerical tests.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable

from . import algebra
from .contraction import COMPARISONS, symmetric
from .expr import Atom, Constant, Contract, Expr, Map, Reduce, Size, Structure, Sum, Symbol, topological

Properties = frozenset[str]
_known: weakref.WeakKeyDictionary[Expr, Properties] = weakref.WeakKeyDictionary()

_POSITIVE = frozenset({"exp", "sigmoid", "softplus", "cosh", "normpdf", "normcdf", "erfc"})
_NONNEG = frozenset({"abs", "relu", "sqrt", "huber"}) | COMPARISONS
# Functions that are 0 at 0: of a triangular matrix they are triangular.  The second have the sign of their argument.
_ODD = frozenset({"sin", "tan", "asin", "atan", "sinh", "tanh", "asinh", "atanh", "expm1", "log1p", "erf", "sign"})
_ZERO_AT_ZERO = _ODD | {"abs", "relu", "sqrt", "floor", "ceil"}
_SIGN_OF_ARGUMENT = _ODD - {"sin", "tan"} | {"abs", "relu", "sqrt"}
# Power series without negative coefficients: of a semidefinite matrix, element by element, they are semidefinite.
_SCHUR = frozenset({"exp", "expm1", "sinh", "cosh"})
_IMPLIED = {
    "posdef": ("psd", "symmetric"),
    "psd": ("symmetric",),
    "diagonal": ("symmetric", "lower", "upper"),
    "positive": ("nonneg",),
}
_SQUARE = frozenset({"symmetric", "posdef", "psd"})  # what no rectangular matrix is


def has(expression: Expr, name: str) -> bool:
    """Whether the property is certain."""
    return name in properties(expression)


def properties(expression: Expr) -> Properties:
    """All properties that are certain."""
    if expression not in _known:
        for current in topological(expression):
            if current not in _known:
                _known[current] = _closed(_infer(current)) - (_SQUARE if _is_rectangular(current) else frozenset())
    return _known[expression]


def _is_rectangular(expression: Expr) -> bool:
    return expression.order == 2 and not square(expression)


def _closed(found: set[str]) -> Properties:
    if "lower" in found and "upper" in found:
        found.add("diagonal")
    for name in ("posdef", "psd", "diagonal", "positive"):
        if name in found:
            found.update(_IMPLIED[name])
    if {"diagonal", "posdef"} <= found or {"diagonal", "psd"} <= found:
        found.add("nonneg")
    return frozenset(found)


def _infer(current: Expr) -> set[str]:
    found: set[str] = {"symmetric"} if symmetric(current) else set()
    match current:
        case Symbol(value=None):
            found |= current.attributes
        case Constant():
            found.add("positive")
        case Size():
            found.add("nonneg")
        case Structure():
            found |= _of_structure(current)
        case Sum():
            found |= _of_sum(current)
        case Map():
            found |= _of_map(current)
        case Reduce(function="max" | "min" | "prod"):
            found |= {"nonneg", "positive"} & _known[current.argument]
        case Atom():
            found |= _of_atom(current)
        case Contract():
            from .product_properties import of_product

            found |= of_product(current)
    return found


def _of_structure(current: Structure) -> set[str]:
    if current.kind == "delta":
        return {"posdef", "diagonal", "orthogonal", "nonneg"}
    if current.kind == "tril" and current.parameters[0].value is not None and current.parameters[0].value <= 0:
        return {"lower", "nonneg"}
    return set() if current.kind == "cross" else {"nonneg"}


def _of_sum(current: Sum) -> set[str]:
    if not current.terms:
        return {"nonneg", "psd", "diagonal"} if square(current) else {"nonneg"}
    found: set[str] = set()
    sets = [_known[term] for _, term in current.terms]
    for name in ("lower", "upper", "diagonal"):
        if all(name in s for s in sets):
            found.add(name)
    if all(c > 0 for c, _ in current.terms):
        for whole, part in (("posdef", "psd"), ("positive", "nonneg")):
            if all(part in s for s in sets):
                found.add(part)
                if any(whole in s for s in sets):
                    found.add(whole)
    return found


def _of_map(current: Map) -> set[str]:
    arguments = [_known[a] for a in current.arguments]
    kernel = square(current) and (
        (current.function in _SCHUR and "psd" in arguments[0])
        or (current.function == "exp" and _exponent_of_kernel(current.arguments[0]))
    )
    if current.function in _POSITIVE:
        return {"positive", "psd"} if kernel else {"positive"}
    found = {"psd"} if kernel else set()
    found |= {"lower", "upper", "diagonal"} & arguments[0] if current.function in _ZERO_AT_ZERO else set()
    if current.function in _SIGN_OF_ARGUMENT:
        found |= {"nonneg", "positive"} & arguments[0]
    if current.function in ("floor", "ceil"):
        found |= {"nonneg"} & arguments[0]
    if current.function in _NONNEG or found:
        return found | ({"nonneg"} if current.function in _NONNEG else set())
    if current.function == "clip":
        return {name for name in ("positive", "nonneg") if name in arguments[1] and name in arguments[2]}
    if current.function == "pow":
        exponent = algebra.number_value(current.arguments[1])
        even = exponent is not None and exponent.denominator == 1 and exponent.numerator % 2 == 0
        return ({"positive", "nonneg"} & arguments[0]) | ({"nonneg"} if even else set())
    if current.function == "max":
        return {name for name in ("positive", "nonneg") if any(name in s for s in arguments)}
    if current.function == "min":
        return {name for name in ("positive", "nonneg") if all(name in s for s in arguments)}
    if current.function == "where":
        return {name for name in ("positive", "nonneg") if all(name in s for s in arguments[1:])}
    return set()


def _exponent_of_kernel(argument: Expr, sign: int = 1) -> bool:
    """Whether this is M[i,j] + r[i] + r[j] with M semidefinite: then its exponential is, element by element.

    It is the product, element by element, of exp(M), exp(r)*exp(r)'.  So are the kernels exp(-|x - z|^2 / 2l^2), where
    -|x - z|^2 = 2x'z - |x|^2 - |z|^2 may also be the negative square of the difference.
    """
    if sign > 0 and "psd" in _known[argument]:
        return True
    if isinstance(argument, Contract):
        scalars = [f for f, at in argument.factors if not at]
        others = [(f, at) for f, at in argument.factors if at]
        if not others:
            return True
        factor, at = others[0]
        if sign < 0 and len(others) == 2 and all("nonneg" in _known[f] for f in scalars):
            return others[1][0] is factor and _difference_of_rows(factor, at, others[1][1])
        inner = len(others) == 1 and at in ((0, 1), (1, 0)) and all("nonneg" in _known[f] for f in scalars)
        return inner and _exponent_of_kernel(factor, sign)
    if not isinstance(argument, Sum):
        return False
    rest = [(c, term) for c, term in argument.terms if not _exponent_of_kernel(term, sign if c > 0 else -sign)]
    return all(
        isinstance(term, Contract)
        and not {0, 1} <= {label for _, at in term.factors for label in at}
        and (c, algebra.permute(term, (1, 0))) in rest
        for c, term in rest
    )


def _difference_of_rows(factor: Expr, at: tuple[int, ...], again: tuple[int, ...]) -> bool:
    """Whether the square of this factor is |X[i,:] - X[j,:]|^2: its terms are X[i,k] and -X[j,k]."""
    if at != again or at[:2] not in ((0, 1), (1, 0)) or not isinstance(factor, Sum) or len(factor.terms) != 2:
        return False
    (c, one), (d, other) = factor.terms
    turned = (1, 0, *range(2, factor.order))
    return (
        c == -d
        and isinstance(one, Contract)
        and not {0, 1} <= {label for _, labels in one.factors for label in labels}
        and algebra.permute(one, turned) is other
    )


def _of_atom(current: Atom) -> set[str]:
    argument = _known[current.arguments[0]]
    match current.function:
        case "inv":
            # The inverse of what is semidefinite exists only if it is definite.
            return {"lower", "upper", "diagonal", "orthogonal"} & argument | (
                {"posdef"} if "psd" in argument else set()
            )
        case "adj":
            return {"lower", "upper", "diagonal", "posdef", "psd"} & argument
        case "pinv":
            return {"diagonal", "posdef", "psd"} & argument
        case "sqrtm" | "logm" | "expm" as name:
            kept = {"lower", "upper", "diagonal"} & argument
            kept |= {"posdef", "psd"} & argument if name == "sqrtm" else set()
            return kept | ({"posdef"} if name == "expm" and "symmetric" in argument else set())
        case "chol":
            return {"lower"} | {"diagonal"} & argument
        case "eigvecs":
            return {"orthogonal"}
        case "eigmaxproj" | "eigmaxresolvent":
            return {"psd"}
        case "det" | "eigvals" | "eigmax" | "eigmin":
            return {"positive"} if "posdef" in argument else {"nonneg"} if "psd" in argument else set()
        case "normfro" | "norm2" | "normnuc" | "svdvals" | "svdsums":
            return {"nonneg"}
        case "prodothers":
            return {"nonneg", "positive"} & argument
    return set()


def square(expression: Expr) -> bool:
    """Whether both sizes of a matrix are the same."""
    return expression.order == 2 and expression.shape[0] == expression.shape[1]


# The conditions that rules may use; each answers False when it does not know.
PREDICATES: dict[str, Callable[[Expr], bool]] = {"square": square} | {
    name: (lambda expression, name=name: has(expression, name))  # type: ignore[misc]
    for name in ["symmetric", "posdef", "psd", "diagonal", "lower", "upper", "orthogonal", "nonneg", "positive"]
}
