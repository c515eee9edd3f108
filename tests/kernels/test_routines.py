"""Every routine, compiled against interpreted and against NumPy, in all layouts, for sizes from 0 on.

What enters is the table of routines. What leaves are test results. What always holds: a routine of the table that
has no test here fails the suite. Not for: speed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest

from matgrad.compiler.kernel.emit import emit
from matgrad.compiler.kernel.program import Buffer, Program, Routine, Scale, View
from matgrad.compiler.kernel.routines.table import ROUTINES
from matgrad.compiler.tensor.dims import Dim
from matgrad.grammar.errors import DomainError
from matgrad.runtime.kernel import Kernel

from .programs import both, map_program, routine_program, stored
from .test_matrix_functions import ROUTINES_HERE

Array = Any
RNG = np.random.default_rng(4)

LAYOUTS = (
    ("rows",) * 4,
    ("columns",) * 4,
    ("strided",) * 4,
    ("rows", "columns", "rows", "columns"),
    ("columns", "rows", "columns", "rows"),
    ("rows", "rows", "columns", "strided"),
)
SIZES = (0, 1, 2, 3, 7, 17, 40, 100)


def general(*shape: int) -> Array:
    return RNG.normal(size=shape)


def positive_definite(n: int) -> Array:
    a = RNG.normal(size=(n, n + 2))
    return a @ a.T + np.eye(n)


def symmetric(n: int) -> Array:
    a = RNG.normal(size=(n, n))
    return a + a.T


def triangular(n: int, lower: bool) -> Array:
    """A well conditioned triangle, with nan in the other one: it must not be read."""
    a = RNG.normal(size=(n, n)) / (n + 1) + np.diag(RNG.uniform(1, 2, n))
    return np.where(np.tri(n, dtype=bool) if lower else np.tri(n, dtype=bool).T, a, np.nan)


def first_argument(name: str, shape: tuple[int, ...]) -> Array:
    if name in ("symm", "symv", "check_symmetric"):
        return symmetric(shape[0])
    if name == "cholesky":
        return positive_definite(shape[0])
    if name.startswith("cholesky_"):
        return np.linalg.cholesky(positive_definite(shape[0]))
    if name.startswith(("trmm", "trsm", "triangular_inverse")):
        return triangular(shape[0], name.endswith("lower"))
    if name == "check_lower":
        return np.tril(general(*shape))
    if name == "check_upper":
        return np.triu(general(*shape))
    if name == "check_diagonal":
        return general(*shape) * np.eye(*shape)
    return general(*shape)


def cases() -> list[str]:
    return [
        name
        for name in ROUTINES
        if "*" not in ROUTINES[name].shapes and not name.startswith(("lu", "csr_")) and name not in ROUTINES_HERE
    ]


@cache
def kernels(name: str, dtype: str, scaled: bool) -> tuple[Program, Kernel]:
    scalars: tuple[Scale, ...] = ()
    if scaled:
        scalars = (Scale(-1.5), Scale(0.5))[: len(ROUTINES[name].scalars)]
    program = routine_program(name, LAYOUTS, scalars)
    return program, Kernel(program, dtype)


def compare(name: str, dtype: str, scaled: bool, sizes: dict[str, int]) -> None:
    signature = ROUTINES[name]
    program, kernel = kernels(name, dtype, scaled)
    shapes = [tuple(sizes[c] for c in p if c.isalpha()) for p in signature.inputs]
    plain = [first_argument(name, shapes[0]), *(general(*s) for s in shapes[1:])]
    arguments = [stored(a, kinds[k]) for kinds in LAYOUTS for k, a in enumerate(plain)]
    if scaled and len(signature.scalars) > 1:
        old = general(*(sizes[c] for c in signature.outputs[0] if c.isalpha()))
        arguments.append(old + old.T if name.startswith(("syr", "gemmt")) else old)
    expected, found = both(program, arguments, kernel)
    scale = max([1.0, *(np.abs(np.nan_to_num(e)).max(initial=0) for e in expected)])
    tolerance = (1e-12 if dtype == "float64" else 1e-4) * scale * (1 + max(sizes.values()))
    for e, f in zip(expected, found, strict=True):
        assert f.shape == e.shape
        np.testing.assert_allclose(f, e, rtol=0, atol=tolerance, err_msg=f"{name} for {sizes}")


@pytest.mark.parametrize("name", cases())
def test_all_sizes(name: str) -> None:
    for k, size in enumerate(SIZES):
        other = SIZES[k - 3], SIZES[(k + 2) % len(SIZES)]
        compare(name, "float64", False, dict(zip(ROUTINES[name].letters, (size, *other), strict=False)))


@pytest.mark.parametrize("name", [n for n in cases() if ROUTINES[n].scalars])
def test_factors(name: str) -> None:
    for sizes in ((0, 3, 2), (3, 4, 5), (5, 1, 2), (1, 6, 1), (60, 33, 50)):
        compare(name, "float64", True, dict(zip(ROUTINES[name].letters, sizes, strict=False)))


@pytest.mark.parametrize("name", ["gemm", "gemv", "syrk", "trsm_lower", "cholesky", "cholesky_inverse"])
def test_single_precision(name: str) -> None:
    for sizes in ((3, 4, 5), (60, 33, 50)):
        compare(name, "float32", False, dict(zip(ROUTINES[name].letters, sizes, strict=False)))


def indefinite(n: int) -> Array:
    """Symmetric with a positive diagonal, so that only a factorization can tell."""
    a = symmetric(n)
    np.fill_diagonal(a, np.abs(np.diag(a)))
    return a


@pytest.mark.parametrize("made", [lambda n: general(n, n), positive_definite, indefinite])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_lu(dtype: str, made: Callable[[int], Array]) -> None:
    program, names = lu_program()
    kernel = Kernel(program, dtype)
    for n in SIZES:
        for k in (0, 1, 3, 20):
            a, b, c = made(n), general(n, k), general(n)
            found = dict(zip(names, kernel.run(a, b, np.ascontiguousarray(b.T), c), strict=True))
            expected, _ = both(program, (a, b, np.ascontiguousarray(b.T), c), kernel)
            tolerance = (1e-10 if dtype == "float64" else 2e-2) * np.linalg.cond(a) if n else 1
            true = {
                "rows": np.linalg.solve(a, b),
                "rows_transposed": np.linalg.solve(a.T, b),
                "columns": np.linalg.solve(a, b).T,
                "columns_transposed": np.linalg.solve(a.T, b).T,
                "vector": np.linalg.solve(a, c),
                "by_columns": np.linalg.solve(a, b),
                "by_columns_transposed": np.linalg.solve(a.T, b),
                "inverse": np.linalg.inv(a),
            }
            for name, value in true.items():
                np.testing.assert_allclose(found[name], value, atol=tolerance, err_msg=f"{name} {n} {k}")
            sign, logarithm = np.linalg.slogdet(a)
            assert found["sign"] == sign
            np.testing.assert_allclose(found["logarithm"], logarithm, atol=1e-2 if dtype == "float32" else 1e-10)
            if n <= 20:
                np.testing.assert_allclose(
                    found["determinant"], np.linalg.det(a), rtol=1e-2 if dtype == "float32" else 1e-9
                )
            for name, e in zip(names, expected, strict=True):
                np.testing.assert_allclose(
                    found[name], e, atol=tolerance * (1 + np.abs(e).max(initial=0)), err_msg=name
                )


def lu_program() -> tuple[Program, list[str]]:
    from matgrad.compiler.kernel.program import Buffer
    from matgrad.compiler.tensor.dims import Dim

    n, k = Dim.of("n"), Dim.of("k")
    a, b = Buffer("A", (n, n), "input"), Buffer("B", (n, k), "input")
    transposed, c = Buffer("Bt", (k, n), "input"), Buffer("c", (n,), "input")
    f, p = Buffer("F", (n, n), "work"), Buffer("p", (n,), "work", "int")
    g, q = Buffer("G", (n, n), "work"), Buffer("q", (n,), "work", "int")
    outs: dict[str, Buffer] = {}

    def out(name: str, *shape: Dim) -> Buffer:
        outs[name] = Buffer(name, shape, "output")
        return outs[name]

    rows, columns = (f.view(), p.view()), (g.view().T, q.view())
    steps = (
        Routine("lu", rows, (a.view(),)),
        Routine("lu", columns, (a.view(),)),
        Routine("lu_solve", (out("rows", n, k).view(),), (*rows, b.view())),
        Routine("lu_solve_transposed", (out("rows_transposed", n, k).view(),), (*rows, b.view())),
        Routine("lu_solve", (out("columns", k, n).view().T,), (*rows, transposed.view().T)),
        Routine("lu_solve_transposed", (out("columns_transposed", k, n).view().T,), (*rows, transposed.view().T)),
        Routine("lu_solve", (out("vector", n).view(),), (*rows, c.view())),
        Routine("lu_solve", (out("by_columns", n, k).view(),), (*columns, b.view())),
        Routine("lu_solve_transposed", (out("by_columns_transposed", n, k).view(),), (*columns, b.view())),
        Routine("lu_det", (out("determinant").view(),), rows),
        Routine("lu_logabsdet", (out("logarithm").view(), out("sign").view()), rows),
        Routine("lu_inverse", (out("inverse", n, n).view(),), rows),
    )
    return Program((a, b, transposed, c), tuple(outs.values()), (f, p, g, q), steps), list(outs)


def test_every_routine_is_tested() -> None:
    elementwise = {n for n in ROUTINES if "*" in ROUTINES[n].shapes}
    lu = {s.name for s in lu_program()[0].flat() if isinstance(s, Routine)}
    sparse = {n for n in ROUTINES if n.startswith("csr_")}  # test_sparse_routines.py
    assert set(ROUTINES) == set(cases()) | lu | elementwise | sparse | set(ROUTINES_HERE)


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("cholesky", np.array([[1.0, 2.0], [2.0, 1.0]])),
        ("cholesky", np.diag([1.0] * 30 + [-1.0])),
        ("cholesky", np.full((3, 3), np.nan)),
        ("lu", np.ones((3, 3))),
        ("lu", np.zeros((40, 40))),
        ("trsm_lower", np.diag([1.0, 0.0, 2.0])),
        ("triangular_inverse_upper", np.diag([1.0] * 20 + [0.0])),
        ("check_symmetric", np.array([[1.0, 2.0], [2.1, 1.0]])),
        ("check_lower", np.array([[1.0, 2.0], [2.1, 1.0]])),
        ("check_upper", np.array([[1.0, 2.0], [2.1, 1.0]])),
        ("check_diagonal", np.array([[1.0, 0.0], [1e-300, 1.0]])),
        ("check_nonneg", np.array([[1.0, -1e-300], [1.0, 1.0]])),
        ("check_positive", np.array([[1.0, 0.0], [1.0, 1.0]])),
    ],
)
def test_failures(name: str, bad: Array) -> None:
    program = failing_program(name)
    n = len(bad)
    kernel = Kernel(program)
    assert kernel.address  # compiled
    with pytest.raises(DomainError, match=f"{name} needs more"):
        kernel.run(bad, np.ones(n))
    good = np.diag(np.arange(1.0, n + 1)) if name != "check_positive" else np.ones((n, n))
    assert kernel.run(good, np.ones(n)) == 1.0


@cache
def failing_program(name: str) -> Program:
    """Applies a routine that can fail, and then returns 1."""
    from matgrad.compiler.kernel.program import Buffer
    from matgrad.compiler.tensor.dims import Dim

    n = Dim.of("n")
    a, b, done = Buffer("A", (n, n), "input"), Buffer("b", (n,), "input"), Buffer("done", (), "output")
    signature = ROUTINES[name]
    work = [
        Buffer(f"W{k}", (n, n) if "nn" in p else (n,), "work", "int" if 1 + k in signature.integers else "real")
        for k, p in enumerate(signature.outputs)
    ]
    inputs = (a.view(), b.view())[: len(signature.inputs)]
    steps = (
        Routine(name, tuple(w.view() for w in work), inputs, failure=f"{name} needs more"),
        Routine("fill", (done.view(),), (), (Scale(1.0),)),
    )
    return Program((a, b), (done,), tuple(work), steps)


def test_a_vector_of_maxima_is_found_in_one_pass() -> None:
    program = map_program([("max", 2)])
    a = np.array([1.0, np.nan, 3.0])
    b = np.array([2.0, 1.0, np.nan])
    found = Kernel(program).run(a, b, b)
    np.testing.assert_array_equal(found, [2.0, np.nan, np.nan])


@pytest.mark.parametrize("transposed", [False, True])
def test_a_column_times_a_matrix(transposed: bool) -> None:
    """Columns of matrices, whose elements are not side by side, as argument and as result of gemv."""
    m, n = Dim.of("m"), Dim.of("n")
    a, b, c = Buffer("A", (m, n), "input"), Buffer("B", (n, n), "input"), Buffer("C", (m, n), "input")
    y, z = Buffer("Y", (m, n), "output"), Buffer("Z", (n, n), "output")
    (p, q), (r, s) = ((c, z), (n, m)) if transposed else ((b, y), (m, n))
    x = View(p, Dim.of(1), (n,), (s,))
    out = View(q, Dim.of(0), (n,), (r,))
    matrix = a.view().T if transposed else a.view()
    steps = (
        Routine("fill", (y.view(),), (), (Scale(2.0),)),
        Routine("fill", (z.view(),), (), (Scale(3.0),)),
        Routine("gemv", (out,), (matrix, x), (Scale(0.5), Scale(-1.0))),
    )
    program = Program((a, b, c), (y, z), (), steps)
    assert "contiguous" in emit(program).text
    kernel = Kernel(program)
    for rows, columns in ((1, 2), (7, 3), (30, 41)):
        arguments = tuple(
            np.random.default_rng(0).normal(size=size)
            for size in ((rows, columns), (columns, columns), (rows, columns))
        )
        expected, found = both(program, arguments, kernel)
        for e, f in zip(expected, found, strict=True):
            np.testing.assert_allclose(f, e, rtol=1e-10, atol=1e-10)
