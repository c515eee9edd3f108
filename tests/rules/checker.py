"""The checker of rule text: every line of the rule files, against NumPy and finite differences.

Both sides of a rule are evaluated on random data with distinct prime sizes; a differential is compared with central
differences of the function; a rule must fire on its own left side and must not raise the cost of evaluating it.
"""

from __future__ import annotations

import warnings

import numpy as np
from scipy.linalg import LinAlgWarning

from matgrad.compiler.calculus.differentiate import differential
from matgrad.compiler.calculus.match import ELEMENTS
from matgrad.compiler.calculus.simplify import compile_rule, pattern_of
from matgrad.compiler.language.elaborate import Elaborator, Identity
from matgrad.compiler.language.sizes import Restart, Sizes
from matgrad.compiler.tensor import algebra
from matgrad.compiler.tensor.dims import Dim
from matgrad.compiler.tensor.evaluate import evaluate
from matgrad.compiler.tensor.expr import Atom, Contract, Reduce, Sum, Symbol, symbol, topological
from matgrad.grammar import syntax
from matgrad.grammar.errors import DomainError

PRIMES = (3, 5, 7, 2, 11, 13)
DRAWS = 4
SHAPES: tuple[tuple[int, ...], ...] = ((), (5,), (3, 7))  # of lower-case names, which stand for arrays of any shape
ATTRIBUTES = {"posdef", "orthogonal", "nonneg", "positive", "symmetric", "psd", "diagonal", "lower", "upper"}


class Refused(Exception):
    """A line that is not true."""


def instance(rule: syntax.Rule, elements: tuple[int, ...]):
    """Symbols for the names of a rule: of the orders that their letters say, with the attributes of its conditions, and
    sizes that are equal only where the left side needs it."""
    conditions: dict[str, set[str]] = {}
    for condition in rule.conditions:
        conditions.setdefault(condition.arguments[0].id, set()).add(condition.name)
    wild = {s.name: s for s in topological(pattern_of(rule.left)) if isinstance(s, Symbol)}
    equal: dict[str, str] = {}
    for name, wanted in conditions.items():
        if wanted & {"square", "posdef", "symmetric", "psd", "diagonal"} and wild[name].order == 2:
            rows, columns = (d.name for d in wild[name].shape)
            for key, value in list(equal.items()):
                if value == columns:
                    equal[key] = equal.get(rows, rows)
            equal[columns] = equal.get(rows, rows)
    names = sorted({equal.get(d.name, d.name) for s in wild.values() for d in s.shape if d.name != ELEMENTS})
    sizes = dict(zip(names, PRIMES, strict=False)) | {"n": 4}
    for name, wanted in conditions.items():
        if "orthogonal" in wanted:  # orthonormal columns, of which there may be fewer than rows
            rows, columns = (equal.get(d.name, d.name) for d in wild[name].shape)
            sizes[rows], sizes[columns] = sorted((sizes[rows], sizes[columns]), reverse=True)
    sizes |= {key: sizes[value] for key, value in equal.items()}
    bound = {}
    for name, s in wild.items():
        attributes = conditions.get(name, set()) & ATTRIBUTES
        if s.order == 1 and s.shape[0].name == ELEMENTS:
            shape = tuple(map(Dim.of, elements))
        else:
            shape = tuple(Dim.of(equal.get(d.name, d.name)) for d in s.shape)
        bound[name] = symbol(name, shape, attributes)
    return bound, sizes


def data(s: Symbol, sizes, rng, positive=False, definite=False, special=""):
    """A random array for a symbol that has its attributes; a `singular`, `turning` or `mirrored` square matrix
    where it may be."""
    array = rng.normal(size=tuple(d.evaluate(sizes) for d in s.shape))
    square = array.ndim == 2 and len(array) == array.shape[1]
    if special == "singular" and square:
        array[-1], array[:, -1] = 0, 0
    if special == "mirrored" and square:  # its determinant has the other sign
        array[0] *= -1
    if special == "turning" and square:
        array = 4 * (array - array.T) + 0.3 * np.eye(len(array))
    if s.attributes & {"posdef", "psd"} or (definite and square):
        array = array @ array.T + np.eye(len(array))
    if "symmetric" in s.attributes:
        array = array + array.T
    if "orthogonal" in s.attributes:
        array = np.linalg.qr(array)[0]
    if positive or s.attributes & {"positive", "nonneg"}:
        array = np.abs(array) + 0.1
    if "diagonal" in s.attributes:
        array = np.diag(np.diag(array))
    if "lower" in s.attributes:
        array = np.tril(array)
    if "upper" in s.attributes:
        array = np.triu(array)
    return array


def side(node: syntax.Node, bound, shape=None):
    """One side of a rule as an expression."""
    scope = Elaborator(None, {}, Sizes(), dict(bound), {"n": Dim.of("n")})
    value = scope.value(node)
    if isinstance(value, Identity):
        value = algebra.product(value.scale, algebra.delta(shape[0]))
    return value


def equal_values(left, right, bound, sizes, seed=0):
    """Whether two expressions have the same values on `DRAWS` random instances (where the left one is finite)."""
    elementwise = not any(isinstance(e, Atom | Reduce) for e in topological(left))
    for attempt, special in enumerate([""] * DRAWS + ["singular", "turning", "mirrored"]):
        rng = np.random.default_rng(seed + (0 if special == "mirrored" else attempt))
        arrays = {name: data(s, sizes, rng, special=special) for name, s in bound.items()}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", LinAlgWarning)  # of a square root of a singular matrix
                one = evaluate(left, arrays, sizes)
        except DomainError:  # logm and the like
            if special:
                continue
            arrays = {name: data(s, sizes, rng, definite=True) for name, s in bound.items()}
            one = evaluate(left, arrays, sizes)
        try:
            two = evaluate(right, arrays, sizes)
        except DomainError:  # the right side does not exist where the left one does
            if not np.any(np.isfinite(one)):
                continue
            return False
        if elementwise and np.any(np.isnan(one) & ~np.isnan(two)):
            return False  # what is not a number must not become one
        finite = np.isfinite(one)
        if special and not np.all(finite):
            continue
        if not np.any(finite):
            arrays = {name: data(s, sizes, rng, positive=True) for name, s in bound.items()}
            one, two = evaluate(left, arrays, sizes), evaluate(right, arrays, sizes)
            finite = np.isfinite(one)
        if one.shape != two.shape and two.shape != ():
            return False
        if not np.any(finite) or not np.allclose(
            one[finite], np.broadcast_to(two, one.shape)[finite], rtol=1e-7, atol=1e-9
        ):
            return False
    return True


# How many times n^3 a matrix function costs; 2/3 for those that need one factorization.
CUBES = {
    "inv": 2,
    "adj": 22,
    "pinv": 22,
    "svdvals": 4,
    "norm2": 4,
    "normnuc": 4,
    "eigvals": 4,
    "eigmax": 4,
    "eigmin": 4,
    "expm": 20,
    "logm": 60,
    "sqrtm": 25,
    # Along a direction: about three times the function (Al-Mohy & Higham, 2009).
    "dexpm": 60,
    "dlogm": 180,
    "dsqrtm": 75,
}


def cost(expression, sizes):
    """Operations of a direct evaluation, scalars apart: 2 per multiplication and addition of a product, `CUBES` for
    matrix functions, 1 per element of anything else."""
    total = 0.0
    for current in topological(expression):
        points = float(np.prod([d.evaluate(sizes) for d in current.shape], initial=1)) if current.order else 0.0
        if isinstance(current, Contract):
            points = 2 * float(np.prod([d.evaluate(sizes) for d in current.sizes], initial=1)) if current.sizes else 0.0
            points *= max(len(current.factors) - 1, 0)
        elif isinstance(current, Symbol) or (isinstance(current, Sum) and len(current.terms) == 1):
            points = 0.0
        elif isinstance(current, Atom) and current.function == "normfro":
            points = 2 * float(np.prod([d.evaluate(sizes) for d in current.operands[0].shape]))
            points = points if points > 2 else 0.0
        elif isinstance(current, Atom):
            points = current.operands[0].shape[0].evaluate(sizes) ** 3 * CUBES.get(current.function, 2 / 3)
        elif isinstance(current, Reduce):
            points = float(np.prod([d.evaluate(sizes) for d in current.argument.shape], initial=1))
        total += points
    return total


def check_rule(rule: syntax.Rule, costs: bool = True) -> int:
    """Raises Refused unless the rule is true, fires on its own left side, and does not raise the cost; how many
    random instances were compared."""
    for elements in SHAPES:
        try:
            bound, sizes = instance(rule, elements)
            left = side(rule.left, bound)
            right = side(rule.right, bound, left.shape)
        except Restart:
            raise Refused(f"{rule.name}: the sides have different sizes") from None
        if not equal_values(left, right, bound, sizes):
            raise Refused(f"{rule.name}: the sides differ for elements of shape {elements}")
        compiled = compile_rule(rule)
        if left is not right and not fires(compiled, left):
            raise Refused(f"{rule.name} does not fire on its own left side with elements of shape {elements}")
        if costs and cost(right, sizes) > cost(left, sizes):
            raise Refused(f"{rule.name} raises the cost from {cost(left, sizes)} to {cost(right, sizes)}")
    return DRAWS * len(SHAPES)


def fires(compiled, left) -> bool:
    """Whether the rule fires somewhere in the expression."""
    from matgrad.compiler.calculus.simplify import apply

    return any(apply(compiled, e) is not None for e in topological(left) if type(e) is type(compiled.pattern))


def check_law(law: syntax.Rule) -> None:
    """Raises Refused unless both sides are the same object."""
    names = {n.id for side_ in (law.left, law.right) for n in syntax.postorder(side_) if isinstance(n, syntax.Name)} - {
        "I"
    }
    sizes = Sizes()
    while True:
        sizes.open.clear()
        bound = {}
        for name in sorted(names):
            order = 2 if name[0].isupper() else 1
            bound[name] = symbol(name, tuple(sizes.fresh(f"{name}?{k}") for k in range(order)))
        scope = Elaborator(None, {}, sizes, dict(bound), {})
        try:
            left, right = scope.value(law.left), scope.value(law.right)
            break
        except Restart:
            continue
    if left is not right:
        raise Refused(f"{law.name}: {left!r} is not {right!r}")


def check_differential(function, arguments, arrays, sizes, first=0) -> int:
    """Raises Refused unless the differential of `function` (an expression whose operands are the symbols `arguments`)
    agrees with central differences along a random direction; how many numbers were compared."""
    compared = 0
    rng = np.random.default_rng(7)
    for position, argument in enumerate(arguments, first):
        direction = symbol("direction", argument.shape, argument.attributes)
        along = rng.normal(size=tuple(d.evaluate(sizes) for d in argument.shape))
        if "symmetric" in argument.attributes:
            along = along + along.T
        value = evaluate(differential(function, {position: direction}), {**arrays, "direction": along}, sizes)
        estimates = []
        for h in (1e-5, 5e-6):
            ends = [
                evaluate(function, {**arrays, argument.name: arrays[argument.name] + s * h * along}, sizes)
                for s in (1, -1)
            ]
            estimates.append((ends[0] - ends[1]) / (2 * h))
        truth = (4 * estimates[1] - estimates[0]) / 3
        if not np.allclose(value, truth, rtol=1e-6, atol=1e-7):
            raise Refused(f"differential by {argument.name}: {value} is not {truth}")
        compared += np.size(truth)
    return compared
