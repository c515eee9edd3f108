"""Machine code: Python functions compiled to object files, and object files brought into the process.

Enters: functions written with `intrinsics.py`, object files.  Leaves: object files, addresses of their functions.
Always holds: the compiled function has a C interface, does not touch Python and does not raise.  Loading needs
llvmlite alone: Numba is imported only when something is compiled.  Not for: keeping object files (`store.py`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import llvmlite.binding as llvm

_lock = threading.RLock()


@cache
def machine() -> Any:
    """The target: this computer's CPU with all it can."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    cpu, features = llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    # As Numba's: position-independent calls of far functions are mislinked by LLVM's loader on x86.
    triple = llvm.get_default_triple()
    reloc = "static" if triple.startswith(("x86", "i686")) else "default"
    return llvm.Target.from_triple(triple).create_target_machine(
        cpu=cpu, features=features, opt=3, reloc=reloc, codemodel="jitdefault"
    )


@cache
def _engine() -> Any:
    machine()
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine())
    # The memory of the code must outlive everything that may still call it at the interpreter's exit.
    _keep.append(engine)
    return engine


_keep: list[Any] = []


def load(code: bytes, symbols: dict[str, int], names: Iterable[str]) -> dict[str, int]:
    """Brings an object file into the process: the addresses of its functions `names`.

    `symbols` are the addresses of what it calls, besides the C library.
    """
    with _lock:
        for name, address in symbols.items():
            llvm.add_symbol(name, address)
        engine = _engine()
        engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        engine.finalize_object()
        return {name: engine.get_function_address(name) for name in names}


def assembly(ir: str) -> Any:
    """The module of an LLVM text, verified."""
    machine()
    module = llvm.parse_assembly(ir)
    module.verify()
    return module


def lower(function: Callable[..., Any], arguments: tuple[Any, ...], symbol: str, vector_bytes: int = 0) -> str:
    """The LLVM text (not yet optimised) of a function of integers, floats and pointers that returns an integer.

    Its C name is `symbol`; explicit vectors have so many bytes, or as many as this computer's.  Raises TypeError for
    what cannot be compiled.
    """
    from .lowering import lower as lowered

    width = vector_bytes or own_vector_bytes()
    return lowered(function, arguments, symbol, llvm.get_default_triple(), str(machine().target_data), width)


def own_vector_bytes() -> int:
    """The width of the vectors of this computer's CPU."""
    features = llvm.get_host_cpu_features()
    return 64 if features.get("avx512f") else 32 if features.get("avx2") and features.get("fma") else 16


def emit(text: str, symbols: Iterable[str], target: Any = None, speed: int = 3) -> tuple[bytes, list[str]]:
    """The object file of an LLVM text for a target machine, and the names of what it needs from elsewhere.

    Only `symbols` can be called from outside.  Without a target it is for this computer.  `speed` is LLVM's level of
    optimisation: 1 takes less time, and does for code without long loops.
    """
    target = target or machine()
    module = assembly(text)
    wanted = set(symbols)
    for item in (*module.functions, *module.global_variables):
        if not item.is_declaration and item.name not in wanted:
            item.linkage = "internal"
    options = llvm.create_pipeline_tuning_options(speed_level=speed)
    options.loop_vectorization = options.loop_unrolling = speed == 3
    builder = llvm.create_pass_builder(target, options)
    passes = builder.getModulePassManager()
    passes.run(module, builder)
    needed = [f.name for f in module.functions if f.is_declaration and not f.name.startswith("llvm.")]
    needed += [g.name for g in module.global_variables if g.is_declaration]
    return target.emit_object(module), needed
