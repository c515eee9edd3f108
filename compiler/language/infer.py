"""The orders of parameters whose type is left out: the likeliest ones with which the expression fits.

Enters: names, and what makes a `Definition` of orders for them.  Leaves: a definition.  Always holds: of the
assignments that fit, the one that is closest to custom (capitals are matrices, small letters vectors, `lam` and the
like scalars).  Not for: calls, where the arguments say it.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence

from ...grammar import errors
from .definition import Definition

MOST_TRIES = 400
_SCALARS = frozenset(
    [
        "lam",
        "lambda",
        "alpha",
        "beta",
        "gamma",
        "delta",
        "epsilon",
        "eps",
        "eta",
        "theta",
        "kappa",
        "mu",
        "nu",
        "rho",
        "sigma",
        "tau",
        "phi",
        "omega",
        "α",
        "β",
        "γ",
        "δ",
        "ε",
        "η",
        "θ",
        "κ",
        "λ",
        "μ",
        "ν",
        "ρ",
        "σ",
        "τ",
        "φ",
        "ω",
        "c",
        "s",
        "t",
    ]
)


def preferences(name: str) -> tuple[int, ...]:
    """The orders that a name may have, the likeliest first."""
    if name[0].isupper():
        return (2, 1, 0)
    return (0, 1, 2) if name.rstrip("0123456789_") in _SCALARS else (1, 0, 2)


def infer(
    unknown: Sequence[str],
    attempt: Callable[[Mapping[str, int]], Definition],
    accept: Callable[[Definition], bool] = lambda definition: True,
) -> Definition:
    """The definition that `attempt` makes of the likeliest orders of the unknown names that fit and that `accept`
    takes.

    Raises the error of the likeliest assignment if none fits.
    """
    first: errors.Error | None = None
    fallback: Definition | None = None
    for _, choice in zip(range(MOST_TRIES), _choices([preferences(name) for name in unknown]), strict=False):
        try:
            definition = attempt(dict(zip(unknown, choice, strict=True)))
        except errors.ShapeError as error:
            first = first or error
            continue
        if accept(definition):
            return definition
        fallback = fallback or definition
    if fallback is not None:
        return fallback
    assert first is not None
    raise first


def _choices(options: Sequence[tuple[int, ...]]) -> Iterator[tuple[int, ...]]:
    """All combinations, those with the likeliest orders first."""
    start = (0,) * len(options)
    heap = [(0, start)]
    seen = {start}
    while heap:
        cost, ranks = heapq.heappop(heap)
        yield tuple(option[rank] for option, rank in zip(options, ranks, strict=True))
        for position, rank in enumerate(ranks):
            if rank + 1 < len(options[position]):
                later = (*ranks[:position], rank + 1, *ranks[position + 1 :])
                if later not in seen:
                    seen.add(later)
                    heapq.heappush(heap, (cost + rank + 1, later))
