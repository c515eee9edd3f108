"""Counts the lines of derivations that are checked: `python -m tests.explain [RANDOM]` (so many random programs)."""

import sys
import warnings

from tests.explain import corpus, test_steps
from tests.explain.checker import NoPoint


def steps() -> list[tuple[str, int, int]]:
    """What `test_steps.py` lists: name, derivations, lines."""
    found = []
    for name, cases in {
        "expressions": [(t, v, "") for t, v in test_steps.LISTED + test_steps.FORMS],
        "functions": [(t, "", "") for t in test_steps.FUNCTIONS],
        "elementwise functions": [(f"sum({n}(A*x))", "x", "") for n in test_steps.ELEMENTWISE.split()],
        "hess, hvp, jvp, vjp": test_steps.OTHERS,
    }.items():
        derivations = lines = 0
        for text, variable, operation in cases:
            function = corpus.mg.function(text)
            variable = variable or next(name for name in function.parameters if name in "Xx")
            try:
                lines += test_steps.checked(function, variable, operation)
                derivations += 1
            except NoPoint:
                continue
        found.append((name, derivations, lines))
    return found


def main(count: int) -> None:
    """Prints the table."""
    warnings.simplefilter("ignore", RuntimeWarning)  # of logarithms of random matrices
    rows = steps()
    groups = {
        "examples": corpus.examples(),
        "gallery": corpus.gallery(),
        "Matrix Cookbook": corpus.cookbook(),
        "random programs": corpus.randoms(count, first=0),
    }
    for name, cases in groups.items():
        derivations, lines, without = corpus.counted(cases)
        rows.append((name + (f" ({len(without)} without a smooth point)" if without else ""), derivations, lines))
    rows.append(("all", sum(d for _, d, _ in rows), sum(n for _, _, n in rows)))
    print(f"{'':<50}{'derivations':>12}{'lines':>10}")
    for name, derivations, lines in rows:
        print(f"{name:<50}{derivations:>12,}{lines:>10,}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
