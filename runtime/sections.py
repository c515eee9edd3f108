"""Long functions in sections: compilers take more than linear time for one function.

Enters: the statements of a function.  Leaves: runs of them; a long one can be made a function of its own, whose
parameters are the names that it reads.  Always holds: what such a run assigns is not read after it.  Not for: the
sections' code (`lowering.py`).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_LENGTH = 400  # nodes of the syntax tree from which on a section is worth a function
_WINDOW = 8  # sections of that length: how far the end of one is looked for


@dataclass(frozen=True, slots=True)
class Section:
    """Statements; `reads` are the names that they need if they are to be a function of their own, else None."""

    statements: Sequence[ast.stmt]
    reads: tuple[str, ...] | None


def sections(body: Sequence[ast.stmt]) -> Iterator[Section]:
    """The sections of a function's body, in order."""
    lengths = [sum(1 for _ in ast.walk(s)) for s in body]
    assigned = [_assigned(s) for s in body]
    if sum(lengths) < 2 * _LENGTH:
        yield Section(body, None)
        return
    needed: list[set[str]] = [set()]  # what is read from each statement on
    for statement in reversed(body):
        made: set[str] = set()
        read = _read([statement], made)
        needed.insert(0, read | (needed[0] - made))
    start = 0
    while start < len(body):
        stop = _end(lengths, assigned, needed, start)
        if stop is None:
            yield Section(body[start : start + 1], None)
            start += 1
        else:
            run = body[start:stop]
            yield Section(run, tuple(sorted(_read(run, set()))))
            start = stop


def _end(lengths: Sequence[int], assigned: Sequence[set[str]], needed: Sequence[set[str]], start: int) -> int | None:
    """Where the section that begins at `start` can end."""
    length = 0
    made: set[str] = set()
    for stop in range(start + 1, len(lengths) + 1):
        length += lengths[stop - 1]
        made |= assigned[stop - 1]
        if length >= _LENGTH and not made & needed[stop]:
            return stop
        if length > _WINDOW * _LENGTH:
            return None
    return None


def _assigned(statement: ast.stmt) -> set[str]:
    return {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _loaded(*nodes: ast.AST) -> set[str]:
    return {n.id for node in nodes for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def _read(body: Sequence[ast.stmt], made: set[str]) -> set[str]:
    """The names that statements read before they assign them; what they certainly assign is added to `made`."""
    read: set[str] = set()
    for statement in body:
        match statement:
            case ast.Assign():
                read |= _loaded(statement) - made
                made |= _assigned(statement)
            case ast.AugAssign():
                read |= (_loaded(statement) | _assigned(statement)) - made
                made |= _assigned(statement)
            case ast.For(target=ast.Name(id=label)):
                read |= _loaded(statement.iter) - made
                read |= _read(statement.body, made | {label})
            case ast.While():
                read |= _loaded(statement.test) - made
                read |= _read(statement.body, set(made))
            case ast.If():
                read |= _loaded(statement.test) - made
                yes, no = set(made), set(made)
                read |= _read(statement.body, yes) | _read(statement.orelse, no)
                made |= yes & no
            case _:
                read |= _loaded(statement) - made
    return read
