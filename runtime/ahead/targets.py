"""What is compiled ahead of time: the functions of a file, and their derivatives by chosen parameters.

Enters: parsed functions, names of parameters.  Leaves: `Target`s: a name, a kernel program, and identifiers that are
good in C and in Python.  Always holds: the names of a list of targets are distinct.  Not for: writing files.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...compiler.kernel.emit_text import Names
from ...compiler.kernel.interpret import solve_size
from ...compiler.kernel.layout import Layout, layout
from ...compiler.kernel.program import Program, Require
from ...compiler.plan.atoms import NoRoutine
from ...grammar import errors
from ..compilation import Compilation, nest_of

if TYPE_CHECKING:
    from ..function import Function

_C_WORDS = re.findall(
    r"\w+",
    """
    alignas alignof auto bool break case char const constexpr continue default do double else enum extern false float
    for goto if inline int long nullptr register restrict return short signed sizeof static struct switch true typedef
    typeof union unsigned void volatile while asm catch class delete explicit export friend mutable namespace new
    operator private protected public template this throw try typename using virtual and or not xor NULL min max abs
    table status workspace failures
    """,
)


@dataclass(frozen=True)
class Target:
    """One function to compile.

    `sizes` are the identifiers of its sizes, `parameters` and `results` those of the arrays; `formula` is what it
    computes, in the language.
    """

    name: str
    program: Program
    nest: Any
    formula: str
    results: tuple[str, ...]
    names: Names = field(compare=False)

    @property
    def layout(self) -> Layout:
        """The address table."""
        return layout(self.program)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The identifiers of the inputs."""
        return tuple(self.names.identifier(b.name) for b in self.program.inputs)

    @property
    def size_names(self) -> tuple[str, ...]:
        """The names of the sizes in the order of their appearance, without those that are arguments themselves."""
        integers = {b.name for b in self.program.inputs if b.dtype == "int"}
        found = [name for b in self.program.inputs for dim in b.shape for name in sorted(dim.names)]
        return tuple(name for name in dict.fromkeys(found) if name not in integers)

    @property
    def sizes(self) -> tuple[str, ...]:
        """The identifiers of the sizes."""
        return tuple(self.names.size(name) for name in self.size_names)

    @property
    def solved(self) -> list[tuple[str, str]]:
        """(size, expression of the shapes) for each size, in an order in which they can be computed."""
        names, found, known = self.names, [], {b.name for b in self.program.inputs if b.dtype == "int"}
        axes = [
            (f"{names.identifier(b.name)}.shape[{a}]", dim)
            for b in self.program.inputs
            for a, dim in enumerate(b.shape)
        ]
        for text, dim in axes:
            if dim.name is not None and dim.name not in known:
                known.add(dim.name)
                found.append((names.size(dim.name), text))
        for text, dim in axes:
            solved = solve_size(dim, known)
            if solved is not None:
                known.add(solved[0])
                found.append((names.size(solved[0]), f"{text} - ({names.dim(solved[1])})"))
        return found

    def is_shape_failure(self, failure: str) -> bool:
        """Whether a failure is about sizes and indices, and not about numbers."""
        return any(isinstance(s, Require) and s.failure == failure for s in self.program.flat())


def targets(
    functions: Sequence[Function], wrt: Sequence[str] = (), sizes: Mapping[str, int] | None = None
) -> list[Target]:
    """The functions, and for those with parameters of `wrt` their derivatives.

    These are `f_grad` and `f_value_and_grad`, or `f_jac` where the result is an array or there are several.

    `sizes` are those to be fast for.  Raises mg.Error for a function without a kernel, and where no function has the
    parameters.
    """
    found: list[Target] = []
    for function in functions:
        title = function.name or "f"
        found.append(_target(title, function, _numbered("result", function), sizes))
        present = tuple(name for name in wrt if name in function.parameters)
        if not present:
            continue
        results = function.definition().results
        if len(results) == 1 and not results[0].order:
            slopes = ("gradient",) if len(present) == 1 else tuple(f"gradient_{name}" for name in present)
            found.append(_target(f"{title}_grad", function.grad(*present), slopes, sizes))
            both = function.value_and_grad(*present)
            found.append(_target(f"{title}_value_and_grad", both, ("value", *slopes), sizes))
        else:
            several = len(present) > 1
            for name in present:
                made = f"{title}_jac_{name}" if several else f"{title}_jac"
                found.append(_target(made, function.jac(name), _numbered("jacobian", function), sizes))
    _check(functions, wrt, [t.name for t in found])
    return found


def _check(functions: Sequence[Function], wrt: Sequence[str], made: Sequence[str]) -> None:
    for name in wrt:
        if not any(name in f.parameters for f in functions):
            known = sorted({p for f in functions for p in f.parameters})
            raise errors.ArgumentError(f"no function has a parameter {name}", found=f"there are {', '.join(known)}")
    twice = sorted({name for name in made if made.count(name) > 1})
    if twice:
        raise errors.Error(
            f"two functions would have the name {twice[0]}", hint="rename the function, or build another one with --fn"
        )
    bad = [name for name in made if keyword.iskeyword(name) or name in _C_WORDS]
    if bad:
        raise errors.Error(f"{bad[0]} is a word of Python or C", hint="rename the function")


def _numbered(name: str, function: Function) -> tuple[str, ...]:
    count = len(function.definition().results)
    return (name,) if count == 1 else tuple(f"{name}{k}" for k in range(1, count + 1))


def _target(title: str, function: Function, wished: tuple[str, ...], sizes: Mapping[str, int] | None) -> Target:
    nested = title.endswith("_value_and_grad") and len(wished) > 2
    definition = function.definition()
    sparse = sorted(function.sparse_parameters)
    if sparse:
        raise errors.Error(
            f"{title} cannot be compiled ahead of time",
            found=f"{sparse[0]} is sparse: modules and libraries take dense arrays",
            hint=f"declare {sparse[0]} without sparse",
        )
    compilation = Compilation(definition, nest_of(definition, nested))
    try:
        program = compilation.program(sizes)
    except NoRoutine as missing:
        raise errors.Error(
            f"{title} cannot be compiled ahead of time",
            found=f"{missing} has no routine of its own: it is evaluated by NumPy and SciPy",
        ) from None
    names = Names("float64", {*_C_WORDS, *keyword.kwlist, title})
    for buffer in program.inputs:
        names.identifier(buffer.name)
    results = tuple(names.fresh(wish) for wish in wished)
    return Target(title, program, compilation.nest, function.text(), results, names)
