"""What commands print with --json, as dictionaries.

Enters: what the commands computed.  Leaves: values of which JSON objects are made; docs/command_line.md lists their
fields.  Always holds: a formula is a text of the language, which parses again.  Not for: printing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..compiler.explain.steps import Derived, Named, Section, Step
    from ..compiler.kernel.cost import Cost
    from ..compiler.language.definition import Definition
    from ..runtime.function import Function
    from ..runtime.optimization.optimize import Minimum
    from ..runtime.saving import Saving
    from ..runtime.verification.check import Outcome

Record = dict[str, Any]


def derivative(function: Function, operation: str, variable: str, derived: Function, text: str) -> Record:
    """Of `grad`, `hess`, `jac`."""
    definition = derived.definition()
    return {
        "function": function.name,
        "operation": operation,
        "variable": variable,
        "text": text,
        "latex": derived.latex(),
        "type": type_of(definition.results[0]),
        "parameters": parameters(definition),
    }


def parameters(definition: Definition) -> Record:
    """The types by name."""
    return {p.name: type_of(p) for p in definition.parameters}


def type_of(expression: Any) -> str:
    """The type as one writes it."""
    from ..compiler.printing.printer import type_of as found
    from ..compiler.printing.unparse import type_text

    return type_text(found(expression))


def derivation(derived: Derived) -> Record:
    """Of `explain`: everything; nothing is folded."""
    from ..compiler.explain.glossary import functions_in

    return {
        "title": derived.title,
        "objects": [named(item) for item in derived.objects],
        "sections": [section(part) for part in derived.sections],
        "functions": dict(functions_in(derived.steps)),
    }


def named(item: Named) -> Record:
    """An object of a derivation."""
    from ..compiler.explain.words import text

    return {
        "name": text(item.name),
        "type": type_of(item.expression),
        "text": None if item.shown is None else text(item.shown.body),
        "remark": item.remark,
    }


def section(part: Section) -> Record:
    """A section with its steps."""
    return {"title": part.title, "variable": part.variable or None, "steps": [step(one) for one in part.steps]}


def step(one: Step) -> Record:
    """A step: both sides, as text and in LaTeX, and the reasons."""
    from ..compiler.explain.words import latex, text

    return {
        "left": text(one.head),
        "text": text(one.shown.body),
        "where": [text(binding) for binding in one.shown.where],
        "latex": f"{latex(one.head)} = {latex(one.shown.body)}",
        "reasons": [
            {"name": r.name, "text": r.text, "reference": r.reference, "remark": r.remark} for r in one.reasons
        ],
    }


def plan(account: Saving, title: str) -> Record:
    """Of `explain --plan`."""
    from ..compiler.explain.graphs import listed
    from ..compiler.kernel.cost import Cost
    from .account import total

    sizes = account.sizes
    return {
        "title": title,
        "sizes": sizes,
        "formulas": [{"what": e.what, **cost(e.operations, sizes)} for e in account.formulas],
        "plans": [{"what": e.what, **cost(e.operations, sizes)} for e in account.plans],
        "rules": [
            {"what": e.what, "before": cost(e.before, sizes), "after": cost(e.operations, sizes)} for e in account.rules
        ],
        "forms": {
            "judged": account.searched.judged,
            "budget": account.searched.budget,
            "budget_left": account.searched.left,
            "taken": [
                {
                    "from": taken.what[0][0],
                    "to": taken.what[0][1],
                    "before": cost(taken.before, sizes),
                    "after": cost(taken.after, sizes),
                }
                for taken in account.searched.taken
            ],
        },
        "shared": cost(total([s.operations for s in account.shared]), sizes),
        "temporaries": {"numbers": str(account.memory), "bytes": 8 * account.memory.evaluate(sizes)},
        "results": list(account.labels),
        "program": [
            {
                "lines": lines,
                **cost(thirds if thirds is None else Cost(thirds), sizes),
                "results": [account.labels[k] for k in sorted(results)],
            }
            for lines, thirds, results in listed(account.program)
        ],
    }


def cost(operations: Cost | None, sizes: Mapping[str, int]) -> Record:
    """A number of operations and its polynomial; null where there is no count."""
    if operations is None:
        return {"operations": None, "polynomial": None}
    return {"operations": round(operations.evaluate(**sizes)), "polynomial": str(operations)}


def outcome(one: Outcome) -> Record:
    """A derivative that `check` tested."""
    return {
        "function": one.function,
        "variable": one.variable,
        "derivative": one.derivative,
        "error": one.error,
        "note": one.note,
        "passed": one.passed,
    }


def minimum(found: Minimum, shown: Mapping[str, Any], converged: bool) -> Record:
    """Of `minimize`."""
    return {
        "converged": converged,
        "method": found.method,
        "message": found.message,
        "value": float(found.value),
        "start_value": float(found.start_value),
        "gradient_norm": float(found.gradient_norm),
        "start_gradient_norm": float(found.start_gradient_norm),
        "iterations": int(found.iterations),
        "evaluations": int(found.evaluations),
        "seconds": found.seconds,
        "evaluation_seconds": found.evaluation_seconds,
        "first_call_seconds": found.first_call,
        "variables": {name: numbers(array) for name, array in found.arrays.items()},
        "shown": {label: numbers(value) for label, value in shown.items()},
    }


def numbers(array: Any) -> Any:
    """A number, or nested lists of numbers."""
    import numpy as np

    return np.asarray(array, dtype=float).tolist()


def stale(found: Sequence[tuple[Path, str]]) -> Record:
    """Of `build --check`."""
    return {"stale": [{"file": str(path), "reason": reason} for path, reason in found]}
