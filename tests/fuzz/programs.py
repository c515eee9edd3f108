"""Random well-typed programs: how they are made, written, evaluated by NumPy, and shrunk."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .productions import PARAMETERS, PRODUCTIONS, SIZES, Production

Array = Any
BY_SHAPE = {shape: [p for p in PRODUCTIONS if p.shape == shape] for shape in {p.shape for p in PRODUCTIONS}}
LEAVES = {shape: [name for name, (s, _) in PARAMETERS.items() if s == shape] for shape in BY_SHAPE}


@dataclass(frozen=True)
class Tree:
    """A leaf (`name`), or a production with its operands."""

    shape: str
    name: str = ""
    production: Production | None = None
    operands: tuple[Tree, ...] = ()

    @property
    def text(self) -> str:
        """The expression in the language."""
        if self.production is None:
            return self.name
        return self.production.text.format(*(o.text if o.production is None else f"({o.text})" for o in self.operands))

    @property
    def size(self) -> int:
        """Number of nodes."""
        return 1 + sum(o.size for o in self.operands)

    def value(self, names: dict[str, Array]) -> Array:
        """The value by NumPy."""
        if self.production is None:
            return names[self.name]
        return self.production.meaning(*(o.value(names) for o in self.operands))

    def names(self) -> set[str]:
        """The leaves."""
        return {self.name} - {""} | {n for o in self.operands for n in o.names()}


@dataclass(frozen=True)
class Program:
    """Bindings `b0 = ...`, of which later ones may use earlier ones, and a result."""

    bindings: tuple[Tree, ...]
    result: Tree

    @property
    def parameters(self) -> list[str]:
        """The parameters that occur."""
        used = set().union(*(t.names() for t in (*self.bindings, self.result)))
        return [name for name in PARAMETERS if name in used]

    @property
    def text(self) -> str:
        """The function in the language."""
        declared = ", ".join(f"{name}: {PARAMETERS[name][1]}" for name in self.parameters)
        lines = [f"b{k} = {tree.text}" for k, tree in enumerate(self.bindings)]
        body = f"{{ {'; '.join([*lines, self.result.text])} }}" if lines else self.result.text
        return f"fn f({declared}) = {body}"

    @property
    def size(self) -> int:
        """Number of nodes."""
        return sum(t.size for t in (*self.bindings, self.result))

    def value(self, arrays: dict[str, Array]) -> Array:
        """The value by NumPy, without matgrad."""
        names = dict(arrays)
        for k, tree in enumerate(self.bindings):
            names[f"b{k}"] = tree.value(names)
        return np.asarray(self.result.value(names), dtype=float)


def program(rng: random.Random, depth: int = 4) -> Program:
    """A random program; its result is a scalar two times out of three."""
    known: dict[str, str] = {}
    bindings = []
    for k in range(rng.choice([0, 0, 1, 2])):
        tree = _tree(rng, rng.choice(["n", "nn", "mn", "s", "m"]), depth - 1, known)
        known[f"b{k}"] = tree.shape
        bindings.append(tree)
    shape = rng.choice(["s", "s", "s", "s", "n", "nn", "mn", "m"])
    return _pruned(Program(tuple(bindings), _tree(rng, shape, depth, known)))


def _tree(rng: random.Random, shape: str, depth: int, known: dict[str, str]) -> Tree:
    bound = [name for name, s in known.items() if s == shape]
    if not depth or rng.random() < 0.1:
        return Tree(shape, rng.choice(bound * 2 + LEAVES[shape]))
    if bound and rng.random() < 0.2:
        return Tree(shape, rng.choice(bound))
    made = rng.choice(BY_SHAPE[shape])
    return Tree(shape, "", made, tuple(_tree(rng, s, depth - 1, known) for s in made.operands))


def _pruned(made: Program) -> Program:
    """Without bindings that nothing uses, if these are the last ones."""
    while made.bindings:
        last = f"b{len(made.bindings) - 1}"
        if any(last in t.names() for t in (*made.bindings, made.result)):
            break
        made = replace(made, bindings=made.bindings[:-1])
    return made


def data(names: list[str], seed: int) -> dict[str, Array]:
    """Random arrays with the declared attributes."""
    rng = np.random.default_rng(seed)
    return {name: array(name, rng) for name in names}


def array(name: str, rng: np.random.Generator, direction: bool = False) -> Array:
    """A random array for a parameter; a direction lies in the space that the attribute declares."""
    shape, declared = PARAMETERS[name]
    sizes = (1, SIZES["n"]) if shape == "r" else () if shape == "s" else tuple(SIZES[letter] for letter in shape)
    made = np.asarray(rng.normal(size=sizes))
    attribute = declared.split()[0]
    if attribute == "symmetric" or (attribute == "posdef" and direction):
        return made + made.T
    if attribute == "posdef":
        return made @ made.T + np.eye(len(made))
    if attribute == "diagonal":
        return np.diag(np.diag(made))
    if attribute in ("lower", "upper"):
        return np.tril(made) if attribute == "lower" else np.triu(made)
    if attribute == "orthogonal":
        return np.linalg.qr(made)[0]
    return np.abs(made) + 0.3 if attribute == "positive" and not direction else made


def smaller(made: Program) -> Iterator[Program]:
    """Programs that are a little simpler."""
    for k in range(len(made.bindings)):
        for tree in _smaller_trees(made.bindings[k]):
            yield _pruned(replace(made, bindings=(*made.bindings[:k], tree, *made.bindings[k + 1 :])))
    for tree in _smaller_trees(made.result):
        yield _pruned(replace(made, result=tree))
    for part in _scalars(made.result):
        if part.shape != made.result.shape:
            yield _pruned(replace(made, result=part))


def _scalars(tree: Tree) -> Iterator[Tree]:
    for operand in tree.operands:
        yield operand
        yield from _scalars(operand)


def _smaller_trees(tree: Tree) -> Iterator[Tree]:
    if tree.production is None:
        return
    yield from (o for o in tree.operands if o.shape == tree.shape)
    yield from (Tree(tree.shape, name) for name in LEAVES[tree.shape][:2])
    for k, operand in enumerate(tree.operands):
        for inner in _smaller_trees(operand):
            yield replace(tree, operands=(*tree.operands[:k], inner, *tree.operands[k + 1 :]))
