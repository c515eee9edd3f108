"""The labels of contractions: which of them hang together, and their canonical order.

Enters: factors with labels, of which the outputs keep theirs.  Leaves: components, orders of labels.  Always holds:
orders do not depend on the labels and the order of the factors that entered (up to a limit of ties).  Not for: what is
summed or merged (`contraction.py`).

Canonical labels come from colour refinement of each component that is connected by summed labels, and a search over
the ties that remain (a tensor that stands several times).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .dims import Dim
from .expr import Expr

Labels = tuple[int, ...]
Factor = tuple[Expr, Labels]
Encoding = tuple[tuple[bytes, Labels], ...]

# Beyond this many tied labelings the first one is taken: still right, but equal contractions may be told apart.
MOST_LABELINGS = 200


def components(flat: list[Factor], outputs: set[int]) -> list[list[Factor]]:
    """Groups of factors connected by summed labels."""
    group_of: dict[int, int] = {}
    groups: dict[int, list[Factor]] = {}
    for position, (factor, labels) in enumerate(flat):
        summed = [label for label in labels if label not in outputs]
        joined = sorted({group_of[label] for label in summed if label in group_of})
        target = joined[0] if joined else position
        merged = groups.setdefault(target, [])
        for other in joined[1:]:
            merged += groups.pop(other)
            for label, group in group_of.items():
                if group == other:
                    group_of[label] = target
        merged.append((factor, labels))
        for label in summed:
            group_of[label] = target
    return list(groups.values())


def canonical(
    piece: list[Factor], outputs: Mapping[int, int], size_of: Mapping[int, Dim], symmetric: Callable[[Expr], bool]
) -> tuple[Encoding, list[int]]:
    """The canonical order of the summed labels of a component, and the encoding that is least under it.

    `symmetric` tells of a factor whether its labels may change places.
    """
    summed = sorted({label for _, labels in piece for label in labels if label not in outputs})
    base = len(outputs)
    start: dict[int, object] = {label: ("s", str(size_of[label])) for label in summed}
    best: tuple[Encoding, list[int]] | None = None
    tries = 0
    stack = [start]
    while stack:
        colours = _refine(piece, stack.pop(), outputs, symmetric)
        classes: dict[object, list[int]] = {}
        for label in summed:
            classes.setdefault(colours[label], []).append(label)
        tied = min((c for c, members in classes.items() if len(members) > 1), key=repr, default=None)
        if tied is None or tries >= MOST_LABELINGS:
            order = sorted(summed, key=lambda label: (colours[label], label))
            local = dict(outputs) | {label: base + k for k, label in enumerate(order)}
            encoded = []
            for factor, labels in piece:
                at = tuple(local[label] for label in labels)
                encoded.append((factor.key, tuple(sorted(at)) if symmetric(factor) else at))
            candidate = (tuple(sorted(encoded)), order)
            if best is None or candidate[0] < best[0]:
                best = candidate
            tries += 1
            if tries >= MOST_LABELINGS:
                break
            continue
        for label in classes[tied]:
            split: dict[int, object] = {other: (2 * c,) for other, c in colours.items()}
            split[label] = (2 * colours[label] - 1,)
            stack.append(split)
    assert best is not None
    return best


def _refine(
    piece: list[Factor],
    colours: Mapping[int, object],
    outputs: Mapping[int, int],
    symmetric: Callable[[Expr], bool],
) -> dict[int, int]:
    """Colour refinement: labels are told apart by the factors and positions in which they stand."""
    ranks = {colour: k for k, colour in enumerate(sorted(set(colours.values()), key=repr))}
    ranked = {label: ranks[colour] for label, colour in colours.items()}
    if len(ranked) <= 1:
        return ranked
    while True:
        seen: dict[int, list[Any]] = {label: [] for label in ranked}
        for factor, labels in piece:
            around: list[object] = [
                ("o", outputs[label]) if label in outputs else ("s", ranked[label]) for label in labels
            ]
            if len(labels) == 2 and symmetric(factor):
                for here, label in enumerate(labels):
                    if label in seen:
                        seen[label].append((factor.key, around[1 - here], labels[0] == labels[1]))
            else:
                pattern = tuple(labels.index(label) for label in labels)
                for here, label in enumerate(labels):
                    if label in seen:
                        seen[label].append((factor.key, here, tuple(around), pattern))
        signatures = {label: (ranked[label], tuple(sorted(seen[label]))) for label in ranked}
        order = {signature: k for k, signature in enumerate(sorted(set(signatures.values())))}
        refined = {label: order[signatures[label]] for label in ranked}
        if len(order) == len(set(ranked.values())):
            return refined
        ranked = refined
