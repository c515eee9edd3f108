"""What the planner's tests share: plan, run with NumPy, compare with direct evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from matgrad.compiler.kernel.interpret import run
from matgrad.compiler.kernel.program import Program
from matgrad.compiler.plan import plan
from matgrad.compiler.tensor.evaluate import evaluate
from matgrad.compiler.tensor.expr import Expr, Symbol


def planned_right(
    results: Sequence[Expr], parameters: Sequence[Symbol], arrays: Mapping[str, Any], sizes: Mapping[str, int],
    planned_for: Mapping[str, int] | None,
) -> Program:  # fmt: skip
    """The program, after its values were compared with those of the expressions."""
    program = plan(results, parameters, planned_for)
    status, outputs = run(program, [arrays[p.name] for p in parameters])
    assert status == 0, program.failures[status - 1]
    for result, output in zip(results, outputs, strict=True):
        expected = np.asarray(evaluate(result, arrays, sizes))
        size = np.max(np.abs(expected[np.isfinite(expected)]), initial=1.0)
        np.testing.assert_allclose(output, expected, rtol=1e-7, atol=1e-8 * size, err_msg=str(program))
    return program
