"""`python -m docs.site`: build the site. A warning is an error; the exit status is Sphinx's."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .build import BUILD, build


def main() -> int:
    """Read the options, build, and say where the site is."""
    parser = argparse.ArgumentParser(prog="python -m docs.site", description=__doc__)
    parser.add_argument("-o", dest="folder", type=Path, default=BUILD, help="where to build (default: build/docs)")
    folder = parser.parse_args().folder
    status = build(folder)
    if not status:
        print(f"The site is {folder / 'html' / 'index.html'}")
    return status


if __name__ == "__main__":
    sys.exit(main())
