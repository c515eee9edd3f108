"""`vec`, `unvec`, `kron` and `cross` found again in contractions with constants of order 3.

Enters: the network of a contraction and its factors of order 3.  Leaves: the network with items and edges in their
place.  Always holds: `pair` puts column j, row i at position l = i + m*j, so `vec(X)[l]` is `X[i,j]`, and
`kron(A, B)[p,q]` is `A[i,j]*B[k,l]` with pairs (k, i, p) and (l, j, q).  Not for: other tensors.
"""

from __future__ import annotations

from ...grammar.syntax import Node
from ..tensor.expr import Expr, Structure
from . import notation
from .links import Chain, Item, Link, Vector, diagonal, matrix, merged, turn
from .network import Edge, Network
from .notation import cost

Placed = tuple[Expr, tuple[int, ...]]


def reshaped(network: Network, higher: list[Placed], outputs: int) -> bool:
    """Takes one constant out of `higher`, if matrix notation has a name for what it does here."""
    for placed in higher:
        if isinstance(placed[0], Structure) and placed[0].kind in ("pair", "cross"):
            for step in STEPS:
                if step(network, higher, placed, outputs):
                    return True
    return False


def _free(higher: list[Placed], label: int, outputs: int) -> bool:
    """Whether a summed label is borne by one factor of order 3 only, once."""
    return label >= outputs and sum(at.count(label) for _, at in higher) == 1


def _cross(network: Network, higher: list[Placed], placed: Placed, outputs: int) -> bool:
    factor, at = placed
    if not isinstance(factor, Structure) or factor.kind != "cross":
        return False
    for start in range(3):
        target, first, second = at[start:] + at[:start]
        if not all(_free(higher, x, outputs) and network.items.get(x) and not network.at(x) for x in (first, second)):
            continue
        left, right = (merged(network.items.pop(x)).node for x in (first, second))
        higher.remove(placed)
        _add(network, target, notation.call("cross", left, right))
        return True
    return False


def _vec(network: Network, higher: list[Placed], placed: Placed, outputs: int) -> bool:
    factor, at = placed
    if not isinstance(factor, Structure) or factor.kind != "pair":
        return False
    i, j, place = at
    edges = network.at(i)
    if not (_free(higher, i, outputs) and _free(higher, j, outputs)) or edges != network.at(j):
        return False
    if edges:
        node = notation.call("vec", matrix(_between(network, i, j)))
    elif network.items.get(i) and network.items.get(j):
        node = notation.call("kron", merged(network.items.pop(j)).node, merged(network.items.pop(i)).node)
    else:
        return False
    higher.remove(placed)
    _add(network, place, node)
    return True


def _unvec(network: Network, higher: list[Placed], placed: Placed, outputs: int) -> bool:
    factor, at = placed
    if not isinstance(factor, Structure) or factor.kind != "pair":
        return False
    i, j, place = at
    if not _free(higher, place, outputs) or not network.items.get(place) or network.at(place):
        return False
    vector = merged(network.items.pop(place)).node
    node = notation.call("unvec", vector, *(notation.size(size) for size in factor.shape[:2]))
    higher.remove(placed)
    network.edges.append(Edge(i, j, (Link(node, notation.transposed(node)),)))
    return True


def _kron(network: Network, higher: list[Placed], placed: Placed, outputs: int) -> bool:
    pairs = [p for p in higher if isinstance(p[0], Structure) and p[0].kind == "pair" and p is not placed]
    factor, (k, i, p) = placed
    for other in pairs if isinstance(factor, Structure) and factor.kind == "pair" else ():
        l, j, q = other[1]  # noqa: E741
        factors = [_factor(network, higher, a, b, outputs) for a, b in ((i, j), (k, l))]
        if None in factors:
            continue
        chains = [_between(network, a, b) if a != b else _identity(network, a) for a, b in ((i, j), (k, l))]
        ahead = notation.call("kron", *(matrix(chain) for chain in chains))
        turned = notation.call("kron", *(matrix(turn(chain)) for chain in chains))
        there = min(ahead, notation.transposed(turned), key=cost)
        back = min(turned, notation.transposed(ahead), key=cost)
        higher.remove(placed)
        higher.remove(other)
        network.edges.append(Edge(p, q, (Link(there, back),)))
        return True
    return False


def _kron_with_vector(network: Network, higher: list[Placed], placed: Placed, outputs: int) -> bool:
    """`kron(x, eye(m))` or `kron(eye(n), y)`, where nothing but a vector stands at one of the two indices."""
    factor, at = placed
    if not isinstance(factor, Structure) or factor.kind != "pair":
        return False
    i, j, place = at
    for label, other in ((i, j), (j, i)):
        alone = sum(labels.count(other) for _, labels in higher) == 1
        if not alone or not _free(higher, label, outputs) or network.at(label) or other == place:
            continue
        items = network.items.pop(label, None)
        vector = merged(items).node if items else notation.call("ones", notation.size(network.sizes[label]))
        identity = notation.call("eye", notation.size(network.sizes[other]))
        parts = [(vector, identity), (notation.transposed(vector), identity)]
        there, back = (notation.call("kron", *(pair if label == j else pair[::-1])) for pair in parts)
        higher.remove(placed)
        network.edges.append(Edge(place, other, (Link(there, back),)))
        return True
    return False


def _factor(network: Network, higher: list[Placed], a: int, b: int, outputs: int) -> bool | None:
    """Whether there is a matrix from a to b, and nothing else at both: an identity where they are one."""
    if a == b:
        count = sum(at.count(a) for _, at in higher)
        return True if a >= outputs and count == 2 and not network.at(a) and not network.items.get(a) else None
    edges = network.at(a)
    alone = edges and edges == network.at(b) and all({e.a, e.b} == {a, b} for e in edges)
    return True if alone and _free(higher, a, outputs) and _free(higher, b, outputs) else None


def _between(network: Network, a: int, b: int) -> Chain:
    """The matrix from a to b with the weights at both, taken out of the network."""
    edges = network.at(a)
    chain = network.link(edges, a)
    network.edges = [e for e in network.edges if e not in edges]
    before = (diagonal(merged(network.items.pop(a)).node),) if network.items.get(a) else ()
    after = (diagonal(merged(network.items.pop(b)).node),) if network.items.get(b) else ()
    return before + chain + after


def _identity(network: Network, label: int) -> Chain:
    node = notation.call("eye", notation.size(network.sizes[label]))
    return (Link(node, node),)


def _add(network: Network, label: int, node: Node) -> None:
    network.items.setdefault(label, []).append(Item(Vector((), node)))


STEPS = (_cross, _vec, _unvec, _kron, _kron_with_vector)
