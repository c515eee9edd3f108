"""What a plan saves, as lines for the terminal.

Enters: a `Saving`.  Leaves: lines of (style, text) pieces.  Not for: counting (`runtime/saving.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..compiler.explain.layout import Line
    from ..compiler.explain.shared import Shared
    from ..compiler.kernel.routines import Cost
    from ..runtime.saving import Entry, Saving


def lines(account: Saving) -> Iterator[Line]:
    """The whole account."""
    sizes = account.sizes
    yield [
        ("title", "Operations"),
        ("text", f" at {', '.join(f'{n} = {s}' for n, s in sizes.items())}" if sizes else ""),
    ]
    yield from table(operations(account), sizes)
    yield from saved(account)
    if account.rules:
        yield []
        yield [("title", "Rules"), ("text", ": the formula before and after each")]
        for row in account.rules:
            yield [("rule", f"  {row.what}")]
            yield from table([("before", row.before), ("after", row.operations)], sizes, "    ")
    if account.shared:
        yield []
        yield [("title", "Shared"), ("text", ": computed once for the value and the gradient")]
        for shared in account.shared:
            yield from shared_lines(shared, sizes)
    cells = account.memory.evaluate(sizes)
    yield []
    yield [("title", "Temporaries"), ("text", f": {account.memory} numbers, {bytes_text(8 * cells)}")]
    yield []
    yield [("title", "Program")]
    yield from ([("value", f"  {line}")] for line in str(account.program).splitlines())


Row = tuple[str, "Cost | None"]


def operations(account: Saving) -> list[Row]:
    """The formulas and the plans, with the sums of several."""
    rows = rows_of(account.formulas)
    if len(rows) > 1:
        rows.append(("both, as written from left to right", total(account.formulas)))
    alone = account.plans[:-1]
    rows += rows_of(alone)
    if alone:
        rows.append(("both, planned alone", total(alone)))
    return rows + rows_of(account.plans[-1:])


def rows_of(entries: Sequence[Entry]) -> list[Row]:
    """What is computed, and its operations."""
    return [(entry.what, entry.operations) for entry in entries]


def total(entries: Sequence[Entry]) -> Cost | None:
    """The operations of all entries; None where those of one are not known."""
    from ..compiler.kernel.routines import Cost
    from ..compiler.tensor.dims import Dim

    whole = Dim.of(0)
    for entry in entries:
        if entry.operations is None:
            return None
        whole = whole + entry.operations.thirds
    return Cost(whole)


def saved(account: Saving) -> Iterator[Line]:
    """How many times fewer operations the plan has than the formulas."""
    written, planned = total(account.formulas), account.plans[-1].operations
    if written is None or planned is None:
        return
    ratio = float(written.evaluate(**account.sizes)) / max(float(planned.evaluate(**account.sizes)), 1.0)
    if ratio > 1.005:
        yield [("rule", f"  The plan has {ratio:.3g} times fewer operations than the formulas as written.")]


def table(rows: Sequence[Row], sizes: Mapping[str, int], margin: str = "  ") -> Iterator[Line]:
    """Rows of a name, a number and a polynomial."""
    width = max(len(what) for what, _ in rows)
    numbers = [number_text(cost, sizes) for _, cost in rows]
    digits = max(map(len, numbers))
    for (what, cost), number in zip(rows, numbers, strict=True):
        if cost is None:
            yield [
                ("text", f"{margin}{what:<{width}}  "),
                ("reference", "not counted: in index notation, or iterative"),
            ]
        else:
            yield [("text", f"{margin}{what:<{width}}  "), ("name", number.rjust(digits)), ("reference", f"  {cost}")]


def number_text(cost: Cost | None, sizes: Mapping[str, int]) -> str:
    """A number of operations."""
    return "" if cost is None else f"{round(cost.evaluate(**sizes)):,}"


def shared_lines(shared: Shared, sizes: Mapping[str, int]) -> Iterator[Line]:
    """A shared step with its operations."""
    count = f"   {number_text(shared.operations, sizes)}"
    for position, line in enumerate(shared.lines):
        yield [("value", f"  {line}"), ("name", count if position == len(shared.lines) - 1 else "")]


def bytes_text(number: int) -> str:
    """A number of bytes with a unit."""
    size = float(number)
    for unit in ("bytes", "KB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"
