"""The mutation check: every corruption of every line of the rule files is refused by the checkers."""

from __future__ import annotations

from collections import Counter

from tests.rules.mutation import mutants, verdict


def test_corrupted_lines_are_refused():
    counts: Counter[str] = Counter()
    survived = []
    for mutant in mutants():
        found = verdict(mutant)
        counts[found] += 1
        if found == "survived":
            survived.append(f"{mutant.line} ({mutant.kind})")
    assert not survived
    assert counts["caught"] > 1200
