"""Functions as C function pointers: for SciPy's routines that take one, and for optimizers written in C.

Enters: a function, and data that are fixed.  Leaves: addresses, `scipy.LowLevelCallable`s.  Always holds: no Python
runs in a call; what would raise gives nan; the code and the data behind an address are kept until the process ends.
Not for: code compiled by Numba (`njit.py`), programs without Python (`ahead/`).

The form follows from the parameters that are not fixed and from the result:

    numbers -> number                  double f(int n, double *x)
    an array -> number                 double f(unsigned n, const double *x, double *gradient, void *unused)
    an array -> (number, gradient)     the same; `gradient` is written unless it is NULL

`x` has the numbers in the order of the parameters, or the array's elements (C order); n is their count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..grammar import errors
from .njit import njit_function

if TYPE_CHECKING:
    from .bound import BoundFunction
    from .function import Function

_kept: list[Any] = []

_NUMBERS = """
def callback(n, x):
    try:
        return function({values})
    except Exception:
        return nan
"""
_ARRAY = """
def callback(n, x, gradient, unused):
    try:
        {results} = function(carray(x, {shape}))
    except Exception:
        return nan
    {copy}return value
"""
_COPY = """if address_of(gradient) != 0:
        flat = slope.reshape(slope.size)
        for k in range(slope.size):
            gradient[k] = flat[k]
    """
_FILTER = """
def callback(x, n, result, unused):
    try:
        result[0] = function(carray(x, (n,)))
    except Exception:
        result[0] = nan
    return 1
"""


def address(function: Function, bound: BoundFunction | None = None) -> int:
    """The address of the C function.  Raises mg.Error where no form fits."""
    form, _ = _form(function, bound)
    return int(_compiled(function, bound, form).address)


def low_level_callable(function: Function, bound: BoundFunction | None = None) -> Any:
    """The `scipy.LowLevelCallable`: of numbers for `scipy.integrate`, of a vector for `scipy.ndimage.generic_filter`.

    Raises mg.Error for functions of other parameters.
    """
    from scipy import LowLevelCallable

    form, filtering = _form(function, bound)
    if form is not _NUMBERS and not filtering:
        raise errors.Error(
            "SciPy takes no such function", needed="one of numbers, or of one vector, that gives a number"
        )
    return LowLevelCallable(_compiled(function, bound, form if form is _NUMBERS else _FILTER).ctypes)


def _form(function: Function, bound: BoundFunction | None) -> tuple[str, bool]:
    """The text of the callback, and whether it is a number of one vector."""
    definition = function.definition()
    free = [p for p in definition.parameters if bound is None or p.name not in bound.data]
    results = [r.order for r in definition.results]
    if results == [0] and all(not p.shape and "integer" not in p.attributes for p in free):
        return _NUMBERS, False
    single = len(free) == 1 and bool(free[0].shape)
    if single and results == [0]:
        return _ARRAY, len(free[0].shape) == 1
    if single and len(results) == 2 and results[0] == 0 and definition.results[1].shape == free[0].shape:
        return _ARRAY, False
    raise errors.Error(
        "this function has no C form",
        found=f"parameters that are not fixed: {', '.join(p.name for p in free)}",
        needed="numbers, or one array; and as result a number, or a number and the gradient",
        hint="fix the other parameters with bind",
    )


def _compiled(function: Function, bound: BoundFunction | None, form: str) -> Any:
    """The compiled callback."""
    import numpy as np
    from numba import carray, cfunc, types

    from .njit_code import address_of

    definition = function.definition()
    free = [p for p in definition.parameters if bound is None or p.name not in bound.data]
    number, pointer = types.float64, types.CPointer(types.float64)
    if form is _NUMBERS:
        text = form.format(values=", ".join(f"x[{k}]" for k in range(len(free))))
        signature = number(types.intc, pointer)
    elif form is _FILTER:
        text, signature = form, types.intc(pointer, types.intp, pointer, types.voidptr)
    else:
        gradient = len(definition.results) == 2
        text = form.format(
            results="value, slope" if gradient else "value",
            shape=_shape_text(free[0].shape, definition.parameters, bound),
            copy=_COPY if gradient else "",
        )
        signature = number(types.uintc, pointer, pointer, types.voidptr)
    scope = {"function": njit_function(function, bound), "carray": carray, "nan": np.nan, "address_of": address_of}
    exec(compile(text, "<matgrad callback>", "exec"), scope)
    made = cfunc(signature)(scope["callback"])
    _kept.append(made)
    return made


def _shape_text(shape: Any, parameters: Any, bound: BoundFunction | None) -> str:
    """The shape of the array of n elements: its sizes are those of the data, or n for a vector."""
    import numpy as np

    if len(shape) == 1:
        return "(n,)"
    known = {
        dim.name: size
        for p in parameters
        if bound is not None and p.name in bound.data
        for dim, size in zip(p.shape, np.shape(bound.data[p.name]), strict=True)
        if dim.name is not None
    }
    missing = [str(dim) for dim in shape if not dim.names <= known.keys()]
    if missing:
        raise errors.Error(
            "the C form knows only the number of elements",
            found=f"the sizes {', '.join(missing)} do not follow from the data that are fixed",
        )
    return f"({', '.join(str(dim.evaluate(known)) for dim in shape)},)"
