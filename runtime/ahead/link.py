"""A shared library from object files and a C source, by the C compiler of the computer.

Enters: files.  Leaves: the library.  Always holds: what the compiler says is shown if it fails.  Not for: machine
code of kernels (`objects.py`).
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from ...grammar import errors


def compiler() -> list[str]:
    """The command of the C compiler: $CC, or cc, gcc, clang.  Raises mg.Error where there is none."""
    named = shlex.split(os.environ.get("CC", ""))
    for command in [named] if named else [["cc"], ["gcc"], ["clang"]]:
        if shutil.which(command[0]):
            return command
    raise errors.Error(
        "there is no C compiler",
        found=f"CC is {shlex.join(named)}, which is not found" if named else "neither cc nor gcc nor clang is found",
        needed="a C compiler links the shared library",
        hint="install one (gcc or clang), name it in the environment variable CC, or build without --emit so",
    )


def link(place: Path, source: str, objects: Sequence[str], library: str) -> None:
    """Makes `library` in a folder of the C source and the object files there.  Raises mg.Error."""
    command = [*compiler(), "-shared", "-fPIC", "-O2", "-std=c11", "-Wall", "-Wextra", "-Wl,-z,noexecstack"]
    command += [f"-Wl,-soname,{library}", "-o", library, source, *objects, "-lm"]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise errors.Error(
            "the C compiler could not make the library", found=done.stderr.strip()[-2000:], needed=shlex.join(command)
        )
