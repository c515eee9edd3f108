"""From a syntax tree to LaTeX.

Enters: syntax nodes, from the parser or from `printer.py`.  Leaves: LaTeX for math mode, with the macros of amsmath.
Always holds: the same brackets as in the text, where LaTeX's notation does not make them unnecessary (fractions, roots,
superscripts).  Not for: choosing what to write.
"""

from __future__ import annotations

from ...grammar import syntax
from .unparse import ATOM, POSTFIX, PRODUCT, UNARY, Special, fold, level

GREEK = {
    name: "\\" + name
    for name in (
        *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu"),
        *("xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega", "Gamma", "Delta", "Theta"),
        *("Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega"),
    )
} | {"lam": r"\lambda", "inf": r"\infty", "eps": r"\varepsilon"}

# Functions that LaTeX knows by their own names.
KNOWN = {"exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "det", "max", "min"}
NAMES = {"asin": r"\arcsin", "acos": r"\arccos", "atan": r"\arctan", "lgamma": r"\log\Gamma", "digamma": r"\psi",
         "sigmoid": r"\sigma", "normcdf": r"\Phi", "normpdf": r"\varphi", "logdet": r"\log\det"}  # fmt: skip
FENCES = {
    "abs": (r"\left|", r"\right|"),
    "norm2": (r"\left\|", r"\right\|_{2}"),
    "norm1": (r"\left\|", r"\right\|_{1}"),
    "norminf": (r"\left\|", r"\right\|_{\infty}"),
    "normfro": (r"\left\|", r"\right\|_{F}"),
    "normnuc": (r"\left\|", r"\right\|_{*}"),
    "floor": (r"\left\lfloor", r"\right\rfloor"),
    "ceil": (r"\left\lceil", r"\right\rceil"),
}
# Calls that are written with a superscript or a large brace: another superscript needs brackets.
SUPERSCRIPTED = {"inv", "transpose", "where", "kron", "sqrt"}
SIGNS = {"<": "<", "<=": r"\le", ">": ">", ">=": r"\ge", "==": "=", "!=": r"\ne",
         "+": "+", "-": "-", ".*": r"\odot", "./": r"\oslash", ":": ":"}  # fmt: skip


def render(root: syntax.Node, special: Special | None = None) -> str:
    """The LaTeX of a node.  `special` is the LaTeX of nodes that are no part of the language, None for the others."""
    return fold(root, _latex if special is None else lambda node, below: special(node, below) or _latex(node, below))


def name(identifier: str) -> str:
    """A name: a Greek letter, a letter, or a word; a number at its end or what follows `_` is a subscript."""
    head, _, tail = identifier.partition("_")
    digits = head[len(head.rstrip("0123456789")) :]
    if digits and not tail and len(digits) < len(head):
        head, tail = head[: -len(digits)], digits
    text = GREEK.get(head) or (head if len(head) == 1 else rf"\mathrm{{{head}}}")
    if not tail:
        return text
    below = tail.replace("_", r"\_")
    plain = below.isdigit() or len(below) == 1
    return f"{text}_{{{below}}}" if plain else rf"{text}_{{\mathrm{{{below}}}}}"


def brackets(text: str, wanted: bool = True) -> str:
    """The text in brackets of its height, where wanted."""
    return rf"\left({text}\right)" if wanted else text


def _latex(node: syntax.Node, below: list[str]) -> str:
    match node:
        case syntax.Number():
            return _number(node.text)
        case syntax.Name():
            return name(node.id)
        case syntax.Call():
            return _call(node, below)
        case syntax.Negate():
            return "-" + brackets(below[0], level(node.operand) < UNARY or _is_kronecker(node.operand))
        case syntax.Transpose():
            return _raised(node.operand, below[0], r"\top")
        case syntax.Chain():
            return _chain(node, below)
        case syntax.Slice():
            ends = iter(below)
            return ":".join("" if end is None else next(ends) for end in (node.start, node.stop))
        case syntax.Index():
            operand = brackets(below[0], not isinstance(node.operand, syntax.Name))
            return f"{f'{{{operand}}}' if '_' in operand else operand}_{{{','.join(below[1:])}}}"
        case syntax.Block():
            entries = iter(below)
            rows = r" \\ ".join(" & ".join(next(entries) for _ in row) for row in node.rows)
            return rf"\begin{{bmatrix}} {rows} \end{{bmatrix}}"
        case syntax.Tuple():
            return brackets(r",\; ".join(below))
        case syntax.Binding():
            indices = "" if node.indices is None else f"_{{{','.join(name(i) for i in node.indices)}}}"
            left = name(node.name)
            return f"{f'{{{left}}}' if indices and '_' in left else left}{indices} = {below[0]}"
        case syntax.Body():
            if not node.bindings:
                return below[0]
            lines = r" \\ ".join(f"& {line}" for line in below)
            return rf"\begin{{aligned}} {lines} \end{{aligned}}"
    raise TypeError(type(node).__name__)


def _number(text: str) -> str:
    digits, _, exponent = text.lower().partition("e")
    if not exponent:
        return digits
    factor = "" if digits == "1" else rf"{digits} \cdot "
    return f"{factor}10^{{{int(exponent)}}}"


def _raised(base: syntax.Node, text: str, exponent: str) -> str:
    """`base^exponent`; the transpose of an inverse is `X^{-\\top}`."""
    if isinstance(base, syntax.Call) and base.name == "inv" and exponent == r"\top":
        return text.removesuffix("^{-1}") + r"^{-\top}"
    plain = level(base) == ATOM and not (isinstance(base, syntax.Call) and base.name in SUPERSCRIPTED)
    plain = plain or (isinstance(base, syntax.Index) and isinstance(base.operand, syntax.Name))
    return f"{brackets(text, not plain)}^{{{exponent}}}"


def _call(node: syntax.Call, below: list[str]) -> str:
    first = below[0] if below else ""
    match node.name, len(below):
        case "sqrt", 1:
            return rf"\sqrt{{{first}}}"
        case "inv", 1:
            return _raised(node.arguments[0], first, "-1")
        case "transpose", 1:
            return _raised(node.arguments[0], first, r"\top")
        case "eye", 1:
            return f"I_{{{first}}}"
        case (("ones" | "zeros"), _):
            shape = r" \times ".join(below)
            return rf"\mathbf{{{1 if node.name == 'ones' else 0}}}_{{{shape}}}"
        case (("delta" | "epsilon"), _):
            return rf"\{node.name}_{{{','.join(below)}}}"
        case "where", 3:
            return rf"\begin{{cases}} {below[1]} & {first} \\ {below[2]} & \text{{otherwise}} \end{{cases}}"
        case "kron", 2:
            left, right = (brackets(t, level(a) < UNARY) for t, a in zip(below, node.arguments, strict=True))
            return rf"{left} \otimes {right}"
        case (("trigamma" | "polygamma"), _):
            order, argument = ("1", first) if len(below) == 1 else (first, below[1])
            return rf"\psi^{{({order})}}" + brackets(argument)
    if node.name in FENCES and len(below) == 1:
        return f"{FENCES[node.name][0]}{first}{FENCES[node.name][1]}"
    head = rf"\{node.name}" if node.name in KNOWN else NAMES.get(node.name, rf"\operatorname{{{node.name}}}")
    return head + brackets(", ".join(below))


def _chain(node: syntax.Chain, below: list[str]) -> str:
    operator = node.operators[0]
    if operator in ("^", ".^"):
        power = below[1] if operator == "^" else rf"\circ {below[1]}"
        return _raised(node.operands[0], below[0], power)
    if level(node) != PRODUCT:
        text = below[0]
        for sign, operand, part in zip(node.operators, node.operands[1:], below[1:], strict=True):
            bracketed = isinstance(operand, syntax.Negate) or level(operand) <= level(node)
            text += f" {SIGNS[sign]} {brackets(part, bracketed)}"
        return text
    text, last = brackets(below[0], _is_product(node.operands[0])), node.operands[0]
    for position, sign in enumerate(node.operators, 1):
        operand, part = node.operands[position], below[position]
        negative = isinstance(operand, syntax.Negate)
        match sign:
            case "/":
                whole = below[0] if position == 1 and level(last) == PRODUCT else text
                text = _quotient(whole, part, operand)
            case "\\":
                inverse = _raised(last, below[0], "-1") if position == 1 else _raised(node, text, "-1")
                text = f"{inverse} {brackets(part, _is_product(operand))}"
            case "*":
                digits = isinstance(last, syntax.Number) and isinstance(operand, syntax.Number)
                apart = _is_differential(last) or _is_differential(operand)
                text += r" \cdot " if digits else r" \, " if apart else " "
                text += brackets(part, negative or _is_product(operand))
            case _:
                text += f" {SIGNS[sign]} {brackets(part, negative or _is_product(operand))}"
        last = operand
    return text


def _is_product(node: syntax.Node) -> bool:
    """Whether a node needs brackets as a factor."""
    return level(node) <= PRODUCT or _is_kronecker(node)


def _is_kronecker(node: syntax.Node) -> bool:
    """Whether a node is written with a sign, though it is a call."""
    return isinstance(node, syntax.Call) and node.name == "kron"


def _is_differential(node: syntax.Node) -> bool:
    """Whether a node is the differential of something, `d(X)`, or its transpose."""
    inner = node.operand if isinstance(node, syntax.Transpose) else node
    return isinstance(inner, syntax.Call) and inner.name == "d"


def _quotient(above: str, divisor: str, operand: syntax.Node) -> str:
    matrix = isinstance(operand, syntax.Call) and operand.name in ("diag", "eye")
    if matrix or (level(operand) == POSTFIX and isinstance(operand, syntax.Transpose)):
        return f"{above} {_raised(operand, divisor, '-1')}"
    negative = above.startswith("-")
    return ("-" if negative else "") + rf"\frac{{{above.removeprefix('-')}}}{{{divisor}}}"
