"""The libraries that compete: for each the call that an expert of it would make.

Enters: an objective, a formula of it, and its arguments.  Leaves: a call without arguments, and how to read its result
as NumPy arrays.  Always holds: a library works in float64 with one thread, on arrays of its own kind, so that no
conversion is counted against it; its call returns when the result is there.  Not for: what competes in which cell
(`contenders.py`).
"""

from __future__ import annotations

import timeit
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from .namespaces import namespace
from .objective import Array, Formula, Objective

Arguments = Mapping[str, Array]
SCALAR_GRAPH = 150  # numbers in all arguments, up to which CasADi's graphs of scalars are tried


class Contender(NamedTuple):
    """A call, and how its result is read: value and gradients, or one array."""

    call: Callable[[], Any]
    read: Callable[[Any], list[Array]]


def _arrays(result: Any) -> list[Array]:
    """The arrays of a nested result in order."""
    if isinstance(result, tuple | list):
        return [array for part in result for array in _arrays(part)]
    return [np.asarray(result.detach() if hasattr(result, "detach") else result)]


def plain(call: Callable[[], Any]) -> Contender:
    """A contender whose result is made of arrays."""
    return Contender(call, _arrays)


def _split(objective: Objective, arguments: Arguments) -> tuple[Arguments, list[int], Any]:
    """The arguments of the formula, which of them are variables, and the direction, or None."""
    own = dict(arguments)
    direction = own.pop(list(own)[-1]) if objective.of == "hvp" else None
    return own, [list(own).index(name) for name in objective.variables], direction


def jax(objective: Objective, formula: Formula, arguments: Arguments, forward: bool = False) -> Contender:
    """JAX, compiled; the data are arguments, for as constants they would be folded into the program."""
    import jax as library

    library.config.update("jax_enable_x64", True)
    library.config.update("jax_cpu_enable_async_dispatch", False)  # up to a third faster for short calls
    own, variables, direction = _split(objective, arguments)
    value = partial(formula, namespace("jax"))
    which = variables if len(variables) > 1 else variables[0]
    arrays = [library.numpy.asarray(a) for a in own.values()]
    if objective.of == "hvp":
        gradient, k = library.grad(value, which), variables[0]

        def wanted(vector: Any, *args: Any) -> Any:
            return library.jvp(lambda x: gradient(*args[:k], x, *args[k + 1 :]), (args[k],), (vector,))[1]

        arrays = [library.numpy.asarray(direction), *arrays]
    else:
        jacobian = library.jacfwd if forward else library.jacrev
        derive = {"gradient": library.value_and_grad, "hess": library.hessian, "jac": jacobian}[objective.of]
        wanted = derive(value, which)
    compiled, wait = library.jit(wanted), library.block_until_ready
    return plain(lambda: wait(compiled(*arrays)))


def torch(objective: Objective, formula: Formula, arguments: Arguments, compiled: bool = False) -> Contender:
    """PyTorch, eager, or compiled as a whole with its derivatives."""
    import torch as library

    library.set_num_threads(1)
    own, variables, direction = _split(objective, arguments)
    value = partial(formula, namespace("torch"))
    arrays = [library.tensor(np.asarray(a)) for a in own.values()]
    if objective.of == "gradient" and not compiled:
        leaves = [arrays[k].requires_grad_() for k in variables]
        gradient = library.autograd.grad

        def eager() -> Any:
            result = value(*arrays)
            return result, gradient(result, leaves)

        return plain(eager)
    if objective.of == "hvp" and not compiled:
        leaf, vector = arrays[variables[0]].requires_grad_(), library.tensor(direction)

        def product() -> Any:
            (slope,) = library.autograd.grad(value(*arrays), leaf, create_graph=True)
            return library.autograd.grad(slope, leaf, vector)[0]

        return plain(product)
    func = library.func
    if objective.of == "gradient":
        both = func.grad_and_value(value, tuple(variables))

        def wanted(*args: Any) -> Any:
            return both(*args)[::-1]

    elif objective.of == "hvp":
        gradient, k = func.grad(value, variables[0]), variables[0]
        arrays = [library.tensor(direction), *arrays]

        def wanted(vector: Any, *args: Any) -> Any:
            return func.jvp(lambda x: gradient(*args[:k], x, *args[k + 1 :]), (args[k],), (vector,))[1]

    else:
        wanted = {"hess": func.hessian, "jac": func.jacrev}[objective.of](value, variables[0])
    if compiled:
        wanted = library.compile(wanted, dynamic=False)
    return plain(partial(wanted, *arrays))


def autograd(objective: Objective, formula: Formula, arguments: Arguments) -> Contender:
    """autograd."""
    import autograd as library

    own, variables, direction = _split(objective, arguments)
    value = partial(formula, namespace("autograd"))
    if objective.of == "gradient":
        return plain(partial(library.value_and_grad(value, tuple(variables)), *own.values()))
    if objective.of == "hvp":
        return plain(partial(library.hessian_vector_product(value, variables[0]), *own.values(), direction))
    wanted = {"hess": library.hessian, "jac": library.jacobian}[objective.of](value, variables[0])
    return plain(partial(wanted, *own.values()))


def pytensor(objective: Objective, formula: Formula, arguments: Arguments) -> Contender:
    """PyTensor, compiled by its Numba backend for these shapes; inputs are trusted.

    The data are constants: of these it knows that they are contiguous, which makes products several times as fast as
    with shared variables or inputs; and what depends on them alone it computes once.
    """
    import pytensor as library
    import pytensor.tensor as pt
    from pytensor.gradient import hessian_vector_product, jacobian

    own, variables, direction = _split(objective, arguments)
    symbols: list[Any] = [pt.constant(np.asarray(a, float)) for a in own.values()]
    inputs = [np.asarray(list(own.values())[k]) for k in variables]
    for k, array in zip(variables, inputs, strict=True):
        symbols[k] = pt.tensor(f"x{k}", dtype="float64", shape=array.shape)
    free = [symbols[k] for k in variables]
    value = formula(namespace("pytensor"), *symbols)
    if objective.of == "gradient":
        outputs = [value, *library.grad(value, free)]
    elif objective.of == "hvp":
        vector = pt.tensor("v", dtype="float64", shape=np.shape(direction))
        outputs = [hessian_vector_product(value, free, [vector])[0]]
        free, inputs = [*free, vector], [*inputs, np.asarray(direction)]
    else:
        x = free[0]
        inner = library.grad(value, x) if objective.of == "hess" else value
        flat = jacobian(inner.ravel(), x, vectorize=True)
        outputs = [flat.reshape((*inner.type.shape, *x.type.shape))]
    function = library.function(free, outputs, mode="NUMBA")
    function.trust_input = True
    return plain(partial(function, *inputs))


def casadi(objective: Objective, formula: Formula, arguments: Arguments) -> Contender:
    """CasADi, by its buffers: variables are copied into fixed memory, and results out of it, so that they are fresh.

    Of its two kinds of graphs the one that is faster here.
    The graphs of scalars explode in factorizations of more than a few rows, so only tiny problems get them.
    """
    import casadi as ca

    own, variables, direction = _split(objective, arguments)
    made, failure = [], None
    tiny = sum(np.size(a) for a in own.values()) <= SCALAR_GRAPH
    for kind in (ca.SX, ca.MX) if tiny else (ca.MX,):
        try:
            made.append(_casadi_of(kind, objective, formula, own, variables, direction))
        except Exception as error:  # some functions have one kind of graph only
            failure = error
    if not made:
        raise failure or RuntimeError("CasADi has no form of this")
    return min(made, key=lambda contender: min(timeit.repeat(contender.call, number=20, repeat=3)))


def _casadi_of(
    kind: Any, objective: Objective, formula: Formula, own: Arguments, variables: Sequence[int], direction: Any
) -> Contender:
    import casadi as ca

    shapes = [(*np.shape(a), 1, 1)[:2] for a in own.values()]
    symbols = [kind.sym(name, *shape) for name, shape in zip(own, shapes, strict=True)]
    value, free = formula(namespace("casadi"), *symbols), [symbols[k] for k in variables]
    inputs = [np.asarray(a, float).flatten(order="F") for a in own.values()]
    variable = np.shape(list(own.values())[variables[0]])
    if objective.of == "gradient":
        outputs = [value, *(ca.gradient(value, x) for x in free)]
        wanted = [(), *(np.shape(list(own.values())[k]) for k in variables)]
    elif objective.of == "hvp":
        vector = kind.sym("v", *(*np.shape(direction), 1)[:2])
        outputs, wanted = [ca.jtimes(ca.gradient(value, free[0]), free[0], vector)], [variable]
        symbols, inputs = [*symbols, vector], [*inputs, np.asarray(direction).flatten(order="F")]
    elif objective.of == "hess":
        outputs, wanted = [ca.hessian(value, free[0])[0]], [(*variable, *variable)]
    else:
        result = tuple(n for n in value.shape if n > 1)
        outputs, wanted = [ca.jacobian(ca.vec(value), ca.vec(free[0]))], [(*result, *variable)]
    function = ca.Function("f", symbols, [ca.densify(output) for output in outputs])
    buffer, call = function.buffer()
    results = [np.zeros(int(np.prod(shape))) for shape in wanted]
    for k, array in enumerate(inputs):
        buffer.set_arg(k, memoryview(array))
    for k, array in enumerate(results):
        buffer.set_res(k, memoryview(array))
    moving = [(inputs[k], inputs[k].copy()) for k in [*variables, *range(len(own), len(symbols))]]
    matrices = [array.reshape(shape, order="F") for array, shape in zip(results, wanted, strict=True)]

    def full(_keep: Any = (function, buffer, inputs)) -> Any:  # alive as long as the call is
        for memory, array in moving:
            memory[...] = array
        call()
        return [array.copy() for array in matrices]

    full()
    if not all(np.isfinite(array).all() for array in results):
        raise ArithmeticError("CasADi gives numbers that are not finite")
    return plain(full)
