"""Loops with trigonometric functions in two forms: for angles of everyday size, in vectors, and for any.

Enters: a `Loop`.  Leaves: the loop that counts its angles that are too large for the first form; where the loop can be
run again, that is the loop itself, which counts besides.  Always holds: it reads nothing that the loop does not read.
Not for: the functions (`runtime/trigonometric.py`).
"""

from __future__ import annotations

from .program import Load, Loop, Op, Ref, Store, View

ANGLES = frozenset({"sin", "cos", "tan"})  # `near_sin`, ... in a kernel, for angles up to
NEAR = 2.0**20
# Programs with more of them than this call the C library, for compiling the other forms would take too long.
MOST_ANGLES = 256


def can_run_again(loop: Loop) -> bool:
    """Whether a loop that has run leaves what it read as it was."""
    stored = {store.view.buffer.name for store in loop.stores}
    reads = any(load.view.buffer.name in stored for load in loop.loads)
    return not reads and not any(store.accumulate for store in loop.stores)


def counting(loop: Loop, found: View) -> Loop:
    """The loop, which besides counts its angles beyond `NEAR` into a number."""
    ops = list(loop.ops)
    total: Ref | None = None
    for angle in _angles(loop):
        ops.append(Op("abs", (angle,)))
        ops.append(Op("gt", (Ref("op", len(ops) - 1), Ref("const", value=NEAR))))
        if total is not None:
            ops.append(Op("add", (total, Ref("op", len(ops) - 1))))
        total = Ref("op", len(ops) - 1)
    assert total is not None
    store = Store(found, (), total, "sum" if loop.extents else None)
    return Loop(loop.extents, loop.loads, tuple(ops), (*loop.stores, store))


def _angles(loop: Loop) -> list[Ref]:
    return list(dict.fromkeys(op.operands[0] for op in loop.ops if op.function in ANGLES))


def far_angles(loop: Loop, found: View) -> Loop | None:
    """The loop that counts the angles beyond `NEAR` into a number; None for a loop without angles."""
    angles = _angles(loop)
    if not angles:
        return None
    needed = _needed(loop, angles)
    labels = sorted({ref.index for ref in needed if ref.kind == "label"}.union(*(_labels(loop, ref) for ref in needed)))
    places = {ref: k for kind in ("load", "op") for k, ref in enumerate(r for r in needed if r.kind == kind)}

    def moved(ref: Ref) -> Ref:
        if ref.kind == "label":
            return Ref("label", labels.index(ref.index))
        return Ref(ref.kind, places[ref]) if ref in places else ref

    loads = [loop.loads[ref.index] for ref in needed if ref.kind == "load"]
    ops = [loop.ops[ref.index] for ref in needed if ref.kind == "op"]
    ops = [Op(op.function, tuple(map(moved, op.operands))) for op in ops]

    def add(function: str, *operands: Ref) -> Ref:
        ops.append(Op(function, operands))
        return Ref("op", len(ops) - 1)

    total: Ref | None = None
    for angle in angles:
        far = add("gt", add("abs", moved(angle)), Ref("const", value=NEAR))
        total = far if total is None else add("add", total, far)
    assert total is not None
    return Loop(
        tuple(loop.extents[label] for label in labels),
        tuple(Load(a.view, tuple(labels.index(label) for label in a.labels)) for a in loads),
        tuple(ops),
        (Store(found, (), total, "sum" if labels else None),),
    )


def _needed(loop: Loop, refs: list[Ref]) -> list[Ref]:
    """The references and all that they are computed from, in the order of the loop."""
    found: set[Ref] = set()
    work = list(refs)
    while work:
        ref = work.pop()
        if ref not in found:
            found.add(ref)
            if ref.kind == "op":
                work.extend(loop.ops[ref.index].operands)
    return sorted(found, key=lambda ref: (ref.kind, ref.index))


def _labels(loop: Loop, ref: Ref) -> set[int]:
    return set(loop.loads[ref.index].labels) if ref.kind == "load" else set()
