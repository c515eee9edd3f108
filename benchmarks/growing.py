"""One point of a growth curve: `python -m benchmarks.growing call OBJECTIVE N`, or `compile FAMILY NODES`.

Enters: a name and a size.  Leaves: one line of JSON on standard output.  Always holds: what is larger than a laptop
takes easily is skipped.  Not for: people; `growth.py` starts this.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import matgrad as mg
from matgrad.compiler.kernel.emit import emit
from matgrad.compiler.plan import plan
from matgrad.compiler.tensor.expr import topological
from matgrad.runtime.build import kernel_address
from matgrad.runtime.verification.sampling import draw_arguments

from .machine import keep_to_one_core
from .timing import Effort, interleaved

MOST_NUMBERS = 10_000_000  # of all arguments together
MOST_FLOPS = 3e9

# The variable, and the function of n.
OBJECTIVES: dict[str, tuple[str, str]] = {
    "quadratic form": ("x", "fn f(A: matrix[n, n], x: vector[n]) = x'*A*x"),
    "least squares": ("w", "fn f(X: matrix[n, n], y: vector[n], w: vector[n]) = normfro(X*w - y)^2"),
    "logistic regression": ("w", "fn f(X: matrix[n, n], y: vector[n], w: vector[n]) = sum(softplus(X*w) - y .* (X*w))"),
    "log-sum-exp": ("x", "fn f(x: vector[n]) = logsumexp(x)"),
    "Rosenbrock": (
        "x",
        "fn f(x: vector[n]) = sum(100*(x[1:n] - x[0:n-1].^2).^2 + (1 - x[0:n-1]).^2)",
    ),
    "log-determinant": (
        "P",
        "fn f(S: symmetric matrix[n, n], P: posdef matrix[n, n]) = tr(S*P) - logdet(P)",
    ),
    "Gaussian process": (
        "s",
        "fn f(K: psd matrix[n, n], y: vector[n], s: positive scalar) = y'*((s*K + I) \\ y) + logdet(s*K + I)",
    ),
    "trace of four": ("A", "fn f(A: matrix[n, n], B: matrix[n, n], C: matrix[n, n]) = tr(A*B*A'*C)"),
    "factorization": ("U", "fn f(T: matrix[n, n], U: matrix[n, 10], V: matrix[n, 10]) = normfro(T - U*V')^2"),
    "network": (
        "A",
        "fn f(X: matrix[n, n], A: matrix[n, n], B: matrix[n, n], Y: matrix[n, n]) = normfro(tanh(X*A)*B - Y)^2",
    ),
}


def terms(nodes: int) -> str:
    """A sum of different terms, four nodes each."""
    functions = ("exp", "sin", "cos", "tanh", "square", "softplus", "sigmoid")
    count = max(1, nodes // 4)
    parts = (f"sum({functions[k % len(functions)]}({1 + k / 1000:.3f}*x + {k / 500:.3f}))" for k in range(count))
    return f"fn f(x: vector[n]) = {' + '.join(parts)}"


def layers(nodes: int) -> str:
    """A chain of layers, each a function of the one before, three nodes each."""
    count = max(1, nodes // 3)
    steps = "\n".join(f"    x{k + 1} = tanh(A*x{k} + {k / 100:.2f})" for k in range(count))
    return f"fn f(A: matrix[n, n], x: vector[n]) = {{\n    x0 = x\n{steps}\n    sum(x{count})\n}}"


def elementwise(nodes: int) -> str:
    """A chain of elementwise steps that all use the first, two nodes each."""
    count = max(1, nodes // 2)
    steps = "\n".join(f"    x{k + 1} = sin(x{k}) .* x" for k in range(count))
    return f"fn f(x: vector[n]) = {{\n    x0 = x\n{steps}\n    sum(x{count})\n}}"


FAMILIES: dict[str, tuple[str, Callable[[int], str]]] = {
    "sum of terms": ("x", terms),
    "layers": ("x", layers),
    "elementwise chain": ("x", elementwise),
}


def call(name: str, n: int) -> dict[str, Any]:
    """The seconds of a call, with all but the variable bound."""
    variable, text = OBJECTIVES[name]
    function = mg.function(text)
    parameters = function.definition().parameters
    if sum(math.prod(d.evaluate({"n": n}) for d in p.shape) for p in parameters) > MOST_NUMBERS:
        return {"skipped": "memory"}
    gradient = function.value_and_grad(variable)
    if gradient.cost(n=n) > MOST_FLOPS:
        return {"skipped": "time"}
    arguments = draw_arguments(parameters, {"n": n}, np.random.default_rng(1), "small")
    if name == "Gaussian process":
        arguments["s"] = 1.0
    free = arguments.pop(variable)
    bound = gradient.bind(**arguments)
    return {"seconds": interleaved({"matgrad": partial(bound, free)}, Effort(5, 0.03))["matgrad"].best}


def compile_(name: str, nodes: int) -> dict[str, Any]:
    """The seconds of each stage; the stages before the first are warm, for they load rules and libraries."""
    variable, make = FAMILIES[name]
    stages(variable, "fn f(x: vector[n]) = sum(cosh(x))")
    return stages(variable, make(nodes))


def stages(variable: str, text: str) -> dict[str, Any]:
    """The processor seconds of each stage of a program."""
    marks = [time.process_time()]
    function = mg.function(text)
    definition = function.value_and_grad(variable).definition()
    marks.append(time.process_time())
    program = plan(definition.results, definition.parameters)
    marks.append(time.process_time())
    source = emit(program, "float64", "").text
    marks.append(time.process_time())
    kernel_address(source)
    marks.append(time.process_time())
    names = ("build", "plan", "emit", "compile")
    times = {name: after - before for name, before, after in zip(names, marks, marks[1:], strict=False)}
    return {"nodes": len(topological(*function.definition().results)), **times}


if __name__ == "__main__":
    keep_to_one_core()
    kind, which, size = sys.argv[1:]
    print(json.dumps((call if kind == "call" else compile_)(which, int(size))))
