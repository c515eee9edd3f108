"""Tensor expressions: frozen, hash-consed nodes of one directed acyclic graph.

Enters: fields from the builders in `algebra.py` and `contraction.py`.  Leaves: nodes.  Always holds: two nodes with
equal fields are the same object, so equality is `is`; a node's `key` is a digest of its structure, the same in
every process; numbers are exact fractions.  Not for: normal forms (the builders) and meaning (`evaluate.py`).

A scalar is a tensor of order 0.  The number 1 is the empty contraction, the number c is `Sum(((c, one),))`, zero is
the empty sum; `ones(m, n)` is the empty contraction with two output indices.
"""

from __future__ import annotations

import hashlib
import threading
import weakref
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from .dims import Dim

Shape = tuple[Dim, ...]
_interned: weakref.WeakValueDictionary[bytes, Expr] = weakref.WeakValueDictionary()
_lock = threading.Lock()


class Expr:
    """A tensor-valued expression.  `shape` holds one `Dim` per index."""

    __slots__ = ("__weakref__", "_symmetric", "_transposed", "key", "shape")

    shape: Shape
    key: bytes
    _symmetric: bool | None
    _transposed: Expr | None

    @property
    def order(self) -> int:
        """Number of indices: 0 for a scalar."""
        return len(self.shape)

    @property
    def operands(self) -> tuple[Expr, ...]:
        """The expressions that this one is made of."""
        return ()

    def __repr__(self) -> str:
        from ..printing.printer import text

        return text(self)


class Symbol(Expr):
    """A named tensor: a parameter, or (with `value`) a bound name, which stands for its value.

    `role` is `parameter`, `bound`, `direction` (the dX of a differential) or `wild` (a pattern's variable).
    """

    __slots__ = ("attributes", "name", "role", "value")

    name: str
    attributes: frozenset[str]
    role: str
    value: Expr | None

    @property
    def operands(self) -> tuple[Expr, ...]:
        return () if self.value is None else (self.value,)


class Constant(Expr):
    """`pi` or `inf`: a number that is not a fraction."""

    __slots__ = ("name",)

    name: str


class Size(Expr):
    """A size (not a plain integer) as a scalar."""

    __slots__ = ("dim",)

    dim: Dim


class Structure(Expr):
    """A constant tensor of zeros and ones, given by a formula in its indices:

    - `delta` (n, n): 1 where i = j;
    - `select` (count, n) with parameter start: 1 where j = i + start;
    - `tril` (m, n) with parameter k: 1 where j <= i + k;
    - `pair` (m, n, m*n): 1 where l = i + m*j (column-major position of i, j);
    - `cross` (3, 3, 3): the permutation symbol, the only one that also holds -1.
    """

    __slots__ = ("kind", "parameters")

    kind: str
    parameters: tuple[Dim, ...]


class Contract(Expr):
    """The product of `factors`, summed over the labels that are not outputs.

    Labels 0 .. order-1 are the outputs, in order; `sizes` has the size of every label.  Each factor carries one
    label per index.  An output label without factor is a broadcast.
    """

    __slots__ = ("factors", "sizes")

    factors: tuple[tuple[Expr, tuple[int, ...]], ...]
    sizes: tuple[Dim, ...]

    @property
    def operands(self) -> tuple[Expr, ...]:
        return tuple(factor for factor, _ in self.factors)


class Sum(Expr):
    """Linear combination: `terms` are (coefficient, expression) pairs of one shape."""

    __slots__ = ("terms",)

    terms: tuple[tuple[Fraction, Expr], ...]

    @property
    def operands(self) -> tuple[Expr, ...]:
        return tuple(term for _, term in self.terms)


class Map(Expr):
    """An elementwise function of arguments that all have this shape."""

    __slots__ = ("arguments", "function")

    function: str
    arguments: tuple[Expr, ...]

    @property
    def operands(self) -> tuple[Expr, ...]:
        return self.arguments


class Reduce(Expr):
    """`max`, `min`, `logsumexp` or `prod` of `argument` over `axes`, which disappear."""

    __slots__ = ("argument", "axes", "function")

    function: str
    argument: Expr
    axes: tuple[int, ...]

    @property
    def operands(self) -> tuple[Expr, ...]:
        return (self.argument,)


class Atom(Expr):
    """A named function of whole matrices or vectors: `inv`, `det`, `chol`, ..."""

    __slots__ = ("arguments", "function")

    function: str
    arguments: tuple[Expr, ...]

    @property
    def operands(self) -> tuple[Expr, ...]:
        return self.arguments


def node(kind: type[Any], shape: Shape, /, **fields: Any) -> Any:
    """The node of class `kind` with these fields: the existing one if there is one."""
    digest = hashlib.blake2b(kind.__name__.encode(), digest_size=16)
    _digest(digest, shape)
    for value in fields.values():
        _digest(digest, value)
    key = digest.digest()
    with _lock:
        found = _interned.get(key)
        if found is not None:
            return found
        new: Expr = object.__new__(kind)
        new.shape, new.key, new._symmetric, new._transposed = shape, key, None, None
        for name, value in fields.items():
            object.__setattr__(new, name, value)
        _interned[key] = new
        return new


def _digest(digest: Any, value: Any) -> None:
    if isinstance(value, Expr):
        digest.update(value.key)
    elif isinstance(value, tuple):
        digest.update(b"(%d" % len(value))
        for item in value:
            _digest(digest, item)
    elif isinstance(value, frozenset):
        _digest(digest, tuple(sorted(value)))
    else:
        digest.update(f"{value},".encode())


def symbol(
    name: str, shape: Shape, attributes: Iterable[str] = (), role: str = "parameter", value: Expr | None = None
) -> Symbol:
    """The symbol `name`."""
    made: Symbol = node(Symbol, shape, name=name, attributes=frozenset(attributes), role=role, value=value)
    return made


def constant(name: str) -> Expr:
    """`pi` or `inf`."""
    made: Expr = node(Constant, (), name=name)
    return made


def structure(kind: str, shape: Shape, *parameters: Dim) -> Expr:
    """A constant structural tensor."""
    made: Expr = node(Structure, shape, kind=kind, parameters=parameters)
    return made


def topological(*roots: Expr) -> list[Expr]:
    """All nodes below the roots, operands before what uses them, each once; no recursion."""
    order: list[Expr] = []
    seen: set[Expr] = set()
    stack: list[tuple[Expr, Iterator[Expr]]] = []
    for root in roots:
        if root in seen:
            continue
        seen.add(root)
        stack.append((root, iter(root.operands)))
        while stack:
            current, rest = stack[-1]
            for operand in rest:
                if operand not in seen:
                    seen.add(operand)
                    stack.append((operand, iter(operand.operands)))
                    break
            else:
                order.append(current)
                stack.pop()
    return order


def rebuild(root: Expr, replaced: Mapping[Expr, Expr]) -> Expr:
    """`root` with nodes replaced, rebuilt through the builders."""
    from .algebra import with_operands

    results: dict[Expr, Expr] = dict(replaced)
    for current in topological(root):
        if current not in results:
            operands = tuple(results[o] for o in current.operands)
            unchanged = all(a is b for a, b in zip(operands, current.operands, strict=True))
            results[current] = current if unchanged else with_operands(current, operands)
    return results[root]


def expand(root: Expr, keep: Expr | None = None) -> Expr:
    """`root` with every bound name replaced by its value, except `keep`."""
    results: dict[Expr, Expr] = {}
    from .algebra import with_operands

    for current in topological(root):
        if current is keep:
            results[current] = current
        elif isinstance(current, Symbol):
            results[current] = current if current.value is None else results[current.value]
        else:
            operands = tuple(results[o] for o in current.operands)
            unchanged = all(a is b for a, b in zip(operands, current.operands, strict=True))
            results[current] = current if unchanged else with_operands(current, operands)
    return results[root]


def symbols(*roots: Expr) -> list[Symbol]:
    """The symbols in the expressions, in no meaningful order."""
    return [e for e in topological(*roots) if isinstance(e, Symbol)]
