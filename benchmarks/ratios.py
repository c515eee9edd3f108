"""What the times of the cells mean: ratios, tables, the summary and the plot.

Enters: rows of results/objectives.json.  Leaves: text and a picture.  Always holds: a contender whose results differ is
in no ratio.  Not for: measuring.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import report
from .contenders import EXPERTS, PEERS
from .objective import SIZES

Row = dict[str, Any]
BOUNDS = (("best peer", PEERS, 0.95), ("expert", EXPERTS, 0.8))


def best(row: Row, others: Sequence[str]) -> tuple[str, float] | None:
    """The fastest of the others and its time over matgrad's; None where one of them has none."""
    times = {name: timing["best"] for name, timing in row.get("times", {}).items()}
    found = [(times[name], name) for name in others if name in times]
    if not found or "matgrad" not in times:
        return None
    least, name = min(found)
    return name, least / times["matgrad"]


def _time(row: Row) -> float | None:
    timing = row.get("times", {}).get("matgrad")
    return None if timing is None else timing["best"]


def ratio(row: Row, others: Sequence[str]) -> float | None:
    """The least time of the others over matgrad's."""
    found = best(row, others)
    return None if found is None else found[1]


def table(rows: Sequence[Row]) -> tuple[list[str], list[list[str]]]:
    """All times: a line for each cell."""
    shown = [name for name in ("matgrad", *EXPERTS, *PEERS) if any(name in row.get("times", {}) for row in rows)]
    columns = ["objective", "sizes", *shown, "best peer / matgrad", "expert / matgrad"]
    lines = []
    for row in rows:
        if "error" in row:
            lines.append([row["objective"], row["size"], row["error"][:60], *[""] * (len(shown) + 1)])
            continue
        times = [
            "wrong" if name in row["wrong"] else report.microseconds(row["times"].get(name, {}).get("best"))
            for name in shown
        ]
        pair = [ratio(row, PEERS), ratio(row, EXPERTS)]
        lines.append([row["objective"], row["sizes"], *times, *("-" if r is None else f"{r:.2f}" for r in pair)])
    return columns, lines


def short_table(rows: Sequence[Row]) -> tuple[list[str], list[list[str]]]:
    """A line for each objective, and for each size: matgrad's time, the best peer and its ratio, the expert's ratio."""
    columns = ["objective", "of"]
    for size in SIZES:
        columns += [f"{size}: µs", "best peer", "expert"]
    lines = []
    for name in dict.fromkeys(row["objective"] for row in rows):
        cells = {row["size"]: row for row in rows if row["objective"] == name}
        line = [name, next((row["of"] for row in cells.values() if "of" in row), "")]
        for size in SIZES:
            row = cells.get(size, {})
            peer, expert = best(row, PEERS), ratio(row, EXPERTS)
            line += [
                "failed" if "error" in row else report.microseconds(_time(row)),
                "-" if peer is None else f"{report.digits(peer[1])} {peer[0]}",
                "-" if expert is None else report.digits(expert),
            ]
        lines.append(line)
    return columns, lines


def summary(rows: Sequence[Row]) -> list[str]:
    """The geometric means, the worst cells, who was best, and what failed."""
    lines = []
    for title, others, bound in BOUNDS:
        found = {f"{row['objective']} {row['size']}": r for row in rows if (r := ratio(row, others)) is not None}
        if found:
            by_size = [
                f"{size} {report.geometric_mean([r for cell, r in found.items() if cell.endswith(' ' + size)]):.2f}"
                for size in SIZES
            ]
            slow = [f"{cell} ({r:.2f})" for cell, r in sorted(found.items(), key=lambda item: item[1]) if r < bound]
            lines.append(
                f"{title} / matgrad: geometric mean {report.geometric_mean(list(found.values())):.2f} "
                f"({', '.join(by_size)}) over {len(found)} cells; below {bound}: {len(slow)} cells"
                + (f": {', '.join(slow)}" if slow else "")
            )
    winners = [name for row in rows if (pair := best(row, PEERS)) is not None for name in pair[:1]]
    counts = ", ".join(f"{name} {winners.count(name)}" for name in PEERS if name in winners)
    lines.append(f"cells in which a peer is the best of the peers: {counts}")
    for row in rows:
        cell = f"{row['objective']} {row['size']}"
        lines += [f"failed: {cell}: {row['error']}"] if "error" in row else []
        lines += [f"different results: {cell}: {row['wrong']}"] if row.get("wrong") else []
    return lines


def left_out(rows: Sequence[Row]) -> list[str]:
    """Who did not compete where, and why: a line for each reason."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        for name, reason in row.get("skipped", {}).items():
            reasons.setdefault((name, reason), []).append(f"{row['objective']} {row['size']}")
    return [
        f"{name}: {reason} ({len(cells)} cells" + (f": {', '.join(cells)})" if len(cells) < 6 else ")")
        for (name, reason), cells in sorted(reasons.items())
    ]


def plot(rows: Sequence[Row]) -> Any:
    """Draws the ratio of the best peer's and the best expert's time to matgrad's; the path of the file."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = [row for row in rows if ratio(row, EXPERTS) is not None]
    names = list(dict.fromkeys(row["objective"] for row in rows))
    figure, axes = pyplot.subplots(figsize=(9, 0.27 * len(names) + 1.6))
    colours = dict(zip(SIZES, ("#9ecae1", "#4292c6", "#084594"), strict=True))
    for others, marker, label in ((PEERS, "o", "best peer"), (EXPERTS, "|", "expert")):
        for size in SIZES:
            points = [
                (r, names.index(row["objective"])) for row in rows if row["size"] == size and (r := ratio(row, others))
            ]
            if points:
                offset = (SIZES.index(size) - 1) * 0.25
                axes.plot(
                    [x for x, _ in points], [y + offset for _, y in points], marker, color=colours[size],
                    markersize=5, markeredgewidth=1.5, label=f"{label}, {size}", linestyle="none",
                )  # fmt: skip
    axes.axvline(1, color="black", linewidth=1)
    axes.set_xscale("log")
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(axis="x", which="both", alpha=0.25)
    axes.set_xlabel("time relative to matgrad's (to the right of 1: matgrad is faster)")
    axes.legend(fontsize=8, ncols=2)
    figure.tight_layout()
    path = report.RESULTS / "objectives.svg"
    report.RESULTS.mkdir(exist_ok=True)
    figure.savefig(path)
    pyplot.close(figure)
    return path
