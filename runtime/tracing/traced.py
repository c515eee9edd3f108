"""Stand-ins for arrays: what a traced Python function computes with.

Enters: operators and NumPy functions on `Traced` values, by Python's and NumPy's protocols.  Leaves: `Traced` values,
each with its expression.  Always holds: shapes follow NumPy's rules; errors name the line of the traced function.
Not for: what NumPy functions mean (`numpy_functions.py`).
"""

from __future__ import annotations

import linecache
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any, NoReturn

import numpy as np

from ...compiler.language.sizes import Sizes
from ...compiler.language.wording import describe
from ...compiler.tensor import algebra
from ...compiler.tensor.dims import Dim
from ...compiler.tensor.expr import Expr, constant, structure
from ...grammar import errors, syntax
from ...grammar.source import Source

ONE = Dim.of(1)
MOST_ELEMENTS = 4096  # of an array that a traced function brings along


UNKNOWN = "the values of a traced function are not known yet"
METHODS = "there are T, shape, size, ndim, sum, mean, max, min, prod, var, std, cumsum, dot, trace, transpose, ravel"
LIKE = "sizes stay symbols: X.shape[0] instead of len(X), np.eye(X.shape[0], like=X) instead of np.eye(len(X))"


class Tape:
    """One run of a traced function: its sizes, and where it stands for the sake of errors."""

    def __init__(self, function: Callable[..., Any], sizes: Sizes) -> None:
        self._code = getattr(function, "__code__", None)
        self.sizes = sizes

    def fail(
        self, title: str, found: str = "", hint: str = "", kind: type[errors.Error] = errors.ShapeError
    ) -> NoReturn:
        """Raises an error at the line of the traced function that runs."""
        title, found, hint = self.sizes.named(title, found, hint)
        raise kind(title, source=self._source(), span=self._span(), found=found, hint=hint)

    def _line(self) -> tuple[str, int] | None:
        frame = sys._getframe()
        while frame is not None and frame.f_code is not self._code:
            frame = frame.f_back  # type: ignore[assignment]
        return (frame.f_code.co_filename, frame.f_lineno) if frame is not None else None

    def _source(self) -> Source | None:
        place = self._line()
        return (
            Source(place[0], "".join(linecache.getlines(place[0]))) if place and linecache.getlines(place[0]) else None
        )

    def _span(self) -> syntax.Span | None:
        place = self._line()
        if place is None:
            return None
        lines = linecache.getlines(place[0])
        text = lines[place[1] - 1] if place[1] <= len(lines) else ""
        start = sum(map(len, lines[: place[1] - 1])) + len(text) - len(text.lstrip())
        return syntax.Span(start, start + len(text.strip()))

    def same(self, a: Dim, b: Dim) -> bool:
        """Whether two sizes fit together."""
        return self.sizes.equal(a, b)

    def value(self, given: Any) -> Expr:
        """The expression of a traced value, a number, or a small array."""
        if isinstance(given, Traced):
            return given.value
        if isinstance(given, bool | int | float | np.generic):
            return self._number(float(given))
        if isinstance(given, np.ndarray | list | tuple):
            return self._array(np.asarray(given, dtype=float))
        what = f"the type {given.__name__}" if isinstance(given, type) else type(given).__name__
        self.fail(f"{what} has no meaning here", kind=errors.TypeError)

    def _number(self, given: float) -> Expr:
        if np.isnan(given):
            self.fail("nan has no meaning here", kind=errors.TypeError)
        if np.isinf(given):
            return algebra.scaled(constant("inf"), Fraction(1 if given > 0 else -1))
        return algebra.number(Fraction(repr(given)))

    def _array(self, given: Any) -> Expr:
        """A constant array: of equal elements, an identity, or a sum over its elements."""
        shape = tuple(map(Dim.of, given.shape))
        if not given.ndim:
            return self._number(float(given))
        if given.size and np.all(given == given.flat[0]):
            return algebra.constant_tensor(self._number(float(given.flat[0])), shape)
        if given.ndim == 2 and shape[0] == shape[1] and np.array_equal(given, np.eye(len(given))):
            return algebra.delta(shape[0])
        if given.size > MOST_ELEMENTS or given.ndim > 2:
            self.fail("a large array inside of a traced function", hint="make it a parameter, and fix it with bind")
        terms = [algebra.zero(shape)]
        for index in zip(*np.nonzero(given), strict=True):
            units = [
                algebra.sum_over(structure("select", (ONE, size), Dim.of(int(k))), (0,))
                for k, size in zip(index, shape, strict=True)
            ]
            unit = units[0] if len(units) == 1 else algebra.outer(*units)
            terms.append(algebra.product(self._number(float(given[index])), unit))
        return algebra.total(*terms)


def _binary(name: str) -> Any:
    def operator(self: Traced, other: Any) -> Any:
        from .numpy_functions import binary

        return binary(self.tape, name, self, other)

    return operator


def _reflected(name: str) -> Any:
    def operator(self: Traced, other: Any) -> Any:
        from .numpy_functions import binary

        return binary(self.tape, name, other, self)

    return operator


def _method(name: str) -> Any:
    def method(self: Traced, *arguments: Any, **options: Any) -> Any:
        from .numpy_functions import called

        return called(self.tape, name, (self, *arguments), options)

    return method


def _refused(operators: str, hint: str) -> Any:
    def operator(self: Traced, *others: Any) -> NoReturn:
        self.tape.fail(f"{' '.join(operators.split())} cannot be traced", hint=hint, kind=errors.TypeError)

    return operator


class UnknownAttribute(errors.TypeError, AttributeError):
    """A traced array lacks this attribute: it does not have all of NumPy's."""


class Traced:
    """A stand-in for an array of a known number of dimensions, whose values are not known."""

    __slots__ = ("tape", "value")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, tape: Tape, value: Expr) -> None:
        self.tape, self.value = tape, value

    def __array_ufunc__(self, function: Any, method: str, *inputs: Any, **options: Any) -> Any:
        from .numpy_functions import called

        if method != "__call__":
            self.tape.fail(f"np.{function.__name__}.{method} cannot be traced", kind=errors.TypeError)
        return called(self.tape, function.__name__, inputs, options)

    def __array_function__(self, function: Any, types: Any, arguments: Any, options: Any) -> Any:
        from .numpy_functions import called

        return called(self.tape, function.__name__, arguments, options)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        self.tape.fail(
            "a traced array cannot become one of NumPy's",
            found="np.asarray, np.array or a function without NumPy's protocols asks for its values",
            hint="leave np.asarray out, and write np.stack([a, b]) instead of np.array([a, b])",
            kind=errors.TypeError,
        )

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return self.value.order

    @property
    def shape(self) -> tuple[Any, ...]:
        """The sizes: numbers where they are known, else traced scalars."""
        sizes = self.value.shape
        return tuple(d.value if d.value is not None else Traced(self.tape, algebra.size_scalar(d)) for d in sizes)

    @property
    def size(self) -> Any:
        """Number of elements."""
        total = ONE
        for size in self.value.shape:
            total = total * size
        return total.value if total.value is not None else Traced(self.tape, algebra.size_scalar(total))

    @property
    def T(self) -> Traced:
        """The array with its dimensions reversed."""
        return Traced(self.tape, algebra.permute(self.value, tuple(reversed(range(self.value.order)))))

    def __getitem__(self, key: Any) -> Traced:
        from .items import item

        return item(self, key)

    def __neg__(self) -> Traced:
        return Traced(self.tape, algebra.scaled(self.value, Fraction(-1)))

    def __pos__(self) -> Traced:
        return self

    def __abs__(self) -> Traced:
        return Traced(self.tape, algebra.map_("abs", (self.value,)))

    def __bool__(self) -> bool:  # noqa: PLE0304 - it raises
        self.tape.fail(
            UNKNOWN,
            kind=errors.TypeError,
            found="an if, while, and, or depends on one",
            hint="write np.where(condition, a, b)",
        )

    def __float__(self) -> float:
        self.tape.fail(UNKNOWN, kind=errors.TypeError)

    def __int__(self) -> int:
        self.tape.fail(UNKNOWN, kind=errors.TypeError)

    def __index__(self) -> int:  # noqa: PLE0305 - it raises
        self.tape.fail(UNKNOWN, kind=errors.TypeError, hint=LIKE)

    def __len__(self) -> int:
        length = self.value.shape[0].value if self.value.order else None
        if length is None:
            self.tape.fail("the length of a traced array is not known yet", kind=errors.TypeError, hint=LIKE)
        return length

    def __iter__(self) -> Iterator[Traced]:
        length = self.value.shape[0].value if self.value.order else None
        if length is None:
            self.tape.fail("a traced array cannot be iterated: its length is not known", kind=errors.TypeError)
        return iter([self[k] for k in range(length)])

    def __repr__(self) -> str:
        return f"<traced {describe(self.value.shape)}: {self.value!r}>"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # NumPy looks for its protocols
            raise AttributeError(name)
        self.tape.fail(f".{name} cannot be traced", kind=UnknownAttribute, hint=METHODS)

    def astype(self, dtype: Any, **options: Any) -> Traced:
        """The array, which holds real numbers."""
        if dtype not in (float, np.float64, np.float32, "float", "float64", "float32"):
            self.tape.fail("traced arrays hold real numbers", found=f"dtype is {dtype!r}", kind=errors.TypeError)
        return self

    def reshape(self, *shape: Any, **options: Any) -> Traced:
        """The elements row by row."""
        if len(shape) != 1 or options or isinstance(shape[0], Traced) or shape[0] not in (-1, (-1,)):
            self.tape.fail(".reshape is traced with -1 alone", kind=errors.TypeError)
        made: Traced = self.ravel()
        return made

    __and__ = __rand__ = __or__ = __ror__ = __xor__ = __rxor__ = _refused("& | ^", "write np.where inside of np.where")
    __invert__ = _refused("~", "turn the comparison around")
    __mod__ = __rmod__ = __floordiv__ = __rfloordiv__ = _refused("% //", "np.floor can be traced")
    __add__, __radd__ = _binary("add"), _reflected("add")
    __sub__, __rsub__ = _binary("subtract"), _reflected("subtract")
    __mul__, __rmul__ = _binary("multiply"), _reflected("multiply")
    __truediv__, __rtruediv__ = _binary("divide"), _reflected("divide")
    __pow__, __rpow__ = _binary("power"), _reflected("power")
    __matmul__, __rmatmul__ = _binary("matmul"), _reflected("matmul")
    __lt__, __le__, __gt__, __ge__ = (
        _binary("less"),
        _binary("less_equal"),
        _binary("greater"),
        _binary("greater_equal"),
    )
    __eq__, __ne__ = _binary("equal"), _binary("not_equal")
    sum, mean, max, min, prod = map(_method, ("sum", "mean", "max", "min", "prod"))
    dot, trace, var, std, transpose, ravel, cumsum, clip, copy = map(
        _method, ("dot", "trace", "var", "std", "transpose", "ravel", "cumsum", "clip", "copy")
    )
    flatten = ravel
