"""The beginning of a kernel: the sizes are read and checked, the workspace is laid out, the arrays get their names.

Enters: a program, the table that the kernel is called with (`layout.py`).  Leaves: lines of the kernel.  Always holds:
the arrays of the workspace begin at multiples of 64 bytes; a call without a workspace is told its length, and the sizes
of the outputs.  Not for: steps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..tensor.dims import Dim, extreme, volume
from .cost import cost
from .emit_rows import Blocks
from .emit_text import Names, Writer
from .interpret import solve_size
from .layout import layout
from .program import Buffer, Program, Routine
from .routines.table import ROUTINES, uses_blas


def write_sizes(out: Writer, program: Program, blocks: Sequence[Blocks]) -> None:
    """Reads the sizes and checks that they fit together; `blocks` need how many rows they take at a time."""
    names, table = out.names, layout(program)
    axes = [
        (dim, slot)
        for buffer, slots in zip(program.inputs, table.input_sizes, strict=True)
        for dim, slot in zip(buffer.shape, slots, strict=True)
    ]
    known: set[str] = set()
    defining: set[int] = set()
    lines: list[str] = []
    for dim, slot in axes:
        if dim.name is not None and dim.name not in known:
            known.add(dim.name)
            defining.add(slot)
            lines.append(f"{names.size(dim.name)} = table[{slot}]")
    for buffer, slot in zip(program.inputs, table.inputs, strict=True):
        if buffer.dtype == "int" and not buffer.shape:
            known.add(buffer.name)
            out.functions.add("array")
            lines.append(f"{names.size(buffer.name)} = array(table, {slot}, int64)[0]")
    for dim, slot in axes:
        solved = solve_size(dim, known)
        if solved is not None:
            known.add(solved[0])
            rest = names.dim(-solved[1])
            lines.append(f"{names.size(solved[0])} = table[{slot}] + ({rest})")
            lines.append(f"if {names.size(solved[0])} < 0:")
            lines.append(f"    return -{1 + [s for _, s in axes].index(slot)}")
    if lines:
        out.comment("Sizes")
        out.extend(lines)
    for position, (dim, slot) in enumerate(axes):
        if slot in defining:
            continue
        if not dim.names <= known:
            raise ValueError(f"size {dim} can't be found from the inputs")
        out.line(f"if table[{slot}] != {names.dim(dim)}:")
        out.line(f"    return -{position + 1}")
    for step in blocks:
        if not step.few:
            text = step.block_text(names.dim(step.row_length))
            out.line(f"{names.size(step.block)} = {text}  # rows at a time")


def write_workspace(out: Writer, program: Program, work: Sequence[Buffer], item: int) -> dict[str, str]:
    """Lays out the workspace, and answers the call that only asks for sizes: where each array in it begins.

    `item` is the length of a number in bytes.
    """
    names, table = out.names, layout(program)
    places: dict[str, str] = {}
    units: dict[Dim, str] = {}  # the variable for the bytes of each size
    counts: dict[str, int] = {}  # how often each of them stands before what comes next
    constant = 0
    pieces: list[tuple[str, Dim, int]] = [(b.name, volume(b.shape), 8 if b.dtype == "int" else item) for b in work]
    pieces += _scratch(program)
    lines: list[str] = []
    for name, count, length in pieces:
        places[name] = _total(counts, constant)
        size = count * length
        if size.value is not None:
            constant += (size.value + 63) // 64 * 64
            continue
        if size not in units:
            units[size] = names.fresh(f"{names.identifier(name)}_bytes")
            lines.append(f"{units[size]} = ({names.dim(size)} + 63) & -64")
        counts[units[size]] = counts.get(units[size], 0) + 1
    total = _total(counts, constant)
    if lines:
        out.comment("Workspace")
        out.extend(lines)
    out.line("if table[0] == 0:")
    for buffer, slots in zip(program.outputs, table.output_sizes, strict=True):
        for dim, slot in zip(buffer.shape, slots, strict=True):
            out.line(f"    table[{slot}] = {names.dim(dim)}")
    out.line(f"    table[{table.bytes}] = {total}")
    out.line(f"    table[{table.operations}] = {_operations(names, program)}")
    out.line("    return 0")
    return places


def _operations(names: Names, program: Program) -> str:
    """The number of operations of a program that uses BLAS, else 0."""
    if not uses_blas(program):
        return "0"
    thirds = names.dim(cost(program).thirds)
    return f"({thirds}) // 3 + 1"


def _scratch(program: Program) -> list[tuple[str, Dim, int]]:
    """The memory that routines need besides their views; one piece for all, as large as the largest."""
    sizes: dict[Dim, None] = {}
    for step in program.flat():
        if not isinstance(step, Routine):
            continue
        signature = ROUTINES[step.name]
        if signature.scratch is not None:
            found = signature.sizes(step)
            sizes[signature.scratch(*(found[letter] for letter in signature.letters))] = None
    if not sizes:
        return []
    total, *others = sizes
    for size in others:
        total = extreme("max", total, size)
    return [("scratch", total, 8)]


def write_arrays(out: Writer, program: Program, work: Sequence[Buffer], places: Mapping[str, str]) -> None:
    """Names the arrays, those of the workspace by where they begin."""
    names, table = out.names, layout(program)
    out.comment("Arrays")
    for role, buffers, slots in (
        ("input", program.inputs, table.inputs),
        ("output", program.outputs, table.outputs),
    ):
        for buffer, slot in zip(buffers, slots, strict=True):
            if buffer.dtype == "int" and not buffer.shape:
                continue
            kind = "int64" if buffer.dtype == "int" else "real"
            shape = ", ".join(map(str, buffer.shape))
            out.functions.add("array")
            out.line(f"{names.identifier(buffer.name)} = array(table, {slot}, {kind})  # {role} ({shape})")
    if not places:
        return
    out.functions |= {"array", "part"}
    memory = names.fresh("workspace")
    out.line(f"{memory} = array(table, 0, int64)")
    first = 1 + len(table.inputs) + len(table.outputs)
    kinds = {b.name: "int64" if b.dtype == "int" else "real" for b in work}
    shapes = {b.name: ", ".join(map(str, b.shape)) for b in work}
    for tag, (name, place) in enumerate(places.items(), first):
        shape = f"  # ({shapes[name]})" if name in shapes else ""
        kind = kinds.get(name, "real")
        out.line(f"{names.identifier(name)} = part({memory}, {place}, {tag}, {kind}){shape}")


def _total(counts: dict[str, int], constant: int) -> str:
    """The text of so many of each variable, and a number."""
    terms = [name if count == 1 else f"{count}*{name}" for name, count in counts.items()]
    return " + ".join([*terms, str(constant)] if constant or not terms else terms)
