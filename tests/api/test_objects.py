"""Programs and functions as Python objects: pickled, looked up, asked for what there is not."""

from __future__ import annotations

import concurrent.futures
import copy
import pathlib
import pickle

import numpy as np
import pytest

import matgrad as mg

TEXT = "fn energy(x: vector[n]) = x'*x\nfn scaled(x: vector[n], s: scalar) = s*energy(x)"


def test_pickled() -> None:
    program, x = mg.loads(TEXT), np.array([1.0, 2.0])
    bound = program.scaled.value_and_grad("x").bind(s=3.0)
    for again in (pickle.loads(pickle.dumps(bound)), copy.deepcopy(bound)):
        value, gradient = again(x)
        assert value == 15.0
        assert gradient.tolist() == [6.0, 12.0]
    assert pickle.loads(pickle.dumps(program)).scaled(x, 2.0) == 10.0
    assert pickle.loads(pickle.dumps(mg.function("x'*A*x").grad("x")))(x, np.eye(2)).tolist() == [2.0, 4.0]
    assert pickle.loads(pickle.dumps(program.energy.hvp("x"))).parameters == ("x", "v")
    with pytest.raises(mg.TypeError, match="cannot be pickled"):
        pickle.dumps(mg.trace(lambda x: x @ x))


def test_in_other_processes() -> None:
    with concurrent.futures.ProcessPoolExecutor(1) as pool:
        assert list(pool.map(mg.loads(TEXT).energy, [np.ones(2), np.ones(3)])) == [2.0, 3.0]


def test_program() -> None:
    program = mg.loads(TEXT)
    assert "energy" in program
    assert program.energy in program
    assert "cube" not in program
    assert repr(program) == "<matgrad program of energy, scaled>"


@pytest.mark.parametrize("given", [1, None, b"x", pathlib.Path("ridge.mg")])
def test_what_is_no_text(given: object) -> None:
    for read in (mg.function, mg.loads):
        with pytest.raises(mg.TypeError, match="a text in the language is needed"):
            read(given)  # type: ignore[arg-type]


def test_what_is_no_path() -> None:
    with pytest.raises(mg.TypeError, match="the path of a file is needed"):
        mg.load(None)


def test_sizes_and_kernels_that_are_not_there() -> None:
    f = mg.loads(TEXT).energy
    with pytest.raises(mg.ArgumentError, match="there is no size m"):
        f.cost(m=3, n=2)
    with pytest.raises(mg.ArgumentError, match="the size n is negative"):
        f.cost(n=-1)
    with pytest.raises(mg.ArgumentError, match="float64 or float32"):
        f.source("int32")
