"""From a syntax tree to MathML, which browsers show without scripts.

Enters: syntax nodes, also those that only derivations have.  Leaves: the inside of a `math` element.  Always holds: the
brackets of the text, where fractions, roots and superscripts do not make them unnecessary; names are escaped.
Not for: choosing what to write.
"""

from __future__ import annotations

import html

from ...grammar import syntax
from ...grammar.syntax import Node
from ..printing.latex import SUPERSCRIPTED
from ..printing.unparse import ATOM, POSTFIX, PRODUCT, UNARY, fold, level, unparse

LETTERS = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu"),
    *("xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega", "Gamma", "Delta", "Theta"),
    *("Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega", "lam", "inf", "eps"),
)
GREEK = dict(zip(LETTERS, "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩλ∞ε", strict=True))
MINUS, TIMES, TRANSPOSED = "&#8722;", "&#215;", "&#8868;"
NAMES = {"sigmoid": GREEK["sigma"], "asin": "arcsin", "acos": "arccos", "atan": "arctan", "lgamma": "log Γ",
         "digamma": "ψ", "normcdf": "Φ", "normpdf": "φ", "logdet": "log det"}  # fmt: skip
FENCES = {
    **{norm: ("‖", "‖", index) for norm, index in {"norm2": "2", "norm1": "1", "norminf": "∞"}.items()},
    "normfro": ("‖", "‖", "F"), "normnuc": ("‖", "‖", "*"),
    "abs": ("|", "|", ""), "floor": ("⌊", "⌋", ""), "ceil": ("⌈", "⌉", ""),
}  # fmt: skip
INVERSE = f"<mo>{MINUS}</mo><mn>1</mn>"
SPACE = '<mspace width="0.17em"/>'
SIGNS = {"<": "&lt;", "<=": "≤", ">": "&gt;", ">=": "≥", "==": "=", "!=": "≠",
         "+": "+", "-": MINUS, ".*": "⊙", "./": "⊘", ":": ":", "*": "&#8290;"}  # fmt: skip


def mathml(root: Node) -> str:
    """The MathML of a node, to stand in a `math` or `mrow` element."""
    return fold(root, _mathml)


def name(identifier: str) -> str:
    """A name: a Greek letter, a letter, or a word; a number at its end or what follows `_` is a subscript."""
    head, _, tail = identifier.partition("_")
    digits = head[len(head.rstrip("0123456789")) :]
    if digits and not tail and len(digits) < len(head):
        head, tail = head[: -len(digits)], digits
    letter = f"<mi>{GREEK.get(head) or html.escape(head)}</mi>"
    return f"<msub>{letter}{_word(tail)}</msub>" if tail else letter


def _word(text: str) -> str:
    return f"<mn>{text}</mn>" if text.isdigit() else f"<mi>{html.escape(text)}</mi>"


def _sign(text: str) -> str:
    return f"<mo>{text}</mo>"


def row(*parts: str) -> str:
    """The parts as one."""
    return f"<mrow>{''.join(parts)}</mrow>"


def fenced(text: str, wanted: bool = True, ends: tuple[str, str] = ("(", ")")) -> str:
    """The text in brackets, where wanted."""
    if not wanted:
        return row(text)
    # Browsers leave a gap beside brackets that may stretch.
    sign = "<mo>" if "<mfrac>" in text or "<mtable>" in text else '<mo stretchy="false">'
    return row(f"{sign}{ends[0]}</mo>", text, f"{sign}{ends[1]}</mo>")


def commas(parts: list[str]) -> str:
    """The parts with commas between them."""
    return "<mo>,</mo>".join(parts)


def _mathml(node: Node, below: list[str]) -> str:
    match node:
        case syntax.Number():
            return f"<mn>{node.text}</mn>"
        case syntax.Name():
            return name(node.id)
        case syntax.Call():
            return _call(node, below)
        case syntax.Negate():
            return _sign(MINUS) + fenced(below[0], level(node.operand) < UNARY or _is_kronecker(node.operand))
        case syntax.Transpose():
            return _raised(node.operand, below[0], _sign(TRANSPOSED))
        case syntax.Chain():
            return _chain(node, below)
        case syntax.Slice():
            ends = iter(below)
            return _sign(":").join("" if end is None else next(ends) for end in (node.start, node.stop))
        case syntax.Index():
            operand = fenced(below[0], not isinstance(node.operand, syntax.Name))
            return f"<msub>{operand}{row(commas(below[1:]))}</msub>"
        case syntax.Block():
            entries = iter(below)
            return fenced(_table([[next(entries) for _ in line] for line in node.rows]), True, ("[", "]"))
        case syntax.Tuple():
            return fenced(commas(below))
        case syntax.Binding():
            left = name(node.name)
            indices = commas([name(i) for i in node.indices or ()])
            return (f"<msub>{left}{row(indices)}</msub>" if node.indices else left) + _sign("=") + below[0]
    raise TypeError(type(node).__name__)


def _table(rows: list[list[str]]) -> str:
    cells = ("".join(f"<mtd>{cell}</mtd>" for cell in line) for line in rows)
    return "<mtable>" + "".join(f"<mtr>{line}</mtr>" for line in cells) + "</mtable>"


def lines(node: Node, width: int) -> list[str]:
    """The MathML of a node in lines: a sum whose text is longer than this is broken at its terms."""
    if not isinstance(node, syntax.Chain) or node.operators[0] not in "+-" or len(unparse(node)) <= width:
        return [mathml(node)]
    found, used = [""], 0
    for sign, operand in zip(("", *node.operators), node.operands, strict=True):
        length = len(unparse(operand)) + 3
        if used and used + length > width:
            found.append("")
            used = 0
        used += length
        bracketed = isinstance(operand, syntax.Negate) or level(operand) <= level(node)
        found[-1] += (_sign(SIGNS[sign]) if sign else "") + fenced(mathml(operand), bracketed and bool(sign))
    return found


def _raised(base: Node, text: str, exponent: str) -> str:
    """`base^exponent`; the transpose of an inverse has one exponent."""
    if isinstance(base, syntax.Call) and base.name == "inv" and exponent == _sign(TRANSPOSED):
        return text.removesuffix(f"{row(INVERSE)}</msup>") + row(_sign(MINUS), exponent) + "</msup>"
    plain = level(base) == ATOM and not (isinstance(base, syntax.Call) and base.name in SUPERSCRIPTED)
    plain = plain or (isinstance(base, syntax.Index) and isinstance(base.operand, syntax.Name))
    return f"<msup>{fenced(text, not plain)}{row(exponent)}</msup>"


def _call(node: syntax.Call, below: list[str]) -> str:
    first = below[0] if below else ""
    match node.name, len(below):
        case "d", 1:
            plain = isinstance(node.arguments[0], syntax.Name | syntax.Tuple)
            return row('<mi mathvariant="normal">d</mi>', fenced(first, not plain))
        case "inner", 2:
            return fenced(commas(below), True, ("⟨", "⟩"))
        case "grad", 2:
            return row(f"<msub>{_sign('∇')}{row(below[1])}</msub>", first)
        case ("hess", 2) | ("hvp", 3):
            return row(f"<msubsup>{_sign('∇')}{row(below[1])}<mn>2</mn></msubsup>", *below[:1], *below[2:])
        case "jac", 2:
            return f"<mfrac>{row(_sign('∂'), first)}{row(_sign('∂'), below[1])}</mfrac>"
        case (("jvp" | "vjp"), 3):
            at = fenced(below[1])
            at = f"<msup>{at}<mo>*</mo></msup>" if node.name == "vjp" else at
            return row('<mi mathvariant="normal">D</mi>', first, at, fenced(below[2], True, ("[", "]")))
        case "sqrt", 1:
            return f"<msqrt>{first}</msqrt>"
        case "inv", 1:
            return _raised(node.arguments[0], first, INVERSE)
        case "transpose", 1:
            return _raised(node.arguments[0], first, _sign(TRANSPOSED))
        case "eye", 1:
            return f"<msub><mi>I</mi>{row(first)}</msub>"
        case (("ones" | "zeros"), _):
            digit = f'<mn mathvariant="bold">{1 if node.name == "ones" else 0}</mn>'
            return f"<msub>{digit}{row(_sign(TIMES).join(below))}</msub>"
        case (("delta" | "epsilon"), _):
            return f"<msub><mi>{'δ' if node.name == 'delta' else 'ε'}</mi>{row(commas(below))}</msub>"
        case "where", 3:
            cases = _table([[below[1], first], [below[2], "<mtext>otherwise</mtext>"]])
            return row(_sign("{"), cases)
        case "kron", 2:
            left, right = (fenced(t, level(a) < UNARY) for t, a in zip(below, node.arguments, strict=True))
            return row(left, _sign("⊗"), right)
        case (("trigamma" | "polygamma"), _):
            order, argument = ("<mn>1</mn>", first) if len(below) == 1 else (first, below[1])
            return row(f"<msup><mi>ψ</mi>{fenced(order)}</msup>", fenced(argument))
    if node.name in FENCES and len(below) == 1:
        start, stop, index = FENCES[node.name]
        whole = fenced(first, True, (start, stop))
        return f"<msub>{whole}{_word(index)}</msub>" if index else whole
    return row(f"<mi>{NAMES.get(node.name, node.name)}</mi><mo>&#8289;</mo>", fenced(commas(below)))


def _chain(node: syntax.Chain, below: list[str]) -> str:
    operator = node.operators[0]
    if operator in ("^", ".^"):
        power = below[1] if operator == "^" else _sign("∘") + below[1]
        return _raised(node.operands[0], below[0], power)
    if level(node) != PRODUCT:
        text = below[0]
        for sign, operand, part in zip(node.operators, node.operands[1:], below[1:], strict=True):
            text += _sign(SIGNS[sign]) + fenced(
                part, isinstance(operand, syntax.Negate) or level(operand) <= level(node)
            )
        return text
    text, last = fenced(below[0], _is_product(node.operands[0])), node.operands[0]
    for position, sign in enumerate(node.operators, 1):
        operand, part = node.operands[position], below[position]
        bracketed = isinstance(operand, syntax.Negate) or _is_product(operand)
        match sign:
            case "/" if _is_matrix(operand):
                text += _raised(operand, part, INVERSE)
            case "/":
                whole = below[0] if position == 1 and level(last) == PRODUCT else text
                text = f"<mfrac>{row(whole)}{row(part)}</mfrac>"
            case "\\":
                base = last if position == 1 else node
                text = _raised(base, below[0] if position == 1 else text, INVERSE) + fenced(part, bracketed)
            case "*" if _is_differential(operand) or _is_differential(last):
                text += SPACE + fenced(part, bracketed)
            case _:
                text += _sign(SIGNS[sign]) + fenced(part, bracketed)
        last = operand
    return text


def _is_product(node: Node) -> bool:
    """Whether a node needs brackets as a factor."""
    return level(node) <= PRODUCT or _is_kronecker(node)


def _is_kronecker(node: Node) -> bool:
    """Whether a node is written with a sign, though it is a call."""
    return isinstance(node, syntax.Call) and node.name == "kron"


def _is_differential(node: Node) -> bool:
    """Whether a node is dX or its transpose, which stands apart from other factors."""
    inner = node.operand if isinstance(node, syntax.Transpose) else node
    return isinstance(inner, syntax.Call) and inner.name == "d"


def _is_matrix(divisor: Node) -> bool:
    """Whether a divisor is written as a matrix: its inverse then."""
    matrix = isinstance(divisor, syntax.Call) and divisor.name in ("diag", "eye")
    return matrix or (level(divisor) == POSTFIX and isinstance(divisor, syntax.Transpose))
