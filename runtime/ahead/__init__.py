"""Compiling `.mg` files ahead of time: Python modules that need no matgrad, and shared libraries for C and Python.

Enters: a file, a folder, and what to derive.  Leaves: files.  Always holds: files appear only when all of them are
complete, and say what they were built from.  Not for: the command (`matgrad/cli/commands/build.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path

from ...grammar import errors
from ...grammar.source import read_source
from . import files, stamp
from .targets import Target, targets

EMITS = ("module", "so")


def build(
    path: str | PathLike[str],
    folder: str | PathLike[str],
    *,
    wrt: Sequence[str] = (),
    fn: str | None = None,
    emit: str = "module",
    sizes: Mapping[str, int] | None = None,
    levels: Sequence[str] = (),
) -> list[Path]:
    """Compiles the functions of a `.mg` file (or the one named `fn`) into files in a folder; returns their paths.

    Args:
        wrt: parameters; functions that have them also get `f_grad` and `f_value_and_grad` (`f_jac` where the result is
            an array).
        emit: "module": a Python module of kernels for NumPy and Numba. "so": a shared library with a C header and a
            Python module that loads it.
        sizes: those to be fast for; the results are right for all.
        levels: of CPUs, for "so": by default x86-64-v2, -v3 and -v4; "native" is this computer's CPU.

    Raises mg.FileError for what cannot be read or written, and mg.Error for what cannot be compiled.
    """
    from ..program import Program

    source = read_source(path)
    program = Program(source)
    functions = [program[fn]] if fn is not None else list(program)
    if not functions:
        raise errors.Error(f"{Path(path).name} has no functions")
    made = targets(functions, wrt, sizes)
    choices = {"emit": emit, "wrt": list(wrt), "fn": fn, "sizes": dict(sizes or {}), "levels": list(levels)}
    line = stamp.stamp(Path(path).name, source.text, choices)
    name = stem(path)
    with files.workplace(Path(folder)) as place:
        texts = (_library if emit == "so" else _module)(name, made, line, Path(path).name, place, levels)
        return files.publish(place, Path(folder), texts)


def stem(path: str | PathLike[str]) -> str:
    """The name of the module that is built from a file.  Raises mg.Error where that is no identifier."""
    name = re.sub(r"\W", "_", Path(path).stem)
    if not name.isidentifier() or not name.isascii():
        raise errors.Error(f"{Path(path).name} cannot be the name of a module", hint="rename the file")
    return name


def outputs(path: str | PathLike[str], folder: str | PathLike[str]) -> list[Path]:
    """The files that a build of the file makes in the folder, by those that are there."""
    name, folder = stem(path), Path(folder)
    library = [folder / f"lib{name}.so", folder / f"{name}.h"]
    if any(p.exists() for p in library):
        return [folder / f"{name}.py", folder / f"{name}.pyi", *library]
    return [folder / f"{name}.py", folder / f"{name}.pyi"]


def stale(path: str | PathLike[str], folder: str | PathLike[str]) -> list[tuple[Path, str]]:
    """The files of a build that are missing or older than the `.mg` file, and why.  Raises mg.FileError."""
    return stamp.stale(read_source(path).text, outputs(path, folder))


def _library(
    name: str, made: Sequence[Target], line: str, source: str, place: Path, levels: Sequence[str]
) -> list[str]:
    from . import c_header, c_source, link, loader_text, objects

    link.compiler()  # is there one?
    levels = tuple(levels) or objects.default_levels()
    unknown = [level for level in levels if level not in objects.LEVELS]
    if unknown:
        raise errors.Error(f"there is no CPU level {unknown[0]}", found=f"the levels are {', '.join(objects.LEVELS)}")
    compiled = objects.compiled(made, levels)
    header = c_header.header(name, made, compiled, levels, line)
    texts = {
        f"{name}.py": loader_text.loader(name, made, compiled, header, line, source),
        f"{name}.pyi": loader_text.stub(made, line),
        f"{name}.h": header,
        "library.c": c_source.source(name, made, compiled, levels, line),
    }
    files.write_texts(place, texts)
    for file, code in compiled.files.items():
        files.write_bytes(place / file, code)
    link.link(place, "library.c", list(compiled.files), f"lib{name}.so")
    return [f"lib{name}.so", f"{name}.h", f"{name}.pyi", f"{name}.py"]


def _module(name: str, made: Sequence[Target], line: str, source: str, place: Path, levels: Sequence[str]) -> list[str]:
    from . import loader_text, module_text, support

    texts = {
        **support.files(f"_{name}_support"),
        f"{name}.pyi": loader_text.stub(made, line),
        f"{name}.py": module_text.module(name, made, line, source),
    }
    files.write_texts(place, texts)
    return list(texts)
