"""Writes the results into docs/benchmarks.md: `python -m benchmarks.document`.

Enters: the files in results/.  Leaves: the document, where what stands between `<!-- NAME -->` and `<!-- end -->` is
now the tables of results/NAME.json; and results/objectives.md, with all times.  Always holds: numbers get into the
document in no other way.  Not for: measuring.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import awareness, growth, ratios, report, threads

DOCUMENT = Path(__file__).parents[1] / "docs" / "benchmarks.md"
BLOCK = re.compile(r"(<!-- (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def main() -> None:
    """Replaces every block."""
    text = DOCUMENT.read_text(encoding="utf-8")
    DOCUMENT.write_text(BLOCK.sub(lambda found: found[1] + section(found[2]) + found[3], text), encoding="utf-8")


def section(name: str) -> str:
    """The tables of one results file, and where its numbers are from; where nothing was measured, a line says so."""
    if not report.exists(name):
        return f"\nNot measured yet: `python -m benchmarks.{name}`.\n\n"
    results = report.load(name)
    text = SECTIONS[name](results) if name in SECTIONS else _table(name, results)
    used = "all were" if name == "threads" else "one was"
    return f"\n{text}\n{_origin(results['machine'], results['rows'], used)}\n"


def _origin(machine: dict[str, Any], rows: list[dict[str, Any]], used: str) -> str:
    loads = [row["load"] for row in rows if "load" in row] or [machine["load"]]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    blas = f"OpenBLAS's kernels: {machine['blas']}; " if machine.get("blas") else ""
    return (
        f"{machine['date']}; {machine['cpu']}; {machine['cores']} cores, of which {used} used; {machine['system']}, "
        f"Python {machine['python']}; {blas}{versions}. Average load of the machine, with what others ran on it: "
        f"{min(loads):.1f} to {max(loads):.1f}.\n"
    )


def _objectives(results: dict[str, Any]) -> str:
    rows = results["rows"]

    def listed(lines: list[str]) -> str:
        return "".join(f"- {line}\n" for line in lines)

    (report.RESULTS / "objectives.md").write_text(
        f"# All times, µs\n\n{report.markdown(*ratios.table(rows))}\n{listed(ratios.left_out(rows))}", encoding="utf-8"
    )
    return (
        f"{listed(ratios.summary(rows))}\n![ratios](../benchmarks/results/objectives.svg)\n\n"
        f"{report.markdown(*ratios.short_table(rows))}\n"
        "The times of all contenders, and who did not compete where, and why: "
        "[objectives.md](../benchmarks/results/objectives.md).\n"
    )


def _awareness(results: dict[str, Any]) -> str:
    rows = results["rows"]
    lines = "".join(f"- {line}\n" for line in awareness.summary(rows))
    return f"{report.markdown(*awareness.table(rows))}\n{lines}"


def _growth(results: dict[str, Any]) -> str:
    rows = results["rows"]
    return (
        f"{report.markdown(*growth.calls_table(rows))}\n{report.markdown(*growth.compile_table(rows))}\n"
        "![growth](../benchmarks/results/growth.svg)\n"
    )


def _threads(results: dict[str, Any]) -> str:
    memory = report.markdown(*threads.memory_table(results["memory"]))
    return f"{report.markdown(*threads.table(results['rows']))}\nMemory after many calls:\n\n{memory}"


def _table(name: str, results: dict[str, Any]) -> str:
    """What every benchmark has: `table`."""
    return report.markdown(*importlib.import_module(f".{name}", __package__).table(results["rows"]))


SECTIONS: dict[str, Callable[[dict[str, Any]], str]] = {
    "objectives": _objectives,
    "awareness": _awareness,
    "growth": _growth,
    "threads": _threads,
}


if __name__ == "__main__":
    main()
