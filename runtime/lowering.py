"""From a Python function to LLVM's language: for the part of Python that kernels, routines and the doorway are made of.

Enters: functions of integers, reals and addresses, written with assignments, `for` over `range`, `while`, `if`,
arithmetic, comparisons, `p[i]`, and calls of intrinsics (`intrinsics.py` and its like).  Leaves: the text of a module
with one C function.  Always holds: the code does what Python's would, but integers have 64 bits, sizes and indices do
not overflow, nothing is checked, and a*b + c may be rounded once; the time is proportional to the length of the
function, of which Numba's own compiler takes several times the square.  Not for: code of users, which Numba compiles.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import llvmlite.binding as llvm
from llvmlite import ir
from numba.core import types

from .intrinsics import INT, Pointer, load, store
from .sections import Section, sections

_FLAGS = ("contract",)
_GOES_ON = -(2**62)  # what a section returns that comes to its end
_BOOL = ir.IntType(1)
_SERIES = {"exp", "expm1", "log", "log1p", "normpdf", "sigmoid", "softplus", "tanh", "xlogy"}
_SHORT = 48  # iterations
_REALS: dict[type[ast.operator], str] = {ast.Add: "fadd", ast.Sub: "fsub", ast.Mult: "fmul", ast.Div: "fdiv"}
_EXACT: dict[type[ast.operator], str] = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul"}  # that do not overflow
_BITS: dict[type[ast.operator], str] = {
    ast.BitAnd: "and_",
    ast.BitOr: "or_",
    ast.BitXor: "xor",
    ast.LShift: "shl",
    ast.RShift: "ashr",
}
_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}


class Value(NamedTuple):
    """A value, and its type in Numba's words, which those of intrinsics are."""

    kind: Any
    code: Any


def lower(function: Callable[..., Any], arguments: Sequence[Any], symbol: str, triple: str, data_layout: str) -> str:
    """The LLVM text (not yet optimised) of a function that returns an integer, as the C function `symbol`.

    `arguments` are the types of its parameters.  Raises TypeError for what is not in the language above.
    """
    module = ir.Module(symbol)
    module.triple, module.data_layout = triple, data_layout
    code = ir.Function(module, ir.FunctionType(INT, [_llvm_type(a) for a in arguments]), symbol)
    code.attributes.add("nounwind")
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    assert isinstance(tree, ast.FunctionDef)
    closed = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    outer = {**function.__globals__, **{name: cell.cell_contents for name, cell in closed.items()}}
    names = [parameter.arg for parameter in tree.args.args]
    _Lowering(code, names, arguments, outer).whole(tree.body)
    return str(llvm.parse_assembly(str(module)))


def _llvm_type(kind: Any) -> Any:
    if isinstance(kind, types.Boolean):
        return _BOOL
    if isinstance(kind, types.Integer):
        return INT
    if isinstance(kind, types.Float):
        return ir.DoubleType() if kind.bitwidth == 64 else ir.FloatType()
    if isinstance(kind, Pointer | types.CPointer):
        return _llvm_type(kind.dtype).as_pointer()
    raise TypeError(f"no values of type {kind}")


class _Context:
    """What intrinsics ask Numba's target for."""

    get_value_type = staticmethod(_llvm_type)

    @staticmethod
    def cast(builder: Any, code: Any, found: Any, wanted: Any) -> Any:
        """The value as one of another type."""
        return _converted(builder, Value(found, code), wanted)

    @staticmethod
    def get_dummy_value() -> Any:
        """The value of what has none."""
        return INT(0)


def _converted(builder: Any, value: Value, wanted: Any) -> Any:
    """The code of a value of another type."""
    found, code = value
    target = _llvm_type(wanted)
    if code.type == target:
        return code
    if isinstance(wanted, types.Float):
        if isinstance(found, types.Boolean):
            return builder.uitofp(code, target)
        if isinstance(found, types.Integer):
            return builder.sitofp(code, target)
        return builder.fpext(code, target) if wanted.bitwidth == 64 else builder.fptrunc(code, target)
    if isinstance(wanted, types.Integer) and isinstance(found, types.Boolean):
        return builder.zext(code, target)
    raise TypeError(f"{found} where {wanted} is needed")


class _Lowering:
    def __init__(self, code: Any, names: Sequence[str], kinds: Sequence[Any], outer: Mapping[str, Any]) -> None:
        self.code = code
        self.outer = outer
        # The places of variables stand in a block of their own before all others.
        places = code.append_basic_block("variables")
        start = code.append_basic_block("start")
        ir.IRBuilder(places).branch(start)
        self.builder = ir.IRBuilder(start)
        self.variables: dict[str, tuple[Any, Any]] = {}
        self.loops: list[tuple[Any, Any]] = []  # where `continue` and `break` lead
        for name, kind, value in zip(names, kinds, code.args, strict=True):
            self.assign_name(name, Value(kind, value))

    def whole(self, statements: Sequence[ast.stmt]) -> None:
        """Writes a function's body."""
        for number, part in enumerate(sections(statements)):
            if part.reads is None:
                self.body(part.statements)
            else:
                self.section(part, f"{self.code.name}_{number}")
        self.finish(0)

    def finish(self, status: int) -> None:
        """Returns at the end."""
        if not self.builder.block.is_terminated:
            self.builder.ret(INT(status))

    def section(self, part: Section, symbol: str) -> None:
        """Writes a section as a function of its own, and its call."""
        builder = self.builder
        names = [name for name in part.reads or () if name in self.variables]
        kinds, places = zip(*(self.variables[name] for name in names), strict=True)
        kind = ir.FunctionType(INT, [_llvm_type(k) for k in kinds])
        code = ir.Function(builder.module, kind, symbol)
        code.linkage = "internal"
        for attribute in ("nounwind", "noinline"):
            code.attributes.add(attribute)
        inner = _Lowering(code, names, kinds, self.outer)
        inner.body(part.statements)
        inner.finish(_GOES_ON)
        status = builder.call(code, [builder.load(place) for place in places])
        with builder.if_then(builder.icmp_signed("!=", status, INT(_GOES_ON))):
            builder.ret(status)

    # Statements

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
                self.builder.ret(self.convert(self.value(result), types.intp))
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

    def error(self, node: ast.AST) -> TypeError:
        return TypeError(f"not for compiled code: {ast.unparse(node)}")

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
            self.variables[name] = kind, self.place(_llvm_type(kind), name)
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
            numbers.insert(0, _integer(0))
        step = numbers[2] if len(numbers) > 2 else _integer(1)
        start, stop = (self.convert(v, types.intp) for v in numbers[:2])
        if not self.loops or not _is_short_and_costly(node):
            self.counted(node, start, stop, step)
            return
        # A long loop has several vectors in flight, a short one a mask for what does not fill a vector.
        builder = self.builder
        with builder.if_else(builder.icmp_signed("<", stop, INT(_SHORT))) as (short, long):
            with short:
                self.counted(node, start, stop, step, masked=True)
            with long:
                self.counted(node, start, stop, step)

    def counted(self, node: ast.For, start: Any, stop: Any, step: Value, masked: bool = False) -> None:
        """Writes the loop from `start` to `stop`."""
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
        if masked:
            back.set_metadata("llvm.loop", self.mask())
        builder.position_at_end(after)

    def mask(self) -> Any:
        """The wish that the last iterations of a loop be taken as a vector with a mask."""
        module = self.builder.module
        hint = module.add_metadata(["llvm.loop.vectorize.predicate.enable", _BOOL(1)])
        node = ir.MDValue(module, [hint], name=str(len(module.metadata)))  # adds itself to the module
        node.operands = (node, hint)
        return node

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

    def branches(self, test: ast.expr, yes: Callable[[], Any], no: Callable[[], Any]) -> list[tuple[Any, Any]]:
        """Writes both branches: what each of them returns, and the block that it ends in (if it gets to its end)."""
        builder = self.builder
        first, second, after = (self.code.append_basic_block() for _ in range(3))
        builder.cbranch(self.truth(self.value(test)), first, second)
        ends = []
        for block, write in ((first, yes), (second, no)):
            builder.position_at_end(block)
            result = write()
            if not builder.block.is_terminated:
                ends.append((result, builder.block))
                builder.branch(after)
        builder.position_at_end(after)
        if not ends:
            builder.unreachable()
        return ends

    # Expressions

    def values(self, node: ast.expr) -> list[Value]:
        """The values of an expression that may be a tuple."""
        if isinstance(node, ast.Tuple):
            return [self.value(part) for part in node.elts]
        if isinstance(node, ast.IfExp):
            return self.choice(node)
        return [self.value(node)]

    def value(self, node: ast.expr) -> Value:
        match node:
            case ast.Constant(value=constant):
                return self.constant(node, constant)
            case ast.Name(id=name):
                if name in self.variables:
                    kind, place = self.variables[name]
                    return Value(kind, self.builder.load(place))
                return self.constant(node, self.outer[name])
            case ast.BinOp():
                return self.binary(node.op, self.value(node.left), self.value(node.right))
            case ast.UnaryOp(op=ast.Not()):
                return Value(types.boolean, self.builder.not_(self.truth(self.value(node.operand))))
            case ast.UnaryOp(op=ast.USub()):
                return self.negative(self.value(node.operand))
            case ast.Compare():
                return self.comparison(node)
            case ast.BoolOp():
                return self.junction(isinstance(node.op, ast.And), node.values)
            case ast.IfExp():
                (chosen,) = self.choice(node)
                return chosen
            case ast.Subscript():
                pointer, index = self.value(node.value), self.convert(self.value(node.slice), types.intp)
                return Value(pointer.kind.dtype, load(self.builder, pointer.kind, pointer.code, index))
            case ast.Call(func=ast.Name(id=name)):
                return self.call(node, name, [self.value(a) for a in node.args])
        raise self.error(node)

    def constant(self, node: ast.expr, found: Any) -> Value:
        if isinstance(found, bool):
            return Value(types.boolean, _BOOL(int(found)))
        if isinstance(found, int):
            return _integer(found)
        if isinstance(found, float):
            return Value(types.float64, ir.Constant(ir.DoubleType(), found))
        if isinstance(found, types.Type):
            return Value(types.NumberClass(found), None)
        raise self.error(node)

    def convert(self, value: Value, wanted: Any) -> Any:
        return _converted(self.builder, value, wanted)

    def truth(self, value: Value) -> Any:
        if isinstance(value.kind, types.Boolean):
            return value.code
        return self.builder.icmp_signed("!=", self.convert(value, types.intp), INT(0))

    def negative(self, value: Value) -> Value:
        if isinstance(value.kind, types.IntegerLiteral):
            return _integer(-value.kind.literal_value)
        if isinstance(value.kind, types.Float):
            return Value(value.kind, self.builder.fneg(value.code))
        return Value(types.intp, self.builder.neg(self.convert(value, types.intp)))

    def binary(self, op: ast.operator, left: Value, right: Value) -> Value:
        builder, kind = self.builder, _common(left, right)
        if isinstance(op, ast.Div) and not isinstance(kind, types.Float):
            kind = types.float64
        a, b = self.convert(left, kind), self.convert(right, kind)
        if isinstance(kind, types.Float) and type(op) in _REALS:
            return Value(kind, getattr(builder, _REALS[type(op)])(a, b, flags=_FLAGS))
        if isinstance(kind, types.Integer):
            if type(op) in _EXACT:
                return Value(kind, getattr(builder, _EXACT[type(op)])(a, b, flags=("nsw",)))
            if type(op) in _BITS:
                return Value(kind, getattr(builder, _BITS[type(op)])(a, b))
            if isinstance(op, ast.FloorDiv | ast.Mod) and isinstance(right.kind, types.IntegerLiteral):
                if right.kind.literal_value > 0:
                    return Value(kind, self.floor_division(a, b, isinstance(op, ast.Mod)))
            elif isinstance(op, ast.FloorDiv):
                return Value(kind, builder.sdiv(a, b))  # of sizes, which are positive
        raise TypeError(f"no {type(op).__name__} of {left.kind} and {right.kind}")

    def floor_division(self, a: Any, b: Any, rest: bool) -> Any:
        builder = self.builder
        remainder = builder.srem(a, b)
        below = builder.icmp_signed("<", remainder, INT(0))
        if rest:
            return builder.select(below, builder.add(remainder, b), remainder)
        return builder.sub(builder.sdiv(a, b), builder.zext(below, INT))

    def comparison(self, node: ast.Compare) -> Value:
        operands = [self.value(v) for v in (node.left, *node.comparators)]
        found = None
        for op, left, right in zip(node.ops, operands, operands[1:], strict=False):
            if type(op) not in _COMPARISONS:
                raise self.error(node)
            kind, sign = _common(left, right), _COMPARISONS[type(op)]
            a, b = self.convert(left, kind), self.convert(right, kind)
            if isinstance(kind, types.Float):
                holds = (self.builder.fcmp_unordered if sign == "!=" else self.builder.fcmp_ordered)(sign, a, b)
            else:
                holds = self.builder.icmp_signed(sign, a, b)
            found = holds if found is None else self.builder.and_(found, holds)
        return Value(types.boolean, found)

    def junction(self, conjunction: bool, operands: Sequence[ast.expr]) -> Value:
        """`and` or `or` as a truth value: what follows the operand that decides is not computed."""
        builder = self.builder
        after = self.code.append_basic_block()
        ends = []
        for operand in operands[:-1]:
            decided = self.truth(self.value(operand))
            ends.append((_BOOL(int(not conjunction)), builder.block))
            following = self.code.append_basic_block()
            builder.cbranch(decided, *((following, after) if conjunction else (after, following)))
            builder.position_at_end(following)
        ends.append((self.truth(self.value(operands[-1])), builder.block))
        builder.branch(after)
        builder.position_at_end(after)
        return Value(types.boolean, self.phi(_BOOL, ends))

    def choice(self, node: ast.IfExp) -> list[Value]:
        kinds: list[Any] = []

        def arm(part: ast.expr) -> list[Any]:
            values = self.values(part)
            if not kinds:
                kinds.extend(types.intp if isinstance(v.kind, types.Integer) else v.kind for v in values)
            return [self.convert(v, kind) for v, kind in zip(values, kinds, strict=True)]

        ends = self.branches(node.test, lambda: arm(node.body), lambda: arm(node.orelse))
        codes = [self.phi(_llvm_type(k), [(found[p], block) for found, block in ends]) for p, k in enumerate(kinds)]
        return [Value(kind, code) for kind, code in zip(kinds, codes, strict=True)]

    def phi(self, kind: Any, ends: Sequence[tuple[Any, Any]]) -> Any:
        made = self.builder.phi(kind)
        for code, block in ends:
            made.add_incoming(code, block)
        return made

    def call(self, node: ast.Call, name: str, operands: list[Value]) -> Value:
        builder = self.builder
        target = self.outer.get(name)
        if isinstance(target, types.Type):
            return Value(target, self.convert(operands[0], target))
        if hasattr(target, "_defn"):  # an intrinsic
            signature, generate = target._defn(_Context, *(v.kind for v in operands))
            codes = [
                v.code if isinstance(wanted, types.NumberClass) else self.convert(v, wanted)
                for v, wanted in zip(operands, signature.args, strict=True)
            ]
            return Value(signature.return_type, generate(_Context, builder, signature, codes))
        if name == "abs":
            (operand,) = operands
            intrinsic = builder.module.declare_intrinsic("llvm.fabs", (operand.code.type,))
            return Value(operand.kind, builder.call(intrinsic, [operand.code]))
        if name in ("min", "max") and all(isinstance(v.kind, types.Integer) for v in operands):
            least, *others = (self.convert(v, types.intp) for v in operands)
            for other in others:
                least = builder.select(builder.icmp_signed("<=" if name == "min" else ">=", least, other), least, other)
            return Value(types.intp, least)
        raise self.error(node)


def _is_short_and_costly(node: ast.For) -> bool:
    """Whether an inner loop evaluates functions that vectors speed up much, and may be too short for whole vectors."""
    inner = [n for s in node.body for n in ast.walk(s)]
    if any(isinstance(n, ast.For | ast.While) for n in inner):
        return False
    return any(isinstance(n, ast.Name) and n.id in _SERIES for n in inner)


def _integer(number: int) -> Value:
    return Value(types.literal(number), INT(number))


def _common(left: Value, right: Value) -> Any:
    """The type in which two values meet."""
    reals = [v.kind for v in (left, right) if isinstance(v.kind, types.Float)]
    return max(reals, key=lambda kind: int(kind.bitwidth)) if reals else types.intp
