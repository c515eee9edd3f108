"""Elementwise functions: of arrays of one shape, after expansion.

Enters: values.  Leaves: `Map` nodes.  Not for: `max` and `min`, which are also reductions (`reductions.py`).
"""

from __future__ import annotations

from ....grammar import syntax
from ...tensor import algebra
from ...tensor.expr import Expr
from ..elaborate import Condition, Elaborator, Value
from ..operators import expanded
from .table import define, define_raw


def elementwise(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    """The function of that name, element by element."""
    return algebra.map_(node.name, expanded(scope, node, *values))


for _name in (
    "exp", "expm1", "log", "log1p", "sqrt", "abs", "sign", "sin", "cos", "tan", "asin", "acos",
    "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "sigmoid", "softplus", "relu", "erf",
    "erfc", "normcdf", "normpdf", "lgamma", "digamma", "trigamma", "floor", "ceil",
):  # fmt: skip
    define(f"{_name}(x)")(elementwise)
for _usage in ("atan2(a, b)", "clip(x, lo, hi)", "huber(x, delta)", "xlogy(a, b)", "polygamma(k, x)"):
    define(_usage)(elementwise)


@define("square(x)")
def _square(scope: Elaborator, node: syntax.Call, values: list[Expr]) -> Expr:
    return algebra.power(values[0], 2)


@define_raw("where(condition, a, b)")
def _where(scope: Elaborator, node: syntax.Call, values: list[Value]) -> Expr:
    condition = values[0]
    if isinstance(condition, Condition):
        condition = condition.indicator
    elif scope.source is not None:  # rules also use indicators
        scope.fail("the first argument of where is a comparison", node.arguments[0], hint="write where(x > 0, a, b)")
    assert isinstance(condition, Expr)
    branches = [scope.expression(v, place) for v, place in zip(values[1:], node.arguments[1:], strict=True)]
    return algebra.map_("where", expanded(scope, node, condition, *branches))
