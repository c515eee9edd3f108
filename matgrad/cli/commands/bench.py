"""`matgrad bench`: time the functions of a file on random data."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from ...grammar.errors import DomainError
from .. import completion
from ..inputs import ExpressionCommand, fn_option, known, read_function, read_functions, sizes, source_argument
from ..output import console, echo_json, seconds_text, table
from ..settings import json_option

if TYPE_CHECKING:
    from ...runtime.function import Function

DEFAULT_SIZE = 100


@click.command("bench", cls=ExpressionCommand, short_help="Time the functions of a file on random data.")
@source_argument
@fn_option
@click.option(
    "--wrt",
    metavar="NAME",
    help="The parameter to differentiate by.  [default: each one]",
    shell_complete=completion.parameters,
)
@click.option(
    "--size",
    "lengths",
    metavar="NAME=NUMBER",
    multiple=True,
    callback=sizes,
    help=f"A size.  [default: {DEFAULT_SIZE}]",
)
@click.option("--float32", "single", is_flag=True, help="Compute in float32.")
@json_option
def command(
    source: str, name: str | None, wrt: str | None, lengths: dict[str, int], single: bool, as_json: bool
) -> None:
    """Time the functions of a file on random data: the value, and the value with the gradient.

    The numbers drawn have the declared attributes. A call is a plain one, with all arguments; the first one, in which
    the kernel is made or loaded, is timed by itself. Gflop/s counts the operations of the generated program.

    \b
    Examples:
      matgrad bench examples/logistic.mg --wrt w --size m=10000 --size n=50
      matgrad bench "logdet(A*A' + I)" --size m=200 --float32
    """
    functions = [read_function(source, name)] if name is not None else read_functions(source)
    check_names(functions, wrt, lengths)
    screen = console()
    timings = []
    made = table("function", "computes", "sizes", "first call>", "each call>", "Gflop/s>")
    with screen.status("timing ...") as status:
        for function in functions:
            chosen = {size: lengths.get(size, DEFAULT_SIZE) for size in size_names(function)}
            sized = ", ".join(f"{size}={length}" for size, length in chosen.items())
            for what, derived in timed_functions(function, wrt):
                status.update(f"timing {function.name or 'expression'}: {what} ...")
                first, each, rate = measured(derived, chosen, single)
                timings.append({"function": function.name, "computes": what, "sizes": chosen, "float32": single,
                                "first_call_seconds": first, "seconds": each, "gflops": rate})  # fmt: skip
                made.add_row(
                    function.name or "expression", what, sized, seconds_text(first), seconds_text(each), f"{rate:.3g}"
                )
    if as_json:
        echo_json({"timings": timings})
    else:
        screen.print(made)


def check_names(functions: list[Function], wrt: str | None, lengths: dict[str, int]) -> None:
    """A usage error for a parameter or a size that no function has."""
    if wrt is not None:
        known(wrt, list(dict.fromkeys(p for f in functions for p in f.parameters)), "parameter")
    for size in lengths:
        known(size, list(dict.fromkeys(n for f in functions for n in size_names(f))), "size")


def size_names(function: Function) -> list[str]:
    """The names of the function's sizes."""
    from ...runtime.verification.sampling import size_names

    return size_names(function.definition())


def timed_functions(function: Function, wrt: str | None) -> list[tuple[str, Function]]:
    """The function, and if it is scalar, its value with the gradient by `wrt` or by each real parameter."""
    definition = function.definition()
    found = [("value", function)]
    if definition.several or definition.results[0].order:
        return found
    real = [p.name for p in definition.parameters if not p.attributes & {"integer", "sparse"}]
    variables = real if wrt is None else [name for name in real if name == wrt]
    return found + [(f"value, gradient by {name}", function.value_and_grad(name)) for name in variables]


def measured(function: Function, lengths: dict[str, int], single: bool) -> tuple[float, float, float]:
    """Seconds of the first call and of each further one, and billions of operations per second.

    Raises DomainError for a function that does not exist at any of the numbers drawn.
    """
    from ...runtime.verification.sampling import STYLES
    from ...runtime.verification.timing import seconds_per_call

    seconds = []
    for style in STYLES:
        arguments = drawn(function, lengths, style, single)
        began = time.perf_counter()
        try:
            function(*arguments)
        except DomainError:
            if style == STYLES[-1]:
                raise
            continue
        finally:
            seconds.append(time.perf_counter() - began)
        break
    each = seconds_per_call(lambda: function(*arguments))
    sizes = dict(lengths)
    for parameter in function.definition().parameters:
        if "sparse" in parameter.attributes:  # random numbers: every element is stored
            rows, columns = (dim.evaluate(lengths) for dim in parameter.shape)
            sizes |= {f"nnz_{parameter.name}": rows * columns, f"pairs_{parameter.name}": rows * columns**2}
    return seconds[0], each, float(function.cost(**sizes)) / each / 1e9


def drawn(function: Function, lengths: dict[str, int], style: str, single: bool) -> list[Any]:
    """Random arguments of these sizes."""
    import numpy as np

    from ...runtime.verification.sampling import draw_arguments

    parameters = function.definition().parameters
    integers = {p.name: k for k, p in enumerate(p for p in parameters if "integer" in p.attributes)}
    arguments = draw_arguments(parameters, {**lengths, **integers}, np.random.default_rng(0), style)
    return [a.astype(np.float32) if single and isinstance(a, np.ndarray) else a for a in arguments.values()]
