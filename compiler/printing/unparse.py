"""From a syntax tree back to text.

Enters: syntax nodes, from the parser or built by `notation.py`.  Leaves: text of the language, with as few brackets as
its grammar allows.  Always holds: parsing the text gives an equal tree; a product that stands unflattened inside a
product keeps its brackets.  Not for: LaTeX (`latex.py`), and not for choosing what to write (`printer.py`).
"""

from __future__ import annotations

from collections.abc import Callable

from ...grammar import syntax

COMPARISON, SUM, PRODUCT, UNARY, POWER, POSTFIX, ATOM = range(7)


Special = Callable[[syntax.Node, list[str]], str | None]


def unparse(root: syntax.Node, special: Special | None = None) -> str:
    """The text of a node.  `special(node, texts of its children)` is the text of nodes that are no part of the
    language, None for the others."""
    return fold(root, _text if special is None else lambda node, below: special(node, below) or _text(node, below))


def fold(root: syntax.Node, visit: Callable[[syntax.Node, list[str]], str]) -> str:
    """`visit(node, texts of its children)`, operands first and each node once; no recursion."""
    texts: dict[syntax.Node, str] = {}
    stack = [root]
    while stack:
        node = stack[-1]
        missing = [child for child in node.children if child not in texts]
        if missing:
            stack.extend(missing)
            continue
        stack.pop()
        if node not in texts:
            texts[node] = visit(node, [texts[child] for child in node.children])
    return texts[root]


def level(node: syntax.Node) -> int:
    """How tightly the outermost operator of a node binds."""
    match node:
        case syntax.Chain():
            operator = node.operators[0]
            if operator in ("+", "-"):
                return SUM
            if operator in ("^", ".^"):
                return POWER
            return PRODUCT if operator in ("*", "/", "\\", ".*", "./", ":") else COMPARISON
        case syntax.Negate():
            return UNARY
        case syntax.Transpose() | syntax.Index():
            return POSTFIX
    return ATOM


def type_text(declared: syntax.Type) -> str:
    """`symmetric matrix[n, n]`."""
    sizes = f"[{', '.join(map(unparse, declared.sizes))}]" if declared.sizes else ""
    return " ".join((*declared.attributes, declared.kind + sizes))


def bracket(text: str, wanted: bool) -> str:
    """The text, in brackets where wanted."""
    return f"({text})" if wanted else text


def _text(node: syntax.Node, below: list[str]) -> str:
    match node:
        case syntax.Number():
            return node.text
        case syntax.Name():
            return node.id
        case syntax.Call():
            tight = node.name in ("delta", "epsilon")
            return f"{node.name}({(',' if tight else ', ').join(below)})"
        case syntax.Negate():
            return "-" + bracket(below[0], level(node.operand) < UNARY)
        case syntax.Transpose():
            return bracket(below[0], level(node.operand) < POSTFIX or isinstance(node.operand, syntax.Number)) + "'"
        case syntax.Chain():
            return _chain(node, below)
        case syntax.Slice():
            ends = iter(below)
            return ":".join("" if end is None else next(ends) for end in (node.start, node.stop))
        case syntax.Index():
            letters = all(isinstance(s, syntax.Name) and len(s.id) == 1 for s in node.subscripts)
            head = bracket(below[0], level(node.operand) < POSTFIX)
            return f"{head}[{(',' if letters else ', ').join(below[1:])}]"
        case syntax.Block():
            entries = iter(below)
            return f"[{'; '.join(', '.join(next(entries) for _ in row) for row in node.rows)}]"
        case syntax.Tuple():
            return f"({', '.join(below)})"
        case syntax.Binding():
            indices = "" if node.indices is None else f"[{','.join(node.indices)}]"
            declared = "" if node.type is None else ": " + type_text(node.type)
            return f"{node.name}{indices}{declared} = {below[0]}"
        case syntax.Body():
            return f"{{ {'; '.join(below)} }}" if node.bindings else below[0]
    raise TypeError(type(node).__name__)


def _chain(node: syntax.Chain, below: list[str]) -> str:
    own = level(node)
    if own == POWER:
        base, exponent = node.operands
        left = bracket(below[0], level(base) < POSTFIX)
        right = bracket(below[1], level(exponent) < UNARY)
        tight = isinstance(exponent, syntax.Number) or node.operators[0] == "^"
        return left + (node.operators[0] if tight else f" {node.operators[0]} ") + right
    text = ""
    for position, (operand, part) in enumerate(zip(node.operands, below, strict=True)):
        negative = position > 0 and own != COMPARISON and isinstance(operand, syntax.Negate)
        part = bracket(part, level(operand) <= own or negative)
        operator = node.operators[position - 1] if position else ""
        text += part if not position else operator + part if operator in ("*", "/") else f" {operator} {part}"
    return text
