"""The Python side of a shared library: a module that loads it with NumPy alone, and its stub file.

Enters: targets and what their object code needs.  Leaves: texts in Python.  Always holds: the module imports the
standard library and NumPy, and the two modules of SciPy with BLAS and LAPACK where a function calls these; arguments
are checked before the library sees them.  Not for: kernels written in Python (`module_text.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..njit_text import nested_text
from .c_header import STATUSES, failures, function_name
from .objects import Compiled
from .targets import Target

_HEAD = '''"""{title}

Needs NumPy{scipy}, and {library} beside this file. Arrays are converted to C-contiguous ones of float64 where they
are not already; results are new arrays. Raises ValueError (ShapeError) and ArithmeticError (DomainError).
"""
# {stamp}

import ctypes as _ctypes
from pathlib import Path as _Path

import numpy as _np

__all__ = [{names}]


class ShapeError(ValueError):
    """Arguments whose shapes do not fit."""


class DomainError(ArithmeticError):
    """Numbers for which the function is not defined."""


def _load():
    library = _ctypes.CDLL(str(_Path(__file__).resolve().parent / "{library}"))
    library.{stem}_library_abi.restype = _ctypes.c_uint64
    library.{stem}_library_message.restype = _ctypes.c_char_p
    if library.{stem}_library_abi() != {abi}:
        raise ImportError("{library} was not built together with " + __file__)
    if library.{stem}_library_cpu(0) == {no_cpu}:
        raise ImportError("{library} was not built for this CPU")
    return library


_library = _load()


def _array(name, value, order):
    if type(value) is _np.ndarray and value.dtype == _np.float64 and value.flags.c_contiguous and value.flags.aligned:
        array = value
    else:
        array = _np.asarray(value)
        if array.dtype.kind not in "biuf":
            raise TypeError(f"{{name}} is not made of real numbers: its dtype is {{array.dtype}}")
        array = _np.array(array, _np.float64, order="C")
    if array.ndim != order:
        raise ShapeError(f"{{name}} must have {{order}} dimensions, its shape is {{array.shape}}")
    return array


def _integer(name, value):
    if value != int(value):
        raise TypeError(f"{{name}} must be an integer, it is {{value}}")
    return int(value)


def _fit(name, array, shape, text):
    if array.shape != shape:
        raise ShapeError(f"{{name}} must have shape {{text}} = {{shape}}, it has {{array.shape}}")


def _check(status):
    if status != 0:
        error = ShapeError if status in {shape_statuses} else MemoryError if status == {no_memory} else DomainError
        raise error(_library.{stem}_library_message(status).decode())


def _function(name, *kinds):
    function = _library[name]
    function.restype, function.argtypes = _ctypes.c_int, kinds
    return function


_size, _pointer, _number = _ctypes.c_int64, _ctypes.c_void_p, _ctypes.c_double


def _address(array):
    return _pointer.from_address(id(array) + object.__basicsize__)


def _slow_address(array):
    return array.ctypes.data


# The first word of an array behind the head of every object is the address of its elements; a fifth of the time.
if any(_address(array).value != array.ctypes.data for array in (_np.zeros(3), _np.zeros((2, 2))[1])):
    _address = _slow_address
'''

_BLAS = """

def _set_routines():
    import importlib.machinery
    import importlib.util
    import sys

    def table(name):
        # Without the rest of scipy.linalg, which takes longer to load than everything else here.
        if "scipy.linalg" not in sys.modules:
            root = importlib.util.find_spec("scipy")
            folders = [f"{folder}/linalg" for folder in (root and root.submodule_search_locations) or ()]
            spec = importlib.machinery.PathFinder.find_spec(name, folders)
            if spec is not None and spec.loader is not None:
                module = importlib.util.module_from_spec(spec)
                spec.loader.exec_module(module)
                sys.modules.pop(name, None)  # so that a later import of scipy.linalg goes its usual way
                return module.__pyx_capi__
        return importlib.import_module(name).__pyx_capi__

    get_name, get_pointer = _ctypes.pythonapi.PyCapsule_GetName, _ctypes.pythonapi.PyCapsule_GetPointer
    get_name.restype, get_name.argtypes = _ctypes.c_char_p, [_ctypes.py_object]
    get_pointer.restype, get_pointer.argtypes = _pointer, [_ctypes.py_object, _ctypes.c_char_p]
    tables = [table("scipy.linalg.cython_blas"), table("scipy.linalg.cython_lapack")]
    set_routine = _function("STEM_library_set_routine", _ctypes.c_char_p, _pointer)
    routine_name = _function("STEM_library_routine", _ctypes.c_int)
    routine_name.restype = _ctypes.c_char_p
    k = 0
    while (name := routine_name(k)) is not None:
        capsule = next(t[name.decode()] for t in tables if name.decode() in t)
        kind = get_name(capsule)
        if (b"(int *" in kind or b", int *" in kind) != (BITS == 32):
            raise ImportError("SciPy's BLAS has integers of another width than LIBRARY was built for")
        set_routine(name, get_pointer(capsule, kind))
        k += 1


_set_routines()
"""


def loader(stem: str, targets: Sequence[Target], compiled: Compiled, header: str, stamp: str, source: str) -> str:
    """The text of the module `stem`.py."""
    from .. import blas

    abi = next(line.split()[2].removesuffix("ULL") for line in header.splitlines() if "_ABI 0x" in line)
    library = f"lib{stem}.so"
    statuses = {name: number for number, (name, _) in STATUSES.items()}
    texts = failures(targets)
    shapes = [1 + texts.index(f) for t in targets for f in t.program.failures if t.is_shape_failure(f)]
    text = _HEAD.format(
        title=f"The functions of {source}, compiled by matgrad. Do not edit.",
        scipy=" and SciPy (its BLAS and LAPACK)" if compiled.arities else "",
        library=library,
        stamp=stamp,
        names=", ".join(f'"{t.name}"' for t in targets),
        stem=stem,
        abi=abi,
        no_cpu=statuses["CPU"],
        shape_statuses=repr(tuple(sorted({statuses["SIZES"], *shapes}))),
        no_memory=statuses["MEMORY"],
    )
    if compiled.arities:
        text += _BLAS.replace("STEM", stem).replace("BITS", str(blas.integer_bits())).replace("LIBRARY", library)
    for target in targets:
        text += "\n\n" + _function(stem, target)
    return text


def _function(stem: str, target: Target) -> str:
    names, inputs = target.names, list(zip(target.program.inputs, target.parameters, strict=True))
    kinds = ["_size"] * len(target.sizes)
    passed = list(target.sizes)
    body: list[str] = []
    for buffer, name in inputs:
        if buffer.dtype == "int":
            body.append(f'{name} = _integer("{name}", {name})')
        elif buffer.shape:
            body.append(f'{name} = _array("{name}", {name}, {len(buffer.shape)})')
        else:
            body.append(f"{name} = float({name})")
        kinds.append("_size" if buffer.dtype == "int" else "_pointer" if buffer.shape else "_number")
        passed.append(f"_address({name})" if buffer.shape else name)
    solved = target.solved
    body += [f"{size} = {text}" for size, text in solved]
    plain = {text for _, text in solved}
    for buffer, name in inputs:
        shape = [names.dim(d) for d in buffer.shape]
        if any(f"{name}.shape[{a}]" not in plain for a in range(len(shape))):
            declared = f"({', '.join(str(d) for d in buffer.shape)}{',' if len(shape) == 1 else ''})"
            body.append(f'_fit("{name}", {name}, ({", ".join(shape)},), "{declared}")')
    for buffer, name in zip(target.program.outputs, target.results, strict=True):
        if buffer.shape:
            body.append(f"{name} = _np.empty(({', '.join(names.dim(d) for d in buffer.shape)},))")
            passed.append(f"_address({name})")
        else:
            body.append(f"{name} = _number()")
            passed.append(f"_ctypes.byref({name})")
        kinds.append("_pointer")
    c_name = f"_{target.name}"
    body.append(f"_check({c_name}({', '.join([*passed, 'None'])}))")
    results = [
        name if b.shape else f"{name}.value" for b, name in zip(target.program.outputs, target.results, strict=True)
    ]
    body.append(f"return {nested_text(target.nest, results)}")
    lines = [
        f'{c_name} = _function("{function_name(stem, target)}", {", ".join([*kinds, "_pointer"])})',
        "",
        "",
        f"def {target.name}({', '.join(target.parameters)}):",
        *docstring(target.formula),
        *("    " + line for line in body),
    ]
    return "\n".join(lines) + "\n"


def docstring(formula: str) -> list[str]:
    """The lines of a docstring that shows what a function computes."""
    lines = formula.replace("\\", "\\\\").splitlines()
    if len(lines) == 1:
        return [f'    """{lines[0]}"""']
    return [f'    """{lines[0]}', *(f"    {line}".rstrip() for line in lines[1:]), '    """']


def stub(targets: Sequence[Target], stamp: str) -> str:
    """The text of the stub file of a module with these functions."""
    lines = [
        f"# {stamp}",
        "from numpy import float64",
        "from numpy.typing import ArrayLike, NDArray",
        "",
        f"__all__ = [{', '.join(repr(t.name) for t in targets)}]".replace("'", '"'),
        "",
        "class ShapeError(ValueError): ...",
        "class DomainError(ArithmeticError): ...",
        "",
    ]
    for target in targets:
        declared = [
            f"{name}: {'ArrayLike' if b.shape else 'int' if b.dtype == 'int' else 'float'}"
            for b, name in zip(target.program.inputs, target.parameters, strict=True)
        ]
        kinds = ["NDArray[float64]" if b.shape else "float" for b in target.program.outputs]
        lines.append(f"def {target.name}({', '.join(declared)}) -> {_type(target.nest, kinds)}: ...")
    return "\n".join(lines) + "\n"


def _type(nest: Any, kinds: Sequence[str]) -> str:
    if isinstance(nest, int):
        return kinds[nest]
    return f"tuple[{', '.join(_type(part, kinds) for part in nest)}]"
