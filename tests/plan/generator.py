"""Random tensor expressions and their data, reproducible from a seed."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from matgrad.compiler.tensor import algebra
from matgrad.compiler.tensor.contraction import contract
from matgrad.compiler.tensor.dims import Dim
from matgrad.compiler.tensor.expr import Expr, Symbol, structure, symbol

M, N, K = (Dim.of(name) for name in "mnk")
SIZES = {"m": 5, "n": 3, "k": 2}

SYMBOLS = [
    symbol("A", (N, N)),
    symbol("B", (N, N)),
    symbol("X", (M, N)),
    symbol("Y", (N, M)),
    symbol("Z", (M, K)),
    symbol("S", (N, N), ["symmetric"]),
    symbol("P", (N, N), ["posdef"]),
    symbol("L", (N, N), ["lower"]),
    symbol("U", (N, N), ["upper"]),
    symbol("D", (N, N), ["diagonal"]),
    symbol("Q", (N, N), ["orthogonal"]),
    symbol("T", (M, N, K)),
    symbol("u", (M,)),
    symbol("v", (N,)),
    symbol("p", (N,), ["positive"]),
    symbol("a", ()),
]


def data(symbols: list[Symbol], sizes: dict[str, int], seed: int) -> dict[str, Any]:
    """Arrays with the attributes of the symbols."""
    random_state = np.random.default_rng(seed)
    arrays = {}
    for s in symbols:
        value = random_state.normal(size=[d.evaluate(sizes) for d in s.shape]) * 0.7
        n = value.shape[0] if value.ndim else 0
        if "posdef" in s.attributes:
            value = value @ value.T + np.eye(n)
        if "symmetric" in s.attributes:
            value = value + value.T
        if "lower" in s.attributes:
            value = np.tril(value) + 2 * np.eye(n)
        if "upper" in s.attributes:
            value = np.triu(value) + 2 * np.eye(n)
        if "diagonal" in s.attributes:
            value = np.diag(np.abs(np.diag(value)) + 0.5)
        if "orthogonal" in s.attributes:
            value = np.linalg.qr(value)[0]
        if "positive" in s.attributes:
            value = np.abs(value) + 0.1
        arrays[s.name] = value
    return arrays


class Generator:
    """Expressions of growing size, each made of earlier ones."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.pool: list[Expr] = list(SYMBOLS)
        self.pool += [algebra.delta(N), algebra.number(2, (N,)), algebra.constant_tensor(SYMBOLS[-1], (M, N))]

    def pick(self, fits: Callable[[Expr], bool] = lambda e: True) -> Expr:
        """A random expression, later ones more often."""
        found = [e for e in self.pool if fits(e)]
        if not found:
            raise LookupError
        return found[min(len(found) - 1, int(len(found) * self.random.random() ** 0.6))]

    def grow(self, steps: int) -> list[Expr]:
        """The results: some of the expressions after so many steps."""
        for _ in range(steps):
            try:
                made = self.random.choice(MAKERS)(self)
            except LookupError:  # nothing fits
                continue
            if made.order <= 4:
                self.pool.append(made)
        count = self.random.randint(1, 3)
        return self.pool[-count:]


def _product(g: Generator) -> Expr:
    a = g.pick(lambda e: e.order >= 1)
    b = g.pick(lambda e: e.order >= 1 and e.shape[0] == a.shape[-1])
    return algebra.matmul(a, b)


def _chain(g: Generator) -> Expr:
    result = g.pick(lambda e: e.order == 2)
    for _ in range(g.random.randint(1, 4)):
        size = result.shape[1]
        result = algebra.matmul(result, g.pick(lambda e, size=size: e.order == 2 and e.shape[0] == size))  # type: ignore[misc]
    return result


def _general(g: Generator) -> Expr:
    """Any contraction: random labels for a few factors."""
    sizes: dict[int, Dim] = {}
    factors = []
    for _ in range(g.random.randint(1, 4)):
        factor = g.pick()
        at = []
        for size in factor.shape:
            old = [label for label, known in sizes.items() if known == size]
            label = g.random.choice(old) if old and g.random.random() < 0.6 else len(sizes)
            sizes[label] = size
            at.append(label)
        factors.append((factor, tuple(at)))
    labels = [label for label in sizes if g.random.random() < 0.5][:4]
    g.random.shuffle(labels)
    return contract(factors, labels, sizes)


def _transpose(g: Generator) -> Expr:
    e = g.pick(lambda e: e.order >= 2)
    axes = list(range(e.order))
    g.random.shuffle(axes)
    return algebra.permute(e, axes)


def _sum(g: Generator) -> Expr:
    a = g.pick()
    terms = [
        (Fraction(g.random.randint(-3, 3), g.random.randint(1, 2)), g.pick(lambda e: e.shape == a.shape))
        for _ in range(3)
    ]
    return algebra.add([(Fraction(1), a), *terms], a.shape)


def _hadamard(g: Generator) -> Expr:
    a = g.pick()
    return algebra.hadamard(a, g.pick(lambda e: e.shape == a.shape))


def _map(g: Generator) -> Expr:
    e = g.pick()
    function = g.random.choice(["tanh", "sigmoid", "abs", "sin", "softplus", "relu"])
    return algebra.map_(function, [e])


def _where(g: Generator) -> Expr:
    a = g.pick()
    b = g.pick(lambda e: e.shape == a.shape)
    condition = algebra.map_(g.random.choice(["lt", "ge"]), [a, b])
    return algebra.map_("where", [condition, a, g.pick(lambda e: e.shape == a.shape)])


def _masked(g: Generator) -> Expr:
    a = g.pick()
    return algebra.hadamard(algebra.map_("gt", [a, algebra.zero(a.shape)]), g.pick(lambda e: e.shape == a.shape))


def _quotient(g: Generator) -> Expr:
    a = g.pick()
    b = algebra.map_("exp", [algebra.map_("tanh", [g.pick(lambda e: e.shape == a.shape)])])
    return algebra.hadamard(a, algebra.power(b, g.random.choice([-1, -2, Fraction(1, 2), 3])))


def _reduce(g: Generator) -> Expr:
    e = g.pick(lambda e: e.order >= 1)
    axes = [k for k in range(e.order) if g.random.random() < 0.6]
    return algebra.reduce_(g.random.choice(["max", "min", "logsumexp", "prod"]), algebra.map_("tanh", [e]), axes)


def _sum_over(g: Generator) -> Expr:
    e = g.pick(lambda e: e.order >= 1)
    return algebra.sum_over(e, [k for k in range(e.order) if g.random.random() < 0.6])


def _diagonal(g: Generator) -> Expr:
    return algebra.diagonal(g.pick(lambda e: e.order == 1 or (e.order == 2 and e.shape[0] == e.shape[1])))


def _trace(g: Generator) -> Expr:
    return algebra.trace(g.pick(lambda e: e.order == 2 and e.shape[0] == e.shape[1]))


def _broadcast(g: Generator) -> Expr:
    return algebra.broadcast(g.pick(lambda e: e.shape == (M,)), (0,), (M, N))


def _inverse(g: Generator) -> Expr:
    names = g.random.sample(["P", "L", "U", "D", "Q"], 2)
    a, b = (next(s for s in SYMBOLS if s.name == name) for name in names)
    choice = g.random.random()
    argument: Expr = a
    if choice < 0.3:
        e = g.pick(lambda e: e.order == 2 and e.shape[1] == N)
        bounded = algebra.map_("tanh", [e])
        argument = algebra.total(SYMBOLS[6], algebra.matmul(algebra.permute(bounded, (1, 0)), bounded))
    elif choice < 0.5:
        argument = algebra.matmul(a, b)
    function = g.random.choice(["inv", "inv", "inv", "det", "logabsdet"])
    return algebra.atom(function, [argument], argument.shape if function == "inv" else ())


def _norm(g: Generator) -> Expr:
    return algebra.atom("normfro", [g.pick(lambda e: e.order in (1, 2))], ())


def _slice(g: Generator) -> Expr:
    e = g.pick(lambda e: e.order == 2 and e.shape[0] == N)
    select = structure("select", (Dim.of(2), N), Dim.of(g.random.randint(0, 1)))
    if g.random.random() < 0.5:
        return algebra.matmul(select, e)
    back = algebra.permute(select, (1, 0))
    return algebra.matmul(back, algebra.matmul(select, e))


def _triangle(g: Generator) -> Expr:
    e = g.pick(lambda e: e.shape == (N, N))
    return algebra.hadamard(e, structure("tril", (N, N), Dim.of(g.random.randint(-1, 1))))


def _vec(g: Generator) -> Expr:
    pair = structure("pair", (M, N, M * N))
    if g.random.random() < 0.5:
        return algebra.tensordot(g.pick(lambda e: e.shape == (M, N)), pair, 2)
    vector = algebra.tensordot(g.pick(lambda e: e.shape == (M, N)), pair, 2)
    return contract([(pair, (0, 1, 2)), (vector, (2,))], (1, 0), {0: M, 1: N, 2: M * N})


def _kron(g: Generator) -> Expr:
    a, b = g.pick(lambda e: e.shape == (N, N)), g.pick(lambda e: e.shape == (M, N))
    rows, columns = structure("pair", (M, N, M * N)), structure("pair", (N, N, N * N))
    factors = [(a, (0, 1)), (b, (2, 3)), (rows, (2, 0, 4)), (columns, (3, 1, 5))]
    return contract(factors, (4, 5), {0: N, 1: N, 2: M, 3: N, 4: M * N, 5: N * N})


MAKERS: list[Callable[[Generator], Expr]] = [
    _product, _product, _chain, _general, _general, _transpose, _sum, _sum, _hadamard, _map, _where, _masked, _quotient,
    _reduce, _sum_over, _diagonal, _trace, _broadcast, _inverse, _inverse, _norm, _slice, _triangle, _vec, _kron,
]  # fmt: skip
