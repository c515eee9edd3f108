"""From a Python function to LLVM's language: for the part of Python that kernels, routines and the doorway are made of.

Enters: functions of integers, reals and addresses, written with assignments, `for` over `range`, `while`, `if`,
arithmetic, comparisons, `p[i]`, calls of intrinsics (`intrinsics.py` and its like) and of other such functions, which
return integers, or reals if they are annotated with `Number`.  Leaves: the text of a module with one C function.
Always holds: the code does what Python's would, but integers have 64 bits, sizes and indices do not overflow, nothing
is checked, and a*b + c may be rounded once; the time is proportional to the length of the function, of which Numba's
own compiler takes several times the square.  Not for: code of users, which Numba compiles.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba.core import types

from ..compiler.kernel.scalars import SERIES
from .expressions import BOOL, Expressions, Value, integer, llvm_type, result_type
from .intrinsics import INT, store
from .sections import Section, sections

_GOES_ON = -(2**62)  # what a section returns that comes to its end
_SHORT, _LONG = 48, 256  # iterations of a loop in another one, and of others
_IN_FLIGHT = 4  # vectors in a long loop, of which none waits for another one
_MOST_FUNCTIONS = 8  # in a kernel: with more of them, compiling long loops by themselves takes too long


def lower(
    function: Callable[..., Any],
    arguments: Sequence[Any],
    symbol: str,
    triple: str,
    data_layout: str,
    vector_bytes: int,
) -> str:
    """The LLVM text (not yet optimised) of a function that returns an integer, as the C function `symbol`.

    `arguments` are the types of its parameters; `vector_bytes` is the width of the vectors of `tiles.py`.  Raises
    TypeError for what is not in the language above.
    """
    module = _Module(symbol)
    module.triple, module.data_layout, module.vector_bytes = triple, data_layout, vector_bytes
    _write(module, function, arguments, symbol)
    return str(llvm.parse_assembly(str(module)))


class _Module(ir.Module):  # type: ignore[misc]
    vector_bytes: int


def _write(module: Any, function: Callable[..., Any], arguments: Sequence[Any], symbol: str) -> Any:
    """The C function of a Python function in a module."""
    result = result_type(function, arguments)
    code = ir.Function(module, ir.FunctionType(llvm_type(result), [llvm_type(a) for a in arguments]), symbol)
    code.attributes.add("nounwind")
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    assert isinstance(tree, ast.FunctionDef)
    closed = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    outer = {**function.__globals__, **{name: cell.cell_contents for name, cell in closed.items()}}
    names = [parameter.arg for parameter in tree.args.args]
    _Lowering(code, names, arguments, outer, result).whole(tree.body)
    return code


class _Lowering(Expressions):
    def __init__(
        self, code: Any, names: Sequence[str], kinds: Sequence[Any], outer: Mapping[str, Any], result: Any
    ) -> None:
        super().__init__(code, outer, _write)
        self.result = result  # the type of what is returned
        self.loops: list[tuple[Any, Any]] = []  # where `continue` and `break` lead
        self.evaluated = 0  # how many functions the loops evaluate
        for name, kind, value in zip(names, kinds, code.args, strict=True):
            self.assign_name(name, Value(kind, value))

    def whole(self, statements: Sequence[ast.stmt]) -> None:
        """Writes a function's body."""
        self.evaluated = sum(_functions(n) for s in statements for n in ast.walk(s) if isinstance(n, ast.For))
        for number, part in enumerate(sections(statements)):
            if part.reads is None or self.result is not types.intp:
                self.body(part.statements)
            else:
                self.section(part, f"{self.code.name}_{number}")
        self.finish(0)

    def give(self, result: Value) -> None:
        """Returns a value."""
        if self.result is types.intp and isinstance(result.kind, types.Float):
            name = self.code.name.partition("(")[0]
            raise TypeError(f"{name} returns {result.kind}, and is not annotated with Number")
        self.builder.ret(self.convert(result, self.result))

    def finish(self, status: int) -> None:
        """Returns at the end."""
        if not self.builder.block.is_terminated:
            self.builder.ret(self.convert(integer(status), self.result))

    def section(self, part: Section, symbol: str) -> None:
        """Writes a section as a function of its own, and its call."""
        builder = self.builder
        names = [name for name in part.reads or () if name in self.variables]
        kinds, places = zip(*(self.variables[name] for name in names), strict=True)
        kind = ir.FunctionType(INT, [llvm_type(k) for k in kinds])
        code = ir.Function(builder.module, kind, symbol)
        code.linkage = "internal"
        for attribute in ("nounwind", "noinline"):
            code.attributes.add(attribute)
        inner = _Lowering(code, names, kinds, self.outer, types.intp)
        inner.evaluated = self.evaluated
        inner.body(part.statements)
        inner.finish(_GOES_ON)
        status = builder.call(code, [builder.load(place) for place in places])
        with builder.if_then(builder.icmp_signed("!=", status, INT(_GOES_ON))):
            builder.ret(status)

    def body(self, statements: Sequence[ast.stmt]) -> None:
        for statement in statements:
            if self.builder.block.is_terminated:
                return  # what follows a return, a break or a continue
            self.statement(statement)

    def statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Assign():
                values = self.values(node.value)
                for target in node.targets:
                    self.assign(target, values)
            case ast.AugAssign():
                self.assign(node.target, [self.binary(node.op, self.value(node.target), self.value(node.value))])
            case ast.For():
                self.for_loop(node)
            case ast.While():
                self.while_loop(node)
            case ast.If():
                self.branches(node.test, lambda: self.body(node.body), lambda: self.body(node.orelse))
            case ast.Return(value=result) if result is not None:
                self.give(self.value(result))
            case ast.Continue():
                self.builder.branch(self.loops[-1][0])
            case ast.Break():
                self.builder.branch(self.loops[-1][1])
            case ast.Expr(value=ast.Constant()):
                pass  # a docstring
            case ast.Expr(value=call):
                self.value(call)
            case _:
                raise self.error(node)

    def assign(self, target: ast.expr, values: Sequence[Value]) -> None:
        if isinstance(target, ast.Tuple):
            for part, value in zip(target.elts, values, strict=True):
                self.assign(part, [value])
            return
        (value,) = values
        if isinstance(target, ast.Name):
            self.assign_name(target.id, value)
        elif isinstance(target, ast.Subscript):
            pointer, index = self.value(target.value), self.convert(self.value(target.slice), types.intp)
            store(self.builder, pointer.kind, pointer.code, index, self.convert(value, pointer.kind.dtype))
        else:
            raise self.error(target)

    def assign_name(self, name: str, value: Value) -> None:
        if name not in self.variables:
            kind = types.intp if isinstance(value.kind, types.Integer) else value.kind
            self.variables[name] = kind, self.place(llvm_type(kind), name)
        kind, place = self.variables[name]
        self.builder.store(self.convert(value, kind), place)

    def place(self, kind: Any, name: str = "") -> Any:
        """The memory of a variable, which LLVM turns into registers."""
        with self.builder.goto_entry_block():
            return self.builder.alloca(kind, name=name)

    def for_loop(self, node: ast.For) -> None:
        match node.iter:
            case ast.Call(func=ast.Name(id="range"), args=bounds) if isinstance(node.target, ast.Name):
                numbers = [self.value(b) for b in bounds]
            case _:
                raise self.error(node)
        if len(numbers) == 1:
            numbers.insert(0, integer(0))
        step = numbers[2] if len(numbers) > 2 else integer(1)
        start, stop = (self.convert(v, types.intp) for v in numbers[:2])
        known = all(isinstance(bound.kind, types.IntegerLiteral) for bound in numbers)
        if not _functions(node) or (not self.loops and (known or self.evaluated > _MOST_FUNCTIONS)):
            self.counted(node, start, stop, step)
            return
        if known:
            # The compiler would unroll it before it could make vectors of it.
            self.counted(node, start, stop, step, hint=("llvm.loop.unroll.disable",))
            return
        # A long loop has several vectors in flight, a short one a mask for what does not fill a vector.
        builder = self.builder
        limit = _SHORT if self.loops else _LONG
        with builder.if_else(builder.icmp_signed("<", stop, INT(limit))) as (short, long):
            with short:
                hint = ("llvm.loop.vectorize.predicate.enable", BOOL(1)) if self.loops else ()
                self.counted(node, start, stop, step, hint)
            with long:
                hint = () if self.loops else ("llvm.loop.interleave.count", ir.IntType(32)(_IN_FLIGHT))
                self.counted(node, start, stop, step, hint)

    def counted(self, node: ast.For, start: Any, stop: Any, step: Value, hint: tuple[Any, ...] = ()) -> None:
        """Writes the loop from `start` to `stop`, with a hint for LLVM."""
        assert isinstance(node.target, ast.Name)
        builder = self.builder
        counter = self.place(INT)
        builder.store(start, counter)
        test, inside, following, after = (self.code.append_basic_block() for _ in range(4))
        builder.branch(test)
        builder.position_at_end(test)
        index = builder.load(counter)
        upward, downward = builder.icmp_signed("<", index, stop), builder.icmp_signed(">", index, stop)
        if isinstance(step.kind, types.IntegerLiteral):
            goes_on = upward if step.kind.literal_value > 0 else downward
        else:
            goes_on = builder.select(builder.icmp_signed(">", step.code, INT(0)), upward, downward)
        builder.cbranch(goes_on, inside, after)
        builder.position_at_end(inside)
        self.assign_name(node.target.id, Value(types.intp, index))
        self.loop_body(node.body, following, after)
        builder.position_at_end(following)
        builder.store(builder.add(builder.load(counter), step.code, flags=("nsw",)), counter)
        back = builder.branch(test)
        if hint:
            module = builder.module
            wish = module.add_metadata(list(hint))
            loop = ir.MDValue(module, [wish], name=str(len(module.metadata)))  # adds itself to the module
            loop.operands = (loop, wish)
            back.set_metadata("llvm.loop", loop)
        builder.position_at_end(after)

    def while_loop(self, node: ast.While) -> None:
        test, inside, after = (self.code.append_basic_block() for _ in range(3))
        self.builder.branch(test)
        self.builder.position_at_end(test)
        self.builder.cbranch(self.truth(self.value(node.test)), inside, after)
        self.builder.position_at_end(inside)
        self.loop_body(node.body, test, after)
        self.builder.position_at_end(after)

    def loop_body(self, statements: Sequence[ast.stmt], following: Any, after: Any) -> None:
        self.loops.append((following, after))
        self.body(statements)
        self.loops.pop()
        if not self.builder.block.is_terminated:
            self.builder.branch(following)


def _functions(node: ast.For) -> int:
    """How many functions that vectors speed up much an inner loop evaluates."""
    inner = [n for s in node.body for n in ast.walk(s)]
    if any(isinstance(n, ast.For | ast.While) for n in inner):
        return 0
    return sum(isinstance(n, ast.Name) and n.id in SERIES for n in inner)
