"""Random contractions of tensors of order 0 to 3: in matrix notation, or in index notation, they mean the same."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest

from matgrad.compiler.printing import printer
from matgrad.compiler.tensor import algebra
from matgrad.compiler.tensor.contraction import add, contract, delta
from matgrad.compiler.tensor.dims import Dim
from matgrad.compiler.tensor.evaluate import evaluate
from matgrad.compiler.tensor.expr import Expr, Symbol, structure, symbol, symbols

from .language import expression, read

SIZES = {"m": 4, "n": 3, "p": 2}
NAMED = [symbol(f"of_{name}", (Dim.of(name),)) for name in SIZES]


def tensor(source: random.Random, shape: tuple[Dim, ...]) -> Symbol:
    """One of three symbols of a shape."""
    return symbol(source.choice("ABC") + "".join(str(size).upper() for size in shape) + "_", shape)


def factor(source: random.Random, shape: tuple[Dim, ...], depth: int) -> Expr:
    """A symbol, or a function, sum, structure or contraction of its shape."""
    plain = tensor(source, shape)
    match source.randrange(16):
        case 0 if len(shape) == 2 and shape[0] == shape[1]:
            return delta(shape[0])
        case 1 if len(shape) == 2:
            return structure("tril", shape, Dim.of(source.choice([0, 0, -1, 2])))
        case 2 | 3:
            return algebra.map_(source.choice(["exp", "sin"]), (plain,))
        case 4:
            return algebra.power(plain, -1)
        case 5:
            return algebra.map_("gt", (plain, tensor(source, shape)))
        case 6:
            return add([(Fraction(1), plain), (Fraction(-2), tensor(source, shape))], shape)
        case 7 | 8 if depth:
            inner = contraction(source, depth - 1)
            return inner if inner.shape == shape else plain
    return plain


def contraction(source: random.Random, depth: int = 2) -> Expr:
    """A contraction with random labels."""
    count = source.randrange(1, 6)
    names = source.choice(["mn", "mnp", "mn1", "n", "n3"])
    sizes = {k: Dim.of(int(s) if s.isdigit() else s) for k, s in enumerate(source.choices(names, k=count))}
    outputs = source.sample(range(count), source.randrange(0, min(count, 4) + 1))
    factors = []
    for _ in range(source.randrange(1, 6)):
        labels = tuple(source.choices(range(count), k=source.choice([0, 1, 1, 2, 2, 2, 2, 3])))
        factors.append((factor(source, tuple(sizes[label] for label in labels), depth), labels))
    made = contract(factors, outputs, sizes, source.choice([1, 1, 2, -1, Fraction(1, 2)]))
    if source.random() < 0.3:
        made = add([(Fraction(1), made), (Fraction(-1, 2), algebra.map_("exp", (made,)))], made.shape)
    return made


@pytest.mark.parametrize("seed", range(12))
def test_contractions_mean_the_same(seed: int) -> None:
    source = random.Random(seed)
    for _ in range(25):
        made = contraction(source)
        parameters = sorted(symbols(made), key=lambda s: s.name)
        text = printer.function_text("f", [*parameters, *NAMED], [made], False)
        generator = np.random.default_rng(0)
        arrays = {p.name: generator.uniform(0.3, 1.2, [d.evaluate(SIZES) for d in p.shape]) for p in parameters}
        again = evaluate(read(text).results[0], arrays, SIZES)
        first = evaluate(made, arrays, SIZES)
        assert again.shape == first.shape, text
        assert np.allclose(again, first, rtol=1e-8, equal_nan=True), text
        assert printer.latex(made)


def test_no_bracket_around_terms_with_different_sums() -> None:
    made = expression("{ P[i,j,l] = 0.5*T[i,j,q]*T[i,j,r]*T[i,j,l] - 0.5*exp(T[i,j,l]); P }")
    text = printer.text(made)
    assert text == "J[i,j,k] = 0.5*T[i,j,k]*T[i,j,l]*T[i,j,q] - 0.5*exp(T[i,j,k])"
    assert expression(f"{{ {text.replace('k', 'r')}; J }}") is made  # k is a parameter there


def test_scalars_that_need_indices() -> None:
    made = expression("{ P[i] = T[j,i,l]*T[j,i,q]*y[j]*s; sum(P) }")
    text = printer.text(made)
    assert text == "{ T1[i] = y[i]*T[i,j,k]*T[i,j,l]; s*sum(T1) }"
    assert expression(text.replace("k", "r")) is made
