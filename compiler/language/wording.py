"""The words of messages about shapes and numbers of things.

Enters: shapes, numbers.  Leaves: pieces of sentences.  Not for: whole messages, which stand where they are raised.
"""

from __future__ import annotations

from ..tensor.expr import Shape


def describe(shape: Shape) -> str:
    """`matrix[m, n]` and the like."""
    kind = ("scalar", "vector", "matrix")[len(shape)] if len(shape) < 3 else "tensor"
    return f"{kind}[{', '.join(map(str, shape))}]" if shape else "scalar"


def count(number: int, noun: str, plural: str = "") -> str:
    """`1 argument`, `2 arguments`."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def here(number: int) -> str:
    """`is 1`, `are 2`."""
    return f"{'is' if number == 1 else 'are'} {number}"
