"""Functions of the language as Python objects: evaluate, differentiate, print, bind.

Enters: parsed functions.  Leaves: `Function` and `Program`, the public API.  Always holds: a `Function` never changes;
its kernels are made when first needed, for the types of the arguments, and kept.  Not for: how a kernel runs
(`kernel.py`) or what it computes (`compiler/`).
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..compiler.calculus.derive import Derivation, derive, simplified, variables_or_only
from ..compiler.language.definition import Definition, elaborate, free_names
from ..compiler.language.infer import infer
from ..compiler.printing import printer
from ..grammar import errors, syntax
from ..grammar.parse import parse_expression, parse_program
from ..grammar.source import Source, read_source, text_source
from .arguments import arranged, as_array
from .bound import BoundFunction
from .compilation import Compilation, nest_of

if TYPE_CHECKING:
    from ..compiler.explain import Explanation
    from .direct import Direct
    from .kernel import Kernel

Array = Any
FEW_CALLS = 2  # that do without the fast entry, which takes longer to make than a call


class Program:
    """The functions of a `.mg` file: `prog.ridge`, `prog["ridge"]`, or iterate over them."""

    def __init__(self, source: Source) -> None:
        functions = parse_program(source)
        table = {f.name: f for f in functions if f.name is not None}
        self._functions = {name: Function(source, f, table) for name, f in table.items()}

    def __getitem__(self, name: str) -> Function:
        if name not in self._functions:
            close = errors.suggest(name, self._functions)
            raise errors.ArgumentError(
                f"there is no function {name}",
                found=f"the functions are {', '.join(self._functions)}",
                hint=f"did you mean {close}?" if close else "",
            )
        return self._functions[name]

    def __getattr__(self, name: str) -> Function:
        if name.startswith("_") or name not in self._functions:
            raise AttributeError(f"there is no function {name}")
        return self._functions[name]

    def __iter__(self) -> Iterator[Function]:
        return iter(self._functions.values())

    def __len__(self) -> int:
        return len(self._functions)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._functions]

    def __str__(self) -> str:
        return "\n\n".join(str(f) for f in self)


class Function:
    """A function of arrays, and everything that can be asked of it.

    Call it with arrays, positionally or by name: a scalar result is a float, others are C-contiguous arrays, several
    are a tuple.  Raises `mg.ShapeError`, `mg.TypeError`, `mg.DomainError` or `mg.ArgumentError`, which name the
    argument.
    """

    def __init__(
        self,
        source: Source,
        function: syntax.Function,
        functions: Mapping[str, syntax.Function],
        derivations: tuple[Derivation, ...] = (),
        bases: dict[tuple[int, ...], Definition] | None = None,
    ) -> None:
        self._source, self._syntax, self._functions = source, function, functions
        self._bases = {} if bases is None else bases
        if function.name is None:
            names = tuple(free_names(function, functions))
        else:
            names = tuple(p.name for p in function.parameters)
        declared = {p.name for p in function.parameters if p.type is not None}
        self._start(names, tuple(name for name in names if name not in declared), derivations)
        if not self._untyped:
            self.definition()  # so that a file's errors show when it is loaded

    def _start(self, names: tuple[str, ...], untyped: tuple[str, ...], derivations: tuple[Derivation, ...]) -> None:
        self._names, self._untyped, self._derivations = names, untyped, derivations
        self._definitions: dict[tuple[int, ...], Definition] = {}
        self._compilations: dict[tuple[int, ...], Compilation] = {}
        self._made: dict[Derivation, Function] = {}  # f.grad("w") in a loop derives and compiles once
        self._lock = threading.RLock()
        self._slow_calls = 0
        self._entries: dict[Kernel | Direct, Callable[..., Any]] = {}
        self._entry: Callable[..., Any] = self._slow_call

    @property
    def name(self) -> str | None:
        """The function's name; None for a bare expression."""
        return self._syntax.name

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the parameters, in order; that of a direction (`hvp jvp vjp`) comes last."""
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

    def jac(self, variable: str | None = None) -> Function:
        """The derivative of any array: indices of the result, then those of the variable."""
        return self._derived("jac", () if variable is None else (variable,))

    def hess(self, variable: str | None = None) -> Function:
        """The second derivative of a scalar function."""
        return self._derived("hess", () if variable is None else (variable,))

    def hvp(self, variable: str | None = None) -> Function:
        """Hessian times a direction, which is a further, last argument; the Hessian is not formed."""
        return self._derived("hvp", () if variable is None else (variable,))

    def jvp(self, variable: str | None = None) -> Function:
        """The directional derivative; the direction (of the variable's shape) is a further, last argument."""
        return self._derived("jvp", () if variable is None else (variable,))

    def vjp(self, variable: str | None = None) -> Function:
        """The adjoint of the derivative applied to a further, last argument of the result's shape."""
        return self._derived("vjp", () if variable is None else (variable,))

    def _derived(self, operation: str, variables: Sequence[str | Sequence[str]]) -> Function:
        derivation = Derivation(operation, variables_or_only(self.parameters, variables))
        if derivation not in self._made:
            made = self._with((*self._derivations, derivation))
            made.definition()  # an unknown variable is an error here and not at the first call
            self._made[derivation] = made
        return self._made[derivation]

    def _with(self, derivations: tuple[Derivation, ...]) -> Function:
        return Function(self._source, self._syntax, self._functions, derivations, self._bases)

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
            return infer(self._untyped, self._base, (lambda d: not d.results[0].order) if scalar else (lambda d: True))
        given = orders or ()
        if given not in self._bases:
            self._bases[given] = self._base(dict(zip(self._untyped, given, strict=True)))
        return self._bases[given]

    def _base(self, orders: Mapping[str, int]) -> Definition:
        """The definition of the function that is derived from, for parameters without type of these orders."""
        return elaborate(self._syntax, self._source, self._functions, orders, self._names)

    # Evaluation.

    def __call__(self, *arguments: Any, out: Any = None, **named: Any) -> Any:
        if named or len(arguments) != self._count:
            arguments = arranged(self.name or "the function", self.parameters, arguments, named)
        return self._entry(*arguments) if out is None else self._entry(*arguments, out=out)

    @functools.cached_property
    def _count(self) -> int:
        return len(self.parameters)

    def _slow_call(self, *arguments: Any, out: Any = None) -> Any:
        """A call for whose arguments the entry in use is not made: finds the kernel, and makes it the entry."""
        kernel, limits = self.compilation(arguments).kernel(arguments)
        self._slow_calls += 1
        if self._slow_calls > FEW_CALLS:
            entry = self._entries.get(kernel)
            if entry is None:
                entry = self._entries[kernel] = kernel.entry(fallback=self._slow_call, limits=limits)
            self._entry = entry
        return kernel.run(*arguments, out=out)

    def compilation(self, arguments: Sequence[Any]) -> Compilation:
        """The kernels for arguments of these orders."""
        if not self._untyped:
            orders: tuple[int, ...] = ()
        else:
            given = dict(zip(self.parameters, arguments, strict=True))
            orders = tuple(as_array(name, given[name]).ndim for name in self._untyped)
        with self._lock:
            if orders not in self._compilations:
                last = self._derivations[-1] if self._derivations else None
                nested = last is not None and last.operation == "value_and_grad" and len(last.variables) > 1
                definition = self.definition(orders)
                self._compilations[orders] = Compilation(definition, nest_of(definition, nested), repr(self))
            return self._compilations[orders]

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

    def _syntax_text(self) -> str:
        span = self._syntax.span
        text = " ".join(self._source.text[span.start : span.end].split())
        return repr(text if len(text) <= 60 else text[:57] + "...")

    def latex(self) -> str:
        """The result in LaTeX."""
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
        if self._compilations:
            return next(reversed(self._compilations.values()))
        return Compilation(self.definition())


def load(path: Any) -> Program:
    """The functions of a `.mg` file.  Raises `mg.FileError` (also an OSError) for a file that cannot be read."""
    return Program(read_source(path))


def loads(text: str) -> Program:
    """The functions of a text in the language."""
    return Program(text_source(text))


def function(text: str) -> Function:
    """The function that a text defines: one `fn`, or a bare expression, whose parameters are its free names in the
    order of first appearance."""
    return function_of(text_source(text))


def function_of(source: Source) -> Function:
    """The function that a source defines, as `function` does."""
    parsed = parse_expression(source)
    table = {parsed.name: parsed} if parsed.name is not None else {}
    return Function(source, parsed, table)
