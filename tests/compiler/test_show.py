"""MATGRAD_SHOW prints what each step made of a program."""

from __future__ import annotations

import numpy as np
import pytest

import matgrad as mg


@pytest.mark.parametrize(
    ("step", "texts"),
    [
        ("passes", ["elaborated\nlog(det(X))", "simplified\nlogdet(X)", "grad, simplified\ninv(X)'"]),
        ("rules", ["--- stable-logdet\n    log(det(X))\n    => logdet(X)"]),
        ("plan", ["inputs  X(m, m)", "= lu(X"]),
        ("kernel", ["def kernel(table):"]),
    ],
)
def test_steps_are_shown(step, texts, monkeypatch, capsys):
    monkeypatch.setenv("MATGRAD_SHOW", step)
    mg.function("log(det(X))").grad("X")(np.eye(2))
    shown = capsys.readouterr().err
    for text in texts:
        assert text in shown


def test_nothing_is_shown_without_it(monkeypatch, capsys):
    monkeypatch.delenv("MATGRAD_SHOW", raising=False)
    mg.function("log(det(X))").grad("X")(np.eye(2))
    assert capsys.readouterr().err == ""
