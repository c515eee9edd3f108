"""How the nodes that only derivations have are written: differentials, inner products, derivatives on left sides.

Enters: nodes.  Leaves: their text and LaTeX.  Not for: MathML (`mathml.py`).
"""

from __future__ import annotations

from ...grammar import syntax
from ...grammar.syntax import Node
from ..printing import latex as latex_notation
from ..printing.unparse import unparse


def text(node: Node) -> str:
    """A node as text: `dX`, `d(X*w - y)`, `<G, dX>`."""
    return unparse(node, _text)


def latex(node: Node) -> str:
    """A node in LaTeX for math mode."""
    return latex_notation.render(node, _latex)


def _text(node: Node, below: list[str]) -> str | None:
    if not isinstance(node, syntax.Call):
        return None
    if node.name == "d":
        plain = isinstance(node.arguments[0], syntax.Name | syntax.Tuple)
        return f"d{below[0]}" if plain else f"d({below[0]})"
    return f"<{below[0]}, {below[1]}>" if node.name == "inner" else None


def _latex(node: Node, below: list[str]) -> str | None:
    if not isinstance(node, syntax.Call):
        return None
    match node.name:
        case "d":
            plain = isinstance(node.arguments[0], syntax.Name | syntax.Tuple)
            inner = below[0] if plain else latex_notation.brackets(below[0])
            return rf"\mathrm{{d}}{inner}"
        case "inner":
            return rf"\left\langle {below[0]}, {below[1]} \right\rangle"
        case "grad":
            return rf"\nabla_{{{below[1]}}} {below[0]}"
        case "hess":
            return rf"\nabla^{{2}}_{{{below[1]}}} {below[0]}"
        case "jac":
            return rf"\frac{{\partial {below[0]}}}{{\partial {below[1]}}}"
        case "jvp":
            return rf"\mathrm{{D}}{below[0]}\left({below[1]}\right)\left[{below[2]}\right]"
        case "hvp":
            return rf"\nabla^{{2}}_{{{below[1]}}} {below[0]} \, {below[2]}"
        case "vjp":
            return rf"\mathrm{{D}}{below[0]}\left({below[1]}\right)^{{*}}\left[{below[2]}\right]"
    return None
