"""Which parameter the columns of a table become."""

from __future__ import annotations

import click
import numpy as np
import pytest

import matgrad as mg
from matgrad.cli.data import DataOptions, collect, shaped

SOFTMAX = mg.function(
    "fn f(X: matrix[m, n], Y: matrix[m, k], W: matrix[n, k]) = sum(logsumexp(X*W, 2)) - sum(Y .* (X*W))"
)
LINE = mg.function("fn f(x: vector[n], y: vector[n], a: scalar, b: scalar) = norm2(a*x + b - y)^2")
WEIGHTED = mg.function("fn f(X: matrix[m, n], y: vector[m], c: vector[m], w: vector[n]) = sum(c .* (X*w - y).^2)")


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("a,b,c,d\n1,2,3,4\n5,6,7,9\n2,2,3,1\n")
    return str(path)


NUMBERS = np.array([[1.0, 2, 3, 4], [5, 6, 7, 9], [2, 2, 3, 1]])


def test_target_is_the_vector_and_features_the_matrix(table):
    f = mg.function("norm2(X*w - y)^2 where X: matrix[m, n], y: vector[m], w: vector[n]")
    data = collect(f, ["w"], DataOptions([table], ["b"]))
    assert np.array_equal(data["X"], NUMBERS[:, [0, 2, 3]])
    assert np.array_equal(data["y"], NUMBERS[:, 1])


def test_targets_by_name(table):
    data = collect(WEIGHTED, ["w"], DataOptions([table], ["y=b", "c=d"]))
    assert np.array_equal(data["c"], NUMBERS[:, 3])
    assert np.array_equal(data["X"], NUMBERS[:, [0, 2]])
    data = collect(SOFTMAX, ["W"], DataOptions([table], ["Y=c, d"]))
    assert np.array_equal(data["Y"], NUMBERS[:, 2:])
    assert np.array_equal(data["X"], NUMBERS[:, :2])
    data = collect(LINE, ["a", "b"], DataOptions([table], ["x=a", "y=b"], drop=["c", "d"]))
    assert np.array_equal(data["x"], NUMBERS[:, 0])


def test_all_columns_without_a_target(table):
    f = mg.function("normfro(T - U*V')^2 where T: matrix[m, n], U: matrix[m, k], V: matrix[n, k]")
    assert np.array_equal(collect(f, ["U", "V"], DataOptions([table]))["T"], NUMBERS)


def test_standardize_and_intercept(table):
    f = mg.function("norm2(X*w - y)^2 where X: matrix[m, n], y: vector[m], w: vector[n]")
    X = collect(f, ["w"], DataOptions([table], ["d"], standardize=True, intercept=True))["X"]
    assert np.allclose(X[:, :3].mean(axis=0), 0)
    assert np.allclose(X[:, :3].std(axis=0), 1)
    assert np.array_equal(X[:, 3], np.ones(3))


@pytest.mark.parametrize(
    ("function", "variables", "targets", "message"),
    [
        (
            WEIGHTED,
            ["w"],
            ["b"],
            "More than one vector is without a value\n  write --target NAME=b\n  the parameters without",
        ),
        (SOFTMAX, ["W"], [], "More than one matrix is without a value\n  write --features NAME"),
        (LINE, ["a", "b"], ["x=a", "y=b"], "no parameter is left for the columns"),
        (LINE, ["a", "b"], ["x=a", "x=b"], "there is no parameter without a value 'x'"),
        (LINE, ["a", "b"], ["z=a"], "there is no parameter without a value 'z'"),
    ],
    ids=["vectors", "matrices", "columns left", "twice", "name"],
)
def test_choices_that_are_not_clear(table, function, variables, targets, message):
    options = DataOptions(
        [table],
        targets,
    )
    with pytest.raises(click.UsageError) as caught:
        collect(function, variables, options)
    assert message in caught.value.message


def test_name_that_contains_an_equals_sign(tmp_path):
    path = tmp_path / "a=b.npz"
    np.savez(path, x=np.ones(2), y=np.ones(2))
    assert np.array_equal(collect(LINE, ["a", "b"], DataOptions([str(path)]))["x"], np.ones(2))


@pytest.mark.parametrize(
    ("shape", "order", "fits"),
    [((3, 1), 1, True), ((1, 3), 1, True), ((1, 1), 0, True), ((2, 3), 1, False), ((3,), 2, False)],
)
def test_shapes(shape, order, fits):
    if fits:
        assert np.ndim(shaped(np.ones(shape), order, "x")) == order
    else:
        with pytest.raises(mg.FileError, match="x is no"):
            shaped(np.ones(shape), order, "x")
