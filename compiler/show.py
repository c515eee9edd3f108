"""What each step makes of a program, on request: `MATGRAD_SHOW=passes`, `rules`, `plan` or `kernel` (or several, with
commas).

Enters: what a step made.  Leaves: lines on standard error.  Always holds: without the variable nothing happens.
Not for: users who want a derivation (`explain`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence

from .calculus.simplify import Step
from .tensor.expr import Expr


def wanted(step: str) -> bool:
    """Whether the environment asks for this step."""
    return step in os.environ.get("MATGRAD_SHOW", "").split(",")


def show(step: str, title: str, text: str) -> None:
    """Prints what a step made, if it is asked for."""
    if wanted(step):
        print(f"--- {title}\n{text}", file=sys.stderr)


def show_pass(title: str, results: Sequence[Expr]) -> None:
    """Prints the expressions after a pass, in the language."""
    if wanted("passes"):
        from .printing.printer import text

        show("passes", title, "\n".join(text(r) for r in results))


def rule_shower() -> Callable[[Step], None] | None:
    """What prints the rules that fire, if it is asked for."""
    if not wanted("rules"):
        return None
    from .printing.printer import text

    return lambda step: show("rules", step.rule, f"    {text(step.before)}\n    => {text(step.after)}")
