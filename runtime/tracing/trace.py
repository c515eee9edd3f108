"""Functions written in Python with NumPy's notation: `@mg.trace`.

Enters: a Python function of arrays.  Leaves: a `Function` with the same expressions as one written in the language.
Always holds: the Python function runs on stand-ins for its arguments (`traced.py`), once for each combination of their
orders; NumPy's rules hold inside (`*` is elementwise, vectors have no orientation, shapes are aligned at their ends).
Not for: control flow that depends on values.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from ...compiler.calculus.derive import Derivation
from ...compiler.language.definition import Definition, restarted
from ...compiler.language.sizes import Sizes, size_letters
from ...compiler.tensor.expr import Symbol, symbol
from ...grammar import errors
from ..function import Function
from ..signature import Signature
from .traced import Tape, Traced


class TracedFunction(Function):
    """A `Function` whose body is a Python function in NumPy's notation."""

    def __init__(self, function: Callable[..., Any], derivations: tuple[Derivation, ...] = ()) -> None:
        try:
            signature = inspect.signature(function)
        except (TypeError, ValueError):
            raise errors.TypeError("trace is of a Python function", found=f"it is given {function!r}") from None
        self._function, self._bases = function, {}
        functools.update_wrapper(self, function)
        names = []
        for parameter in signature.parameters.values():
            if parameter.kind not in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
                raise errors.ArgumentError(
                    f"{parameter} cannot be traced", needed="parameters with names, without * and **"
                )
            names.append(parameter.name)
        self._start(tuple(names), tuple(names), derivations)

    @property
    def name(self) -> str | None:
        """The Python function's name."""
        return self._function.__name__ if self._function.__name__.isidentifier() else None

    def _with(self, derivations: tuple[Derivation, ...]) -> Function:
        return TracedFunction(self._function, derivations)

    def identity(self, sign: Signature | None = None) -> tuple[Any, ...]:
        """The expressions that the Python function makes of parameters of these orders; it is run to know them, and
        what they are found by is the same in every process."""
        orders = None if sign is None else tuple(len(shape) for shape in sign[1][: len(self._names)])
        base = self.elaborated(orders)
        parameters = [(p.name, p.key.hex()) for p in base.parameters]
        requirements = [(str(dim), text) for dim, text in base.requirements]
        results = [result.key.hex() for result in base.results]
        return ("traced", self.name, parameters, results, base.several, requirements, self._derivations)

    def _syntax_text(self) -> str:
        return self._function.__name__

    def _base(self, orders: Mapping[str, int]) -> Definition:
        sizes = Sizes()
        return restarted(sizes, lambda: self._attempt(orders, sizes))

    def _attempt(self, orders: Mapping[str, int], sizes: Sizes) -> Definition:
        parameters: list[Symbol] = []
        for name in self._names:
            shape = tuple(sizes.fresh(f"{name}?{axis}") for axis in range(orders[name]))
            parameters.append(symbol(name, shape))
        tape = Tape(self._function, sizes)
        returned = self._function(*(Traced(tape, p) for p in parameters))
        several = isinstance(returned, tuple | list)
        results = tuple(tape.value(r) for r in (returned if several else (returned,)))
        sizes.close(parameters, (letter for letter in size_letters() if letter not in self._names))
        return Definition(self.name, tuple(parameters), results, several, tuple(sizes.requirements.items()))


def trace(function: Callable[..., Any]) -> TracedFunction:
    """The function of a Python function that is written in NumPy's notation.

    It may use `@ + - * / **`, comparisons, `.T`, `.sum()` and the like, indexing, NumPy's elementwise functions, `sum
    mean max min trace outer dot diag einsum where`, and `np.linalg`'s `inv pinv det slogdet solve norm cholesky
    eigvalsh svdvals`. Types are taken from the arguments of the call.  Raises mg.Error at the line where something
    does not fit.
    """
    return TracedFunction(function)
