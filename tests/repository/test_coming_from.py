"""The tables of the pages for people who come from elsewhere: what stands side by side means the same.

The data are those of the page's own session.  JAX's column needs JAX: `python -m benchmarks.coming_from_jax` runs it.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import matgrad as mg
from benchmarks.coming_from_jax import difference, row_values, table_rows

from .source_tree import ROOT


def rows(page: str) -> list[tuple[str, list[str]]]:
    """The rows of the tables of a page, each with the titles of its table."""
    return table_rows((ROOT / "docs" / page).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    """The names that the sessions of the pages define."""
    found: dict[str, Any] = {}
    for page in ("from_matlab.md", "from_jax.md"):
        text = (ROOT / "docs" / page).read_text(encoding="utf-8")
        for line in re.findall(r"^(?:>>>|\.\.\.) ?(.*(?:\n\.\.\. .*)*)", text, re.MULTILINE):
            source = re.sub(r"^\.\.\. ", "", line, flags=re.MULTILINE)
            if re.match(r"(import|[\w, ]+ = )", source):
                exec(source, found)
    return found


@pytest.mark.parametrize(("titles", "cells"), rows("from_matlab.md"), ids=str)
def test_numpy_gives_the_same(titles: str, cells: list[str], data: dict[str, Any]) -> None:
    _, ours, numpy = cells
    assert difference(row_values(ours, data), eval(numpy, data)) < 1e-9


@pytest.mark.parametrize(("titles", "cells"), rows("from_jax.md"), ids=str)
def test_the_column_beside_jax_runs(titles: str, cells: list[str], data: dict[str, Any]) -> None:
    value = eval(cells[1], data) if "Python" in titles else row_values(cells[1], data)
    assert all(np.all(np.isfinite(part)) for part in (value if isinstance(value, tuple) else (value,)) if np.ndim(part))


@pytest.mark.parametrize(("titles", "cells"), rows("from_matrixcalculus.md"), ids=str)
def test_derivative_is_the_one_shown(titles: str, cells: list[str]) -> None:
    _, ours, name, shown = cells
    function = mg.function(ours)
    scalar = not function.definition().results[0].order
    text = (function.grad(name) if scalar else function.jac(name)).text()
    text = re.sub(r"^fn \w+\(.*?\) = (?=\S)", "", text)
    assert re.sub(r"^\{\s+(J\[.*?\]): .*? = (.*)\s+J\s+\}$", r"\1 = \2", text) == shown
