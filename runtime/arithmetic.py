"""Formulas written in Python that become straight-line LLVM instructions: the elementary functions are made of them.

Enters: formulas over `Real`s.  Leaves: Numba intrinsics of floats of 32 or 64 bits (`function`).  Always holds: no
branches and no memory, so that LLVM vectorises loops around them; of the fast-math freedoms only contraction
(a*b + c in one rounding) is allowed, so that inf, nan and the order of additions stay.  Not for: arrays.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

_FLAGS = ("contract",)


class Condition:
    """A truth value."""

    __slots__ = ("builder", "value")

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder = builder
        self.value = value

    def __and__(self, other: Condition) -> Condition:
        return Condition(self.builder, self.builder.and_(self.value, other.value))

    def __or__(self, other: Condition) -> Condition:
        return Condition(self.builder, self.builder.or_(self.value, other.value))

    def __invert__(self) -> Condition:
        return Condition(self.builder, self.builder.not_(self.value))

    def choose(self, yes: Real, no: Real | float) -> Real:
        """`yes` where true, else `no`: both are computed, one is taken."""
        other = yes.constant(no)
        return Real(self.builder, self.builder.select(self.value, yes.value, other.value))


class Real:
    """A float of 32 or 64 bits.  Operators take numbers too, which get the same width."""

    __slots__ = ("builder", "value")

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder = builder
        self.value = value

    @property
    def single(self) -> bool:
        """True for 32 bits."""
        return isinstance(self.value.type, ir.FloatType)

    @property
    def bits(self) -> Any:
        """The integer type of the same width."""
        return ir.IntType(32 if self.single else 64)

    def constant(self, value: Real | float) -> Real:
        """A number of this width."""
        if isinstance(value, Real):
            return value
        return Real(self.builder, ir.Constant(self.value.type, float(value)))

    def _binary(self, method: str, left: Any, right: Any) -> Real:
        left, right = self.constant(left), self.constant(right)
        return Real(self.builder, getattr(self.builder, method)(left.value, right.value, flags=_FLAGS))

    def __add__(self, other: Real | float) -> Real:
        return self._binary("fadd", self, other)

    __radd__ = __add__

    def __sub__(self, other: Real | float) -> Real:
        return self._binary("fsub", self, other)

    def __rsub__(self, other: float) -> Real:
        return self._binary("fsub", other, self)

    def __mul__(self, other: Real | float) -> Real:
        return self._binary("fmul", self, other)

    __rmul__ = __mul__

    def __truediv__(self, other: Real | float) -> Real:
        return self._binary("fdiv", self, other)

    def __rtruediv__(self, other: float) -> Real:
        return self._binary("fdiv", other, self)

    def __neg__(self) -> Real:
        return Real(self.builder, self.builder.fneg(self.value))

    def compare(self, operator: str, other: Real | float) -> Condition:
        """An ordered comparison, false for NaN (`!=` is true for NaN)."""
        method = self.builder.fcmp_unordered if operator == "!=" else self.builder.fcmp_ordered
        return Condition(self.builder, method(operator, self.value, self.constant(other).value))

    def __lt__(self, other: Real | float) -> Condition:
        return self.compare("<", other)

    def __le__(self, other: Real | float) -> Condition:
        return self.compare("<=", other)

    def __gt__(self, other: Real | float) -> Condition:
        return self.compare(">", other)

    def __ge__(self, other: Real | float) -> Condition:
        return self.compare(">=", other)

    def equals(self, other: Real | float) -> Condition:
        """Equality of the numbers."""
        return self.compare("==", other)

    def is_nan(self) -> Condition:
        """True for NaN."""
        return self.compare("!=", self)

    def call(self, name: str, *others: Real | float) -> Real:
        """An LLVM intrinsic of reals, such as `llvm.sqrt`."""
        operands = [self, *(self.constant(o) for o in others)]
        kind = self.value.type
        function = self.builder.module.declare_intrinsic(name, (kind,), ir.FunctionType(kind, [kind] * len(operands)))
        return Real(self.builder, self.builder.call(function, [o.value for o in operands], fastmath=_FLAGS))

    def library(self, name: str, *others: Real | float) -> Real:
        """A function of the C library; its name for 32 bits ends in `f`."""
        operands = [self, *(self.constant(o) for o in others)]
        kind = self.value.type
        name += "f" if self.single else ""
        known = self.builder.module.globals.get(name)
        if known is None:
            known = ir.Function(self.builder.module, ir.FunctionType(kind, [kind] * len(operands)), name)
            known.attributes.add("nounwind")
        return Real(self.builder, self.builder.call(known, [o.value for o in operands]))

    def abs(self) -> Real:
        """The absolute value."""
        return self.call("llvm.fabs")

    def sqrt(self) -> Real:
        """The square root."""
        return self.call("llvm.sqrt")

    def round(self) -> Real:
        """The nearest integer (halves to even)."""
        return self.call("llvm.rint")

    def maximum(self, other: Real | float) -> Real:
        """The larger one; NaN if one is."""
        return self.call("llvm.maximum", other)

    def minimum(self, other: Real | float) -> Real:
        """The smaller one; NaN if one is."""
        return self.call("llvm.minimum", other)

    def with_sign_of(self, other: Real) -> Real:
        """This magnitude with the sign of another."""
        return self.call("llvm.copysign", other)

    def nearest_multiple(self, unit: float, offset: int = 0) -> tuple[Real, Any]:
        """(k, b) with k the integer nearest to `self / unit`, and b an LLVM integer whose low bits are k + offset."""
        # Adding 1.5 * 2^52 leaves the integer in the low bits: vectorises on every CPU, where conversions may not.
        magic = 1.5 * 2.0 ** (23 if self.single else 52) + offset
        total = self * (1 / unit) + magic
        return total - magic, self.builder.bitcast(total.value, self.bits)

    def times_power_of_two(self, biased: Any) -> Real:
        """`self * 2**k` where the low bits of an integer are k + `2*bias`: exact, or one rounding, for any k that is at
        most about 1.2 times the largest exponent."""
        first = self.builder.lshr(biased, ir.Constant(self.bits, 1))
        second = self.builder.sub(biased, first)
        return self * self.power_of_two(first) * self.power_of_two(second)

    def power_of_two(self, biased: Any, surplus: int = 0) -> Real:
        """2**k, a normal number, where the low bits of an integer are k + `bias` + `surplus`."""
        if surplus:
            biased = self.builder.sub(biased, ir.Constant(self.bits, surplus))
        bits = self.builder.shl(biased, ir.Constant(self.bits, 23 if self.single else 52))
        return Real(self.builder, self.builder.bitcast(bits, self.value.type))

    @property
    def bias(self) -> int:
        """What is added to exponents where they are stored."""
        return 127 if self.single else 1023

    def clamped(self, low: float, high: float) -> Real:
        """The number, or the nearer end of the interval; NaN stays."""
        raised = (self < low).choose(self.constant(low), self)
        return (raised > high).choose(self.constant(high), raised)

    def shortened(self) -> Real:
        """The number with the lower half of its digits cleared, so that its square is exact."""
        mask = ir.Constant(self.bits, -(1 << (12 if self.single else 27)))
        return Real(self.builder, self.builder.bitcast(self.builder.and_(self._as_bits(), mask), self.value.type))

    def _as_bits(self) -> Any:
        return self.builder.bitcast(self.value, self.bits)

    def bit(self, integer: Any, position: int) -> Condition:
        """Whether a bit of an LLVM integer is 1."""
        masked = self.builder.and_(integer, ir.Constant(integer.type, 1 << position))
        return Condition(self.builder, self.builder.icmp_unsigned("!=", masked, ir.Constant(integer.type, 0)))

    def widened(self) -> Real:
        """The same number in 64 bits."""
        return Real(self.builder, self.builder.fpext(self.value, ir.DoubleType())) if self.single else self

    def narrowed(self, like: Real) -> Real:
        """The number with the width of another one."""
        return Real(self.builder, self.builder.fptrunc(self.value, like.value.type)) if like.single else self

    def split(self, low: float) -> tuple[Real, Real]:
        """(m, e) with self = m * 2**e and low <= m < 2*low, for positive normal numbers."""
        builder = self.builder
        mantissa = 23 if self.single else 52
        offset = ir.Constant(self.bits, _bits_of(low, self.single))
        bits = builder.sub(builder.bitcast(self.value, self.bits), offset)
        exponent = builder.ashr(bits, ir.Constant(self.bits, mantissa))
        rest = builder.and_(bits, ir.Constant(self.bits, (1 << mantissa) - 1))
        m = Real(builder, builder.bitcast(builder.add(rest, offset), self.value.type))
        # The integer as a float, by the magic number again.
        magic = self.constant(1.5 * 2.0**mantissa)
        total = builder.add(exponent, builder.bitcast(magic.value, self.bits))
        return m, Real(builder, builder.bitcast(total, self.value.type)) - magic

    def polynomial(self, coefficients: tuple[float, ...]) -> Real:
        """c[0] + c[1]*x + c[2]*x^2 + ...: the last step by Horner's rule, long ones before that in two or four sums, so
        that fewer operations wait for one another."""
        count = 4 if len(coefficients) > 14 else 2 if len(coefficients) > 5 else 1
        if count == 1:
            return self._horner(coefficients)
        square = self * self
        step = square if count == 2 else square * square
        sums = [step._horner(coefficients[1 + k :: count]) for k in range(count)]
        total = sums[0] + self * sums[1]
        if count == 4:
            total = total + square * (sums[2] + self * sums[3])
        return self * total + coefficients[0]

    def _horner(self, coefficients: tuple[float, ...]) -> Real:
        total = self.constant(coefficients[-1])
        for c in reversed(coefficients[:-1]):
            total = total * self + c
        return total


def _bits_of(value: float, single: bool) -> int:
    import struct

    (bits,) = struct.unpack("<i", struct.pack("<f", value)) if single else struct.unpack("<q", struct.pack("<d", value))
    return int(bits)


def function(formula: Callable[..., Real]) -> Any:
    """The intrinsic for a formula of one to three reals (integers count as reals of 64 bits)."""

    def code(n: int) -> Callable[..., Any]:
        def typer(*operands: Any) -> Any:
            if not all(isinstance(o, types.Float | types.Integer) for o in operands):
                return None
            reals = [o for o in operands if isinstance(o, types.Float)]
            real = max(reals, key=lambda o: int(o.bitwidth)) if reals else types.float64

            def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
                return formula(*(Real(builder, a) for a in args)).value

            return real(*[real] * n), generate

        if n == 1:
            return lambda context, a: typer(a)
        if n == 2:
            return lambda context, a, b: typer(a, b)
        return lambda context, a, b, c: typer(a, b, c)

    typer = code(formula.__code__.co_argcount)
    typer.__name__ = formula.__name__
    typer.__doc__ = formula.__doc__
    return intrinsic(typer)


INF = math.inf
NAN = math.nan
