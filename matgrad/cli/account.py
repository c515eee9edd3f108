"""What a plan saves, as lines for the terminal.

Enters: a `Saving`.  Leaves: lines of (style, text) pieces.  Not for: counting (`runtime/saving.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..compiler.explain.layout import Line
    from ..compiler.kernel.cost import Cost
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
    yield []
    yield from forms(account)
    yield []
    yield from program(account)
    cells = account.memory.evaluate(sizes)
    yield []
    yield [("title", "Temporaries"), ("text", f": {account.memory} numbers, {bytes_text(8 * cells)}")]


def forms(account: Saving) -> Iterator[Line]:
    """The forms that the planner tried and took."""
    searched = account.searched
    used = searched.budget - searched.left
    yield [
        ("title", "Forms"),
        ("text", f": {counted(searched.judged, 'other form')} of the program planned and priced"),
    ]
    if not searched.left:
        yield [("fold", f"  The planner's budget ({searched.budget} units) was used up: there may be better forms.")]
    elif searched.judged:
        yield [
            (
                "reference",
                f"  {used} of {searched.budget} units of the planner's budget were used; no other form costs less",
            )
        ]
    for taken in searched.taken:
        for old, new in taken.what:
            told = f"{old} => {new}" if old != new else f"{old} as a congruence"
            yield [("rule", f"  {told}")]
        yield from table([("before", taken.before), ("after", taken.after)], account.sizes, "    ")


def counted(number: int, what: str) -> str:
    """`1 other form`, `3 other forms`, `no other form`."""
    return f"{number or 'no'} {what}{'s' if number > 1 else ''}"


def program(account: Saving) -> Iterator[Line]:
    """The steps, with their operations, their part of all, and the results that need them."""
    from ..compiler.explain.graphs import listed

    sizes, labels = account.sizes, account.labels
    shared = sum(s.operations.evaluate(**sizes) for s in account.shared)
    yield [("title", "Program"), ("text", f": {', '.join(f'out{k} is {label}' for k, label in enumerate(labels))}")]
    steps = listed(account.program)
    heads = str(account.program).splitlines()[: sum(map(bool, program_buffers(account)))]
    width = min(max(len(line) for step, _, _ in steps for line in step), MOST_WIDTH)
    total = sum(t.evaluate(sizes) for _, t, _ in steps if t is not None) or 1
    yield from ([("reference", f"  {line}")] for line in heads)
    for step, thirds, results in steps:
        for position, line in enumerate(step):
            last = position == len(step) - 1
            pieces: Line = [("value", f"  {line.ljust(width)}" if last and thirds is not None else f"  {line}")]
            if last and thirds is not None and results:
                part = 100 * thirds.evaluate(sizes) / total
                pieces.append(("name", f"  {round(thirds.evaluate(sizes) / 3):>15,}"))
                pieces.append(("reference", f" {part:5.1f}%" if part >= 0.05 else " " * 7))
                owner = "shared" if len(results) > 1 else labels[min(results)]
                pieces.append(("rule" if len(results) > 1 else "text", f"  {owner}" if len(labels) > 1 else ""))
            yield pieces
    if shared and len(labels) > 1:
        yield [("rule", f"  {round(shared):,} operations are done once for several results.")]


def program_buffers(account: Saving) -> tuple[Sequence[object], ...]:
    """The kinds of buffers, which the first lines of a program list."""
    made = account.program
    return made.inputs, made.outputs, made.work


MOST_WIDTH = 64  # of a step beside which its operations stand in a column
Row = tuple[str, "Cost | None"]


def operations(account: Saving) -> list[Row]:
    """The formulas and the plans, with the sums of several."""
    rows = rows_of(account.formulas)
    if len(rows) > 1:
        rows.append(("both, as written from left to right", total([e.operations for e in account.formulas])))
    alone = account.plans[:-1]
    rows += rows_of(alone)
    if alone:
        rows.append(("both, planned alone", total([e.operations for e in alone])))
    return rows + rows_of(account.plans[-1:])


def rows_of(entries: Sequence[Entry]) -> list[Row]:
    """What is computed, and its operations."""
    return [(entry.what, entry.operations) for entry in entries]


def total(operations: Sequence[Cost | None]) -> Cost | None:
    """The sum; None where a part is not known."""
    from ..compiler.kernel.cost import Cost
    from ..compiler.tensor.dims import Dim

    whole = Dim.of(0)
    for one in operations:
        if one is None:
            return None
        whole = whole + one.thirds
    return Cost(whole)


def saved(account: Saving) -> Iterator[Line]:
    """How many times fewer operations the plan has than the formulas."""
    written, planned = total([e.operations for e in account.formulas]), account.plans[-1].operations
    if written is None or planned is None:
        return
    ratio = float(written.evaluate(**account.sizes)) / max(float(planned.evaluate(**account.sizes)), 1.0)
    if ratio > 1.005:
        text = f"{ratio:.3g}" if ratio < 1000 else f"{float(f'{ratio:.3g}'):,.0f}"
        yield [("rule", f"  The plan has {text} times fewer operations than the formulas as written.")]


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


def bytes_text(number: int) -> str:
    """A number of bytes with a unit."""
    size = float(number)
    for unit in ("bytes", "KB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"
