"""Packing: the vector of free entries, and gradients by it."""

from __future__ import annotations

import numpy as np
import pytest

from matgrad.runtime.optimization.packing import Packing, Part

rng = np.random.default_rng(0)
SPACES = {
    "": ((3, 4), 12, lambda a: a),
    "nonneg": ((3, 4), 12, lambda a: a),
    "symmetric": ((4, 4), 10, lambda a: (a + a.T) / 2),
    "posdef": ((4, 4), 10, lambda a: (a + a.T) / 2),
    "psd": ((4, 4), 10, lambda a: (a + a.T) / 2),
    "diagonal": ((4, 4), 4, lambda a: np.diag(np.diag(a))),
    "lower": ((4, 4), 10, np.tril),
    "upper": ((4, 4), 10, np.triu),
    "lower upper": ((4, 4), 4, lambda a: np.diag(np.diag(a))),
    "symmetric lower": ((4, 4), 4, lambda a: np.diag(np.diag(a))),
    "posdef diagonal": ((4, 4), 4, lambda a: np.diag(np.diag(a))),
}
WIDE = {"lower wide": ("lower", (2, 3), 3), "upper wide": ("upper", (2, 3), 5), "lower tall": ("lower", (3, 2), 5)}


@pytest.mark.parametrize("declared", SPACES)
def test_free_entries(declared):
    shape, size, project = SPACES[declared]
    part = Part.of("A", shape, declared.split())
    assert part.size == size
    array = project(rng.normal(size=shape))
    assert np.array_equal(part.unpack(part.pack(array)), array)
    vector = rng.normal(size=size)
    assert np.array_equal(part.pack(part.unpack(vector)), vector)


@pytest.mark.parametrize("case", WIDE)
def test_rectangular_triangles(case):
    declared, shape, size = WIDE[case]
    part = Part.of("A", shape, [declared])
    assert part.size == size
    full = part.unpack(np.ones(size))
    assert np.array_equal(full, (np.tril if declared == "lower" else np.triu)(np.ones(shape)))


@pytest.mark.parametrize("declared", SPACES)
def test_gradient_is_the_transpose_of_unpack(declared):
    shape, size, project = SPACES[declared]
    part = Part.of("A", shape, declared.split())
    gradient = project(rng.normal(size=shape))
    matrix = np.stack([part.unpack(unit).ravel() for unit in np.eye(size)], axis=1)
    assert np.allclose(part.pack_gradient(gradient), matrix.T @ gradient.ravel())
    leading = np.stack([gradient, 2 * gradient])
    assert np.allclose(part.pack_gradient(leading), np.stack([part.pack_gradient(gradient)] * 2) * [[1], [2]])


def test_several_arrays_follow_one_another():
    packing = Packing(
        Part.of(*spec) for spec in [("s", (), []), ("S", (2, 2), ["symmetric"]), ("v", (3,), []), ("e", (0, 2), [])]
    )
    assert packing.size == 1 + 3 + 3
    arrays = {"s": 2.0, "S": np.array([[1.0, 5.0], [5.0, 3.0]]), "v": np.arange(3.0), "e": np.zeros((0, 2))}
    x = packing.pack(arrays)
    assert x.tolist() == [2.0, 1.0, 5.0, 3.0, 0.0, 1.0, 2.0]
    for name, array in zip(arrays, packing.unpack(x), strict=True):
        assert np.array_equal(array, arrays[name])
    gradient = packing.pack_gradient([1.0, np.ones((2, 2)), np.ones(3), np.zeros((0, 2))])
    assert gradient.tolist() == [1.0, 1.0, 2.0, 1.0, 1.0, 1.0, 1.0]


def test_unstructured_arrays_share_the_memory_of_the_vector():
    x = np.zeros(6)
    (array,) = Packing([Part.of("A", (2, 3), [])]).unpack(x)
    array[1, 2] = 7
    assert x[5] == 7
