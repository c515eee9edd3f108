"""Ridge regression as a kernel program, with data and the truth, for the tests of calls.

What enters are sizes. What leaves are a program, its kernel, arguments, and what it has to give. Not for: tests.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from matgrad.compiler.kernel.program import Buffer, Load, Loop, Op, Program, Ref, Routine, Scale, Store
from matgrad.compiler.tensor.dims import Dim
from matgrad.runtime.kernel import Kernel

Array = Any
M, N = Dim.of("m"), Dim.of("n")
RNG = np.random.default_rng(6)


def ridge() -> Program:
    """f = sum((X*w - y)^2) + lam*sum(w^2) and its gradient."""
    x, y = Buffer("X", (M, N), "input"), Buffer("y", (M,), "input")
    w, lam = Buffer("w", (N,), "input"), Buffer("lam", (), "input")
    f, g, r = Buffer("f", (), "output"), Buffer("g", (N,), "output"), Buffer("r", (M,), "work")
    square = Op("mul", (Ref("op", 0), Ref("op", 0)))
    residual = Loop(
        (M,),
        (Load(r.view(), (0,)), Load(y.view(), (0,))),
        (Op("sub", (Ref("load", 0), Ref("load", 1))), square),
        (Store(r.view(), (0,), Ref("op", 0)), Store(f.view(), (), Ref("op", 1), "sum")),
    )
    penalty = Loop(
        (N,),
        (Load(w.view(), (0,)), Load(lam.view(), ())),
        (Op("mul", (Ref("load", 0), Ref("load", 1))), Op("mul", (Ref("op", 0), Ref("load", 0)))),
        (Store(g.view(), (0,), Ref("op", 0)), Store(f.view(), (), Ref("op", 1), "sum", accumulate=True)),
    )
    steps = (
        Routine("gemv", (r.view(),), (x.view(), w.view())),
        residual,
        penalty,
        Routine("gemv", (g.view(),), (x.view().T, r.view()), (Scale(2.0), Scale(2.0))),
    )
    return Program((x, y, w, lam), (f, g), (r,), steps)


RIDGE = Kernel(ridge())


def data(m: int = 7, n: int = 3) -> tuple[Array, Array, Array, float]:
    return RNG.normal(size=(m, n)), RNG.normal(size=m), RNG.normal(size=n), 0.25


def truth(x: Array, y: Array, w: Array, lam: float) -> tuple[float, Array]:
    r = x @ w - y
    return r @ r + lam * w @ w, 2 * x.T @ r + 2 * lam * w


def check(found: Any, expected: tuple[float, Array], tolerance: float = 1e-12) -> None:
    value, gradient = found
    assert type(value) is float
    assert gradient.flags.c_contiguous
    np.testing.assert_allclose(value, expected[0], rtol=tolerance)
    np.testing.assert_allclose(gradient, expected[1], rtol=tolerance, atol=tolerance)
