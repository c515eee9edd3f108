"""Prints a kernel program as the source of a Python module for Numba: one function `kernel(table)`.

Enters: a `Program` and the dtype.  Leaves: the text, and the routines that it calls.  Always holds: the function uses
raw loops and compiled routines over bare addresses (`compiler/kernel/layout.py`), allocates nothing, raises nothing,
and reads all sizes from its argument; the text names the buffers as the program does, and says what each step means.
Not for: how its beginning (`emit_memory.py`), a loop (`emit_loop.py`) or a fused pass over rows (`emit_rows.py`) is
written.
"""

from __future__ import annotations

import builtins
import keyword
import re
from dataclasses import dataclass

from ..tensor.dims import Dim, volume
from .common_range import Joined
from .emit_angles import ANGLES, MOST_ANGLES, can_run_again, counting, far_angles
from .emit_copies import with_unit_strides
from .emit_few import ahead_text, is_of_rows, write_few, write_prefetch
from .emit_loop import write_loop
from .emit_memory import write_arrays, write_sizes, write_workspace
from .emit_rows import Blocks, scaled, split_rows
from .emit_text import INTRINSICS, Names, Writer
from .overlap import buffers_of, joined
from .program import Buffer, Load, Loop, Op, Program, Ref, Require, Routine, Rows, Scale, Step, Store, View, step_lines
from .routines.signature import Signature
from .routines.table import ROUTINES
from .scalars import SCALARS

_AT_ONCE = 512  # elements of an array, so that a few of them stay in the cache
_FOUND = Buffer("found", (), "work")  # counts what a check finds


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a kernel's module, and the names of the routines that it calls."""

    text: str
    routines: tuple[str, ...]


def emit(program: Program, dtype: str = "float64", title: str = "") -> Source:
    """The source of the kernel of a program for `float64` or `float32`.

    `title` is put at the head of the text.  Raises ValueError for a program whose sizes can't be found from its inputs.
    """
    return _Emitter(program, dtype, title).run()


class _Emitter:
    def __init__(self, program: Program, dtype: str, title: str) -> None:
        self.plan = program
        self.program = with_unit_strides(program)
        self.dtype = dtype
        self.title = title
        self.item = 8 if dtype == "float64" else 4
        self.names = Names(dtype, {"table", "kernel", *SCALARS, *ROUTINES, *keyword.kwlist, *dir(builtins)})
        self.out = Writer(self.names)
        self.routines: dict[str, None] = {}
        loops = [step for step in program.flat() if isinstance(step, Loop)]
        self.angles = sum(op.function in ANGLES for loop in loops for op in loop.ops)

    def run(self) -> Source:
        out = self.out
        out.depth = 1
        steps: list[Loop | Routine | Require | Blocks | Joined] = []
        self.comments: list[list[str]] = []
        work = list(self.program.work)
        together = joined(self.program.steps)
        for planned in together:
            self.comments.append(_comments(planned))
            if isinstance(planned, Rows):
                blocks = split_rows(planned, 1 + sum(isinstance(s, Blocks) for s in steps))
                local = {b.name: b for b in blocks.local}
                work = [local.get(b.name, b) for b in work]
                steps.append(blocks)
            else:
                steps.append(planned)
        needed = {buffer.name for step in together for buffer in buffers_of(step)}
        work = [b for b in work if b.name in needed]
        if any(map(_counts, self.program.flat())):
            work.append(_FOUND)
        write_sizes(out, self.program, [step for step in steps if isinstance(step, Blocks)])
        places = write_workspace(out, self.program, work, self.item)
        write_arrays(out, self.program, work, places)
        for step, comments in zip(steps, self.comments, strict=True):
            for text in comments:
                out.comment(text)
            if isinstance(step, Blocks):
                self.rows(step)
            elif isinstance(step, Joined):
                self.joined(step)
            else:
                self.plain(step)
        out.line("return 0")
        return Source(self.header() + "\n".join(out.lines) + "\n", tuple(self.routines))

    def header(self) -> str:
        plan = "\n".join("    " + line for line in str(self.plan).splitlines())
        imports = [f"from numba import {self.dtype}, int64"]
        used = self.out.functions
        for module, names in (
            ("intrinsics", INTRINSICS),
            *_MODULES.items(),
            ("elementary", {scalar.text.split("(")[0] for scalar in SCALARS.values()}.difference(*_MODULES.values())),
        ):
            found = sorted(used & names)
            if found:
                imports.append(f"from matgrad.runtime.{module} import {', '.join(found)}")
        if self.routines:
            imports.append(f"from matgrad.runtime.library import {', '.join(sorted(self.routines))}")
        constants = [f"from math import {', '.join(sorted(used & {'inf', 'nan'}))}"] if used & {"inf", "nan"} else []
        title = self.title or "A kernel of matgrad."
        return (
            f'"""{title}\n\nThe plan ({self.dtype}):\n\n{plan}\n"""\n\n'
            + "\n".join(constants + imports)
            + f"\n\nreal = {self.dtype}\n\n\ndef kernel(table):\n"
        )

    def plain(self, step: Loop | Routine | Require) -> None:
        """Writes a step without a comment."""
        if isinstance(step, Loop):
            self.loop(step)
        elif isinstance(step, Require):
            self.out.line(f"if {self.names.dim(step.value)} < 0:")
            self.fail(step.failure)
        else:
            self.routine(step)

    def loop(self, loop: Loop) -> None:
        """Writes a loop; one with angles in both forms."""
        out = self.out
        count = far_angles(loop, _FOUND.view()) if self.angles <= MOST_ANGLES else None
        if count is None:
            write_loop(out, loop)
            return
        # An angle that is too large is counted before anything that is made of it.
        again = can_run_again(loop)
        write_loop(out, counting(loop, _FOUND.view()) if again else count, near=True)
        out.line(f"if {out.names.identifier(_FOUND.name)}[0] > 0:")
        out.depth += 1
        write_loop(out, loop)
        out.depth -= 1
        if not again:
            out.line("else:")
            out.depth += 1
            write_loop(out, loop, near=True)
            out.depth -= 1

    def joined(self, step: Joined) -> None:
        """Writes loops over windows of one array as one loop and its ends; one after another where it is too short."""
        out, names = self.out, self.names
        conditions = [f"{names.dim(size)} > 0" for size in step.common if size.value is None]
        if conditions:
            out.line(f"if {' and '.join(conditions)}:")
            out.depth += 1
        if step.makers:
            self.blocks(step)
        else:
            self.loop(step.inner.loop)
        for loop in step.ends:
            self.loop(loop)
        if conditions:
            out.depth -= 1
            out.line("else:")
            out.depth += 1
            for loop in (*(member.loop for member in step.makers), *step.members):
                self.loop(loop)
            out.depth -= 1

    def blocks(self, step: Joined) -> None:
        """Writes what joined loops have in common, and the loops whose results they read, over blocks of rows."""
        out, names = self.out, self.names
        for view in step.sums():
            self.plain(Routine("fill", (view,), (), (Scale(0.0),)))
        # No names of sizes: they have spaces.
        row, rows = Dim.of("first row"), Dim.of("rows at once")
        length = names.dim(volume(n for _, n in step.inner.box()[1:]))
        out.line(f"{names.dim(rows)} = max(1, {_AT_ONCE} // max(1, {length}))")
        out.line(f"for {names.dim(row)} in range(0, {names.dim(step.rows)}, {names.dim(rows)}):")
        out.depth += 1
        for loop in step.block(row, rows):
            self.loop(loop)
        out.depth -= 1

    def fail(self, failure: str) -> None:
        self.out.line(f"    return {1 + self.program.failures.index(failure)}")

    def rows(self, blocks: Blocks) -> None:
        """Writes the passes over blocks of rows."""
        out, names = self.out, self.names
        for before in blocks.before:
            self.plain(before)
        row, rows = names.size(blocks.row), names.size(blocks.rows)
        extent = names.dim(blocks.extent)
        if blocks.few:
            matrix = next(s.inputs[0] for s in blocks.few_steps if isinstance(s, Routine) and is_of_rows(s))
            ahead = names.fresh("ahead")
            out.line(f"{ahead} = {ahead_text(names, matrix, extent, blocks.few)}  # elements to ask for")
            whole = f"({extent})//{blocks.few}*{blocks.few}"
            out.line(f"for {row} in range(0, {whole}, {blocks.few}):")
            out.depth += 1
            for number, step in enumerate(blocks.few_steps):
                self.plain(step)
                if is_of_rows(step) and not any(map(is_of_rows, blocks.few_steps[:number])):
                    write_prefetch(out, matrix, ahead, 64 // self.item)
            out.depth -= 1
            names.release(ahead)
            out.line(f"{row} = {whole}")
            out.line(f"{rows} = {extent} - {row}")
            out.line(f"if {rows} > 0:")
        else:
            block = names.size(blocks.block)
            out.line(f"for {row} in range(0, {extent}, {block}):")
            out.depth += 1
            out.line(f"{rows} = min({block}, {extent} - {row})")
            out.depth -= 1
        out.depth += 1
        for step in blocks.steps:
            self.plain(step)
        out.depth -= 1

    def routine(self, step: Routine) -> None:
        if step.name in ("copy", "fill") or step.name in _ELEMENTWISE_CHECKS:
            self.elementwise(step)
            return
        out, names = self.out, self.names
        signature = ROUTINES[step.name]
        sizes = signature.sizes(step)
        scalars = [*step.scalars, *(Scale(0.0 if n == "beta" else 1.0) for n in signature.scalars[len(step.scalars) :])]
        factors = [self.scale(s) for s in scalars]
        if is_of_rows(step):
            write_few(out, step, *factors)
            return
        self.routines.setdefault(step.name)
        arguments = [names.dim(sizes[letter]) for letter in signature.letters] + factors
        for pattern, view in zip((*signature.inputs, *signature.outputs), (*step.inputs, *step.outputs), strict=True):
            arguments += self.view(view, signature, pattern)
        if signature.scratch is not None:
            arguments.append(names.identifier("scratch"))
        call = f"{step.name}({', '.join(arguments)})"
        if signature.can_fail and step.failure:
            out.line(f"if {call} != 0:")
            self.fail(step.failure)
        else:
            out.line(call)

    def view(self, view: View, signature: Signature, pattern: str) -> list[str]:
        """A view as arguments: its address and its strides."""
        names = self.names
        pointer = names.identifier(view.buffer.name)
        if view.offset.value != 0:
            self.out.functions.add("shift")
            pointer = f"shift({pointer}, {names.dim(view.offset)})"
        strides = [names.dim(s) for s in view.strides]
        missing = len(re.sub(r"\W", "", pattern)) - len(strides)
        return [pointer, *strides, *["1"] * missing]

    def scale(self, scale: Scale) -> str:
        factors = [self.names.number(scale.constant)] if scale.constant != 1.0 or not scale.views else []
        factors += [self.out.element(Load(view, ()), ()) for view in scale.views]
        return " * ".join(factors)

    def elementwise(self, step: Routine) -> None:
        """Writes what is a loop over elements as one."""
        view = (*step.outputs, *step.inputs)[0]
        labels = tuple(range(len(view.shape)))
        loads = tuple(Load(v, labels) for v in step.inputs)
        if step.name == "copy":
            write_loop(self.out, Loop(view.shape, loads, (), (Store(view, labels, Ref("load", 0)),)))
        elif step.name == "fill":
            (scale,) = step.scalars
            write_loop(self.out, scaled(view, scale, ()))
        else:
            test = Op(_ELEMENTWISE_CHECKS[step.name], (Ref("load", 0), Ref("const", value=0.0)))
            store = Store(_FOUND.view(), (), Ref("op", 0), "sum")
            write_loop(self.out, Loop(view.shape, loads, (test,), (store,)))
            self.out.line(f"if {self.names.identifier(_FOUND.name)}[0] > 0:")
            self.fail(step.failure)


_ELEMENTWISE_CHECKS = {"check_nonneg": "lt", "check_positive": "le"}
# Where scalar operations are that are not in `runtime/elementary.py`.
_MODULES = {
    "hyperbolic": {"sinh", "cosh", "asinh", "acosh", "atanh"},
    "normal": {"erf", "erfc", "normcdf", "normpdf"},
    "powers": {"pow"},
    "special": {"lgamma", "digamma", "trigamma", "polygamma"},
    "trigonometric": {"sin", "cos", "tan", "near_sin", "near_cos", "near_tan", "asin", "acos", "atan", "atan2"},
}


def _counts(step: Loop | Routine | Require) -> bool:
    """Whether a step counts something."""
    if isinstance(step, Loop):
        return any(op.function in ANGLES for op in step.ops)
    return isinstance(step, Routine) and step.name in _ELEMENTWISE_CHECKS


def _comments(step: Step | Joined) -> list[str]:
    if not isinstance(step, Joined):
        return step_lines(step)
    return ["at once:", *("    " + line for planned in step.shown for line in step_lines(planned))]
