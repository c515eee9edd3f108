"""Fresh processes: the first calls, what they leave on disk, and what later processes do with it.

What enters are programs, each run in processes of their own with a cache folder of their own. What leaves are test
results. What always holds: a process that finds everything gives what the one that made it gave. Not for: faults of the
folder, which `tests/kernels/test_store.py` has.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAD = """
import json, sys
import numpy as np
import matgrad as mg
from matgrad.runtime import background
rng = np.random.default_rng(1)
X, y, w = rng.normal(size=(30, 4)), rng.normal(size=30), rng.normal(size=4)
S = X.T @ X + np.eye(4)
RIDGE = "fn ridge(X: matrix[m, n], y: vector[m], w: vector[n], lam: positive scalar) = normfro(X*w - y)^2 + lam*w'*w"
GAUSS = "fn gauss(S: posdef matrix[n, n], x: vector[n]) = logdet(S) + x'*(S \\\\ x)"

def plain(value):
    return [plain(v) for v in value] if isinstance(value, tuple) else np.asarray(value).tolist()

def refused(call, *arguments, **named):
    try:
        call(*arguments, **named)
    except mg.Error as error:
        return f"{type(error).__name__} {error}"

def show(*values):
    heavy = sorted({"lark", "numba", "scipy.linalg", "matgrad.compiler.plan.pipeline"} & set(sys.modules))
    print(json.dumps([plain(values), heavy]))
"""
CALLS = {
    "typed": 'show(mg.function(RIDGE).value_and_grad("w")(X, y, w, 0.1))',
    "single": 'show(mg.function(RIDGE).grad("w")(*(np.float32(a) for a in (X, y, w)), 0.1))',
    "expression": 'show(mg.function("sum(exp(X*w))").grad("w")(X, w))',
    "direction": 'h = mg.function(RIDGE).hvp("w"); show(h(X, y, w, 0.1, y[:4]), h.parameters)',
    "factorization": 'show(mg.function(GAUSS).value_and_grad("S", "x")(S, w))',
    "converted": 'show(mg.function(RIDGE).grad("w")(np.asfortranarray(X), y.tolist(), w[::-1], np.float32(0.5)))',
    "bound": 'k = mg.function(RIDGE).value_and_grad("w").bind(X=X, y=y, lam=0.1); show(k(w), k(y[:4], out=w))',
    "bound, computed ahead": 'k = mg.function(GAUSS).value_and_grad("x").bind(S=S); show(k(w), k(y[:4]))',
    "bound, fast": 'k = mg.function(RIDGE).grad("w").bind(fast=True, X=X, y=y, lam=0.1); show(k(w))',
    "program": 'p = mg.loads(RIDGE + "\\n" + GAUSS); show(p.ridge(X, y, w, 0.1), p["gauss"](S, w), len(p))',
}
ERRORS = {
    "shape": 'f = mg.function(RIDGE).grad("w"); f(X, y, w, 0.1); show(refused(f, X, y[:-1], w, 0.1))',
    "shape, at first": 'show(refused(mg.function(RIDGE).grad("w"), X, y[:29], w, 0.1))',
    "attribute": "show(refused(mg.function(RIDGE), X, y, w, -0.1))",
    "bound attribute": "show(refused(mg.function(RIDGE).bind(X=X, y=y, lam=-0.1), w))",
    "not posdef": "show(refused(mg.function(GAUSS), -S, w))",
    "variable": 'show(refused(mg.function(RIDGE).grad, "v"))',
    "sparse": (
        "import scipy.sparse as s; f = mg.function(RIDGE); f(X, y, w, 1.0); show(refused(f, s.csr_array(X), y, w, 1))"
    ),
}


def run(program: str, folder: Path, **environment: str) -> Any:
    """What a process prints that has its cache in a folder."""
    variables = {**os.environ, "XDG_CACHE_HOME": str(folder), "MATGRAD_WAIT": "1", **environment}
    command = [sys.executable, "-c", HEAD + program]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=variables, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the processes of this module share."""
    return tmp_path_factory.mktemp("cache")


def test_what_is_found_gives_what_was_made(cache: Path) -> None:
    program = "\n".join(CALLS.values())
    made, found = run(program, cache), run(program, cache)
    assert len(made) == len(CALLS)
    for name, (value, heavy), (again, nothing) in zip(CALLS, made, found, strict=True):
        assert heavy, name
        assert (again, nothing) == (value, []), name


def test_traced_functions_are_found_by_what_they_compute(cache: Path) -> None:
    program = """
def made(c):
    @mg.trace
    def objective(X, y, w):
        r = X @ w - y
        return r @ r + c * np.sum(w**4)
    return objective

for c in CONSTANTS:
    f = made(c)
    k = f.value_and_grad("w").bind(X=X, y=y)
    show(f(X, y, w), f.value_and_grad("w")(X, y, w), f.hvp("w")(X, y, w, w), f.hvp("w").parameters, k(w))
    r = X @ w - y
    assert np.isclose(f(X, y, w), r @ r + c * np.sum(w**4))
    assert np.allclose(k(w)[1], 2 * X.T @ r + 4 * c * w**3)
"""
    ((first, heavy),) = run(program.replace("CONSTANTS", "[0.5]"), cache)
    again, other = run(program.replace("CONSTANTS", "[0.5, 0.25]"), cache)
    assert "matgrad.compiler.plan.pipeline" in heavy
    assert again == [first, []]
    assert other[0] != first
    assert "matgrad.compiler.plan.pipeline" in other[1]


def test_errors_do_not_depend_on_what_is_found(cache: Path) -> None:
    program = "\n".join(ERRORS.values())
    made, found = run(program, cache), run(program, cache)
    for name, (errors, _), (again, _) in zip(ERRORS, made, found, strict=True):
        assert "Error" in errors[0], name
        assert again == errors, name


def test_everything_else_is_there_when_it_is_asked_for(cache: Path) -> None:
    program = """
f = mg.function(RIDGE).value_and_grad("w")
k = f.bind(X=X, y=y, lam=0.1)
f(X, y, w, 0.1), k(w)
show(str(f), f.plan(), k.plan(), f.source(), repr(f), f.cost(m=10, n=2), f.latex())
"""
    ((made, _),) = run(program, cache)
    assert run(program, cache)[0][0] == made
    assert "X" in made[0]


def test_steps_are_shown_also_where_everything_is_found(cache: Path) -> None:
    program = 'mg.function(RIDGE).grad("w")(X, y, w, 0.1); show(0)'
    assert run(program, cache)
    assert "matgrad.compiler.plan.pipeline" in run(program, cache, MATGRAD_SHOW="plan")[0][1]


def test_the_first_calls_are_interpreted(tmp_path: Path) -> None:
    program = """
background.begin, begun = lambda work: begun.append(work), []
f = mg.function(RIDGE).value_and_grad("w")
calls = []
for k in range(4):
    result = f(X, y, w, 0.1)
    calls.append(("numba" in sys.modules, len(begun), plain(result)))
print(json.dumps(calls))
"""
    (calls,) = run(program, tmp_path, MATGRAD_WAIT="0")
    assert [compiled for compiled, *_ in calls] == [False, False, True, True]
    assert calls[0][1] == 1
    assert calls[2][2] == calls[3][2]
    for (value, gradient), (other, others) in ((calls[0][2], calls[2][2]), (calls[1][2], calls[3][2])):
        assert value == pytest.approx(other, rel=1e-13)
        assert gradient == pytest.approx(others, rel=1e-13)
    assert run(program, tmp_path / "waiting", MATGRAD_WAIT="1")[0][0][0] is True


def test_a_process_with_one_call_leaves_a_compiled_kernel(tmp_path: Path) -> None:
    ((made, heavy),) = run(CALLS["typed"], tmp_path, MATGRAD_WAIT="0")
    assert "lark" in heavy
    ((found, heavy),) = run(CALLS["typed"], tmp_path, MATGRAD_WAIT="0")
    assert heavy == []
    assert found[0][0] == pytest.approx(made[0][0], rel=1e-13)


def test_forks_while_a_kernel_is_compiled(tmp_path: Path) -> None:
    program = """
import os
f = mg.function(RIDGE).value_and_grad("w")
expected = f(X, y, w, 0.1)
child = os.fork()
found = [f(X, y, w, 0.1) for _ in range(4)]
right = all(np.isclose(value, expected[0]) for value, _ in found)
if child == 0:
    os._exit(0 if right else 1)
print(json.dumps([right, os.waitpid(child, 0)[1]]))
"""
    assert run(program, tmp_path, MATGRAD_WAIT="0") == [[True, 0]]
