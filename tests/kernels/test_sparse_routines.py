"""The routines for sparse matrices: compiled, interpreted, and SciPy's own products, for all sizes and layouts."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse

from matgrad.compiler.kernel.cost import cost
from matgrad.compiler.kernel.program import Buffer, Program, Routine
from matgrad.compiler.tensor.dims import Dim
from matgrad.runtime.kernel import Kernel
from matgrad.runtime.sparse import held

from .programs import both

M, N, K, Q, PAIRS, ZERO, ONE = (*map(Dim.of, ("m", "n", "k", "q", "p")), Dim.of(0), Dim.of(1))
X, P = Buffer("X", (M, N, ZERO), "input", "int"), Buffer("P", (PAIRS, ZERO), "input", "int")
STARTS, COLUMNS = Buffer("S", (M + ONE,), "input", "int"), Buffer("J", (Q,), "input", "int")
DATA = Buffer("D", (Q,), "input")
SIZES = [(3, 4, 2), (7, 1, 3), (1, 6, 1), (40, 30, 5), (5, 0, 2), (0, 5, 2), (5, 4, 0)]


def program() -> Program:
    """All routines: with vectors, with matrices, and with these transposed."""
    rows, columns = STARTS.view(), COLUMNS.view()
    start = type(rows)(STARTS, ZERO, (ONE,), (M,))
    b, bt, v = Buffer("B", (N, K), "input"), Buffer("BT", (K, N), "input"), Buffer("v", (N,), "input")
    c, u = Buffer("C", (M, K), "input"), Buffer("u", (M,), "input")
    shapes = [(M, K), (K, M), (M,), (N, K), (N,), (N, N), (M,)]
    outputs = [Buffer(f"o{k}", shape, "output") for k, shape in enumerate(shapes, 1)]
    a = Buffer("A", (M, N), "input")
    o1, o2, o3, o4, o5, o6, o7 = (o.view() for o in outputs)
    held_ = (start, columns, DATA.view())
    steps = (
        Routine("csr_product", (o1,), (X.view(), *held_, b.view())),
        Routine("csr_product", (o2.T,), (X.view(), *held_, bt.view().T)),
        Routine("csr_product", (o3,), (X.view(), *held_, v.view())),
        Routine("csr_product_transposed", (o4,), (X.view(), *held_, c.view())),
        Routine("csr_product_transposed", (o5,), (X.view(), *held_, u.view())),
        Routine("csr_gram", (o6,), (X.view(), P.view(), *held_, u.view())),
        Routine("csr_inner", (o7,), (X.view(), *held_, a.view())),
    )
    return Program((X, P, STARTS, COLUMNS, DATA, b, bt, v, c, u, a), tuple(outputs), (), steps)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_products(dtype: str) -> None:
    made = program()
    kernel = Kernel(made, dtype)
    rng = np.random.default_rng(4)
    for m, n, k in SIZES:
        matrix = scipy.sparse.random(m, n, density=0.3, rng=rng, format="csr")
        dense = matrix.toarray()
        b, bt, v = rng.normal(size=(n, k)), rng.normal(size=(k, n)), rng.normal(size=n)
        c, u = rng.normal(size=(m, k)), rng.normal(size=m)
        a = rng.normal(size=(m, n))
        arguments = [*held("X", (), matrix), b, bt, v, c, u, a]
        expected, found = both(made, [a.astype(dtype) if a.dtype.kind == "f" else a for a in arguments], kernel)
        truths = [dense @ b, (dense @ bt.T).T, dense @ v, dense.T @ c, dense.T @ u, dense.T @ (u[:, None] * dense)]
        truths.append(np.sum(dense * a, axis=1))
        for truth, one, other in zip(truths, expected, found, strict=True):
            np.testing.assert_allclose(one, truth, rtol=0, atol=1e-12 if dtype == "float64" else 1e-4)
            np.testing.assert_allclose(other, truth, rtol=0, atol=1e-12 if dtype == "float64" else 1e-4)


def test_operations() -> None:
    pairs, stored = 50, 20
    counted = cost(program()).evaluate(m=5, n=4, k=3, q=stored, p=pairs)
    assert counted == 2 * stored * (3 + 3 + 1 + 3 + 1 + 1) + pairs + 2 * stored
