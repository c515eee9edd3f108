"""What is told of a reason where: its text and reference once, its name every time.

Enters: the reasons of the steps in order.  Leaves: for each what to write, and the list of references.  Always holds:
the text of a rule and the number of its reference stand where it is used first.  Not for: layout.
"""

from __future__ import annotations

from collections.abc import Iterable

from .steps import Reason, Step


class Notes:
    """The notes of one text."""

    def __init__(self, steps: Iterable[Step]) -> None:
        self.references: list[str] = []
        self._told: set[str] = set()
        for step in steps:
            for reason in step.reasons:
                if reason.reference and reason.reference not in self.references:
                    self.references.append(reason.reference)

    def first(self, reason: Reason) -> bool:
        """Whether the rule is used for the first time; from then on it is told."""
        told = reason.name in self._told
        self._told.add(reason.name)
        return not told

    def number(self, reason: Reason) -> int:
        """The number of the reference, from 1; 0 for none."""
        return self.references.index(reason.reference) + 1 if reason.reference else 0
