"""The reference of rules: each line of the rule files, and what proves it.

Enters: the rule files, and the checkers of the tests.  Leaves: the page.  Always holds: the checks that the page tells
of have just been run, with the code of the tests; a line that fails ends the build.  Not for: what a rule is
(CONTRIBUTING.md).
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from matgrad.compiler.calculus.rulebook import Key, Rulebook, read, rulebook
from matgrad.grammar import syntax
from matgrad.grammar.parse import parse_rule_file
from tests.rules.checker import DRAWS, check_law, check_rule, equal_values, instance, side
from tests.rules.definitions import TRUTHS, check_definition
from tests.rules.differentials import KINKS, check_differential_line
from tests.rules.mutation import mutants

from .markdown import code, table

ROOT = Path(__file__).resolve().parents[2]
FILES = {
    "compiler/rules/elementwise.rules": "Differentials of elementwise functions",
    "compiler/rules/matrix.rules": "Differentials of reductions and matrix functions, and abbreviations",
    "compiler/rules/simplify.rules": "Rewriting",
    "compiler/rules/laws.rules": "Laws",
    "compiler/plan/identities.rules": "Identities of the planner",
}
INTRODUCTION = """\
# Rules

All that matgrad knows of calculus and algebra beyond products and sums is the {lines} lines of text below. `d` lines
are differentials, from which forward and reverse mode are both derived; `rule` lines rewrite the left side into the
right one; `law` lines state that both sides are one object in the compiler; `def` lines are abbreviations. How to add
one is in [Contributing](contributing.md#adding-a-rule).

The last two columns are the proof:

- *Compared* is with how much of an independent truth the line agreed when this page was made, by the code of the
  tests. Of a rule, both sides on random instances: arrays of different sizes, distinct primes where the rule allows;
  singular and other special matrices come on top. Of a differential, the entries of directional derivatives at random
  points with finite differences, and the stated values at kinks and ties. A law needs no numbers: that both sides are
  one object holds for all. An abbreviation is compared with NumPy, or with the differentials that use it. The tests are
  in `tests/rules/test_rules.py`: `test_rule[NAME]`, `test_law[NAME]`, `test_differential[NAME-...]`; `python3 dev.py
  test tests/rules -k NAME` runs that of a line. Those of the planner's lines are in `tests/plan/test_plan_choices.py`.
- *Corruptions* is how many small corruptions of the line the tests try (of the right side: a sign, a factor, a
  transpose, an operator, the order of factors, another function; a condition left out), {tried} in all. The same check
  refuses each of them that changes the meaning: `python3 dev.py test tests/rules/test_mutation.py`.
"""
REFERENCES = """\
## References

- Matrix Cookbook: K. B. Petersen and M. S. Pedersen, *The Matrix Cookbook*, version of November 15, 2012; by equation.
- J. R. Magnus and H. Neudecker, *Matrix Differential Calculus with Applications in Statistics and Econometrics*, 3rd
  edition, 2019.
- M. B. Giles, *An extended collection of matrix derivative results for forward and reverse mode algorithmic
  differentiation*, Oxford University Computing Laboratory, NA-08/01, 2008.
- N. J. Higham, *Functions of Matrices*, 2008.
- *NIST Digital Library of Mathematical Functions* (DLMF).
"""


def page(_pictures: Path) -> str:
    """The page; it has no pictures."""
    tried = corruptions()
    sections, lines = [], 0
    linked: set[str] = set()
    for name, title in FILES.items():
        rows = list(file_rows(name, tried))
        lines += len(rows)
        for row in rows:
            label = row[0]
            row[0] = f"**{label}**" if label in linked else f'<span id="{anchor(label)}"></span>**{label}**'
            linked.add(label)
        filled = [k for k in range(len(COLUMNS)) if any(row[k] for row in rows)]
        shown = table([COLUMNS[k] for k in filled], [[row[k] for k in filled] for row in rows])
        sections.append(f"## {title}\n\n{code(name)}\n\n{shown}")
    introduction = INTRODUCTION.format(lines=lines, tried=tried.total())
    return "\n".join([introduction, *sections, REFERENCES])


def anchor(label: str) -> str:
    """What the row of a rule is linked by."""
    return f"rule-{label.replace(' ', '-')}"


COLUMNS = ("name", "line", "source", "compared>", "corruptions>")


def file_rows(name: str, tried: Counter[str]) -> list[list[str]]:
    """A row for each line of a file."""
    source, rules = parse_rule_file(ROOT / name)
    book = Rulebook()
    read(source, rules, book)
    rows = []
    for key, template in book.differentials.items():
        mutant = "d " + "-".join(map(str, key)).rstrip("-")
        shares = count(tried[mutant])
        rows.append([f"d {key[0]}", line(template.text), template.reference, compared(key), shares])
    for key, template in book.definitions.items():
        mutant = "def " + "-".join(map(str, key)).rstrip("-")
        rows.append([key[0], line(template.text), template.reference, defined(key), count(tried[mutant])])
    for label in [*book.rules, *book.laws]:
        proof = proved(book, label)
        shares = count(tried[label])
        rows.append([label, line(book.texts[label]), book.references[label], proof, shares])
    assert len(rows) == len(rules.lines), name
    return rows


def line(text: str) -> str:
    """A line of a rule file without the name of the rule."""
    return code(re.sub(r"\s+", " ", re.sub(r"^(rule|law)\s+[\w -]+?\s*:\s*", "", text)))


def defined(key: Key) -> str:
    """Checks an abbreviation with NumPy, or names the differentials that use it, which are checked."""
    if key[0] in TRUTHS:
        check_definition(key)
        return "with NumPy"
    users = [f"d {other[0]}" for other, used in rulebook().differentials.items() if f"{key[0]}(" in used.text]
    return f"with {', '.join(dict.fromkeys(users))}"


def compared(key: Key) -> str:
    """Checks a differential; on how many random numbers, and at how many kinks."""
    count, kinks = check_differential_line(key), len(KINKS.get(key, ()))
    if key[0] in ("max", "min") and (key[1] == 1 or key[2]):
        kinks += 2  # two arrays with ties
    return f"{count} numbers" + (f", {kinks} kink{'s' if kinks > 1 else ''}" if kinks else "")


def proved(book: Rulebook, label: str) -> str:
    """Checks a rule or law; on how many instances."""
    if label in book.laws:
        check_law(book.laws[label])
        return "one object"
    rule = book.rules[label]
    count = check_rule(rule) if label in rulebook().rules else check_identity(rule)
    return f"{count} instances"


def check_identity(rule: syntax.Rule) -> int:
    """Checks a line of the planner, which need not fire by itself; on how many instances."""
    bound, sizes = instance(rule, ())
    assert equal_values(side(rule.left, bound), side(rule.right, bound), bound, sizes), rule.name
    return int(DRAWS)


def corruptions() -> Counter[str]:
    """How many corruptions of each line the tests try."""
    return Counter(mutant.line.partition(" without ")[0] for mutant in mutants())  # without a condition


def count(number: int) -> str:
    """A number; nothing for 0."""
    return str(number or "")
