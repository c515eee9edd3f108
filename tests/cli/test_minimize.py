"""The command minimize: data from files, results, errors."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

DATA = Path(__file__).parents[2] / "examples" / "data" / "breast_cancer.csv"
LOGISTIC = ["minimize", "examples/logistic.mg", "--var", "w", "--set", "lam=0.01", "--data", DATA]
SQUARES = "norm2(X*w - y)^2 where X: matrix[m, n], y: vector[m], w: vector[n]"
rng = np.random.default_rng(5)
X, TRUTH = rng.normal(size=(20, 3)), np.array([1.0, -2.0, 0.5])


@pytest.fixture
def table(tmp_path):
    """A table with three features, a text, and a target without noise."""
    path = tmp_path / "table.csv"
    rows = [f"{a!r},{b!r},{c!r},some text,{y!r}" for a, b, c, y in np.column_stack([X, X @ TRUTH]).tolist()]
    path.write_text("\n".join(["a,b,c,note,y", *rows]))
    return path


def variables(printed):
    """The arrays that the command printed."""
    return {
        name: np.array(eval(text)) for name, text in re.findall(r"^(\w+) = (.*)$", re.sub(r"\n +", "", printed), re.M)
    }


def test_logistic_regression_on_real_data(ok, tmp_path):
    output = tmp_path / "result.npz"
    printed = ok(
        *LOGISTIC, "--target", "malignant", "--standardize", "--intercept",
        "--show", "accuracy = mean(where(X*w > 0, y, 1 - y))", "--output", output,
    )  # fmt: skip
    assert printed.startswith(
        "gradient of logistic by w: X'*(sigmoid(X*w) - y)/m + lam*w\ndata: X 569 x 31, y 569, lam = 0.01\n"
    )
    assert re.search(r"^accuracy = 0\.98", printed, re.MULTILINE)
    raw = np.loadtxt(DATA, delimiter=",", skiprows=1)
    features = (raw[:, :-1] - raw[:, :-1].mean(0)) / raw[:, :-1].std(0)
    features, y = np.hstack([features, np.ones((569, 1))]), raw[:, -1]
    w = np.load(output)["w"]
    gradient = features.T @ (1 / (1 + np.exp(-features @ w)) - y) / 569 + 0.01 * w
    assert np.max(np.abs(gradient)) < 1e-7


def test_table_becomes_target_and_features(ok, table):
    printed = ok("minimize", SQUARES, "--var", "w", "--data", table, "--target", "y", "--drop", "note")
    assert np.allclose(variables(printed)["w"], TRUTH, atol=1e-6)
    named = ok("minimize", SQUARES, "--var=w", "--data", table, "--target=y=y", "--features=X", "--drop=note")
    assert variables(named)["w"].tolist() == variables(printed)["w"].tolist()


def test_several_targets_are_a_matrix(ok, table):
    text = "normfro(X*W - Y)^2 where X: matrix[m, n], W: matrix[n, k], Y: matrix[m, k]"
    arguments = ["--var", "W", "--data", table, "--drop", "note", "--target", "Y=c,y", "--features", "X"]
    W = variables(ok("minimize", text, *arguments))["W"]
    assert np.allclose(W, np.linalg.lstsq(X[:, :2], np.stack([X[:, 2], X @ TRUTH], axis=1), rcond=None)[0], atol=1e-6)


def test_data_from_arrays(ok, tmp_path):
    np.save(tmp_path / "X.npy", X)
    np.savetxt(tmp_path / "y.csv", X @ TRUTH)
    np.savez(tmp_path / "both.npz", X=X, y=X @ TRUTH, other=np.zeros(3))
    each = ok("minimize", SQUARES, "--var", "w", "--data", f"X={tmp_path}/X.npy", "--data", f"y={tmp_path}/y.csv")
    both = ok("minimize", SQUARES, "--var", "w", "--data", tmp_path / "both.npz")
    assert variables(each)["w"].tolist() == variables(both)["w"].tolist()
    assert np.allclose(variables(each)["w"], TRUTH, atol=1e-6)


def test_expression_start_bounds_and_method(ok):
    rosenbrock = ["minimize", "(1-a)^2 + 100*(b-a^2)^2", "--var", "a,b", "--start", "a=-1"]
    found = variables(ok(*rosenbrock))
    assert np.allclose([found["a"], found["b"]], 1, atol=1e-6)
    bounded = variables(ok(*rosenbrock, "--bounds", "a=:0.5"))
    assert np.allclose([bounded["a"], bounded["b"]], [0.5, 0.25], atol=1e-6)
    assert "trust-exact" in ok(*rosenbrock, "--method", "trust-exact")


def test_sizes_that_no_data_have(ok, tmp_path):
    np.save(tmp_path / "T.npy", np.outer(np.arange(1.0, 5), np.arange(1.0, 4)))
    arguments = ["--var", "U", "--var", "V", "--data", f"T={tmp_path}/T.npy", "--set", "lam=0"]
    printed = ok("minimize", "examples/matrix_factorization.mg", *arguments, "--size", "k=2", "--show", "U*V'")
    assert re.search(r"value +[\d.]+ +[\d.]+e-", printed)
    assert "4 x 2" in printed or "U = [[" in printed


def test_search_that_does_not_converge_ends_with_status_1(run):
    result = run("minimize", "(1-a)^2 + 100*(b-a^2)^2", "--var", "a,b", "--start", "a=-1", "--max-iterations", "3")
    assert result.exit_code == 1
    assert "a = " in result.stdout
    assert result.stderr.startswith("Error: not converged: ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--set", "lam=1", "--data", DATA], "over which parameters? Choose with --var\n  the parameters are X, y, w"),
        (["--var", "W"], "there is no parameter 'W'\n  the parameters are X, y, w, lam\n  hint: did you mean w?"),
        (["--var", "w"], "the parameter X has no value\n  give it one: --set X=NUMBER or --data X=FILE or --var X"),
        (["--var", "w", "--set", "lam=1", "--data", DATA, "--features", "X"], "the parameter y has no value\n"),
        (["--var", "w", "--set", "lam=1", "--set", "w=1"], "w is a variable\n"),
        (["--var", "w", "--set", "lam"], "Invalid value for '--set': 'lam' is not of the form NAME=VALUE"),
        (["--var", "w", "--set", "lam=big"], "Invalid value for '--set': lam is set to a number"),
        (["--var", "w", "--set", "lam=1", "--set", "lam=2"], "Invalid value for '--set': lam is given twice"),
        (["--var", "w", "--set", "mu=2"], "there is no parameter 'mu'"),
        (["--var", "w", "--size", "n=2.5"], "Invalid value for '--size': the size n is a whole number"),
        (["--var", "w", "--bounds", "w=3"], "Invalid value for '--bounds': '3' is not of the form LOW:HIGH"),
        (["--var", "w", "--bounds", "X=1:2"], "there is no variable 'X'"),
        (["--var", "w", "--standardize"], "--target, --features, --drop, --standardize and --intercept are about"),
        (["--var", "w", "--data", DATA, "--data", DATA], "one table at a time"),
        (["--var", "w", "--data", "x.npy"], "which parameter is x.npy?"),
        (["--var", "w", "--output", "w.txt"], "--output is the name of an .npz file"),
        (["--var", "X,w", "--set", "lam=1", "--data", DATA, "--target", "malignant"], "no parameter is left for"),
        (["--var", "w,y", "--data", DATA, "--target", "malignant"], "which parameter is meant? No vector"),
        (["--var", "w", "--data", DATA, "--show", "u*2"], "the parameter y has no value"),
    ],
)  # fmt: skip
def test_wrong_use(refused, arguments, message):
    assert refused("minimize", "examples/logistic.mg", *arguments).startswith(message)


def test_wrong_use_of_show(refused):
    arguments = [*LOGISTIC, "--target", "malignant", "--show", "u*2"]
    assert refused(*arguments).startswith("there is no parameter or variable 'u'")


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        ("a,y\n1,2\nx,3\n", [], "{}:3:1: error: 'x' is not a number"),
        ("a,y\n1,2\n2,\n", [], "{}:3:3: error: a value is missing"),
        ("a,y\n1,2\n1,3\n", ["--standardize"], "error: the column a of {} is constant: it cannot be standardized"),
        ("a,z\n1,2\n", [], "error: {} has no column y\n  its columns are a, z"),
        ("a,y\n", [], "error: {} has a header and no rows"),
        ("a,y\n1,2\n", ["--drop", "b"], "error: {} has no column b"),
        ("a,y\n1,2\n", ["--start", "w=1,2"], "error: the start of w has another shape"),
        ("a,y\n1,2\n", ["--method", "newton"], "error: there is no method newton"),
        ("a,y\n1,2\n", ["--size", "k=2"], "error: there is no size k"),
        ("a,y\n1,2\n", ["--output", "/nowhere/at/all.npz"], "error: cannot write /nowhere/at/all.npz"),
        ("a,y\n1,2\n", ["--data", "X=none.npy"], "error: cannot read none.npy: No such file"),
    ],
)
def test_bad_data(failed, tmp_path, text, arguments, message):
    path = tmp_path / "data.csv"
    path.write_text(text)
    said = failed("minimize", SQUARES, "--var", "w", "--data", path, "--target", "y", *arguments)
    assert said.startswith(message.format(path))


def test_shapes_that_do_not_fit(failed, tmp_path):
    np.savez(tmp_path / "data.npz", X=np.ones((3, 2)), y=np.ones(4))
    assert "y" in failed("minimize", SQUARES, "--var", "w", "--data", tmp_path / "data.npz")
    np.savez(tmp_path / "data.npz", X=np.ones((3, 2)), y=np.ones((3, 2)))
    assert "y" in failed("minimize", SQUARES, "--var", "w", "--data", tmp_path / "data.npz")
