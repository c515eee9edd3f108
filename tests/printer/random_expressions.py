"""Random expressions of the parameters in `language.py`, made by the builders."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import strategies as st

from matgrad.compiler.tensor import algebra
from matgrad.compiler.tensor.contraction import symmetric, transpose
from matgrad.compiler.tensor.dims import Dim
from matgrad.compiler.tensor.expr import Expr, Symbol

from .language import definition

PARAMETERS = definition("lam").parameters
M, N, ONE = Dim.of("m"), Dim.of("n"), Dim.of(1)
SHAPES = [(), (N,), (M,), (N, N), (M, N), (N, M), (ONE, N)]
NUMBERS = [Fraction(v) for v in ("2", "-1", "1/2", "-3", "1/3", "-2/7", "0.1")]
UNARY = ["exp", "sin", "tanh", "abs", "sigmoid"]


def leaves(shape: tuple[Dim, ...]) -> list[Expr]:
    """The parameters of a shape, and what is constant."""
    found: list[Expr] = [
        p for p in PARAMETERS if p.shape == shape and isinstance(p, Symbol) and "integer" not in p.attributes
    ]
    found.append(algebra.ones(shape))
    if len(shape) == 2 and shape[0] == shape[1]:
        found.append(algebra.delta(shape[0]))
    return found


@st.composite
def expressions(draw: st.DrawFn, shape: tuple[Dim, ...] | None = None, depth: int = 4) -> Expr:
    """An expression of a shape (of a random one by default)."""
    if shape is None:
        shape = draw(st.sampled_from(SHAPES))

    def sub(wanted: tuple[Dim, ...]) -> Expr:
        return draw(expressions(wanted, depth - 1))

    if not depth or draw(st.integers(0, 9)) < 2:
        return draw(st.sampled_from(leaves(shape)))
    operation = draw(st.sampled_from(OPERATIONS[len(shape)]))
    inner = draw(st.sampled_from([M, N]))
    match operation:
        case "sum":
            return algebra.total(sub(shape), sub(shape))
        case "difference":
            return algebra.difference(sub(shape), sub(shape))
        case "number":
            return algebra.scaled(sub(shape), draw(st.sampled_from(NUMBERS)))
        case "scaled":
            return algebra.product(sub(()), sub(shape))
        case "divided":
            return algebra.product(algebra.power(algebra.map_("exp", (sub(()),)), -1), sub(shape))
        case "map":
            return algebra.map_(draw(st.sampled_from(UNARY)), (sub(shape),))
        case "max":
            return algebra.map_(draw(st.sampled_from(["max", "min"])), (sub(shape), sub(shape)))
        case "where":
            test = algebra.map_(draw(st.sampled_from(["gt", "le"])), (sub(shape), sub(shape)))
            if draw(st.booleans()):
                return algebra.hadamard(test, sub(shape))
            return algebra.map_("where", (test, sub(shape), sub(shape)))
        case "hadamard":
            return algebra.hadamard(sub(shape), sub(shape))
        case "quotient":
            return algebra.hadamard(sub(shape), algebra.power(algebra.map_("exp", (sub(shape),)), -1))
        case "power":
            return algebra.power(sub(shape), draw(st.sampled_from([2, 3, -1])))
        case "trace":
            return algebra.trace(sub((inner, inner)))
        case "all":
            return algebra.sum_over(sub((inner, N)))
        case "inner":
            return algebra.tensordot(sub((inner,)), sub((inner,)), 1)
        case "multiply":
            return algebra.matmul(sub((shape[0], inner)), sub((inner, *shape[1:])))
        case "diag":
            return (
                algebra.diagonal(sub((*shape, *shape)) if len(shape) == 1 else sub(shape[:1]))
                if shape[-1] == shape[0]
                else sub(shape)
            )
        case "sum along":
            return algebra.sum_over(sub((*shape, inner)), (1,))
        case "outer":
            return algebra.outer(sub(shape[:1]), sub(shape[1:]))
        case "transpose":
            return transpose(sub(shape[::-1])) if shape[::-1] in SHAPES else sub(shape)
        case "spread":
            axis = draw(st.integers(0, 1))
            return algebra.broadcast(sub(shape[axis : axis + 1]), (axis,), shape)
        case "constant":
            return algebra.constant_tensor(sub(()), shape)
        case "softmax":
            x = sub(shape)
            return algebra.map_(
                "exp", (algebra.difference(x, algebra.constant_tensor(algebra.reduce_("logsumexp", x, (0,)), shape)),)
            )
        case "extreme":
            return algebra.reduce_("max", sub((*shape, N)), (len(shape),))
        case "inverse":
            if shape == (N, N):
                matrix = sub(shape)
                return algebra.atom(
                    "inv", (algebra.total(matrix, algebra.scaled(algebra.delta(N), Fraction(50))),), shape
                )
            return sub(shape)
    raise AssertionError(operation)


COMMON = ["sum", "difference", "number", "scaled", "divided", "map", "max", "where", "hadamard", "quotient", "power"]
OPERATIONS = {
    0: [*COMMON, "trace", "all", "inner", "extreme"],
    1: [*COMMON, "multiply", "multiply", "diag", "sum along", "constant", "softmax", "extreme"],
    2: [*COMMON, "multiply", "multiply", "diag", "outer", "transpose", "spread", "constant", "inverse"],
}

__all__ = ["PARAMETERS", "expressions", "symmetric"]
