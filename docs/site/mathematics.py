"""Formulas as MathML, made when the site is built: browsers show it without a script, and without the network.

Enters: LaTeX between dollars.  Leaves: `math` elements.  Always holds: a formula that cannot be converted is a warning,
and so an error.  Not for: what formulas say.
"""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.util import logging

LOG = logging.getLogger(__name__)
UPRIGHT = re.compile(r"\\math(?:rm|sf)\{")  # of one letter the converter makes a slanted one; of text it does not
OPERATOR = re.compile(r"<mo>([A-Za-z]\w+)</mo>")  # browsers set these far apart from their brackets
STRETCHED = re.compile(r"\\(?:left|right)(?=[(\[|)\]\\])")  # brackets that are set wider than they need to be
TALL = ("\\frac", "\\begin", "\\sum")
NAME = r'<mspace width="0.17em" /><mi>\1</mi>'


def setup(app: Any) -> dict[str, bool]:
    """Registers the renderer `mathml`."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def visit_inline(translator: Any, node: nodes.math) -> None:
    """A formula in a line of text."""
    translator.body.append(mathml(node, "inline"))
    raise nodes.SkipNode


def visit_block(translator: Any, node: nodes.math_block) -> None:
    """A formula of its own; wide ones scroll."""
    translator.body.append(f'<div class="formula">{mathml(node, "block")}</div>')
    raise nodes.SkipNode


def mathml(node: nodes.Element, display: str) -> str:
    """The `math` element of a node's LaTeX."""
    text = UPRIGHT.sub(r"\\text{", node.astext())
    if not any(tall in text for tall in TALL):
        text = STRETCHED.sub("", text)
    try:
        return OPERATOR.sub(NAME, convert(text, display=display))
    except Exception as error:  # whatever a formula makes the converter raise
        LOG.warning("this formula cannot be shown: %s (%s)", text, error, location=node)
        return f"<code>{text}</code>"
