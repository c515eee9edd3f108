"""Functions ready for calculus: parameters as symbols, results as expressions.

Enters: a parsed function and the orders of its parameters without type.  Leaves: its `Definition`.  Always holds: the
sizes of undeclared parameters are solved for, and named.  Not for: what stands in a body (`elaborate.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ...grammar import errors, syntax
from ...grammar.source import Source
from ..tensor.dims import Dim
from ..tensor.expr import Expr, Shape, Symbol, expand, symbol
from ..tensor.sparse import sparse_valued
from .elaborate import ATTRIBUTES, Elaborator
from .sizes import Restart, Sizes, declared_shape, size_letters
from .wording import describe


@dataclass(frozen=True, slots=True)
class Definition:
    """A function ready for calculus.

    `requirements` are what could not be decided before the call: sizes that must not be negative, and the errors if
    they are (two sizes are equal if neither difference is negative).
    """

    name: str | None
    parameters: tuple[Symbol, ...]
    results: tuple[Expr, ...]
    several: bool
    requirements: tuple[tuple[Dim, str], ...] = ()


def restarted(sizes: Sizes, attempt: Callable[[], Definition]) -> Definition:
    """What the attempt gives when no open size is left."""
    while True:
        sizes.requirements.clear()
        sizes.integers.clear()
        sizes.open.clear()
        try:
            return attempt()
        except Restart:
            continue


def elaborate(
    function: syntax.Function,
    source: Source,
    functions: Mapping[str, syntax.Function],
    orders: Mapping[str, int],
    parameters: Sequence[str],
) -> Definition:
    """The function with its parameters in the order of `parameters`; `orders` gives the order (0 for a scalar, 1, 2,
    ...) of each parameter without type.  Raises the errors of the language."""
    sizes = Sizes()
    return restarted(sizes, lambda: _attempt(function, source, functions, orders, parameters, sizes))


def _attempt(
    function: syntax.Function,
    source: Source,
    functions: Mapping[str, syntax.Function],
    orders: Mapping[str, int],
    parameters: Sequence[str],
    sizes: Sizes,
) -> Definition:
    from .builtins import refuse_reserved

    scope = Elaborator(source, functions, sizes, {}, {}, (function.name,) if function.name else ())
    refuse_reserved(scope, function)
    declared = {p.name: p for p in function.parameters}
    for parameter in function.parameters:
        if parameter.type is not None:
            for size in parameter.type.sizes:
                if isinstance(size, syntax.Name):
                    scope.size_names.setdefault(size.id, Dim.of(size.id))
    letters = (name for name in size_letters() if name not in scope.size_names and name not in parameters)
    made: list[Symbol] = []
    for name in parameters:
        typed = declared.get(name)
        if typed is not None and typed.type is not None:
            kind = typed.type
            if name in scope.size_names:
                scope.fail(f"{name} is both a parameter and a size", typed, kind=errors.NameError)
            shape = declared_shape(scope, kind)
            _check_attributes(scope, typed, kind, shape)
            made.append(symbol(name, shape, kind.attributes))
        else:
            shape = tuple(sizes.fresh(f"{name}?{axis}") for axis in range(orders[name]))
            made.append(symbol(name, shape))
        scope.names[name] = made[-1]
    values = scope.body(function.body)
    items = function.body.result.items if isinstance(function.body.result, syntax.Tuple) else (function.body.result,)
    results = [expand(scope.expression(v, item)) for v, item in zip(values, items, strict=True)]
    for result, item in zip(results, items, strict=True):
        if sparse_valued(result) is not None:
            scope.fail(
                f"{scope.text(item)} is sparse, and results are dense",
                item,
                hint=f"multiply it: {scope.text(item)}*v",
                kind=errors.TypeError,
            )
    sizes.close(made, letters)
    several = isinstance(function.body.result, syntax.Tuple)
    return Definition(function.name, tuple(made), tuple(results), several, tuple(sizes.requirements.items()))


def _check_attributes(scope: Elaborator, parameter: syntax.Parameter, declared: syntax.Type, shape: Shape) -> None:
    for attribute in declared.attributes:
        if attribute not in ATTRIBUTES:
            close = errors.suggest(attribute, ATTRIBUTES)
            scope.fail(
                f"{attribute} is not an attribute",
                declared,
                kind=errors.TypeError,
                hint=f"did you mean {close}?" if close else f"attributes: {' '.join(ATTRIBUTES)}",
            )
        if attribute in ("symmetric", "posdef", "psd", "diagonal"):
            if len(shape) != 2 or shape[0] != shape[1]:
                scope.fail(
                    f"only a square matrix can be {attribute}", declared, found=f"{parameter.name} is {describe(shape)}"
                )
        elif attribute in ("lower", "upper", "orthogonal", "sparse") and len(shape) != 2:
            scope.fail(f"only a matrix can be {attribute}", declared, found=f"{parameter.name} is {describe(shape)}")
        elif attribute == "sparse" and "diagonal" in declared.attributes:
            scope.fail(
                "a sparse matrix cannot be diagonal too",
                declared,
                hint=f"declare {parameter.name}: vector[n], and write diag({parameter.name})",
                kind=errors.TypeError,
            )
        elif attribute == "integer" and shape:
            scope.fail("only a scalar can be integer", declared, found=f"{parameter.name} is {describe(shape)}")


def free_names(function: syntax.Function, functions: Mapping[str, syntax.Function]) -> list[str]:
    """The names of a bare expression that nothing in it defines, in the order of first appearance."""
    from .builtins import reserved

    bound = {b.name for b in function.body.bindings} | {"I", "pi", "inf"} | set(functions) | reserved()
    for parameter in function.parameters:
        if parameter.type is not None:
            for size in parameter.type.sizes:
                bound |= syntax.names_in(size)
    found: list[tuple[int, str]] = []
    for binding in (*function.body.bindings, function.body.result):
        indices: set[str] = set()
        if isinstance(binding, syntax.Binding) and binding.indices is not None:
            for node in syntax.postorder(binding.value):
                if isinstance(node, syntax.Index | syntax.Call):
                    places = (
                        node.subscripts
                        if isinstance(node, syntax.Index)
                        else node.arguments
                        if node.name in ("delta", "epsilon")
                        else ()
                    )
                    indices |= {s.id for s in places if isinstance(s, syntax.Name)}
        names = [node for node in syntax.postorder(binding) if isinstance(node, syntax.Name)]
        found += [(node.span.start, node.id) for node in names if node.id not in bound | indices]
    return list(dict.fromkeys(name for _, name in sorted(found)))
