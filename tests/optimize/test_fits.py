"""The fits of examples/fit.py: what each finds is a minimum, by conditions that NumPy checks."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def fit():
    specification = importlib.util.spec_from_file_location("fit_example", ROOT / "examples" / "fit.py")
    module = importlib.util.module_from_spec(specification)
    sys.modules["fit_example"] = module
    specification.loader.exec_module(module)
    yield module
    del sys.modules["fit_example"]


def test_logistic_has_no_slope(fit):
    problem = fit.logistic()
    w = problem.minimum()["w"]
    X, y, lam = (problem.data[name] for name in ("X", "y", "lam"))
    slope = X.T @ (1 / (1 + np.exp(-X @ w)) - y) / len(y) + lam * w
    assert np.max(np.abs(slope)) < 1e-4
    assert problem.told(problem.minimum()).startswith("98.6%")


def test_nonnegative_factorization_fulfils_the_conditions_of_karush_kuhn_and_tucker(fit):
    problem = fit.nonnegative_factorization()
    found = problem.minimum()
    U, V = found["U"], found["V"]
    rest = U @ V.T - problem.data["T"]
    for variable, slope in ((U, rest @ V + 1e-3 * U), (V, rest.T @ U + 1e-3 * V)):
        assert np.min(variable) >= 0
        assert np.max(np.abs(np.minimum(variable, slope))) < 1e-2  # 0 at a minimum; the data are of size 1
    assert np.sum(rest**2) < 0.02 * np.sum(problem.data["T"] ** 2)


def test_gaussian_process_has_no_slope(fit):
    problem = fit.gaussian_process()
    found = problem.minimum()
    X, y = problem.data["X"], problem.data["y"]
    D = np.sum((X[:, None] - X[None]) ** 2, axis=-1)

    def marginal(a, b, c):
        S = np.exp(a - D / (2 * np.exp(b) ** 2)) + np.exp(c) * np.eye(len(y))
        return 0.5 * y @ np.linalg.solve(S, y) + 0.5 * np.linalg.slogdet(S)[1]

    best = np.array([found[name] for name in "abc"])
    assert found.value == pytest.approx(marginal(*best), rel=1e-8)
    for step in 1e-3 * np.eye(3):
        slope = (marginal(*(best + step)) - marginal(*(best - step))) / 2e-3
        assert abs(slope) < 1e-2  # of a value of size 300


def test_graphical_lasso_closes_the_duality_gap(fit):
    problem = fit.graphical_lasso()
    W = problem.minimum()["W"]
    low, high = problem.bounds["W"]
    S, lam = (low + high) / 2, (high - low)[0, 0] / 2
    assert np.array_equal(np.clip(W, low, high), W)
    P = np.linalg.inv(W)
    gap = np.sum(S * P) - len(S) + lam * np.sum(np.abs(P))
    assert 0 <= gap < 1e-3


def test_the_example_tells_what_it_found(fit, capsys):
    fit.main(["logistic", "graphical_lasso"])
    printed = capsys.readouterr().out
    assert "98.6% of the tumours are classified rightly" in printed
    assert "102 of 435 pairs depend on each other" in printed
