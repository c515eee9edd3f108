"""Object files for a shared library: every kernel and every routine it needs, once per level of CPU.

Enters: targets.  Leaves: object files, and what they need from BLAS.  Always holds: the functions are compiled one by
one as they are for this process (`runtime/build.py`), so for the same CPU they are the same machine code; no symbol
of them is visible outside of the library.  Not for: linking.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import llvmlite.binding as llvm

from ...grammar import errors
from .. import blas, build, library, native
from .targets import Target

# The name of a level, and its number in the C interface.  `native` is this computer's CPU with all it can.
LEVELS = {"x86-64-v2": 2, "x86-64-v3": 3, "x86-64-v4": 4, "generic": 1, "native": 9}
VECTOR_BYTES = {"x86-64-v2": 16, "x86-64-v3": 32, "x86-64-v4": 64, "generic": 16, "native": 0}  # 0: this computer's


def default_levels() -> tuple[str, ...]:
    """The levels that are built here: those of x86-64, on other computers the processor family's basis."""
    return ("x86-64-v2", "x86-64-v3", "x86-64-v4") if platform.machine() in ("x86_64", "AMD64") else ("generic",)


@dataclass(frozen=True)
class Compiled:
    """Object files by name; for each target the symbol of its kernel without the level, and the BLAS routines that it
    calls (`dgemm`); for each BLAS routine the number of its parameters."""

    files: Mapping[str, bytes]
    symbols: Mapping[str, str]
    routines: Mapping[str, tuple[str, ...]]
    arities: Mapping[str, int]


def compiled(targets: Sequence[Target], levels: Sequence[str]) -> Compiled:
    """The object code of the targets' kernels.  Raises mg.Error for code that needs more than the C library."""
    files: dict[str, bytes] = {}
    needs: dict[str, list[str]] = {}
    arities: dict[str, int] = {}
    texts: dict[str, tuple[str, ...]] = {}
    symbols = {t.name: f"matgrad_kernel_{k}" for k, t in enumerate(targets)}
    pending = [(symbols[t.name], (_kernel_text(t, symbols[t.name]),) * len(levels), 3) for t in targets]
    while pending:
        symbol, texts[symbol], speed = pending.pop()
        for level, text in zip(levels, texts[symbol], strict=True):
            own = _at_level(symbol, level)
            code, needed = native.emit(_renamed(text, symbol, level), [own], _machine(level), speed)
            files[f"{own}.o"] = code
        needs[symbol] = [_plain(name, levels[-1]) for name in needed]
        module = native.assembly(texts[symbol][-1])
        for name in needs[symbol]:
            routine = library.parse_symbol(name)
            if routine and name not in texts:
                lowered = [build.lower_routine(*routine, VECTOR_BYTES[level]) for level in levels]
                texts[name] = tuple(text for text, _ in lowered)
                pending.append((name, texts[name], lowered[0][1]))
            elif blas.is_symbol(name):
                arities[blas.routine_of(name)] = len(list(module.get_function(name).arguments))
            elif name.startswith(("Py", "_Py", "numba_", "NRT_")):
                raise errors.Error("this function needs Python when it runs", found=f"it calls {name}")
    routines = {t.name: tuple(sorted(_reached(symbols[t.name], needs))) for t in targets}
    return Compiled(files, symbols, routines, arities)


def _kernel_text(target: Target, symbol: str) -> str:
    from ...compiler.kernel.emit import emit

    return build.lower_kernel(symbol, emit(target.program, "float64", target.name).text)


def _reached(symbol: str, needs: Mapping[str, Sequence[str]]) -> set[str]:
    """The BLAS routines that a function calls, itself or by others."""
    seen, pending, found = {symbol}, [symbol], set()
    while pending:
        for name in needs.get(pending.pop(), ()):
            if blas.is_symbol(name):
                found.add(blas.routine_of(name))
            elif name not in seen:
                seen.add(name)
                pending.append(name)
    return found


def _at_level(symbol: str, level: str) -> str:
    return f"{symbol}_{LEVELS[level]}"


def _plain(name: str, level: str) -> str:
    suffix = f"_{LEVELS[level]}"
    return name.removesuffix(suffix) if name.startswith("matgrad_") and not blas.is_symbol(name) else name


def _renamed(text: str, symbol: str, level: str) -> str:
    """The LLVM text with the names of our functions at a level, hidden outside of the library."""
    text = str(native.assembly(text))  # as LLVM writes it, with names without quotes
    text = re.sub(rf"^(define .*?)i64 @{symbol}\(", rf"\1hidden i64 @{symbol}(", text, flags=re.MULTILINE)
    return re.sub(r"@(matgrad_(?!blas)\w+)", lambda found: "@" + _at_level(found.group(1), level), text)


@cache
def _machine(level: str) -> Any:
    """The target machine of a level, for position-independent code."""
    native.machine()  # initialises LLVM
    cpu, features = level, ""
    if level == "native":
        cpu, features = llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    triple = llvm.get_default_triple()
    return llvm.Target.from_triple(triple).create_target_machine(
        cpu=cpu if level != "generic" else "", features=features, opt=3, reloc="pic", codemodel="default"
    )
