"""The `d` lines: a function, data in its domain, and the comparison with differences."""

from __future__ import annotations

import numpy as np

from matgrad.compiler.calculus.differentiate import differential
from matgrad.compiler.calculus.rulebook import Key, rulebook
from matgrad.compiler.language.elaborate import Elaborator
from matgrad.compiler.language.sizes import Sizes
from matgrad.compiler.tensor import algebra
from matgrad.compiler.tensor.dims import Dim
from matgrad.compiler.tensor.evaluate import evaluate
from matgrad.compiler.tensor.expr import symbol
from matgrad.grammar.parse import parse_expression
from matgrad.grammar.source import text_source
from tests.rules.checker import Refused, check_differential

# Where a function is smooth; (-2, 2) is not said.
DOMAINS = {
    "log": (0.2, 3),
    "log1p": (-0.7, 3),
    "sqrt": (0.2, 3),
    "asin": (-0.9, 0.9),
    "acos": (-0.9, 0.9),
    "atanh": (-0.9, 0.9),
    "acosh": (1.2, 3),
    "lgamma": (0.3, 4),
    "digamma": (0.3, 4),
    "trigamma": (0.3, 4),
    "polygamma": (0.5, 4),
    "pow": (0.3, 2),
    "xlogy": (0.3, 2),
}


# The shapes of the arguments of matrix functions; all others are elementwise.
SQUARE = ["inv", "det", "logdet", "logabsdet", "adj", "dadj", "expm", "dexpm", "logm", "dlogm", "sqrtm", "dsqrtm"]
RECTANGULAR = ["normfro", "pinv", "norm2", "normnuc", "svdvals", "svdleft", "svdright", "svdmaxproj", "polar"]
SYMMETRIC = ["chol", "eigvals", "eigvecs", "eigmax", "eigmin", "eigmaxproj", "eigmaxresolvent"]
VECTOR = ["eiggaps", "svdsums", "prod"]


def _shape(name, literal):
    if name in SQUARE + SYMMETRIC:
        return (Dim.of("n"), Dim.of("n"))
    return (Dim.of("m"),) if name in VECTOR and not literal else (Dim.of("m"), Dim.of("n"))


def _call(key, arguments):
    """The function of a differential's left side, applied to the arguments."""
    name, _, literal = key
    names = [a.name for a in arguments] + [literal] * bool(literal)
    text = f"{names[0]} .^ {names[1]}" if name == "pow" else f"{name}({', '.join(names)})"
    scope = Elaborator(None, {}, Sizes(), {a.name: a for a in arguments}, {})
    value = scope.value(parse_expression(text_source(text)).body.result)
    return algebra.sum_over(value, (0,)) if literal == "1" else value  # a row


def _data(name, parameters, shape, sizes, rng):
    """Arrays in the domain of a function, where it is smooth."""
    low, high = DOMAINS.get(name, (-2, 2))
    arrays = {p: rng.uniform(low, high, size=tuple(d.evaluate(sizes) for d in shape)) for p in parameters}
    first = parameters[0]
    if name in SQUARE:  # not symmetric; eigenvalues to the right of 0
        arrays[first] = arrays[first] + 6 * np.eye(len(arrays[first]))
    if name in SYMMETRIC:
        arrays[first] = arrays[first] @ arrays[first].T + np.eye(len(arrays[first]))
    if name == "clip":
        arrays["hi"] = arrays["lo"] + 1.0
    if name == "huber":
        arrays["delta"] = np.abs(arrays["delta"]) + 0.1
    if name == "polygamma":
        arrays["k"] = np.round(arrays["k"])
    return arrays


def check_differential_line(key: Key) -> int:
    """Raises Refused unless the `d` line of that key is the derivative of the function; how many entries of
    directional derivatives were compared."""
    compared = 0
    name, _, literal = key
    template = rulebook().differentials[key]
    parameters = [p for p in template.parameters if p]
    shape = _shape(name, literal)
    attributes = ("symmetric",) if name in SYMMETRIC else ()
    arguments = [symbol(p, shape, attributes) for p in parameters]
    rng = np.random.default_rng(3)
    check_kinks(key, arguments)
    # Tall and wide; 5x5, since the adjugate of a smaller matrix is of low degree.
    for sizes in ({"m": 5, "n": 3}, {"m": 3, "n": 5}) if name in RECTANGULAR else ({"m": 4, "n": 5},):
        arrays = _data(name, parameters, shape, sizes, rng)
        if name == "where":
            arguments[0] = algebra.map_("gt", arguments[1:])
            compared += check_differential_where(algebra.map_("where", arguments), arguments, arrays, sizes)
        elif name == "polygamma":
            function = algebra.map_("polygamma", [algebra.number(2, shape), arguments[1]])
            compared += check_differential(function, [arguments[1]], arrays, sizes, first=1)
        else:
            compared += check_differential(_call(key, arguments), arguments, arrays, sizes)
    return compared


# At kinks, ties and zeros: the arguments, and the derivative by each of them along ones (None: not asked for).
KINKS = {
    ("abs", 1, ""): [([0.0], [0.0])],
    ("relu", 1, ""): [([0.0], [0.0])],
    ("sign", 1, ""): [([0.0], [0.0])],
    ("pow", 2, ""): [([0.0, 2.0], [0.0, 0.0]), ([3.0, 2.0], [6.0, 9 * np.log(3)])],
    ("xlogy", 2, ""): [([0.0, 0.0], [None, 0.0]), ([3.0, 2.0], [np.log(2), 1.5])],
    ("max", 2, ""): [([1.0, 1.0], [0.5, 0.5]), ([2.0, 1.0], [1.0, 0.0])],
    ("min", 2, ""): [([1.0, 1.0], [0.5, 0.5]), ([2.0, 1.0], [0.0, 1.0])],
    ("clip", 3, ""): [([0.0, 0.0, 1.0], [1.0, 0.0, 0.0]), ([1.0, 0.0, 1.0], [1.0, 0.0, 0.0])],
    ("huber", 2, ""): [([1.0, 1.0], [1.0, 0.0]), ([-1.0, 1.0], [-1.0, 0.0])],
    ("normfro", 1, ""): [([np.zeros((2, 3))], [0.0]), ([np.ones((1, 4)) / 8], [2.0])],
}
# Extremes that stand several times: in all, in columns and in rows; of the maximum not as often as of the minimum.
TIES = np.array([[1.0, 1.0, 0.0, 2.0], [2.0, 1.0, 2.0, 2.0], [2.0, 0.0, -1.0, -1.0]])


def check_kinks(key: Key, arguments) -> None:
    """Raises Refused unless the derivative is the stated one where the function has a kink."""
    for values, expected in KINKS.get(key, ()):
        shape = tuple(map(Dim.of, np.shape(values[0])))
        at = [symbol(a.name, shape) for a in arguments]
        arrays = {a.name: np.asarray(v) for a, v in zip(at, values, strict=True)}
        for position, truth in enumerate(expected):
            if truth is not None:
                found = evaluate(differential(_call(key, at), {position: algebra.number(3, shape)}), arrays, {})
                if not np.allclose(found, 3 * truth):
                    raise Refused(f"differential by {at[position].name} at {values}: {found} is not 3*{truth}")
    if key[0] in ("max", "min") and (key[1] == 1 or key[2]):
        at = [symbol(arguments[0].name, tuple(map(Dim.of, TIES.shape)))]
        axis = int(key[2]) - 1 if key[2] else None
        function = algebra.reduce_(key[0], at[0], (0, 1) if axis is None else (axis,))
        direction = symbol("direction", at[0].shape)
        along = np.random.default_rng(8).normal(size=TIES.shape)
        for array in (TIES, -TIES):
            found = evaluate(differential(function, {0: direction}), {at[0].name: array, "direction": along}, {})
            extreme = (np.max if key[0] == "max" else np.min)(array, axis=axis, keepdims=True)
            truth = np.sum((array == extreme) * along, axis=axis) / np.sum(array == extreme, axis=axis)
            if not np.allclose(found, truth):
                raise Refused(f"differential at ties: {found} is not {truth}")


def check_differential_where(function, arguments, arrays, sizes) -> int:
    """The line of `where`: each branch moves where it is taken; how many numbers were compared."""
    a, b = arguments[1:]
    direction = symbol("direction", a.shape)
    along = np.random.default_rng(1).normal(size=(4, 5))
    taken = arrays[a.name] > arrays[b.name]
    for position, expected in ((1, np.where(taken, along, 0)), (2, np.where(taken, 0, along))):
        value = evaluate(differential(function, {position: direction}), {**arrays, "direction": along}, sizes)
        if not np.array_equal(value, expected):
            raise Refused(f"differential by {arguments[position].name}: {value} is not {expected}")
    return 2 * along.size
