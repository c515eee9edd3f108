"""The command `matgrad`, also as `python -m matgrad`.

Enters: the arguments of the process.  Leaves: its output and exit status.  Not for: the commands (`cli/commands/`).
"""

import io
import sys

from .cli.group import cli


def main() -> None:
    """Run the command line.  What the terminal's encoding lacks is replaced by question marks."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    cli(prog_name="matgrad")


if __name__ == "__main__":
    main()
