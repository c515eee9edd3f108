"""What leads from a text to a kernel, kept on disk: then nothing is parsed, derived or planned.

Enters: the name of a record (what it says of what) and plain values.  Leaves: the values, in this and in later
processes.  Always holds: a record is found only by the versions of everything that it depends on; records are data, and
the code that they name is found only for this CPU.  Not for: what the values mean.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

from . import identity, store


def read(kind: str, parts: Sequence[Any]) -> Any:
    """The value of a record, or None.  None too where the steps on the way are to be shown (`MATGRAD_SHOW`)."""
    if os.environ.get("MATGRAD_SHOW"):
        return None
    content = store.get(_name(kind, parts))
    return None if content is None else json.loads(content)


def write(kind: str, parts: Sequence[Any], value: Any) -> None:
    """Keeps a record."""
    store.put(_name(kind, parts), json.dumps(value).encode())


def _name(kind: str, parts: Sequence[Any]) -> str:
    return f"{kind} {identity.plans()} {json.dumps(parts)}"
