"""A function of the language as a Python object: evaluate, differentiate, print, bind.

Enters: what is written in a text (`written.py`).  Leaves: `Function`, the public API.  Always holds: a `Function` never
changes; its kernels are made when first needed, for the types of the arguments, and kept, also on disk: a process that
finds there what it calls imports no part of the compiler, neither Lark nor Numba.  Not for: reading texts
(`program.py`), how a kernel runs (`compiled.py`) or what it computes (`compiler/`).
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..compiler.calculus.derivation import Derivation, variables_of
from ..grammar import errors
from . import records
from .arguments import arranged, as_array, input_names, is_sparse
from .entries import Entries
from .signature import Limits, Signature, limits_read, listed, samples, signature
from .written import Parsed, Text, Written

if TYPE_CHECKING:
    from ..compiler.explain import Explanation
    from ..compiler.language.definition import Definition
    from ..grammar import syntax
    from ..grammar.source import Source
    from .bound import BoundFunction
    from .compilation import Compilation
    from .compiled import Compiled
    from .direct import Direct

Array = Any
FEW_CALLS = 2  # that do without the fast entry, which takes longer to make than a call
MOST_SIGNATURES = 256  # whose kernels are remembered: a program that meets more starts again


class Function:
    """A function of arrays, and everything that can be asked of it.

    Call it with arrays, positionally or by name: a scalar result is a float, others are C-contiguous arrays, several
    are a tuple.  Raises `mg.ShapeError`, `mg.TypeError`, `mg.DomainError` or `mg.ArgumentError`, which name the
    argument.
    """

    _written: Written | None = None  # None for a function that stands in no text
    _sparse: Mapping[str, Sequence[str]] = {}  # the attributes of the parameters that are sparse

    def __init__(
        self,
        source: Source,
        function: syntax.Function,
        functions: Mapping[str, syntax.Function],
        derivations: tuple[Derivation, ...] = (),
    ) -> None:
        self._begin(Parsed(source, function, functions), derivations)

    @classmethod
    def of(cls, written: Written, derivations: tuple[Derivation, ...] = ()) -> Function:
        """A function that is written in a text."""
        made = cls.__new__(cls)
        made._begin(written, derivations)
        return made

    def _begin(self, written: Written, derivations: tuple[Derivation, ...]) -> None:
        self._written, self._bases, self._sparse = written, written.bases, written.sparse
        self._start(written.names, written.untyped, derivations)
        if not self._untyped and not derivations and not written.is_known:
            self.definition()  # so that a file's errors show when it is loaded

    def _start(self, names: tuple[str, ...], untyped: tuple[str, ...], derivations: tuple[Derivation, ...]) -> None:
        self._names, self._untyped, self._derivations = names, untyped, derivations
        self._definitions: dict[tuple[int, ...], Definition] = {}
        self._compilations: dict[tuple[int, ...], Compilation] = {}
        self._made: dict[Derivation, Function] = {}  # f.grad("w") in a loop derives and compiles once
        self._lock = threading.RLock()
        self._slow_calls = 0
        self._sample: Sequence[Array] | None = None  # what stands for the arguments of the last slow call
        self._kernels: dict[Signature, tuple[Compiled | Direct, Limits]] = {}
        self._kept: set[Signature] = set()
        self._entries = Entries(self._slow_call)
        self._entry: Callable[..., Any] = self._entries.first

    def identity(self, sign: Signature | None = None) -> tuple[Any, ...] | None:
        """What makes it the same function in another process, for calls of a signature; None where that cannot be
        said."""
        key = self._written.key if self._written is not None else None
        return None if key is None else (*key, self._derivations)

    @property
    def _source(self) -> Source:
        assert self._written is not None
        return self._written.source

    @property
    def _syntax(self) -> syntax.Function | None:
        return None if self._written is None else self._written.tree

    @property
    def _functions(self) -> Mapping[str, syntax.Function]:
        return {} if self._written is None else self._written.table

    @property
    def name(self) -> str | None:
        """The function's name; None for a bare expression."""
        return None if self._written is None else self._written.name

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the parameters, in order; that of a direction (`hvp jvp vjp`) comes last."""
        return self._parameters

    @functools.cached_property
    def _parameters(self) -> tuple[str, ...]:
        if any(d.operation in ("hvp", "jvp", "vjp") for d in self._derivations):
            return tuple(p.name for p in self.definition().parameters)
        return self._names

    # Derived functions.

    def grad(self, *variables: str | Sequence[str]) -> Function:
        """The gradient of a scalar function: the shape of the variable; of several variables a tuple."""
        return self._derived("grad", variables)

    def value_and_grad(self, *variables: str | Sequence[str]) -> Function:
        """The value together with the gradient (or a tuple of them), which share their work."""
        return self._derived("value_and_grad", variables)

    def jac(self, *variable: str) -> Function:
        """The derivative of an array: indices of the result, then those of the variable; of several results a tuple."""
        return self._derived("jac", variable)

    def hess(self, *variable: str) -> Function:
        """The second derivative of a scalar function."""
        return self._derived("hess", variable)

    def hvp(self, *variable: str) -> Function:
        """Hessian times a direction, which is a further, last argument; the Hessian is not formed."""
        return self._derived("hvp", variable)

    def jvp(self, *variable: str) -> Function:
        """The directional derivative; the direction (of the variable's shape) is a further, last argument."""
        return self._derived("jvp", variable)

    def vjp(self, *variable: str) -> Function:
        """The adjoint of the derivative applied to a further, last argument of the result's shape."""
        return self._derived("vjp", variable)

    def _derived(self, operation: str, variables: Sequence[str | Sequence[str]]) -> Function:
        derivation = Derivation(operation, variables_of(operation, self.parameters, variables))
        if derivation not in self._made:
            made = self._with((*self._derivations, derivation))
            key = made.identity()
            kept = None if key is None else records.read("derived", key)
            if kept is not None:
                made.__dict__["_parameters"] = tuple(kept)
            else:
                made.definition()  # an unknown variable is an error here and not at the first call
                if key is not None:
                    records.write("derived", key, made.parameters)
            self._made[derivation] = made
        return self._made[derivation]

    def _with(self, derivations: tuple[Derivation, ...]) -> Function:
        assert self._written is not None
        return Function.of(self._written, derivations)

    # Meaning.

    def definition(self, orders: tuple[int, ...] | None = None) -> Definition:
        """The expressions behind the function; `orders` are those of the parameters without type (guessed if None)."""
        if not self._untyped:
            orders = ()
        key = orders if orders is not None else (-1,)
        if key not in self._definitions:
            self._definitions[key] = self._define(orders)
        return self._definitions[key]

    def _define(self, orders: tuple[int, ...] | None) -> Definition:
        from ..compiler.calculus.derive import derive, simplified

        base = self.elaborated(orders)
        for derivation in self._derivations:
            base = derive(base, derivation)
        return base if self._derivations else simplified(base)

    def elaborated(self, orders: tuple[int, ...] | None = None) -> Definition:
        """The function from which this one is derived, before any rule is applied to it; `orders` as in
        `definition`."""
        if orders is None and self._untyped:
            scalar = bool(self._derivations) and self._derivations[0].operation in (
                "grad",
                "value_and_grad",
                "hess",
                "hvp",
            )
            from ..compiler.language.infer import infer

            return infer(self._untyped, self._base, (lambda d: not d.results[0].order) if scalar else (lambda d: True))
        given = orders or ()
        if given not in self._bases:
            self._bases[given] = self._base(dict(zip(self._untyped, given, strict=True)))
        return self._bases[given]

    def _base(self, orders: Mapping[str, int]) -> Definition:
        """The definition of the function that is derived from, for parameters without type of these orders."""
        from ..compiler.language.definition import elaborate

        written = self._written
        assert written is not None
        return elaborate(written.tree, written.source, written.table, orders, self._names)

    # Evaluation.

    def __call__(self, *arguments: Any, out: Any = None, **named: Any) -> Any:
        if named or len(arguments) != self._count:
            arguments = arranged(self.name or "the function", self.parameters, arguments, named)
        if self._sparse:
            arguments = tuple(self.held(dict(zip(self.parameters, arguments, strict=True))).values())
        return self._entry(*arguments) if out is None else self._entry(*arguments, out=out)

    @functools.cached_property
    def inputs(self) -> tuple[str, ...]:
        """The names of what kernels take: the parameters, and for a sparse one its arrays."""
        return input_names(self.parameters, self._sparse)

    @property
    def sparse_parameters(self) -> frozenset[str]:
        """The parameters that are declared sparse."""
        return frozenset(self._sparse)

    def held(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Arguments as kernels take them: for a sparse matrix its arrays."""
        if self._sparse.keys().isdisjoint(data):
            return dict(data)
        from .sparse import held

        names = input_names(tuple(data), self._sparse)
        values = [part for name, value in data.items() for part in
                  (held(name, self._sparse[name], value) if name in self._sparse else [value])]  # fmt: skip
        return dict(zip(names, values, strict=True))

    @functools.cached_property
    def _count(self) -> int:
        return len(self.parameters)

    def _slow_call(self, *arguments: Any, out: Any = None) -> Any:
        """A call for whose arguments there is no entry: finds the kernel, and makes one."""
        from .compiled import Compiled, Misfit

        # Only the definition tells whether an argument may be sparse.
        found = self.compilation(arguments).kernel(arguments) if any(map(is_sparse, arguments)) else None
        arrays = [as_array(name, a) for name, a in zip(self.inputs, arguments, strict=True)]
        sign = signature(arguments, arrays)
        kernel, limits = (
            found or self._kernels.get(sign) or self._stored(sign) or self.compilation(arguments).kernel(arguments)
        )
        try:
            result = kernel.run(*arrays, out=out)
        except Misfit:
            kernel, limits = self.compilation(arguments).kernel(arguments)
            result = kernel.run(*arrays, out=out)
        self._slow_calls += 1
        self._sample = samples(arrays)
        if isinstance(kernel, Compiled):
            self._note(sign, kernel, limits)
        return result

    def _stored(self, sign: Signature) -> tuple[Compiled, Limits] | None:
        """The kernel for calls of a signature, as another process has left it, or None."""
        from .compiled import Compiled

        key = self.identity(sign)
        kept = None if key is None else records.read("kernel", (*key, sign))
        if kept is None:
            return None
        kernel = Compiled.read(kept["kernel"])
        if not kernel.is_compiled:
            return None
        self._kept.add(sign)
        return kernel, limits_read(kept["limits"])

    def _note(self, sign: Signature, kernel: Compiled, limits: Limits) -> None:
        """Remembers the kernel of a signature, and makes an entry once there were some calls."""
        with self._lock:
            if len(self._kernels) >= MOST_SIGNATURES:
                self._kernels.clear()
            self._kernels[sign] = kernel, limits
            if self._slow_calls > FEW_CALLS:
                self._entries.add(kernel, limits)
                self._entry = self._entries.first
        if kernel.is_compiled:
            self._keep(sign, kernel, limits)
        else:
            kernel.begin(lambda: self._keep(sign, kernel, limits))

    def _keep(self, sign: Signature, kernel: Compiled, limits: Limits) -> None:
        """Leaves the kernel of a signature to later processes."""
        key = self.identity(sign)
        if key is not None and sign not in self._kept:
            self._kept.add(sign)
            records.write("kernel", (*key, sign), {"kernel": kernel.record(), "limits": listed(limits)})

    def compilation(self, arguments: Sequence[Any]) -> Compilation:
        """The kernels for arguments of these orders."""
        from .compilation import Compilation, nest_of

        if not self._untyped:
            orders: tuple[int, ...] = ()
        else:
            given = dict(zip(self.inputs, arguments, strict=True))
            orders = tuple(as_array(name, given[name]).ndim for name in self._untyped)
        with self._lock:
            if orders not in self._compilations:
                last = self._derivations[-1] if self._derivations else None
                nested = last is not None and last.operation == "value_and_grad" and len(last.variables) > 1
                definition = self.definition(orders)
                self._compilations[orders] = Compilation(definition, nest_of(definition, nested), repr(self))
            made = self._compilations[orders]
            sample = self._sample
            if sample is not None and [a.ndim for a in sample] == [p.order for p in made.definition.parameters]:
                made.sample = sample
            return made

    def bind(self, *, fast: bool = False, **data: Any) -> BoundFunction:
        """The function of the remaining parameters, with data fixed: for the inner loops of optimizers.

        matgrad keeps references to the arrays and may compute ahead what depends on them alone.  With `fast` also by
        forms that square the conditioning (`X'*X`).
        """
        parameters = self.parameters
        for name in data:
            if name not in parameters:
                close = errors.suggest(name, parameters)
                raise errors.ArgumentError(
                    f"there is no parameter {name}", hint=f"did you mean {close}?" if close else ""
                )
        from .bound import BoundFunction

        return BoundFunction(self, data, fast)

    @functools.cached_property
    def njit(self) -> Any:
        """The function for other code compiled by Numba, which calls it without Python in between.

        Takes arrays and numbers, returns what a call returns; also as an argument of such code.  Wrong types are errors
        when that code is compiled; raises mg.ShapeError, mg.DomainError when it runs.  It is fast for the sizes of the
        last call from Python, or for medium ones if there was none.
        """
        from .njit import njit_function

        return njit_function(self)

    @functools.cached_property
    def address(self) -> int:
        """The address of the function as a C function (`runtime/callback.py` tells its forms), for other libraries."""
        from .callback import address

        return address(self)

    def low_level_callable(self) -> Any:
        """The `scipy.LowLevelCallable`, for functions of numbers (integrals) or of one vector (filters)."""
        from .callback import low_level_callable

        return low_level_callable(self)

    # Texts.

    def text(self) -> str:
        """The function in the language; it parses again to an equal function."""
        from ..compiler.printing import printer

        definition = self.definition()
        if self.name is None or self._derivations:
            bare = printer.bare_text(definition.results, definition.several)
            if bare is not None:
                return bare
        name = "_".join([*(d.operation for d in reversed(self._derivations)), self.name or "f"])
        return printer.function_text(name, definition.parameters, definition.results, definition.several)

    __str__ = text

    def __repr__(self) -> str:
        operations = "".join(f".{d.operation}({', '.join(map(repr, d.variables))})" for d in self._derivations)
        return f"<matgrad function {self.name or self._syntax_text()}{operations} of ({', '.join(self.parameters)})>"

    def __reduce__(self) -> tuple[Any, ...]:
        if self._written is None or self._written.key is None:
            raise errors.TypeError(f"{self!r} cannot be pickled", hint="functions that stand in a text can")
        form, _, name = self._written.key
        return restored, (self._written.source, form, name, self._derivations)

    def _syntax_text(self) -> str:
        assert self._written is not None
        span = self._written.tree.span
        text = " ".join(self._source.text[span.start : span.end].split())
        return repr(text if len(text) <= 60 else text[:57] + "...")

    def latex(self) -> str:
        """The result in LaTeX."""
        from ..compiler.printing import printer

        texts = [printer.latex(r) for r in self.definition().results]
        return texts[0] if len(texts) == 1 else r"\left(" + r",\; ".join(texts) + r"\right)"

    def _repr_latex_(self) -> str:
        return f"${self.latex()}$"

    def explain(
        self,
        *variables: str | Sequence[str],
        format: str = "text",  # noqa: A002
        fold: bool = True,
    ) -> Explanation:
        """How the derivative by a variable (or several) comes about, step by step, each with the name of its rule.

        That is the gradient of a scalar, the Jacobian of an array.  Without a variable it is how this function was
        derived (`f.hess("x").explain()`).  `format` is what `str` and `print` write: `text`, `markdown`, `latex` or
        `html`; with `fold`, long derivations are folded.
        """
        from .explanation import explain

        return explain(self, variables, format, fold)

    def source(self, dtype: str = "float64") -> str:
        """The Python source of the generated kernel (for the sizes of the last call, or for medium sizes)."""
        if dtype not in ("float64", "float32"):
            raise errors.ArgumentError(f"there is no kernel of {dtype!r}", needed="float64 or float32")
        return self._default_compilation().source(dtype)

    def plan(self) -> str:
        """The kernel program, step by step, as it is planned for the sizes of the last call, or for medium sizes."""
        return str(self._default_compilation().current())

    def cost(self, **sizes: int) -> Any:
        """Floating-point operations of the generated program: a number for given sizes, else a polynomial in them.

        Counted by the usual conventions (gemm 2mnk, syrk mn(n+1), potrf n^3/3, potri 2n^3/3, trsm mn^2, an
        elementwise operation or function 1 per element).
        """
        return self._default_compilation().cost(sizes)

    def _default_compilation(self) -> Compilation:
        if self._sample is not None:
            return self.compilation(self._sample)
        if self._compilations:
            return next(reversed(self._compilations.values()))
        from .compilation import Compilation

        return Compilation(self.definition())


def restored(source: Source, form: str, name: str | None, derivations: tuple[Derivation, ...]) -> Function:
    """The function that was pickled."""
    return Function.of(Text(source, form).functions[name], derivations)
