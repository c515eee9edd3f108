"""The kernel program: what the planner decides and the kernels do, as a list of steps over strided views.

Enters: nothing (plain values, built by the planner).  Leaves: `Program`, which `interpret.py` runs with NumPy (the
oracle of the tests) and `emit.py` prints as Numba source; `str(program)` is the plan as people read it.  Always holds:
every buffer is written before it is read; inputs are never written; a step's output does not overlap its inputs
unless the routine says that it works in place; all sizes, offsets and strides are `Dim`s, in elements.  The names in
them are sizes of the inputs, and inputs of order 0 and dtype `int` (an index that is an argument).  Not for: choosing
anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..tensor.dims import Dim


@dataclass(frozen=True, slots=True)
class Buffer:
    """A C-contiguous array of reals of `shape` (order 0 is a single number).

    `role` is `input` (an argument, or data fixed by bind), `output` (a result) or `work` (a part of the workspace).
    `dtype` is `real` (float64 or float32, one for the whole program) or `int` (pivots; an `integer scalar` argument).
    """

    name: str
    shape: tuple[Dim, ...]
    role: str
    dtype: str = "real"

    def view(self) -> View:
        """All of the buffer."""
        strides: list[Dim] = []
        step = Dim.of(1)
        for size in reversed(self.shape):
            strides.insert(0, step)
            step = step * size
        return View(self, Dim.of(0), tuple(strides), self.shape)


@dataclass(frozen=True, slots=True)
class View:
    """A strided window of a buffer: element (i, j, ...) is at `offset + i*strides[0] + j*strides[1] + ...`."""

    buffer: Buffer
    offset: Dim
    strides: tuple[Dim, ...]
    shape: tuple[Dim, ...]

    @property
    def T(self) -> View:
        """The transposed window."""
        return View(self.buffer, self.offset, self.strides[::-1], self.shape[::-1])

    def permuted(self, axes: tuple[int, ...]) -> View:
        """Axis k of the result is axis `axes[k]` of this."""
        return View(self.buffer, self.offset, tuple(self.strides[a] for a in axes), tuple(self.shape[a] for a in axes))


@dataclass(frozen=True, slots=True)
class Ref:
    """An operand of a scalar operation in a `Loop`: `kind` is

    - `load`: element of `loads[index]` at the current labels,
    - `op`: the value of `ops[index]`,
    - `label`: the loop's label `index` (0, 1, 2, ...) as a number,
    - `const`: the number `value`,
    - `size`: the size `dim` as a number.
    """

    kind: str
    index: int = -1
    value: float = 0.0
    dim: Dim | None = None


@dataclass(frozen=True, slots=True)
class Load:
    """Reads `view` at the loop's `labels` (one label per axis of the view; a label may stand twice: a diagonal)."""

    view: View
    labels: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Op:
    """One scalar operation: the name of an entry in `scalars.py` and its operands."""

    function: str
    operands: tuple[Ref, ...]


@dataclass(frozen=True, slots=True)
class Store:
    """Writes `value` to `view` at `labels` (distinct).  Labels of the loop that are not among them are reduced by
    `reduce` (`sum`, `max`, `min`, `prod`, or `top`: the largest one, and anything where one is nan); `accumulate` adds
    to what `view` holds instead of overwriting it (only without `reduce`, or with `sum`)."""

    view: View
    labels: tuple[int, ...]
    value: Ref
    reduce: str | None = None
    accumulate: bool = False


@dataclass(frozen=True, slots=True)
class Loop:
    """A fused elementwise loop over an index space, outermost label first.

    For every point: all `loads`, then `ops` in order (static single assignment), then all `stores`.
    No store's view is also loaded, except at exactly the same elements.
    """

    extents: tuple[Dim, ...]
    loads: tuple[Load, ...]
    ops: tuple[Op, ...]
    stores: tuple[Store, ...]


@dataclass(frozen=True, slots=True)
class Routine:
    """A call of a routine of `routines/table.py` (BLAS, LAPACK, and their like), with views and scalar factors.

    `scalars` are factors such as BLAS's alpha and beta.  A routine that can fail (a Cholesky factorization) stops the
    kernel with a status; `failure` is the text that says what was required, naming the argument or expression.
    """

    name: str
    outputs: tuple[View, ...]
    inputs: tuple[View, ...]
    scalars: tuple[Scale, ...] = ()
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Scale:
    """The number `constant` times all the order-0 `views` (alpha and beta of BLAS)."""

    constant: float = 1.0
    views: tuple[View, ...] = ()


@dataclass(frozen=True, slots=True)
class Rows:
    """Steps fused along a common axis: the meaning is that of the `steps` one after another.

    The kernel runs all of them for one value of the axis (or a block of values), then for the next, so that a row
    of a large input is read once.  `axes[k]` tells for each buffer that has it (by name) which axis that is;
    `local` names the work buffers that then need only one row (or block).
    """

    extent: Dim
    steps: tuple[Loop | Routine, ...]
    axes: tuple[tuple[str, int], ...]
    local: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Require:
    """Stops the kernel with a status unless `value >= 0`: an index or a slice that must lie within a size, a maximum
    that needs elements.  `failure` says what was required, naming the argument or expression."""

    value: Dim
    failure: str


Step = Loop | Routine | Rows | Require


@dataclass(frozen=True, slots=True)
class Program:
    """All steps that compute the outputs from the inputs.

    The status of a run is 0, or 1 + the position in `failures` of what failed.
    """

    inputs: tuple[Buffer, ...]
    outputs: tuple[Buffer, ...]
    work: tuple[Buffer, ...]
    steps: tuple[Step, ...]

    @property
    def failures(self) -> tuple[str, ...]:
        """The distinct failure texts, in the order of the steps."""
        return tuple(dict.fromkeys(s.failure for s in self.flat() if not isinstance(s, Loop) and s.failure))

    def flat(self) -> Iterator[Loop | Routine | Require]:
        """The steps in the order of their meaning, fused ones included."""
        for step in self.steps:
            if isinstance(step, Rows):
                yield from step.steps
            else:
                yield step

    def __str__(self) -> str:
        lines = [
            f"{role:<8}{', '.join(_declaration(b) for b in buffers)}"
            for role, buffers in (("inputs", self.inputs), ("outputs", self.outputs), ("work", self.work))
            if buffers
        ]
        for step in self.steps:
            lines += step_lines(step)
        return "\n".join(lines)


def step_lines(step: Step) -> list[str]:
    """One step as people read it: the lines of the plan, and the comments of a kernel."""
    if isinstance(step, Require):
        return [f"require {step.value} >= 0"]
    if isinstance(step, Rows):
        local = f", rows of {', '.join(sorted(step.local))} kept" if step.local else ""
        return [f"rows of {step.extent}{local}:", *("    " + line for s in step.steps for line in step_lines(s))]
    if isinstance(step, Routine):
        text = f"{step.name}({', '.join(view_text(v) for v in step.inputs)})"
        if step.scalars:
            text += " * " + scale_text(step.scalars[0])
        if len(step.scalars) > 1 and step.scalars[1] != Scale(0.0):
            text += f" + {scale_text(step.scalars[1])} * {', '.join(view_text(v) for v in step.outputs)}"
        return [f"{', '.join(view_text(v) for v in step.outputs)} = {text}" if step.outputs else text]
    texts: list[str] = []  # of the operations so far
    uses = [ref.index for op in step.ops for ref in op.operands if ref.kind == "op"]
    uses += [store.value.index for store in step.stores if store.value.kind == "op"]
    lines: list[str] = []

    def operand(ref: Ref) -> str:
        if ref.kind == "load":
            load = step.loads[ref.index]
            return view_text(load.view) + _labels_text(load.labels)
        if ref.kind == "op":
            return texts[ref.index]
        if ref.kind == "label":
            return _label(ref.index)
        return f"{ref.value:g}" if ref.kind == "const" else str(ref.dim)

    for position, op in enumerate(step.ops):
        text = _operation_text(op.function, [operand(ref) for ref in op.operands])
        if uses.count(position) > 1:  # a value with a name, so that no text is written twice
            lines.append(f"v{position} = {text.removeprefix('(').removesuffix(')') if text.startswith('(') else text}")
            text = f"v{position}"
        texts.append(text)
    for store in step.stores:
        kept = "".join(_labels_text(store.labels))
        reduced = [_label(k) for k in range(len(step.extents)) if k not in store.labels]
        value = operand(store.value)
        if store.reduce is not None:
            value = f"{store.reduce.replace('top', 'max')}_{','.join(reduced)} {value}" if reduced else value
        lines.append(f"{view_text(store.view)}{kept} {'+=' if store.accumulate else '='} {value}")
    space = ", ".join(f"{_label(k)} < {extent}" for k, extent in enumerate(step.extents))
    if not space:
        return lines
    return [f"for {space}: {lines[0]}"] if len(lines) == 1 else [f"for {space}:", *("    " + line for line in lines)]


def view_text(view: View) -> str:
    """The view by its buffer's name: `X` is all of it, `X'` its transpose, others with offset and strides."""
    whole = view.buffer.view()
    if view == whole:
        return view.buffer.name
    if view == whole.T:
        return view.buffer.name + "'"
    return f"{view.buffer.name}<{view.offset}; {', '.join(map(str, view.strides))}>"


def scale_text(scale: Scale) -> str:
    """The factor as a product."""
    names = [view_text(v) for v in scale.views]
    return "*".join(names if scale.constant == 1.0 and names else [f"{scale.constant:g}", *names])


_OPERATORS = {"add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "^", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


def _operation_text(function: str, operands: list[str]) -> str:
    if function in _OPERATORS:
        return f"({operands[0]} {_OPERATORS[function]} {operands[1]})"
    return f"-{operands[0]}" if function == "neg" else f"{function}({', '.join(operands)})"


def _label(k: int) -> str:
    return "ijklpqrs"[k] if k < 8 else f"i{k}"


def _labels_text(labels: tuple[int, ...]) -> str:
    return f"[{','.join(_label(k) for k in labels)}]" if labels else ""


def _declaration(buffer: Buffer) -> str:
    kind = "" if buffer.dtype == "real" else " int"
    return f"{buffer.name}({', '.join(map(str, buffer.shape))}){kind}"
