"""What the functions are that occur in derivatives alone.

Enters: the lines of a derivation.  Leaves: the calls of such functions with what they are.  Always holds: each function
whose name is not reserved (`AUXILIARY`), and that is printed, is told.  Not for: the functions of the language
(docs/language.md).
"""

from __future__ import annotations

from collections.abc import Iterable

from ...grammar import syntax
from .steps import Step

# Of what the differentials of the rule files are made; docs/language.md lists them too.
FRECHET = "the derivative of {0} at A along E"
MEANINGS = {
    "prodothers": ("prodothers(x)", "for each element the product of all others"),
    **{f"d{name}": (f"d{name}(A, E)", FRECHET.format(name)) for name in ("expm", "logm", "sqrtm", "adj")},
    "eigvecs": ("eigvecs(A)", "the eigenvectors as columns, in the order of eigvals"),
    "eigmaxproj": ("eigmaxproj(A)", "the projector on the space of the largest eigenvalue, divided by its dimension"),
    "eigmaxresolvent": ("eigmaxresolvent(A)", "pinv(eigmax(A)*I - A)"),
    "eiggaps": ("eiggaps(v)", "1/(v[j] - v[i]), and 0 on the diagonal"),
    "svdleft": ("svdleft(A)", "the left singular vectors as columns, in the order of svdvals"),
    "svdright": ("svdright(A)", "the right singular vectors as columns, in the order of svdvals"),
    "svdmaxproj": ("svdmaxproj(A)", "u*v' for the largest singular value, or the mean of them"),
    "polar": ("polar(A)", "the sum of u*v' over the singular values that are not 0"),
    "svdsums": ("svdsums(v)", "1/(v[i] + v[j])"),
    "rows": ("rows(A)", "the number of rows"),
    "numel": ("numel(A)", "the number of elements"),
}


def functions_in(steps: Iterable[Step]) -> list[tuple[str, str]]:
    """The calls of the functions in these lines that occur in derivatives alone, and what they are."""
    found = {
        node.name: None
        for step in steps
        for root in (*step.shown.where, step.shown.body)
        for node in syntax.postorder(root)
        if isinstance(node, syntax.Call) and node.name in MEANINGS
    }
    return [MEANINGS[name] for name in found]
