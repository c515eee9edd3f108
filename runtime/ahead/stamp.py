"""The line in every file that `matgrad build` writes: what it was built from, and how.

Enters: the text of a `.mg` file and the choices of the build; files.  Leaves: the line; whether files are up to date.
Always holds: a file without a readable line counts as out of date.  Not for: judging what is in the files.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_MARK = "matgrad build "


def stamp(source: str, text: str, choices: Mapping[str, Any]) -> str:
    """The line, for the text of the file named `source`."""
    content = {"source": source, "sha256": _digest(text), "matgrad": _version(), **choices}
    return _MARK + json.dumps(content, sort_keys=True).replace("*/", "*\\/")  # it stands in comments of C


def read(path: Path) -> dict[str, Any] | None:
    """What the line in a file says; None if there is none."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    start = content.find((_MARK + "{").encode())
    if start < 0:
        return None
    start += len(_MARK)
    try:
        found, _ = json.JSONDecoder().raw_decode(content[start : start + 4096].split(b"\0")[0].decode(errors="replace"))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def stale(text: str, files: list[Path]) -> list[tuple[Path, str]]:
    """The files that were not built from this text by this version, or not together; and why."""
    found: list[tuple[Path, str]] = []
    first: dict[str, Any] | None = None
    for path in files:
        content = read(path)
        if content is None:
            found.append((path, "is missing" if not path.exists() else "does not say what it was built from"))
        elif content.get("sha256") != _digest(text):
            found.append((path, "was built from another text"))
        elif content.get("matgrad") != _version():
            found.append((path, f"was built by matgrad {content.get('matgrad')}, this is {_version()}"))
        elif first is not None and content != first:
            found.append((path, "was not built together with the others"))
        first = first or content
    return found


def _version() -> str:
    # The package's front door is loaded before this, and is not imported from within it.
    return str(sys.modules[__name__.partition(".")[0]].__version__)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
