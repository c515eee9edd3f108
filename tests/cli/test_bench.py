"""The command bench."""

from __future__ import annotations

import re

import pytest

from matgrad.runtime.verification import timing


@pytest.fixture(autouse=True)
def short_rounds(monkeypatch):
    monkeypatch.setattr(timing, "ROUND_SECONDS", 1e-4)


def test_times_value_and_gradients(ok):
    printed = ok("bench", "examples/ridge.mg", "--size", "m=30", "--size", "n=4")
    rows = [line for line in printed.splitlines() if line.startswith("ridge")]
    assert [re.split(r"  +", row)[1] for row in rows] == [
        "value",
        *(f"value, gradient by {name}" for name in ("X", "y", "w", "lam")),
    ]
    assert all("m=30, n=4" in row and re.search(r"[µn]s +[\d.e+-]+$", row) for row in rows)


def test_one_variable_single_precision_and_what_needs_a_domain(ok):
    assert (
        ok(
            "bench",
            "examples/design.mg",
            "--fn",
            "d_optimal",
            "--wrt",
            "w",
            "--size",
            "m=9",
            "--size",
            "n=4",
            "--float32",
        ).count("d_optimal")
        == 2
    )
    assert ok("bench", "logdet(A)", "--size", "m=5").count("expression") == 2
    assert ok("bench", "A*x", "--size", "m=5").count("expression") == 1
    assert ok("bench", "x[i] + x[0] where i: integer scalar").count("expression") == 2


def test_wrong_use(refused):
    assert refused("bench", "examples/ridge.mg", "--size", "k=3").startswith(
        "there is no size 'k'\n  the sizes are m, n"
    )
    assert refused("bench", "examples/ridge.mg", "--wrt", "W").startswith("there is no parameter 'W'")
    assert refused("bench", "examples/ridge.mg", "--size", "m=-3").startswith("Invalid value for '--size'")
