"""Names for parts of a function, so that no line of a derivation is long.

Enters: a function, and the names that parts of it have in its text.  Leaves: symbols for these and for further parts.
Always holds: a name means nothing else.  Not for: the names that the printer binds within one expression.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..printing.printer import Printer
from ..printing.products import better_sign
from ..tensor.contraction import symmetric
from ..tensor.expr import Atom, Expr, Map, Structure, Sum, Symbol, symbol, topological

LONG = 120  # a part of the function whose text is about longer than this gets a name,
REPEATED = 12  # and one that is longer than this where several matrix functions are of it,
MIDDLE = 45  # or where it is an exponential or a softmax, of which its differential is made
LETTERS = ("a", "u", "U", "T")  # of such names, by order


def named_parts(function: Expr, given: Mapping[Expr, str], taken: frozenset[str]) -> dict[Expr, Symbol]:
    """The symbols for the parts of a function that have names, and for those whose texts are long."""
    names = long_parts(function, given, taken)
    return {e: symbol(n, e.shape, ("symmetric",) if symmetric(e) else (), "name") for e, n in names.items()}


def uses_of_functions(function: Expr) -> dict[Expr, int]:
    """How often matrix functions of an expression stand in the function."""
    uses: dict[Expr, int] = {}
    for current in topological(function):
        for operand in current.operands:
            if isinstance(operand, Atom):
                argument = operand.arguments[0]
                uses[argument] = uses.get(argument, 0) + 1
    return uses


def long_parts(function: Expr, names: Mapping[Expr, str], taken: frozenset[str]) -> dict[Expr, str]:
    """Names for the parts of a function whose texts are long, given those that have names already."""
    found = dict(names)
    uses = uses_of_functions(function)
    numbers = dict.fromkeys(LETTERS, 0)
    length: dict[Expr, int] = {}
    for current in topological(function):
        if isinstance(current, Symbol | Structure):
            length[current] = len(current.name) if isinstance(current, Symbol) else 6
            continue
        length[current] = 3 + sum(length[o] + 3 for o in current.operands)
        limit = REPEATED if uses.get(current, 0) > 1 else LONG
        if isinstance(current, Map) and current.function == "exp":
            limit = min(limit, MIDDLE)
        if current not in found and length[current] > limit and current is not function:
            letter = LETTERS[min(current.order, 3)]
            while True:
                numbers[letter] += 1
                name = f"{letter}{numbers[letter]}"
                if name not in taken:
                    break
            found[oriented(current, taken)] = name
            length[current] = len(name)
        if current in found:
            length[current] = len(found[current])
    return found


def oriented(expression: Expr, taken: frozenset[str]) -> Expr:
    """The expression or its negative, the one that reads better."""
    if not isinstance(expression, Sum):
        return expression
    return better_sign(Printer([expression], frozenset(), taken, False), expression)
