"""Fused loops and passes over rows: compiled against interpreted, on random programs.

What enters are random loops. What leaves are test results. What always holds: the programs are legal (a store's view is
loaded only at the same elements). Not for: single operations.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import scipy.special

import matgrad as mg
from matgrad.compiler.kernel.emit import emit
from matgrad.compiler.kernel.interpret import run
from matgrad.compiler.kernel.program import (
    Buffer,
    Load,
    Loop,
    Op,
    Program,
    Ref,
    Require,
    Routine,
    Rows,
    Scale,
    Step,
    Store,
)
from matgrad.compiler.plan import plan
from matgrad.compiler.plan.guess import Guess
from matgrad.compiler.plan.memory import compacted
from matgrad.compiler.plan.short_rows import rows_flattened
from matgrad.compiler.tensor.dims import Dim
from matgrad.grammar.errors import ShapeError
from matgrad.runtime.kernel import Kernel

from .programs import both

Array = Any
SIZES = [Dim.of(name) for name in "mnk"]
BINARY = ("add", "sub", "mul", "max", "lt", "mask")
UNARY = ("neg", "sigmoid", "abs", "cos")


class RandomLoops:
    """Makes loops over the sizes m, n, k with inputs of all shapes made of them."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.inputs: dict[tuple[int, ...], Buffer] = {}
        self.outputs: list[Buffer] = []

    def load(self, labels: tuple[int, ...]) -> Load:
        """A load of an input whose axes stand in any order."""
        order = tuple(self.rng.permutation(len(labels)).tolist())
        held = tuple(labels[k] for k in order)
        if held not in self.inputs:
            self.inputs[held] = Buffer("in" + "".join("mnk"[k] for k in held), tuple(SIZES[k] for k in held), "input")
        axes = tuple(order.index(k) for k in range(len(order)))
        return Load(self.inputs[held].view().permuted(axes), labels)

    def loop(self) -> Loop:
        rng = self.rng
        order = int(rng.integers(0, 4))
        subsets = [s for r in range(order + 1) for s in itertools.combinations(range(order), r)]
        loads = tuple(self.load(subsets[rng.integers(len(subsets))]) for _ in range(3))
        ops: list[Op] = []
        for _ in range(int(rng.integers(1, 6))):
            choices = [Ref("load", k) for k in range(3)] + [Ref("op", k) for k in range(len(ops))]
            choices += [Ref("const", value=0.5), Ref("size", dim=SIZES[0] + 1)] + [
                Ref("label", k) for k in range(order)
            ]
            picked = [choices[k] for k in rng.integers(len(choices), size=2)]
            if rng.random() < 0.7:
                ops.append(Op(str(rng.choice(BINARY)), tuple(picked)))
            elif rng.random() < 0.3:
                ops.append(Op("pow", (picked[0], Ref("const", value=float(rng.choice([2, 3, 0.5, 1.5]))))))
            else:
                ops.append(Op(str(rng.choice(UNARY)), (picked[0],)))
        stores = []
        for _ in range(int(rng.integers(1, 4))):
            labels = subsets[rng.integers(len(subsets))]
            kept = tuple(labels[k] for k in rng.permutation(len(labels)))
            out = Buffer(f"out{len(self.outputs)}", tuple(SIZES[k] for k in kept), "output")
            self.outputs.append(out)
            reduce = None if len(kept) == order else str(rng.choice(["sum", "max", "min", "prod", "top"]))
            value = Ref("op", int(rng.integers(len(ops))))
            stores.append(
                Store(out.view(), kept, value, reduce, accumulate=reduce in (None, "sum") and rng.random() < 0.3)
            )
        return Loop(tuple(SIZES[:order]), loads, tuple(ops), tuple(stores))

    def program(self, count: int) -> Program:
        loops = [self.loop() for _ in range(count)]
        steps: list[Step] = [Routine("fill", (out.view(),), (), (Scale(2.0),)) for out in self.outputs]
        sizes = Buffer("sizes", tuple(SIZES), "input")
        return Program((sizes, *self.inputs.values()), tuple(self.outputs), (), (*steps, *loops))


@pytest.mark.parametrize("seed", range(12))
def test_random_loops(seed: int) -> None:
    program = RandomLoops(seed).program(6)
    kernel = Kernel(program)
    rng = np.random.default_rng(seed)
    for sizes in ((3, 4, 5), (1, 1, 1), (2, 0, 3), (0, 3, 0), (9, 17, 8)):
        named = dict(zip("mnk", sizes, strict=True))
        arguments = [rng.normal(size=[named[str(d)] for d in b.shape]) for b in program.inputs]
        expected, found = both(program, arguments, kernel)
        for out, e, f in zip(program.outputs, expected, found, strict=True):
            np.testing.assert_allclose(f, e, rtol=1e-9, atol=1e-9 * np.abs(e).max(initial=1.0), err_msg=out.name)


@pytest.mark.parametrize("seed", range(60))
def test_functions_over_short_rows(seed: int) -> None:
    program = RandomLoops(seed).program(6)
    flattened = rows_flattened(program, Guess({"m": 9, "n": 5, "k": 3}))
    rng = np.random.default_rng(seed)
    for sizes in ((3, 4, 5), (1, 1, 1), (2, 0, 3), (9, 17, 8)):
        named = dict(zip("mnk", sizes, strict=True))
        arguments = [rng.normal(size=[named[str(d)] for d in b.shape]) for b in program.inputs]
        _, expected = run(program, arguments, np.dtype("float64"))
        _, found = run(flattened, arguments, np.dtype("float64"))
        for out, e, f in zip(program.outputs, expected, found, strict=True):
            size = np.abs(e[np.isfinite(e)]).max(initial=1.0)
            np.testing.assert_allclose(f, e, rtol=1e-12, atol=1e-12 * size, err_msg=out.name)


def test_a_function_over_short_rows_is_one_loop() -> None:
    """A row sum of exp(a[i,j] + b[j]): the sums and the row sums by rows, the function over all elements."""
    m, n, _ = SIZES
    a, b, out = Buffer("a", (m, n), "input"), Buffer("b", (n,), "input"), Buffer("out", (m,), "output")
    ops = (Op("add", (Ref("load", 0), Ref("load", 1))), Op("exp", (Ref("op", 0),)))
    loop = Loop(
        (m, n), (Load(a.view(), (0, 1)), Load(b.view(), (1,))), ops, (Store(out.view(), (0,), Ref("op", 1), "sum"),)
    )
    program = Program((a, b), (out,), (), (loop,))
    text = emit(rows_flattened(program, Guess({"n": 5}))).text
    assert "for i in range(m*n):" in text
    assert rows_flattened(program, Guess({"n": 500})) == program


def test_contiguous_axes_become_one_loop() -> None:
    m, n, _ = SIZES
    a, b = Buffer("a", (m, n), "input"), Buffer("b", (m, n), "output")
    loop = Loop((m, n), (Load(a.view(), (0, 1)),), (), (Store(b.view(), (0, 1), Ref("load", 0)),))
    text = emit(Program((a,), (b,), (), (loop,))).text
    assert "for i in range(m*n):" in text
    assert "b[i] = a[i]" in text


def glm(local: bool, function: str = "softplus", derivative: str = "sigmoid") -> Program:
    """f = sum(softplus(X*w) + y.*(X*w)), its gradient, and the row sums of X, in one pass over X."""
    m, n, _ = SIZES
    x, y, w = Buffer("X", (m, n), "input"), Buffer("y", (m,), "input"), Buffer("w", (n,), "input")
    f, g, s = Buffer("f", (), "output"), Buffer("g", (n,), "output"), Buffer("s", (m,), "output")
    c = Buffer("c", (n,), "output")
    z = Buffer("z", (m,), "work")
    load = Load(z.view(), (0,))
    steps = (
        Routine("gemv", (z.view(),), (x.view(), w.view())),
        Loop(
            (m,),
            (load, Load(y.view(), (0,))),
            (
                Op(function, (Ref("load", 0),)),
                Op("mul", (Ref("load", 0), Ref("load", 1))),
                Op("add", (Ref("op", 0), Ref("op", 1))),
                Op(derivative, (Ref("load", 0),)),
                Op("add", (Ref("op", 3), Ref("load", 1))),
            ),
            (Store(f.view(), (), Ref("op", 2), "sum"), Store(z.view(), (0,), Ref("op", 4))),
        ),
        Routine("gemv", (g.view(),), (x.view().T, z.view()), (Scale(2.0),)),
        Loop(
            (m, n),
            (Load(x.view(), (0, 1)),),
            (Op("mul", (Ref("load", 0), Ref("label", 0))),),
            (Store(s.view(), (0,), Ref("op", 0), "sum"), Store(c.view(), (1,), Ref("op", 0), "sum")),
        ),
    )
    axes = (("X", 0), ("y", 0), ("z", 0), ("s", 0))
    rows = Rows(m, steps, axes, frozenset({"z"} if local else ()))
    return Program((x, y, w), (f, g, s, c), (z,), (rows,))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("functions", [("softplus", "sigmoid"), ("abs", "sign")])
@pytest.mark.parametrize("local", [False, True])
def test_rows(local: bool, functions: tuple[str, str], dtype: str) -> None:
    program = glm(local, *functions)
    kernel = Kernel(program, dtype)
    rng = np.random.default_rng(1)
    shapes = [(m, n) for m in (0, 1, 7, 8, 9, 15, 16, 17, 33) for n in (0, 1, 3, 9)]
    for m, n in (*shapes, (300, 5), (1000, 40)):
        arguments = [a.astype(dtype) for a in (rng.normal(size=(m, n)), rng.normal(size=m), rng.normal(size=n))]
        expected, found = both(program, arguments, kernel)
        close = {"float64": 1e-10, "float32": 1e-4}[dtype]
        for e, f in zip(expected, found, strict=True):
            np.testing.assert_allclose(f, e, rtol=close, atol=close * np.abs(e).max(initial=1.0))


def test_what_a_pass_over_rows_keeps_for_itself_is_not_shared() -> None:
    """There is room for a block of its rows only: what comes later would write over other arrays."""
    program = glm(local=True)
    (m, _, _), (x, y, w) = SIZES, program.inputs
    u, v = Buffer("u", (m,), "work"), Buffer("v", (), "output")
    later = (
        Loop((m,), (Load(y.view(), (0,)),), (Op("abs", (Ref("load", 0),)),), (Store(u.view(), (0,), Ref("op", 0)),)),
        Loop(
            (m,), (Load(u.view(), (0,)),), (Op("neg", (Ref("load", 0),)),), (Store(v.view(), (), Ref("op", 0), "sum"),)
        ),
    )
    both_work = Program((x, y, w), (*program.outputs, v), (*program.work, u), (*program.steps, *later))
    assert len(compacted(both_work).work) == 2


@pytest.mark.parametrize("text", ["sin(x).*cos(2*x) + tan(x + y)", "sin(1e7*sin(x)) - y", "x.*(sin(x) + sum(cos(y)))"])
def test_large_angles(text: str) -> None:
    """Loops in which no angle, one, or all are too large for the series."""
    function = mg.function(f"fn f(x: vector[n], y: vector[n]) = sum({text})").value_and_grad("x", "y")
    definition = function.definition()
    program = plan(definition.results, definition.parameters, {"n": 20})
    kernel = Kernel(program)
    rng = np.random.default_rng(4)
    for n in (0, 1, 7, 8, 9, 33):
        x, y = rng.normal(size=(2, n))
        for far in ([], [n // 2], range(n)):
            x[[k for k in far if k < n]] += 3e9
            expected, found = both(program, (x, y), kernel)
            for e, f in zip(expected, found, strict=True):
                np.testing.assert_allclose(f, e, rtol=1e-9, atol=1e-9 * np.abs(e).max(initial=1.0))


@pytest.mark.parametrize("n", [1, 3, 8, 9, 40])
def test_logsumexp_of_special_numbers(n: int) -> None:
    rows = np.random.default_rng(n).normal(size=(8, n))
    rows[0, 0], rows[1, -1], rows[2, 0], rows[3] = np.nan, np.nan, np.inf, -np.inf
    rows[4, 0], rows[5], rows[6, -1], rows[7, 0] = -np.inf, np.nan, np.inf, 1e308
    definition = mg.function("fn f(X: matrix[m, n]) = logsumexp(X, 2)").definition()
    kernel = Kernel(plan(definition.results, definition.parameters, {"m": 8, "n": n}))
    assert kernel.address  # compiled
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(kernel.run(rows), scipy.special.logsumexp(rows, axis=1), rtol=1e-14)


def test_requirements_and_integer_arguments() -> None:
    n, i = Dim.of("n"), Dim.of("i")
    x, index, out = Buffer("x", (n,), "input"), Buffer("i", (), "input", "int"), Buffer("out", (), "output")
    view = Buffer("x", (n,), "input").view()
    element = type(view)(x, i, (), ())
    steps = (
        Require(i, "i must not be negative"),
        Require(n - 1 - i, "i must be less than n"),
        Routine("copy", (out.view(),), (element,)),
    )
    program = Program((x, index), (out,), (), steps)
    kernel = Kernel(program)
    x_value = np.arange(5.0)
    for call in (kernel.run, kernel.entry()):
        assert [call(x_value, k) for k in range(5)] == [0, 1, 2, 3, 4]
        with pytest.raises(ShapeError, match="less than n"):
            call(x_value, 5)
        with pytest.raises(ShapeError, match="negative"):
            call(x_value, -1)
    assert both(program, (x_value, 3), kernel) == ([3.0], [3.0])


def test_composed_sizes() -> None:
    m, n, _ = SIZES
    a, b, out = Buffer("a", (n - 1,), "input"), Buffer("b", (n * m, n), "input"), Buffer("out", (m + n,), "output")
    program = Program((a, b), (out,), (), (Routine("fill", (out.view(),), (), (Scale(3.0),)),))
    with pytest.raises(ValueError, match="m"):
        emit(program)  # m stands nowhere alone
    c = Buffer("c", (m,), "input")
    kernel = Kernel(Program((a, b, c), (out,), (), program.steps))
    assert kernel.run(np.ones(2), np.ones((12, 3)), np.ones(4)).shape == (7,)
    with pytest.raises(ShapeError, match="shape of b"):
        kernel.run(np.ones(2), np.ones((11, 3)), np.ones(4))
    with pytest.raises(ShapeError, match="shape of a"):
        kernel.run(np.ones(3), np.ones((12, 3)), np.ones(4))


def test_any_names() -> None:
    """Names of the language that mean something else in the kernel's text."""
    n, m = Dim.of("real"), Dim.of("range")
    inputs = [Buffer(name, (n, m), "input") for name in ("for", "exp", "i", "x", "s", "real", "table", "int64", "plus")]
    outs = [
        Buffer(name, (n,), "output") for name in ("v", "out", "range", "kernel", "j", "gemv", "workspace", "where", "t")
    ]
    loops = []
    for a, out in zip(inputs, outs, strict=True):
        ops = (Op("exp", (Ref("load", 0),)), Op("mul", (Ref("op", 0), Ref("op", 0))))
        loads = (Load(a.view(), (0, 1)),)
        loops.append(Loop((n, m), loads, ops, (Store(out.view(), (0,), Ref("op", 1), "sum"),)))
    program = Program(tuple(inputs), tuple(outs), (), tuple(loops))
    arguments = [np.random.default_rng(k).normal(size=(4, 3)) for k in range(len(inputs))]
    expected, found = both(program, arguments, Kernel(program))
    np.testing.assert_allclose(found, expected)
