"""The page for people who come from JAX, with JAX: `python -m benchmarks.coming_from_jax`.

Enters: docs/from_jax.md.  Leaves: the number of rows whose two columns give equal numbers; status 1 if one does not.
Always holds: JAX runs what stands on the page.  Not for: timing.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import numpy as np

import matgrad as mg

PAGE = Path(__file__).parents[1] / "docs" / "from_jax.md"


def table_rows(text: str) -> list[tuple[str, list[str]]]:
    """The rows of the tables: the titles, and the code of the cells."""
    found = []
    for table in re.findall(r"^\|.*\|\n\|[-|: ]+\|\n(?:\|.*\|\n)+", text, re.MULTILINE):
        titles, _, *lines = table.splitlines()
        found += [(titles, re.findall(r"`([^`]+)`", line)) for line in lines]
    return found


def row_values(text: str, data: dict[str, Any]) -> Any:
    """The value of an expression of the language."""
    function = mg.function(text)
    return function(**{name: data[name] for name in function.parameters})


def difference(a: Any, b: Any) -> float:
    """The largest difference of elements; inf where shapes differ."""
    if isinstance(a, tuple):
        return max(difference(x, y) for x, y in zip(a, b, strict=True))
    one, other = np.asarray(a), np.asarray(b)
    return float(np.max(np.abs(one - other), initial=0)) if one.shape == other.shape else np.inf


def main() -> int:
    """Run the page's blocks and rows."""
    text = PAGE.read_text(encoding="utf-8")
    ours: dict[str, Any] = {}
    for block in re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        source = re.findall(r"^(?:>>>|\.\.\.) ?(.*\n)", block, re.MULTILINE)
        exec("".join(source), ours)
    theirs = {name: value for name, value in ours.items() if isinstance(value, np.ndarray | float)}
    for block in re.findall(r"^```py\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        exec(block, theirs)
    theirs |= {name: theirs["jnp"].asarray(value) for name, value in theirs.items() if isinstance(value, np.ndarray)}
    wrong = 0
    rows = table_rows(text)
    for titles, (jax, matgrad) in rows:
        value = eval(matgrad, ours) if "Python" in titles else row_values(matgrad, ours)
        off = difference(value, eval(jax, theirs))
        wrong += off > 1e-9
        if off > 1e-9:
            print(f"{jax} and {matgrad} differ by {off:.1e}")
    print(f"{len(rows) - wrong} of {len(rows)} rows are equal")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
