"""Expressions of compiled code, as instructions of LLVM: the part of `lowering.py` that computes.

Enters: syntax trees of expressions, the types of variables.  Leaves: `Value`s.  Always holds: types are Numba's, for
intrinsics are made for them; integers have 64 bits, and numbers of two kinds meet in the wider one.  Not for:
statements.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from llvmlite import ir
from numba.core import types

from .intrinsics import INT, Pointer, load

_FLAGS = ("contract",)
BOOL = ir.IntType(1)
numba_types: Any = types  # its stubs know only some of the names
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


def llvm_type(kind: Any) -> Any:
    """The type of LLVM for values of a type.  Raises TypeError if there is none."""
    if isinstance(kind, types.Boolean):
        return BOOL
    if isinstance(kind, types.Integer):
        return INT
    if isinstance(kind, types.Float):
        return ir.DoubleType() if kind.bitwidth == 64 else ir.FloatType()
    if isinstance(kind, Pointer | numba_types.CPointer):
        return llvm_type(kind.dtype).as_pointer()
    raise TypeError(f"no values of type {kind}")


def result_type(function: Callable[..., Any], operands: Sequence[Any]) -> Any:
    """The type of what a function of operands of these types returns: an integer, or a number of their precision."""
    if function.__annotations__.get("return") != "Number":
        return types.intp
    kinds = [kind.dtype if isinstance(kind, Pointer) else kind for kind in operands]
    return next(kind for kind in kinds if isinstance(kind, types.Float))


class _Context:
    """What intrinsics ask Numba's target for."""

    get_value_type = staticmethod(llvm_type)

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
    target = llvm_type(wanted)
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


class Expressions:
    """Writes expressions where the builder stands."""

    def __init__(self, code: Any, outer: Mapping[str, Any], write: Callable[..., Any]) -> None:
        self.code = code
        self.write = write  # a function of a module, for `helper`
        self.outer = outer
        # The places of variables stand in a block of their own before all others.
        places = code.append_basic_block("variables")
        start = code.append_basic_block("start")
        ir.IRBuilder(places).branch(start)
        self.builder = ir.IRBuilder(start)
        self.variables: dict[str, tuple[Any, Any]] = {}  # type and place

    def error(self, node: ast.AST) -> TypeError:
        """What is outside of the language."""
        return TypeError(f"not for compiled code: {ast.unparse(node)}")

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

    def helper(self, function: Callable[..., Any], operands: Sequence[Value]) -> Value:
        """The call of a Python function, which becomes an internal function of the module."""
        kinds = [types.intp if isinstance(v.kind, types.Integer) else v.kind for v in operands]
        name = f"{function.__name__}({', '.join(map(str, kinds))})"
        code = self.builder.module.globals.get(name) or self.write(self.builder.module, function, kinds, name)
        code.linkage = "internal"
        codes = [self.convert(v, kind) for v, kind in zip(operands, kinds, strict=True)]
        return Value(result_type(function, kinds), self.builder.call(code, codes))

    def constant(self, node: ast.expr, found: Any) -> Value:
        if isinstance(found, bool):
            return Value(types.boolean, BOOL(int(found)))
        if isinstance(found, int):
            return integer(found)
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
            return integer(-value.kind.literal_value)
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
            ends.append((BOOL(int(not conjunction)), builder.block))
            following = self.code.append_basic_block()
            builder.cbranch(decided, *((following, after) if conjunction else (after, following)))
            builder.position_at_end(following)
        ends.append((self.truth(self.value(operands[-1])), builder.block))
        builder.branch(after)
        builder.position_at_end(after)
        return Value(types.boolean, self.phi(BOOL, ends))

    def choice(self, node: ast.IfExp) -> list[Value]:
        kinds: list[Any] = []

        def arm(part: ast.expr) -> list[Any]:
            values = self.values(part)
            if not kinds:
                kinds.extend(types.intp if isinstance(v.kind, types.Integer) else v.kind for v in values)
            return [self.convert(v, kind) for v, kind in zip(values, kinds, strict=True)]

        ends = self.branches(node.test, lambda: arm(node.body), lambda: arm(node.orelse))
        codes = [self.phi(llvm_type(k), [(found[p], block) for found, block in ends]) for p, k in enumerate(kinds)]
        return [Value(kind, code) for kind, code in zip(kinds, codes, strict=True)]

    def phi(self, kind: Any, ends: Sequence[tuple[Any, Any]]) -> Any:
        made = self.builder.phi(kind)
        for code, block in ends:
            made.add_incoming(code, block)
        return made

    def call(self, node: ast.Call, name: str, operands: list[Value]) -> Value:
        builder = self.builder
        target: Any = self.outer.get(name)
        if isinstance(target, types.Type):
            return Value(target, self.convert(operands[0], target))
        if hasattr(target, "_defn"):  # an intrinsic
            signature, generate = target._defn(_Context, *(v.kind for v in operands))
            codes = [
                v.code if isinstance(wanted, types.NumberClass) else self.convert(v, wanted)
                for v, wanted in zip(operands, signature.args, strict=True)
            ]
            return Value(signature.return_type, generate(_Context, builder, signature, codes))
        if inspect.isfunction(target):
            return self.helper(target, operands)
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


def integer(number: int) -> Value:
    """The value of an integer that stands in the source."""
    return Value(numba_types.literal(number), INT(number))


def _common(left: Value, right: Value) -> Any:
    """The type in which two values meet."""
    reals = [v.kind for v in (left, right) if isinstance(v.kind, types.Float)]
    return max(reals, key=lambda kind: int(kind.bitwidth)) if reals else types.intp
