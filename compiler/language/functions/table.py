"""The table of functions: from the name to the arguments and the meaning.

Enters: handlers, by `define`.  Leaves: `BUILTINS`.  Always holds: a handler gets as many values as its usage allows,
and what does not fit raises an error at the argument.  Not for: the functions themselves (the other modules here).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from ....grammar import syntax
from ...tensor.dims import Dim
from ...tensor.expr import Expr
from ..elaborate import Elaborator, Value
from ..wording import describe

ONE = Dim.of(1)
Handler = Callable[[Elaborator, syntax.Call, list[Expr]], Value]
RawHandler = Callable[[Elaborator, syntax.Call, list[Value]], Value]


@dataclass(frozen=True, slots=True)
class Builtin:
    """A function: its call as one writes it, how many arguments it takes, and what makes its value.

    `raw` handlers get `Identity` and `Condition` values as they are.
    """

    usage: str
    least: int
    most: int
    handler: RawHandler
    raw: bool = False


BUILTINS: dict[str, Builtin] = {}
# Functions that only derivatives and rules need: a program may use their names for something else.
AUXILIARY = frozenset({
    "numel", "rows", "prodothers", "dadj", "dexpm", "dlogm", "dsqrtm", "lowerhalf", "eigvecs", "eiggaps", "eigmaxproj",
    "eigmaxresolvent", "resolventchange", "svdleft", "svdright", "svdsums", "svdturn", "svdmaxproj", "svdmaxchange",
    "polar", "polarchange",
})  # fmt: skip


def define(usage: str, least: int | None = None) -> Callable[[Handler], Handler]:
    """Enters a handler into the table; `usage` shows the call with all arguments, of which the last may be left out
    down to `least`."""

    def enter(handler: Handler) -> Handler:
        _enter(usage, least, handler, False)  # type: ignore[arg-type]
        return handler

    return enter


def define_raw(usage: str, least: int | None = None) -> Callable[[RawHandler], RawHandler]:
    """Like `define`, for a handler that also takes `I` and comparisons."""

    def enter(handler: RawHandler) -> RawHandler:
        _enter(usage, least, handler, True)
        return handler

    return enter


def _enter(usage: str, least: int | None, handler: RawHandler, raw: bool) -> None:
    name, _, arguments = usage.partition("(")
    most = arguments.count(",") + 1 if arguments != ")" else 0
    BUILTINS[name] = Builtin(usage, most if least is None else least, most, handler, raw)


def fail_at(scope: Elaborator, node: syntax.Call, position: int, value: Expr, title: str, hint: str = "") -> NoReturn:
    """A ShapeError at an argument, which says its shape."""
    place = node.arguments[position]
    scope.fail(title, node, found=f"{scope.text(place)} is {describe(value.shape)}", hint=hint)


def need_square(scope: Elaborator, node: syntax.Call, matrix: Expr, position: int = 0) -> None:
    """Raises a ShapeError unless the argument is a square matrix."""
    if matrix.order != 2 or not scope.same(*matrix.shape):
        title = f"{node.name} needs a square matrix"
        found = f"{scope.text(node.arguments[position])} is {describe(matrix.shape)}"
        if matrix.order == 2:
            found += f": {matrix.shape[0]} and {matrix.shape[1]} are different sizes"
        scope.fail(title, node, found=found)


def need_matrix(scope: Elaborator, node: syntax.Call, matrix: Expr, position: int = 0) -> None:
    """Raises a ShapeError unless the argument is a matrix."""
    if matrix.order != 2:
        fail_at(scope, node, position, matrix, f"{node.name} needs a matrix")
