"""Prints a fused loop.

Enters: a `Loop`.  Leaves: its lines.  Always holds: what does not depend on an inner label is computed outside of the
inner loop; a sum is kept in a local variable as far as its result's labels allow, else in the result itself.
Not for: the order of the labels, which the planner chose.
"""

from __future__ import annotations

from collections import Counter

from .collapse import collapse, references
from .emit_angles import ANGLES
from .emit_text import Writer
from .program import Load, Loop, Op, Ref, Store
from .quotients import with_reciprocals
from .scalars import SCALARS

_IDENTITY = {"sum": 0.0, "prod": 1.0, "max": float("-inf"), "top": float("-inf"), "min": float("inf")}
_COMBINE = {"sum": "plus", "prod": "times", "max": "maximum", "top": "larger", "min": "minimum"}
_LABELS = "ijkl"


def write_loop(out: Writer, loop: Loop, near: bool = False) -> None:
    """Writes the loops; with `near`, all angles are known not to be large."""
    _LoopWriter(out, with_reciprocals(collapse(loop)), near).write()


class _LoopWriter:
    def __init__(self, out: Writer, loop: Loop, near: bool) -> None:
        self.out = out
        self.loop = loop
        self.near = near
        self.order = len(loop.extents)
        self.labels: list[str] = []
        self.local: list[str] = []
        # The depth of a value is the number of loops that it stands in.
        self.load_depths = [max(load.labels, default=-1) + 1 for load in loop.loads]
        self.op_depths: list[int] = []
        for op in loop.ops:
            self.op_depths.append(max((self.depth(r) for r in op.operands), default=0))
        self.uses = Counter(references(loop))
        self.readers: dict[Ref, int] = {}  # in how many loops the innermost reader of a value stands
        readers = [(r, depth) for op, depth in zip(loop.ops, self.op_depths, strict=True) for r in op.operands]
        for ref, depth in [*readers, *((s.value, self.order) for s in loop.stores)]:
            self.readers[ref] = max(depth, self.readers.get(ref, 0))
        self.texts: dict[Ref, str] = {}

    def depth(self, ref: Ref) -> int:
        """How many loops a value stands in."""
        if ref.kind == "load":
            return self.load_depths[ref.index]
        if ref.kind == "label":
            return ref.index + 1
        return self.op_depths[ref.index] if ref.kind == "op" else 0

    def write(self) -> None:
        """Writes everything."""
        out, names = self.out, self.out.names
        start = out.depth
        sums = [self.register(s) if s.reduce is not None else None for s in self.loop.stores]
        for store, register in zip(self.loop.stores, sums, strict=True):
            if register is not None and not store.accumulate and any(k not in store.labels for k in range(register)):
                self.clear(store)
        accumulators: dict[int, str] = {}
        for depth in range(self.order + 1):
            self.values(depth)
            for k, register in enumerate(sums):
                store = self.loop.stores[k]
                if register == depth and depth < self.order:
                    accumulators[k] = self.variable("s")
                    out.line(f"{accumulators[k]} = {names.number(_IDENTITY[store.reduce or ''])}")
            if depth < self.order:
                label = names.take(_LABELS)
                self.labels.append(label)
                out.line(f"for {label} in range({names.dim(self.loop.extents[depth])}):")
                out.depth += 1
        # Values are complete before anything is stored: a store may overwrite what another one reads.
        results = [self.text(s.value) for s in self.loop.stores]
        for k, (store, result) in enumerate(zip(self.loop.stores, results, strict=True)):
            if k in accumulators:
                combine = self.function(_COMBINE[store.reduce or ""])
                out.line(f"{accumulators[k]} = {combine}({accumulators[k]}, {result})")
            else:
                self.store(store, result, in_memory=store.reduce is not None and len(store.labels) < self.order)
        for depth in reversed(range(self.order)):
            out.depth -= 1
            for k, name in accumulators.items():
                if sums[k] == depth:
                    store = self.loop.stores[k]
                    self.store(store, name, in_memory=any(label not in store.labels for label in range(depth)))
        assert out.depth == start
        for name in (*self.labels, *self.local):
            names.release(name)

    def register(self, store: Store) -> int:
        """The depth in which a reduction can be kept in a local variable."""
        return max(store.labels, default=-1) + 1

    def values(self, depth: int) -> None:
        """Writes the loads and operations that stand in `depth` loops."""
        stored = {s.view.buffer.name for s in self.loop.stores}
        for k, load in enumerate(self.loop.loads):
            ref = Ref("load", k)
            if self.load_depths[k] == depth and self.uses[ref]:
                text = self.out.element(load, tuple(self.labels))
                self.keep(ref, text, "x", load.view.buffer.name in stored or self.uses[ref] > 1)
        for k, op in enumerate(self.loop.ops):
            ref = Ref("op", k)
            if self.op_depths[k] == depth and self.uses[ref]:
                self.keep(ref, self.operation(op), "v", self.uses[ref] > 1)

    def keep(self, ref: Ref, text: str, letter: str, named: bool) -> None:
        """Remembers the text of a value, as a variable where it is read twice, further inside, or long."""
        outer = self.depth(ref) < self.readers[ref]
        if named or outer or len(text) > 80:
            name = self.variable(letter)
            self.out.line(f"{name} = {text}")
            text = name
        self.texts[ref] = text

    def variable(self, letter: str) -> str:
        name = self.out.names.fresh(letter)
        self.local.append(name)
        return name

    def function(self, name: str) -> str:
        self.out.functions.add(name)
        return name

    def text(self, ref: Ref) -> str:
        """The text of an operand."""
        if ref.kind == "const":
            return self.out.names.number(ref.value)
        if ref.kind == "size":
            assert ref.dim is not None
            return f"real({self.out.names.dim(ref.dim)})"
        if ref.kind == "label":
            return f"real({self.labels[ref.index]})"
        return self.texts[ref]

    def operation(self, op: Op) -> str:
        """The text of an operation."""
        if op.function == "pow" and op.operands[1].kind == "const":
            text = self.power(op.operands[0], op.operands[1].value)
            if text:
                return text
        template = SCALARS[op.function].text
        if self.near and op.function in ANGLES:
            template = f"near_{template}"
        if template[0] != "(":
            self.function(template.split("(")[0])
        return template.format(*(self.text(r) for r in op.operands))

    def power(self, base: Ref, exponent: float) -> str:
        """A power with a small integer exponent, or half of one, as products and a square root; else nothing."""
        whole, half = divmod(abs(exponent), 1)
        if half not in (0, 0.5) or not 0 < abs(exponent) <= 8:
            return ""
        name = self.text(base)
        if not name.isidentifier():
            name = self.variable("v")
            self.out.line(f"{name} = {self.text(base)}")
        factors = [name] * int(whole) + [f"{self.function('sqrt')}({name})"] * (half != 0)
        text = f"({'*'.join(factors)})"
        return text if exponent > 0 else f"({self.out.names.number(1.0)} / {text})"

    def store(self, store: Store, value: str, in_memory: bool) -> None:
        """Writes a result, or adds it to what is there."""
        target = self.out.element(Load(store.view, store.labels), tuple(self.labels))
        if store.accumulate or (in_memory and store.reduce == "sum"):
            self.out.line(f"{target} += {_bare(value)}")
        elif in_memory:
            self.out.line(f"{target} = {self.function(_COMBINE[store.reduce or ''])}({target}, {value})")
        else:
            self.out.line(f"{target} = {_bare(value)}")

    def clear(self, store: Store) -> None:
        """Writes the neutral number into a result that is reduced in memory."""
        value = Ref("const", value=_IDENTITY[store.reduce or ""])
        labels = tuple(range(len(store.labels)))
        write_loop(self.out, Loop(store.view.shape, (), (), (Store(store.view, labels, value),)))


def _bare(text: str) -> str:
    """The text without brackets around all of it."""
    if not text.startswith("(") or not text.endswith(")"):
        return text
    depth = 0
    for k, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0 and k < len(text) - 1:
            return text
    return text[1:-1]
