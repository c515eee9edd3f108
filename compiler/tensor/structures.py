"""Structural constants in contractions: which of them meet, vanish or become one.

Enters: the factors of a contraction.  Leaves: fewer factors, deltas between labels, or the news that all is zero.
Always holds: `unvec(vec(X))` is X, blocks that are taken out of a block matrix are the blocks, slices of slices are
slices. Not for: `delta`, which is eliminated with the labels (`contraction.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

from .dims import Dim
from .expr import Structure, structure
from .labels import Factor, Labels

Tie = tuple[int, int]
KINDS = ("pair", "select", "tril")


def reduced(
    flat: list[Factor], outputs: Sequence[int], size_of: dict[int, Dim]
) -> tuple[list[Factor], list[Tie], bool] | None:
    """One step: the factors, the labels that turned out equal, and whether the product is zero; None if nothing fits.

    A label that is summed over a structure alone, where the sum is one, is taken out of `size_of`.
    """
    placed = [(f, at) for f, at in flat if isinstance(f, Structure) and f.kind in KINDS]
    if not placed:
        return None
    uses: dict[int, int] = dict.fromkeys(outputs, 2)  # an output is not summed
    for _, at in flat:
        for label in set(at):
            uses[label] = uses.get(label, 0) + 1
    for k, (one, at) in enumerate(placed):
        alone = _alone(one, at, uses)
        if alone is not None:
            for label in alone:
                del size_of[label]
            return _without(flat, (one, at)), [], False
        if one.kind == "tril" and at[0] == at[1] and one.parameters[0].value is not None:
            return _without(flat, (one, at)), [], one.parameters[0].value < 0
        for other, there in placed[k + 1 :]:
            step = _meet(one, at, other, there, uses)
            if step is not None:
                ties, merged, zero = step
                rest = _without(_without(flat, (one, at)), (other, there)) + merged
                kept = {label for _, labels in rest for label in labels} | {label for tie in ties for label in tie}
                for label in {*at, *there} - kept - set(outputs):  # two selections became one
                    del size_of[label]
                return rest, ties, zero
    return None


def _without(flat: list[Factor], factor: Factor) -> list[Factor]:
    position = flat.index(factor)
    return flat[:position] + flat[position + 1 :]


def _alone(one: Structure, at: Labels, uses: dict[int, int]) -> Labels | None:
    """The labels of a structure over which it sums to one, being in no other factor."""
    match one.kind:
        case "pair" if len(set(at)) == 3:
            if uses[at[2]] == 1:
                return at[2:]
            return at[:2] if uses[at[0]] == uses[at[1]] == 1 else None
        case "select" if at[0] != at[1] and uses[at[1]] == 1:
            return at[1:]
    return None


def _meet(
    one: Structure, at: Labels, other: Structure, there: Labels, uses: dict[int, int]
) -> tuple[list[Tie], list[Factor], bool] | None:
    """What two structures that share labels come to: ties, what is left of the two, and whether they vanish."""
    if one.kind != other.kind:
        return None
    keep: list[Factor] = [(one, at)]
    match one.kind:
        case "pair" if one is other:
            if at[2] == there[2]:
                return [(at[0], there[0]), (at[1], there[1])], keep, False
            if at[:2] == there[:2]:
                return [(at[2], there[2])], keep, False
        case "tril" if one is other and at == there:
            return [], keep, False
        case "select":
            return _selections(one, at, other, there, uses)
    return None


def _selections(
    one: Structure, at: Labels, other: Structure, there: Labels, uses: dict[int, int]
) -> tuple[list[Tie], list[Factor], bool] | None:
    start, offset = one.parameters[0], other.parameters[0]
    if at[1] == there[1]:
        if one is other:
            return [(at[0], there[0])], [(one, at)], False
        for first, second, length in ((start, offset, one.shape[0]), (offset, start, other.shape[0])):
            if (second - first - length).is_nonneg:
                return [], [], True
    elif at[0] == there[0] and one is other:
        return [(at[1], there[1])], [(one, at)], False
    for inner, a, outer, b in ((one, at, other, there), (other, there, one, at)):
        if a[1] == b[0] and a[0] != b[1] and uses[a[1]] == 2:  # a slice of a slice
            both = structure("select", (inner.shape[0], outer.shape[1]), inner.parameters[0] + outer.parameters[0])
            return [], [(both, (a[0], b[1]))], False
    return None
