"""Arguments of calls: from whatever the user gives to arrays as a kernel wants them, and errors that name them.

Enters: values of calls.  Leaves: C-contiguous arrays of the kernel's dtype (numbers as arrays of order 0).  Always
holds: an argument that fits already is not copied; nothing is misread: what is not made of real numbers is
refused.  Not for: the usual calls, which never come here (`entry.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

import numpy as np

from ..grammar import errors

if TYPE_CHECKING:
    from ..compiler.kernel.program import Buffer
    from ..compiler.language.definition import Definition
    from ..compiler.tensor.dims import Dim

Array = Any


class Input(Protocol):
    """What is converted to: a buffer of a program, or an array of an `Interface`."""

    @property
    def name(self) -> str: ...
    @property
    def shape(self) -> Sequence[Any]: ...
    @property
    def dtype(self) -> str: ...


def inputs_of(definition: Definition) -> list[Buffer]:
    """The parameters as inputs of a program."""
    from ..compiler.tensor.inputs import input_of

    return [input_of(p) for p in definition.parameters]


def arranged(
    what: str, parameters: Sequence[str], arguments: Sequence[Any], named: Mapping[str, Any]
) -> tuple[Any, ...]:
    """The arguments in the order of the parameters.  Raises mg.ArgumentError for too many, too few or unknown ones."""
    usage = f"{what} takes ({', '.join(parameters)})"
    if len(arguments) > len(parameters):
        from ..compiler.language.wording import count

        raise errors.ArgumentError(
            f"{count(len(arguments), 'argument')} for {count(len(parameters), 'parameter')}", found=usage
        )
    given = dict(zip(parameters, arguments, strict=False))
    for name, value in named.items():
        if name not in parameters:
            close = errors.suggest(name, parameters)
            raise errors.ArgumentError(
                f"there is no parameter {name}", found=usage, hint=f"did you mean {close}?" if close else ""
            )
        if name in given:
            raise errors.ArgumentError(f"{name} is given twice", found=usage)
        given[name] = value
    missing = [name for name in parameters if name not in given]
    if missing:
        raise errors.ArgumentError(f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing", found=usage)
    return tuple(given[name] for name in parameters)


# The arrays of a sparse matrix after the one that has its name (`compiler/tensor/sparse.py`).
SPARSE_PARTS = ("pairs", "starts", "columns", "data")


def input_names(parameters: Sequence[str], sparse: Collection[str]) -> tuple[str, ...]:
    """The names of what kernels take for these parameters, some of which are sparse."""
    return tuple(
        name for p in parameters for name in ([p, *(f"{p}.{part}" for part in SPARSE_PARTS)] if p in sparse else [p])
    )


def is_sparse(value: Any) -> bool:
    """Whether a value is one of SciPy's sparse matrices or arrays."""
    return hasattr(value, "toarray") and not isinstance(value, np.ndarray)


def refuse_sparse(name: str) -> NoReturn:
    """Raises the mg.TypeError for a sparse matrix given for a parameter that is not declared so."""
    raise errors.TypeError(
        f"{name} is a sparse matrix",
        needed=f"an array: {name} is not declared sparse",
        hint=f"declare {name}: sparse matrix[m, n]",
    )


def as_array(name: str, value: Any) -> Array:
    """The value as an array of real numbers of any dtype.  Raises mg.TypeError."""
    if is_sparse(value):
        value = value.toarray()
    if isinstance(value, np.ndarray) and type(value) is not np.ndarray and np.any(getattr(value, "mask", False)):
        raise errors.TypeError(
            f"{name} is a masked array with masked elements",
            needed="an array in which every element counts",
            hint=f"pass {name}.filled(0), or the elements that count",
        )
    try:
        array = np.asarray(value)
        if array.dtype == object and isinstance(value, int):
            array = np.asarray(float(value))  # an integer of more than 64 bits
    except (ValueError, TypeError, OverflowError) as error:
        raise errors.TypeError(f"{name} cannot be read as an array", found=str(error)) from None
    if array.dtype.kind not in "biuf":
        what = {"c": "complex numbers", "O": "Python objects", "U": "text", "S": "bytes", "V": "records"}
        hint = "matgrad computes with real numbers: pass X.real and X.imag" if array.dtype.kind == "c" else ""
        raise errors.TypeError(
            f"{name} is not made of real numbers",
            found=f"{name} has {what.get(array.dtype.kind, 'dtype ' + str(array.dtype))}",
            needed="float64 or float32 (integers and lists of numbers are converted)",
            hint=hint,
        )
    return array


def convert(buffer: Input, value: Any, dtype: Any) -> Array:
    """The value as the kernel wants it for an input.  Raises mg.TypeError, mg.ShapeError (for another order)."""
    array = as_array(buffer.name, value)
    order = len(buffer.shape)
    if array.ndim != order:
        raise errors.ShapeError(
            f"{buffer.name} has the wrong number of dimensions",
            found=f"{buffer.name} is {_described(array.shape)}",
            needed=_declared(buffer),
        )
    if buffer.dtype == "int":
        if array.dtype == np.int64 and array.flags.c_contiguous and array.flags.aligned:
            return array
        whole = array.astype(np.int64)
        if np.any(whole != array):
            raise errors.TypeError(f"{buffer.name} must be an integer", found=f"{buffer.name} is {array}")
        return np.ascontiguousarray(whole).reshape(array.shape)
    if array.dtype == dtype and array.flags.c_contiguous and array.flags.aligned:
        return np.asarray(array, dtype=np.dtype(dtype).newbyteorder("="))
    return np.array(array, dtype=dtype, order="C", copy=True)


def check_sizes(inputs: Sequence[Buffer], arrays: Sequence[Array]) -> dict[str, int]:
    """The sizes that the arrays and the integer arguments define.  Raises mg.ShapeError, naming the argument and the
    axis."""
    from ..compiler.kernel.interpret import SizeMismatch, sizes_of

    try:
        integers = {b.name: int(a) for b, a in zip(inputs, arrays, strict=True) if b.dtype == "int" and not b.shape}
        return sizes_of(inputs, [a.shape for a in arrays], integers)
    except SizeMismatch as found:
        buffer = inputs[found.position]
        raise errors.ShapeError(
            f"the shape of {buffer.name} does not fit the other arguments",
            found=f"axis {found.axis} of {buffer.name} has size {found.found}",
            needed=(f"{found.needed} = " if found.needed.names else "")
            + f"{found.value}, as {_declared(buffer)}"
            + _origin(found.needed, inputs, arrays),
        ) from None


def check_output(name: str, given: Any, shape: tuple[int, ...], dtype: Any) -> Array:
    """An array given as `out=`.  Raises mg.TypeError, mg.ShapeError."""
    if not isinstance(given, np.ndarray) or given.dtype != dtype:
        what = f"dtype {given.dtype}" if isinstance(given, np.ndarray) else type(given).__name__
        raise errors.TypeError(f"out for {name} must be an array of {np.dtype(dtype)}", found=f"it is {what}")
    if given.shape != shape:
        raise errors.ShapeError(
            f"out for {name} has the wrong shape", found=_described(given.shape), needed=_described(shape)
        )
    if not given.flags.writeable:
        raise errors.TypeError(f"out for {name} is read-only")
    return given


def _origin(needed: Dim, inputs: Sequence[Buffer], arrays: Sequence[Array]) -> str:
    """Where the sizes in a size come from: `; m is the size of axis 0 of X`."""
    places = []
    for name in sorted(needed.names):
        for buffer in inputs:
            axes = [k for k, dim in enumerate(buffer.shape) if dim.name == name]
            if axes:
                places.append(f"{name} is axis {axes[0]} of {buffer.name}")
                break
    return f" ({', '.join(places)})" if places else ""


def _declared(buffer: Input) -> str:
    if buffer.dtype == "int" and len(buffer.shape) == 3:  # without elements: it bears the sizes of a sparse matrix
        return f"{buffer.name}: sparse matrix[{', '.join(map(str, buffer.shape[:2]))}]"
    kind = ("integer scalar" if buffer.dtype == "int" else "scalar", "vector", "matrix")[min(len(buffer.shape), 2)]
    kind = "tensor" if len(buffer.shape) > 2 else kind
    return f"{buffer.name}: {kind}" + (f"[{', '.join(map(str, buffer.shape))}]" if buffer.shape else "")


def _described(shape: tuple[int, ...]) -> str:
    return f"an array of shape {shape}" if shape else "a number"
