"""Runs of the fuzzer: many programs, and the smallest ones that fail."""

from __future__ import annotations

import random
import traceback
from dataclasses import dataclass, field

from .checks import Unclear, complaint
from .programs import Program, program, smaller

MOST_SHRINKS = 400


@dataclass(frozen=True)
class Failure:
    """A program that matgrad gets wrong; `shrunk` is the text of a small one that fails too."""

    number: int
    text: str
    complaint: str
    shrunk: str


@dataclass
class Result:
    """What a run found: how many programs could be judged, and the failures."""

    judged: int = 0
    failures: list[Failure] = field(default_factory=list)


def verdict(made: Program, seed: int, kernels: bool = False) -> str:
    """The complaint about a program; an exception is one too.  Raises Unclear."""
    try:
        return complaint(made, seed, kernels)
    except Unclear:
        raise
    except Exception as error:
        return f"{type(error).__name__}: {error} ({traceback.extract_tb(error.__traceback__)[-1].name})"


def shrunk(made: Program, seed: int, kind: str, kernels: bool = False) -> Program:
    """A smallest program of which the same kind of complaint is true."""
    tries = 0
    while True:
        for candidate in sorted(smaller(made), key=lambda p: p.size):
            tries += 1
            if tries > MOST_SHRINKS:
                return made
            if candidate.size >= made.size:
                continue
            try:
                if verdict(candidate, seed, kernels).split(":")[0].split(" by ")[0] == kind:
                    made = candidate
                    break
            except Unclear:
                continue
        else:
            return made


def fuzz(count: int, seed: int, depth: int = 4, kernels: int = 0, first: int = 0) -> Result:
    """Runs `count` programs of a seed, from number `first` on."""
    result = Result()
    for number in range(first, first + count):
        made = program(random.Random(f"{seed}-{number}"), depth)
        compiled = bool(kernels) and number % kernels == 0
        try:
            found = verdict(made, number, compiled)
        except Unclear:
            continue
        result.judged += 1
        if found:
            small = shrunk(made, number, found.split(":")[0].split(" by ")[0], compiled)
            result.failures.append(Failure(number, made.text, found, small.text))
    return result
