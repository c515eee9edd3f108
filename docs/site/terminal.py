"""The terminal session on the README's first screen, as a picture: `python -m docs.site.terminal` writes it.

Enters: the commands below.  Leaves: an SVG.  Always holds: the picture shows what the commands print, with their
colours; a test compares it with them.  Not for: other pictures.
"""

from __future__ import annotations

import io
import re
import shlex
from pathlib import Path

from click.testing import CliRunner
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from matgrad.cli.group import cli

PICTURE = Path(__file__).resolve().parents[1] / "images" / "terminal.svg"
COMMANDS = (
    'matgrad explain "tr(A*B)" --wrt A',
    'matgrad grad "tr(A*B*A\'*C)" --wrt A',
    'matgrad jac "A*B" --wrt A',
    'matgrad hess "sum(log(1 + exp(X*w)))" --wrt w',
)
WIDTH = 104


def picture() -> str:
    """The SVG."""
    screen = Console(width=WIDTH, record=True, file=io.StringIO(), color_system="truecolor", highlight=False)
    for command in COMMANDS:
        _, *arguments = shlex.split(command)
        done = CliRunner().invoke(cli, ["--color", "always", *arguments], color=True, catch_exceptions=False)
        assert not done.exit_code, done.output
        screen.print(Text.assemble(("$ ", "bold green"), (command, "bold")))
        screen.print(Text.from_ansi(done.output.rstrip("\n")))
        screen.print()
    made = screen.export_svg(title="matgrad", theme=MONOKAI, unique_id="terminal")
    made = re.sub(r"@font-face \{.*?\}\s*", "", made, flags=re.DOTALL)  # which would be fetched from elsewhere
    return re.sub(r"[ \t]+$", "", made, flags=re.MULTILINE).replace("Fira Code,", "ui-monospace, Menlo, Consolas,")


def main() -> None:
    """Write the picture."""
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(picture(), encoding="utf-8")


if __name__ == "__main__":
    main()
